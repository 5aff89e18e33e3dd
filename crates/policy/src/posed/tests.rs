//! Leaving policies out by their scopes changes no answer, and no question is taken for another.

use super::*;
use crate::{Book, PolicySet as Policies};
use cedar_policy::{Authorizer, Context, Request};
use model::{Class, Identity, IdentityKind, Label};

const WHO: &[&str] = &[
    "principal",
    "principal == Person::\"alice\"",
    "principal == Agent::\"alice\"",
    "principal in Group::\"team\"",
    "principal in Person::\"alice\"",
    "principal is Person",
    "principal is Service",
    "principal is Person in Group::\"team\"",
    "principal is Agent in Group::\"team\"",
];

const WHAT: &[&str] = &[
    "resource",
    "resource == Table::\"shop.public.people\"",
    "resource == Column::\"shop.public.people.email\"",
    "resource in Table::\"shop.public.people\"",
    "resource in Schema::\"shop.public\"",
    "resource in Database::\"shop\"",
    "resource in Database::\"other\"",
    "resource in Label::\"email\"",
    "resource in Class::\"pii\"",
    "resource is Table",
    "resource is Column in Label::\"email\"",
    "resource is Column in Schema::\"shop.hidden\"",
];

/// Policies of every form of scope; what fits no action at all is not loaded, so it is left out.
fn policies() -> Policies {
    let mut set = Policies::baseline().unwrap();
    for (action, kind) in [("select", "Table"), ("disclose", "Column")] {
        let mut text = String::new();
        for (place, (who, what)) in pairs().enumerate() {
            let other = if kind == "Table" { "Column" } else { "Table" };
            let fits = !what.contains(&format!("is {other}"))
                && !what.contains(&format!("== {other}"))
                && (kind == "Column" || !what.contains("Label") && !what.contains("Class"))
                && (kind == "Column" || !what.contains("in Table"));
            if !fits || who.contains("in Person") {
                continue;
            }
            let effect = if place % 3 == 0 { "forbid" } else { "permit" };
            let held = if place % 6 == 0 { "@approval(\"team\")\n" } else { "" };
            let when = if place % 2 == 0 { " when { context.environment == \"x\" }" } else { "" };
            let _ = writeln!(
                text,
                "@id(\"{action}-{place}\")\n{held}{effect} ({who}, action == \
                 Action::\"{action}\", {what}){when};"
            );
        }
        set = set.with(&[(&format!("{action}.cedar"), &text)]).unwrap();
    }
    set
}

fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    WHO.iter().flat_map(|who| WHAT.iter().map(|what| (*who, *what)))
}

fn identities() -> Vec<Identity> {
    let mut all = Vec::new();
    for kind in [IdentityKind::Person, IdentityKind::Service, IdentityKind::Agent] {
        for name in ["alice", "bob"] {
            for groups in [vec![], vec!["team".to_owned()]] {
                all.push(Identity { name: name.into(), kind, groups, acts_for: None });
            }
        }
    }
    all
}

const EMAIL: (&Label, Class) = (&Label::EMAIL, Class::Pii);

fn objects() -> [Object<'static>; 8] {
    let table = |schema, name| Object::Table { schema, name };
    let column = |schema, name, label| Object::Column { schema, table: "people", name, label };
    [
        Object::Database,
        table("public", "people"),
        table("hidden", "people"),
        table("public", "people.email"),
        column("public", "email", Some(EMAIL)),
        column("public", "email", None),
        column("public", "name", Some((&Label::PERSON_NAME, Class::Pii))),
        column("hidden", "email", Some(EMAIL)),
    ]
}

/// Decision, the policies that made it, and those that failed.
type Said = (bool, Vec<String>, usize);

fn said(policies: &PolicySet, posed: &Posed, who: &Entity, action: &Entity, place: &str) -> Said {
    let environment = cedar_policy::RestrictedExpression::new_string(place.to_owned());
    let context = Context::from_pairs([("environment".to_owned(), environment)]).unwrap();
    let (who, what) = (who.uid(), posed.resource.clone());
    let request = Request::new(who, action.uid(), what, context, None).unwrap();
    let response = Authorizer::new().is_authorized(&request, policies, &posed.entities);
    let mut why: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
    why.sort();
    let allowed = response.decision() == cedar_policy::Decision::Allow;
    (allowed, why, response.diagnostics().errors().count())
}

#[test]
fn what_is_left_out_changes_no_answer() {
    let set = policies();
    let book: &Book = &set.book;
    let (mut allowed, mut refused, mut left_out) = (0, 0, 0);
    for identity in identities() {
        let principal = book.types.principal(&identity);
        for (action, object) in
            ["select", "disclose"].into_iter().flat_map(|it| objects().map(|object| (it, object)))
        {
            let (action, slice) = book.slice(action, identity.kind).unwrap();
            let who = format!("{identity:?}");
            let (principal, database) = (&principal, "shop");
            let asked = Asked { principal, who: &who, action, database, object };
            let posed = book.kept.pose(&book.types, &slice.policies, asked).unwrap();
            let whole = Chosen::of(slice.policies.iter()).unwrap();
            left_out += slice.policies.len() - posed.chosen.policies.policies().count();
            for place in ["x", "y"] {
                let put = |policies| said(policies, &posed, principal, action, place);
                let (few, all) = (put(&posed.chosen.policies), put(&whole.policies));
                assert_eq!(few, all, "{identity:?} {action} {object:?} {place}");
                *(if all.0 { &mut allowed } else { &mut refused }) += 1;
                let few = posed.chosen.unless_approved.as_ref().map(put);
                let few = few.unwrap_or_else(|| put(&posed.chosen.policies));
                assert_eq!(few, put(whole.unless_approved.as_ref().unwrap()));
            }
        }
    }
    assert!(allowed > 20 && refused > 20, "{allowed} {refused}");
    assert!(left_out > 1_000, "{left_out}");
}

#[test]
fn no_question_is_taken_for_another() {
    let types = Types::new().unwrap();
    let set = policies();
    let (action, _) = set.book.slice("select", IdentityKind::Person).unwrap();
    let principal = types.principal(&identities()[0]);
    let mut keys = HashSet::new();
    let mut count = 0;
    let names = ["", "a", "1:a", "a1:a", "public", "table", "email"];
    let labels = [None, Some(EMAIL), Some((&Label::PHONE, Class::Pii))];
    for (first, second) in names.iter().flat_map(|one| names.iter().map(move |two| (*one, *two))) {
        let mut objects = vec![
            Object::Database,
            Object::Group { name: first },
            Object::Table { schema: first, name: second },
        ];
        for (third, label) in
            names.iter().flat_map(|name| labels.iter().map(move |label| (*name, *label)))
        {
            objects.push(Object::Column { schema: first, table: second, name: third, label });
        }
        for object in objects {
            let (principal, database) = (&principal, "shop");
            keys.insert(key(Asked { principal, who: "", action, database, object }));
            count += 1;
        }
    }
    // The database is one, and so is each of the groups, however often they are asked about.
    let again = names.len() * names.len() - 1 + names.len() * (names.len() - 1);
    assert_eq!(keys.len(), count - again);
}

#[test]
fn what_is_kept_has_an_end() {
    let set = policies();
    let book: &Book = &set.book;
    let principal = book.types.principal(&identities()[0]);
    let (action, slice) = book.slice("select", IdentityKind::Person).unwrap();
    for number in 0..MOST_KEPT + 10 {
        let name = format!("t{number}");
        let object = Object::Table { schema: "public", name: &name };
        let (principal, database) = (&principal, "shop");
        let asked = Asked { principal, who: "alice", action, database, object };
        assert!(book.kept.pose(&book.types, &slice.policies, asked).is_some());
    }
    let kept = book.kept.all.read().unwrap();
    assert_eq!((kept.posed.len(), kept.chosen.len()), (10, 1));
}
