//! What the log publishes, read with public tools that know nothing of Weir: `signed_note` opens
//! its checkpoints, and `tlog_tiles` reads its tiles, checks its proofs and makes its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use ledger::{Keys, Ledger, Options, Reader, Record, Tiles, Time, record::Stopped};
use signed_note::{Note, StandardVerifier, VerifierList};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tlog_tiles::{
    Checkpoint, Error, Hash, Tile, TileHashReader, TileReader, check_record, check_tree,
    prove_record, record_hash, tree_hash,
};

struct Files(PathBuf);

impl TileReader for Files {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        // The crate's paths have the height of tiles in them, which C2SP's have not.
        let path = |tile: &Tile| self.0.join(tile.path().replacen("tile/8/", "tile/", 1));
        Ok(tiles.iter().map(|tile| fs::read(path(tile)).unwrap()).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

fn folder(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("ledger-public-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    dir
}

fn write(dir: &Path, count: usize, reason: &str) {
    let now = Time::from_micros(1_795_317_311_000_123);
    let (ledger, found) = Ledger::open(dir, Options::new("node-1", "0.0.0", now)).unwrap();
    assert_eq!(found.trouble, [""; 0]);
    for n in 0..count {
        let reason = format!("{reason} {n}").into();
        ledger.append(&Record::from(Stopped { time: now, reason })).unwrap();
    }
}

/// The checkpoint, opened by the key that the log publishes.
fn head(dir: &Path) -> (Checkpoint, String) {
    let note = ledger::checkpoint(dir).unwrap().unwrap();
    let key = fs::read_to_string(dir.join("ledger.pub")).unwrap();
    let key = StandardVerifier::new(key.lines().next().unwrap()).unwrap();
    let opened = Note::from_bytes(note.as_bytes()).unwrap();
    let (good, unknown) = opened.verify(&VerifierList::new(vec![Box::new(key)])).unwrap();
    assert_eq!((good.len(), unknown.len()), (1, 0));
    (Checkpoint::from_bytes(opened.text()).unwrap(), note)
}

#[test]
fn every_record_is_proven_to_a_tool_that_does_not_know_weir() {
    for count in [0, 1, 254, 255, 256, 700] {
        let dir = folder(&format!("each-{count}"));
        write(&dir, count, "signal");
        let (head, note) = head(&dir);
        assert_eq!(head.size(), count as u64 + 1, "one is `started`");
        assert_eq!(head.origin(), "node-1/weir");
        let files = Files(dir.clone());
        let tiles = TileHashReader::new(head.size(), *head.hash(), &files);
        assert_eq!(tree_hash(head.size(), &tiles).unwrap(), *head.hash());
        let mut mine = Tiles::new(&dir, head.size());
        for entry in Reader::open(&dir).unwrap() {
            let entry = entry.unwrap();
            let index = entry.sequence.0;
            assert_eq!(mine.entry(index).unwrap(), entry.payload);
            let hash = record_hash(&entry.payload);
            let proof = prove_record(head.size(), index, &tiles).unwrap();
            check_record(&proof, head.size(), *head.hash(), index, hash).unwrap();
            let made = mine.proof(index, &note).unwrap();
            assert_eq!((made.index, &made.checkpoint), (index, &note));
            let made: Vec<Hash> = made.hashes.into_iter().map(Hash).collect();
            assert_eq!(made, proof);
        }
        fs::remove_dir_all(&dir).unwrap();
    }
}

#[test]
fn a_log_of_many_tiles_grew_from_what_it_was() {
    let dir = folder("grew");
    write(&dir, 69_000, "first");
    let (before, _) = head(&dir);
    write(&dir, 1_500, "second");
    let (after, _) = head(&dir);
    assert_eq!((before.size(), after.size()), (69_001, 70_502));
    let mut tiles = Tiles::new(&dir, after.size());
    let proof = tlog::consistency(&mut tiles, before.size(), after.size()).unwrap().unwrap();
    let proof = proof.into_iter().map(Hash).collect();
    check_tree(&proof, after.size(), *after.hash(), before.size(), *before.hash()).unwrap();
    let files = Files(dir.clone());
    let public = TileHashReader::new(after.size(), *after.hash(), &files);
    assert_eq!(tree_hash(before.size(), &public).unwrap(), *before.hash());
    let known = ledger::Known { keys: Some(Keys::read(&dir).unwrap()), ..Default::default() };
    let verified = ledger::verify(&dir, &known).unwrap();
    assert_eq!((verified.damage, verified.sealed), (vec![], 70_502));
    fs::remove_dir_all(&dir).unwrap();
}
