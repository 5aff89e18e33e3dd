//! What makes Weir ready, and what does not.

use super::Health;
use engine_pg::Reached;
use ledger::{Ledger, Options, Time};

#[test]
fn one_upstream_that_answers_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::new("node", "0", Time::from_micros(0));
    let (ledger, _) = Ledger::open(dir.path(), options).unwrap();
    let health = Health::new(ledger);
    assert!(health.obstacles().is_empty(), "untried upstreams are no obstacle");
    health.upstream("a", Reached::No);
    health.upstream("b", Reached::No);
    assert_eq!(health.obstacles(), ["no upstream answers: a, b"]);
    health.upstream("a", Reached::NoPassword);
    let what = "cannot sign in: no password is configured: set `password` in [database.upstream] \
                for \"a\"";
    assert_eq!(health.obstacles(), ["no upstream answers: b", what]);
    assert!(health.notes().is_empty(), "what is an obstacle is no note");
    health.upstream("b", Reached::NoCredentials);
    let lost = "cannot sign in: what to sign in with cannot be had (see the log) for \"b\"";
    assert_eq!(health.obstacles(), [what, lost]);
    health.upstream("b", Reached::Yes);
    assert!(health.obstacles().is_empty());
    assert_eq!(health.notes(), [what]);
    assert!(health.policies(false) && !health.policies(false));
    assert!(health.obstacles().is_empty(), "sessions are served by those in force");
    assert!(health.notes()[0].starts_with("the policy files have problems"));
    assert!(!health.policies(true) && health.notes() == [what]);
    assert!(health.settings(false) && health.notes()[0].starts_with("weir.toml has problems"));
    assert!(!health.settings(true) && health.notes() == [what]);
    health.store(false);
    health.drain();
    assert_eq!(health.obstacles(), ["stopping", "the control state cannot be read"]);
}
