//! What is a command, what is SQL, and what a record keeps of a command.

use super::*;

fn read(text: &str) -> Option<(String, String)> {
    let command = replication_command(text, true)?;
    assert_eq!(command.facts.operation, Operation::Replication);
    let objects = command.facts.effects.iter().map(|effect| {
        format!("{} {}", effect.operation.as_str(), effect.object.as_deref().unwrap_or_default())
    });
    Some((objects.collect::<Vec<_>>().join("; "), command.normalised))
}

#[test]
fn commands_are_told_from_sql_as_the_server_does() {
    // Each line was tried on a walsender of PostgreSQL 15: what is SQL there fails as SQL.
    for command in ["IDENTIFY_SYSTEM", "IDENTIFY_SYSTEM;", " \t\nIDENTIFY_SYSTEM; SELECT 1"] {
        assert!(read(command).is_some(), "{command}");
    }
    for sql in [
        "",
        "identify_system",
        "/* */ IDENTIFY_SYSTEM",
        "-- x\nIDENTIFY_SYSTEM",
        "\"IDENTIFY_SYSTEM\"",
        "IDENTIFY_SYSTEMS",
        "SELECT 1; IDENTIFY_SYSTEM",
        "SHOW wal_level; SELECT * FROM customers",
        "show wal_level",
        "'IDENTIFY_SYSTEM'",
    ] {
        assert_eq!(read(sql), None, "{sql}");
    }
    assert!(replication_command("SHOW wal_level", false).is_some());
    assert!(replication_command("show wal_level", false).is_none());
}

#[test]
fn a_record_keeps_words_and_no_values() {
    let start = "START_REPLICATION SLOT \"a b\" LOGICAL 0/16B3748 (proto_version '4', \
                 publication_names '\"p''q\"')";
    let (objects, normalised) = read(start).unwrap();
    assert_eq!(objects, "replication START_REPLICATION from slot \"a b\"");
    assert_eq!(
        normalised,
        "START_REPLICATION SLOT \"a b\" LOGICAL ? (proto_version ?, publication_names ?)"
    );
    let (objects, normalised) = read("CREATE_REPLICATION_SLOT s TEMPORARY PHYSICAL").unwrap();
    assert_eq!(objects, "replication CREATE_REPLICATION_SLOT of slot s");
    assert_eq!(normalised, "CREATE_REPLICATION_SLOT s TEMPORARY PHYSICAL");
    assert_eq!(read("TIMELINE_HISTORY 2").unwrap().1, "TIMELINE_HISTORY ?");
    // What is not closed is a value to its end.
    assert_eq!(read("BASE_BACKUP (LABEL 'secret").unwrap().1, "BASE_BACKUP (LABEL ?");
}

#[test]
fn a_backup_that_the_server_writes_is_a_server_file() {
    for (text, writes) in [
        ("BASE_BACKUP (LABEL 'x', TARGET 'client')", false),
        ("BASE_BACKUP ( TARGET 'blackhole' )", false),
        ("BASE_BACKUP LABEL 'target'", false),
        ("BASE_BACKUP (TARGET 'server', TARGET_DETAIL '/tmp/x')", true),
        ("BASE_BACKUP (\"target\" 'server')", true),
        ("BASE_BACKUP (target", true),
    ] {
        let (objects, _) = read(text).unwrap();
        assert_eq!(objects.contains("server_file"), writes, "{text}: {objects}");
    }
}
