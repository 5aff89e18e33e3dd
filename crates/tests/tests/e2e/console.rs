//! The console in a real browser: what is seen of a live statement, deciding, ending a session,
//! checking a proof; and what it holds against those with evil in mind.

mod ask;
mod data;
mod effect;
mod identities;
mod keys;
mod looks;
mod misuse;
mod passkeys;
mod policies;
mod replay;
mod reports;
mod setup;

use std::time::Duration;
use testkit::weir::{ADMIN, PERSON};
use tests::{
    browser::{Browser, PHONE},
    console::{APPROVER, AUDITOR, VIEWER, Visitor, sign_in, stage},
    hold::{ended, jobs, psql, request, until},
    wire::Raw,
};

#[test]
fn a_live_statement_is_seen_opened_and_proven() {
    let stage = stage();
    let browser = Browser::start().unwrap();
    sign_in(&browser, &stage.weir, AUDITOR).unwrap();
    browser.sees("No open sessions");
    browser.finds("#live.live");
    // While it runs it stands there as running, and then with what left.
    let slow = "select first_name, email, pg_sleep(1.500) from customers order by id limit 1";
    let child = psql(&stage, PERSON, slow);
    browser.sees("running");
    let (rows, error) = ended(child);
    assert_eq!(rows.lines().count(), 1, "{error}");
    let row = until("the row", || {
        let text = browser.text("#rows tr").unwrap_or_default();
        (text.contains("modified") && !text.contains("running")).then_some(text)
    });
    assert!(row.contains(PERSON) && row.contains("shop") && row.contains("masked"), "{row}");
    browser.press("#rows tr a").unwrap();
    let here = until("the statement's page", || {
        let url = browser.url().unwrap();
        url.contains("/console/statements/").then_some(url)
    });
    // The index is a moment behind.
    let page = until("all of it in the index", || {
        browser.go(&here).unwrap();
        let page = browser.text("main").unwrap();
        page.contains("What left").then_some(page)
    });
    for word in ["What was asked", "customers", "Where its outputs come from", "Policies"] {
        assert!(page.contains(word), "{word} in {page}");
    }
    // The first checkpoint that covers it may be a moment away.
    until("a proof", || {
        browser.press("#verify").ok()?;
        until("the end of the check", || {
            let state = browser.script("return document.getElementById('check').dataset.state");
            let state = state.unwrap().as_str().unwrap_or_default().to_owned();
            (state != "checking" && !state.is_empty()).then_some(())
        });
        browser.has("#check[data-state=good]").then_some(())
    });
    assert!(browser.text("#steps").unwrap().contains("is signed by"));
    assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    // Who looked at what is in the record.
    until("the record of the reading", || {
        let record = stage.weir.record(200).unwrap().join("\n");
        let all = record.contains("read the record: show ")
            && record.contains("read the record: proof of ")
            && record.contains("signed in to the console from 127.0.0.1");
        all.then_some(())
    });
}

#[test]
fn a_proof_that_was_changed_on_its_way_does_not_hold() {
    let stage = stage();
    stage.rows(PERSON, "select count(*) from orders").unwrap();
    let browser = Browser::start().unwrap();
    sign_in(&browser, &stage.weir, AUDITOR).unwrap();
    browser.finds("#rows tr a");
    browser.press("#rows tr a").unwrap();
    browser.finds("#verify");
    // Each part of it is needed: the entry, the way, the root, the signature, the key.
    for (what, change) in [
        ("nothing", ""),
        ("the entry", "proof.entry = btoa('x' + atob(proof.entry));"),
        ("the place", "proof.index += proof.index % 2 ? -1 : 1;"),
        ("the way", "proof.hashes.pop();"),
        ("the size", "proof.checkpoint = proof.checkpoint.replace(/\\n\\d+\\n/, '\\n99999\\n');"),
        ("the key", "proof.key = proof.key.slice(0, -4) + 'AAA=';"),
    ] {
        let script = format!(
            "const whole = window.whole ??= window.fetch;
             window.fetch = async (...how) => {{
               const answer = await whole(...how);
               if (!answer.ok) return answer;
               const proof = await answer.json();
               {change}
               return new Response(JSON.stringify(proof));
             }};"
        );
        browser.script(&script).unwrap();
        let state = until("a proof", || {
            browser.press("#verify").ok()?;
            let state = until("the end of the check", || {
                let state = browser.script("return document.getElementById('check').dataset.state");
                let state = state.unwrap().as_str().unwrap_or_default().to_owned();
                (state != "checking" && !state.is_empty()).then_some(state)
            });
            let early = browser.text("#steps").unwrap().contains("try again");
            (!early).then_some(state)
        });
        assert_eq!(state == "good", what == "nothing", "{what}: {state}");
    }
}

#[test]
fn psql_goes_on_when_it_is_approved_on_a_phone() {
    let stage = stage();
    let child = psql(&stage, PERSON, "delete from jobs where id = 7");
    let hold = request(&stage);
    let browser = Browser::start().unwrap();
    browser.look(PHONE).unwrap();
    sign_in(&browser, &stage.weir, APPROVER).unwrap();
    browser.sees("rows of production are deleted by two people");
    assert!(browser.fits().unwrap());
    browser.press("tbody a").unwrap();
    browser.sees("May this run?");
    let page = browser.text("main").unwrap();
    for word in ["delete from jobs where id = 7", PERSON, "shop", "dba"] {
        assert!(page.contains(word), "{word} in {page}");
    }
    browser.write("#reason", "ticket 7").unwrap();
    assert_eq!(jobs(&stage), 50);
    browser.press("button[value=approve]").unwrap();
    browser.sees("Taken: approved");
    let (rows, error) = ended(child);
    assert_eq!((rows.as_str(), jobs(&stage)), ("DELETE 1\n", 49), "{error}");
    until("the record", || {
        let record = stage.weir.record(200).unwrap().join("\n");
        let all = record.contains(r#""via":"console""#)
            && record.contains("ticket 7")
            && record.contains(&format!("read the request for approval {hold}"));
        all.then_some(())
    });
}

#[test]
fn nobody_decides_about_their_own_request_in_the_console() {
    let stage = stage();
    let child = psql(&stage, PERSON, "delete from jobs where id = 8");
    let hold = request(&stage);
    let path = format!("/console/approvals/{hold}");
    // alice is in the group that is asked, and asked herself.
    let alice = Visitor::signed_in(&stage.weir, PERSON);
    let shown = alice.get(&path);
    assert!(shown.status == 200 && !shown.text.contains("value=\"approve\""), "{shown:?}");
    let said = alice.press(&path, &[("word", "approve"), ("reason", "")]);
    assert!(said.text.contains("Not taken: alice asked for it"), "{said:?}");
    assert_eq!(jobs(&stage), 50);
    let carol = Visitor::signed_in(&stage.weir, APPROVER);
    let said = carol.press(&path, &[("word", "deny"), ("reason", "use the export job")]);
    assert!(said.text.contains("Taken: denied"), "{said:?}");
    assert!(ended(child).1.contains("carol denied it: use the export job"));
}

#[test]
fn an_admin_ends_a_session_and_its_client_hears_why() {
    let stage = stage();
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, testkit::weir::PASSWORD, "shop").unwrap();
    let browser = Browser::start().unwrap();
    sign_in(&browser, &stage.weir, ADMIN).unwrap();
    browser.finds("#session-rows form button");
    browser.press("#session-rows form button").unwrap();
    browser.say_yes().unwrap();
    browser.sees("The session was told to end");
    let rest = raw.rest().unwrap();
    let error = rest.iter().find(|message| message.tag == b'E').unwrap();
    let words = error.field(b'M').unwrap();
    assert!(words.contains("an administrator ended this session"), "{words}");
    until("the record", || {
        let record = stage.weir.record(200).unwrap().join("\n");
        (record.contains("ended session") && record.contains(r#""by":"root""#)).then_some(())
    });
}

#[test]
fn whoever_is_disabled_or_in_other_groups_is_out_at_once() {
    let stage = stage();
    let weir = |arguments: &[&str]| stage.weir.run(arguments).unwrap().success().unwrap();
    let browser = Browser::start().unwrap();
    sign_in(&browser, &stage.weir, VIEWER).unwrap();
    browser.finds("#live.live");
    let visitor = Visitor::signed_in(&stage.weir, VIEWER);
    assert_eq!(visitor.get("/console/now").status, 200);
    let begun = std::time::Instant::now();
    weir(&["identity", "group", "remove", VIEWER, "staff"]);
    let answer = visitor.get("/console/now");
    assert_eq!((answer.status, answer.text.len()), (303, 0), "{answer:?}");
    // The page that is open hears of it by itself.
    browser.finds("#password");
    assert!(begun.elapsed() < Duration::from_secs(10));
    // With another sign-in they are who they are now.
    sign_in(&browser, &stage.weir, VIEWER).ok();
    browser.sees("Not yours to see");
    weir(&["identity", "group", "add", VIEWER, "staff"]);
    let visitor = Visitor::signed_in(&stage.weir, VIEWER);
    weir(&["identity", "disable", VIEWER]);
    assert_eq!(visitor.get("/console/now").status, 303);
    let again = Visitor::new(&stage.weir).try_sign_in(VIEWER, testkit::weir::PASSWORD);
    assert!(again.cookie("__Host-weir").is_none() && again.status > 400, "{again:?}");
}
