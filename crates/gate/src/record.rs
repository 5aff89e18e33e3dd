//! From plans, verdicts and counts to records. Knows the shape of records, not how they are kept.
//!
//! Nothing here may hold a value: literals and parameters appear as keyed hashes.

use crate::{
    book::CarriedLabel,
    counters::tells_raw,
    database::Database,
    hold,
    plan::{Part, Plan},
    refusal::Refusal,
    session::{Counts, Session},
};
use ledger::{
    Sequence, StatementId, Time,
    record::{
        Approved, Basis, CatalogChanged, Disclosed, HoldChanged, Intent, LabelChanged, Outcome,
        Principal, Record, Refused, RiskPart, SessionClosed, SessionOpened, SessionRefused, Shape,
        ShapeColumn, ShapeEffect, ShapeMove, ShapeOutput, Via,
    },
};
use model::{
    Catalog, ColumnId, Identity, Label, Operation,
    facts::{Destination, Effect, Facts, RelationRef},
};
use std::{borrow::Cow, net::IpAddr, sync::atomic::Ordering, time::SystemTime};

mod values;
mod work;

pub(crate) use values::Literals;
pub use values::{Parameters, Value};
pub(crate) use work::tainted;
use work::work;

pub(crate) fn session_opened(session: &Session, now: SystemTime) -> Result<(), Refusal> {
    let identity = session.identity();
    let client = session.client();
    let acts_for = identity.acts_for.as_ref().map(|principal| Cow::Owned(principal.chain()));
    let record = Record::from(SessionOpened {
        session: session.id(),
        time: Time::from(now),
        identity: Cow::Owned(identity.chain()),
        kind: identity.kind,
        groups: Cow::Borrowed(&identity.groups),
        grants: Cow::Borrowed(&client.grants),
        acts_for,
        principals: principals(identity),
        method: Cow::Borrowed(client.method),
        credential: Cow::Borrowed(&client.credential),
        address: client.address,
        port: client.port,
        tls: client.tls.then_some(Cow::Borrowed("TLS")),
        application: Cow::Borrowed(&client.application),
        database: Cow::Borrowed(session.database().name.as_str()),
        environment: Cow::Borrowed(&session.database().environment),
        upstream_role: Cow::Borrowed(&client.role.role),
        upstream_pid: None,
        work: work(session, true),
    });
    let ledger = &session.gate().ledger;
    let written = ledger.append(&record).and_then(|sequence| ledger.hand_over(sequence));
    written.map_err(|_| Refusal::session_unrecordable())
}

/// Those that it acts for, one by one.
fn principals(identity: &Identity) -> Cow<'_, [Principal<'_>]> {
    let chain = std::iter::successors(identity.acts_for.as_deref(), |one| one.acts_for.as_deref());
    let principal = |one: &'_ Identity| Principal {
        name: Cow::Owned(one.name.to_string()),
        kind: one.kind,
        groups: Cow::Owned(one.groups.clone()),
    };
    chain.map(principal).collect()
}

pub(crate) fn session_refused(session: &Session, refusal: &Refusal, now: SystemTime) {
    let (client, database) = (session.client(), session.database().name.as_str());
    let chain = session.identity().chain();
    keep(session, &sign_in_refused(client.address, &chain, database, &refusal.message, now));
}

pub(crate) fn session_closed(session: &Session, reason: &str, now: SystemTime) {
    let (statements, rows, bytes) = session.totals();
    let record = Record::from(SessionClosed {
        session: session.id(),
        time: Time::from(now),
        reason: Cow::Borrowed(reason),
        statements,
        rows,
        bytes,
    });
    keep(session, &record);
}

/// How a statement came to run.
pub(crate) struct By<'a> {
    pub(crate) via: Via,
    pub(crate) approved: Option<&'a hold::Approved>,
    pub(crate) risk: &'a [RiskPart<'static>],
}

/// Stages the intent of one part; the caller hands over the last of a run.
pub(crate) fn intent(
    session: &Session,
    plan: &Plan,
    part: &Part,
    statement: StatementId,
    By { via, approved, risk }: By<'_>,
    parameters: &Parameters,
    now: SystemTime,
) -> Result<Sequence, Refusal> {
    shape(session, plan, part, now);
    let redactor = session.gate().ledger.redactor();
    let (text, literals) = (plan.text_hash(redactor), part.literals(plan, redactor));
    let kept = match part.verdict.keep_text {
        true => Some(kept(session, plan, statement, now)?),
        false => None,
    };
    let record = Record::from(Intent {
        statement,
        time: Time::from(now),
        shape: part.shape,
        text,
        via: session.client().via.unwrap_or(via),
        parameters: Cow::Borrowed(&parameters.hashes),
        parameter_count: parameters.count,
        literals: Cow::Borrowed(&literals.hashes),
        literal_count: literals.count,
        turned_back: Cow::Owned(turned_back(plan, parameters)),
        kept,
        risk: Cow::Borrowed(risk),
        trace: plan.trace.as_deref().map(Cow::Borrowed),
        approval: approved.map(approval),
        work: work(session, false),
    });
    session.gate().ledger.append(&record).map_err(|_| Refusal::unrecordable())
}

/// The approval that a statement ran by.
fn approval(approved: &hold::Approved) -> Approved<'_> {
    Approved {
        hold: Cow::Borrowed(approved.hold.as_str()),
        by: approved.by.iter().map(|by| Cow::Borrowed(by.as_str())).collect(),
    }
}

/// A statement waits for approval.
pub(crate) fn held(
    session: &Session,
    plan: &Plan,
    request: &hold::Request,
    parameters: &Parameters,
    now: SystemTime,
) -> Record<'static> {
    let held = plan.parts.iter().find(|part| part.verdict.outcome == model::Outcome::Hold);
    let limits = |part: &&Part| {
        !part.verdict.change_limits.is_empty() || !part.verdict.cost_limits.is_empty()
    };
    let limited = || plan.parts.iter().find(limits);
    let held = held.or_else(limited);
    held.iter().for_each(|part| shape(session, plan, part, now));
    let needs = request.needs.iter().map(|need| Cow::Owned(need.to_string()));
    Record::from(HoldChanged {
        time: Time::from(now),
        hold: Cow::Owned(request.hold.clone()),
        database: Cow::Owned(request.database.clone()),
        identity: Cow::Owned(request.identity.clone()),
        by: Cow::Owned(request.identity.clone()),
        what: Cow::Borrowed("held"),
        shape: held.map(|part| part.shape),
        text: Some(plan.text_hash(session.gate().ledger.redactor())),
        parameters: Cow::Owned(parameters.hashes.clone()),
        needs: needs.collect(),
        reason: Cow::Owned(request.reasons.first().cloned().unwrap_or_default()),
        via: Cow::Borrowed(""),
        on_behalf: Cow::Borrowed(&[]),
        signed: None,
    })
}

/// The text as it came, under a key of whoever sent it. What cannot be kept does not run.
fn kept(
    session: &Session,
    plan: &Plan,
    statement: StatementId,
    now: SystemTime,
) -> Result<ledger::Kept<'static>, Refusal> {
    let (owner, bound) = (session.identity().chain(), statement.to_string());
    let vault = session.gate().ledger.vault();
    vault.keep(&owner, Time::from(now), &bound, &plan.text).map_err(|_| Refusal::unrecordable())
}

/// The labels of which a pseudonym was turned back, in the text or among the bind values.
fn turned_back(plan: &Plan, parameters: &Parameters) -> Vec<Label> {
    let mut labels = plan.turned.labels.clone();
    for label in &parameters.turned_back {
        if !labels.contains(label) {
            labels.push(label.clone());
        }
    }
    labels
}

pub(crate) fn refused(
    session: &Session,
    plan: &Plan,
    part: &Part,
    statement: StatementId,
    via: Via,
    refusal: &Refusal,
    now: SystemTime,
) {
    shape(session, plan, part, now);
    let reason = match (&part.syntax_error, part.verdict.outcome) {
        (Some(_), _) => Cow::Borrowed("the statement does not parse"),
        // The shape holds the verdict's own reasons.
        (None, model::Outcome::Deny | model::Outcome::Hold) => Cow::Borrowed(""),
        (None, model::Outcome::Allow | model::Outcome::Modify) => {
            Cow::Borrowed(refusal.message.as_str())
        }
    };
    let redactor = session.gate().ledger.redactor();
    let record = Record::from(Refused {
        statement,
        time: Time::from(now),
        shape: Some(part.shape),
        text: plan.text_hash(redactor),
        literals: Cow::Borrowed(&part.literals(plan, redactor).hashes),
        via: session.client().via.unwrap_or(via),
        sqlstate: Cow::Borrowed(refusal.sqlstate),
        reason,
        trace: plan.trace.as_deref().map(Cow::Borrowed),
        work: work(session, false),
    });
    keep(session, &record);
}

pub(crate) fn outcome(
    session: &Session,
    part: &Part,
    statement: StatementId,
    counts: &Counts,
    now: SystemTime,
) {
    // Rows that were relayed without a look left as the upstream sent them, in every column.
    let relayed: Vec<Disclosed>;
    let disclosed = if counts.disclosed.is_empty()
        && counts.rows > 0
        && part.verdict.disclosures.iter().any(tells_raw)
    {
        let each = Disclosed { raw: counts.rows, ..Disclosed::default() };
        relayed = vec![each; part.verdict.disclosures.len()];
        &relayed
    } else {
        &counts.disclosed
    };
    let (tag, affected) = split_tag(counts.tag.as_deref().unwrap_or(""));
    let record = Record::from(Outcome {
        statement,
        time: Time::from(now),
        duration_us: counts.duration_us,
        tag: Cow::Borrowed(tag),
        sqlstate: counts.sqlstate.as_deref().map(Cow::Borrowed),
        ended: counts.ended.map(Cow::Borrowed),
        rows: counts.rows,
        affected: counts.changed.unwrap_or(if counts.rows == 0 { affected } else { 0 }),
        bytes: counts.bytes,
        disclosed: Cow::Borrowed(disclosed),
        approval: counts.approved.as_ref().map(approval),
    });
    keep(session, &record);
}

/// `INSERT 0 5` is `INSERT` and 5.
fn split_tag(tag: &str) -> (&str, u64) {
    match tag.find(|c: char| c.is_ascii_digit()) {
        None => (tag, 0),
        Some(at) => {
            let count = tag.rsplit(' ').next().and_then(|number| number.parse().ok());
            (tag.get(..at).unwrap_or(tag).trim_end(), count.unwrap_or(0))
        }
    }
}

/// Writes the shape record before its first use in this run.
fn shape(session: &Session, plan: &Plan, part: &Part, now: SystemTime) {
    if part.shape_recorded.load(Ordering::Acquire) {
        return;
    }
    if session.gate().shapes.is_new(part.shape) {
        keep(session, &Record::from(describe(session, plan, part, now)));
    }
    part.shape_recorded.store(true, Ordering::Release);
}

fn describe<'a>(
    session: &'a Session,
    plan: &'a Plan,
    part: &'a Part,
    now: SystemTime,
) -> Shape<'a> {
    let (facts, verdict) = (&part.facts, &part.verdict);
    let catalog = &plan.knowledge.catalog;
    let columns = |columns: &[ColumnId]| -> Vec<Cow<'a, str>> {
        columns.iter().map(|column| Cow::Owned(column_name(catalog, *column))).collect()
    };
    let outputs = facts.outputs.as_deref().unwrap_or_default().iter();
    Shape {
        shape: part.shape,
        time: Time::from(now),
        database: Cow::Borrowed(session.database().name.as_str()),
        text: Cow::Borrowed(&part.normalised),
        operation: facts.operation,
        effects: facts.effects.iter().map(effect).collect(),
        columns: used_columns(plan, part),
        moves: facts
            .moves
            .iter()
            .filter(|moved| !moved.from.is_empty() || moved.unknown)
            .map(|moved| ShapeMove {
                to: Cow::Owned(destination(catalog, facts, &moved.to)),
                from: columns(&moved.from).into(),
                how: moved.derivation,
                unknown: moved.unknown,
            })
            .collect(),
        functions: facts.functions.iter().map(|f| Cow::Borrowed(f.name.as_str())).collect(),
        outputs: outputs
            .map(|output| ShapeOutput {
                name: Cow::Borrowed(&output.name),
                sources: [columns(&output.sources), columns(&output.statistics)].concat().into(),
            })
            .collect(),
        unknowns: facts.unknowns.iter().map(|u| Cow::Borrowed(u.what.as_str())).collect(),
        verdict: verdict.outcome,
        policies: Cow::Borrowed(&verdict.policies),
        reasons: Cow::Borrowed(&verdict.reasons),
        disclosures: Cow::Borrowed(&verdict.disclosures),
        fallback: verdict.fallback.clone(),
        read_only: verdict.read_only,
        row_limit: verdict.row_limit,
        risk: Cow::Borrowed(&part.risk),
        durability: verdict.durability,
        shadow: verdict.shadow.clone(),
        basis: part.decided.then(|| Box::new(basis(plan, part))),
        policy_version: plan.policies,
        catalog_version: catalog.version,
        label_version: plan.knowledge.labels.version,
    }
}

fn relation_name(relation: &RelationRef) -> Cow<'_, str> {
    match relation.schema.is_empty() {
        true => Cow::Borrowed(&*relation.name),
        false => Cow::Owned(format!("{}.{}", relation.schema, relation.name)),
    }
}

fn destination(catalog: &Catalog, facts: &Facts, to: &Destination) -> String {
    let named = |relation| relation_name(placed(facts, relation)).into_owned();
    match to {
        Destination::Column(column) => column_name(catalog, *column),
        Destination::Named { relation, column } => format!("{}.{column}", named(relation)),
        Destination::All(relation) => format!("{}.*", named(relation)),
    }
}

/// A relation that is made without a schema's name as the effect of making it calls it.
fn placed<'f>(facts: &'f Facts, relation: &'f RelationRef) -> &'f RelationRef {
    let made = facts.effects.iter().filter(|effect| effect.operation == Operation::Create);
    let mut made = made.filter_map(|effect| effect.relation.as_ref());
    let same = |made: &&RelationRef| relation.schema.is_empty() && made.name == relation.name;
    made.find(same).unwrap_or(relation)
}

/// What its verdict rests on.
fn basis<'a>(plan: &Plan, part: &Part) -> Basis<'a> {
    let mut basis = Basis::of(&part.facts, &plan.knowledge.catalog, &plan.knowledge.labels);
    basis.obligations = policy::obligations(&part.verdict).into();
    basis
}

fn effect(effect: &Effect) -> ShapeEffect<'_> {
    let object = match (&effect.relation, &effect.object) {
        (Some(relation), _) => relation_name(relation),
        (None, Some(object)) => Cow::Borrowed(object.as_str()),
        (None, None) => Cow::Borrowed(""),
    };
    ShapeEffect { operation: effect.operation, object, unbounded: effect.unbounded }
}

fn used_columns<'a>(plan: &Plan, part: &Part) -> Cow<'a, [ShapeColumn<'a>]> {
    let mut columns: Vec<ShapeColumn<'a>> = Vec::new();
    let mut last = None;
    // Uses are sorted by column, so those of one column stand together.
    for used in &part.facts.columns {
        if last == Some(used.column)
            && let Some(column) = columns.last_mut()
        {
            column.uses.to_mut().push(used.usage);
            continue;
        }
        last = Some(used.column);
        columns.push(ShapeColumn {
            column: Cow::Owned(column_name(&plan.knowledge.catalog, used.column)),
            uses: Cow::Owned(vec![used.usage]),
            label: plan.knowledge.labels.label(used.column).cloned(),
        });
    }
    Cow::Owned(columns)
}

fn column_name(catalog: &Catalog, id: ColumnId) -> String {
    let Some(relation) = catalog.relation(id.relation) else {
        return format!("relation {} column {}", id.relation.0, id.number);
    };
    let column = relation.columns.iter().find(|column| column.number == id.number);
    let name = column.map_or("?", |column| column.name.as_str());
    format!("{}.{}.{name}", relation.schema, relation.name)
}

pub(crate) fn sign_in_refused<'a>(
    address: Option<IpAddr>,
    claimed: &'a str,
    database: &'a str,
    reason: &'a str,
    now: SystemTime,
) -> Record<'a> {
    Record::from(SessionRefused {
        time: Time::from(now),
        address,
        claimed: Cow::Borrowed(claimed),
        database: Cow::Borrowed(database),
        reason: Cow::Borrowed(reason),
    })
}

pub(crate) fn catalog_changed(database: &Database, version: u64, now: SystemTime) -> Record<'_> {
    Record::from(CatalogChanged {
        time: Time::from(now),
        database: Cow::Borrowed(database.name.as_str()),
        version,
        cause: Cow::Borrowed(if version == 1 { "start" } else { "change" }),
        what: Cow::Borrowed(&[]),
    })
}

/// A column got a label because values that bear it are about to be written there.
pub(crate) fn label_carried(session: &Session, label: &CarriedLabel, now: SystemTime) {
    let labels = &session.database().knowledge().labels;
    let crate::book::Place { schema, relation, column } = &label.place;
    let column = if column.is_empty() { "*" } else { column };
    let mut evidence = vec![label.evidence.clone()];
    if label.derived {
        evidence.push("pieces of values, or values of several labels".to_owned());
    }
    let record = Record::from(LabelChanged {
        time: Time::from(now),
        by: Cow::Owned(session.identity().chain()),
        database: Cow::Borrowed(session.database().name.as_str()),
        column: Cow::Owned(format!("{schema}.{relation}.{column}")),
        before: label.id.and_then(|id| labels.label(id)).cloned(),
        after: Some(label.label.clone()),
        evidence: Cow::Owned(evidence),
        version: labels.version + 1,
    });
    keep(session, &record);
}

fn keep(session: &Session, record: &Record<'_>) {
    session.gate().keep(record);
}
