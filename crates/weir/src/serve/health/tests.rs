//! What makes Weir ready, and what does not.

use super::Health;
use ledger::{Ledger, Options, Time};

#[test]
fn one_upstream_that_answers_is_enough() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options::new("node", "0", Time::from_micros(0));
    let (ledger, _) = Ledger::open(dir.path(), options).unwrap();
    let health = Health::new(ledger);
    assert!(health.obstacles().is_empty(), "untried upstreams are no obstacle");
    health.upstream("a", false);
    health.upstream("b", false);
    assert_eq!(health.obstacles(), ["no upstream answers: a, b"]);
    health.upstream("b", true);
    assert!(health.obstacles().is_empty());
    health.store(false);
    health.drain();
    assert_eq!(health.obstacles(), ["stopping", "the control state cannot be read"]);
}
