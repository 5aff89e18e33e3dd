//! Policies that are sound and yet say nothing: they can never decide anything, or name what nobody
//! has. Tells only what is certain; decides nothing.

use crate::entity::Types;
use crate::listed::Listed;
use crate::problem::{Problem, nearest};
use crate::rule::{OWNERS, Rule};
use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy, PrincipalConstraint, ResourceConstraint,
};
use model::{Class, Label, PolicyId};
use serde_json::Value;
use std::collections::BTreeSet;

/// What there is beside the policies; `None` where it is not known, and then nothing is doubted.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Groups that somebody is in.
    pub groups: Option<BTreeSet<String>>,
    /// Identities.
    pub identities: Option<BTreeSet<String>>,
    /// Groups whose members decide in the console.
    pub deciders: Option<BTreeSet<String>>,
    /// Databases, by Weir's names.
    pub databases: Option<BTreeSet<String>>,
    /// Labels of one's own.
    pub labels: Option<BTreeSet<String>>,
    /// Tables of the databases whose catalog is known, by path, with those databases' names.
    pub tables: Option<(BTreeSet<String>, BTreeSet<String>)>,
}

/// The database by which physical replication is known.
const REPLICATION: &str = "replication";

/// What can be told of each policy.
pub(crate) fn doubts(listed: &[Listed], types: &Types, known: &Known) -> Vec<Problem> {
    let parsed: Vec<(&Listed, Policy)> =
        listed.iter().filter_map(|one| Some((one, Policy::parse(None, &one.text).ok()?))).collect();
    let mut found = Vec::new();
    for (one, policy) in &parsed {
        let mut say = |message: String, help: Option<String>| {
            let (file, line) = (one.file.clone(), one.line);
            found.push(Problem { file, line, column: 1, message, help });
        };
        if let Some(stronger) = never(one, policy, &parsed) {
            say(format!("can never permit anything: \"{}\" forbids all of it", stronger.id), None);
        }
        for (message, help) in idle(one, policy) {
            say(message, help);
        }
        // The shipped ones name groups that a new installation does not have yet.
        if !one.file.starts_with("baseline") {
            for (message, help) in undecided(one, known) {
                say(message, help);
            }
            for uid in named(policy) {
                if let Some((message, help)) = unknown(&uid, types, known) {
                    say(message, help);
                }
            }
        }
    }
    found
}

/// The forbid without conditions that covers all that a permit is about.
fn never<'a>(one: &Listed, policy: &Policy, all: &'a [(&'a Listed, Policy)]) -> Option<&'a Listed> {
    if policy.effect() == Effect::Forbid {
        return None;
    }
    let has = |listed: &Listed, key: &str| listed.annotations.iter().any(|(name, _)| name == key);
    let covering = all.iter().find(|(listed, other)| {
        let absolute = other.effect() == Effect::Forbid
            && !other.has_non_scope_constraint()
            && !["approval", "hold", "shadow"].iter().any(|key| has(listed, key));
        // A forbid of `disclose` masks, and by what a permit says beside it nothing changes.
        absolute
            && one.id != listed.id
            && principal_within(&policy.principal_constraint(), &other.principal_constraint())
            && action_within(&policy.action_constraint(), &other.action_constraint())
            && resource_within(&policy.resource_constraint(), &other.resource_constraint())
    });
    covering.map(|(listed, _)| *listed)
}

fn principal_within(inner: &PrincipalConstraint, outer: &PrincipalConstraint) -> bool {
    use PrincipalConstraint::{Any, Eq, In, Is, IsIn};
    match (inner, outer) {
        (_, Any) => true,
        (Eq(uid), Is(name)) => uid.type_name() == name,
        (Is(inner) | IsIn(inner, _), Is(outer)) => inner == outer,
        (In(inner) | IsIn(_, inner), In(outer)) | (Eq(inner), Eq(outer)) => inner == outer,
        (IsIn(kind, inner), IsIn(other, outer)) => kind == other && inner == outer,
        (Any | In(_), Is(_)) => false,
        (Any | Eq(_) | Is(_), In(_)) => false,
        (Any | In(_) | Is(_) | IsIn(..), Eq(_)) => false,
        (Any | Eq(_) | In(_) | Is(_), IsIn(..)) => false,
    }
}

fn action_within(inner: &ActionConstraint, outer: &ActionConstraint) -> bool {
    use ActionConstraint::{Any, Eq, In};
    match (inner, outer) {
        (_, Any) => true,
        (Any, Eq(_) | In(_)) => false,
        (Eq(inner), Eq(outer)) => inner == outer,
        (Eq(inner), In(outer)) => outer.contains(inner),
        (In(inner), Eq(outer)) => inner.iter().all(|one| one == outer),
        (In(inner), In(outer)) => inner.iter().all(|one| outer.contains(one)),
    }
}

fn resource_within(inner: &ResourceConstraint, outer: &ResourceConstraint) -> bool {
    use ResourceConstraint::{Any, Eq, In, Is, IsIn};
    match (inner, outer) {
        (_, Any) => true,
        (Eq(uid), Is(name)) => uid.type_name() == name,
        (Is(inner) | IsIn(inner, _), Is(outer)) => inner == outer,
        (In(inner) | Eq(inner) | IsIn(_, inner), In(outer)) | (Eq(inner), Eq(outer)) => {
            inner == outer
        }
        (IsIn(kind, inner), IsIn(other, outer)) => kind == other && inner == outer,
        (Any | In(_), Is(_)) | (Any | Is(_), In(_)) => false,
        (Any | In(_) | Is(_) | IsIn(..), Eq(_)) => false,
        (Any | Eq(_) | In(_) | Is(_), IsIn(..)) => false,
    }
}

/// Groups that a policy asks and that decide nothing in the console.
fn undecided(one: &Listed, known: &Known) -> Vec<(String, Option<String>)> {
    let annotations = one.annotations.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let rule = Rule::read(PolicyId::new(one.id.as_str()), annotations).ok();
    let (Some(approval), Some(deciders)) = (rule.and_then(|rule| rule.approval), &known.deciders)
    else {
        return Vec::new();
    };
    let say = |group: &String| {
        let message = format!(
            "group {group} may approve by \"{}\", but is in no role of [console] that decides",
            one.id
        );
        let help = format!(
            "write approvers = [\"{group}\"] in [console], or let them decide elsewhere: weir \
             approvals, the API, a [[channel]]"
        );
        (message, Some(help))
    };
    // Who owns what is known when something is held.
    let groups = approval.asks().filter(|group| *group != OWNERS);
    groups.filter(|group| !deciders.contains(*group)).map(say).collect()
}

/// Annotations that have no effect on what the policy is about.
fn idle(one: &Listed, policy: &Policy) -> Vec<(String, Option<String>)> {
    let annotations = one.annotations.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let Ok(rule) = Rule::read(PolicyId::new(one.id.as_str()), annotations) else {
        return Vec::new();
    };
    let actions: Option<Vec<String>> = match policy.action_constraint() {
        ActionConstraint::Any => None,
        ActionConstraint::Eq(uid) => Some(vec![uid.id().unescaped().to_owned()]),
        ActionConstraint::In(uids) => {
            Some(uids.iter().map(|uid| uid.id().unescaped().to_owned()).collect())
        }
    };
    let mut found = Vec::new();
    let about =
        |action: &str| actions.as_ref().is_none_or(|all| all.iter().any(|one| one == action));
    let tied = [
        ("mask", rule.mask.is_some(), "disclose"),
        ("min_group", rule.min_group.is_some(), "aggregate"),
        ("look_ups", rule.look_ups.is_some(), "look_up"),
        ("ladder", rule.ladder.is_some(), "unproven_limited"),
    ];
    for (key, there, action) in tied {
        if there && !about(action) {
            let help = format!("it has a meaning on action {action}");
            found.push((format!("@{key} says nothing here"), Some(help)));
        }
    }
    let forbids = policy.effect() == Effect::Forbid;
    if forbids && rule.row_limit.is_some() {
        let help = "write it on a permit: every permit that decides limits".to_owned();
        found.push(("@row_limit says nothing on a forbid".to_owned(), Some(help)));
    }
    const CONNECTION: [&str; 5] =
        ["connect", "function_call", "replicate", "startup_option", "unproven"];
    let connects = |all: &Vec<String>| all.iter().all(|one| CONNECTION.contains(&one.as_str()));
    if rule.shadow && actions.as_ref().is_some_and(connects) {
        let help = "what a shadow would change is recorded with statements".to_owned();
        found.push(("@shadow records nothing of connections".to_owned(), Some(help)));
    }
    found
}

/// Every entity that a policy names, also in lists of its conditions.
fn named(policy: &Policy) -> Vec<EntityUid> {
    let mut found: Vec<EntityUid> = policy.entity_literals();
    let json = policy.to_json().unwrap_or(Value::Null);
    entities(&json, &mut found);
    found.sort();
    found.dedup();
    found
}

fn entities(node: &Value, found: &mut Vec<EntityUid>) {
    match node {
        Value::Object(fields) => {
            if let (Some(Value::String(kind)), Some(Value::String(id))) =
                (fields.get("type"), fields.get("id"))
                && let Ok(kind) = kind.parse()
            {
                let id = cedar_policy::EntityId::new(id);
                found.push(EntityUid::from_type_name_and_id(kind, id));
            }
            fields.values().for_each(|inner| entities(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| entities(inner, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What is wrong with a name, and the one that may be meant.
fn unknown(uid: &EntityUid, types: &Types, known: &Known) -> Option<(String, Option<String>)> {
    let (kind, id) = (uid.type_name().to_string(), uid.id().unescaped());
    let near = |all: &mut dyn Iterator<Item = &str>| {
        nearest(id, all).map(|near| format!("did you mean {kind}::{near:?}?"))
    };
    let absent = |all: &Option<BTreeSet<String>>, what: &str| {
        let all = all.as_ref().filter(|all| !all.contains(id))?;
        Some((format!("{what} {id:?}"), near(&mut all.iter().map(String::as_str))))
    };
    match kind.as_str() {
        "Group" => absent(&known.groups, "nobody is in group"),
        "Person" | "Service" | "Agent" => absent(&known.identities, "there is no identity"),
        "Database" if id == REPLICATION => None,
        "Database" => absent(&known.databases, "weir.toml names no database"),
        "Label" => {
            let own = known.labels.as_ref()?;
            let mut all =
                Label::ALL.iter().map(Label::as_str).chain(own.iter().map(String::as_str));
            if all.clone().any(|one| one == id) {
                return None;
            }
            Some((format!("nothing bears label {id:?}"), near(&mut all)))
        }
        "Class" => {
            let mut all = Class::GIVEN.iter().map(|class| class.as_str()).chain(["unknown"]);
            if all.clone().any(|one| one == id) {
                return None;
            }
            Some((format!("there is no class {id:?}"), near(&mut all)))
        }
        "Table" | "Column" => table(uid, id, types, known),
        _ => None,
    }
}

/// A table of a database whose catalog is known, and which is not there.
fn table(
    uid: &EntityUid,
    id: &str,
    types: &Types,
    known: &Known,
) -> Option<(String, Option<String>)> {
    let (tables, databases) = known.tables.as_ref()?;
    // A part in quotes can hold dots: then where it ends is not certain.
    if id.contains('"') {
        return None;
    }
    let parts: Vec<&str> = id.split('.').collect();
    let wanted = if uid.type_name() == types.column() { 4 } else { 3 };
    let (Some(database), Some(schema)) = (parts.first(), parts.get(1)) else {
        return Some((format!("{id:?} is no path"), None));
    };
    if parts.len() != wanted {
        let form =
            if wanted == 4 { "DATABASE.SCHEMA.TABLE.COLUMN" } else { "DATABASE.SCHEMA.TABLE" };
        return Some((format!("{id:?} is not {form}"), None));
    }
    let own =
        ["pg_catalog", "information_schema"].contains(schema) || schema.starts_with("pg_temp");
    let path = parts.get(..3).unwrap_or_default().join(".");
    if own || !databases.contains(*database) || tables.contains(&path) {
        return None;
    }
    let near = nearest(&path, tables.iter().map(String::as_str));
    Some((
        format!("there is no table {path:?}"),
        near.map(|near| format!("did you mean {near:?}?")),
    ))
}

#[cfg(test)]
mod tests;
