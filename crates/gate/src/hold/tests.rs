//! What an approval is bound to, and what approvers are shown.

use super::{Given, later_too};
use crate::Value;
use model::verdict::{Approval, Escalation};

fn given(values: &[(bool, Option<&[u8]>)]) -> Given {
    of(&values.iter().map(|one| (one.0.then_some(0), one.1)).collect::<Vec<_>>())
}

/// The same with the types of what is in binary format.
fn of(values: &[(Option<u32>, Option<&[u8]>)]) -> Given {
    Given::new(values.iter().map(|(binary, bytes)| Value { bytes: *bytes, binary: *binary }))
}

#[test]
fn a_value_in_binary_form_is_bound_and_shown_as_its_text() {
    let binary = of(&[(Some(23), Some(&[0, 0, 0, 12])), (Some(25), Some(b"a'b"))]);
    let text = of(&[(None, Some(b"12")), (None, Some(b"a'b"))]);
    assert_eq!(binary.exact, text.exact);
    assert_eq!(binary.shown, ["'12'", "'a'b'"]);
    let other = of(&[(Some(23), Some(&[0, 0, 0, 13])), (Some(25), Some(b"a'b"))]);
    assert_ne!(binary.exact, other.exact);
    let bytes = [0, 0, 0, 12];
    assert_ne!(of(&[(Some(23), Some(&bytes))]).exact, of(&[(Some(600), Some(&bytes))]).exact);
    assert_eq!(of(&[(Some(23), None)]).exact, of(&[(None, None)]).exact);
}

#[test]
fn values_cannot_be_moved_from_one_to_the_next() {
    let one = given(&[(false, Some(b"ab")), (false, Some(b"c"))]);
    let two = given(&[(false, Some(b"a")), (false, Some(b"bc"))]);
    assert_ne!(one.exact, two.exact);
    assert_ne!(given(&[(false, None)]).exact, given(&[(false, Some(b""))]).exact);
    assert_ne!(given(&[(false, Some(b"1"))]).exact, given(&[(true, Some(b"1"))]).exact);
}

#[test]
fn values_are_shown_as_what_they_are() {
    let shown = given(&[
        (false, Some("ü'".as_bytes())),
        (true, Some(&[0, 255])),
        (false, Some(&[0xff])),
        (false, None),
        (false, Some(&[b'x'; 300])),
    ])
    .shown;
    assert_eq!(shown[..4], ["'ü''", "\\x00ff", "\\xff", "NULL"]);
    assert_eq!(shown[4], format!("'{}'…", "x".repeat(256)));
}

#[test]
fn needs_are_told_in_words() {
    let need = |groups: &[&str], count| Approval {
        groups: groups.iter().map(ToString::to_string).collect(),
        count,
        seconds: 60,
        waits: true,
        policy: "p".into(),
        escalation: None,
    };
    assert_eq!(need(&["dba"], 1).to_string(), "one person in group dba");
    assert_eq!(need(&["dba", "sec"], 2).to_string(), "2 persons in groups dba or sec");
    let mut asks = need(&["dba"], 1);
    assert_eq!(later_too(&asks), None);
    let later = Escalation { seconds: 300, groups: vec!["sec".into()], reached: false };
    asks.escalation = Some(later);
    assert_eq!(asks.to_string(), "one person in group dba");
    assert_eq!(later_too(&asks).unwrap(), "after 5 minutes those in group sec may, too");
    asks.escalation.as_mut().unwrap().reached = true;
    assert_eq!(asks.to_string(), "one person in groups dba or sec");
    assert_eq!(later_too(&asks), None);
}
