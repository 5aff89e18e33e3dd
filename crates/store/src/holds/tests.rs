//! One approval, one use; one person, one voice; and a clock that is not trusted.

use super::*;
use crate::{NewIdentity, NoVoice, Voice};
use model::IdentityKind;
use std::time::{Duration, UNIX_EPOCH};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

fn need(groups: &[&str], count: u32) -> Approval {
    Approval {
        groups: groups.iter().map(ToString::to_string).collect(),
        count,
        seconds: 100,
        waits: true,
        policy: "p".into(),
    }
}

async fn store(folder: &tempfile::TempDir) -> Store {
    let store = Store::open(folder.path()).await.unwrap();
    for (name, kind, groups) in [
        ("alice", IdentityKind::Person, vec!["dba"]),
        ("carol", IdentityKind::Person, vec!["dba"]),
        ("dave", IdentityKind::Person, vec!["dba", "security"]),
        ("erin", IdentityKind::Person, vec!["security"]),
        ("robot", IdentityKind::Service, vec!["dba"]),
    ] {
        let new = NewIdentity {
            name: name.into(),
            kind,
            groups: groups.into_iter().map(str::to_owned).collect(),
            acts_for: None,
            verifier: String::from("v").into(),
        };
        store.add_identity(new, "root", at(0)).await.unwrap();
    }
    store
}

async fn asked(store: &Store, hold: &str, needs: Vec<Approval>) {
    let new = NewHold {
        hold: hold.to_owned(),
        digest: b"digest".to_vec(),
        asked: at(10),
        until: at(110),
        identity: "alice/bot".to_owned(),
        members: vec!["bot".to_owned(), "alice".to_owned()],
        database: "shop".to_owned(),
        statement: "delete from t".to_owned(),
        given: vec!["'1'".to_owned()],
        shape: "delete from t".to_owned(),
        reasons: vec!["because".to_owned()],
        needs,
    };
    store.open_hold(&new).await.unwrap();
}

async fn say(store: &Store, person: &str, seconds: u64) -> Result<HoldState, NoVoice> {
    let voice = Voice {
        person: person.to_owned(),
        at: at(seconds),
        consents: true,
        reason: "ok".into(),
        via: "test".into(),
    };
    store.voice("h", voice).await.unwrap()
}

#[tokio::test]
async fn an_approval_is_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    asked(&store, "h", vec![need(&["dba"], 1)]).await;
    assert_eq!(store.find_hold(b"digest", at(11)).await.unwrap(), FoundHold::Open("h".into()));
    assert_eq!(store.find_hold(b"other", at(11)).await.unwrap(), FoundHold::Nothing);
    assert_eq!(say(&store, "carol", 12).await, Ok(HoldState::Approved));
    let uses = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.use_hold("h", at(13)).await.unwrap() })
    });
    let mut used = 0;
    for one in uses.collect::<Vec<_>>() {
        used += usize::from(one.await.unwrap() == Ok(vec!["carol".to_owned()]));
    }
    assert_eq!(used, 1);
    assert_eq!(store.find_hold(b"digest", at(14)).await.unwrap(), FoundHold::Nothing);
    let kept = store.hold("h").await.unwrap().unwrap();
    assert_eq!((kept.state, kept.asked.statement.as_str()), (HoldState::Used, ""));
    assert!(kept.asked.given.is_empty());
    let steps = store.events("ledger", 20).await.unwrap();
    let steps: Vec<String> = steps
        .into_iter()
        .filter_map(|event| match event.what {
            crate::Happened::Hold(step) => Some(step.what),
            _ => None,
        })
        .collect();
    assert_eq!(steps, ["held", "approved", "used"]);
}

#[tokio::test]
async fn who_has_no_voice_is_told_why() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    asked(&store, "h", vec![need(&["dba"], 2)]).await;
    assert_eq!(say(&store, "alice", 11).await, Err(NoVoice::OwnRequest));
    assert_eq!(say(&store, "robot", 11).await, Err(NoVoice::NoPerson));
    assert_eq!(say(&store, "erin", 11).await, Err(NoVoice::NotAsked(vec!["dba".into()])));
    assert_eq!(
        say(&store, "carol", 9).await.map_err(|why| matches!(why, NoVoice::OutOfTime(_))),
        Err(true),
        "before it was asked for"
    );
    assert_eq!(say(&store, "carol", 12).await, Ok(HoldState::Open));
    assert_eq!(say(&store, "carol", 13).await, Err(NoVoice::SaidAlready));
    assert_eq!(say(&store, "dave", 110).await, Err(NoVoice::Settled(HoldState::Expired)));
    assert_eq!(say(&store, "dave", 20).await, Err(NoVoice::Settled(HoldState::Expired)));
}

#[tokio::test]
async fn a_clock_that_goes_back_makes_nothing_younger() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    asked(&store, "h", vec![need(&["dba"], 1)]).await;
    assert_eq!(say(&store, "carol", 50).await, Ok(HoldState::Approved));
    let early = store.use_hold("h", at(40)).await.unwrap();
    assert!(early.unwrap_err().contains("clock"));
    assert!(store.use_hold("h", at(110)).await.unwrap().unwrap_err().contains("expired"));
    assert!(store.use_hold("h", at(60)).await.unwrap().unwrap_err().contains("expired"));
}

#[tokio::test]
async fn consents_count_while_those_who_gave_them_may() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    asked(&store, "h", vec![need(&["dba"], 1), need(&["security"], 1)]).await;
    assert_eq!(say(&store, "dave", 11).await, Ok(HoldState::Open), "one person, one place");
    assert_eq!(say(&store, "carol", 12).await, Ok(HoldState::Approved));
    store.set_enabled("carol", false, "root", at(13)).await.unwrap();
    assert!(store.use_hold("h", at(14)).await.unwrap().unwrap_err().contains("may not approve"));
    store.set_enabled("carol", true, "root", at(15)).await.unwrap();
    assert!(store.use_hold("h", at(16)).await.unwrap().is_ok());
}

#[tokio::test]
async fn what_is_settled_is_forgotten_in_time_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    for hold in ["used", "denied", "young", "approved", "open"] {
        asked(&store, hold, vec![need(&["dba"], 1)]).await;
    }
    let voice = |consents, seconds| Voice {
        person: "carol".into(),
        at: at(seconds),
        consents,
        reason: String::new(),
        via: String::new(),
    };
    for (hold, consents, seconds) in
        [("used", true, 12), ("denied", false, 13), ("young", false, 60), ("approved", true, 14)]
    {
        store.voice(hold, voice(consents, seconds)).await.unwrap().unwrap();
    }
    store.use_hold("used", at(15)).await.unwrap().unwrap();
    store.keep_message("ops", "denied", "1").await.unwrap();
    store.keep_message("ops", "open", "2").await.unwrap();
    assert_eq!(store.forget_holds(at(50)).await.unwrap(), 2);
    let left = store.holds(&HoldState::ALL, 10).await.unwrap();
    let mut left: Vec<&str> = left.iter().map(|hold| hold.asked.hold.as_str()).collect();
    left.sort_unstable();
    assert_eq!(left, ["approved", "open", "young"]);
    assert_eq!(store.message("ops", "denied").await.unwrap(), None);
    assert_eq!(store.message("ops", "open").await.unwrap().as_deref(), Some("2"));
    // However long nobody comes for it: what is approved can be run until its time is over.
    assert_eq!(store.forget_holds(at(109)).await.unwrap(), 1);
    assert!(store.use_hold("approved", at(109)).await.unwrap().is_ok());
}

#[test]
fn every_place_has_a_person_of_its_own() {
    let persons = |groups: &[&[&str]]| -> Vec<Vec<String>> {
        groups.iter().map(|own| own.iter().map(ToString::to_string).collect()).collect()
    };
    let both = [need(&["a"], 1), need(&["b"], 1)];
    assert!(!satisfied(&both, &persons(&[&["a", "b"]])));
    assert!(satisfied(&both, &persons(&[&["a", "b"], &["a"]])));
    assert!(satisfied(&both, &persons(&[&["b"], &["a", "b"]])));
    assert!(!satisfied(&both, &persons(&[&["a"], &["a"]])));
    assert!(satisfied(&[need(&["a", "b"], 2)], &persons(&[&["a"], &["b"]])));
    assert!(!satisfied(&[], &persons(&[&["a"]])), "no need is no consent");
}
