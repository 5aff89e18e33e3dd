//! When a consent takes a signature, and what becomes of keys.

use super::*;
use crate::{NewHold, NewIdentity, NoVoice, Voice};
use model::{IdentityKind, verdict::Approval};
use std::time::{Duration, UNIX_EPOCH};

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000_000 + seconds)
}

async fn stage(folder: &tempfile::TempDir) -> Store {
    let store = Store::open(folder.path()).await.unwrap();
    for name in ["alice", "carol", "dave"] {
        let new = NewIdentity {
            name: name.into(),
            kind: IdentityKind::Person,
            groups: vec!["dba".to_owned()],
            acts_for: None,
            verifier: String::from("v").into(),
        };
        store.add_identity(new, "root", at(0)).await.unwrap();
    }
    store
}

async fn asked(store: &Store, hold: &str) {
    let need = Approval {
        groups: vec!["dba".to_owned()],
        count: 2,
        seconds: 100,
        waits: true,
        policy: "p".into(),
        escalation: None,
    };
    let new = NewHold {
        hold: hold.to_owned(),
        digest: b"digest".to_vec(),
        asked: at(10),
        until: at(1_000),
        identity: "alice".into(),
        members: vec!["alice".into()],
        database: "shop".into(),
        statement: "delete".into(),
        given: Vec::new(),
        shape: String::new(),
        reasons: Vec::new(),
        needs: vec![need],
    };
    store.open_hold(&new).await.unwrap();
}

fn key(person: &str, id: &str) -> Passkey {
    Passkey {
        id: id.to_owned(),
        person: person.to_owned(),
        name: format!("{id} of {person}"),
        public: format!("ES256:{id}"),
        site: "weir.example".into(),
        count: 4,
        added: at(1),
        used: None,
    }
}

fn by(id: &str, count: u32) -> Signature {
    Signature {
        name: "desk".into(),
        id: id.to_owned(),
        public: format!("ES256:{id}"),
        digest: "00".into(),
        client: "c".into(),
        authenticator: "a".into(),
        signature: "s".into(),
        count,
    }
}

fn signed(by: &Signature) -> Signing<'_> {
    Signing { by: Some(by), ..Signing::default() }
}

async fn says(
    store: &Store,
    hold: &str,
    person: &str,
    consents: bool,
    signing: Signing<'_>,
) -> Result<(), NoVoice> {
    let voice = Voice {
        person: person.to_owned(),
        at: at(20),
        consents,
        reason: String::new(),
        via: "test".into(),
        on_behalf: Vec::new(),
    };
    store.voice(hold, voice, &signing).await.unwrap().map(drop)
}

/// When a key of carol's signed last.
async fn last(store: &Store, id: &str) -> Option<SystemTime> {
    let keys = store.passkeys("carol").await.unwrap();
    keys.into_iter().find(|key| key.id == id).and_then(|key| key.used)
}

#[tokio::test]
async fn a_signature_about_keys_counts_once_whether_its_key_counts_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let store = stage(&folder).await;
    let plain = |id: &str| Passkey { count: 0, ..key("carol", id) };
    store.add_passkey(&plain("k"), None).await.unwrap().unwrap();
    let word = by("k", 0);
    let after = last(&store, "k").await;
    let added = |id: &'static str, at: SystemTime| {
        let key = Passkey { added: at, ..plain(id) };
        let (store, once) = (&store, Once { by: &word, after });
        async move { store.add_passkey(&key, Some(once)).await.unwrap() }
    };
    assert_eq!(added("a", at(5)).await, Ok(()));
    assert_eq!(added("b", at(6)).await, Err(NoPasskey::Unsigned), "by the same word");
    let gone = |once, now| store.give_up_passkey("carol", "a of carol", once, now);
    let said = gone(Once { by: &word, after }, at(7)).await.unwrap();
    assert_eq!(said, Err(NoPasskey::Unsigned), "by the same word");
    let after = last(&store, "k").await;
    assert_eq!(after, Some(at(5)));
    assert_eq!(gone(Once { by: &word, after }, at(8)).await.unwrap(), Ok(true));
    assert_eq!(gone(Once { by: &word, after }, at(9)).await.unwrap(), Err(NoPasskey::Unsigned));
    let names: Vec<_> = store.passkeys("carol").await.unwrap().into_iter().map(|k| k.id).collect();
    assert_eq!(names, ["k"]);
}

#[tokio::test]
async fn whoever_has_a_key_consents_with_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = stage(&folder).await;
    store.add_passkey(&key("carol", "k"), None).await.unwrap().unwrap();
    store.add_passkey(&key("dave", "d"), None).await.unwrap().unwrap();
    let none = Signing::default();
    asked(&store, "h").await;
    assert_eq!(says(&store, "h", "carol", true, none).await, Err(NoVoice::Unsigned(false)));
    // A key of somebody else, one that is none, and one whose count went back.
    for other in [by("d", 9), by("x", 9), by("k", 4), by("k", 3), by("k", 0)] {
        let said = says(&store, "h", "carol", true, signed(&other)).await;
        assert_eq!(said, Err(NoVoice::Unsigned(true)), "{other:?}");
    }
    let mut other = by("k", 9);
    other.public = "ES256:other".into();
    let said = says(&store, "h", "carol", true, signed(&other)).await;
    assert_eq!(said, Err(NoVoice::Unsigned(true)), "another key of that id");
    assert_eq!(says(&store, "h", "carol", true, signed(&by("k", 5))).await, Ok(()));
    assert_eq!(store.passkeys("carol").await.unwrap()[0].count, 5);
    // Against it everybody may speak.
    assert_eq!(says(&store, "h", "dave", false, none).await, Ok(()));
    let events = store.events("ledger", 50).await.unwrap();
    let steps = events.iter().filter_map(|event| match &event.what {
        crate::Happened::Hold(step) => Some((step.what.as_str(), step.signature.clone())),
        _ => None,
    });
    let steps: Vec<_> = steps.collect();
    assert_eq!(steps, [("held", None), ("consented", Some(by("k", 5))), ("denied", None)]);
    // A key that does not count stays at nothing.
    asked(&store, "i").await;
    let mut plain = key("carol", "p");
    plain.count = 0;
    let word = by("k", 6);
    let once = Once { by: &word, after: last(&store, "k").await };
    assert!(store.add_passkey(&plain, Some(once)).await.unwrap().is_ok());
    assert_eq!(says(&store, "i", "carol", true, signed(&by("p", 0))).await, Ok(()));
}

#[tokio::test]
async fn everybody_or_nobody_may_be_asked_for_one() {
    let folder = tempfile::tempdir().unwrap();
    let store = stage(&folder).await;
    let signing = |unsigned| Signing { unsigned, by: None };
    asked(&store, "h").await;
    let none = says(&store, "h", "carol", true, signing(Unsigned::None)).await;
    assert_eq!(none, Err(NoVoice::Unsigned(false)), "without a key");
    assert_eq!(says(&store, "h", "carol", true, signing(Unsigned::Keyless)).await, Ok(()));
    store.add_passkey(&key("dave", "d"), None).await.unwrap().unwrap();
    assert_eq!(says(&store, "h", "dave", true, signing(Unsigned::All)).await, Ok(()));
}

#[tokio::test]
async fn a_password_alone_adds_no_key_to_others() {
    let folder = tempfile::tempdir().unwrap();
    let store = stage(&folder).await;
    let add = |key: Passkey, by: Option<Signature>| {
        let store = store.clone();
        async move {
            let after = match &by {
                Some(by) => last(&store, &by.id).await,
                None => None,
            };
            let once = by.as_ref().map(|by| Once { by, after });
            store.add_passkey(&key, once).await.unwrap()
        }
    };
    assert_eq!(add(key("carol", "a"), None).await, Ok(()));
    assert_eq!(add(key("carol", "b"), None).await, Err(NoPasskey::Unsigned));
    assert_eq!(add(key("carol", "b"), Some(by("x", 9))).await, Err(NoPasskey::Unsigned));
    assert_eq!(add(key("carol", "b"), Some(by("a", 5))).await, Ok(()));
    assert_eq!(add(key("carol", "b"), Some(by("a", 6))).await, Err(NoPasskey::Known));
    assert_eq!(add(key("dave", "a"), None).await, Err(NoPasskey::Known), "one key, one person");
    let named = Passkey { name: "a of carol".into(), ..key("carol", "c") };
    assert_eq!(add(named, Some(by("a", 7))).await, Err(NoPasskey::Name));
    assert!(!store.remove_passkey("carol", "x", "root", at(2)).await.unwrap());
    for name in ["a of carol", "b of carol"] {
        assert!(store.remove_passkey("carol", name, "root", at(2)).await.unwrap());
    }
    assert_eq!(store.passkeys("carol").await.unwrap(), []);
}

#[tokio::test]
async fn a_voice_that_takes_a_key_is_not_handed_on_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = stage(&folder).await;
    let eve = NewIdentity {
        name: "eve".into(),
        kind: IdentityKind::Person,
        groups: Vec::new(),
        acts_for: None,
        verifier: String::from("v").into(),
    };
    store.add_identity(eve, "root", at(0)).await.unwrap();
    let new = crate::NewDelegation {
        delegator: "carol".into(),
        delegate: "eve".into(),
        groups: Vec::new(),
        since: at(5),
        until: at(500),
        reason: "holiday".into(),
    };
    store.delegate(&new, "then").await.unwrap().unwrap();
    asked(&store, "h").await;
    // Before she had a key, too.
    store.add_passkey(&key("carol", "k"), None).await.unwrap().unwrap();
    let said = says(&store, "h", "eve", true, Signing::default()).await;
    assert_eq!(said, Err(NoVoice::Unsigned(false)));
    let all = Signing { unsigned: Unsigned::All, ..Signing::default() };
    assert_eq!(says(&store, "h", "eve", true, all).await, Ok(()));
}
