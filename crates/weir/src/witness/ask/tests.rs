//! Copies in the anchor's folder: whole, and never another in the place of one.

use super::anchor;
use std::fs;

#[test]
fn what_lies_in_an_anchor_is_whole_and_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("00000000000000000007.checkpoint");
    anchor(folder.path(), 7, "gw\n7\nroot\n").unwrap();
    anchor(folder.path(), 7, "gw\n7\nroot\n").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "gw\n7\nroot\n");
    // Another of the same size: two ledgers go by one name.
    let error = anchor(folder.path(), 7, "gw\n7\nother\n").unwrap_err();
    assert!(error.to_string().contains("another checkpoint of 7 records"), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "gw\n7\nroot\n");
    // What a full disk or a crash left is made whole.
    for left in ["", "gw\n7\nro"] {
        fs::write(&path, left).unwrap();
        anchor(folder.path(), 7, "gw\n7\nroot\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "gw\n7\nroot\n");
    }
}
