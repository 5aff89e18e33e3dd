//! A witness cosigns what grew, and nothing else, whoever asks and whenever it was started.

use super::*;
use tlog::{CosignatureVerifier, Frontier, Hash, Nodes, SigningKey, leaf};

struct Leaves(Vec<Hash>);

impl Nodes for Leaves {
    type Error = std::convert::Infallible;

    fn node(&mut self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let mut tree = Frontier::default();
        let (from, to) = ((index << level) as usize, ((index + 1) << level) as usize);
        self.0[from..to].iter().for_each(|leaf| tree.push(*leaf));
        Ok(tree.root())
    }
}

const ORIGIN: &str = "example.com/log";

fn key() -> SigningKey {
    SigningKey::from_seed(ORIGIN, &[1; 32]).unwrap()
}

fn witness(dir: &Path) -> Witness {
    Witness::new("witness.example", &[2; 32], &[key().verifier()], dir).unwrap()
}

/// A request for the first `new` of these leaves.
fn request(leaves: &mut Leaves, old: u64, new: u64) -> AddCheckpoint {
    let root = tlog::root_of(leaves, new).unwrap();
    let head = Checkpoint { origin: ORIGIN.into(), size: new, root };
    let proof = tlog::consistency(leaves, old, new).unwrap().unwrap_or_default();
    AddCheckpoint { old, proof, checkpoint: key().sign(&head.text()) }
}

#[test]
fn what_grew_is_cosigned_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut leaves = Leaves((0..40u64).map(|n| leaf(&n.to_be_bytes())).collect());
    let mut other = Leaves((0..40u64).map(|n| leaf(&n.to_le_bytes())).collect());
    let ask = |request: &AddCheckpoint| witness(dir.path()).add_checkpoint(&request.text(), 77);
    let first = request(&mut leaves, 0, 10);
    let Answer::Cosigned(line) = ask(&first) else { panic!("{:?}", ask(&first)) };
    let public = fs::read_to_string(dir.path().join(KEY_FILE)).unwrap();
    let public = CosignatureVerifier::parse(public.trim()).unwrap();
    assert_eq!(public.time_of(&format!("{}{line}", first.checkpoint)), Ok(77));
    // The same again is no growth and no harm.
    assert_eq!(ask(&first), Answer::Conflict(10));
    assert!(matches!(ask(&request(&mut leaves, 10, 10)), Answer::Cosigned(_)));
    // Another history of the same size, and one that goes on from there.
    assert_eq!(ask(&request(&mut other, 10, 10)), Answer::Conflict(10));
    assert_eq!(ask(&request(&mut other, 10, 20)), Answer::Inconsistent);
    assert!(matches!(ask(&request(&mut leaves, 10, 33)), Answer::Cosigned(_)));
    // Smaller than what was seen.
    assert_eq!(ask(&request(&mut leaves, 10, 20)), Answer::Conflict(33));
    assert_eq!(
        ask(&request(&mut leaves, 33, 20)),
        Answer::Malformed("the old size is larger than the checkpoint's")
    );
}

#[test]
fn strangers_and_forgeries_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let witness = witness(dir.path());
    let mut leaves = Leaves(vec![leaf(b"one")]);
    let good = request(&mut leaves, 0, 1);
    let stranger = SigningKey::from_seed("example.com/other", &[1; 32]).unwrap();
    let text = key().verifier().open(&good.checkpoint).unwrap().replace(ORIGIN, stranger.name());
    let unknown = AddCheckpoint { checkpoint: stranger.sign(&text), ..good.clone() };
    assert_eq!(witness.add_checkpoint(&unknown.text(), 1), Answer::Unknown);
    let forger = SigningKey::from_seed(ORIGIN, &[9; 32]).unwrap();
    let text = key().verifier().open(&good.checkpoint).unwrap().to_owned();
    let forged = AddCheckpoint { checkpoint: forger.sign(&text), ..good.clone() };
    assert_eq!(witness.add_checkpoint(&forged.text(), 1), Answer::NotSigned);
    assert!(matches!(witness.add_checkpoint("old x\n\n", 1), Answer::Malformed(_)));
    // What was kept and cannot be read is no licence to begin anew.
    assert!(matches!(witness.add_checkpoint(&good.text(), 1), Answer::Cosigned(_)));
    fs::write(witness.file(ORIGIN), "damaged").unwrap();
    assert_eq!(witness.add_checkpoint(&good.text(), 1), Answer::Failed);
}
