//! A synthetic ledger, the same in each run: what a company's people, services and agents do.

use super::Outcomes;
use ledger::{
    Hash, Ledger, Options, Redactor, Sequence, SessionId, ShapeId, StatementId, Time,
    record::{
        Approved, Disclosed, Intent, Outcome, Refused, SessionClosed, SessionOpened, Shape,
        ShapeColumn, ShapeEffect, ShapeOutput, Via,
    },
};
use model::{Disclosure, Durability, IdentityKind, Label, MaskMethod, Operation, PolicyId, Use};
use std::{error::Error, path::Path};

/// Statements of one session.
const PER_SESSION: u64 = 200;
const IDENTITIES: u64 = 400;
const RELATIONS: u64 = 120;
const SHAPES: u64 = 2_000;
/// How many of them one identity uses.
const USED: u64 = 60;
/// Of so many people each statement asks for one.
const PEOPLE: u64 = 1_000_000;
/// And for at most so many rows: ten, twenty, ….
const LIMITS: u64 = 10;

/// Numbers that are the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % limit
    }

    /// Small ones far more often than large ones.
    fn skewed(&mut self, limit: u64) -> u64 {
        let (a, b, c) = (self.below(limit), self.below(limit), self.below(limit));
        a.min(b).min(c)
    }
}

/// Writes so many records over so many microseconds from a beginning.
pub(super) fn write(dir: &Path, records: u64, beginning: i64, span: i64) -> Outcomes {
    let first = Time::from_micros(beginning);
    let (ledger, _) = Ledger::open(dir, Options::new("node-1", "0.1.0", first))?;
    let mut chance = Chance(7);
    let mut shapes: Vec<(bool, Shape<'static>)> =
        (0..SHAPES).map(|number| (false, shape(number, first))).collect();
    let redactor = Redactor::of(dir)?.ok_or("the ledger has no key for values")?;
    let limits: Vec<Hash> =
        (1..=LIMITS).map(|n| redactor.value((n * 10).to_string().as_bytes())).collect();
    let mut written = 1;
    let mut session = 0;
    while written < records {
        session += 1;
        // Services do most of it.
        let who = match chance.below(10) {
            0..7 => chance.below(IDENTITIES / 4) * 4,
            _ => chance.below(IDENTITIES),
        };
        let begin = beginning + (written as i128 * span as i128 / records as i128) as i64;
        let id = SessionId::new(Time::from_micros(begin), session as u32);
        ledger.append(&opened(id, who, begin).into())?;
        written += 2;
        for number in 0..PER_SESSION {
            let which = (chance.skewed(USED) + who * 37) % SHAPES;
            let Some((known, shape)) = shapes.get_mut(which as usize) else { continue };
            let time = begin + number as i64 * 700_000;
            if !std::mem::replace(known, true) {
                ledger.append(&shape.clone().into())?;
                written += 1;
            }
            let person = redactor.value(chance.below(PEOPLE).to_string().as_bytes());
            let limit = limits.get(chance.below(LIMITS) as usize).copied().unwrap_or(person);
            let values = [person, limit];
            written += statement(&ledger, &mut chance, id, number, shape, time, values)?;
        }
        let time = Time::from_micros(begin + PER_SESSION as i64 * 700_000);
        let reason = "client left".into();
        let closed =
            SessionClosed { session: id, time, reason, statements: PER_SESSION, rows: 0, bytes: 0 };
        let last = ledger.append(&closed.into())?;
        // What nobody waits for is held in memory up to a limit.
        ledger.hand_over(last)?;
        if session % 20 == 0 {
            ledger.synced(last).wait()?;
        }
    }
    let last = ledger.stats().records - 1;
    ledger.synced(Sequence(last)).wait()?;
    Ok(())
}

fn opened(id: SessionId, who: u64, time: i64) -> SessionOpened<'static> {
    let (identity, kind, person) = match who % 4 {
        0 => (format!("service-{who}"), IdentityKind::Service, None),
        1 | 2 => (format!("person-{who}"), IdentityKind::Person, None),
        _ => {
            let person = format!("person-{who}");
            (format!("{person}/copilot-{who}"), IdentityKind::Agent, Some(person.into()))
        }
    };
    SessionOpened {
        session: id,
        time: Time::from_micros(time),
        identity: identity.into(),
        kind,
        groups: vec![format!("team-{}", who % 20)].into(),
        grants: [].as_slice().into(),
        acts_for: person,
        principals: Vec::new().into(),
        method: "scram-sha-256".into(),
        credential: "password".into(),
        address: Some(std::net::Ipv4Addr::from(0x0a00_0000 + who as u32).into()),
        port: Some(50_000),
        tls: Some("TLS".into()),
        application: if who == 8 { "churn-v3" } else { "psql" }.into(),
        database: "shop".into(),
        environment: "production".into(),
        upstream_role: "".into(),
        upstream_pid: None,
        work: None,
    }
}

fn relation(number: u64) -> String {
    if number == 0 { "public.customers".to_owned() } else { format!("public.r{number}") }
}

/// Reads of two or three columns, four in five of them; changes; and copies between relations.
fn shape(number: u64, time: Time) -> Shape<'static> {
    let from = relation(number * 7 % RELATIONS);
    let to = relation((number * 7 % RELATIONS * 3 + 5) % RELATIONS);
    let kind = number % 10;
    let operation = match kind {
        0..8 => Operation::Select,
        8 if number % 20 == 8 => Operation::Insert,
        8 => Operation::Update,
        _ => Operation::Delete,
    };
    let copies = operation == Operation::Insert;
    let mut columns = Vec::new();
    let mut add = |relation: &str, name: &str, uses: Vec<Use>, label: Option<Label>| {
        let column = format!("{relation}.{name}").into();
        columns.push(ShapeColumn { column, uses: uses.into(), label });
    };
    let used = if copies { Use::Copied } else { Use::Returned };
    add(&from, "email", vec![used], Some(Label::EMAIL));
    add(&from, "ssn", vec![Use::LookedUp], Some(Label::new("national_id")));
    add(&from, "id", vec![Use::Tested], None);
    let changed = if copies { &to } else { &from };
    if kind == 8 {
        add(changed, "note", vec![Use::Written], None);
        add(changed, "email", vec![Use::Written], Some(Label::EMAIL));
    }
    let raw = number.is_multiple_of(50) || number % 50 == 17;
    let email = match raw {
        true => Disclosure::Raw { labels: vec![Label::EMAIL] },
        false => Disclosure::Masked { label: Label::EMAIL, method: MaskMethod::Pseudonym },
    };
    let reads = operation == Operation::Select;
    let text = text(number, operation, &from);
    let output = |name: &str| ShapeOutput {
        name: name.to_owned().into(),
        sources: vec![format!("{from}.{name}").into()].into(),
    };
    let object = if reads { from.clone() } else { changed.clone() };
    Shape {
        shape: ShapeId::of(&[text.as_bytes()]),
        time,
        database: "shop".into(),
        text: text.into(),
        operation,
        effects: vec![ShapeEffect { operation, object: object.into(), unbounded: false }].into(),
        columns: columns.into(),
        moves: Vec::new().into(),
        functions: vec!["pg_catalog.lower".into()].into(),
        outputs: if reads { vec![output("email"), output("country")] } else { Vec::new() }.into(),
        unknowns: Vec::new().into(),
        verdict: if raw { model::Outcome::Allow } else { model::Outcome::Modify },
        policies: vec![PolicyId::from("baseline-people-read")].into(),
        reasons: vec!["email is masked".to_owned()].into(),
        disclosures: match reads {
            true => vec![email, Disclosure::Raw { labels: Vec::new() }],
            false => Vec::new(),
        }
        .into(),
        fallback: Disclosure::Scan,
        read_only: false,
        row_limit: None,
        risk: [].as_slice().into(),
        durability: Durability::Soon,
        shadow: None,
        basis: None,
        policy_version: 0x1234_5678_9abc_def0,
        catalog_version: 1,
        label_version: 1,
    }
}

/// A statement's text, without literals.
fn text(number: u64, operation: Operation, from: &str) -> String {
    let topic = match number % 5 {
        0 => "refund",
        1 => "invoice",
        2 => "ticket",
        3 => "shipment",
        _ => "visit",
    };
    format!(
        "{} email, country from {from} where {topic}_{number} = ? and ssn = ? order by id limit ?",
        operation.as_str()
    )
}

/// One in five thousand ran by somebody's consent.
fn approval(chance: &mut Chance, id: StatementId) -> Option<Approved<'static>> {
    (chance.below(5_000) == 0).then(|| Approved {
        hold: format!("hold-{id}").into(),
        by: vec![format!("person-{}", chance.below(20) * 4 + 1).into()].into(),
    })
}

fn refused(id: StatementId, time: Time, shape: ShapeId, text: Hash) -> Refused<'static> {
    Refused {
        statement: id,
        time,
        shape: Some(shape),
        text,
        literals: Vec::new().into(),
        via: Via::Extended,
        sqlstate: "42501".into(),
        reason: "".into(),
        trace: None,
        work: None,
    }
}

/// An intent with its outcome, or a refusal; how many records it took.
fn statement(
    ledger: &Ledger,
    chance: &mut Chance,
    session: SessionId,
    number: u64,
    shape: &Shape<'_>,
    time: i64,
    values: [Hash; 2],
) -> Result<u64, Box<dyn Error>> {
    let (id, via, [text, _]) = (session.statement(number), Via::Extended, values);
    if chance.below(200) == 0 {
        let refused = refused(id, Time::from_micros(time), shape.shape, text);
        ledger.append(&refused.into())?;
        return Ok(1);
    }
    let intent = Intent {
        statement: id,
        time: Time::from_micros(time),
        shape: shape.shape,
        text,
        via,
        parameters: values.to_vec().into(),
        parameter_count: 2,
        literals: Vec::new().into(),
        literal_count: 0,
        turned_back: Vec::new().into(),
        kept: None,
        risk: [].as_slice().into(),
        trace: None,
        approval: approval(chance, id),
        work: None,
    };
    ledger.append(&intent.into())?;
    let failed = chance.below(100_000) == 0;
    let rows = if failed { 0 } else { chance.skewed(40) };
    let reads = !shape.outputs.is_empty();
    let raw = matches!(shape.disclosures.first(), Some(Disclosure::Raw { .. }));
    let all = Disclosed { raw: rows, ..Disclosed::default() };
    let masked = Disclosed { masked: rows, ..Disclosed::default() };
    let left = match (reads && rows > 0, raw) {
        (false, _) => Vec::new(),
        (true, true) => vec![all, all],
        (true, false) => vec![masked, all],
    };
    let outcome = Outcome {
        statement: id,
        time: Time::from_micros(time + 3_000),
        duration_us: 500 + chance.below(5_000),
        tag: shape.operation.as_str().to_uppercase().into(),
        sqlstate: failed.then(|| "40P01".into()),
        ended: None,
        rows: if reads { rows } else { 0 },
        affected: if reads { 0 } else { rows },
        bytes: rows * 40,
        approval: None,
        disclosed: left.into(),
    };
    ledger.append(&outcome.into())?;
    Ok(2)
}
