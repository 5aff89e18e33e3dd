//! Old copies of a log that are put in its place. Such a copy is sound in itself, so each attempt
//! is judged by all who can know better: whoever has a newer checkpoint (kept, anchored, or what a
//! witness remembers), and Weir itself where the present secret of the seals lies beside it.

use super::*;

/// Moments of one log's life, of which any may be restored.
const MOMENTS: usize = 24;

/// The log as it was at each moment, and its checkpoint of then.
struct Life {
    copies: Vec<Folder>,
    notes: Vec<String>,
    keys: Keys,
}

impl Life {
    fn new(random: &mut Random) -> Self {
        let (dir, mut copies, mut notes) = (Folder::new("life"), Vec::new(), Vec::new());
        let mut number = 0;
        for _ in 0..MOMENTS {
            let end = number + 1 + random.below(24) as u64;
            write(dir.path(), number..end);
            number = end;
            let kept = Folder::new("moment");
            copy(dir.path(), kept.path());
            notes.push(tiles::checkpoint(kept.path()).unwrap().unwrap());
            copies.push(kept);
        }
        let keys = Keys::read(dir.path()).unwrap();
        Self { copies, notes, keys }
    }

    fn head(&self, note: &str) -> Checkpoint {
        tiles::open_checkpoint(note, &self.keys.log).unwrap()
    }

    /// What `verify` finds for who has these checkpoints from elsewhere.
    fn verify(&self, dir: &Path, kept: &[&String]) -> Vec<Damage> {
        let checkpoints = kept.iter().map(|note| (*note).clone()).collect();
        let keys = Some(self.keys.clone());
        verify(dir, &Known { keys, checkpoints, ..Known::default() }).unwrap().damage
    }

    /// What a witness does that cosigned this checkpoint last and is shown the folder's: it asks
    /// for a proof that the log grew from there, and cosigns only if there is one.
    fn witness_is_content(&self, last: &str, dir: &Path) -> bool {
        let shown = self.head(&tiles::checkpoint(dir).unwrap().unwrap());
        let last = self.head(last);
        let mut tiles = Tiles::new(dir, shown.size);
        let proof = tlog::consistency(&mut tiles, last.size, shown.size).unwrap();
        proof.is_some_and(|proof| {
            tlog::verify_consistency((last.size, &last.root), (shown.size, &shown.root), &proof)
        })
    }
}

#[test]
fn an_old_copy_is_found_by_whoever_has_a_newer_checkpoint() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let life = Life::new(&mut random);
    // With the secret of that time Weir goes on from an old copy and cannot know: here for a few
    // statements, or beyond what anybody has seen.
    let gone_on: Vec<Folder> = life
        .copies
        .iter()
        .zip(1..)
        .map(|(old, number)| {
            let restored = Folder::new("restored");
            copy(old.path(), restored.path());
            let first = 100_000 * number;
            write(restored.path(), first..first + 1 + random.below(300) as u64);
            restored
        })
        .collect();
    for (at, note) in life.notes.iter().enumerate() {
        for dir in [life.copies[at].path(), gone_on[at].path()] {
            assert_eq!(life.verify(dir, &[note]), [], "sound in itself");
            assert!(life.witness_is_content(note, dir));
        }
    }
    let mut overtaken = 0;
    for attempt in 0..ATTEMPTS {
        let old = random.below(MOMENTS - 1);
        let newer = &life.notes[old + 1 + random.below(MOMENTS - 1 - old)];
        let copies = if attempt % 2 == 0 { &life.copies } else { &gone_on };
        let restored = copies[old].path();
        let size = life.head(&tiles::checkpoint(restored).unwrap().unwrap()).size;
        overtaken += usize::from(size > life.head(newer).size);
        let found = life.verify(restored, &[newer]);
        assert!(!found.is_empty(), "attempt {attempt}: not found by the kept checkpoint");
        let content = life.witness_is_content(newer, restored);
        assert!(!content, "attempt {attempt}: not found by the witness");
    }
    assert!((20..ATTEMPTS).contains(&overtaken), "{overtaken}");
}

#[test]
fn an_old_copy_beside_the_present_secret_is_found_by_weir_and_by_verify() {
    let mut random = Random(0xd1b5_4a32_d192_ed03);
    let life = Life::new(&mut random);
    for attempt in 0..ATTEMPTS {
        let old = random.below(MOMENTS - 1);
        let newer = old + 1 + random.below(MOMENTS - 1 - old);
        let restored = Folder::new("restored");
        copy(life.copies[old].path(), restored.path());
        let secret = crate::RATCHET_FILE;
        fs::copy(life.copies[newer].path().join(secret), restored.path().join(secret)).unwrap();
        let options = Options::new("n", "v", NOW);
        let (ledger, found) = Ledger::open(restored.path(), options).unwrap();
        let said = found.damage().unwrap_or_default();
        assert!(said.contains("an old copy"), "attempt {attempt}: Weir said {said:?}");
        drop(ledger);
        // What Weir then writes is sealed by a key that does not follow: seen without anything
        // from elsewhere but the public keys.
        assert_ne!(life.verify(restored.path(), &[]), [], "attempt {attempt}");
    }
}
