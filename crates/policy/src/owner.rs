//! Who owns what: policies for the action `own` name persons and groups as owners of tables and
//! labels, and `@approval("@owners")` asks those who own what a question is about. Knows scopes
//! alone: what somebody owns depends on nothing else.

use crate::load::Loaded;
use crate::posed::{Member, names};
use crate::rule::{APPROVERS, OWNERS};
use cedar_policy::{
    ActionConstraint, Effect, Entity, EntityUid, Policy, PrincipalConstraint, ResourceConstraint,
};
use model::verdict::{Approval, person};

/// The action that says who owns what. It is never asked for.
const OWN: &str = "own";

/// Owners, each with what they own.
#[derive(Debug, Default)]
pub(crate) struct Owners(Vec<(ResourceConstraint, String)>);

impl Owners {
    pub(crate) fn of(loaded: &[Loaded]) -> Self {
        let owns = |one: &Loaded| {
            let policy = &one.policy;
            let who = owner(&policy.principal_constraint()).filter(|_| says_who_owns(policy))?;
            Some((policy.resource_constraint(), who))
        };
        Self(loaded.iter().filter_map(owns).collect())
    }

    /// The same consent, of those who own the object where it asks its owners. Of what nobody owns
    /// that is group `approvers`, unless it asks others too.
    pub(crate) fn resolve(&self, approval: &Approval, object: Option<&Entity>) -> Approval {
        let mut approval = approval.clone();
        let lists = approval.escalation.iter_mut().map(|later| &mut later.groups);
        for groups in lists.chain(std::iter::once(&mut approval.groups)) {
            if !groups.iter().any(|group| group == OWNERS) {
                continue;
            }
            let what = object.cloned().map(|entity| Member::of(&entity));
            let owned = |what: &Member| {
                let of = self.0.iter().filter(|(resource, _)| names(resource, what));
                of.map(|(_, who)| who.clone()).collect::<Vec<_>>()
            };
            groups.retain(|group| group != OWNERS);
            groups.extend(what.as_ref().map(owned).unwrap_or_default());
            if groups.is_empty() {
                groups.push(APPROVERS.to_owned());
            }
            groups.sort();
            groups.dedup();
        }
        approval
    }
}

/// True for a policy of the action `own`.
pub(crate) fn says_who_owns(policy: &Policy) -> bool {
    let own = |uid: &EntityUid| uid.id().unescaped() == OWN;
    match policy.action_constraint() {
        ActionConstraint::Any => false,
        ActionConstraint::Eq(uid) => own(&uid),
        ActionConstraint::In(uids) => uids.iter().any(own),
    }
}

/// What is wrong with a policy of the action `own`, if anything: it is read, never asked.
pub(crate) fn mistake(policy: &Policy) -> Option<&'static str> {
    let named = !matches!(
        policy.resource_constraint(),
        ResourceConstraint::Any | ResourceConstraint::Is(_)
    );
    if policy.effect() == Effect::Forbid {
        Some("a forbid takes nothing from an owner")
    } else if !matches!(policy.action_constraint(), ActionConstraint::Eq(_)) {
        Some("who owns something is said by a policy of its own")
    } else if owner(&policy.principal_constraint()).is_none() {
        Some("an owner is one person or one group")
    } else if !named {
        Some("what is owned is named: one table, schema, database, label or class")
    } else if policy.has_non_scope_constraint() {
        Some("who owns something depends on no circumstances")
    } else {
        None
    }
}

/// The word for an owner, as an approval has it.
fn owner(principal: &PrincipalConstraint) -> Option<String> {
    match principal {
        PrincipalConstraint::Eq(uid) => Some(person(uid.id().unescaped())),
        PrincipalConstraint::In(uid) | PrincipalConstraint::IsIn(_, uid) => {
            Some(uid.id().unescaped().to_owned())
        }
        PrincipalConstraint::Any | PrincipalConstraint::Is(_) => None,
    }
}
