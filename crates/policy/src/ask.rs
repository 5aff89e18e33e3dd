//! One question to Cedar: may this principal do this to that? Knows how a set is cut into slices so
//! that a question meets few policies; knows no facts and no verdict.

use crate::assume::ACTIONS;
use crate::entity::{Object, Types};
use crate::explain::{Question, Trace};
use crate::inspect::look;
use crate::load::Loaded;
use crate::owner::Owners;
use crate::posed::{Asked, Kept, Scoped, add};
use crate::reach::{Reach, Whom, may_hide, may_stop, sees_everything};
use crate::rule::Rule;
use crate::situation::Circumstances;
use cedar_policy::{
    ActionConstraint, Authorizer, Decision, Effect, Entities, Entity, EntityUid, Policy, PolicySet,
    PrincipalConstraint, Request, Schema,
};
use model::{Identity, IdentityKind, Label, verdict::Approval};
use std::collections::HashMap;

/// Actions that are asked for on columns.
const VALUES: [&str; 10] = [
    "disclose",
    "test",
    "look_up",
    "turn_back",
    "aggregate",
    "infer",
    "write_label",
    "write_mask",
    "copy",
    "export",
];

/// Actions that are asked for apart from what statements do: a policy on these alone stops nothing
/// of what a statement does.
const APART: [&str; 6] =
    ["connect", "function_call", "replicate", "startup_option", "unproven", "unproven_limited"];

/// Policies that can matter to one action and one kind of identity. Which they are follows from
/// their scopes alone, so leaving the others out changes no answer.
#[derive(Debug)]
pub(crate) struct Slice {
    pub(crate) policies: Vec<Scoped>,
    /// True if a policy here tells one column of a table from another other than by its label.
    by_column: bool,
    /// What each says before an object is known; kept for `disclose` alone.
    reaches: Vec<Reach>,
}

/// The slices of one action.
#[derive(Debug)]
struct Cut {
    action: Entity,
    person: Slice,
    service: Slice,
    agent: Slice,
}

/// All policies, ready to be asked.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) types: Types,
    rules: HashMap<cedar_policy::PolicyId, Rule>,
    cuts: HashMap<String, Cut>,
    /// What each policy on what statements do says before an object is known.
    stops: Vec<Reach>,
    authorizer: Authorizer,
    pub(crate) kept: Kept,
    pub(crate) owners: Owners,
    /// A policy looks at the client's address, which takes Cedar long to read.
    pub(crate) by_address: bool,
}

/// What Cedar said.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    /// Permitted.
    pub(crate) allowed: bool,
    /// The policies that decided, by id; empty on a deny by default.
    pub(crate) rules: Vec<&'a Rule>,
    /// Policies that failed while being evaluated. Cedar skips a policy that fails, and a forbid
    /// that is skipped is a permit, so any failure is a deny.
    pub(crate) failed: Vec<&'a Rule>,
    /// False if the question could not even be put: a deny of its own kind.
    pub(crate) asked: bool,
}

/// One principal with its circumstances.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    book: &'a Book,
    kind: IdentityKind,
    principal: Entity,
    /// The principal with its groups, in one text that no other has.
    who: String,
    database: &'a str,
    circumstances: Circumstances<'a>,
    trace: Option<&'a Trace>,
}

impl Book {
    /// Cuts a set into slices.
    pub(crate) fn new(loaded: Vec<Loaded>, schema: &Schema) -> Result<Self, String> {
        let types = Types::new().map_err(|error| error.to_string())?;
        let actions = schema.action_entities().map_err(|error| error.to_string())?;
        let mut cuts = HashMap::new();
        for uid in schema.actions() {
            let action = actions.get(uid).cloned().ok_or_else(|| format!("{uid} is no action"))?;
            let ancestors: Vec<EntityUid> =
                actions.ancestors(uid).into_iter().flatten().cloned().collect();
            let slice = |kind| Slice::new(&loaded, &types, uid, &ancestors, kind);
            let cut = Cut {
                action,
                person: slice(IdentityKind::Person),
                service: slice(IdentityKind::Service),
                agent: slice(IdentityKind::Agent),
            };
            cuts.insert(uid.id().unescaped().to_owned(), cut);
        }
        let by_address = loaded.iter().any(|one| look(&one.policy).address);
        let owners = Owners::of(&loaded);
        let about_statements = loaded.iter().filter(|one| !is_apart(&one.policy));
        let stops = about_statements.map(|one| Reach::of(&one.policy, &one.rule)).collect();
        let rules = loaded.into_iter().map(|one| (one.policy.id().clone(), one.rule)).collect();
        let (authorizer, kept) = (Authorizer::new(), Kept::default());
        Ok(Self { types, rules, cuts, stops, authorizer, kept, owners, by_address })
    }

    /// Works out which policies concern what an identity may ask, on a database, about it and its
    /// tables and labels. Whatever names single tables is worked out when they come up.
    pub(crate) fn warm(&self, identity: &Identity, database: &str) {
        let principal = self.types.principal(identity);
        let who = who(identity);
        let table = Object::Table { schema: "public", name: "" };
        let column = |label| Object::Column { schema: "public", table: "", name: "", label };
        let labels: Vec<Object<'_>> = std::iter::once(None)
            .chain(Label::ALL.iter().map(|label| Some((label, label.class()))))
            .map(column)
            .collect();
        for word in self.cuts.keys() {
            let Some((action, slice)) = self.slice(word, identity.kind) else { continue };
            let valued = VALUES.contains(&word.as_str());
            let objects = [Object::Database, table];
            let labels = if valued { labels.as_slice() } else { &[] };
            for object in objects.into_iter().chain(labels.iter().copied()) {
                let asked = Asked { principal: &principal, who: &who, action, database, object };
                self.kept.prepare(&self.types, &slice.policies, asked);
            }
        }
    }

    pub(crate) fn slice(&self, action: &str, kind: IdentityKind) -> Option<(&Entity, &Slice)> {
        let cut = self.cuts.get(action)?;
        let slice = match kind {
            IdentityKind::Person => &cut.person,
            IdentityKind::Service => &cut.service,
            IdentityKind::Agent => &cut.agent,
        };
        Some((&cut.action, slice))
    }
}

impl Slice {
    fn new(
        loaded: &[Loaded],
        types: &Types,
        action: &EntityUid,
        ancestors: &[EntityUid],
        kind: IdentityKind,
    ) -> Self {
        let (mut policies, mut by_column, mut reaches) = (Vec::new(), false, Vec::new());
        let discloses = action.id().unescaped() == "disclose";
        for one in loaded {
            let Loaded { policy, rule, .. } = one;
            let named = |uid: &EntityUid| uid == action || ancestors.contains(uid);
            let concerns_action = match policy.action_constraint() {
                // A permit for everything is none to become somebody else.
                ActionConstraint::Any => {
                    policy.effect() == Effect::Forbid || !is_assumption(action)
                }
                ActionConstraint::Eq(uid) => uid == *action,
                ActionConstraint::In(uids) => uids.iter().any(named),
            };
            let concerns_kind = match policy.principal_constraint() {
                PrincipalConstraint::Any | PrincipalConstraint::In(_) => true,
                PrincipalConstraint::Eq(uid) => uid.type_name() == types.kind(kind),
                PrincipalConstraint::Is(name) | PrincipalConstraint::IsIn(name, _) => {
                    name == *types.kind(kind)
                }
            };
            if concerns_action && concerns_kind {
                by_column |= tells_columns_apart(policy, types);
                reaches.extend(discloses.then(|| Reach::of(policy, rule)));
                policies.push(Scoped::of(one));
            }
        }
        Self { policies, by_column, reaches }
    }
}

/// A principal with its groups, in one text that no other has.
fn who(identity: &Identity) -> String {
    let mut who = String::new();
    add(&mut who, identity.kind.as_str());
    add(&mut who, identity.name.as_str());
    identity.groups.iter().for_each(|group| add(&mut who, group));
    who
}

/// True if a policy is about nothing that statements do.
fn is_apart(policy: &Policy) -> bool {
    let apart = |uid: &EntityUid| APART.contains(&uid.id().unescaped()) || is_assumption(uid);
    match policy.action_constraint() {
        ActionConstraint::Any => false,
        ActionConstraint::Eq(uid) => apart(&uid),
        ActionConstraint::In(uids) => uids.iter().all(apart),
    }
}

fn is_assumption(action: &EntityUid) -> bool {
    ACTIONS.contains(&action.id().unescaped())
}

/// True if a policy names a column or looks at a resource's name.
fn tells_columns_apart(policy: &Policy, types: &Types) -> bool {
    policy.entity_literals().iter().any(|uid| uid.type_name() == types.column())
        || look(policy).name
}

impl<'a> Asker<'a> {
    /// A principal in its circumstances.
    pub(crate) fn new(
        book: &'a Book,
        identity: &Identity,
        database: &'a str,
        circumstances: Circumstances<'a>,
    ) -> Self {
        let principal = book.types.principal(identity);
        let (who, kind) = (who(identity), identity.kind);
        Self { book, kind, principal, who, database, circumstances, trace: None }
    }

    /// The same, and every question with its answer is noted.
    pub(crate) fn traced(mut self, trace: Option<&'a Trace>) -> Self {
        self.trace = trace;
        self
    }

    /// The consent that a rule asks for where it is about this object.
    pub(crate) fn consent(&self, rule: &Rule, object: Object<'_>) -> Option<Approval> {
        let approval = rule.approval.as_ref()?;
        if !rule.asks_owners() {
            return Some(approval.clone());
        }
        let object = self.book.types.object(self.database, object);
        Some(self.book.owners.resolve(approval, object.as_ref()))
    }

    /// True if columns of one table and one label can get different answers to `action`.
    pub(crate) fn by_column(&self, action: &str) -> bool {
        self.book.slice(action, self.kind).is_none_or(|(_, slice)| slice.by_column)
    }

    /// True if the principal sees whatever there is as it is.
    pub(crate) fn sees_everything(&self) -> bool {
        let Some((_, slice)) = self.book.slice("disclose", self.kind) else { return false };
        self.whom(|who| sees_everything(&slice.reaches, who)).unwrap_or(false)
    }

    /// True if there may be something that the principal is not to see.
    pub(crate) fn hides(&self) -> bool {
        let Some((_, slice)) = self.book.slice("disclose", self.kind) else { return true };
        self.whom(|who| may_hide(&slice.reaches, who)).unwrap_or(true)
    }

    /// True if something that the principal does may be refused, asked about or limited.
    pub(crate) fn may_be_stopped(&self) -> bool {
        self.whom(|who| may_stop(&self.book.stops, who)).unwrap_or(true)
    }

    fn whom(&self, told: impl FnOnce(Whom<'_>) -> bool) -> Option<bool> {
        let database = self.book.types.object(self.database, Object::Database)?.uid();
        let environment = self.circumstances.environment();
        let principal = &self.principal;
        Some(told(Whom { principal, database: &database, environment }))
    }

    /// Asks. Whatever goes wrong is a deny.
    pub(crate) fn ask(&self, action: &str, object: Object<'_>, unbounded: bool) -> Answer<'a> {
        let answer = self.evaluate(action, object, unbounded).unwrap_or(Answer {
            allowed: false,
            rules: Vec::new(),
            failed: Vec::new(),
            asked: false,
        });
        if let Some(trace) = self.trace {
            let database = self.database;
            trace.note(|who| Question::new(who, action, database, object, unbounded, &answer));
        }
        answer
    }

    fn evaluate(&self, action: &str, object: Object<'_>, unbounded: bool) -> Option<Answer<'a>> {
        let (action, slice) = self.book.slice(action, self.kind)?;
        let (principal, who, database) = (&self.principal, self.who.as_str(), self.database);
        let asked = Asked { principal, who, action, database, object };
        let posed = self.book.kept.pose(&self.book.types, &slice.policies, asked)?;
        let context = self.circumstances.context(self.book.by_address, unbounded)?;
        let (uid, resource) = (principal.uid(), posed.resource.clone());
        let request = Request::new(uid, action.uid(), resource, context, None).ok()?;
        let answer = self.put(&posed.chosen.policies, &posed.entities, &request);
        let Some(without) = &posed.chosen.unless_approved else { return Some(answer) };
        let lifts = |rule: &&Rule| rule.approval.is_some();
        if answer.allowed || answer.rules.is_empty() || !answer.rules.iter().all(lifts) {
            return Some(answer);
        }
        // Nothing but forbids that an approval lifts: without them somebody must permit it still.
        let mut lifted = self.put(without, &posed.entities, &request);
        if lifted.allowed {
            lifted.rules.splice(0..0, answer.rules);
        }
        Some(lifted)
    }

    fn put(&self, policies: &PolicySet, entities: &Entities, request: &Request) -> Answer<'a> {
        let response = self.book.authorizer.is_authorized(request, policies, entities);
        let rule = |id| self.book.rules.get(id);
        let mut rules: Vec<&Rule> = response.diagnostics().reason().filter_map(rule).collect();
        rules.sort_by(|left, right| left.id.cmp(&right.id));
        let failed: Vec<&Rule> = response
            .diagnostics()
            .errors()
            .filter_map(|error| match error {
                cedar_policy::AuthorizationError::PolicyEvaluationError(error) => {
                    rule(error.policy_id())
                }
            })
            .collect();
        let sound = response.diagnostics().errors().next().is_none();
        // Without the failed policy the others' verdict means nothing.
        if !sound {
            rules.clear();
        }
        let allowed = sound && response.decision() == Decision::Allow;
        Answer { allowed, rules, failed, asked: true }
    }
}
