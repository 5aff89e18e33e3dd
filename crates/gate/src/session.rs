//! One client's governed session: who asks, in which scope, and the four calls. Knows no protocol
//! and no clock.

mod acting;
mod asked;
mod call;
mod ending;
mod fetched;
mod flying;
mod follow;
mod past;
mod planning;
mod preview;
mod replication;
mod results;
mod role;
mod structure;
mod temporary;
mod turned;
mod working;

use flying::Flying;
use follow::Held;
pub(crate) use follow::{changes_names, ends_transaction};
pub(crate) use planning::names_something as runs_by_name;
pub use role::WorksAs;
pub use structure::Seen;
pub use working::{RowRoom, Working};

use crate::{
    clearance::{Cleared, Statement, StatementPart},
    database::Database,
    history::History,
    hold::Approved,
    line::Gate,
    plan::{Part, Plan},
    preview::Preview,
    record::{self, Parameters, Value},
    refusal::Refusal,
    work::Mark,
};
use ledger::{
    Sequence, SessionId, StatementId, Time,
    record::{Disclosed, Via},
};
use model::{Durability, Granted, Identity, Outcome, Verdict};
use policy::{Context, ProtocolFeature, Risk};
use sql::Scope;
use std::{net::IpAddr, sync::Arc, time::SystemTime};
use temporary::Temporary;

/// `pg_type.oid` of text.
const TEXT: u32 = 25;

/// What is attested about the client's end of the connection.
#[derive(Clone, Debug)]
pub struct Client {
    /// Peer address; `None` for a Unix socket.
    pub address: Option<IpAddr>,
    /// Peer port.
    pub port: Option<u16>,
    /// How it proved itself: `scram-sha-256`, `scram-sha-256-plus`.
    pub method: &'static str,
    /// By which way its statements come, if not by messages of the engine's protocol.
    pub via: Option<Via>,
    /// By which credential, by its name.
    pub credential: String,
    /// The connection is encrypted.
    pub tls: bool,
    /// `application_name` as the client claims it.
    pub application: String,
    /// Grants that are part of the identity's groups.
    pub grants: Vec<Granted>,
    /// What it came to work on.
    pub work: Working,
    /// Everything in it is tried and undone.
    pub preview: Option<Preview>,
    /// As which role of the database.
    pub role: WorksAs,
}

/// Whether a text can be planned now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Yes.
    Ready,
    /// The scope may have changed: ask the server for its settings, then [`Session::set_scope`].
    ScopeUnknown,
    /// The database may have changed: wait until [`Database::is_fresh`].
    CatalogStale,
}

/// What one statement did, for its outcome.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Microseconds from forwarding to completion.
    pub duration_us: u64,
    /// Rows that left.
    pub rows: u64,
    /// Bytes of rows that left.
    pub bytes: u64,
    /// Per output column, how its values left. Empty if rows were relayed without a look.
    pub disclosed: Vec<Disclosed>,
    /// SQLSTATE if it failed.
    pub sqlstate: Option<String>,
    /// How it ended if not by the upstream.
    pub ended: Option<&'static str>,
    /// The command tag if it succeeded.
    pub tag: Option<String>,
    /// Rows that it changed in all, where that was counted.
    pub changed: Option<u64>,
    /// The approval by which what it changed was kept, if that was found while it ran.
    pub approved: Option<Approved>,
}

/// One governed session.
#[derive(Debug)]
pub struct Session {
    gate: Arc<Gate>,
    database: Arc<Database>,
    identity: Arc<Identity>,
    client: Client,
    id: SessionId,
    /// What it is when it acts for nobody, while it acts for an end user.
    acting: Option<Box<acting::Plain>>,
    asker: u64,
    scope: Scope,
    scope_key: u64,
    scope_known: bool,
    /// The server may keep plans in which names mean what they meant before.
    plans_kept: bool,
    scope_touched: bool,
    catalog_touched: bool,
    flying: Flying,
    /// Cursors WITH HOLD, of transactions that are committed and of the open one.
    held: Held,
    /// What the scope's names depend on, without what is put into the session's own tables.
    names_key: u64,
    /// The path as the setting has it.
    path: Vec<String>,
    /// The session's own tables and views.
    temporary: Temporary,
    /// The catalog as the open transaction changed it.
    structure: structure::Structure,
    /// With full rights: what the catalog must be read after for the message that waits for it.
    awaited: Option<u64>,
    /// The reading of the catalog that the session's own were told after.
    catalog_seen: u64,
    unrestricted: bool,
    sees_all: bool,
    policies_seen: u64,
    standing_seen: u64,
    /// Of an agent: whether it was shown what others can write.
    mark: Option<Arc<Mark>>,
    /// The catalog under which the prepared statements were analysed.
    catalog_prepared: u64,
    statements: u64,
    rows: u64,
    bytes: u64,
    closed: bool,
    history: Arc<History>,
    /// Statements that its past does not have yet, and the minute in which they came.
    pulse: (u32, u64),
    /// How many rows of each cursor left.
    fetched: fetched::Fetched,
    /// Rows that left or were changed since the past heard of it.
    moved: u64,
    /// What was found last to be unlike the past.
    unlike: Option<past::Unlike>,
}

impl Session {
    /// Opens a session for a verified identity, if policy lets it connect; records either.
    pub fn open(
        gate: &Arc<Gate>,
        database: &Arc<Database>,
        identity: &Arc<Identity>,
        client: Client,
        now: SystemTime,
    ) -> Result<Self, Refusal> {
        let mut session = Self {
            asker: acting::asker_of(identity, &client),
            gate: Arc::clone(gate),
            database: Arc::clone(database),
            identity: Arc::clone(identity),
            client,
            id: gate.ledger.session(Time::from(now)),
            acting: None,
            scope: Scope::default(),
            scope_key: 0,
            scope_known: true,
            plans_kept: false,
            scope_touched: false,
            catalog_touched: false,
            flying: Flying::of(database),
            held: Held::default(),
            names_key: 0,
            path: Vec::new(),
            temporary: Temporary::default(),
            structure: structure::Structure::default(),
            awaited: None,
            catalog_seen: database.catalog_version(),
            unrestricted: false,
            sees_all: false,
            policies_seen: 0,
            standing_seen: 0,
            mark: None,
            catalog_prepared: 0,
            statements: 0,
            rows: 0,
            bytes: 0,
            closed: true,
            history: gate.histories.of(&identity.chain()),
            pulse: (0, 0),
            fetched: fetched::Fetched::default(),
            moved: 0,
            unlike: None,
        };
        session.mark = session.mark_of();
        let policies = gate.policies.load_full();
        let (context, environment) = (session.context(now), &session.database.environment);
        let (identity, name) = (&session.identity, &session.database.name);
        if let Err(verdict) = policies.may_connect(identity, name, environment, &context) {
            let refusal = Refusal::by_policy(&verdict, None);
            record::session_refused(&session, &refusal, now);
            return Err(refusal);
        }
        session.follow_policies(&policies, now);
        let knowledge = session.database.knowledge();
        session.path.clone_from(&knowledge.catalog.search_path);
        session.scope.standard_conforming_strings = true;
        session.scope.role = session.bound_role().map(Into::into);
        session.scope_known = knowledge.generation > 0 && session.scope.role.is_none();
        session.adopt();
        record::session_opened(&session, now)?;
        session.closed = false;
        session.beat(now);
        Ok(session)
    }

    /// The session's id in the record.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The database it is for.
    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    /// What is attested of the client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The shared half.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// True if the identity has full rights here as of the last policies seen.
    pub fn unrestricted(&self) -> bool {
        self.unrestricted
    }

    /// True if nothing is hidden from the identity, though something may stop it.
    pub fn sees_all(&self) -> bool {
        self.sees_all
    }

    /// Whether policy lets this session use a feature beside statements.
    pub fn may_use(&self, feature: ProtocolFeature<'_>, now: SystemTime) -> Result<(), Refusal> {
        self.judge(feature, now).map_err(|verdict| Refusal::by_policy(&verdict, None))
    }

    fn judge(&self, feature: ProtocolFeature<'_>, now: SystemTime) -> Result<(), Verdict> {
        let policies = self.gate.policies.load();
        let (database, context) = (&self.database, self.context(now));
        policies.may_use(&self.identity, &database.name, &database.environment, &context, feature)
    }

    /// Whether a text can be planned now. Full rights need neither scope nor fresh knowledge.
    pub fn readiness(&mut self, now: SystemTime) -> Readiness {
        let policies = self.gate.policies.load();
        let standing = self.standing(&policies);
        if policies.version() != self.policies_seen || standing != self.standing_seen {
            let policies = Arc::clone(&policies);
            self.follow_policies(&policies, now);
        }
        if self.unrestricted { Readiness::Ready } else { self.certainty() }
    }

    /// Whether what names mean is known now, whoever asks.
    pub fn certainty(&mut self) -> Readiness {
        if !self.is_fresh() || self.needs_look().is_some() {
            if self.unrestricted {
                self.awaited.get_or_insert_with(|| self.database.wanted());
            }
            return Readiness::CatalogStale;
        }
        // What others drop may take what depends on it along.
        let version = self.database.catalog_version();
        if std::mem::replace(&mut self.catalog_seen, version) != version {
            self.temporary.asked_for |= self.temporary.any();
            self.plans_kept = true;
            if self.structure.is_seen() {
                self.structure_changed();
            }
        }
        if self.is_certain() { Readiness::Ready } else { Readiness::ScopeUnknown }
    }

    /// The generation that the catalog has to reach for the message that waits; `None` for the
    /// last there is. Whoever has full rights sees everything anyhow, and what others change while
    /// a statement is on its way might as well have come behind it. So that it does not wait for
    /// ever where somebody changes something all the time, it waits for what was done before it.
    pub fn awaited(&self) -> Option<u64> {
        self.awaited.filter(|_| self.unrestricted)
    }

    /// A message of the client's was dealt with: the next one comes behind what was done till now.
    pub fn dealt(&mut self) {
        self.awaited = None;
        self.stays();
    }

    fn is_fresh(&self) -> bool {
        self.database.has_reached(self.awaited())
    }

    pub(crate) fn is_certain(&self) -> bool {
        self.is_fresh() && self.is_sure_of_catalog() && self.scope_known && !self.keeps_plans()
    }

    /// The path on which names are looked up.
    pub(crate) fn path(&self) -> &[String] {
        &self.scope.search_path
    }

    /// True if the server must be asked what the session has for itself.
    pub fn asks_temporary(&self) -> bool {
        self.temporary.asked_for
    }

    /// True if the transaction's end may change the scope.
    pub fn is_scope_touched(&self) -> bool {
        self.scope_touched
    }

    /// True if every part of a plan may run: by itself, or by the approval that it waits for.
    pub fn may_run(&self, plan: &Plan) -> bool {
        plan.parts.iter().all(|part| may_run(part, plan))
    }

    /// The refusal of a plan that must not run, recorded; `Ok` if every part may run. For the
    /// moments that run nothing yet (Parse), so that a client hears early.
    pub fn examine(&mut self, plan: &Plan, via: Via, now: SystemTime) -> Result<(), Refusal> {
        let Some(part) = plan.parts.iter().find(|part| !may_run(part, plan)) else {
            self.keeps_role(plan, via, now)?;
            self.finds_columns(plan, via, now)?;
            return self.examine_turned(plan, via, now);
        };
        Err(self.refuse(plan, part, via, now))
    }

    fn refuse(&mut self, plan: &Plan, part: &Part, via: Via, now: SystemTime) -> Refusal {
        let id = self.next_statement_id();
        let refusal = match (&part.syntax_error, plan.unrestricted) {
            (Some(error), false) => Refusal::syntax(&error.message, error.position),
            _ => {
                let puzzling = plan.parts.len() == 1 && !part.facts.unknowns.is_empty();
                let record = Some(id.to_string());
                Refusal { puzzling, ..Refusal::by_policy(&part.verdict, record) }
            }
        };
        self.database.counters.decided(&part.verdict);
        record::refused(self, plan, part, id, via, &refusal, now);
        refusal
    }

    /// Bind values as they came, as the record keeps them.
    pub fn parameters<'a>(&self, values: impl Iterator<Item = Value<'a>>) -> Parameters {
        Parameters::of(self.gate.ledger.redactor(), values)
    }

    /// Decides, records and clears one run of a plan. Intents of all parts are in the kernel's
    /// hands when this returns `Ok`. `parameters` come from [`Self::parameters`]; `approved` is
    /// the approval of a plan that is held.
    pub fn submit(
        &mut self,
        plan: &Arc<Plan>,
        via: Via,
        parameters: &Parameters,
        approved: Option<&Approved>,
        now: SystemTime,
    ) -> Result<Cleared<Statement>, Refusal> {
        self.examine(plan, via, now)?;
        self.try_only(plan, via, now)?;
        if plan.is_held() && approved.is_none() && !self.previews() {
            let held = |part: &&Part| part.verdict.outcome == Outcome::Hold;
            if let Some(part) = plan.parts.iter().find(held) {
                return Err(self.refuse(plan, part, via, now));
            }
        }
        if self.temporary.absorb_all(plan) {
            self.adopt();
            if !self.unrestricted {
                let what = "what its tables are made of changed since it was planned";
                return Err(Refusal::unenforceable(what, "Send it again."));
            }
        }
        let under_way = self.under_way(plan)?;
        self.begin_work(plan, via, now)?;
        self.count_look_ups(plan, via, parameters.elements, now)?;
        let unlike = self.unlike_its_past(plan, now);
        let mut parts = Vec::with_capacity(plan.parts.len());
        let mut intent = Sequence::default();
        let mut durability = Durability::Soon;
        for part in &plan.parts {
            let id = self.next_statement_id();
            let by = record::By { via, approved, risk: &unlike };
            intent = record::intent(self, plan, part, id, by, parameters, now)?;
            durability = durability.max(part.verdict.durability);
            parts.push(StatementPart { id });
        }
        self.gate.ledger.hand_over(intent).map_err(|_| Refusal::unrecordable())?;
        // What was held is counted where it was asked for.
        for part in plan.parts.iter().filter(|part| part.verdict.outcome != Outcome::Hold) {
            self.database.counters.decided(&part.verdict);
        }
        Ok(Cleared::mint(Statement {
            plan: Arc::clone(plan),
            parts,
            intent,
            lifted: approved.is_some_and(|approved| approved.covers(plan.beyond())),
            preview: self.previews(),
            durability,
            _under_way: under_way,
        }))
    }

    /// Records the outcome of one part and follows what it did to the session.
    pub fn finish(&mut self, statement: &Statement, part: usize, counts: &Counts, now: SystemTime) {
        let (Some(planned), Some(run)) =
            (statement.plan.parts.get(part), statement.parts.get(part))
        else {
            return;
        };
        self.rows += counts.rows;
        self.bytes += counts.bytes;
        self.end_work(planned, counts.duration_us);
        self.database.counters.did(&planned.verdict, counts);
        let counts = &self.undone(counts);
        self.moves(counts, now);
        record::outcome(self, planned, run.id, counts, now);
        // What did not run, or was undone, changed nothing of what names mean.
        self.follow(&statement.plan, planned, counts.sqlstate.is_none() && counts.ended.is_none());
    }

    pub(crate) fn totals(&self) -> (u64, u64, u64) {
        (self.statements, self.rows, self.bytes)
    }

    fn context(&self, now: SystemTime) -> Context<'_> {
        let Client { address, tls, application, .. } = &self.client;
        let risk = Risk::default();
        Context { now, address: *address, tls: *tls, application, risk, work: self.work() }
    }

    pub(crate) fn next_statement_id(&mut self) -> StatementId {
        self.statements += 1;
        self.id.statement(self.statements)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close("abandoned", SystemTime::now());
    }
}

/// With full rights everything runs, even what does not parse: the server will say so. What is held
/// runs with an approval, which is asked for where it is run.
fn may_run(part: &Part, plan: &Plan) -> bool {
    match part.verdict.outcome {
        Outcome::Allow | Outcome::Modify | Outcome::Hold => {
            part.syntax_error.is_none() || plan.unrestricted
        }
        Outcome::Deny => false,
    }
}
