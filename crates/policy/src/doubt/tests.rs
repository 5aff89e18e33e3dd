//! What is certain is said where it stands, and nothing else.

use super::*;
use crate::PolicySet;

fn said(text: &str, known: &Known) -> Vec<(usize, String)> {
    let set = PolicySet::baseline().unwrap().with(&[("mine.cedar", text)]).unwrap();
    set.doubts(known).into_iter().map(|one| (one.line, one.message)).collect()
}

fn known() -> Known {
    let set = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    Known {
        groups: set(&["support", "admins"]),
        deciders: set(&["security"]),
        identities: set(&["alice"]),
        databases: set(&["shop"]),
        labels: set(&["badge"]),
        tables: Some((["shop.public.orders".to_owned()].into(), ["shop".to_owned()].into())),
    }
}

#[test]
fn the_shipped_policies_are_beyond_doubt() {
    let set = PolicySet::baseline().unwrap();
    assert_eq!(set.doubts(&known()), []);
    for pack in crate::PACKS {
        let with = set.with(&[("pack.cedar", pack.cedar)]).unwrap();
        assert_eq!(with.doubts(&Known::default()), [], "{}", pack.name);
    }
}

#[test]
fn a_permit_that_is_forbidden_as_a_whole_can_never_permit() {
    let permit = "\npermit (principal is Agent, action == Action::\"infer\", resource);";
    let found = said(permit, &Known::default());
    assert_eq!(found[0].0, 2);
    assert!(found[0].1.contains("\"baseline-infer-agents\" forbids all of it"), "{found:?}");
    // Whoever is excepted may be permitted.
    let permit = "permit (principal, action == Action::\"role\", resource);";
    assert_eq!(said(permit, &Known::default()), []);
    let shadow = "@shadow(\"on\") forbid (principal, action == Action::\"listen\", resource);\n\
                  permit (principal is Person, action == Action::\"listen\", resource);";
    assert_eq!(said(shadow, &Known::default()), []);
}

#[test]
fn whoever_is_asked_decides_in_the_console_or_it_is_told() {
    let text = "@id(\"two\") @approval(\"support|security\")
        permit (principal, action == Action::\"delete\", resource);";
    let found = said(text, &known());
    assert_eq!(found.len(), 1, "{found:?}");
    let word = "group support may approve by \"two\", but is in no role of [console]";
    assert!(found[0].1.starts_with(word), "{found:?}");
    let without = Known { deciders: None, ..known() };
    assert_eq!(said(text, &without), [], "there is no console");
}

#[test]
fn annotations_that_say_nothing_are_told() {
    for (text, word) in [
        ("@mask(\"full\") permit (principal, action == Action::\"select\", resource);", "@mask"),
        (
            "@min_group(\"5\") permit (principal, action == Action::\"infer\", resource);",
            "@min_group",
        ),
        ("@look_ups(\"5\") permit (principal, action == Action::\"test\", resource);", "@look_ups"),
        (
            "@row_limit(\"5\") forbid (principal, action == Action::\"role\", resource);",
            "@row_limit",
        ),
        ("@shadow(\"on\") forbid (principal, action == Action::\"connect\", resource);", "@shadow"),
    ] {
        let found = said(text, &Known::default());
        assert!(found.len() == 1 && found[0].1.starts_with(word), "{text}: {found:?}");
    }
    let both = "@mask(\"full\") permit (principal, action in [Action::\"disclose\", \
                Action::\"test\"], resource in Label::\"email\");";
    assert_eq!(said(both, &Known::default()), []);
}

#[test]
fn names_that_nobody_has_are_told() {
    let on =
        |resource: &str| format!("permit (principal, action == Action::\"select\", {resource});");
    for (text, word) in [
        (on("resource == Table::\"shop.public.order\""), "no table \"shop.public.order\""),
        (on("resource == Table::\"shop.orders\""), "is not DATABASE.SCHEMA.TABLE"),
        (on("resource in Database::\"shp\""), "names no database \"shp\""),
        (
            "permit (principal in Group::\"suport\", action, resource);".to_owned(),
            "nobody is in group \"suport\"",
        ),
        (
            "permit (principal, action, resource) when { principal in [Person::\"alise\"] };"
                .to_owned(),
            "no identity \"alise\"",
        ),
        (
            "permit (principal, action == Action::\"disclose\", resource in Label::\"emial\");"
                .to_owned(),
            "nothing bears label \"emial\"",
        ),
        (
            "permit (principal, action == Action::\"disclose\", resource in Class::\"pi\");"
                .to_owned(),
            "no class \"pi\"",
        ),
    ] {
        let found = said(&text, &known());
        assert!(found.iter().any(|(_, message)| message.contains(word)), "{text}: {found:?}");
        let unsaid = said(&text, &Known::default());
        let certain = text.contains("Class::");
        assert_eq!(unsaid.is_empty(), !certain, "{text}: {unsaid:?}");
    }
    for text in [
        on("resource == Table::\"shop.public.orders\""),
        on("resource == Table::\"shop.pg_catalog.pg_class\""),
        on("resource == Table::\"other.public.orders\""),
        on("resource == Database::\"replication\""),
        "permit (principal, action == Action::\"disclose\", resource in Label::\"badge\");"
            .to_owned(),
    ] {
        assert_eq!(said(&text, &known()), [], "{text}");
    }
}
