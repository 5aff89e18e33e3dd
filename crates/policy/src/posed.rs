//! Questions to Cedar as far as circumstances do not matter: the policies whose scopes they meet,
//! and the entities that they speak of. Knows scopes, and makes no decision.
//!
//! Cedar weighs each policy of the set that it is given, and works out who is in what for each
//! question anew. Both depend on who asks to do what to which object alone, and the same questions
//! come again and again, so they are kept.

use crate::entity::{Object, Types};
use crate::load::Loaded;
use cedar_policy::{
    Effect, Entities, Entity, EntityUid, Policy, PolicySet, PrincipalConstraint, ResourceConstraint,
};
use std::{
    collections::{HashMap, HashSet},
    fmt::Write,
    sync::{Arc, PoisonError, RwLock},
};

/// As many questions are kept; then all are forgotten.
const MOST_KEPT: usize = 4_096;

/// A policy with what its scope says of principal and resource.
#[derive(Debug)]
pub(crate) struct Scoped {
    policy: Policy,
    principal: PrincipalConstraint,
    resource: ResourceConstraint,
    /// A forbid that an approval lifts.
    lifted: bool,
}

/// Policies to be asked together.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) policies: PolicySet,
    /// The same without each forbid that an approval lifts; nothing if there is none.
    pub(crate) unless_approved: Option<PolicySet>,
}

/// A question without its circumstances.
#[derive(Debug)]
pub(crate) struct Posed {
    pub(crate) resource: EntityUid,
    pub(crate) entities: Entities,
    pub(crate) chosen: Arc<Chosen>,
}

/// Questions that were put before.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    all: RwLock<Questions>,
}

#[derive(Debug, Default)]
struct Questions {
    posed: HashMap<String, Arc<Posed>>,
    chosen: HashMap<Places, Arc<Chosen>>,
}

/// A slice, and places of policies in it.
type Places = (String, Box<[usize]>);

/// Who asks to do what, and to what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) principal: &'a Entity,
    /// The principal with its groups, in one text that no other has.
    pub(crate) who: &'a str,
    pub(crate) action: &'a Entity,
    pub(crate) database: &'a str,
    pub(crate) object: Object<'a>,
}

impl Scoped {
    /// Reads a policy's scope.
    pub(crate) fn of(one: &Loaded) -> Self {
        let policy = one.policy.clone();
        let (principal, resource) = (policy.principal_constraint(), policy.resource_constraint());
        let lifted = policy.effect() == Effect::Forbid && one.rule.approval.is_some();
        Self { policy, principal, resource, lifted }
    }

    /// False if the scope leaves this principal or this resource out.
    fn meets(&self, who: &Member, what: &Member) -> bool {
        let principal = match &self.principal {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Eq(uid) => who.is(uid),
            PrincipalConstraint::In(uid) => who.within(uid),
            PrincipalConstraint::Is(name) => who.uid.type_name() == name,
            PrincipalConstraint::IsIn(name, uid) => who.uid.type_name() == name && who.within(uid),
        };
        principal && names(&self.resource, what)
    }
}

/// False if a scope leaves this resource out.
pub(crate) fn names(resource: &ResourceConstraint, what: &Member) -> bool {
    match resource {
        ResourceConstraint::Any => true,
        ResourceConstraint::Eq(uid) => what.is(uid),
        ResourceConstraint::In(uid) => what.within(uid),
        ResourceConstraint::Is(name) => what.uid.type_name() == name,
        ResourceConstraint::IsIn(name, uid) => what.uid.type_name() == name && what.within(uid),
    }
}

/// An entity and everything that it is in.
pub(crate) struct Member {
    uid: EntityUid,
    within: HashSet<EntityUid>,
}

impl Member {
    pub(crate) fn of(entity: &Entity) -> Self {
        let (uid, _, within) = entity.clone().into_inner();
        Self { uid, within }
    }

    fn is(&self, uid: &EntityUid) -> bool {
        self.uid == *uid
    }

    fn within(&self, uid: &EntityUid) -> bool {
        self.is(uid) || self.within.contains(uid)
    }
}

impl Kept {
    /// The question, as it was put before or anew; nothing if Cedar cannot express it.
    pub(crate) fn pose(
        &self,
        types: &Types,
        slice: &[Scoped],
        asked: Asked<'_>,
    ) -> Option<Arc<Posed>> {
        let key = key(asked);
        let kept = self.all.read().unwrap_or_else(PoisonError::into_inner).posed.get(&key).cloned();
        if let Some(kept) = kept {
            return Some(kept);
        }
        let resource = types.object(asked.database, asked.object)?;
        let (who, what) = (Member::of(asked.principal), Member::of(&resource));
        let of = met(slice, &who, &what, asked);
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if all.posed.len() >= MOST_KEPT {
            *all = Questions::default();
        }
        let chosen = all.choose(of, slice)?;
        let entities = [asked.principal.clone(), asked.action.clone(), resource];
        let entities = Entities::from_entities(entities, None).ok()?;
        let posed = Arc::new(Posed { resource: what.uid, entities, chosen });
        all.posed.insert(key, Arc::clone(&posed));
        Some(posed)
    }

    /// Works out which policies a question meets before somebody waits for the answer.
    pub(crate) fn prepare(&self, types: &Types, slice: &[Scoped], asked: Asked<'_>) {
        let Some(resource) = types.object(asked.database, asked.object) else { return };
        let of = met(slice, &Member::of(asked.principal), &Member::of(&resource), asked);
        let mut all = self.all.write().unwrap_or_else(PoisonError::into_inner);
        if all.chosen.len() < MOST_KEPT {
            all.choose(of, slice);
        }
    }

    /// How many sets of policies are kept.
    #[cfg(test)]
    pub(crate) fn sets(&self) -> usize {
        self.all.read().unwrap_or_else(PoisonError::into_inner).chosen.len()
    }
}

impl Questions {
    /// The policies at some places of a slice, to be asked together.
    fn choose(&mut self, of: Places, slice: &[Scoped]) -> Option<Arc<Chosen>> {
        if let Some(chosen) = self.chosen.get(&of) {
            return Some(Arc::clone(chosen));
        }
        let chosen = Chosen::of(of.1.iter().filter_map(|place| slice.get(*place)))?;
        let chosen = Arc::new(chosen);
        self.chosen.insert(of, Arc::clone(&chosen));
        Some(chosen)
    }
}

/// Which policies of its slice a question meets. Slices differ by action and by the principal's
/// kind.
fn met(slice: &[Scoped], who: &Member, what: &Member, asked: Asked<'_>) -> Places {
    let met = slice.iter().enumerate().filter(|(_, one)| one.meets(who, what));
    let places = met.map(|(place, _)| place).collect();
    (format!("{}\0{}", who.uid.type_name(), asked.action.uid()), places)
}

impl Chosen {
    fn of<'a>(all: impl Iterator<Item = &'a Scoped>) -> Option<Self> {
        let (mut policies, mut without, mut lifted) = (PolicySet::new(), PolicySet::new(), false);
        for one in all {
            policies.add(one.policy.clone()).ok()?;
            lifted |= one.lifted;
            if !one.lifted {
                without.add(one.policy.clone()).ok()?;
            }
        }
        Some(Self { policies, unless_approved: lifted.then_some(without) })
    }
}

/// A text that no other question has: each part stands behind its length.
fn key(asked: Asked<'_>) -> String {
    let mut key = String::with_capacity(192);
    let mut part = |text: &str| add(&mut key, text);
    part(asked.who);
    part(asked.action.uid().id().unescaped());
    part(asked.database);
    match asked.object {
        Object::Database => part("database"),
        Object::Group { name } => ["group", name].into_iter().for_each(part),
        Object::Table { schema, name } => ["table", schema, name].into_iter().for_each(part),
        Object::Column { schema, table, name, label } => {
            ["column", schema, table, name].into_iter().for_each(&mut part);
            if let Some((label, class)) = label {
                [label.as_str(), class.as_str()].into_iter().for_each(part);
            }
        }
    }
    key
}

/// Adds a part to a key.
pub(crate) fn add(key: &mut String, part: &str) {
    // Writing to a text does not fail.
    let _ = write!(key, "{}:{part}", part.len());
}

#[cfg(test)]
mod tests;
