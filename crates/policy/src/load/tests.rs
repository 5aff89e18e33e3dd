//! The baseline loads; what is wrong is reported where it is.

use super::*;
use model::Operation;

fn schema() -> Schema {
    Schema::from_cedarschema_str(SCHEMA).unwrap().0
}

/// The baseline with one file added.
fn problems(text: &str) -> Vec<Problem> {
    let mut all = sources(None).unwrap();
    all.push(Source { file: "/etc/weir/mine.cedar".into(), text: text.to_owned() });
    load(&all, &schema()).map(|_| ()).unwrap_err()
}

#[test]
fn the_baseline_is_sound_and_every_policy_says_why() {
    let loaded = load(&sources(None).unwrap(), &schema()).unwrap();
    assert!(loaded.len() > 20);
    for one in &loaded {
        assert!(one.rule.id.as_str().starts_with("baseline-"), "{}", one.rule.id);
        assert!(one.rule.reason.is_some(), "{} has no @reason", one.rule.id);
        let forbids = one.policy.effect() == cedar_policy::Effect::Forbid;
        assert!(!forbids || one.rule.advice.is_some(), "{} has no @advice", one.rule.id);
    }
}

#[test]
fn the_schema_knows_every_operation_in_one_group() {
    let schema = schema();
    for operation in Operation::ALL {
        let uid = format!("Action::\"{}\"", operation.as_str()).parse().unwrap();
        let groups: Vec<_> = schema.action_entities().unwrap().ancestors(&uid).map_or_else(
            || panic!("{uid} is missing"),
            |groups| groups.map(ToString::to_string).collect(),
        );
        assert_eq!(groups.len(), 1, "{uid} in {groups:?}");
    }
}

#[test]
fn attributes_for_suggestions_are_those_of_the_schema() {
    for attribute in ATTRIBUTES {
        let stands = [format!("  {attribute}: "), format!("  {attribute}?: ")];
        assert!(stands.iter().any(|line| SCHEMA.contains(line)), "{attribute}");
    }
}

#[test]
fn a_syntax_error_has_its_place() {
    let found = problems("// mine\n\npermit (principal, action,\n  resurce);\n");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].file, PathBuf::from("/etc/weir/mine.cedar"));
    assert_eq!((found[0].line, found[0].column), (4, 3), "{found:#?}");
}

#[test]
fn a_misspelt_action_is_refused_with_the_right_one() {
    let found = problems("permit (principal, action == Action::\"selekt\", resource);");
    assert!(!found.is_empty());
    assert_eq!((found[0].line, found[0].column), (1, 30), "{found:#?}");
    assert!(found[0].help.as_deref().unwrap().contains("select"), "{found:#?}");
}

#[test]
fn a_misspelt_action_is_one_problem_with_one_answer() {
    for (wrong, right) in [("dislose", "disclose"), ("slect", "select"), ("updat", "update")] {
        let text = format!(
            "permit (principal, action == Action::{wrong:?}, resource in Label::\"email\");"
        );
        let found = problems(&text);
        assert_eq!(found.len(), 1, "{found:#?}");
        let help = format!("did you mean Action::{right:?}?");
        assert_eq!(found[0].help.as_deref(), Some(help.as_str()), "{found:#?}");
    }
}

#[test]
fn a_misspelt_attribute_is_refused_with_the_right_one() {
    let found = problems(
        "\nforbid (principal, action == Action::\"update\", resource)\nwhen { context.unbunded };",
    );
    assert_eq!(found[0].line, 3, "{found:#?}");
    assert!(found[0].help.as_deref().unwrap().contains("unbounded"), "{found:#?}");
}

#[test]
fn a_misspelt_type_is_refused_with_the_right_one() {
    let found = problems("permit (principal is Persn, action, resource);");
    assert!(found[0].help.as_deref().unwrap().contains("Person"), "{found:#?}");
}

#[test]
fn a_misspelt_annotation_is_refused_with_the_right_one() {
    let found = problems("\n@masks(\"full\")\npermit (principal, action, resource);");
    assert_eq!(found[0].line, 2, "{found:#?}");
    assert_eq!(found[0].help.as_deref(), Some("did you mean @mask?"));
}

#[test]
fn a_value_that_an_annotation_does_not_know_is_refused() {
    for text in [
        "@mask(\"blur\") permit (principal, action, resource);",
        "@ladder(\"climb\") permit (principal, action, resource);",
        "@row_limit(\"many\") permit (principal, action, resource);",
        "@durability(\"soon\") permit (principal, action, resource);",
    ] {
        assert!(problems(text)[0].message.contains("is not one of"), "{text}");
    }
}

#[test]
fn an_attribute_that_may_be_absent_must_be_asked_for() {
    let found =
        problems("permit (principal, action, resource) when { context.acts_for == \"x\" };");
    assert!(!found.is_empty());
}

#[test]
fn a_policy_that_can_never_apply_is_refused() {
    let found = problems(
        "permit (principal, action, resource) when { principal is Agent && principal is Person };",
    );
    assert!(!found.is_empty(), "{found:#?}");
}

#[test]
fn ids_are_unique_and_a_policy_without_one_is_named_after_its_place() {
    let found = problems("@id(\"baseline-connect\")\npermit (principal, action, resource);");
    assert!(found[0].message.contains("10-connect.cedar"), "{found:#?}");
    let mut all = sources(None).unwrap();
    let text = "\n\npermit (principal, action, resource == Database::\"x\");".to_owned();
    all.push(Source { file: "mine.cedar".into(), text });
    let loaded = load(&all, &schema()).unwrap();
    assert_eq!(loaded.last().unwrap().rule.id.as_str(), "mine.cedar:3");
}

#[test]
fn templates_are_refused() {
    let found = problems("permit (principal == ?principal, action, resource);");
    assert!(found[0].message.contains("template"), "{found:#?}");
}

#[test]
fn a_folder_adds_files_and_replaces_shipped_ones() {
    let dir = std::env::temp_dir().join(format!("weir-policy-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("10-connect.cedar"), "// nobody connects\n").unwrap();
    std::fs::write(dir.join("80-mine.cedar"), "// nothing yet\n").unwrap();
    std::fs::write(dir.join("notes.txt"), "not a policy").unwrap();
    let found = sources(Some(&dir)).unwrap();
    let texts = |name: &str| {
        let named = |source: &&Source| source.file.file_name().is_some_and(|file| file == name);
        found.iter().find(named).map(|source| source.text.clone())
    };
    assert_eq!(texts("10-connect.cedar").as_deref(), Some("// nobody connects\n"));
    assert_eq!(texts("80-mine.cedar").as_deref(), Some("// nothing yet\n"));
    assert_eq!(found.len(), BASELINE.len() + 1);
    assert_ne!(version(&found), version(&sources(None).unwrap()));
    std::fs::write(dir.join("90-bad.cedar"), [0xff, 0xfe]).unwrap();
    let bad = sources(Some(&dir)).unwrap_err();
    assert!(bad[0].message.contains("UTF-8") && bad[0].file.ends_with("90-bad.cedar"));
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(sources(Some(&dir)).unwrap_err()[0].message.contains("cannot be read"));
}

#[test]
fn a_set_lists_what_it_holds() {
    let dir = std::env::temp_dir().join(format!("weir-policy-list-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let text = "// why\n@id(\"ops\")\n@reason(\"they may\")\npermit (principal in Group::\"ops\", \
                action == Action::\"connect\", resource);\n";
    std::fs::write(dir.join("90-ops.cedar"), text).unwrap();
    let set = crate::PolicySet::load(Some(&dir)).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    let shipped = crate::PolicySet::baseline().unwrap().policies().len();
    assert_eq!(set.policies().len(), shipped + 1);
    let own = set.policies().last().unwrap();
    assert_eq!((own.id.as_str(), own.permits, own.line), ("ops", true, 2));
    assert_eq!(own.file, dir.join("90-ops.cedar"));
    let annotations = [("id", "ops"), ("reason", "they may")];
    assert_eq!(own.annotations, annotations.map(|(k, v)| (k.to_owned(), v.to_owned())));
    assert!(own.text.starts_with("@id(\"ops\")") && own.text.ends_with(';'), "{}", own.text);
}

#[test]
fn what_is_said_of_grants_stands_where_they_are_asked_for() {
    for text in [
        "@longest(\"1h\") permit (principal, action == Action::\"select\", resource);",
        "@review(\"security\") permit (principal, action, resource);",
    ] {
        assert!(problems(text)[0].message.contains("are about grants"), "{text}");
    }
    for text in [
        "@longest(\"never\") permit (principal, action == Action::\"assume\", resource);",
        "@longest(\"8d\") permit (principal, action == Action::\"assume\", resource);",
    ] {
        assert!(problems(text)[0].message.contains("@longest"), "{text}");
    }
    let found =
        problems("@review(\",2\") permit (principal, action == Action::\"assume\", resource);");
    assert!(found[0].message.contains("@review(\",2\") is not understood"), "{found:#?}");
}

#[test]
fn who_owns_what_is_said_by_a_scope_alone() {
    let owns = |who: &str, action: &str, what: &str, more: &str| {
        format!("permit (principal{who}, action {action}, resource{what}){more};")
    };
    let (own, carol) = ("== Action::\"own\"", " == Person::\"carol\"");
    let (table, label) = (" == Table::\"shop.public.payments\"", " in Label::\"email\"");
    for (text, words) in [
        (owns("", own, table, ""), "an owner is one person or one group"),
        (owns(carol, own, "", ""), "what is owned is named"),
        (owns(carol, own, label, " when { context.tls }"), "depends on no circumstances"),
        (owns(carol, "in [Action::\"own\", Action::\"select\"]", table, ""), "of its own"),
        (owns(carol, own, table, "").replace("permit", "forbid"), "a forbid takes nothing"),
        (
            "@approval(\"@owners\") permit (principal, action == Action::\"assume\", resource == \
             Group::\"stewards\");"
                .to_owned(),
            "a group has no owners",
        ),
        (
            "@approval(\"@carol\") permit (principal, action == Action::\"delete\", resource);"
                .to_owned(),
            "is not understood",
        ),
    ] {
        let found = problems(&text);
        assert!(found.iter().any(|one| one.message.contains(words)), "{text}: {found:#?}");
    }
    for text in [owns(carol, own, table, ""), owns(" in Group::\"payments\"", own, label, "")] {
        assert!(
            crate::PolicySet::baseline().unwrap().with(&[("o.cedar", &text)]).is_ok(),
            "{text}"
        );
    }
}
