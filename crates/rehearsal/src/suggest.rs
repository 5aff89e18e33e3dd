//! The least Cedar under which an identity could have done what it did: permits for that, and
//! forbids for everything else. It is a text for a person to review, and nothing is in force by it.
//!
//! What was needed is what policy was asked: every statement that ran is decided again, and its
//! questions are noted. Questions on columns are taken together by table and label, because that
//! is how they are asked.

use crate::log::{Asked, KnownShape, Log, moment};
use ledger::Entry;
use model::{Disclosure, Identity, IdentityKind};
use policy::{PolicySet, Question, Request};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt::Write,
};

/// The most tables of one rule; a file with more is not reviewed by anybody.
const MAX_TABLES: usize = 1_000;

/// Why nothing is suggested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSuggestion {
    /// It ran nothing in that time.
    Nothing,
    /// It touched more tables than a person would review.
    TooMany,
}

/// What an identity needed, from the record.
#[derive(Debug)]
pub struct Suggestion<'a> {
    policies: &'a PolicySet,
    name: String,
    log: Log,
    seen: HashSet<(usize, usize)>,
    identity: Option<Identity>,
    needs: Needs,
    statements: u64,
    refused: u64,
    granted: u64,
    unknowable: u64,
}

/// Actions with what they were asked on.
#[derive(Debug, Default)]
struct Needs {
    databases: BTreeSet<String>,
    /// Action and unbounded, to resources.
    effects: BTreeMap<(String, bool), BTreeSet<String>>,
    /// Action, to table and label.
    uses: BTreeMap<String, BTreeSet<(String, String)>>,
    /// Table and label of every column of which anything left.
    shown: BTreeSet<(String, String)>,
    /// Those that left raw.
    raw: BTreeSet<(String, String)>,
    /// `unproven`, `unproven_limited`.
    unproven: BTreeSet<String>,
}

impl<'a> Suggestion<'a> {
    /// For the identity of this name, whose rights now are those of `policies`.
    pub fn new(policies: &'a PolicySet, name: &str) -> Self {
        Self {
            policies,
            name: name.to_owned(),
            log: Log::default(),
            seen: HashSet::new(),
            identity: None,
            needs: Needs::default(),
            statements: 0,
            refused: 0,
            granted: 0,
            unknowable: 0,
        }
    }

    /// Takes one record in. A statement counts if `wanted` says so.
    pub fn feed(&mut self, entry: &Entry, wanted: impl Fn(&Asked) -> bool) {
        let Some(asked) = self.log.feed(entry) else { return };
        let Ok(asker) = asked.asker else { return };
        let Some(who) = self.log.askers().get(asker) else { return };
        if who.identity.name.as_str() != self.name || !wanted(&asked) {
            return;
        }
        if !asked.ran {
            self.refused += 1;
            return;
        }
        // What is given for an hour is asked for each time: a permit would give it for good.
        if asked.granted {
            self.granted += 1;
            return;
        }
        let shape = asked.shape.ok().and_then(|place| Some((place, self.log.shapes().get(place)?)));
        let Some((place, known)) = shape.filter(|(_, known)| known.ground.is_some()) else {
            self.unknowable += 1;
            return;
        };
        self.statements += 1;
        if !self.seen.insert((asker, place)) {
            return;
        }
        let Some((facts, catalog, labels)) = &known.ground else { return };
        let context = policy::Context { now: moment(asked.time), ..who.context() };
        let explained = self.policies.explain(&Request {
            identity: &who.identity,
            database: &who.database,
            environment: &who.environment,
            facts,
            catalog,
            labels,
            context: &context,
        });
        let own = explained.questions.iter().filter(|asked| asked.identity == self.name);
        own.for_each(|question| self.needs.take(question, known));
        self.needs
            .databases
            .insert(format!("Database::{:?}", policy::path(&[who.database.as_str()])));
        self.identity = Some(who.identity.clone());
    }

    /// The text.
    ///
    /// # Errors
    /// Why there is none.
    pub fn finish(&self) -> Result<String, NoSuggestion> {
        let identity = self.identity.as_ref().ok_or(NoSuggestion::Nothing)?;
        if self.needs.effects.values().map(BTreeSet::len).max().unwrap_or_default() > MAX_TABLES {
            return Err(NoSuggestion::TooMany);
        }
        let mut out = String::new();
        let name = identity.name.as_str();
        let kind = match identity.kind {
            IdentityKind::Person => "Person",
            IdentityKind::Service => "Service",
            IdentityKind::Agent => "Agent",
        };
        let who = format!("principal == {kind}::{name:?}");
        let (ran, shapes) = (self.statements, self.seen.len());
        let _ = writeln!(
            out,
            "// What the {} {name} did, and nothing else: {ran} statements, of {shapes} shapes.",
            identity.kind.as_str()
        );
        let _ = writeln!(
            out,
            "// Not counted: {} that were refused, {} whose record does not hold enough.",
            self.refused, self.unknowable
        );
        if self.granted > 0 {
            let granted = self.granted;
            let _ = writeln!(
                out,
                "// Nor {granted} in sessions with a grant, which is asked for each time."
            );
        }
        if identity.acts_for.is_some() {
            out.push_str("// Whoever it acts for must be permitted the same.\n");
        }
        out.push_str(
            "// Review it: what it did is not what it must do, and what it needs once a year may \
             not be here.\n",
        );
        self.needs.permits(&mut out, name, &who);
        self.needs.forbids(&mut out, name, &who);
        Ok(out)
    }
}

impl Needs {
    fn take(&mut self, question: &Question, known: &KnownShape) {
        let action = question.action.as_str();
        let label = question.label.as_ref().map(ToString::to_string).unwrap_or_default();
        let table = question.table.clone();
        match action {
            "unproven" | "unproven_limited" => {
                if question.allowed {
                    self.unproven.insert(action.to_owned());
                }
            }
            "disclose" => {
                let Some(table) = table else { return };
                let raw = known.record.disclosures.iter().any(|disclosure| match disclosure {
                    Disclosure::Raw { labels } => labels.iter().any(|one| one.as_str() == label),
                    Disclosure::Scan | Disclosure::Masked { .. } => false,
                });
                if raw && question.allowed {
                    self.raw.insert((table.clone(), label.clone()));
                }
                // What bears no label is in no class, so nothing is forbidden of it.
                if !label.is_empty() {
                    self.shown.insert((table, label));
                }
            }
            // A refusal of these is not one of the statement: another question follows, or nothing.
            "aggregate" | "turn_back" if !question.allowed => {}
            _ => match table {
                Some(table) => {
                    self.uses.entry(action.to_owned()).or_default().insert((table, label));
                }
                None => {
                    let key = (action.to_owned(), question.unbounded);
                    self.effects.entry(key).or_default().insert(question.resource.clone());
                }
            },
        }
    }

    fn permits(&self, out: &mut String, name: &str, who: &str) {
        let mut rule = |id: String, reason: &str, text: String| {
            let _ = write!(out, "\n@id({id:?})\n@reason({reason:?})\n{text}");
        };
        for ((action, unbounded), resources) in &self.effects {
            let id = format!("{name}-{action}{}", if *unbounded { "-unbounded" } else { "" });
            let bound = if *unbounded { "context.unbounded && " } else { "" };
            let test = within(resources);
            let text = format!(
                "permit ({who}, action == Action::{action:?}, resource)\n\
                 when {{ {bound}({test}) }};\n"
            );
            rule(id, &format!("{name} did this here"), text);
        }
        for (action, pairs) in &self.uses {
            let text = format!(
                "permit ({who}, action == Action::{action:?}, resource)\nwhen {{\n{}\n}};\n",
                of_columns(pairs)
            );
            rule(format!("{name}-{action}"), &format!("{name} used these columns so"), text);
        }
        if !self.raw.is_empty() {
            let text = format!(
                "permit ({who}, action == Action::\"disclose\", resource)\nwhen {{\n{}\n}};\n",
                of_columns(&self.raw)
            );
            rule(format!("{name}-sees"), &format!("{name} saw these as they are"), text);
        }
        for action in &self.unproven {
            let test = within(&self.databases);
            let text = format!(
                "permit ({who}, action == Action::{action:?}, resource)\nwhen {{ {test} }};\n"
            );
            let reason = format!("{name} ran statements that were not understood");
            rule(format!("{name}-{action}"), &reason, text);
        }
    }

    fn forbids(&self, out: &mut String, name: &str, who: &str) {
        let mut rule = |id: &str, reason: &str, advice: &str, text: String| {
            let id = format!("{name}-{id}");
            let _ = write!(
                out,
                "\n@id({id:?})\n@reason({reason:?})\n@advice({advice:?})\nforbid ({who}, {text}"
            );
        };
        let reason = format!("{name} has not done this before");
        let advice = "If it is needed, add it to the policies of this identity.";
        let test = within(&self.databases);
        let text = format!("action == Action::\"connect\", resource)\nunless {{ {test} }};\n");
        rule("nowhere-else", &reason, advice, text);
        let cases = self.effects.iter().map(|((action, unbounded), resources)| {
            // What was only done with bounds stays bound.
            let bound = if *unbounded { "" } else { " && !context.unbounded" };
            let bound = if asks_bounds(action) { bound } else { "" };
            format!("  (action == Action::{action:?}{bound} && ({}))", within(resources))
        });
        let cases = cases.collect::<Vec<_>>().join(" ||\n");
        let groups = "[Action::\"read\", Action::\"write\", Action::\"definition\", \
                      Action::\"administration\", Action::\"control\"]";
        let text = format!("action in\n  {groups}, resource)\nunless {{\n{cases}\n}};\n");
        rule("nothing-else", &reason, advice, text);
        // Where these are not permitted another question follows, or nothing.
        let asked = |action: &str| !matches!(action, "aggregate" | "turn_back" | "write_mask");
        let uses = self.uses.iter().filter(|(action, _)| asked(action));
        let cases = uses.map(|(action, pairs)| {
            format!("  (action == Action::{action:?} && (\n{}))", of_columns(pairs))
        });
        let cases = cases.collect::<Vec<_>>().join(" ||\n");
        let unless =
            if cases.is_empty() { String::new() } else { format!("\nunless {{\n{cases}\n}}") };
        let actions = "[Action::\"test\", Action::\"look_up\", Action::\"infer\", \
                       Action::\"write_label\", Action::\"copy\", Action::\"export\"]";
        let text = format!("action in\n  {actions}, resource){unless};\n");
        rule("no-other-use", &reason, advice, text);
        let unless = match self.shown.is_empty() {
            true => String::new(),
            false => format!("\nunless {{\n{}\n}}", of_columns(&self.shown)),
        };
        let text = format!(
            "action == Action::\"disclose\", resource is Column)\nwhen {{\n  resource in \
             Class::\"pii\" || resource in Class::\"pci\" || resource in Class::\"phi\" ||\n  \
             resource in Class::\"secret\" || resource in Class::\"unknown\"\n}}{unless};\n"
        );
        rule("sees-nothing-else", &reason, advice, text);
    }
}

/// Actions for which it matters whether something narrows them.
fn asks_bounds(action: &str) -> bool {
    matches!(action, "update" | "delete" | "merge" | "lock" | "select")
}

fn temporary(resource: &str) -> bool {
    resource.starts_with("Table::") && resource.contains(".pg_temp_")
}

/// That the resource is one of these, which may be of two types. Of a database it is what is asked
/// of no table: all of its tables are in it too.
fn within(resources: &BTreeSet<String>) -> String {
    let of = |(kind, of_this): (&str, &str)| {
        let named: Vec<&str> = resources
            .iter()
            .filter(|one| one.starts_with(kind) && !temporary(one))
            .map(String::as_str)
            .collect();
        (!named.is_empty()).then(|| format!("{of_this}resource in [{}]", named.join(", ")))
    };
    let kinds = [("Table::", ""), ("Database::", "resource is Database && ")];
    let mut parts: Vec<String> = kinds.into_iter().filter_map(of).collect();
    // The schema of temporary tables has another name in each session.
    if resources.iter().any(|one| temporary(one)) {
        parts.push("(resource is Table && resource.temporary)".to_owned());
    }
    if parts.is_empty() { "false".to_owned() } else { parts.join(" || ") }
}

fn of_columns(pairs: &BTreeSet<(String, String)>) -> String {
    let pair = |(table, label): &(String, String)| match label.as_str() {
        "" => format!("  (resource in {table})"),
        label => format!("  (resource in {table} && resource in Label::{label:?})"),
    };
    pairs.iter().map(pair).collect::<Vec<_>>().join(" ||\n")
}
