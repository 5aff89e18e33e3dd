//! Identity, facts and context to a verdict.
//!
//! Policies are Cedar files: a shipped baseline and a folder of the administrator's own. A
//! [`PolicySet`] is loaded whole, after strict validation against `schema.cedarschema`, or not at
//! all. [`PolicySet::decide`] is pure and total: the same request gives the same verdict, and
//! whatever goes wrong on the way is a deny. This crate knows no SQL text, no wire format and no
//! clock; docs/policy.md explains the language to people.
//!
//! ```text
//! files ─▶ load ─▶ ask ◀─ entity, situation
//!                   ▲
//! request ─▶ judge ─┼─ effects and uses: what is refused, and why
//!                   ├─ sight: what each output may show
//!                   └─ ladder: what is not understood
//!            strictest ◀─ one judgement per member of the chain (agent, whom it acts for)
//!                 └─ task: what the work at hand does not name is refused
//! ```
//!
//! ```
//! # use model::{Catalog, Facts, Identity, IdentityKind, LabelMap, Outcome};
//! # use policy::{Context, PolicySet, Request};
//! let policies = PolicySet::baseline().map_err(|problems| problems[0].clone())?;
//! let alice = Identity {
//!     name: "alice".into(),
//!     kind: IdentityKind::Person,
//!     groups: vec![],
//!     acts_for: None,
//! };
//! let verdict = policies.decide(&Request {
//!     identity: &alice,
//!     database: &"shop".into(),
//!     environment: "production",
//!     facts: &Facts::unknown("the statement", "it does not parse"),
//!     catalog: &Catalog::default(),
//!     labels: &LabelMap::default(),
//!     context: &Context {
//!         now: std::time::UNIX_EPOCH,
//!         address: None,
//!         tls: true,
//!         application: "psql",
//!         risk: policy::Risk::default(),
//!         work: policy::Work::default(),
//!     },
//! });
//! assert_eq!(verdict.outcome, Outcome::Deny);
//! # Ok::<(), policy::Problem>(())
//! ```

#![deny(clippy::wildcard_enum_match_arm)]

mod ask;
mod assume;
mod doubt;
mod entity;
mod explain;
mod inspect;
mod judge;
mod listed;
mod load;
mod owner;
mod packs;
mod posed;
mod problem;
mod reach;
mod rule;
mod shadow;
mod sight;
mod situation;
mod strictest;
mod task;
mod tie;
mod wording;

pub use assume::{Assumption, Terms};
pub use doubt::Known;
pub use explain::{Explained, Question};
pub use inspect::Looks;
pub use listed::Listed;
pub use load::{MAX_FILE_BYTES, MAX_POLICIES};
pub use packs::{PACKS, Pack};
pub use problem::Problem;
pub use shadow::obligations;
pub use sight::default_method;
pub use tie::told;

use ask::{Asker, Book};
use cedar_policy::Schema;
use entity::Object;
use explain::Trace;
use model::{Catalog, DatabaseName, Facts, Identity, LabelMap, Task, Verdict};
use shadow::Shadowed;
use situation::{Circumstances, Situation};
use std::{net::IpAddr, path::Path, time::SystemTime};

/// The longest chain of agents acting for one another.
pub const MAX_CHAIN: usize = 8;
/// Groupings of groups for which policies are looked through beforehand.
const MOST_WARMED: usize = 64;

/// A sound set of policies. Immutable; share it by `Arc`.
#[derive(Debug)]
pub struct PolicySet {
    book: Book,
    version: u64,
    looks: Looks,
    listed: Vec<Listed>,
    sources: Vec<load::Source>,
    shadowed: Option<Shadowed>,
}

/// A statement to be judged.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who wants it run.
    pub identity: &'a Identity,
    /// On which database, by Weir's name for it.
    pub database: &'a DatabaseName,
    /// The database's configured environment.
    pub environment: &'a str,
    /// What the statement does.
    pub facts: &'a Facts,
    /// The catalog that the facts were made with.
    pub catalog: &'a Catalog,
    /// Labels in force.
    pub labels: &'a LabelMap,
    /// Under which circumstances.
    pub context: &'a Context<'a>,
}

/// Circumstances of a request, attested by Weir (but for `application`, which the client chose).
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The time.
    pub now: SystemTime,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// The client's connection is encrypted.
    pub tls: bool,
    /// `application_name` as the client set it: a claim.
    pub application: &'a str,
    /// How risky it is; nothing outside of statements.
    pub risk: Risk,
    /// What it is done for.
    pub work: Work<'a>,
}

/// What somebody works on, and what came of it so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work<'a> {
    /// The task that a person gave: what it does not name is refused, whatever policies permit.
    pub task: Option<&'a Task>,
    /// How much is left of the scarcest of its budgets: percent.
    pub left: u32,
    /// What for: the task's purpose, or what the client says; empty if nobody said.
    pub purpose: &'a str,
    /// An agent was shown text that others can write, and nobody cleared it since.
    pub tainted: bool,
}

/// How risky a statement is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Risk {
    /// 0 to 100.
    pub score: u32,
    /// Of the tables with labels that it reads, how much of the one that this identity has read
    /// most of within a day: percent.
    pub share: u32,
}

/// A feature of the protocol that goes past statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolFeature<'a> {
    /// The FunctionCall message.
    FunctionCall,
    /// A replication connection.
    Replication,
    /// A parameter of the start-up message, or one inside its `options`; by name.
    StartupOption(&'a str),
}

impl PolicySet {
    /// The shipped policies alone.
    pub fn baseline() -> Result<Self, Vec<Problem>> {
        Self::load(None)
    }

    /// The shipped policies and those of a folder (files ending in `.cedar`, not its subfolders).
    /// A file of a shipped one's name replaces it.
    pub fn load(dir: Option<&Path>) -> Result<Self, Vec<Problem>> {
        Self::of(&load::sources(dir)?)
    }

    fn of(sources: &[load::Source]) -> Result<Self, Vec<Problem>> {
        let broken = |message: String| {
            let file = "schema.cedarschema".into();
            vec![Problem { file, line: 1, column: 1, message, help: None }]
        };
        let (schema, _) = Schema::from_cedarschema_str(load::SCHEMA)
            .map_err(|error| broken(format!("{:?}", miette::Report::new(error))))?;
        let loaded = load::load(sources, &schema)?;
        let version = load::version(sources);
        let looks = loaded.iter().fold(Looks::default(), |all, one| {
            let look = inspect::look(&one.policy);
            all.and(look)
        });
        let listed = load::listed(&loaded, sources);
        let ids = loaded.iter().filter(|one| one.rule.shadow).map(|one| one.rule.id.clone());
        let ids: std::collections::HashSet<model::PolicyId> = ids.collect();
        let shadowed = match ids.is_empty() {
            true => None,
            false => {
                let book = Book::new(loaded.clone(), &schema).map_err(broken)?;
                Some(Shadowed { book, ids })
            }
        };
        let in_force = loaded.into_iter().filter(|one| !one.rule.shadow).collect();
        let book = Book::new(in_force, &schema).map_err(broken)?;
        Ok(Self { book, version, looks, listed, sources: sources.to_vec(), shadowed })
    }

    /// Works out what these identities' questions have to do with which policies before they ask,
    /// so that the first statement after a change of policies waits no longer than others. Nothing
    /// is decided by it. Of many groupings of groups the first are taken.
    pub fn warm<'a>(
        &self,
        identities: impl IntoIterator<Item = &'a Identity>,
        databases: &[DatabaseName],
    ) {
        let mut seen = std::collections::HashSet::new();
        for identity in identities {
            if seen.len() >= MOST_WARMED {
                return;
            }
            if seen.insert((identity.kind, &identity.groups)) {
                let books = std::iter::once(&self.book);
                let books = books.chain(self.shadowed.iter().map(|shadowed| &shadowed.book));
                for (book, database) in
                    books.flat_map(|book| databases.iter().map(move |database| (book, database)))
                {
                    book.warm(identity, database.as_str());
                }
            }
        }
    }

    /// This set with more policies, by the name of their file. A file of a name that is there
    /// already replaces it, as in a folder.
    ///
    /// # Errors
    /// What is wrong with the texts.
    pub fn with(&self, texts: &[(&str, &str)]) -> Result<Self, Vec<Problem>> {
        let mut sources = self.sources.clone();
        for (file, text) in texts {
            let (file, text) = (std::path::PathBuf::from(file), (*text).to_owned());
            sources.retain(|source| source.file.file_name() != file.file_name());
            sources.push(load::Source { file, text });
        }
        Self::of(&sources)
    }

    /// A hash of all texts, the same on every machine.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Every policy, by file and line; shipped ones too.
    pub fn policies(&self) -> &[Listed] {
        &self.listed
    }

    /// True if a policy looks at the time, so that a verdict may not be kept.
    pub fn time_dependent(&self) -> bool {
        self.looks.now || self.looks.clock
    }

    /// Policies that are sound and yet say nothing: only what is certain by what is known beside.
    pub fn doubts(&self, known: &Known) -> Vec<Problem> {
        doubt::doubts(&self.listed, &self.book.types, known)
    }

    /// What the policies look at of the circumstances.
    pub fn looks(&self) -> Looks {
        self.looks
    }

    /// True if a policy looks at the risk, so that a verdict depends on what was done before.
    pub fn risk_dependent(&self) -> bool {
        self.looks.risk || self.looks.share
    }

    /// Judges a statement. An agent is judged as itself and as the identity it acts for; the
    /// strictest verdict holds.
    pub fn decide(&self, request: &Request<'_>) -> Verdict {
        let mut verdict = Self::judged(&self.book, request, None);
        if let Some(shadowed) = &self.shadowed {
            let would = Self::judged(&shadowed.book, request, None);
            verdict.shadow = shadowed.difference(&verdict, would);
        }
        verdict
    }

    /// The same verdict, with every question that led to it.
    pub fn explain(&self, request: &Request<'_>) -> Explained {
        let trace = Trace::new(request.identity);
        let verdict = Self::judged(&self.book, request, Some(&trace));
        let verdict = Verdict { shadow: self.decide(request).shadow, ..verdict };
        Explained { verdict, questions: trace.questions() }
    }

    fn judged(book: &Book, request: &Request<'_>, trace: Option<&Trace>) -> Verdict {
        let mut verdict = judge::judge(book, request, request.identity, trace);
        let mut member = request.identity;
        for _ in 0..MAX_CHAIN {
            match &member.acts_for {
                Some(principal) => {
                    trace.iter().for_each(|trace| trace.of(principal));
                    let other = judge::judge(book, request, principal, trace);
                    verdict = strictest::strictest(verdict, other, member, principal);
                    member = principal;
                }
                None => return task::within(strictest::finished(verdict, member), request),
            }
        }
        wording::refuse(format!("more than {MAX_CHAIN} identities act for one another"))
    }

    /// Whether an identity may connect; the error is the refusal.
    pub fn may_connect(
        &self,
        identity: &Identity,
        database: &DatabaseName,
        environment: &str,
        context: &Context<'_>,
    ) -> Result<(), Verdict> {
        if let Some(task) = context.work.task {
            task::names_database(task, database.as_str())?;
        }
        let scene = Scene { identity, database, environment, context };
        self.may(scene, "connect", None)
    }

    /// Whether an identity may use a feature of the protocol; the error is the refusal.
    pub fn may_use(
        &self,
        identity: &Identity,
        database: &DatabaseName,
        environment: &str,
        context: &Context<'_>,
        protocol: ProtocolFeature<'_>,
    ) -> Result<(), Verdict> {
        let scene = Scene { identity, database, environment, context };
        if let Some(task) = context.work.task {
            task::has_feature(task, protocol)?;
        }
        match protocol {
            ProtocolFeature::FunctionCall => self.may(scene, "function_call", None),
            ProtocolFeature::Replication => self.may(scene, "replicate", None),
            ProtocolFeature::StartupOption(name) => {
                let name = name.to_ascii_lowercase();
                self.may(scene, "startup_option", Some(&name))
            }
        }
    }

    /// Whether an identity has full rights: facts need not be complete, nothing is hidden from it,
    /// and nothing that it does is refused, asked about or limited.
    pub fn full_rights(
        &self,
        identity: &Identity,
        database: &DatabaseName,
        environment: &str,
        context: &Context<'_>,
    ) -> bool {
        let free = |asker: &Asker<'_>| !asker.may_be_stopped();
        self.sees_all(identity, database, environment, context)
            && self.each(Scene { identity, database, environment, context }, free)
    }

    /// Whether nothing is hidden from an identity, and what is not understood runs for it as far as
    /// nothing may stop it.
    pub fn sees_all(
        &self,
        identity: &Identity,
        database: &DatabaseName,
        environment: &str,
        context: &Context<'_>,
    ) -> bool {
        let scene = Scene { identity, database, environment, context };
        // What is not understood is not what a task names.
        context.work.task.is_none()
            && self.may(scene, "unproven", None).is_ok()
            && self.each(scene, |asker| asker.sees_everything())
    }

    /// True if something holds for every member of the chain.
    fn each(&self, scene: Scene<'_>, holds: impl Fn(&Asker<'_>) -> bool) -> bool {
        let members = std::iter::successors(Some(scene.identity), |it| it.acts_for.as_deref());
        let database = scene.database.as_str();
        members.into_iter().all(|member| {
            let nothing = Situation::default();
            let circumstances = Circumstances::new(scene.context, scene.environment, nothing);
            holds(&Asker::new(&self.book, member, database, circumstances))
        })
    }

    /// Asks every member of the chain.
    fn may(&self, scene: Scene<'_>, action: &str, option: Option<&str>) -> Result<(), Verdict> {
        let mut member = scene.identity;
        for _ in 0..MAX_CHAIN {
            let acts_for = member.acts_for.as_deref();
            let situation = Situation {
                complete: true,
                acts_for: acts_for.map(|principal| principal.name.as_str()),
                option,
                ..Situation::default()
            };
            let circumstances = Circumstances::new(scene.context, scene.environment, situation);
            let asker = Asker::new(&self.book, member, scene.database.as_str(), circumstances);
            let answer = asker.ask(action, Object::Database, false);
            if !answer.allowed || answer.rules.iter().any(|rule| rule.approval.is_some()) {
                return Err(wording::refuse_feature(&answer, action, option, scene, member));
            }
            match acts_for {
                Some(principal) => member = principal,
                None if member.kind == model::IdentityKind::Agent => {
                    return Err(wording::refuse_orphan(member));
                }
                None => return Ok(()),
            }
        }
        Err(wording::refuse(format!("more than {MAX_CHAIN} identities act for one another")))
    }
}

/// Names as policies write them: joined by dots, those with a dot or a quote in quotes.
pub fn path(names: &[&str]) -> String {
    entity::path(names)
}

/// A deny for a reason outside policies.
pub fn refusal(reason: &str) -> Verdict {
    wording::refuse(reason.to_owned())
}

/// Who, where, under which circumstances: what a question apart from statements needs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) identity: &'a Identity,
    pub(crate) database: &'a DatabaseName,
    pub(crate) environment: &'a str,
    pub(crate) context: &'a Context<'a>,
}

#[cfg(test)]
mod tests;
