//! Ids are unambiguous.

use super::*;

#[test]
fn paths_of_different_objects_differ() {
    assert_eq!(path(&["shop", "public", "customers"]), "shop.public.customers");
    assert_eq!(path(&["shop", "a.b", "c"]), r#"shop."a.b".c"#);
    assert_ne!(path(&["shop", "a.b", "c"]), path(&["shop", "a", "b.c"]));
    assert_ne!(path(&["shop", "\"a", "b\""]), path(&["shop", "\"a.b\""]));
    assert_ne!(path(&["shop", "", "c"]), path(&["shop", "c"]));
}

#[test]
fn temporary_schemas_are_told_by_name() {
    assert!(temporary("pg_temp_3") && temporary("pg_temp"));
    assert!(!temporary("pg_tempting") && !temporary("public") && !temporary("pg_toast_temp_3"));
}

#[test]
fn every_type_name_parses() {
    assert!(Types::new().is_ok());
}
