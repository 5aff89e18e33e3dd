//! What is kept opens where it belongs, and nowhere when its key is gone.

use super::*;
use crate::testing::{Folder, NOW};
use std::thread;

#[test]
fn a_text_opens_where_it_belongs_and_while_its_key_is_there() {
    let dir = Folder::new("vault");
    let vault = Vault::new(dir.path());
    let text = "select * from customers where email = 'jane@example.com'";
    let kept = vault.keep("alice/copilot", NOW, "s.1", text).unwrap();
    assert_eq!(kept.key, "2026-11/alice%2fcopilot");
    assert!(!format!("{kept:?}").contains("jane"));
    assert_eq!(vault.open(&kept, "s.1").unwrap().as_deref(), Some(text));
    assert!(vault.open(&kept, "s.2").is_err());
    let again = vault.keep("alice/copilot", NOW, "s.1", text).unwrap();
    assert_ne!(kept.text, again.text, "equal texts are not seen to be equal");
    let outside = Kept { key: "../ledger.key".into(), ..kept.clone() };
    assert!(vault.open(&outside, "s.1").is_err());
    let bob = vault.keep("bob", NOW, "s.3", text).unwrap();
    assert_eq!(vault.destroy(Some("alice"), None).unwrap(), [""; 0]);
    assert_eq!(vault.destroy(Some("alice/copilot"), None).unwrap(), ["2026-11/alice%2fcopilot"]);
    assert_eq!(vault.open(&kept, "s.1").unwrap(), None);
    assert_eq!(vault.destroy(None, Some("2026-11")).unwrap(), [""; 0]);
    assert_eq!(vault.open(&bob, "s.3").unwrap().as_deref(), Some(text));
    assert_eq!(vault.destroy(None, Some("2026-12")).unwrap(), ["2026-11/bob"]);
    // What is kept from now on is under another key.
    let new = vault.keep("bob", NOW, "s.4", text).unwrap();
    assert_eq!(vault.open(&new, "s.4").unwrap().as_deref(), Some(text));
    assert!(vault.open(&bob, "s.3").is_err());
}

#[test]
fn a_key_that_was_overwritten_is_none() {
    let dir = Folder::new("vault-zeros");
    let vault = Vault::new(dir.path());
    let before = vault.keep("alice", NOW, "s.1", "one").unwrap();
    let path = dir.path().join("keys/2026-11/alice");
    // As whoever destroys it leaves it if they die before they remove it.
    fs::write(&path, [0; 32]).unwrap();
    assert_eq!(vault.open(&before, "s.1").unwrap(), None);
    let after = vault.keep("alice", NOW, "s.2", "two").unwrap();
    assert_ne!(fs::read(&path).unwrap(), [0; 32]);
    assert_eq!(vault.open(&after, "s.2").unwrap().as_deref(), Some("two"));
    assert!(vault.open(&before, "s.1").is_err());
}

#[test]
fn what_was_left_of_keys_goes_too() {
    let dir = Folder::new("vault-left");
    let vault = Vault::new(dir.path());
    vault.keep("alice", NOW, "s", "text").unwrap();
    let month = dir.path().join("keys/2026-11");
    for left in ["alice.gone", "alicia.gone"] {
        fs::write(month.join(left), [7; 32]).unwrap();
    }
    assert_eq!(vault.keys().unwrap(), ["2026-11/alice"]);
    assert_eq!(vault.destroy(Some("alice"), None).unwrap(), ["2026-11/alice"]);
    assert_eq!(list(&month).unwrap(), ["alicia.gone"]);
}

#[test]
fn many_that_make_one_key_make_the_same() {
    let dir = Folder::new("vault-many");
    let vault = Vault::new(dir.path());
    thread::scope(|scope| {
        let keep = || vault.keep("alice", NOW, "s", "text").unwrap();
        let kept: Vec<_> = (0..8).map(|_| scope.spawn(keep)).collect();
        for kept in kept {
            assert_eq!(vault.open(&kept.join().unwrap(), "s").unwrap().as_deref(), Some("text"));
        }
    });
    assert_eq!(vault.keys().unwrap(), ["2026-11/alice"]);
}
