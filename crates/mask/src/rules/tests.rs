//! Which columns a rule holds for.

use super::*;
use crate::testing;
use model::{TypeId, catalog::Column};

fn rule(text: RuleText) -> LabelRules {
    let label = Label::new("member_badge");
    LabelRules::new(vec![LabelRule::new(label, Class::Phi, text).unwrap()])
}

fn weigh(rules: &LabelRules, name: &str, ty: &str, samples: &[&str]) -> Option<Weighing> {
    let column = Column {
        number: 1,
        name: name.to_owned(),
        type_id: TypeId(25),
        not_null: false,
        generated: None,
        unique: false,
        choosy: false,
        references: None,
        comment: None,
    };
    let samples: Vec<String> = samples.iter().map(ToString::to_string).collect();
    rules.weigh(&ColumnEvidence {
        schema: "public",
        relation: "members",
        relation_comment: None,
        stored: true,
        siblings: &[],
        column: &column,
        type_name: ty,
        type_category: 'S',
        element_type_name: ty.strip_prefix('_'),
        samples: &samples,
    })
}

#[test]
fn patterns_are_like_names() {
    for row in testing::rows(
        "| name | pattern | like |\n| badge | badge | yes |\n| Badge_No | *badge* | yes |\n| bad | badge | no |\n\
         | a_badge_b | a*b*b | yes |\n| ab | a?b | no |\n| axb | A?B | yes |\n| x | * | yes |\n\
         | aaab | *ab | yes |\n| aaac | *ab | no |\n",
    ) {
        let [name, pattern, expected] = row.as_slice() else { panic!("{row:?}") };
        assert_eq!(is_like(name, pattern), expected == "yes", "{name} {pattern}");
    }
}

#[test]
fn names_types_and_values_must_hold_together() {
    let named = rule(RuleText { column: Some("*badge*".into()), ..RuleText::default() });
    assert!(weigh(&named, "badge_no", "text", &[]).unwrap().by_rule);
    assert_eq!(weigh(&named, "bagde", "text", &[]), None);
    let elsewhere = RuleText { relation: Some("staff".into()), ..RuleText::default() };
    assert_eq!(weigh(&rule(elsewhere), "badge_no", "text", &[]), None);
    let typed = RuleText { types: vec!["integer".into()], ..RuleText::default() };
    assert!(weigh(&rule(typed.clone()), "x", "int4", &[]).is_some());
    assert!(weigh(&rule(typed.clone()), "x", "_int4", &[]).is_some());
    assert_eq!(weigh(&rule(typed), "x", "text", &[]), None);
    let value = Some(r"M-\d{4}".to_owned());
    let values = rule(RuleText { value: value.clone(), ..RuleText::default() });
    let good = ["M-1234", "M-2345", "M-9999", "other"];
    assert!(weigh(&values, "x", "text", &good).is_some());
    assert_eq!(weigh(&values, "x", "text", &["M-1234", "a", "b", "c"]), None);
    assert_eq!(weigh(&values, "x", "text", &["xM-12345"; 5]), None, "a whole value");
    assert_eq!(weigh(&values, "x", "text", &[]), None);
    let both = rule(RuleText { column: Some("x".into()), value, ..RuleText::default() });
    assert!(weigh(&both, "x", "text", &[]).is_some(), "no values yet: the name is believed");
    assert_eq!(weigh(&both, "x", "text", &["1"; 5]), None);
}

#[test]
fn an_expression_that_is_none_is_refused() {
    let text = RuleText { value: Some("(".into()), ..RuleText::default() };
    assert!(LabelRule::new(Label::EMAIL, Class::Pii, text).is_err());
}
