//! However the time of day is set and however often Weir starts, a grant lasts as long as was said.
//! And what is in force gives the rights of its group, to whom and where it says, and nothing else.

use super::{MARK, Running};
use identity::{Directory, Entry, Grant, ScramVerifier, Secret};
use model::{Granted, Identity, IdentityKind};
use policy::{Context, PolicySet, ProtocolFeature, Risk};
use proptest::prelude::*;
use std::{
    num::NonZeroU32,
    sync::OnceLock,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use store::{GrantState, KeptGrant, NewGrant, Review};

/// How long the grant is for.
const SECONDS: u64 = 600;
/// Where the time of day starts.
const START: i64 = 1_000_000;

fn wall(seconds: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

fn begun() -> KeptGrant {
    let asked = NewGrant {
        grant: "g".to_owned(),
        group: "stewards".to_owned(),
        identity: "alice".to_owned(),
        chain: "alice".to_owned(),
        members: vec!["alice".to_owned()],
        databases: vec!["shop".to_owned()],
        emergency: false,
        purpose: "ticket".to_owned(),
        asked: wall(START),
        until: wall(START),
        seconds: SECONDS,
        needs: Vec::new(),
        reviewers: Vec::new(),
    };
    KeptGrant {
        asked,
        state: GrantState::Begun,
        begins: Some(wall(START)),
        ends: Some(wall(START + 600)),
        seen: Some(wall(START)),
        review: Review::None,
        due: None,
        voices: Vec::new(),
        reviews: Vec::new(),
    }
}

/// What happens next: seconds pass, somebody turns the clock, Weir starts again.
fn steps() -> impl Strategy<Value = Vec<(u64, i64, bool)>> {
    let turn = prop_oneof![4 => Just(0_i64), 1 => -5_000_i64..5_000];
    proptest::collection::vec((1_u64..40, turn, proptest::bool::weighted(0.1)), 1..120)
}

#[test]
fn the_time_of_day_going_forth_ends_it_and_going_back_adds_nothing() {
    let (mut running, grant, began) = (Running::default(), begun(), Instant::now());
    let mut at = |passed: u64, clock: i64| {
        let now = began + Duration::from_secs(passed);
        !running.measure(std::slice::from_ref(&grant), now, wall(START + clock)).is_empty()
    };
    assert!(at(0, 0) && at(599, 599));
    assert!(at(300, -5_000), "turned back, it goes on");
    assert!(!at(600, -5_000), "and ends when it would have");
    assert!(!at(601, 10), "for good");
    let mut running = Running::default();
    let over = running.measure(&[begun()], began, wall(START + 600));
    assert!(over.is_empty());
    assert!(running.measure(&[begun()], began, wall(START)).is_empty(), "nor does it come back");
}

/// Persons and agents with lasting groups.
fn entry(name: &str, kind: IdentityKind, groups: &[String], acts_for: Option<&Identity>) -> Entry {
    static VERIFIER: OnceLock<ScramVerifier> = OnceLock::new();
    let verifier = VERIFIER.get_or_init(|| {
        ScramVerifier::from_password(&Secret::from("x".to_owned()), b"salt", NonZeroU32::MIN)
    });
    let acts_for = acts_for.cloned().map(Box::new);
    let identity = Identity { name: name.into(), kind, groups: groups.to_vec(), acts_for };
    Entry::new(identity, verifier.clone(), Vec::new())
}

fn groups() -> impl Strategy<Value = Vec<String>> {
    let known = ["admins", "developers", "stewards"].map(str::to_owned);
    proptest::sample::subsequence(known.to_vec(), 0..=3)
}

fn grants() -> impl Strategy<Value = Vec<(String, String, Vec<String>, u64)>> {
    let names = |names: &[&str]| names.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    let identity = proptest::sample::select(names(&["alice", "copilot", "bob"]));
    let group = proptest::sample::select(names(&["admins", "developers", "stewards"]));
    let databases = proptest::sample::subsequence(names(&["shop", "bank"]), 1..=2);
    proptest::collection::vec((identity, group, databases, 1_u64..100), 0..6)
}

/// What an identity may, as far as it can be asked apart from statements.
fn rights(policies: &PolicySet, identity: &Identity) -> Vec<bool> {
    let context = Context {
        now: UNIX_EPOCH,
        address: None,
        tls: true,
        application: "psql",
        risk: Risk::default(),
        work: policy::Work::default(),
    };
    let database = "shop".into();
    let may =
        |feature| policies.may_use(identity, &database, "production", &context, feature).is_ok();
    vec![
        policies.may_connect(identity, &database, "production", &context).is_ok(),
        policies.full_rights(identity, &database, "production", &context),
        may(ProtocolFeature::FunctionCall),
        may(ProtocolFeature::Replication),
        may(ProtocolFeature::StartupOption("role")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_clock_and_no_start_lengthens_a_grant(steps in steps()) {
        let began = Instant::now();
        let (mut running, mut kept) = (Running::default(), begun());
        let (mut passed, mut turned, mut starts) = (0_u64, 0_i64, 0_u64);
        running.measure(std::slice::from_ref(&kept), began, wall(START));
        for (seconds, turn, start) in steps {
            passed += seconds;
            turned += turn;
            if start {
                (running, starts) = (Running::default(), starts + 1);
            }
            let now = began + Duration::from_secs(passed);
            let clock = wall(START + i64::try_from(passed).unwrap() + turned);
            // What the store does.
            if kept.ends.is_some_and(|ends| ends <= clock) {
                kept.state = GrantState::Ended;
            }
            let lives = kept.state == GrantState::Begun;
            let begun: Vec<KeptGrant> = lives.then(|| kept.clone()).into_iter().collect();
            let in_force = running.measure(&begun, now, clock);
            for (_, seen) in running.passed(&begun, now) {
                kept.seen = kept.seen.max(Some(seen));
            }
            // Between two marks a start can forget as much as lies between them: a step or MARK.
            let forgotten = starts * (MARK.as_secs() + 40);
            prop_assert!(
                in_force.is_empty() || passed < SECONDS + forgotten,
                "in force after {passed} seconds and {starts} starts"
            );
        }
    }

    #[test]
    fn a_grant_gives_what_lasting_membership_gives_in_scope_and_time_and_nothing_else(
        own in groups(), agents in groups(), grants in grants(), passed in 0_u64..120,
        agent in any::<bool>(), elsewhere in any::<bool>(),
    ) {
        static POLICIES: OnceLock<PolicySet> = OnceLock::new();
        let policies = POLICIES.get_or_init(|| PolicySet::baseline().unwrap());
        let (began, until) = (Instant::now(), SystemTime::now());
        let directory = Directory::new([0; 32]);
        let alice = entry("alice", IdentityKind::Person, &own, None);
        let copilot = entry("copilot", IdentityKind::Agent, &agents, Some(&alice.identity));
        directory.publish(vec![alice, copilot]);
        let grant = |(at, (identity, group, databases, seconds)): (usize, &_)| {
            let (identity, group): (&String, &String) = (identity, group);
            Grant {
                granted: Granted { grant: format!("g-{at}"), group: group.clone() },
                identity: match identity.as_str() {
                    "copilot" => "alice/copilot".to_owned(),
                    _ => identity.clone(),
                },
                databases: Vec::clone(databases),
                deadline: began + Duration::from_secs(*seconds),
                until,
            }
        };
        directory.publish_grants(grants.iter().enumerate().map(grant).collect());
        let name = if agent { "copilot" } else { "alice" };
        let database = if elsewhere { "bank" } else { "shop" };
        let lasting = directory.resolve(name).unwrap();
        let chain = lasting.chain();
        let granted = directory.granted(&chain, database, began + Duration::from_secs(passed));
        let acting = lasting.granted(&granted);
        let mut expected: Vec<String> = lasting.groups.clone();
        expected.extend(
            grants
                .iter()
                .filter(|(identity, _, databases, seconds)| {
                    identity == name && *seconds > passed && databases.iter().any(|d| d == database)
                })
                .map(|(_, group, ..)| group.clone()),
        );
        expected.sort();
        expected.dedup();
        prop_assert_eq!(&acting.groups, &expected);
        prop_assert_eq!(&acting.acts_for, &lasting.acts_for, "nothing is handed on");
        let member = Identity { groups: expected, ..(*lasting).clone() };
        prop_assert_eq!(rights(policies, &acting), rights(policies, &member));
        if agent {
            // Whatever is granted to an agent, it has no more than whom it acts for has lastingly.
            let principal = directory.resolve("alice").unwrap();
            let theirs = rights(policies, &principal);
            for (its, theirs) in rights(policies, &acting).iter().zip(theirs) {
                prop_assert!(!its || theirs);
            }
        }
    }
}
