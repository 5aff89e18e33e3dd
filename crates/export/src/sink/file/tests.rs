//! Lines are whole, and old files are set aside.

use super::File;
use crate::ocsf::tests::events;
use std::fs;

#[test]
fn half_a_line_is_cut_off_before_more_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    fs::write(&path, "{\"whole\":1}\n{\"hal").unwrap();
    let events = events();
    File::new(&path, 1 << 30, 3).deliver(&events).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1 + events.len());
    assert_eq!(lines.last(), events.last().map(|event| &event.body));
}

#[test]
fn long_files_are_set_aside_and_so_many_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let events = events();
    let mut file = File::new(&path, 1, 2);
    for event in &events {
        file.deliver(std::slice::from_ref(event)).unwrap();
    }
    assert!(events.len() > 3);
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["events.jsonl.1", "events.jsonl.2"]);
    let newest = fs::read_to_string(folder.path().join("events.jsonl.1")).unwrap();
    assert_eq!(newest.trim_end(), events.last().unwrap().line());
}

#[test]
fn a_file_that_was_moved_away_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let events = events();
    let mut file = File::new(&path, 1 << 30, 2);
    file.deliver(&events[..1]).unwrap();
    fs::rename(&path, folder.path().join("shipped")).unwrap();
    file.deliver(&events[1..2]).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().trim_end(), events[1].line());
}
