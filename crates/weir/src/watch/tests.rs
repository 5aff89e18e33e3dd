//! Changes are seen once each, and only when they have settled.

use super::{Watch, Watched};
use std::{fs, os::unix::fs::symlink};

#[test]
fn a_change_is_seen_once_and_only_when_it_settled() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.cedar");
    fs::write(&file, "one").unwrap();
    let mut watch = Watch::new(Watched::Folder(dir.path().to_owned(), "cedar"));
    assert!(!watch.settled());
    fs::write(&file, "three").unwrap();
    assert!(!watch.settled(), "it may still be written");
    fs::write(&file, "fourth").unwrap();
    assert!(!watch.settled(), "it was");
    assert!(watch.settled());
    assert!(!watch.settled(), "once");
}

#[test]
fn files_that_come_and_go_are_changes_and_others_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut watch = Watch::new(Watched::Folder(dir.path().to_owned(), "cedar"));
    fs::write(dir.path().join("notes.txt"), "x").unwrap();
    assert!(!watch.settled());
    assert!(!watch.settled());
    fs::write(dir.path().join("a.cedar"), "x").unwrap();
    assert!(!watch.settled());
    assert!(watch.settled());
    fs::remove_file(dir.path().join("a.cedar")).unwrap();
    assert!(!watch.settled());
    assert!(watch.settled());
    fs::remove_dir_all(dir.path()).unwrap();
    assert!(!watch.settled());
    assert!(watch.settled(), "a folder that is gone is a change, and no crash");
}

/// A ConfigMap volume: files are links to `..data/NAME`, and `..data` is a link that is replaced.
#[test]
fn the_symlink_swap_of_kubernetes_is_a_change() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    for (version, text) in [("..1", "same size"), ("..2", "size same")] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("a.cedar"), text).unwrap();
    }
    symlink("..1", at("..data")).unwrap();
    symlink("..data/a.cedar", at("a.cedar")).unwrap();
    let mut watch = Watch::new(Watched::Folder(dir.path().to_owned(), "cedar"));
    let mut file = Watch::new(Watched::File(at("a.cedar")));
    symlink("..2", at("..data_tmp")).unwrap();
    fs::rename(at("..data_tmp"), at("..data")).unwrap();
    assert!(!watch.settled() && !file.settled());
    assert!(watch.settled() && file.settled());
}
