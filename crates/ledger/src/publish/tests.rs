//! What a loss of power took of tiles is made again, and no more than that is read for it.

use super::*;
use crate::{
    Known, Ledger, Options, segment,
    testing::{Folder, NOW, checkpointed, copy, intent},
    verify::verify,
};

fn options() -> Options {
    Options { segment_bytes: 80_000, ..Options::new("n", "v", NOW) }
}

/// As if all tiles and bundles had been written long before the checkpoint.
fn settle(dir: &Path) {
    for folder in ["tile/0", "tile/1", "tile/entries"] {
        for entry in fs::read_dir(dir.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let before = fs::metadata(&path).unwrap().modified().unwrap() - 2 * SETTLED;
            fs::File::open(path).unwrap().set_modified(before).unwrap();
        }
    }
}

/// Removes every tile and bundle that is not full.
fn lose_edge(dir: &Path) {
    for folder in ["tile/0", "tile/1", "tile/entries"] {
        for entry in fs::read_dir(dir.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "p") {
                fs::remove_dir_all(path).unwrap();
            }
        }
    }
}

#[test]
fn what_the_disk_lost_is_made_again_from_there_on() {
    let sound = Folder::new("lost");
    let (ledger, _) = Ledger::open(sound.path(), options()).unwrap();
    for n in 0..6_000 {
        let place = ledger.append(&intent(n)).unwrap();
        if n % 500 == 0 {
            // A segment ends between two writes.
            ledger.synced(place).wait().unwrap();
        }
    }
    checkpointed(&ledger);
    drop(ledger);
    let known =
        Known { keys: Some(crate::keys::Keys::read(sound.path()).unwrap()), ..Known::default() };
    let root = |dir: &Path| newest(dir, &known.keys.as_ref().unwrap().log).unwrap().unwrap();
    let full = |level, index| Tile { level, index, width: TILE_WIDTH }.path();
    type Lose<'a> = &'a dyn Fn(&Path);
    let cases: [(&str, bool, Lose<'_>); 6] = [
        ("the edge", true, &lose_edge),
        ("full ones too", true, &|dir| {
            lose_edge(dir);
            fs::write(dir.join(full(Some(0), 20)), "").unwrap();
            fs::remove_file(dir.join(full(None, 21))).unwrap();
        }),
        ("what a tile had", true, &|dir| {
            lose_edge(dir);
            fs::write(dir.join(full(Some(0), 22)), [0; 8192]).unwrap();
        }),
        ("what an old tile had", false, &|dir| {
            lose_edge(dir);
            fs::write(dir.join(full(Some(0), 1)), [0; 8192]).unwrap();
            settle(dir);
        }),
        ("what a bundle had that was written last", true, &|dir| {
            lose_edge(dir);
            let path = dir.join(full(None, 5));
            fs::write(&path, vec![0; fs::metadata(&path).unwrap().len() as usize]).unwrap();
        }),
        ("all, where all was written last", false, &|dir| {
            lose_edge(dir);
            let old = dir.join(full(None, 2));
            fs::write(&old, fs::read(&old).unwrap()).unwrap();
        }),
    ];
    for (what, keeps, lose) in cases {
        let dir = Folder::new("lost-some");
        copy(sound.path(), dir.path());
        settle(dir.path());
        lose(dir.path());
        let written = || fs::metadata(dir.path().join(full(None, 2))).unwrap().modified().unwrap();
        let before = written();
        let (ledger, found) = Ledger::open(dir.path(), options()).unwrap();
        assert_eq!(found.damage(), None, "{what}");
        assert_eq!(before == written(), keeps, "{what}");
        checkpointed(&ledger);
        drop(ledger);
        assert_eq!(verify(dir.path(), &known).unwrap().damage, [], "{what}");
    }
    // Damage long before has nothing to do with it.
    assert!(segment::list(sound.path()).unwrap().len() > 4, "it lies in what a start reads");
    let path = segment::path(sound.path(), 0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[2_000] ^= 1;
    fs::write(&path, bytes).unwrap();
    let before = root(sound.path());
    settle(sound.path());
    lose_edge(sound.path());
    let (ledger, found) = Ledger::open(sound.path(), options()).unwrap();
    assert_eq!(found.damage(), None);
    checkpointed(&ledger);
    let mut tiles = Tiles::new(sound.path(), root(sound.path()).size);
    assert_eq!(tiles.root_at(before.size).unwrap(), before.root);
}
