//! Whether somebody sees everything as it is: what policies say of a principal before any object is
//! known. Answers err on the side of "no": then statements are analysed, and what could not be
//! traced stays masked.

use crate::rule::Rule;
use cedar_policy::{Effect, Entity, EntityUid, Policy, PrincipalConstraint, ResourceConstraint};
use serde_json::Value;

/// A policy on `disclose`, as far as it can be told without an object.
#[derive(Debug)]
pub(crate) struct Reach {
    /// It masks or forbids; otherwise it lets values leave as they are.
    hides: bool,
    principal: PrincipalConstraint,
    resource: ResourceConstraint,
    /// Cedar's JSON form; `None` if it has none, and then nothing is certain.
    conditions: Option<Value>,
}

impl Reach {
    /// Reads a policy.
    pub(crate) fn of(policy: &Policy, rule: &Rule) -> Self {
        let json = policy.to_json().ok();
        Self {
            hides: policy.effect() == Effect::Forbid || rule.mask.is_some(),
            principal: policy.principal_constraint(),
            resource: policy.resource_constraint(),
            conditions: json.and_then(|mut json| json.get_mut("conditions").map(Value::take)),
        }
    }

    /// Whether all conditions hold; `None` if that depends on more than who asks.
    fn holds(&self, who: &Entity) -> Option<bool> {
        let Some(Value::Array(conditions)) = &self.conditions else { return None };
        every(conditions.iter().map(|condition| {
            let body = truth(condition.get("body")?, who);
            match condition.get("kind")?.as_str()? {
                "when" => body,
                "unless" => body.map(|it| !it),
                _ => None,
            }
        }))
    }

    fn names(&self, who: &Entity) -> bool {
        let is = |name| who.uid().type_name() == name;
        match &self.principal {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Eq(uid) => who.uid() == *uid,
            PrincipalConstraint::In(uid) => within(who, uid),
            PrincipalConstraint::Is(name) => is(name),
            PrincipalConstraint::IsIn(name, uid) => is(name) && within(who, uid),
        }
    }

    /// True if it shows this principal whatever is in this database.
    fn shows_all(&self, who: &Entity, database: &EntityUid) -> bool {
        let everywhere = match &self.resource {
            ResourceConstraint::Any => true,
            ResourceConstraint::In(uid) => uid == database,
            ResourceConstraint::Eq(_)
            | ResourceConstraint::Is(_)
            | ResourceConstraint::IsIn(..) => false,
        };
        !self.hides && everywhere && self.names(who) && self.holds(who) == Some(true)
    }

    /// True if it may hide something from this principal.
    fn may_hide(&self, who: &Entity) -> bool {
        self.hides && self.names(who) && self.holds(who) != Some(false)
    }
}

/// True if these policies show a principal everything in a database as it is.
pub(crate) fn sees_everything(all: &[Reach], who: &Entity, database: &EntityUid) -> bool {
    all.iter().any(|one| one.shows_all(who, database)) && !may_hide(all, who)
}

/// True if one of these policies may hide something from a principal.
pub(crate) fn may_hide(all: &[Reach], who: &Entity) -> bool {
    all.iter().any(|one| one.may_hide(who))
}

/// In a group is who is a member of it; groups hold no groups.
fn within(who: &Entity, group: &EntityUid) -> bool {
    let (uid, _, parents) = who.clone().into_inner();
    uid == *group || parents.contains(group)
}

/// What an expression says of a principal; `None` if it looks at anything else.
fn truth(expression: &Value, who: &Entity) -> Option<bool> {
    let Value::Object(node) = expression else { return None };
    let (operator, operands) = node.iter().next().filter(|_| node.len() == 1)?;
    let side = |name: &str| operands.get(name);
    match operator.as_str() {
        "Value" => operands.as_bool(),
        "!" => truth(side("arg")?, who).map(|it| !it),
        "&&" => every([side("left")?, side("right")?].map(|one| truth(one, who)).into_iter()),
        "||" => {
            let either = [side("left")?, side("right")?].map(|one| truth(one, who).map(|it| !it));
            every(either.into_iter()).map(|it| !it)
        }
        "in" | "==" if is_principal(side("left")?) => {
            let uid = entity(side("right")?)?;
            Some(if operator == "in" { within(who, &uid) } else { who.uid() == uid })
        }
        "is" if is_principal(side("left")?) && side("in").is_none() => {
            Some(who.uid().type_name().to_string() == side("entity_type")?.as_str()?)
        }
        _ => None,
    }
}

/// All hold; one that does not decides, whatever is not known.
fn every(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut sum = Some(true);
    for one in all {
        match one {
            Some(true) => {}
            Some(false) => return Some(false),
            None => sum = None,
        }
    }
    sum
}

fn is_principal(node: &Value) -> bool {
    node.get("Var").is_some_and(|name| name == "principal")
}

/// `Group::"admins"`, in the JSON form.
fn entity(node: &Value) -> Option<EntityUid> {
    let literal = node.get("Value")?;
    let literal = literal.get("__entity").unwrap_or(literal);
    let name = literal.get("type")?.as_str()?.parse().ok()?;
    let id = cedar_policy::EntityId::new(literal.get("id")?.as_str()?);
    Some(EntityUid::from_type_name_and_id(name, id))
}

#[cfg(test)]
mod tests;
