//! Whether somebody sees everything as it is, and whether anything may stop what they do: what
//! policies say of a principal before any object is known. Answers err on the side of less: then
//! statements are analysed, what could not be traced stays masked, and what may write must be
//! understood.

use crate::rule::Rule;
use cedar_policy::{Effect, Entity, EntityUid, Policy, PrincipalConstraint, ResourceConstraint};
use serde_json::Value;

/// Who asks where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whom<'a> {
    pub(crate) principal: &'a Entity,
    pub(crate) database: &'a EntityUid,
    /// The database's configured environment.
    pub(crate) environment: &'a str,
}

/// A policy, as far as it can be told without an object.
#[derive(Debug)]
pub(crate) struct Reach {
    /// It masks or forbids; otherwise it lets values leave as they are.
    hides: bool,
    /// It forbids, has somebody asked, or sets a limit.
    stops: bool,
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
            stops: policy.effect() == Effect::Forbid
                || rule.approval.is_some()
                || rule.row_limit.is_some()
                || rule.limits(),
            principal: policy.principal_constraint(),
            resource: policy.resource_constraint(),
            conditions: json.and_then(|mut json| json.get_mut("conditions").map(Value::take)),
        }
    }

    /// Whether all conditions hold; `None` if that depends on more than who asks where.
    fn holds(&self, who: Whom<'_>) -> Option<bool> {
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

    fn names(&self, who: Whom<'_>) -> bool {
        let who = who.principal;
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
    fn shows_all(&self, who: Whom<'_>) -> bool {
        let everywhere = match &self.resource {
            ResourceConstraint::Any => true,
            ResourceConstraint::In(uid) => uid == who.database,
            ResourceConstraint::Eq(_)
            | ResourceConstraint::Is(_)
            | ResourceConstraint::IsIn(..) => false,
        };
        !self.hides && everywhere && self.names(who) && self.holds(who) == Some(true)
    }

    /// True if it may hide something from this principal.
    fn may_hide(&self, who: Whom<'_>) -> bool {
        self.hides && self.may_concern(who)
    }

    fn may_concern(&self, who: Whom<'_>) -> bool {
        let elsewhere = match &self.resource {
            ResourceConstraint::In(uid) | ResourceConstraint::IsIn(_, uid) => {
                uid.type_name() == who.database.type_name() && uid != who.database
            }
            ResourceConstraint::Eq(_) | ResourceConstraint::Is(_) | ResourceConstraint::Any => {
                false
            }
        };
        !elsewhere && self.names(who) && self.holds(who) != Some(false)
    }
}

/// True if these policies show a principal everything in a database as it is.
pub(crate) fn sees_everything(all: &[Reach], who: Whom<'_>) -> bool {
    all.iter().any(|one| one.shows_all(who)) && !may_hide(all, who)
}

/// True if one of these policies may hide something from a principal.
pub(crate) fn may_hide(all: &[Reach], who: Whom<'_>) -> bool {
    all.iter().any(|one| one.may_hide(who))
}

/// True if one of these policies may refuse a principal something, have somebody asked for it, or
/// limit it.
pub(crate) fn may_stop(all: &[Reach], who: Whom<'_>) -> bool {
    all.iter().any(|one| one.stops && one.may_concern(who))
}

/// In a group is who is a member of it; groups hold no groups.
fn within(who: &Entity, group: &EntityUid) -> bool {
    let (uid, _, parents) = who.clone().into_inner();
    uid == *group || parents.contains(group)
}

/// What an expression says of a principal and the database's environment; `None` if it looks at
/// anything else.
fn truth(expression: &Value, who: Whom<'_>) -> Option<bool> {
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
            let principal = who.principal;
            Some(if operator == "in" { within(principal, &uid) } else { principal.uid() == uid })
        }
        "is" if is_principal(side("left")?) && side("in").is_none() => {
            Some(who.principal.uid().type_name().to_string() == side("entity_type")?.as_str()?)
        }
        "==" | "!=" if is_environment(side("left")?) => {
            let same = side("right")?.get("Value")?.as_str()? == who.environment;
            Some(same == (operator == "=="))
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

/// `context.environment`, in the JSON form.
fn is_environment(node: &Value) -> bool {
    let Some(access) = node.get(".") else { return false };
    let context = |node: &Value| node.get("Var").is_some_and(|name| name == "context");
    access.get("left").is_some_and(context)
        && access.get("attr").is_some_and(|name| name == "environment")
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
