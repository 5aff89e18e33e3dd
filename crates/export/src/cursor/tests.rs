//! A cursor is kept whole.

use super::{Cursor, CursorFile};

#[test]
fn what_was_saved_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let file = CursorFile::new(&folder.path().join("export"), "siem").unwrap();
    assert_eq!(file.load().unwrap(), None);
    for next in [3, 7] {
        let cursor = Cursor { log: "gw/weir".into(), next, run: 2 };
        file.save(&cursor).unwrap();
        assert_eq!(file.load().unwrap(), Some(cursor));
    }
    let names = std::fs::read_dir(folder.path().join("export")).unwrap().count();
    assert_eq!(names, 1, "a draft was left");
}

#[test]
fn what_is_no_cursor_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = CursorFile::new(folder.path(), "siem").unwrap();
    std::fs::write(folder.path().join("siem.cursor"), "{\"next\":").unwrap();
    let error = file.load().unwrap_err();
    assert!(error.to_string().contains("remove it to begin anew"), "{error}");
}
