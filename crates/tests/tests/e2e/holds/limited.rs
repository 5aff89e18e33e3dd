//! What waits for approval under a limit that others may lift: whoever the limit names is asked
//! where it is exceeded, and where nobody can tell whether it will be.

use testkit::weir::{PASSWORD, PERSON};
use tests::{
    hold::{approve, ended, jobs, next_request, psql, request, requests, stage_with, state},
    wire::{Raw, frame},
};

const POLICY: &str = r#"
@id("three-jobs")
@change_limit("3")
@approval("security")
permit (principal is Person, action == Action::"delete", resource == Table::"shop.public.jobs");
"#;

#[test]
fn whoever_a_limit_names_is_asked_beyond_it_alone() {
    let stage = stage_with(|options| options.policy("91-limits.cedar", POLICY));
    let asked = |hold: &str| -> Vec<String> {
        let all = requests(&stage, true);
        let one = all.iter().find(|one| one["request"] == hold).unwrap();
        let groups = one["needs"].as_array().unwrap().iter().map(|need| need["groups"].to_string());
        groups.collect()
    };
    // Within the limit only those are asked whom the rule names by which it waits.
    let child = psql(&stage, PERSON, "delete from jobs where id = 1");
    let within = request(&stage);
    assert_eq!(asked(&within), [r#"["dba"]"#]);
    approve(&stage, &within, "carol");
    assert_eq!(ended(child).0, "DELETE 1\n");

    // Their consent lifts no limit: what goes beyond is undone, and all are asked for it.
    let five = "delete from jobs where id between 2 and 6";
    let child = psql(&stage, PERSON, five);
    let five_wait = request(&stage);
    approve(&stage, &five_wait, "carol");
    let (out, err) = ended(child);
    assert!(out.is_empty() && err.contains("needs approval"), "{out}{err}");
    assert!(err.contains("one person in group dba, and one person in group security"), "{err}");
    assert_eq!((jobs(&stage), state(&stage, &five_wait).as_str()), (49, "used"));
    let beyond = request(&stage);
    assert_eq!(asked(&beyond), [r#"["dba"]"#, r#"["security"]"#]);
    // Sent again it waits for that, and runs when both have said so.
    let child = psql(&stage, PERSON, five);
    approve(&stage, &beyond, "carol");
    assert_eq!((jobs(&stage), state(&stage, &beyond).as_str()), (49, "open"));
    approve(&stage, &beyond, "erin");
    let (out, err) = ended(child);
    assert_eq!(out, "DELETE 5\n", "{err}");
    let needs = format!("Request {beyond} needs one person in group dba, and one person in group");
    assert!(err.contains(&needs), "{err}");
    assert_eq!((jobs(&stage), state(&stage, &beyond).as_str()), (44, "used"));

    // The same by the extended protocol.
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let text = b"\0delete from jobs where id between 7 and 10\0\0\0";
    let run = [frame(b'P', text), frame(b'B', &[0; 8]), frame(b'E', &[0; 5]), frame(b'S', b"")];
    for (persons, left) in [(&["carol"][..], 44), (&["dave", "erin"], 40)] {
        raw.send(&run.concat()).unwrap();
        let hold = next_request(&stage, &beyond);
        for person in persons {
            approve(&stage, &hold, person);
        }
        raw.until(b'Z').unwrap();
        assert_eq!(jobs(&stage), left, "{persons:?}");
    }

    // Where nobody can count it, all are asked at once.
    let code = "do $$ begin delete from jobs where id = 11; commit; end $$";
    raw.send(&[frame(b'P', format!("\0{code}\0\0\0").as_bytes()), run[1..].concat()].concat())
        .unwrap();
    let hold = request(&stage);
    assert_eq!(asked(&hold), [r#"["dba"]"#, r#"["security"]"#]);
    approve(&stage, &hold, "dave");
    approve(&stage, &hold, "erin");
    raw.until(b'Z').unwrap();
    assert_eq!(jobs(&stage), 39);
}
