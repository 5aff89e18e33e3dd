//! Each has their own, not too many, and one of a name.

use super::*;
use crate::NewIdentity;

#[tokio::test]
async fn each_has_their_own_questions() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    let now = SystemTime::now();
    for name in ["alice", "bob"] {
        let person = NewIdentity {
            name: name.into(),
            kind: model::IdentityKind::Person,
            groups: Vec::new(),
            acts_for: None,
            verifier: "SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5".to_owned().into(),
        };
        store.add_identity(person, "root", now).await.unwrap();
    }
    let question = |name: &str, text: &str| SavedQuestion { name: name.into(), text: text.into() };
    for (name, text) in [("mails", "label:email"), ("agents", "kind:agent"), ("mails", "x")] {
        assert!(store.save_question("alice", &question(name, text), now).await.unwrap());
    }
    let found = store.questions("alice").await.unwrap();
    assert_eq!(found, [question("agents", "kind:agent"), question("mails", "x")]);
    assert!(store.questions("bob").await.unwrap().is_empty());
    assert!(!store.forget_question("bob", "mails").await.unwrap());
    assert!(store.forget_question("alice", "mails").await.unwrap());
    for at in 1..MOST_QUESTIONS {
        let one = question(&at.to_string(), "");
        assert!(store.save_question("alice", &one, now).await.unwrap(), "{at}");
    }
    assert!(!store.save_question("alice", &question("more", ""), now).await.unwrap());
    assert!(store.save_question("alice", &question("1", "y"), now).await.unwrap());
    assert!(store.save_question("nobody", &question("1", "y"), now).await.is_err());
}
