//! Texts that differ in free literals alone share what they mean, and nothing else.

use super::*;
use crate::{cache::PlanContext, plan::Plan};

fn planned(session: &mut Session, text: &str) -> Arc<Plan> {
    session.plan(text, SystemTime::now())
}

/// True if the one was made of the other, and not analysed.
fn alike(one: &Plan, other: &Plan) -> bool {
    one.parts
        .iter()
        .zip(&other.parts)
        .all(|(one, other)| std::ptr::eq::<crate::plan::Meaning>(&**one, &**other))
}

#[test]
fn a_text_with_other_values_is_not_analysed_and_has_a_record_of_its_own() {
    let dir = dir("alike");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let first = planned(&mut session, "select email from people where id = 'a' limit 1");
    let text = "select email from people where id = 'longer than that' limit 50";
    let other = planned(&mut session, text);
    assert!(alike(&first, &other));
    assert_eq!((&*other.text, other.parts[0].span.clone()), (text, 0..text.len()));
    let redactor = gate.ledger.redactor();
    assert_ne!(first.text_hash(redactor), other.text_hash(redactor));
    let literals = |plan: &Plan| plan.parts[0].literals(plan, redactor).hashes.clone();
    assert_ne!(literals(&first), literals(&other));
    // The same masks, and the same text once more is the same plan.
    let fields = [Field::new(100, 2, 25, false)];
    assert!(Arc::ptr_eq(&session.masks(&first, 0, &fields), &session.masks(&other, 0, &fields)));
    assert!(Arc::ptr_eq(&other, &planned(&mut session, text)));
    // One statement of a text may read what another wrote.
    let two = "update people set id = 'x' where id = '7'; select id from people where id = '8'";
    let first = planned(&mut session, two);
    assert!(!alike(&first, &planned(&mut session, &two.replace("'7'", "'77'"))));
}

#[test]
fn what_a_text_says_elsewhere_is_not_taken_for_a_value() {
    let dir = dir("bound");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let known = "select email from people where id = 'a'";
    let first = planned(&mut session, known);
    for other in [
        "select email from people where id = 'a' or true",
        "select email from people where id = 'a''b'",
        "select email from people where id = 'a\\'",
        "select email from people where id = ''",
        "select email from people where id = 'ä'",
        "select email from people where id = 7",
        "select email from people where id = e'a'",
        "select email from people where id = 'a'::text",
        "select email from people where id = 'a'--'",
        "select email from people where id  = 'a'",
        "select 'b' from people where id = 'a'",
    ] {
        let plan = planned(&mut session, other);
        assert_eq!(alike(&first, &plan), other.ends_with("''"), "{other}");
        assert_eq!(&*plan.text, other);
    }
}

#[test]
fn somebody_else_or_other_policies_have_plans_of_their_own() {
    let dir = dir("others");
    let (gate, database) = (gate(&dir), database());
    let (mut one, mut other) =
        (open(&gate, &database, &[]), open(&gate, &database, &["administrators"]));
    let text = |value: &str| format!("select email from people where id = '{value}'");
    let first = planned(&mut one, &text("a"));
    assert!(!alike(&first, &planned(&mut other, &text("b"))));
    assert!(alike(&first, &planned(&mut one, &text("b"))));
    let more = r#"@id("no-drops") forbid (principal, action == Action::"drop", resource);"#;
    let policies = PolicySet::baseline().unwrap().with(&[("90-more.cedar", more)]);
    gate.policies.store(Arc::new(policies.unwrap()));
    assert!(!alike(&first, &planned(&mut one, &text("c"))));
}

#[test]
fn a_value_that_could_be_a_pseudonym_is_looked_at_in_every_text() {
    let dir = dir("pseudonyms");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let text = |value: &str| format!("select id from people where email = '{value}'");
    let first = planned(&mut session, &text("a@b.org"));
    let other = planned(&mut session, &text("c@d.org"));
    let looked = !first.parts[0].verdict.turn_back.is_empty();
    assert!(looked, "the shipped policies show pseudonyms of addresses or refuse them");
    assert!(!alike(&first, &other));
}

#[test]
fn what_is_put_where_no_mask_may_stand_is_looked_at_in_every_text() {
    let dir = dir("written");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let update = |column: &str, value: &str| {
        format!("update people set {column} = '{value}' where id = '7'")
    };
    let first = planned(&mut session, &update("email", "a@b.org"));
    assert!(!first.parts[0].verdict.kept_from_masks.is_empty());
    assert!(!alike(&first, &planned(&mut session, &update("email", "c@d.org"))));
    let first = planned(&mut session, &update("id", "8"));
    assert!(alike(&first, &planned(&mut session, &update("id", "9"))));
}

#[test]
fn a_plan_of_another_context_is_nobody_elses() {
    let dir = dir("contexts");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let first = planned(&mut session, "select email from people where id = 'a'");
    let (plans, context) = (&database.plans, first.context);
    let other = "select email from people where id = 'b'";
    assert!(plans.find(&first.text, &context).is_some());
    assert!(plans.find_alike(other, &context).is_some());
    for another in [
        PlanContext { asker: !context.asker, ..context },
        PlanContext { scope: !context.scope, ..context },
        PlanContext { policies: !context.policies, ..context },
        PlanContext { knowledge: !context.knowledge, ..context },
        PlanContext { minute: !context.minute, ..context },
        PlanContext { past: !context.past, ..context },
        PlanContext { standing: !context.standing, ..context },
    ] {
        assert!(plans.find(&first.text, &another).is_none(), "{another:?}");
        assert!(plans.find_alike(other, &another).is_none(), "{another:?}");
    }
}

#[test]
fn what_test_builds_compare_tells_plans_apart() {
    let dir = dir("meanings");
    let (gate, database) = (gate(&dir), database());
    let mut session = open(&gate, &database, &[]);
    let text = "select email from people where id = 'a'";
    let first = planned(&mut session, text);
    assert!(first.means_the_same(&first));
    for other in [
        "select id from people where id = 'a'",
        "select email as e from people where id = 'a'",
        "select email from people where id > 'a'",
        " select email from people where id = 'a'",
        "select email from people where id = 'a'; select 1",
        "/*traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/ select 1",
        "copy people to stdout",
        "select email from",
        "",
    ] {
        assert!(!first.means_the_same(&planned(&mut session, other)), "{other}");
    }
    let mut administrator = open(&gate, &database, &["administrators"]);
    assert!(!first.means_the_same(&planned(&mut administrator, text)));
}
