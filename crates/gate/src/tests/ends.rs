//! When the end of a transaction has to be asked after: if something in it may have changed what
//! names mean, and only then.

use super::*;

/// Runs a text that ends well; `idle` if no transaction is open behind it.
fn run(session: &mut Session, text: &str, idle: bool) {
    let now = SystemTime::now();
    let plan = session.plan(text, now);
    let cleared = session.submit(&plan, Via::Simple, &Parameters::default(), None, now);
    let cleared = cleared.unwrap_or_else(|refusal| panic!("{text}: {}", refusal.message));
    for part in 0..plan.parts.len() {
        session.finish(cleared.get(), part, &Counts::default(), now);
    }
    if idle {
        session.transaction_ended();
    }
}

fn is_certain(session: &mut Session) -> bool {
    match session.readiness(SystemTime::now()) {
        Readiness::Ready => true,
        Readiness::ScopeUnknown => false,
        Readiness::CatalogStale => panic!("nothing changed the catalog"),
    }
}

#[test]
fn nothing_is_asked_behind_a_transaction_that_changed_no_name() {
    let dir = dir("ends-plain");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    for end in ["commit", "end", "rollback", "abort"] {
        run(&mut session, "begin", false);
        run(&mut session, "select id from people", false);
        run(&mut session, "savepoint s", false);
        run(&mut session, "rollback to s", false);
        assert!(is_certain(&mut session), "inside, before {end}");
        run(&mut session, end, true);
        assert!(is_certain(&mut session), "behind {end}");
    }
    run(&mut session, "begin; select id from people; commit", true);
    assert!(is_certain(&mut session));
}

#[test]
fn what_a_transaction_changed_is_asked_after_where_it_ends() {
    let dir = dir("ends-touched");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let told = |session: &mut Session| session.set_scope_settings("public", "alice", true);
    for change in [
        "set local search_path = other",
        "set search_path = other",
        "reset all",
        "select nobody_knows_what_this_does()",
    ] {
        for end in ["commit", "rollback", "rollback to s", "commit and chain"] {
            run(&mut session, "begin", false);
            run(&mut session, "savepoint s", false);
            run(&mut session, change, false);
            told(&mut session);
            run(&mut session, "select id from people", false);
            assert!(is_certain(&mut session));
            let goes_on = end.contains(' ');
            run(&mut session, end, !goes_on);
            assert!(!is_certain(&mut session), "{change}, behind {end}");
            told(&mut session);
            if goes_on {
                // What came back may go again.
                run(&mut session, "rollback", true);
                assert!(!is_certain(&mut session), "{change}, {end}, behind the end");
                told(&mut session);
            }
        }
    }
    run(&mut session, "begin; set local search_path = other; commit", true);
    assert!(!is_certain(&mut session));
}
