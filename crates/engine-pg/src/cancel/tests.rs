//! Keys find their session and nobody else's.

use super::*;

#[test]
fn a_key_finds_its_session_until_the_session_ends() {
    let registry = Registry::new();
    let registration = registry.register(42, 0, "one").unwrap();
    assert_eq!(registration.process_id(), 42);
    assert_eq!(registration.key().len(), 4);
    assert_eq!(registry.find(42, registration.key()), Some("one"));
    let key = registration.key().to_vec();
    drop(registration);
    assert_eq!(registry.find(42, &key), None);
    assert!(registry.is_empty());
}

#[test]
fn keys_are_long_from_3_2_on_and_only_the_whole_key_counts() {
    let registry = Registry::new();
    let registration = registry.register(42, 2, ()).unwrap();
    let key = registration.key().to_vec();
    assert_eq!(key.len(), 32);
    let mut longer = key.clone();
    longer.push(0);
    let mut other = key.clone();
    other[31] ^= 1;
    for wrong in [&key[..4], &key[..31], &longer, &other, &[]] {
        assert_eq!(registry.find(42, wrong), None);
    }
    assert_eq!(registry.find(43, &key), None);
    assert_eq!(registry.find(42, &key), Some(()));
}

#[test]
fn sessions_of_different_upstreams_may_share_a_process_id() {
    let registry = Registry::new();
    let sessions: Vec<_> = (0..50).map(|number| registry.register(7, 0, number).unwrap()).collect();
    assert_eq!(registry.len(), 50);
    for (number, session) in sessions.iter().enumerate() {
        assert_eq!(registry.find(7, session.key()), Some(number));
    }
    let mut sessions = sessions.into_iter();
    let first = sessions.next().unwrap();
    let key = first.key().to_vec();
    drop(first);
    assert_eq!(registry.find(7, &key), None);
    assert_eq!(registry.len(), 49);
}

#[test]
fn a_key_means_what_it_is_told_to() {
    let registry = Registry::new();
    let one = registry.register(7, 0, 1).unwrap();
    let other = registry.register(7, 0, 2).unwrap();
    one.means(None);
    assert_eq!(registry.find(7, one.key()), None);
    assert_eq!(registry.find(7, other.key()), Some(2));
    one.means(Some(3));
    assert_eq!(registry.find(7, one.key()), Some(3));
    assert_eq!(registry.len(), 2);
}

#[test]
fn nothing_prints_a_key() {
    let registry = Registry::new();
    let registration = registry.register(7, 0, ()).unwrap();
    assert_eq!(format!("{registration:?}"), "Registration(7, ***)");
}
