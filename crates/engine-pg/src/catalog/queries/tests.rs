//! Tests of queries.rs: what can be said without a server.

use super::*;

#[test]
fn path_is_read_before_it_is_emptied() {
    let sections = sections(18, Reading::Shared);
    let texts: Vec<&str> = sections.iter().map(|(_, text)| text.as_str()).collect();
    let sql = in_one_snapshot(&texts);
    let emptied = sql.find("search_path = ''").unwrap();
    assert!(sql.find("current_schemas").is_some_and(|at| at < emptied));
    assert!(sql.find("pg_get_viewdef").is_some_and(|at| at > emptied));
    assert!(sql.starts_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"));
    assert!(sql.ends_with("COMMIT"));
}

#[test]
fn texts_hold_no_statement_of_their_own() {
    // Results are told apart by their number, so each text has to be one statement.
    for major in [13, 14, 18] {
        for (section, text) in sections(major, Reading::Session) {
            assert!(!text.contains(';'), "{section:?}");
        }
    }
}

#[test]
fn old_versions_are_not_asked_for_what_they_lack() {
    let text = |major| format!("{:?}", sections(major, Reading::Shared));
    assert!(!text(13).contains("prosqlbody") && !text(13).contains("rngmultitypid"));
    assert!(text(14).contains("prosqlbody") && text(14).contains("rngmultitypid"));
}

#[test]
fn no_type_is_named_without_its_schema() {
    // A client's own pg_temp is looked in for types, whatever the path says.
    let mut catalog = model::Catalog::default();
    catalog.server_version = 150_000;
    let within = crate::catalog::within::questions(&catalog).unwrap();
    for (section, text) in within.into_iter().chain(sections(15, Reading::Session)) {
        for (_, rest) in text.match_indices("::").map(|(at, _)| text.split_at(at + 2)) {
            assert!(rest.starts_with("pg_catalog."), "{section:?}: {rest}");
        }
    }
}
