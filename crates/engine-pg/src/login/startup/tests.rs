//! Start-up packets, understood or refused.

use super::*;

fn packet(minor: u16, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = (VERSION_3_0 | u32::from(minor)).to_be_bytes().to_vec();
    for (name, value) in parameters {
        for text in [name, value] {
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
    }
    body.push(0);
    let mut packet = u32::try_from(body.len() + 4).unwrap().to_be_bytes().to_vec();
    packet.extend(body);
    packet
}

#[test]
fn parameters_become_a_wish() {
    let wish = read(&packet(
        0,
        &[
            ("user", "alice"),
            ("DateStyle", "ISO"),
            ("options", "-c work_mem=1MB -c application_name=first"),
            ("application_name", "psql"),
        ],
    ))
    .unwrap();
    assert_eq!((wish.name.as_str(), wish.database.as_str()), ("alice", "alice"));
    assert_eq!(wish.application_name, "psql");
    let names: Vec<_> = wish.settings.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["work_mem", "application_name", "DateStyle", "application_name"]);
    assert_eq!((wish.replication, wish.minor, wish.less), (None, 0, None));
}

#[test]
fn more_than_is_spoken_is_answered() {
    for (minor, extension, agreed, less) in
        [(0, false, 0, false), (2, false, 2, false), (9999, false, 2, true), (0, true, 0, true)]
    {
        let mut parameters = vec![("user", "alice"), ("database", "shop")];
        if extension {
            parameters.push(("_pq_.compression", "zstd"));
        }
        let wish = read(&packet(minor, &parameters)).unwrap();
        assert_eq!((wish.minor, wish.less.is_some()), (agreed, less), "3.{minor} {extension}");
        assert_eq!(wish.database, "shop");
    }
}

#[test]
fn other_parts_of_a_packet_are_no_settings() {
    for options in [
        "-c options=-crole=x",
        "-coptions=-crole=x",
        r"--options=-c\ role=x",
        "-c OPTIONS=-crole=x",
        "-c work_mem=1MB -c user=bob",
        "--database=other",
        "-c replication=true",
        "-c Replication=database",
        "-c _pq_.compression=zstd",
        "--_PQ-.compression=zstd",
    ] {
        let read = read(&packet(0, &[("user", "alice"), ("options", options)]));
        let Err(Reason::Parameter(why)) = &read else { panic!("{options}: {read:?}") };
        assert!(why.contains("is no setting"), "{options}: {why}");
    }
    // Upstream these would be read in lower case.
    for name in ["Options", "USER", "Database", "REPLICATION", "_PQ_.compression"] {
        let read = read(&packet(0, &[("user", "alice"), (name, "-crole=x")]));
        assert!(matches!(read, Err(Reason::Parameter(_))), "{name}: {read:?}");
    }
    let fine = "-c user_name.x=1 -c my.options=a -c pq_.x=1";
    assert_eq!(read(&packet(0, &[("user", "a"), ("options", fine)])).unwrap().settings.len(), 3);
}

#[test]
fn replication_is_read_as_postgresql_reads_it() {
    let mode = |value| read(&packet(0, &[("user", "a"), ("replication", value)]));
    for (value, expected) in [
        ("database", Some(Replication::Logical)),
        ("true", Some(Replication::Physical)),
        ("ON", Some(Replication::Physical)),
        ("1", Some(Replication::Physical)),
        ("false", None),
        ("of", None),
    ] {
        assert_eq!(mode(value).unwrap().replication, expected, "{value}");
    }
    for value in ["", "o", "maybe", "logical"] {
        assert!(matches!(mode(value), Err(Reason::Parameter(_))), "{value}");
    }
}

#[test]
fn packets_without_a_name_or_with_foreign_bytes_are_refused() {
    assert!(matches!(read(&packet(0, &[])), Err(Reason::Protocol(_))));
    assert!(matches!(read(&packet(0, &[("user", "")])), Err(Reason::Protocol(_))));
    let mut foreign = packet(0, &[("user", "al?ce")]);
    let at = foreign.iter().position(|byte| *byte == b'?').unwrap();
    foreign[at] = 0xff;
    assert!(matches!(read(&foreign), Err(Reason::Protocol(_))));
    assert!(matches!(read(b"short"), Err(Reason::Protocol(_))));
}
