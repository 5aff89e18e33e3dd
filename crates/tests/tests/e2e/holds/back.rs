//! What is asked for is taken back: by whoever asked, by whoever approved it, by a client that
//! cancels early; and there is an end to how much can wait.

use serde_json::json;
use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpStream},
    process::{Child, Command, Stdio},
};
use testkit::weir::{AGENT, PASSWORD, PERSON};
use tests::{
    Stage,
    api::Api,
    hold::{approve, ended, jobs, psql, request, requests, say, stage, stage_with, state, until},
    wire::{Raw, frame},
};

/// Keeps everybody else from writing to the control state until it is killed.
fn locked(stage: &Stage) -> Child {
    let program = "import sqlite3, sys, time
state = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
state.execute('begin immediate')
print('locked', flush=True)
time.sleep(60)";
    let file = stage.weir.folder().join("state/weir.db");
    let mut child = Command::new("python3")
        .args(["-c", program, file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "locked\n");
    child
}

/// Whoever approved sees a mistake, and whoever asked thinks better of it, before it runs.
#[test]
fn what_was_not_used_is_taken_back() {
    let stage = stage();
    let sql = "update jobs set note = 'x' where id = 7";
    let ask = |stage: &Stage| {
        let refused = ended(psql(stage, PERSON, sql)).1;
        assert!(refused.contains("needs approval"), "{refused}");
        let hold = request(stage);
        approve(stage, &hold, "dave");
        approve(stage, &hold, "erin");
        assert_eq!(state(stage, &hold), "approved");
        hold
    };
    let first = ask(&stage);
    let (taken, said) = say(&stage, "deny", &first, "dave");
    assert!(taken && said.contains("denied"), "{said}");
    assert_eq!(state(&stage, &first), "denied");
    // Nothing runs by it: the same is asked for anew.
    let second = ask(&stage);
    assert_ne!(second, first);
    assert!(say(&stage, "withdraw", &second, "carol").1.contains("did not ask for it"));
    assert!(say(&stage, "withdraw", &second, "nobody").1.contains("nobody who may sign in"));
    let (taken, said) = say(&stage, "withdraw", &second, PERSON);
    assert!(taken && said.contains("withdrawn"), "{said}");
    assert!(say(&stage, "withdraw", &second, PERSON).1.contains("withdrawn already"));
    let third = ask(&stage);
    assert_eq!(ended(psql(&stage, PERSON, sql)).0, "UPDATE 1\n");
    assert!(say(&stage, "deny", &third, "dave").1.contains("used already"));
    assert!(say(&stage, "withdraw", &third, PERSON).1.contains("used already"));

    // A client that waits hears of it; what an agent asked for is its person's to take back.
    let child = psql(&stage, AGENT, "delete from jobs where id = 1");
    let hold = request(&stage);
    let (taken, said) = say(&stage, "withdraw", &hold, PERSON);
    assert!(taken, "{said}");
    let (_, err) = ended(child);
    assert!(err.contains("the request was withdrawn"), "{err}");
    assert_eq!(jobs(&stage), 50);
}

#[test]
fn the_api_takes_back_too() {
    let stage = stage_with(|options| options.api());
    let api = Api::of(&stage.weir);
    ended(psql(&stage, PERSON, "update jobs set note = 'x' where id = 7"));
    let hold = request(&stage);
    let path = format!("/api/v1/approvals/{hold}/withdraw");
    let back = |who: &str| {
        let token = api.sign_in(who);
        api.call("POST", &path, &token, Some(json!({ "reason": "the wrong row" })))
    };
    assert_eq!(back("mallory").problem(), "no-request");
    assert_eq!(back("dave").problem(), "not-asked");
    let taken = back(PERSON);
    assert_eq!((taken.status, taken.body["state"].as_str()), (200, Some("withdrawn")));
    assert_eq!(back(PERSON).problem(), "settled");
    assert_eq!(state(&stage, &hold), "withdrawn");
    let record = until("the record", || {
        let record = stage.weir.record(400).unwrap().join("\n");
        record.contains(r#""what":"withdrawn""#).then_some(record)
    });
    assert!(record.contains("the wrong row"), "{record}");
}

/// A driver cancels once. It may do so before there is anything that can be withdrawn.
#[test]
fn a_cancel_that_comes_early_is_heeded() {
    let stage = stage();
    let parameters = [("user", PERSON), ("database", "shop")];
    let (mut raw, greeting) = Raw::sign_in_with(stage.weir.port(), PASSWORD, &parameters).unwrap();
    let key = greeting.iter().find(|message| message.tag == b'K').unwrap();
    let mut lock = locked(&stage);
    raw.query("delete from jobs where id = 1").unwrap();
    // What is looked for waits for the lock, and nothing tells from outside when it began to.
    let length = u32::try_from(8 + key.body.len()).unwrap().to_be_bytes();
    let cancel = [length.as_slice(), &80_877_102_u32.to_be_bytes(), &key.body].concat();
    for _ in 0..12 {
        std::thread::sleep(std::time::Duration::from_millis(250));
        let mut other = TcpStream::connect((Ipv4Addr::LOCALHOST, stage.weir.port())).unwrap();
        other.write_all(&cancel).unwrap();
    }
    lock.kill().unwrap();
    lock.wait().unwrap();
    let said = raw.until(b'Z').unwrap();
    let error = said.iter().find(|message| message.tag == b'E').unwrap();
    assert_eq!(error.field(b'C').as_deref(), Some("57014"), "{said:?}");
    until("the withdrawal", || {
        let all = requests(&stage, true);
        all.iter().all(|one| one["state"] == "withdrawn").then_some(())
    });
    assert_eq!((jobs(&stage), requests(&stage, true).len()), (50, 1));
}

/// What cannot be asked for is not in the record as if it waited, and says what to do.
#[test]
fn the_fifty_first_request_is_refused_and_says_why() {
    let stage = stage();
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let mut update = |id: u32| {
        raw.query(&format!("update jobs set note = 'x' where id = {id}")).unwrap();
        let said = raw.until(b'Z').unwrap();
        let error = said.iter().find(|message| message.tag == b'E').cloned();
        let field = |kind| error.as_ref().and_then(|error| error.field(kind)).unwrap_or_default();
        (field(b'C'), field(b'M'), field(b'H'))
    };
    for id in 1..=50 {
        let (code, message, _) = update(id);
        assert!(code == "42501" && message.contains("needs approval"), "{id}: {message}");
    }
    for _ in 0..3 {
        let (code, message, hint) = update(51);
        assert_eq!(code, "53400", "{message}");
        assert!(message.contains("as many requests of"), "{message}");
        assert!(hint.contains("weir approvals withdraw"), "{hint}");
    }
    let waiting = requests(&stage, false);
    assert_eq!(waiting.len(), 50);
    let held = until("the record", || {
        let record = stage.weir.record(2_000).unwrap();
        let held: std::collections::BTreeSet<String> = { record.iter() }
            .filter(|line| line.contains(r#""what":"held""#))
            .filter_map(|line| {
                let at = line.find(r#""hold":""#)? + 8;
                line.get(at..)?.split('"').next().map(str::to_owned)
            })
            .collect();
        (held.len() >= 50).then_some(held)
    });
    assert_eq!(held.len(), 50);
    // One is taken back, and there is room for another.
    let one = waiting[0]["request"].as_str().unwrap();
    assert!(say(&stage, "withdraw", one, PERSON).0);
    assert!(update(51).1.contains("needs approval"));
}

/// A client that leaves has left, however much it sent behind what waits: nothing runs for nobody.
#[test]
fn a_client_that_left_much_behind_is_missed() {
    let stage = stage();
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let text = b"\0delete from jobs where id = 1\0\0\0";
    let (bind, execute) = (frame(b'B', &[0; 8]), frame(b'E', &[0; 5]));
    let mut sent = [frame(b'P', text), bind, execute].concat();
    sent.extend(frame(b'P', b"later\0select length($1::text)\0\0\0"));
    let long = [b"\0later\0\0\0\0\x01\0\0\x27\x10".as_slice(), &[b'x'; 10_000], b"\0\0"].concat();
    for _ in 0..30 {
        sent.extend(frame(b'B', &long));
    }
    sent.extend(frame(b'S', b""));
    raw.send(&sent).unwrap();
    let hold = request(&stage);
    drop(raw);
    let leaves = |line: &String| line.contains(r#""type":"session_closed""#);
    until("the end of the session", || {
        let record = stage.weir.record(400).unwrap();
        record.iter().any(leaves).then_some(())
    });
    approve(&stage, &hold, "carol");
    assert_eq!((jobs(&stage), state(&stage, &hold).as_str()), (50, "approved"));
}
