//! Who has a say in a grant, how long it lasts, and a clock that is not trusted.

use super::*;
use crate::{NewIdentity, NoVoice, Signing};
use model::IdentityKind;
use std::time::UNIX_EPOCH;

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
    for (name, kind, groups, acts_for) in [
        ("alice", IdentityKind::Person, vec!["dba", "security"], None),
        ("bot", IdentityKind::Agent, vec![], Some("alice")),
        ("carol", IdentityKind::Person, vec!["dba"], None),
        ("dave", IdentityKind::Person, vec!["dba", "security"], None),
        ("erin", IdentityKind::Person, vec!["security"], None),
        ("robot", IdentityKind::Service, vec!["dba"], None),
    ] {
        let new = NewIdentity {
            name: name.into(),
            kind,
            groups: groups.into_iter().map(str::to_owned).collect(),
            acts_for: acts_for.map(Into::into),
            verifier: String::from("v").into(),
        };
        store.add_identity(new, "root", at(0)).await.unwrap();
    }
    store
}

fn new(grant: &str, needs: Vec<Approval>) -> NewGrant {
    NewGrant {
        grant: grant.to_owned(),
        group: "stewards".to_owned(),
        identity: "alice".to_owned(),
        chain: "alice".to_owned(),
        members: vec!["alice".to_owned()],
        databases: vec!["shop".to_owned()],
        emergency: false,
        purpose: "ticket".to_owned(),
        asked: at(10),
        until: at(110),
        seconds: 60,
        needs,
        reviewers: Vec::new(),
    }
}

fn word(person: &str, seconds: u64) -> Voice {
    Voice {
        person: person.to_owned(),
        at: at(seconds),
        consents: true,
        reason: "enough".into(),
        via: "test".into(),
        on_behalf: Vec::new(),
    }
}

async fn say(store: &Store, person: &str, seconds: u64) -> Result<GrantState, NoVoice> {
    let voice = Voice {
        person: person.to_owned(),
        at: at(seconds),
        consents: true,
        reason: "ok".into(),
        via: String::new(),
        on_behalf: Vec::new(),
    };
    store.say_grant("g", voice, &Signing::default()).await.unwrap()
}

async fn state(store: &Store) -> GrantState {
    store.grant("g").await.unwrap().unwrap().state
}

async fn steps(store: &Store) -> Vec<String> {
    let events = store.events("ledger", 100).await.unwrap();
    let step = |event: crate::Event| match event.what {
        crate::Happened::Grant(step) => Some(format!("{} by {}", step.what, event.by)),
        _ => None,
    };
    events.into_iter().filter_map(step).collect()
}

#[tokio::test]
async fn a_grant_begins_by_consent_and_ends_at_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let asked = new("g", vec![need(&["dba"], 1)]);
    assert_eq!(store.open_grant(&asked, "test").await.unwrap(), Ok(GrantState::Open));
    store.begin_grant("g", Ok(()), at(11)).await.unwrap();
    assert_eq!(state(&store).await, GrantState::Open, "without consent nothing begins");
    assert_eq!(say(&store, "carol", 12).await, Ok(GrantState::Granted));
    store.begin_grant("g", Ok(()), at(20)).await.unwrap();
    let kept = store.grant("g").await.unwrap().unwrap();
    assert_eq!((kept.state, kept.ends), (GrantState::Begun, Some(at(80))));
    // Beginning again adds nothing.
    store.begin_grant("g", Ok(()), at(40)).await.unwrap();
    assert_eq!(store.grant("g").await.unwrap().unwrap().ends, Some(at(80)));
    store.due_grants(at(79)).await.unwrap();
    assert_eq!(state(&store).await, GrantState::Begun);
    store.due_grants(at(80)).await.unwrap();
    assert_eq!(state(&store).await, GrantState::Ended);
    store.due_grants(at(30)).await.unwrap();
    store.begin_grant("g", Ok(()), at(30)).await.unwrap();
    assert_eq!(state(&store).await, GrantState::Ended, "no clock brings it back");
    let told = ["requested by alice", "granted by carol", "begun by weir", "ended by weir"];
    assert_eq!(steps(&store).await, told);
    let events = store.events("ledger", 100).await.unwrap();
    let begun = events.iter().find_map(|event| match &event.what {
        crate::Happened::Grant(step) if step.what == "begun" => step.ends(),
        _ => None,
    });
    assert_eq!(begun, Some(at(80)));
}

#[tokio::test]
async fn who_has_no_say_is_told_why() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let mut asked = new("g", vec![need(&["dba"], 2)]);
    asked.identity = "bot".to_owned();
    asked.members = vec!["bot".to_owned(), "alice".to_owned()];
    store.open_grant(&asked, "test").await.unwrap().unwrap();
    assert_eq!(say(&store, "alice", 11).await, Err(NoVoice::OwnRequest));
    assert_eq!(say(&store, "robot", 11).await, Err(NoVoice::NoPerson));
    assert_eq!(say(&store, "nobody", 11).await, Err(NoVoice::NoPerson));
    assert_eq!(say(&store, "erin", 11).await, Err(NoVoice::NotAsked(vec!["dba".into()])));
    assert!(matches!(say(&store, "carol", 9).await, Err(NoVoice::OutOfTime(_))));
    assert_eq!(say(&store, "carol", 12).await, Ok(GrantState::Open));
    assert_eq!(say(&store, "carol", 13).await, Err(NoVoice::SaidAlready));
    assert_eq!(say(&store, "dave", 110).await, Err(NoVoice::Settled("expired")));
    assert_eq!(say(&store, "dave", 20).await, Err(NoVoice::Settled("expired")));
}

#[tokio::test]
async fn it_does_not_begin_when_whoever_consented_may_not_any_more() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    for (grant, change) in [("g", "policy"), ("h", "voice"), ("i", "clock"), ("j", "time")] {
        store.open_grant(&new(grant, vec![need(&["dba"], 1)]), "test").await.unwrap().unwrap();
        let voice = Voice {
            person: "carol".into(),
            at: at(50),
            consents: true,
            reason: "ok".into(),
            via: String::new(),
            on_behalf: Vec::new(),
        };
        assert_eq!(
            store.say_grant(grant, voice, &Signing::default()).await.unwrap(),
            Ok(GrantState::Granted)
        );
        let allowed = if change == "policy" { Err("policies".to_owned()) } else { Ok(()) };
        store.set_enabled("carol", change != "voice", "root", at(51)).await.unwrap();
        let now = match change {
            "clock" => at(40),
            "time" => at(110),
            _ => at(60),
        };
        store.begin_grant(grant, allowed, now).await.unwrap();
        let kept = store.grant(grant).await.unwrap().unwrap();
        let want = if change == "time" { GrantState::Expired } else { GrantState::Void };
        assert_eq!((kept.state, kept.ends), (want, None), "{change}");
        store.set_enabled("carol", true, "root", at(61)).await.unwrap();
    }
}

#[tokio::test]
async fn nobody_adds_time_by_asking_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    store.open_grant(&new("g", Vec::new()), "test").await.unwrap().unwrap();
    assert_eq!(store.open_grant(&new("h", Vec::new()), "test").await.unwrap(), Err("g".to_owned()));
    let mut elsewhere = new("i", Vec::new());
    elsewhere.databases = vec!["bank".to_owned()];
    assert_eq!(store.open_grant(&elsewhere, "test").await.unwrap(), Ok(GrantState::Granted));
    store.begin_grant("g", Ok(()), at(20)).await.unwrap();
    assert_eq!(store.open_grant(&new("h", Vec::new()), "test").await.unwrap(), Err("g".to_owned()));
    let mut after = new("h", Vec::new());
    (after.asked, after.until) = (at(80), at(180));
    assert_eq!(store.open_grant(&after, "test").await.unwrap(), Ok(GrantState::Granted));
}

#[tokio::test]
async fn it_is_taken_back_by_those_who_may() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    for (by, may) in [("alice", true), ("carol", true), ("erin", false), ("robot", false)] {
        let grant = format!("g-{by}");
        let mut asked = new(&grant, vec![need(&["dba"], 1)]);
        asked.databases = vec![by.to_owned()];
        store.open_grant(&asked, "test").await.unwrap().unwrap();
        let taken = store.revoke_grant(&grant, word(by, 20)).await.unwrap();
        assert_eq!(taken.is_ok(), may, "{by}: {taken:?}");
    }
    let again = store.revoke_grant("g-alice", word("alice", 21)).await.unwrap();
    assert_eq!(again, Err(NoVoice::Settled("revoked")));
}

#[tokio::test]
async fn disabling_takes_back_what_was_granted_also_to_agents() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    store.open_grant(&new("g", Vec::new()), "test").await.unwrap().unwrap();
    let mut asked = new("h", Vec::new());
    asked.identity = "bot".to_owned();
    asked.members = vec!["bot".to_owned(), "alice".to_owned()];
    store.open_grant(&asked, "test").await.unwrap().unwrap();
    store.begin_grant("g", Ok(()), at(20)).await.unwrap();
    store.set_enabled("alice", false, "root", at(30)).await.unwrap();
    store.set_enabled("alice", true, "root", at(31)).await.unwrap();
    for grant in ["g", "h"] {
        assert_eq!(store.grant(grant).await.unwrap().unwrap().state, GrantState::Revoked);
    }
}

#[tokio::test]
async fn what_has_passed_is_not_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    store.open_grant(&new("g", Vec::new()), "test").await.unwrap().unwrap();
    store.begin_grant("g", Ok(()), at(20)).await.unwrap();
    let seen = async |seconds| {
        store.mark_grants(&[("g".to_owned(), at(seconds))]).await.unwrap();
        store.grant("g").await.unwrap().unwrap().seen
    };
    assert_eq!(seen(50).await, Some(at(50)));
    assert_eq!(seen(30).await, Some(at(50)));
    store.end_grants(&["g".to_owned()], at(25)).await.unwrap();
    assert_eq!(state(&store).await, GrantState::Ended);
}

#[tokio::test]
async fn what_began_is_reviewed_by_somebody_else() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let review = async |person: &str, fine: bool| {
        let voice = Voice {
            person: person.into(),
            at: at(200),
            consents: fine,
            reason: "seen".into(),
            via: String::new(),
            on_behalf: Vec::new(),
        };
        store.review_grant("g", voice).await.unwrap()
    };
    let mut asked = new("g", Vec::new());
    asked.reviewers = vec![need(&["security"], 2)];
    asked.until = at(300);
    store.open_grant(&asked, "test").await.unwrap().unwrap();
    assert_eq!(review("erin", true).await, Err(NoVoice::NoReview("")));
    store.begin_grant("g", Ok(()), at(220)).await.unwrap();
    let kept = store.grant("g").await.unwrap().unwrap();
    assert!(!kept.is_overdue(at(280) + REVIEW_WITHIN - Duration::from_secs(1)));
    assert!(kept.is_overdue(at(280) + REVIEW_WITHIN));
    assert_eq!(review("alice", true).await, Err(NoVoice::OwnRequest));
    assert_eq!(review("carol", true).await, Err(NoVoice::NotAsked(vec!["security".into()])));
    assert_eq!(review("erin", true).await, Ok(Review::Open));
    assert_eq!(review("erin", true).await, Err(NoVoice::SaidAlready));
    assert_eq!(store.grants(Listing::ToReview, 10).await.unwrap().len(), 1);
    assert_eq!(review("dave", false).await, Ok(Review::NotFine));
    assert_eq!(store.grants(Listing::ToReview, 10).await.unwrap().len(), 0);
    assert_eq!(steps(&store).await.last().unwrap(), "review: not_fine by dave");
}
