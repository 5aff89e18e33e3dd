//! Each place of each need a person of its own, and whoever is one with whom.

use super::*;
use std::time::UNIX_EPOCH;

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

/// Whatever groups three persons are in, and in whatever order they speak.
#[test]
fn places_are_filled_wherever_they_can_be() {
    let needs = ["a", "b", "c"].map(|group| need(&[group], 1));
    let groups = |person: usize| -> Vec<String> {
        let own = ["a", "b", "c"].into_iter().enumerate();
        own.filter(|(at, _)| person >> at & 1 == 1).map(|(_, group)| group.to_owned()).collect()
    };
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for all in 0..8_usize.pow(3) {
        let persons = [all % 8, all / 8 % 8, all / 64];
        let fits = |order: [usize; 3]| { 0..3 }.all(|at| persons[order[at]] >> at & 1 == 1);
        let known = persons.map(groups).to_vec();
        assert_eq!(satisfied(&needs, &known), orders.into_iter().any(fits), "{known:?}");
    }
}

#[test]
fn whoever_hands_on_and_whoever_has_it_are_one() {
    let given = |from: &str, to: &str| Delegation {
        id: 1,
        delegator: from.into(),
        delegate: to.into(),
        groups: Vec::new(),
        since: UNIX_EPOCH,
        until: UNIX_EPOCH,
        reason: String::new(),
        ended: None,
    };
    let all = [given("a", "b"), given("c", "b"), given("x", "y")];
    for name in ["a", "b", "c"] {
        assert_eq!(one_with(name, &all), BTreeSet::from(["a", "b", "c"]), "{name}");
    }
    assert_eq!(one_with("y", &all), BTreeSet::from(["x", "y"]));
    assert_eq!(one_with("z", &all), BTreeSet::from(["z"]));
}
