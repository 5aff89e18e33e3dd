//! What the index costs and how fast it answers, over a synthetic ledger of N records that the real
//! `Ledger` writes: `cargo run --release -p index --example questions -- 10000000`.
//!
//! The ledger is that of a company in half a year: 400 identities of three kinds, 2,000 shapes over
//! 120 relations, some of them asked for all the time and most seldom. A second argument keeps the
//! files in that folder; they are not written again if they are there.

use index::{Answers, BY, Direction, Index, Limits, Question, Table};
use ledger::{
    Hash, Ledger, Options, Sequence, SessionId, ShapeId, StatementId, Time,
    record::{
        Approved, Disclosed, Intent, Outcome, Refused, SessionClosed, SessionOpened, Shape,
        ShapeColumn, ShapeEffect, ShapeOutput, Via,
    },
};
use model::{Disclosure, Durability, IdentityKind, Label, MaskMethod, Operation, PolicyId, Use};
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// 2026-03-01T00:00:00Z.
const BEGINNING: i64 = 1_772_323_200_000_000;
/// Half a year.
const SPAN: i64 = 183 * 86_400_000_000;
/// Statements of one session.
const PER_SESSION: u64 = 200;
const IDENTITIES: u64 = 400;
const RELATIONS: u64 = 120;
const SHAPES: u64 = 2_000;
/// How many of them one identity uses.
const USED: u64 = 60;

type Outcomes = Result<(), Box<dyn Error>>;

fn main() -> Outcomes {
    let mut arguments = std::env::args().skip(1);
    let records: u64 = arguments.next().unwrap_or_else(|| "200000".to_owned()).parse()?;
    let folder = match arguments.next() {
        Some(folder) => PathBuf::from(folder),
        None => std::env::temp_dir().join(format!("weir-questions-{}", std::process::id())),
    };
    let (log, file) = (folder.join("ledger"), folder.join("index.sqlite"));
    if !log.exists() {
        let begin = Instant::now();
        write(&log, records)?;
        println!("written: {records} records in {:.1} s", begin.elapsed().as_secs_f64());
    }
    let begin = Instant::now();
    let mut index = Index::open(&file)?;
    let caught = index.catch_up(&log, u64::MAX, &|| false)?;
    drop(index);
    let (took, bytes) = (begin.elapsed().as_secs_f64(), fs::metadata(&file)?.len());
    if caught.records > 0 {
        println!(
            "indexed: {} records in {took:.1} s, {:.0} a second",
            caught.records,
            caught.records as f64 / took
        );
    }
    let all = caught.next;
    println!("index: {} MB, {:.1} bytes a record", bytes >> 20, bytes as f64 / all as f64);
    ask(&file)?;
    if std::env::args().count() < 3 {
        fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

/// Asks everything twice: first with what a new process finds, then again.
fn ask(file: &Path) -> Outcomes {
    let now = Time::from_micros(BEGINNING + SPAN);
    let limits = Limits { rows: 100, time: Duration::from_secs(120) };
    let search = |question: &str| -> Result<(), Box<dyn Error>> {
        let question_text = question.to_owned();
        timed(&format!("search '{question}'"), || {
            Ok(Answers::open(file)?.search(&Question::parse(&question_text, now)?, &limits)?)
        })
    };
    let count = |question: &str, by: &'static str| -> Result<(), Box<dyn Error>> {
        let by_what = *BY.iter().find(|known| known.name == by).ok_or("no such word")?;
        timed(&format!("search '{question}' --by {by}"), || {
            let question = Question::parse(question, now)?;
            Ok(Answers::open(file)?.count(&question, by_what, &limits)?)
        })
    };
    count("column:customers.email disclosure:raw since:2026-06-01", "identity")?;
    search("column:customers.email disclosure:raw since:2026-06-01")?;
    search("agent:copilot-7 acts_for:person-7")?;
    count("agent:copilot-7 acts_for:person-7", "text")?;
    count("identity:service-8", "day")?;
    search("changes:public.r3 since:2026-07-01 until:2026-07-02T12:00")?;
    search("identity:person-11 column:r40.ssn verdict:modify")?;
    search("label:email disclosure:masked since:24h")?;
    search("sqlstate:40P01")?;
    search("sqlstate:42501 relation:r77")?;
    search("text:\"refund\" -kind:service")?;
    search("relation:r53 use:written")?;
    search("state:refused identity:person-3")?;
    search("approved_by:person-9")?;
    search("")?;
    timed("trace shop.customers.email", || {
        Ok(Answers::open(file)?.trace("shop.customers.email", Direction::Forward, &limits)?)
    })?;
    timed("trace --back public.r53.email", || {
        Ok(Answers::open(file)?.trace("public.r53.email", Direction::Back, &limits)?)
    })?;
    for query in [
        "SELECT identity, sum(raw) FROM disclosed_daily WHERE origin = 'public.customers.email' \
         AND day >= '2026-06-01' AND raw > 0 GROUP BY 1 ORDER BY 2 DESC",
        "SELECT day, sum(statements) FROM daily WHERE identity = 'service-8' GROUP BY 1",
        "SELECT time, text FROM statements WHERE identity = 'service-8' ORDER BY sequence DESC \
         LIMIT 20",
        "SELECT count(*) FROM statements",
    ] {
        timed(query, || Ok(Answers::open(file)?.sql(query, &limits)?))?;
    }
    pages(file, &limits)
}

/// Asks what the console's pages ask.
fn pages(file: &Path, limits: &Limits) -> Outcomes {
    let some = "SELECT session, number FROM statements ORDER BY sequence DESC LIMIT 1 OFFSET 5000";
    let table = Answers::open(file)?.sql(some, limits)?;
    let Some([session, number]) = table.rows.first().map(Vec::as_slice) else {
        return Err("no statement".into());
    };
    let days = (BEGINNING + SPAN) / 86_400_000_000;
    let of_a_session = of_a_session(&session.to_string(), &number.to_string());
    for (page, query) in of_a_session.into_iter().chain(of_days(days)) {
        timed(&format!("page: {page}"), || Ok(Answers::open(file)?.sql(&query, limits)?))?;
    }
    Ok(())
}

fn of_a_session(session: &str, number: &str) -> Vec<(&'static str, String)> {
    let one = format!(
        "SELECT sequence, outcome_sequence FROM statements WHERE session = '{session}'
         AND number = {number}"
    );
    let replay = format!(
        "SELECT number, statement, time, text, verdict, state FROM statements
         WHERE session = '{session}' AND number > 0 ORDER BY number LIMIT 101"
    );
    let list = "SELECT session, sequence, identity, opened FROM sessions
        WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 51";
    let of_one = "SELECT session, sequence, identity FROM sessions
        WHERE instr(lower(identity), 'person-11') > 0 ORDER BY sequence DESC LIMIT 51";
    vec![
        ("a statement", one),
        ("a replay", replay),
        ("sessions", list.to_owned()),
        ("sessions of somebody", of_one.to_owned()),
    ]
}

fn of_days(days: i64) -> Vec<(&'static str, String)> {
    let month = days - 30;
    let map = format!(
        "SELECT database, column, sum(statements), sum(raw), sum(masked) FROM columns_daily
         WHERE day_number >= {month} GROUP BY 1, 2"
    );
    let users = format!(
        "SELECT d.identity, d.kind, sum((d.statements - d.refused) * (1 - c.wrote)),
            sum((d.statements - d.refused) * c.wrote), max(d.day)
         FROM (SELECT shape, max(use = 'written') AS wrote FROM columns_used
            WHERE relation = 'public.customers' GROUP BY shape) c
         JOIN daily d ON d.shape = c.shape WHERE d.day_number >= {month}
         GROUP BY 1, 2 ORDER BY 3 DESC"
    );
    let feeds = "SELECT m.target, count(DISTINCT m.shape) FROM moves m
        WHERE m.source >= 'public.customers.' AND m.source < 'public.customers/'
        AND EXISTS (SELECT 1 FROM daily d WHERE d.shape = m.shape
            AND d.statements > d.refused) GROUP BY 1";
    let given = format!(
        "SELECT identity, sum(raw), sum(masked), max(day) FROM disclosed_daily
         WHERE origin = 'public.customers.email' AND day_number >= {month} GROUP BY 1"
    );
    let today = days - 1;
    let left = format!("SELECT label, raw, masked FROM labels_daily WHERE day_number = {today}");
    vec![
        ("the data map", map),
        ("who used a table", users),
        ("what a table feeds", feeds.to_owned()),
        ("who was given a column", given),
        ("what left today", left),
    ]
}

fn timed(name: &str, ask: impl Fn() -> Result<Table, Box<dyn Error>>) -> Outcomes {
    let once = || -> Result<(f64, usize), Box<dyn Error>> {
        let begin = Instant::now();
        let rows = ask()?.rows.len();
        Ok((begin.elapsed().as_secs_f64() * 1000.0, rows))
    };
    let ((first, rows), (again, _)) = (once()?, once()?);
    println!("{first:8.0} ms, again {again:6.0} ms, {rows:4} rows: {name}");
    Ok(())
}

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

fn write(dir: &Path, records: u64) -> Outcomes {
    let beginning = Time::from_micros(BEGINNING);
    let (ledger, _) = Ledger::open(dir, Options::new("node-1", "0.1.0", beginning))?;
    let mut chance = Chance(7);
    let mut shapes: Vec<(bool, Shape<'static>)> =
        (0..SHAPES).map(|number| (false, shape(number))).collect();
    let hash: Hash = "00112233445566778899aabbccddeeff".parse()?;
    let mut written = 1;
    let mut session = 0;
    while written < records {
        session += 1;
        // Services do most of it.
        let who = match chance.below(10) {
            0..7 => chance.below(IDENTITIES / 4) * 4,
            _ => chance.below(IDENTITIES),
        };
        let begin = BEGINNING + (written as i128 * SPAN as i128 / records as i128) as i64;
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
            written += statement(&ledger, &mut chance, id, number, shape, time, hash)?;
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
        application: "psql".into(),
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
fn shape(number: u64) -> Shape<'static> {
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
        time: Time::from_micros(BEGINNING),
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

/// An intent with its outcome, or a refusal; how many records it took.
fn statement(
    ledger: &Ledger,
    chance: &mut Chance,
    session: SessionId,
    number: u64,
    shape: &Shape<'_>,
    time: i64,
    text: Hash,
) -> Result<u64, Box<dyn Error>> {
    let (id, via) = (session.statement(number), Via::Extended);
    if chance.below(200) == 0 {
        let (time, shape) = (Time::from_micros(time), Some(shape.shape));
        let refused = Refused {
            statement: id,
            time,
            shape,
            text,
            literals: Vec::new().into(),
            via,
            sqlstate: "42501".into(),
            reason: "".into(),
            trace: None,
            work: None,
        };
        ledger.append(&refused.into())?;
        return Ok(1);
    }
    let parameters = vec![text, text];
    let intent = Intent {
        statement: id,
        time: Time::from_micros(time),
        shape: shape.shape,
        text,
        via,
        parameters: parameters.into(),
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
