//! What holds for every input, and what the standard and the design promise.

use super::*;

#[test]
fn secrets_do_not_print() {
    let key = Key::new([0x5A; 32]);
    assert_eq!(format!("{key:?}"), "Key(***)");
    assert_eq!(format!("{:?}", Secret::derive(&key, &Label::EMAIL)), "Secret(***)");
}

#[test]
fn labels_have_keys_of_their_own() {
    let key = Key::new([1; 32]);
    let email = Secret::derive(&key, &Label::EMAIL);
    let phone = Secret::derive(&key, &Label::PHONE);
    assert_ne!(email.prf("x", b"1"), phone.prf("x", b"1"));
    assert_eq!(email.prf("x", b"1"), Secret::derive(&key, &Label::EMAIL).prf("x", b"1"));
    let (mut a, mut b) = ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]);
    email.permute(Way::There, 10, b"", &mut a);
    phone.permute(Way::There, 10, b"", &mut b);
    assert_ne!(a, b);
}

#[test]
fn keys_follow_one_another_and_the_oldest_goes() {
    let key = Key::kept((1..=5).map(|number| (number, [0; 32]))).unwrap();
    assert_eq!(key.number(), 5);
    let numbers: Vec<u32> = Secret::all(&key, &Label::EMAIL).map(|one| one.number).collect();
    assert_eq!(numbers, [5, 4, 3]);
    assert!(Key::kept([]).is_none());
}
