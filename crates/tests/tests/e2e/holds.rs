//! A statement that waits for approval, lived through with real clients: it waits, runs once when
//! it is approved, and never when it is not. The store and the record are looked at from outside.

mod admins;
mod back;
mod drivers;
mod failing;
mod limited;
mod meaning;

use serde_json::Value;
use std::{
    io::{Read, Write},
    process::{Command, Stdio},
};
use testkit::weir::{ADMIN, AGENT, PASSWORD, PERSON};
use tests::{
    Stage,
    hold::{approve, ended, jobs, psql, request, say, stage, stage_with, state, until},
    wire::{Raw, frame},
};

fn events(stage: &Stage, request: &str) -> Vec<String> {
    let of_hold = |line: &String| {
        let record: Value = serde_json::from_str(line).ok()?;
        let record = record.get("record").cloned().unwrap_or(record);
        (record["hold"] == request).then(|| record["what"].as_str().unwrap_or("").to_owned())
    };
    let lines = stage.weir.record(400).unwrap();
    let mut events: Vec<String> = lines.iter().filter_map(of_hold).collect();
    events.retain(|event| !event.is_empty());
    events
}

#[test]
fn psql_waits_and_goes_on_when_it_is_approved() {
    let stage = stage();
    let child = psql(&stage, PERSON, "delete from jobs where id = 1");
    let hold = request(&stage);
    assert_eq!(jobs(&stage), 50);
    // Nobody approves what they asked for, nobody without the group, nobody with another's name.
    assert!(say(&stage, "approve", &hold, PERSON).1.contains("asked for it"));
    assert!(say(&stage, "approve", &hold, "mallory").1.contains("in none of the groups"));
    assert!(say(&stage, "approve", &hold, AGENT).1.contains("no person"));
    assert!(say(&stage, "approve", &hold, "nobody").1.contains("nobody who may sign in"));
    assert_eq!(jobs(&stage), 50);
    let shown = stage.weir.run(&["approvals", "show", &hold]).unwrap().success().unwrap();
    assert!(shown.contains("delete from jobs where id = 1"), "{shown}");
    approve(&stage, &hold, "carol");
    let (out, err) = ended(child);
    assert_eq!(out, "DELETE 1\n", "{err}");
    assert!(err.contains("NOTICE:  Weir holds this statement until it is approved"), "{err}");
    assert!(err.contains(&hold) && err.contains("two people"), "{err}");
    assert_eq!(jobs(&stage), 49);
    assert_eq!(state(&stage, &hold), "used");
    let (taken, said) = say(&stage, "approve", &hold, "dave");
    assert!(!taken && said.contains("used already"), "{said}");
    until("the record", || (events(&stage, &hold) == ["held", "approved", "used"]).then_some(()));
    let record = stage.weir.record(400).unwrap().join("\n");
    assert!(record.contains(r#""approved_by":["carol"]"#), "{record}");
    // The text is there for approvers alone, and only as long as they need it.
    let shown = stage.weir.run(&["approvals", "show", &hold]).unwrap().success().unwrap();
    assert!(!shown.contains("delete from jobs"), "{shown}");
    stage.weir.run(&["audit", "verify"]).unwrap().success().unwrap();
}

#[test]
fn denied_expired_and_cancelled_statements_do_not_run() {
    let stage = stage();
    let child = psql(&stage, PERSON, "delete from jobs where id = 2");
    let hold = request(&stage);
    let (taken, said) = say(&stage, "deny", &hold, "carol");
    assert!(taken, "{said}");
    let (out, err) = ended(child);
    assert!(out.is_empty() && err.contains("carol denied it: seen"), "{out}{err}");

    let child = psql(
        &stage,
        PERSON,
        "merge into jobs using (select 3 as id) s on jobs.id = s.id when matched then delete",
    );
    let hold = request(&stage);
    let (_, err) = ended(child);
    assert!(err.contains("nobody approved it in time"), "{err}");
    assert_eq!(state(&stage, &hold), "expired");
    assert!(say(&stage, "approve", &hold, "carol").1.contains("expired already"));

    let child = psql(&stage, PERSON, "delete from jobs where id = 4");
    let hold = request(&stage);
    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.unwrap().success());
    let (_, err) = ended(child);
    assert!(err.contains("cancelled while it waited"), "{err}");
    until("the withdrawal", || (state(&stage, &hold) == "withdrawn").then_some(()));
    assert!(say(&stage, "approve", &hold, "carol").1.contains("withdrawn already"));
    assert_eq!(jobs(&stage), 50);
}

#[test]
fn a_client_that_left_and_a_weir_that_died_neither_lose_nor_repeat() {
    let mut stage = stage();
    let mut child = psql(&stage, PERSON, "delete from jobs where id = 5");
    let hold = request(&stage);
    child.kill().unwrap();
    child.wait().unwrap();
    // Nobody waits any more: approved, it runs for nobody, until the same is sent again.
    approve(&stage, &hold, "carol");
    assert_eq!((jobs(&stage), state(&stage, &hold).as_str()), (50, "approved"));
    assert_eq!(ended(psql(&stage, PERSON, "delete from jobs where id = 5")).0, "DELETE 1\n");
    assert_eq!((jobs(&stage), state(&stage, &hold).as_str()), (49, "used"));

    let child = psql(&stage, PERSON, "delete from jobs where id = 6");
    let hold = request(&stage);
    stage.weir.kill().unwrap();
    let (out, _) = ended(child);
    assert!(out.is_empty());
    stage.weir.start_again().unwrap();
    assert_eq!((jobs(&stage), state(&stage, &hold).as_str()), (49, "open"));
    let child = psql(&stage, PERSON, "delete from jobs where id = 6");
    // It is the same request that waits again, and one approval is enough for it.
    approve(&stage, &hold, "carol");
    assert_eq!(ended(child).0, "DELETE 1\n");
    assert_eq!((jobs(&stage), state(&stage, &hold).as_str()), (48, "used"));
    let child = psql(&stage, PERSON, "delete from jobs where id = 6");
    let next = request(&stage);
    assert_ne!(next, hold, "one approval, one run");
    assert!(say(&stage, "deny", &next, "carol").0);
    ended(child);
}

#[test]
fn an_approval_serves_one_statement_with_its_values_under_its_policies() {
    let stage = stage();
    let sql = "update jobs set note = 'x' where id = 7";
    let refused = ended(psql(&stage, PERSON, sql)).1;
    assert!(refused.contains("needs approval") && refused.contains("2 persons"), "{refused}");
    let hold = request(&stage);
    // One person in two groups is one person.
    approve(&stage, &hold, "dave");
    let (taken, said) = say(&stage, "approve", &hold, "dave");
    assert!(!taken && said.contains("counts once"), "{said}");
    assert_eq!(state(&stage, &hold), "open");
    approve(&stage, &hold, "erin");
    assert_eq!(state(&stage, &hold), "approved");
    for other in [
        "update jobs set note = 'x' where id = 8",
        "update jobs set note = 'y' where id = 7",
        "update jobs set note = 'x' where id = 7 ",
        "set search_path = pg_temp, public; update jobs set note = 'x' where id = 7",
    ] {
        let refused = ended(psql(&stage, PERSON, other)).1;
        assert!(refused.contains("needs approval"), "{other}: {refused}");
    }
    let refused = ended(psql(&stage, "mallory", sql)).1;
    assert!(refused.contains("needs approval"), "{refused}");
    // Under other policies it is another question.
    let changes = |stage: &Stage| {
        let record = stage.weir.record(400).unwrap();
        record.iter().filter(|line| line.contains("policy_changed")).count()
    };
    let before = changes(&stage);
    let more = "@id(\"more\")\npermit (principal, action == Action::\"grant\", resource)\n\
                when { context.environment == \"nowhere\" };\n";
    let file = stage.weir.policies().join("91-more.cedar");
    std::fs::write(&file, more).unwrap();
    until("the policies", || (changes(&stage) > before).then_some(()));
    let refused = ended(psql(&stage, PERSON, sql)).1;
    assert!(refused.contains("needs approval"), "{refused}");
    std::fs::remove_file(file).unwrap();
    // Back under the policies that it was given for, it is good, once.
    until("the statement", || {
        let (out, _) = ended(psql(&stage, PERSON, sql));
        (out == "UPDATE 1\n").then_some(())
    });
    assert_eq!(state(&stage, &hold), "used");
    assert!(ended(psql(&stage, PERSON, sql)).1.contains("needs approval"));
}

#[test]
fn what_stands_behind_a_refused_statement_uses_up_no_approval() {
    let stage = stage();
    let sql = "update jobs set note = 'x' where id = 7";
    ended(psql(&stage, PERSON, sql));
    let hold = request(&stage);
    approve(&stage, &hold, "dave");
    approve(&stage, &hold, "erin");
    let weir = &stage.weir;
    let mut raw = Raw::sign_in(weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let parse = |text: &str| frame(b'P', &[b"\0", text.as_bytes(), b"\0\0\0"].concat());
    let (bind, execute) = (frame(b'B', &[0; 8]), frame(b'E', &[0; 5]));
    let sync = frame(b'S', b"");
    raw.send(&[parse(sql), sync.clone()].concat()).unwrap();
    raw.until(b'Z').unwrap();
    // The unnamed statement is the approved one. What is refused does not take its place, and the
    // server ignores all behind it up to the Sync, texts that are too long too.
    let long = parse(&format!("select '{}'", "x".repeat(5 << 20)));
    let before = weir.record(400).unwrap().len();
    let refused = [parse("drop table jobs"), bind.clone(), execute.clone(), long, execute.clone()];
    let again = [parse("drop table jobs"), bind.clone(), execute.clone(), sync.clone()].concat();
    raw.send(&[refused.concat(), sync.clone(), again].concat()).unwrap();
    for _ in 0..2 {
        let tags: Vec<u8> = raw.until(b'Z').unwrap().iter().map(|message| message.tag).collect();
        assert_eq!(tags, b"EZ");
    }
    let record = weir.record(400).unwrap();
    let behind: Vec<_> = record[before..].iter().filter(|line| line.contains("update")).collect();
    assert!(behind.is_empty(), "{behind:?}");
    assert_eq!(state(&stage, &hold), "approved");
    raw.send(&[bind, execute, sync].concat()).unwrap();
    let tags: Vec<u8> = raw.until(b'Z').unwrap().iter().map(|message| message.tag).collect();
    assert_eq!(tags, b"2CZ");
    assert_eq!(state(&stage, &hold), "used");
}

/// `'1' = '1.0'` is one question about texts and another about numbers.
#[test]
fn an_approval_is_for_values_of_their_types() {
    let stage = stage();
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let mut send = |types: &[u32]| {
        let text = "update jobs set note = 'x' where id = 7 and $1 = $2";
        let count = u16::try_from(types.len()).unwrap().to_be_bytes();
        let oids: Vec<u8> = types.iter().flat_map(|one| one.to_be_bytes()).collect();
        let parse = [b"\0", text.as_bytes(), b"\0", &count, &oids].concat();
        let bind = b"\0\0\0\0\0\x02\0\0\0\x011\0\0\0\x031.0\0\0";
        let rest = [frame(b'E', &[0; 5]), frame(b'S', b"")].concat();
        raw.send(&[frame(b'P', &parse), frame(b'B', bind), rest].concat()).unwrap();
        let said = raw.until(b'Z').unwrap();
        said.iter().any(|message| message.tag == b'C')
    };
    assert!(!send(&[]), "it needs approval");
    let hold = request(&stage);
    approve(&stage, &hold, "dave");
    approve(&stage, &hold, "erin");
    assert!(!send(&[1700, 1700]), "as numbers it would be another row");
    assert_eq!(state(&stage, &hold), "approved");
    assert!(send(&[]));
    assert_eq!(state(&stage, &hold), "used");
}

#[test]
fn whoever_an_agent_acts_for_does_not_approve_for_it() {
    let stage = stage();
    let child = psql(&stage, AGENT, "delete from jobs where id = 9");
    let hold = request(&stage);
    assert!(say(&stage, "approve", &hold, PERSON).1.contains("asked for it"));
    // A disabled approver's consent counts no more.
    approve(&stage, &hold, "carol");
    assert_eq!(ended(child).0, "DELETE 1\n");
    let child = psql(&stage, PERSON, "prepare p as delete from jobs where id = 10; execute p");
    assert!(ended(child).1.contains("cannot be shown"));
    let sql = "delete from jobs where id = 10 returning id";
    assert_eq!(stage.rows(ADMIN, sql).unwrap(), "10\n", "admins wait for nobody");
}

#[test]
fn a_consent_ends_with_the_right_to_give_it() {
    let stage = stage();
    let sql = "update jobs set note = 'x' where id = 11";
    ended(psql(&stage, PERSON, sql));
    let hold = request(&stage);
    approve(&stage, &hold, "carol");
    approve(&stage, &hold, "erin");
    stage.weir.run(&["identity", "disable", "erin"]).unwrap().success().unwrap();
    assert!(ended(psql(&stage, PERSON, sql)).1.contains("needs approval"));
    stage.weir.run(&["identity", "enable", "erin"]).unwrap().success().unwrap();
    assert_eq!(ended(psql(&stage, PERSON, sql)).0, "UPDATE 1\n");
}

/// Whoever guesses at the command line is slowed as at every other door, one name at a time.
#[test]
fn passwords_are_counted_at_the_command_line() {
    let stage = stage();
    let child = psql(&stage, PERSON, "delete from jobs where id = 21");
    let hold = request(&stage);
    let guess = |person: &str, password: &str| {
        let arguments = ["approvals", "approve", &hold, "--as", person, "--password-stdin"];
        stage.weir.run_with(&arguments, &format!("{password}\n")).unwrap()
    };
    for _ in 0..3 {
        assert!(guess("carol", "wrong").stderr.contains("nobody who may sign in"));
        let grants = ["grants", "revoke", "g-none", "--as", "carol", "--password-stdin"];
        let said = stage.weir.run_with(&grants, "wrong\n").unwrap();
        assert!(said.stderr.contains("nobody who may sign in"), "{said}");
    }
    // Five were free; the right password does not help now, and other names are not kept out.
    let said = guess("carol", PASSWORD);
    assert!(said.stderr.contains("too many wrong passwords of carol"), "{said}");
    assert_eq!((jobs(&stage), state(&stage, &hold).as_str()), (50, "open"));
    assert_eq!(guess("dave", PASSWORD).code, Some(0));
    assert_eq!(ended(child).0, "DELETE 1\n");
    let record = until("the record", || {
        let record = stage.weir.record(400).unwrap().join("\n");
        record.contains("too many wrong passwords of carol at the command line").then_some(record)
    });
    assert!(record.contains("a wrong name or password at the command line: carol"), "{record}");
}

const OWNERS: &str = r#"
@id("jobs-are-staff's")
permit (principal in Group::"staff", action == Action::"own", resource == Table::"shop.public.jobs");

@id("jobs-are-erin's")
permit (principal == Person::"erin", action == Action::"own", resource in Schema::"shop.public");

@id("owners-agree")
@approval("@owners,2")
forbid (principal is Person, action == Action::"copy_in", resource);
"#;

/// Those whom policy names as owners of the table are asked, as a group and by name, and nobody
/// else.
fn owners_decide(stage: &Stage) {
    let child = psql(stage, PERSON, "copy jobs from stdin");
    let hold = request(stage);
    let text = stage.weir.run(&["approvals", "show", &hold, "--json"]).unwrap().success().unwrap();
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(shown["needs"][0]["groups"], serde_json::json!(["@erin", "staff"]), "{shown}");
    let words = "2 persons in group staff or erin";
    let text = stage.weir.run(&["approvals", "show", &hold]).unwrap().success().unwrap();
    assert!(text.contains(words), "{text}");
    assert!(say(stage, "approve", &hold, PERSON).1.contains("asked for it"));
    let (taken, said) = say(stage, "approve", &hold, "carol");
    assert!(!taken && said.contains("staff") && said.contains("erin"), "{said}");
    approve(stage, &hold, "erin");
    assert!(say(stage, "approve", &hold, "erin").1.contains("counts once"));
    assert_eq!(state(stage, &hold), "open");
    approve(stage, &hold, "victor");
    let (out, err) = ended(child);
    assert_eq!(out, "COPY 0\n", "{err}");
    assert!(err.contains(words), "{err}");
}

/// Nobody of those who are asked first decides, so others may.
#[test]
fn further_groups_are_asked_when_nobody_decides() {
    let later = "@id(\"inserting-escalates\")\n@approval(\"dba\")\n@escalate(\"2s,security\")\n\
                 forbid (principal is Person, action == Action::\"insert\", resource)\n\
                 unless { principal in Group::\"admins\" };\n";
    let stage = stage_with(|options| {
        options.policy("91-later.cedar", later).policy("92-owners.cedar", OWNERS)
    });
    owners_decide(&stage);
    let child = psql(&stage, PERSON, "insert into jobs values (60, 'x')");
    let hold = request(&stage);
    let shown = || {
        let arguments = ["approvals", "show", &hold, "--json"];
        let text = stage.weir.run(&arguments).unwrap().success().unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["needs"][0].clone()
    };
    let before = shown();
    if before["escalation"]["reached"] == false {
        let (taken, said) = say(&stage, "approve", &hold, "erin");
        assert!(!taken || shown()["escalation"]["reached"] == true, "{said}");
    }
    until("the escalation", || (shown()["escalation"]["reached"] == true).then_some(()));
    assert_eq!(shown()["groups"], serde_json::json!(["dba", "security"]));
    // To be asked later makes nobody's own request somebody else's.
    assert!(say(&stage, "approve", &hold, PERSON).1.contains("asked for it"));
    assert!(say(&stage, "approve", &hold, "mallory").1.contains("in none of the groups"));
    if state(&stage, &hold) == "open" {
        approve(&stage, &hold, "erin");
    }
    let (_, err) = ended(child);
    assert!(err.contains("after 2 seconds those in group security may, too"), "{err}");
    let words = "nobody decided yet, so that others may too: it needs one person in groups dba or \
                 security";
    assert!(err.contains(words), "{err}");
    assert_eq!(jobs(&stage), 51);
    until("the record", || {
        (events(&stage, &hold) == ["held", "escalated", "approved", "used"]).then_some(())
    });
}

/// A voice that is handed on decides, counts once, and never about what either of them asked for.
#[test]
fn a_voice_is_handed_on_and_stays_one() {
    let stage = stage();
    let delegation = |word: &str, more: &[&str]| {
        let all = [&["approvals", word], more, &["--password-stdin"]].concat();
        let said = stage.weir.run_as_somebody(&all).unwrap();
        (said.code == Some(0), said.all())
    };
    let hand_on = |from: &str, to: &str| {
        delegation("delegate", &[to, "--as", from, "--for", "1h", "--reason", "holiday"])
    };
    let back = |who: &str| assert!(delegation("undelegate", &["--as", who]).0);
    assert!(hand_on("mallory", "carol").1.contains("no voice to hand on"));
    assert!(hand_on("carol", AGENT).1.contains("no person"));
    assert!(hand_on("carol", "carol").1.contains("to themselves"));
    let (given, said) = hand_on("carol", "mallory");
    assert!(given && said.contains("mallory has the voice of carol in dba until"), "{said}");
    assert!(hand_on("mallory", "erin").1.contains("no voice to hand on"));
    assert!(hand_on("dave", "carol").1.contains("there are no chains"));
    let listed = stage.weir.run(&["approvals", "delegations"]).unwrap().success().unwrap();
    assert!(listed.contains("carol") && listed.contains("holiday"), "{listed}");

    let child = psql(&stage, PERSON, "delete from jobs where id = 30");
    let hold = request(&stage);
    approve(&stage, &hold, "mallory");
    assert_eq!(ended(child).0, "DELETE 1\n");
    let record = until("the record", || {
        let record = stage.weir.record(400).unwrap().join("\n");
        record.contains(r#""approved_by":["mallory for carol"]"#).then_some(record)
    });
    assert!(record.contains(r#""on_behalf":["carol"]"#), "{record}");
    assert!(record.contains("voice in dba handed on to mallory"), "{record}");
    back("mallory");

    // Whoever asks is one with nobody who decides: not by their own voice with somebody else, not
    // by somebody else's with them, not for what their agent asks.
    for asker in [PERSON, AGENT] {
        let child = psql(&stage, asker, "delete from jobs where id = 31");
        let hold = request(&stage);
        assert!(hand_on(PERSON, "dave").0);
        assert!(say(&stage, "approve", &hold, "dave").1.contains("one voice with"));
        back(PERSON);
        assert!(hand_on("carol", PERSON).0);
        assert!(say(&stage, "approve", &hold, PERSON).1.contains("asked for it"));
        assert!(say(&stage, "approve", &hold, "carol").1.contains("one voice with"));
        assert!(hand_on(PERSON, "mallory").1.contains("there are no chains"));
        back("carol");
        assert_eq!(state(&stage, &hold), "open");
        assert!(say(&stage, "deny", &hold, "dave").0);
        assert!(ended(child).1.contains("dave denied it"));
    }
    // Two persons are needed, and two that are one voice are one.
    let sql = "update jobs set note = 'x' where id = 32";
    ended(psql(&stage, PERSON, sql));
    let hold = request(&stage);
    assert!(hand_on("carol", "erin").0);
    approve(&stage, &hold, "erin");
    assert!(say(&stage, "approve", &hold, "carol").1.contains("counts once"));
    assert_eq!(state(&stage, &hold), "open");
    approve(&stage, &hold, "dave");
    // Whoever leaves the group takes the voice that they had with them.
    let leave = ["identity", "group", "remove", "carol", "dba"];
    stage.weir.run(&leave).unwrap().success().unwrap();
    assert_eq!(ended(psql(&stage, PERSON, sql)).0, "UPDATE 1\n", "erin has a voice of her own");
}

/// A session in a transaction that is held still ends when it is told to, and holds nothing.
#[test]
fn a_waiting_session_ends_with_its_identity() {
    let stage = stage();
    let mut child = Command::new("psql")
        .args([stage.weir.url(PERSON, "shop").as_str(), "-XAt"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"begin;\nselect 1;\ndelete from jobs where id = 20;\n").unwrap();
    let hold = request(&stage);
    stage.weir.run(&["identity", "disable", PERSON]).unwrap().success().unwrap();
    drop(stdin);
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    child.wait().unwrap();
    assert!(err.contains("disabled or changed"), "{err}");
    approve(&stage, &hold, "carol");
    assert_eq!((jobs(&stage), state(&stage, &hold).as_str()), (50, "approved"));
}
