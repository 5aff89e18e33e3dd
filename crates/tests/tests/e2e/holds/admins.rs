//! Admins whom a policy has ask: they see everything, and what may write must be understood.

use testkit::weir::{ADMIN, PASSWORD};
use tests::{
    Stage,
    hold::{approve, ended, psql, request, requests, stage_with, state},
    wire::{Message, Raw, frame},
};

const POLICY: &str = r#"
@id("admins-too")
@approval("dba")
@hold("return")
@reason("nobody deletes alone")
forbid (principal in Group::"admins", action == Action::"delete", resource);

@id("archive-stays")
@approval("dba")
@hold("return")
@reason("the archive is emptied by nobody alone")
forbid (
  principal in Group::"admins",
  action == Action::"truncate",
  resource == Table::"shop.archive.jobs"
);
"#;

fn stage() -> Stage {
    stage_with(|options| options.policy("91-admins.cedar", POLICY))
}

/// What an error among this says.
fn error(said: &[Message]) -> String {
    let error = said.iter().find(|message| message.tag == b'E');
    error.and_then(|error| error.field(b'M')).unwrap_or_default()
}

fn raw(stage: &Stage) -> Raw {
    Raw::sign_in(stage.weir.port(), ADMIN, PASSWORD, "shop").unwrap()
}

fn query(raw: &mut Raw, text: &[u8]) -> String {
    raw.send(&frame(b'Q', &[text, b"\0"].concat())).unwrap();
    error(&raw.until(b'Z').unwrap())
}

/// What runs by a name is shown to nobody, whoever runs it.
#[test]
fn what_runs_by_a_name_is_not_asked_for() {
    let stage = stage();
    let mut raw = raw(&stage);
    assert_eq!(query(&mut raw, b"prepare p as delete from jobs where id = 1"), "");
    let said = query(&mut raw, b"execute p");
    assert!(said.contains("cannot be shown"), "{said}");
    let by_name = [frame(b'B', b"\0p\0\0\0\0\0\0\0"), frame(b'E', &[0; 5]), frame(b'S', b"")];
    raw.send(&by_name.concat()).unwrap();
    let said = error(&raw.until(b'Z').unwrap());
    assert!(said.contains("cannot be shown"), "{said}");
    assert!(requests(&stage, true).is_empty());
}

/// A name that is given another meaning right before it is used means the new one, although what it
/// meant needs no approval.
#[test]
fn a_name_means_what_was_prepared_before_it_in_the_same_breath() {
    let stage = stage();
    let mut raw = raw(&stage);
    let parse = frame(b'P', b"p\0select 1\0\0\0");
    let by_name = [frame(b'B', b"\0p\0\0\0\0\0\0\0"), frame(b'E', &[0; 5]), frame(b'S', b"")];
    let anew = frame(b'Q', b"deallocate p; prepare p as delete from jobs where id = 1\0");
    let harmless = frame(b'Q', b"deallocate p; prepare p as select 1\0");
    let by_text = frame(b'Q', b"execute p\0");
    raw.send(&[parse, frame(b'S', b"")].concat()).unwrap();
    assert_eq!(error(&raw.until(b'Z').unwrap()), "");
    for run in [by_name.concat(), by_text] {
        raw.send(&[anew.clone(), run].concat()).unwrap();
        assert_eq!(error(&raw.until(b'Z').unwrap()), "");
        let said = error(&raw.until(b'Z').unwrap());
        assert!(said.contains("cannot be shown"), "{said}");
        raw.send(&harmless).unwrap();
        assert_eq!(error(&raw.until(b'Z').unwrap()), "");
    }
    assert_eq!(tests::hold::jobs(&stage), 50);
    assert!(requests(&stage, true).is_empty());
}

/// SQL's names and the protocol's are the same, whatever was sent a moment before and whatever of
/// it the server passed over.
#[test]
fn names_of_sql_and_of_the_protocol_are_one() {
    let stage = stage();
    let delete = "delete from jobs where id = 1";
    let parse = |text: &str| frame(b'P', format!("a\0{text}\0\0\0").as_bytes());
    let sync = || frame(b'S', b"");
    let query = |text: &str| frame(b'Q', format!("{text}\0").as_bytes());
    let close = || frame(b'C', b"Sa\0");
    let nowhere = || frame(b'B', b"\0nowhere\0\0\0\0\0\0\0");
    let execute = || query("execute a");
    let breaths = [
        vec![vec![parse(delete), sync(), execute()]],
        vec![vec![query("prepare a as select 1")], vec![close(), parse(delete), sync(), execute()]],
        vec![vec![parse(delete), sync()], vec![nowhere(), close(), sync(), execute()]],
        vec![
            vec![query(&format!("prepare a as {delete}"))],
            vec![nowhere(), parse("select 1"), sync(), execute()],
        ],
        vec![vec![query("do $$ begin execute 'delete from jobs where id = 1'; end $$")]],
    ];
    for breaths in breaths {
        let mut raw = raw(&stage);
        let mut said = String::new();
        for breath in &breaths {
            raw.send(&breath.concat()).unwrap();
            let answers = breath.iter().filter(|one| matches!(one[0], b'Q' | b'S')).count();
            for _ in 0..answers {
                said = error(&raw.until(b'Z').unwrap());
            }
        }
        assert!(said.contains("Weir refused"), "{breaths:?}: {said}");
    }
    assert_eq!(tests::hold::jobs(&stage), 50);
    assert!(requests(&stage, true).is_empty());
}

/// A policy on one table asks about it under whatever path it was reached.
#[test]
fn a_path_set_in_the_same_breath_counts() {
    let stage = stage();
    let admin = |sql: &str| stage.rows(ADMIN, sql).unwrap();
    admin("create schema archive; create table archive.jobs as select 7 as id");
    let mut raw = raw(&stage);
    let path = frame(b'Q', b"set search_path = archive, public\0");
    raw.send(&[path, frame(b'Q', b"truncate jobs\0")].concat()).unwrap();
    assert_eq!(error(&raw.until(b'Z').unwrap()), "");
    let said = error(&raw.until(b'Z').unwrap());
    assert!(said.contains("needs approval"), "{said}");
    assert_eq!(admin("select count(*) from archive.jobs"), "1\n");
}

/// It is asked for, and approved, by what its names mean where it runs.
#[test]
fn names_mean_what_they_mean_in_the_session() {
    let stage = stage();
    let admin = |sql: &str| stage.rows(ADMIN, sql).unwrap();
    admin("create schema archive; create table archive.jobs (id int primary key, note text)");
    admin("insert into archive.jobs select n, 'old' from generate_series(1, 9) n");
    let sql = "delete from jobs where id = 1";
    let extended = [
        frame(b'P', &[b"\0", sql.as_bytes(), b"\0\0\0"].concat()),
        frame(b'B', &[0; 8]),
        frame(b'E', &[0; 5]),
        frame(b'S', b""),
    ];
    let moved = || {
        let mut raw = raw(&stage);
        assert_eq!(query(&mut raw, b"set search_path = archive, public"), "");
        raw
    };
    for by_wire in [sql.as_bytes(), b""] {
        let ask = |raw: &mut Raw| match by_wire {
            b"" => {
                raw.send(&extended.concat()).unwrap();
                error(&raw.until(b'Z').unwrap())
            }
            text => query(raw, text),
        };
        assert!(ask(&mut moved()).contains("needs approval"));
        let hold = request(&stage);
        let shown = stage.weir.run(&["approvals", "show", &hold]).unwrap().success().unwrap();
        assert!(shown.contains("archive.jobs") && !shown.contains("public.jobs"), "{shown}");
        approve(&stage, &hold, "carol");
        // Elsewhere the same text is another statement.
        assert!(ask(&mut raw(&stage)).contains("needs approval"));
        assert_eq!(state(&stage, &hold), "approved");
        assert_eq!(ask(&mut moved()), "");
        assert_eq!(state(&stage, &hold), "used");
        admin("insert into archive.jobs values (1, 'again')");
        for other in requests(&stage, false) {
            let other = other["request"].as_str().unwrap().to_owned();
            assert!(tests::hold::say(&stage, "deny", &other, "carol").0);
        }
    }
    assert_eq!(tests::hold::jobs(&stage), 50);
    assert_eq!(ended(psql(&stage, ADMIN, "select count(*) from archive.jobs")).0, "9\n");
}

/// Bytes that nobody can be shown as they are.
#[test]
fn what_is_not_utf8_is_not_asked_for() {
    let stage = stage();
    let mut raw = raw(&stage);
    assert_eq!(query(&mut raw, b"set client_encoding = 'latin1'"), "");
    let said = query(&mut raw, b"delete from jobs where note = 'M\xfcller'");
    assert!(said.contains("not UTF-8"), "{said}");
    assert!(requests(&stage, true).is_empty());
    assert_eq!(query(&mut raw, b"select 'M\xfcller'"), "");
    assert!(query(&mut raw, b"delete from jobs where note = 'x'").contains("needs approval"));
}

/// Code that runs although no statement names it does what it does all the same.
#[test]
fn what_runs_unnamed_is_asked_for() {
    let stage = stage();
    let admin = |sql: &str| stage.rows(ADMIN, sql).unwrap();
    admin(
        "create function wipes(int) returns boolean language plpgsql as \
         $$ begin delete from jobs where id = $1; return true; end $$",
    );
    admin(
        "create function wiped(int) returns int language plpgsql immutable as \
         $$ begin delete from jobs where id = $1; return $1; end $$",
    );
    admin("create domain sprung as int check (wipes(value))");
    admin("create table checked (a int check (wipes(a)))");
    admin("create table indexed (a int)");
    // What changes something and says that it does not is not run for an admin who may be stopped.
    stage.upstream.psql("shop", "create index on indexed (wiped(a))").unwrap();
    admin("create table whole (a int) partition by list (a)");
    admin("create table part partition of whole (check (wipes(a))) for values in (1)");
    let mut raw = raw(&stage);
    for sql in [
        "select 5::sprung",
        "select array['1']::sprung[]",
        "insert into checked values (1)",
        "insert into whole values (1)",
        "alter table jobs add check (wipes(id))",
    ] {
        let said = query(&mut raw, sql.as_bytes());
        assert!(said.contains("needs approval"), "{sql}: {said}");
    }
    for sql in ["insert into indexed values (1)", "explain select wiped(1)"] {
        let said = query(&mut raw, sql.as_bytes());
        assert!(said.contains("Weir"), "{sql}: {said}");
    }
    assert_eq!(tests::hold::jobs(&stage), 50);
}
