//! One approval, one use; one person, one voice; and a clock that is not trusted.

use super::*;
use crate::{NewDelegation, NewIdentity, NoVoice, Signing, Voice};
use model::{IdentityKind, verdict::Escalation};
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
        escalation: None,
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
        on_behalf: Vec::new(),
    };
    store.voice("h", voice, &Signing::default()).await.unwrap()
}

#[tokio::test]
async fn an_approval_is_used_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    asked(&store, "h", vec![need(&["dba"], 1)]).await;
    assert_eq!(store.find_hold(b"digest", at(11)).await.unwrap(), FoundHold::Open("h".into()));
    assert_eq!(store.find_hold(b"other", at(11)).await.unwrap(), FoundHold::Nothing);
    assert_eq!(say(&store, "carol", 12).await, Ok(HoldState::Approved));
    let known = store.hold_of(b"digest").await.unwrap().unwrap();
    assert_eq!((known.asked.hold.as_str(), known.state), ("h", HoldState::Approved));
    assert!(store.hold_of(b"other").await.unwrap().is_none());
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
    assert!(store.hold_of(b"digest").await.unwrap().is_none());
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
    assert_eq!(say(&store, "dave", 110).await, Err(NoVoice::Settled("expired")));
    assert_eq!(say(&store, "dave", 20).await, Err(NoVoice::Settled("expired")));
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
        on_behalf: Vec::new(),
    };
    for (hold, consents, seconds) in
        [("used", true, 12), ("denied", false, 13), ("young", false, 60), ("approved", true, 14)]
    {
        store.voice(hold, voice(consents, seconds), &Signing::default()).await.unwrap().unwrap();
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

#[tokio::test]
async fn further_groups_are_asked_when_nobody_decides() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let later = Escalation { seconds: 30, groups: vec!["security".into()], reached: false };
    let mut both = need(&["dba"], 2);
    both.escalation = Some(later);
    asked(&store, "h", vec![both]).await;
    assert_eq!(say(&store, "erin", 39).await, Err(NoVoice::NotAsked(vec!["dba".into()])));
    assert_eq!(say(&store, "carol", 39).await, Ok(HoldState::Open), "one of two is no decision");
    store.due_holds(at(39)).await.unwrap();
    // Also whoever comes first when its time has come finds it so, and it is in the record before.
    assert_eq!(say(&store, "erin", 40).await, Ok(HoldState::Approved));
    let kept = store.hold("h").await.unwrap().unwrap();
    assert!(kept.asked.needs[0].escalation.as_ref().unwrap().reached);
    let steps = store.events("ledger", 20).await.unwrap();
    let steps: Vec<String> = steps
        .into_iter()
        .filter_map(|event| match event.what {
            crate::Happened::Hold(step) => Some(format!("{} by {}", step.what, event.by)),
            _ => None,
        })
        .collect();
    let told = ["held by alice/bot", "consented by carol", "escalated by weir", "approved by erin"];
    assert_eq!(steps, told);
    store.due_holds(at(60)).await.unwrap();
    assert_eq!(store.use_hold("h", at(60)).await.unwrap().unwrap(), ["carol", "erin"]);
}

#[tokio::test]
async fn whoever_asked_has_no_voice_however_it_is_handed_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let hand_on = async |from: &str, to: &str, seconds| {
        let new = NewDelegation {
            delegator: from.into(),
            delegate: to.into(),
            groups: Vec::new(),
            since: at(seconds),
            until: at(90),
            reason: "holiday".into(),
        };
        store.delegate(&new, "then").await.unwrap().unwrap().id
    };
    asked(&store, "h", vec![need(&["dba"], 1)]).await;
    // Neither with a voice that the asker has, nor with the asker's own.
    let given = hand_on("carol", "alice", 11).await;
    assert_eq!(say(&store, "alice", 12).await, Err(NoVoice::OwnRequest));
    assert_eq!(say(&store, "carol", 12).await, Err(NoVoice::OneWith("alice".into())));
    store.end_delegation(given, "alice", at(13)).await.unwrap().unwrap();
    let given = hand_on("alice", "dave", 14).await;
    assert_eq!(say(&store, "dave", 15).await, Err(NoVoice::OneWith("alice".into())));
    store.end_delegation(given, "dave", at(16)).await.unwrap().unwrap();
    assert_eq!(say(&store, "dave", 17).await, Ok(HoldState::Approved));
    // What was consented to before counts no more while the two are one.
    hand_on("alice", "dave", 18).await;
    assert!(store.use_hold("h", at(19)).await.unwrap().unwrap_err().contains("may not approve"));
}

#[tokio::test]
async fn two_that_are_one_voice_fill_one_place() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    asked(&store, "h", vec![need(&["dba"], 2)]).await;
    let new = NewDelegation {
        delegator: "carol".into(),
        delegate: "erin".into(),
        groups: vec!["dba".into()],
        since: at(11),
        until: at(50),
        reason: "holiday".into(),
    };
    let given = store.delegate(&new, "then").await.unwrap().unwrap();
    assert_eq!(say(&store, "erin", 12).await, Ok(HoldState::Open), "with carol's voice");
    let kept = store.hold("h").await.unwrap().unwrap();
    assert_eq!((kept.voices[0].who().as_str()), "erin for carol");
    assert_eq!(say(&store, "carol", 13).await, Err(NoVoice::SaidAlready));
    // Taken back, the voice is carol's, and what erin said with it counts no more.
    store.end_delegation(given.id, "carol", at(14)).await.unwrap().unwrap();
    assert_eq!(say(&store, "carol", 15).await, Ok(HoldState::Open));
    assert_eq!(say(&store, "dave", 16).await, Ok(HoldState::Approved));
    let used = store.use_hold("h", at(17)).await.unwrap();
    assert_eq!(used.unwrap(), ["erin for carol", "carol", "dave"]);
}

#[tokio::test]
async fn a_voice_that_was_lent_counts_while_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    for (hold, change) in [("h", "time"), ("i", "group"), ("j", "disabled")] {
        asked(&store, hold, vec![need(&["dba"], 1)]).await;
        let until = if change == "time" { at(20) } else { at(90) };
        let new = NewDelegation {
            delegator: "carol".into(),
            delegate: "erin".into(),
            groups: Vec::new(),
            since: at(11),
            until,
            reason: "holiday".into(),
        };
        store.delegate(&new, "then").await.unwrap().unwrap();
        let voice = Voice {
            person: "erin".into(),
            at: at(12),
            consents: true,
            reason: String::new(),
            via: String::new(),
            on_behalf: Vec::new(),
        };
        let said = store.voice(hold, voice, &Signing::default()).await.unwrap();
        assert_eq!(said, Ok(HoldState::Approved), "{change}");
        match change {
            "group" => drop(store.remove_group("carol", "dba", "root", at(13)).await.unwrap()),
            "disabled" => drop(store.set_enabled("carol", false, "root", at(13)).await.unwrap()),
            _ => {}
        }
        let used = store.use_hold(hold, at(30)).await.unwrap();
        assert!(used.unwrap_err().contains("may not approve"), "{change}");
        store.add_group("carol", "dba", "root", at(31)).await.unwrap();
        store.set_enabled("carol", true, "root", at(31)).await.unwrap();
        assert!(store.use_hold(hold, at(32)).await.unwrap().is_err(), "nothing brings it back");
        assert!(store.delegations(false, at(33), 10).await.unwrap().is_empty());
    }
}

/// What two processes do at once is told of in whatever order: nobody's clock went back.
#[tokio::test]
async fn an_approval_that_comes_while_it_is_looked_for_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let later = |now: SystemTime, millis| now + Duration::from_millis(millis);
    let voice = |person: &str, at: SystemTime| Voice {
        person: person.to_owned(),
        at,
        consents: true,
        reason: String::new(),
        via: "test".into(),
        on_behalf: Vec::new(),
    };
    asked(&store, "h", vec![need(&["dba", "security"], 2)]).await;
    for (person, at) in [("carol", later(at(12), 300)), ("erin", at(12))] {
        let said = store.voice("h", voice(person, at), &Signing::default()).await.unwrap();
        assert!(said.is_ok(), "{said:?}");
    }
    assert!(store.use_hold("h", at(12)).await.unwrap().is_ok());

    // Whoever waits for their turn comes behind those they waited for.
    asked(&store, "i", vec![need(&["dba"], 1)]).await;
    let said = store.voice("i", voice("carol", later(at(13), 900)), &Signing::default()).await;
    assert_eq!(said.unwrap(), Ok(HoldState::Approved));
    let (turn, _) = store.step(at(13)).await.unwrap();
    let looks = tokio::spawn({
        let store = store.clone();
        async move { store.find_hold(b"digest", at(13)).await.unwrap() }
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    drop(turn);
    assert_eq!(looks.await.unwrap(), FoundHold::Used("i".into(), vec!["carol".into()]));

    // A clock that did go back is not trusted.
    asked(&store, "j", vec![need(&["dba"], 1)]).await;
    let said = store.voice("j", voice("carol", at(20)), &Signing::default()).await;
    assert_eq!(said.unwrap(), Ok(HoldState::Approved));
    assert!(
        store.use_hold("j", at(19)).await.unwrap().unwrap_err().contains("the clock went back")
    );
}

/// The end of one that was asked for by a clock that went wrong is no end of others.
#[tokio::test]
async fn one_ends_without_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    for (hold, asked, until) in [("h", 10, 1_100), ("i", 20, 120)] {
        let new = NewHold {
            hold: hold.to_owned(),
            digest: hold.as_bytes().to_vec(),
            asked: at(asked),
            until: at(until),
            identity: "alice".to_owned(),
            members: vec!["alice".to_owned()],
            database: "shop".to_owned(),
            statement: "delete from t".to_owned(),
            given: Vec::new(),
            shape: "delete from t".to_owned(),
            reasons: Vec::new(),
            needs: vec![need(&["dba"], 1)],
        };
        store.open_hold(&new).await.unwrap();
    }
    assert!(store.expire_hold("h", at(30)).await.unwrap());
    assert!(!store.expire_hold("h", at(31)).await.unwrap());
    let state = async |hold: &str| store.hold(hold).await.unwrap().unwrap().state;
    assert_eq!((state("h").await, state("i").await), (HoldState::Expired, HoldState::Open));
}

/// Consent can be taken back as long as nothing ran by it, and a request by whoever asked.
#[tokio::test]
async fn what_was_not_used_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let voice = |person: &str, consents, seconds| Voice {
        person: person.to_owned(),
        at: at(seconds),
        consents,
        reason: "ok".into(),
        via: "test".into(),
        on_behalf: Vec::new(),
    };
    let say = async |hold: &str, voice: Voice| {
        store.voice(hold, voice, &Signing::default()).await.unwrap()
    };
    let named = |hold: &str| NewHold {
        hold: hold.to_owned(),
        digest: hold.as_bytes().to_vec(),
        asked: at(10),
        until: at(110),
        identity: "alice/bot".to_owned(),
        members: vec!["bot".to_owned(), "alice".to_owned()],
        database: "shop".to_owned(),
        statement: "delete from t".to_owned(),
        given: Vec::new(),
        shape: "delete from t".to_owned(),
        reasons: Vec::new(),
        needs: vec![need(&["dba"], 2)],
    };
    for hold in ["h", "i", "j", "k"] {
        store.open_hold(&named(hold)).await.unwrap();
    }
    // Before it is enough, and after it was.
    assert_eq!(say("h", voice("carol", true, 11)).await, Ok(HoldState::Open));
    assert_eq!(say("h", voice("carol", true, 12)).await, Err(NoVoice::SaidAlready));
    assert_eq!(say("h", voice("carol", false, 13)).await, Ok(HoldState::Denied));
    for person in ["carol", "dave"] {
        assert!(say("i", voice(person, true, 14)).await.is_ok());
    }
    assert_eq!(
        say("i", voice("erin", false, 15)).await,
        Err(NoVoice::NotAsked(vec!["dba".into()]))
    );
    assert_eq!(say("i", voice("alice", false, 15)).await, Err(NoVoice::OwnRequest));
    assert_eq!(say("i", voice("carol", true, 15)).await, Err(NoVoice::Settled("approved")));
    assert_eq!(say("i", voice("dave", false, 16)).await, Ok(HoldState::Denied));
    let kept = store.hold("i").await.unwrap().unwrap();
    assert_eq!(kept.asked.statement, "");
    let said: Vec<_> =
        kept.voices.iter().map(|voice| (voice.person.as_str(), voice.consents)).collect();
    assert_eq!(said, [("carol", true), ("dave", false)]);
    assert_eq!(store.find_hold(b"i", at(17)).await.unwrap(), FoundHold::Nothing);
    assert!(store.use_hold("i", at(17)).await.unwrap().is_err());
    // Whoever asked, approved or not; nobody else, and not what ran.
    let back = async |hold: &str, person: &str| {
        store.take_back(hold, &voice(person, false, 20)).await.unwrap()
    };
    assert_eq!(back("j", "carol").await, Err(NoVoice::OthersRequest));
    assert_eq!(back("j", "alice").await, Ok(HoldState::Withdrawn));
    assert_eq!(back("j", "alice").await, Err(NoVoice::Settled("withdrawn")));
    assert_eq!(back("nothing", "alice").await, Err(NoVoice::Nothing));
    for person in ["carol", "dave"] {
        assert!(say("k", voice(person, true, 21)).await.is_ok());
    }
    assert_eq!(back("k", "alice").await, Ok(HoldState::Withdrawn));
    assert!(store.use_hold("k", at(22)).await.unwrap().is_err());
}
