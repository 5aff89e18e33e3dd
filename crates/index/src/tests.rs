//! Indexes over ledgers that the real `Ledger` wrote.

use crate::{Answers, BY, Cell, Direction, Index, IndexError, Limits, Question, Table};
use ledger::{
    Hash, Ledger, Options, SessionId, ShapeId, Time,
    record::{
        Disclosed, Intent, LabelChanged, Outcome, Record, Refused, RiskPart, SessionClosed,
        SessionOpened, Shape, ShapeColumn, ShapeEffect, ShapeMove, ShapeOutput, Stopped, Via,
    },
};
use model::facts::Derivation;
use model::{
    Disclosure, Durability, Granted, IdentityKind, Label, MaskMethod, Operation, PolicyId, Use,
};
use std::{
    ops::ControlFlow,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// 2026-06-02T00:00:00Z.
const NOON: i64 = 1_780_358_400_000_000;
const DAY: i64 = 86_400_000_000;

struct Log {
    folder: TempDir,
    ledger: Option<Ledger>,
}

impl Log {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Self { folder, ledger: None };
        log.open();
        log
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("index.sqlite")
    }

    fn open(&mut self) {
        self.ledger = None;
        let options = Options::new("node-1", "0.1.0", at(0));
        self.ledger = Some(Ledger::open(&self.dir(), options).unwrap().0);
    }

    fn put<'a>(&self, record: impl Into<Record<'a>>) -> u64 {
        let ledger = self.ledger.as_ref().unwrap();
        let place = ledger.append(&record.into()).unwrap();
        ledger.hand_over(place).unwrap();
        place.0
    }

    fn session(
        &self,
        salt: u32,
        identity: &str,
        kind: IdentityKind,
        person: Option<&str>,
    ) -> SessionId {
        self.session_of(salt, identity, kind, person, "psql")
    }

    fn session_of(
        &self,
        salt: u32,
        identity: &str,
        kind: IdentityKind,
        person: Option<&str>,
        application: &str,
    ) -> SessionId {
        let session = SessionId::new(at(0), salt);
        let grants = match kind {
            IdentityKind::Agent => vec![Granted { grant: "g-1".into(), group: "analysts".into() }],
            IdentityKind::Person | IdentityKind::Service => Vec::new(),
        };
        self.put(SessionOpened {
            session,
            time: at(0),
            identity: identity.into(),
            kind,
            groups: vec!["analysts".to_owned()].into(),
            grants: grants.into(),
            acts_for: person.map(Into::into),
            principals: Vec::new().into(),
            method: "scram-sha-256".into(),
            credential: "password".into(),
            address: Some("192.0.2.7".parse().unwrap()),
            port: None,
            tls: None,
            application: application.into(),
            database: "shop".into(),
            environment: "production".into(),
            upstream_role: "".into(),
            upstream_pid: None,
            work: None,
        });
        session
    }

    fn run(&self, session: SessionId, number: u64, shape: ShapeId, time: i64, left: &[[u64; 3]]) {
        self.intent(session, number, shape, time);
        self.outcome(session, number, time, left, None);
    }

    fn intent(&self, session: SessionId, number: u64, shape: ShapeId, time: i64) {
        self.put(Intent {
            statement: session.statement(number),
            time: at(time),
            shape,
            text: text(),
            via: Via::Simple,
            parameters: Vec::new().into(),
            parameter_count: 0,
            literals: vec![text()].into(),
            literal_count: 1,
            turned_back: Vec::new().into(),
            kept: None,
            risk: [].as_slice().into(),
            trace: None,
            approval: None,
            work: None,
        });
    }

    fn outcome(
        &self,
        session: SessionId,
        number: u64,
        time: i64,
        left: &[[u64; 3]],
        error: Option<&str>,
    ) {
        let left = left.iter().map(|[raw, masked, null]| Disclosed {
            raw: *raw,
            masked: *masked,
            null: *null,
        });
        let disclosed: Vec<_> = left.collect();
        self.put(Outcome {
            statement: session.statement(number),
            time: at(time),
            duration_us: 17,
            tag: "SELECT".into(),
            sqlstate: error.map(Into::into),
            ended: None,
            rows: disclosed.first().map_or(0, |d| d.raw + d.masked + d.null),
            affected: 0,
            bytes: 30,
            approval: None,
            disclosed: disclosed.into(),
        });
    }

    fn answers(&self) -> Answers {
        Index::open(&self.file()).unwrap().catch_up(&self.dir(), u64::MAX).unwrap();
        Answers::open(&self.file()).unwrap()
    }
}

fn at(offset: i64) -> Time {
    Time::from_micros(NOON + offset)
}

fn text() -> Hash {
    "00112233445566778899aabbccddeeff".parse().unwrap()
}

fn column(name: &'static str, used: &[Use], label: Option<Label>) -> ShapeColumn<'static> {
    ShapeColumn { column: name.into(), uses: used.to_vec().into(), label }
}

fn shape(sql: &'static str, operation: Operation, object: &'static str) -> Shape<'static> {
    Shape {
        shape: ShapeId::of(&[sql.as_bytes()]),
        time: at(0),
        database: "shop".into(),
        text: sql.into(),
        operation,
        effects: vec![ShapeEffect { operation, object: object.into(), unbounded: false }].into(),
        columns: Vec::new().into(),
        moves: Vec::new().into(),
        functions: Vec::new().into(),
        outputs: Vec::new().into(),
        unknowns: Vec::new().into(),
        verdict: model::Outcome::Allow,
        policies: vec![PolicyId::from("baseline-read")].into(),
        reasons: Vec::new().into(),
        disclosures: Vec::new().into(),
        fallback: Disclosure::Scan,
        read_only: false,
        row_limit: None,
        risk: [].as_slice().into(),
        durability: Durability::Soon,
        shadow: None,
        basis: None,
        policy_version: u64::MAX,
        catalog_version: 1,
        label_version: 1,
    }
}

const EMAIL: &str = "public.customers.email";
const COUNTRY: &str = "public.customers.country";

/// Reads the email and the country, one of them masked or none.
fn read(sql: &'static str, masked: bool) -> Shape<'static> {
    let mut made = shape(sql, Operation::Select, "public.customers");
    made.columns = vec![
        column(EMAIL, &[Use::Returned], Some(Label::EMAIL)),
        column(COUNTRY, &[Use::Returned], None),
    ]
    .into();
    let output = |name: &'static str, source: &'static str| ShapeOutput {
        name: name.into(),
        sources: vec![source.into()].into(),
    };
    made.outputs = vec![output("email", EMAIL), output("country", COUNTRY)].into();
    let email = match masked {
        true => Disclosure::Masked { label: Label::EMAIL, method: MaskMethod::Partial },
        false => Disclosure::Raw { labels: vec![Label::EMAIL] },
    };
    made.disclosures = vec![email, Disclosure::Raw { labels: Vec::new() }].into();
    made
}

fn ask(answers: &Answers, question: &str) -> Table {
    let question = Question::parse(question, at(3 * DAY)).unwrap();
    answers.search(&question, &Limits { rows: 100, ..Limits::default() }).unwrap()
}

fn cells(table: &Table, name: &str) -> Vec<String> {
    let at = table.columns.iter().position(|column| column == name).unwrap();
    table.rows.iter().map(|row| row[at].to_string()).collect()
}

/// A person who sees emails masked, an admin who sees them raw, and an agent for the person.
fn log() -> Log {
    let log = Log::new();
    let alice = log.session(1, "alice", IdentityKind::Person, None);
    let root = log.session(2, "root", IdentityKind::Person, None);
    let agent = log.session(3, "alice/copilot", IdentityKind::Agent, Some("alice"));
    let (masked, raw) = (
        read("select email, country from customers", true),
        read("select email, country from customers -- root", false),
    );
    let delete = shape("delete from customers where id = ?", Operation::Delete, "public.customers");
    let (m, r, d) = (masked.shape, raw.shape, delete.shape);
    log.put(masked);
    log.put(raw);
    log.put(delete);
    log.run(alice, 1, m, 0, &[[0, 5, 0], [5, 0, 0]]);
    log.run(root, 1, r, DAY, &[[4, 0, 1], [5, 0, 0]]);
    log.run(root, 2, r, 2 * DAY, &[[0, 0, 2], [2, 0, 0]]);
    log.run(agent, 1, m, 2 * DAY, &[[0, 3, 0], [3, 0, 0]]);
    log.run(root, 3, d, 2 * DAY, &[]);
    log.put(Refused {
        statement: agent.statement(2),
        time: at(2 * DAY),
        shape: Some(d),
        text: text(),
        literals: Vec::new().into(),
        via: Via::Simple,
        sqlstate: "42501".into(),
        reason: "".into(),
        trace: None,
        work: None,
    });
    log
}

#[test]
fn who_read_a_column_raw_since_a_day() {
    let log = log();
    let answers = log.answers();
    let raw = ask(&answers, "column:customers.email disclosure:raw");
    assert_eq!(cells(&raw, "identity"), ["root"]);
    assert_eq!(cells(&raw, "raw"), ["email"]);
    assert_eq!(cells(&raw, "time"), ["2026-06-03T00:00:00.000000Z"]);
    assert!(ask(&answers, "column:email disclosure:raw since:2026-06-04").rows.is_empty());
    assert_eq!(ask(&answers, "column:email disclosure:raw until:2026-06-03").rows.len(), 1);
    let masked = ask(&answers, "label:email disclosure:masked");
    assert_eq!(cells(&masked, "identity"), ["alice/copilot", "alice"]);
    // A column without a label leaves raw too, if it is asked for by name.
    assert_eq!(ask(&answers, "column:country disclosure:raw").rows.len(), 4);
    assert_eq!(ask(&answers, "disclosure:raw").rows.len(), 1);
}

#[test]
fn what_somebody_reached_is_what_the_sums_of_all_say() {
    let log = log();
    let answers = log.answers();
    for name in ["alice", "root", "copilot", "alice/copilot", "lice", "nobody", "' OR 1=1 --"] {
        let end = name.replace('\'', "''");
        let query = format!(
            "SELECT database, origin, labels, sum(raw) AS raw, sum(masked) AS masked,
                max(day) AS last FROM disclosed_daily
             WHERE identity = '{end}' OR substr(identity, -{}) = '/{end}' GROUP BY 1, 2, 3
             ORDER BY labels IS NULL OR labels = '', sum(raw) DESC, sum(masked) DESC, 2",
            name.chars().count() + 1
        );
        let slow = answers.sql(&query, &Limits::default()).unwrap();
        assert_eq!(answers.reached(name, &Limits::default()).unwrap(), slow, "{name}");
        let is_known = ["alice", "root", "copilot", "alice/copilot"].contains(&name);
        assert_eq!(slow.rows.is_empty(), !is_known, "{name}");
    }
}

#[test]
fn counts_of_everything_are_those_of_all_shapes_together() {
    let log = log();
    let answers = log.answers();
    let question = |text: &str| Question::parse(text, at(3 * DAY)).unwrap();
    for by in BY {
        let count = |text: &str| {
            let found = answers.count(&question(text), *by, &Limits::default()).unwrap();
            found.rows
        };
        // Which operations there are is told from shapes, so that their sums are added up.
        let (all, added) = (count(""), count("operation:select,delete,insert,update"));
        assert_eq!(all, added, "{}", by.name);
        assert!(!all.is_empty());
        assert_eq!(count("identity:root"), count("identity:root operation:select,delete"));
        let days = "since:2026-06-03 until:2026-06-04";
        assert_eq!(count(days), count(&format!("{days} operation:select,delete")), "{}", by.name);
    }
}

#[test]
fn counts_are_those_of_the_statements() {
    let log = log();
    let answers = log.answers();
    let by = *BY.iter().find(|by| by.name == "identity").unwrap();
    let question = Question::parse("column:email disclosure:raw since:2026-06-01", at(0)).unwrap();
    let table = answers.count(&question, by, &Limits::default()).unwrap();
    assert_eq!(cells(&table, "identity"), ["root"]);
    assert_eq!(cells(&table, "raw"), ["4"]);
    assert_eq!(cells(&table, "first"), ["2026-06-03"]);
    let all = Question::parse("relation:customers", at(0)).unwrap();
    let table = answers.count(&all, by, &Limits::default()).unwrap();
    assert_eq!(cells(&table, "identity"), ["root", "alice/copilot", "alice"]);
    assert_eq!(cells(&table, "statements"), ["3", "2", "1"]);
    assert_eq!(cells(&table, "refused"), ["0", "1", "0"]);
    let part = Question::parse("since:2026-06-01T10:00", at(0)).unwrap();
    assert!(matches!(answers.count(&part, by, &Limits::default()), Err(IndexError::Question(_))));
    // Longer ago than there is time.
    assert!(matches!(Question::parse("since:200000000d", at(0)), Err(IndexError::Question(_))));
}

/// A client that calls itself something else each time makes sums no larger than a limit.
#[test]
fn days_keep_so_many_applications_apart() {
    let log = Log::new();
    let raw = read("select email, country from customers", false);
    let shape = raw.shape;
    log.put(raw);
    for number in 0..70 {
        let name = if number == 3 { String::new() } else { format!("client-{number}") };
        let session = log.session_of(number, "root", IdentityKind::Person, None, &name);
        log.run(session, 1, shape, 0, &[[2, 0, 0], [2, 0, 0]]);
    }
    let other = log.session_of(70, "alice", IdentityKind::Person, None, "client-69");
    log.run(other, 1, shape, DAY, &[[3, 0, 0], [3, 0, 0]]);
    let answers = log.answers();
    let sql = |query: &str| {
        let table = answers.sql(query, &Limits::default()).unwrap();
        let rows = table.rows.iter();
        rows.map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).collect()
    };
    let all = |query: &str| -> Vec<String> { sql(query) };
    assert_eq!(all("SELECT count(*), sum(statements) FROM daily"), ["66 71"]);
    assert_eq!(all("SELECT sum(statements) FROM daily WHERE application = 'client-7'"), ["1"]);
    let raw = "SELECT identity, sum(raw) FROM disclosed_daily WHERE origin = \
               'public.customers.email' AND application = 'client-69' GROUP BY 1";
    assert_eq!(all(raw), ["alice 3"]);
    // What is not kept apart is said, and statements know it still.
    let apart = "SELECT application, identity FROM sessions WHERE summed = 0 ORDER BY sequence";
    let left = all(apart);
    assert!(left.len() == 6 && left[0] == "client-64 root", "{left:?}");
    let statements = "SELECT identity FROM statements WHERE application = 'client-69' ORDER BY 1";
    assert_eq!(all(statements), ["alice", "root"]);
    assert_eq!(ask(&answers, "application:client-69 column:email disclosure:raw").rows.len(), 2);
    assert_eq!(all("SELECT day, statements FROM days"), ["2026-06-02 70", "2026-06-03 1"]);
    assert_eq!(all("SELECT count(*) FROM statements"), ["71"]);
}

/// Sums without the identities say what the sums with them say.
#[test]
fn sums_of_columns_and_labels_lose_nothing() {
    let answers = log().answers();
    let sql = |query: &str| answers.sql(query, &Limits::default()).unwrap().rows;
    let left = sql("SELECT day, database, origin, sum(raw), sum(masked) FROM disclosed_daily
        GROUP BY 1, 2, 3 HAVING sum(raw) + sum(masked) > 0 ORDER BY 1, 2, 3");
    let sums = sql("SELECT day, database, column, raw, masked FROM columns_daily
        WHERE raw + masked > 0 ORDER BY 1, 2, 3");
    assert!(left.len() > 3, "{left:?}");
    assert_eq!(left, sums);
    let ran = sql("SELECT d.day, d.database, c.column, sum(d.statements - d.refused)
        FROM daily d JOIN (SELECT DISTINCT shape, column FROM columns_used) c ON c.shape = d.shape
        GROUP BY 1, 2, 3 HAVING sum(d.statements - d.refused) > 0 ORDER BY 1, 2, 3");
    let sums = sql("SELECT day, database, column, statements FROM columns_daily
        WHERE statements > 0 ORDER BY 1, 2, 3");
    assert!(ran.len() > 3, "{ran:?}");
    assert_eq!(ran, sums);
    let labels = sql("SELECT label, sum(raw) > 0, sum(masked) > 0 FROM labels_daily
        GROUP BY 1 ORDER BY 1");
    assert_eq!(labels, [[Cell::Text("email".into()), Cell::Int(1), Cell::Int(1)]]);
}

#[test]
fn every_word_finds_what_it_says() {
    let log = log();
    let answers = log.answers();
    let session = SessionId::new(at(0), 3);
    for (question, count) in [
        ("", 6),
        ("identity:alice", 3),
        ("agent:copilot acts_for:alice", 2),
        ("-agent:copilot", 4),
        ("kind:agent,service", 2),
        ("group:analysts", 6),
        ("grant:g-1", 2),
        ("-grant:g-1", 4),
        ("grant:g-2", 0),
        ("database:nowhere", 0),
        ("relation:customers", 6),
        ("changes:customers", 2),
        ("changes:customers state:ended", 1),
        ("column:customers.email", 4),
        ("-column:customers.email", 2),
        ("column:email use:tested", 0),
        ("column:email use:returned,tested", 4),
        ("label:email", 4),
        ("operation:delete", 2),
        ("operation:select relation:public.customers", 4),
        ("verdict:allow", 6),
        ("policy:baseline-read", 6),
        ("state:refused", 1),
        ("sqlstate:42501", 1),
        ("-sqlstate:42501", 5),
        (&format!("session:{session}"), 2),
        ("address:192.0.2.7", 6),
        ("address:192.0.2.8", 0),
        ("application:psql", 6),
        ("-application:psql", 0),
        ("application:etl", 0),
        ("since:1d", 4),
        ("since:2026-06-02T00:00:01 until:2026-06-03T12:00", 1),
        ("delete", 2),
        ("text:\"from customers\"", 6),
        ("count*", 4),
        ("-text:delete", 4),
        ("text:\"' OR 1\"", 0),
    ] {
        assert_eq!(ask(&answers, question).rows.len(), count, "{question}");
    }
}

/// A preview runs and is rolled back: it is in the record, and nothing was changed by it.
#[test]
fn what_was_rolled_back_changed_nothing() {
    let log = Log::new();
    let root = log.session(1, "root", IdentityKind::Person, None);
    let made = shape("delete from customers where id = ?", Operation::Delete, "public.customers");
    let id = made.shape;
    log.put(made);
    let ran = |number: u64, time: i64, affected: u64, ended: Option<&'static str>| {
        log.intent(root, number, id, time);
        log.put(Outcome {
            statement: root.statement(number),
            time: at(time),
            duration_us: 17,
            tag: "DELETE".into(),
            sqlstate: None,
            ended: ended.map(Into::into),
            rows: 0,
            affected,
            bytes: 0,
            approval: None,
            disclosed: Vec::new().into(),
        });
    };
    ran(1, 0, 5, Some("rolled back"));
    ran(2, 1, 3, None);
    // On a day of its own there was nothing but a preview.
    ran(3, DAY, 7, Some("rolled back"));
    let answers = log.answers();
    let affected = |question: &str| cells(&ask(&answers, question), "affected");
    assert_eq!(affected("changes:customers"), ["3"]);
    assert_eq!(affected("changes:customers state:undone"), ["7", "5"]);
    assert_eq!(affected("state:undone"), ["7", "5"]);
    assert_eq!(affected("relation:customers"), ["7", "3", "5"]);
    assert_eq!(cells(&ask(&answers, ""), "state"), ["undone", "ended", "undone"]);
    let by = BY.iter().find(|by| by.name == "day").unwrap();
    let count = |question: &str| {
        let question = Question::parse(question, at(2 * DAY)).unwrap();
        let table = answers.count(&question, *by, &Limits::default()).unwrap();
        let (statements, affected) = (cells(&table, "statements"), cells(&table, "affected"));
        statements.into_iter().zip(affected).collect::<Vec<_>>()
    };
    let pair = |one: &str, two: &str| (one.to_owned(), two.to_owned());
    assert_eq!(count("changes:customers"), [pair("1", "3")]);
    assert_eq!(count("identity:root"), [pair("2", "3"), pair("1", "0")]);
    let daily = "SELECT sum(statements), sum(undone), sum(affected) FROM daily";
    let sums = answers.sql(daily, &Limits::default()).unwrap();
    assert_eq!(sums.rows, [[Cell::Int(3), Cell::Int(2), Cell::Int(3)]]);
}

/// A block that builds its statements can have changed anything, unless it ran read-only.
#[test]
fn what_was_not_understood_may_have_changed_a_relation() {
    let log = log();
    let root = SessionId::new(at(0), 2);
    let unknown = |sql: &'static str, read_only: bool| {
        let mut made = shape(sql, Operation::Do, "block in plpgsql");
        made.unknowns = vec!["a DO block".into()].into();
        made.risk = vec![RiskPart { part: "dynamic".into(), points: 20 }].into();
        made.read_only = read_only;
        made
    };
    for (number, shape) in (10..).zip([unknown("do ?", false), unknown("do ? -- read", true)]) {
        let id = shape.shape;
        log.put(shape);
        log.run(root, number, id, DAY, &[]);
    }
    let answers = log.answers();
    let found = cells(&ask(&answers, "changes:customers state:ended"), "text");
    assert_eq!(found, ["do ?", "delete from customers where id = ?"]);
    assert_eq!(ask(&answers, "-changes:customers").rows.len(), 5);
}

#[test]
fn an_answer_goes_on_where_it_ended() {
    let log = log();
    let answers = log.answers();
    for text in ["", "relation:customers", "identity:root", "state:ended"] {
        let whole = cells(&ask(&answers, text), "sequence");
        let mut found: Vec<String> = Vec::new();
        loop {
            let mut question = Question::parse(text, at(3 * DAY)).unwrap();
            if let Some(last) = found.last() {
                question = question.before(last.parse().unwrap());
            }
            let limits = Limits { rows: 1, ..Limits::default() };
            let part = answers.search(&question, &limits).unwrap();
            found.extend(cells(&part, "sequence"));
            if !part.more {
                break;
            }
        }
        assert_eq!(found, whole, "{text}");
    }
}

#[test]
fn a_clock_that_went_back_hides_nothing() {
    let log = Log::new();
    let session = log.session(1, "alice", IdentityKind::Person, None);
    let read = read("a", false);
    let id = read.shape;
    log.put(read);
    for number in 1..=2_055 {
        log.run(session, number, id, if number <= 2_050 { DAY } else { 0 }, &[]);
    }
    let answers = log.answers();
    let mut found: Vec<u64> = Vec::new();
    loop {
        let mut question = Question::parse("identity:alice", at(3 * DAY)).unwrap();
        if let Some(last) = found.last() {
            question = question.before(*last);
        }
        let limits = Limits { rows: 500, ..Limits::default() };
        let part = answers.search(&question, &limits).unwrap();
        found.extend(cells(&part, "sequence").iter().map(|cell| cell.parse::<u64>().unwrap()));
        if !part.more {
            break;
        }
    }
    assert!(found.is_sorted_by(|one, next| one > next));
    assert_eq!(found.len(), 2_055);
}

#[test]
fn an_answer_in_parts_is_the_same_answer() {
    let log = Log::new();
    let session = log.session(1, "alice", IdentityKind::Person, None);
    let known: Vec<ShapeId> = ["a", "b", "c"]
        .into_iter()
        .map(|name| {
            let read = read(name, false);
            let id = read.shape;
            log.put(read);
            id
        })
        .collect();
    for number in 0..50 {
        log.run(session, number, known[number as usize % 3], number as i64, &[[1, 0, 0]]);
    }
    let answers = log.answers();
    let in_parts = |rows: usize, stop: usize, by: &str| {
        let limits = Limits { rows, ..Limits::default() };
        let (mut whole, mut parts) = (Table::default(), 0);
        let mut take = |part: &Table| {
            assert!(part.rows.len() <= 16, "{} at once", part.rows.len());
            parts += 1;
            whole.columns = part.columns.clone();
            whole.rows.extend(part.rows.iter().cloned());
            if parts == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let question = |text: &str| Question::parse(text, at(0)).unwrap();
        let by = BY.iter().find(|one| one.name == by);
        match by {
            Some(by) => answers.count_in_parts(&question(""), *by, &limits, &mut take),
            None => answers.search_in_parts(&question("kind:person"), &limits, &mut take),
        }
        .unwrap();
        (whole, parts)
    };
    let whole = ask(&answers, "kind:person");
    assert_eq!(whole.rows.len(), 50);
    let (parted, parts) = in_parts(1_000, 0, "");
    assert_eq!((parted.columns, parted.rows, parts), (whole.columns, whole.rows.clone(), 4));
    assert_eq!(in_parts(20, 0, "").0.rows, whole.rows[..20]);
    assert_eq!(in_parts(1_000, 2, "").0.rows, whole.rows[..32], "it was broken off");
    let by = BY.iter().find(|one| one.name == "text").unwrap();
    let question = Question::parse("", at(0)).unwrap();
    let counted = answers.count(&question, *by, &Limits::default()).unwrap();
    assert_eq!(in_parts(1_000, 0, "text").0.rows, counted.rows);
    assert_eq!(in_parts(2, 0, "text").0.rows, counted.rows[..2]);
    // Nothing has columns too.
    let (nothing, parts) = in_parts(0, 0, "");
    assert_eq!((nothing.columns, nothing.rows.len(), parts), (counted_columns(&answers), 0, 1));
}

fn counted_columns(answers: &Answers) -> Vec<String> {
    ask(answers, "kind:service").columns
}

#[test]
fn a_question_that_is_taken_back_ends_at_once() {
    let log = log();
    let mut answers = log.answers();
    let stop = Arc::new(AtomicBool::new(false));
    answers.stop_when(Arc::clone(&stop));
    let limits = Limits { time: Duration::from_secs(60), rows: 1 };
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
        SELECT count(*) FROM n";
    let begun = Instant::now();
    let taken_back = std::thread::spawn({
        let stop = Arc::clone(&stop);
        move || {
            std::thread::sleep(Duration::from_millis(100));
            stop.store(true, Ordering::Relaxed);
        }
    });
    assert!(matches!(answers.sql(endless, &limits), Err(IndexError::Stopped)));
    assert!(begun.elapsed() < Duration::from_secs(30), "it went on to its limit");
    taken_back.join().unwrap();
    assert!(matches!(answers.sql("SELECT 1", &limits), Err(IndexError::Stopped)), "and for good");
}

#[test]
fn questions_are_completed_by_words_and_by_what_there_is() {
    let log = log();
    let answers = log.answers();
    let limits = Limits { rows: 20, ..Limits::default() };
    let suggested = |text: &str| -> Vec<String> {
        let found = answers.suggest(text, &limits).unwrap();
        found.into_iter().map(|one| one.question).collect()
    };
    assert_eq!(suggested("disc"), ["disclosure:"]);
    let words = ["identity:root -approved_by:", "identity:root -application:"];
    assert_eq!(suggested("identity:root -ap"), words);
    assert_eq!(suggested("kind:person,a"), ["kind:person,agent"]);
    assert_eq!(suggested("identity:COPI"), ["identity:copilot", "identity:alice/copilot"]);
    assert_eq!(suggested("label:e"), ["label:email"]);
    let columns = suggested("since:7d column:ema");
    assert_eq!(columns, ["since:7d column:public.customers.email"]);
    assert!(suggested("").len() > 10 && suggested("identity:\"a b").is_empty());
    assert!(suggested("nothing:x").is_empty() && suggested("text:x").is_empty());
    assert_eq!(suggested("database:"), ["database:shop"]);
    // Every value that is offered is a question that is understood.
    for word in ["identity:", "policy:", "sqlstate:", "operation:", "relation:", "grant:"] {
        for question in suggested(word) {
            assert!(!ask(&answers, &question).rows.is_empty(), "{question}");
        }
    }
}

#[test]
fn days_and_months_have_names() {
    // At 10:00 on the 2nd of June, and on the last day of a year.
    let noon = at(10 * 3_600_000_000);
    let new_year = "2026-12-31T23:59:59.000000Z".parse().unwrap();
    for (now, named, written) in [
        (noon, "since:today", "since:2026-06-02"),
        (noon, "until:yesterday", "until:2026-06-01"),
        (noon, "since:2026-06 until:2026-06", "since:2026-06-01 until:2026-06-30"),
        (noon, "since:2026-11 until:2026-12", "since:2026-11-01 until:2026-12-31"),
        (new_year, "since:yesterday until:today", "since:2026-12-30 until:2026-12-31"),
    ] {
        let parsed = |question| Question::parse(question, now).unwrap();
        assert_eq!(parsed(named), parsed(written), "{named}");
    }
}

#[test]
fn wrong_questions_say_what_is_wrong() {
    for (question, word) in [
        ("who:alice", "the words are identity"),
        ("verdict:maybe", "allow, modify, hold, deny"),
        ("since:tomorrow", "2026-06-01"),
        ("since:2026-13", "is no time"),
        ("since:2026-02-30", "is no time"),
        ("text:\"open", "quotation mark"),
        ("identity:", "no value"),
        ("-since:2026-01-01", "-since"),
        ("-disclosure:raw", "-disclosure"),
        ("-", "alone"),
    ] {
        let error = Question::parse(question, at(0)).unwrap_err();
        assert!(error.to_string().contains(word), "{question}: {error}");
    }
}

#[test]
fn a_question_is_told_without_the_texts_that_it_looks_for() {
    let text = "identity:alice -use:written,copied \"ada@example.com\" since:2026-06-01";
    let question = Question::parse(text, at(0)).unwrap();
    let told = "identity:alice -use:written,copied text:… since:2026-06-01T00:00:00.000000Z";
    assert_eq!(question.told(), told);
}

#[test]
fn the_same_comes_out_however_the_log_was_taken_in() {
    let log = log();
    log.put(held("h-1", "carol", "approved", 1));
    log.put(granted("bob", "requested", 1));
    let mut index = Index::open(&log.file()).unwrap();
    // One record at a time, with the index closed between: every open statement is taken up again.
    for upto in 1..30 {
        index.catch_up(&log.dir(), upto).unwrap();
        drop(index);
        index = Index::open(&log.file()).unwrap();
    }
    let other = log.folder.path().join("other.sqlite");
    Index::open(&other).unwrap().catch_up(&log.dir(), u64::MAX).unwrap();
    let (one, two) = (Answers::open(&log.file()).unwrap(), Answers::open(&other).unwrap());
    assert_eq!(one.state().unwrap(), two.state().unwrap());
    assert_eq!(one.state().unwrap().lag(&log.dir()).unwrap(), 0);
    for view in crate::VIEWS {
        let all = |answers: &Answers| {
            let query = format!("SELECT * FROM {} ORDER BY 1, 2, 3", view.name);
            answers.sql(&query, &Limits::default()).unwrap()
        };
        assert_eq!(all(&one), all(&two), "{}", view.name);
        assert!(
            !all(&one).rows.is_empty() || ["changes", "moves"].contains(&view.name),
            "{} is empty",
            view.name
        );
    }
}

#[test]
fn a_ledger_that_was_replaced_is_taken_in_anew() {
    let log = log();
    let mut index = Index::open(&log.file()).unwrap();
    assert!(!index.catch_up(&log.dir(), u64::MAX).unwrap().anew);
    drop(index);
    let mut index = Index::open(&log.file()).unwrap();
    let again = index.catch_up(&log.dir(), u64::MAX).unwrap();
    assert_eq!((again.records, again.anew), (0, false));
    drop(index);
    // As long as the one before, and of other records.
    let mut other = Log::new();
    for _ in 0..40 {
        other.put(Stopped { time: at(7), reason: "other".into() });
    }
    other.ledger = None;
    let mut index = Index::open(&log.file()).unwrap();
    assert!(index.catch_up(&other.dir(), u64::MAX).unwrap().anew);
    let answers = Answers::open(&log.file()).unwrap();
    let table = answers.sql("SELECT count(*) FROM statements", &Limits::default()).unwrap();
    assert_eq!(table.rows, [[Cell::Int(0)]]);
    // A shorter one was cut.
    drop(index);
    let short = Log::new();
    let mut index = Index::open(&log.file()).unwrap();
    assert!(index.catch_up(&short.dir(), u64::MAX).unwrap().anew);
}

#[test]
fn what_a_crash_left_open_is_unknown() {
    let mut log = Log::new();
    let alice = log.session(1, "alice", IdentityKind::Person, None);
    let made = read("select email, country from customers", true);
    let id = made.shape;
    log.put(made);
    log.intent(alice, 1, id, 0);
    assert_eq!(cells(&ask(&log.answers(), "identity:alice"), "state"), ["open"]);
    log.open();
    assert_eq!(cells(&ask(&log.answers(), "identity:alice"), "state"), ["unknown"]);
}

#[test]
fn records_of_later_versions_and_lost_beginnings_are_kept() {
    let log = Log::new();
    let nobody = SessionId::new(at(0), 77);
    log.intent(nobody, 1, ShapeId::of(&[b"lost"]), 0);
    log.outcome(nobody, 1, 0, &[[1, 0, 0]], Some("XX000"));
    log.put(SessionClosed {
        session: nobody,
        time: at(0),
        reason: "client left".into(),
        statements: 1,
        rows: 0,
        bytes: 0,
    });
    log.put(LabelChanged {
        time: at(0),
        by: "alice".into(),
        database: "shop".into(),
        column: EMAIL.into(),
        before: None,
        after: Some(Label::EMAIL),
        evidence: Vec::new().into(),
        version: 2,
    });
    let answers = log.answers();
    assert_eq!(cells(&ask(&answers, "sqlstate:XX000"), "identity"), [""]);
    let changes = answers.sql("SELECT by, object FROM changes", &Limits::default()).unwrap();
    assert_eq!(changes.rows, [[Cell::Text("alice".into()), Cell::Text(EMAIL.into())]]);
}

#[test]
fn values_are_followed_across_statements() {
    let log = Log::new();
    let root = log.session(1, "root", IdentityKind::Person, None);
    let bob = log.session(2, "bob", IdentityKind::Person, None);
    let mut copy = shape(
        "create table marketing as select email from customers",
        Operation::Create,
        "public.marketing",
    );
    copy.columns = vec![column(EMAIL, &[Use::Copied], Some(Label::EMAIL))].into();
    let mut insert =
        shape("insert into mails select email from marketing", Operation::Insert, "public.mails");
    insert.columns = vec![
        column("public.marketing.email", &[Use::Copied], None),
        column("public.mails.address", &[Use::Written], None),
    ]
    .into();
    let mut shown = shape("select address from mails", Operation::Select, "public.mails");
    shown.columns = vec![column("public.mails.address", &[Use::Returned], None)].into();
    let source = vec!["public.mails.address".into()].into();
    shown.outputs = vec![ShapeOutput { name: "address".into(), sources: source }].into();
    shown.disclosures = vec![Disclosure::Raw { labels: vec![Label::EMAIL] }].into();
    let mut file = shape("copy mails to ?", Operation::ServerFile, "a server file");
    file.columns = vec![column("public.mails.address", &[Use::Exported], None)].into();
    // Analysed and refused: nothing went there.
    let mut never = shape(
        "insert into secrets select email from customers",
        Operation::Insert,
        "public.secrets",
    );
    never.columns = vec![
        column(EMAIL, &[Use::Copied], None),
        column("public.secrets.email", &[Use::Written], None),
    ]
    .into();
    for (number, (shape, session)) in
        [(copy, root), (insert, root), (shown, bob), (file, root)].into_iter().enumerate()
    {
        let id = shape.shape;
        let left: &[[u64; 3]] = if session == bob { &[[3, 0, 0]] } else { &[] };
        log.put(shape);
        log.run(session, number as u64, id, 0, left);
    }
    log.put(never);
    let answers = log.answers();
    let trace = |column: &str, direction| {
        let table = answers.trace(column, direction, &Limits::default()).unwrap();
        let (how, to) = (cells(&table, "how"), cells(&table, "to"));
        let who = cells(&table, "identity");
        how.into_iter()
            .zip(to)
            .zip(who)
            .map(|((how, to), who)| format!("{how} {to} {who}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        trace("shop.customers.email", Direction::Forward),
        [
            "create public.marketing root",
            "insert public.mails.address root",
            "server_file a server file root",
            "result client bob",
        ]
    );
    assert_eq!(
        trace("mails.address", Direction::Back),
        ["insert public.mails.address root", "create public.marketing.email root"]
    );
    let limits = Limits { rows: 2, ..Limits::default() };
    let some = answers.trace("shop.customers.email", Direction::Forward, &limits).unwrap();
    assert!(some.more && some.rows.len() == 2, "{some:?}");
    let error = answers.trace("nothing.here", Direction::Back, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("nothing.here"), "{error}");
}

#[test]
fn sql_reads_the_views_and_nothing_else() {
    let log = log();
    let answers = log.answers();
    let sql = |query: &str| answers.sql(query, &Limits::default());
    let found = sql("SELECT identity, count(*) FROM statements GROUP BY 1 ORDER BY 1").unwrap();
    assert_eq!(cells(&found, "identity"), ["alice", "alice/copilot", "root"]);
    let found = sql("SELECT count(*) FROM statements WHERE text_id IN (SELECT rowid FROM \
                     text_search WHERE text_search MATCH 'delete')");
    assert_eq!(found.unwrap().rows, [[Cell::Int(2)]]);
    sql("WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n WHERE x < 5) \
         SELECT sum(x) FROM n")
    .unwrap();
    for query in [
        "SELECT * FROM statement",
        "SELECT * FROM meta",
        "SELECT * FROM sqlite_master",
        "DELETE FROM statement",
        "CREATE TABLE x (y)",
        "ATTACH 'x' AS y",
        "PRAGMA user_version",
        "SELECT * FROM pragma_database_list",
        "SELECT load_extension('x')",
        "SELECT 1; SELECT 2",
        "SELECT * FROM",
        "VACUUM INTO 'x'",
        "SELECT * FROM no_such_view",
        // Under the name of a view.
        "WITH statements AS (SELECT * FROM meta) SELECT * FROM statements",
        "WITH days(a, b) AS MATERIALIZED (SELECT type, sql FROM sqlite_master) SELECT * FROM days",
        "SELECT * FROM (SELECT key FROM shape WHERE id > 0) AS events",
    ] {
        let error = sql(query).expect_err(query);
        assert!(matches!(error, IndexError::Question(_)), "{query}: {error:?}");
    }
    let limits = Limits { time: std::time::Duration::from_millis(100), ..Limits::default() };
    let endless = "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n) \
                   SELECT count(*) FROM n";
    assert!(matches!(answers.sql(endless, &limits), Err(IndexError::Slow(_))));
    // The connection is as good as before.
    sql("SELECT count(*) FROM sessions").unwrap();
    // And nobody else of this process is bound by what was asked here.
    let db = rusqlite::Connection::open_in_memory().unwrap();
    let bound = db.query_row("PRAGMA hard_heap_limit", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(bound, 0);
    for view in crate::VIEWS {
        sql(&format!("SELECT * FROM {}", view.name)).unwrap();
    }
}

#[test]
fn counts_that_sums_answer_are_those_of_the_rows() {
    let log = log();
    let answers = log.answers();
    let mut counted = 0;
    for conditions in [
        "",
        " WHERE day_number >= 20606",
        " WHERE identity = 'alice'",
        " WHERE identity <> 'alice' AND acts_for = 'alice'",
        " WHERE kind IN ('agent', 'service') AND day_number < 20607",
        " WHERE operation = 'select' AND database = 'shop'",
        " WHERE verdict = 'deny'",
        " WHERE identity = 'root' AND verdict IN ('allow', 'modify') AND day_number <> 1",
        " WHERE identity = 'nobody'",
    ] {
        let of = |what: &str| {
            let query = format!("SELECT {what} FROM statements{conditions}");
            assert_eq!(crate::counted::of_sums(&query).is_some(), what == "count(*)", "{query}");
            answers.sql(&query, &Limits::default()).unwrap()
        };
        let (sums, rows) = (of("count(*)"), of("count(sequence)"));
        assert_eq!(sums.rows, rows.rows, "{conditions}");
        assert_eq!(sums.columns, ["count(*)"]);
        counted += u32::from(rows.rows != [[Cell::Int(0)]]);
    }
    assert!(counted >= 6, "{counted}");
}

#[test]
fn one_process_writes_and_any_may_read() {
    let log = log();
    assert!(matches!(Answers::open(&log.file()), Err(IndexError::Missing)));
    let mut index = Index::open(&log.file()).unwrap();
    assert!(matches!(Index::open(&log.file()), Err(IndexError::Busy)));
    index.catch_up(&log.dir(), 3).unwrap();
    let answers = Answers::open(&log.file()).unwrap();
    let state = answers.state().unwrap();
    assert_eq!(state.next, 3);
    let all = log.ledger.as_ref().unwrap().stats().records;
    assert_eq!(state.lag(&log.dir()).unwrap(), all - 3);
    index.clear().unwrap();
    assert_eq!(index.next(), 0);
}

#[test]
fn an_index_that_cannot_be_opened_now_is_kept() {
    let log = log();
    let taken = ask(&log.answers(), "").rows.len();
    let before = std::fs::read(log.file()).unwrap();
    // What SQLite answers where it finds no room for it, or no descriptor.
    let obstacle = log.folder.path().join("index.sqlite-wal");
    let _ = std::fs::remove_file(&obstacle);
    std::fs::create_dir(&obstacle).unwrap();
    let refused = Index::open(&log.file());
    assert!(matches!(refused, Err(IndexError::Storage(_))), "{refused:?}");
    assert!(std::fs::read(log.file()).is_ok_and(|now| now == before), "it was thrown away");
    std::fs::remove_dir(&obstacle).unwrap();
    let mut index = Index::open(&log.file()).unwrap();
    let caught = index.catch_up(&log.dir(), u64::MAX).unwrap();
    assert_eq!((caught.records, caught.anew), (0, false));
    drop(index);
    assert_eq!(ask(&log.answers(), "").rows.len(), taken);
}

#[test]
fn a_file_that_is_no_index_is_made_anew() {
    let log = log();
    std::fs::write(log.file(), vec![7; 8192]).unwrap();
    let mut index = Index::open(&log.file()).unwrap();
    assert!(index.catch_up(&log.dir(), u64::MAX).unwrap().anew);
    drop(index);
    assert_eq!(ask(&log.answers(), "").rows.len(), 6);
    let db = rusqlite::Connection::open(log.file()).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    assert!(matches!(Answers::open(&log.file()), Err(IndexError::Version)));
    assert_eq!(ask(&log.answers(), "").rows.len(), 6);
}

/// Wherever the damage is, and whatever lies beside the file.
#[test]
fn a_damaged_index_is_made_anew() {
    let log = log();
    drop(log.answers());
    let sound = std::fs::read(log.file()).unwrap();
    for page in 1..sound.len() / 4096 {
        let mut damaged = sound.clone();
        damaged[page * 4096..(page + 1) * 4096].fill(0xff);
        std::fs::write(log.file(), &damaged).unwrap();
        // What is damaged where nobody looks at the start is found by whoever asks for it.
        drop(Index::open(&log.file()).unwrap());
    }
    // A removal that was cut short, and what another file left.
    std::fs::remove_file(log.file()).unwrap();
    std::fs::write(log.file().with_extension("sqlite-wal"), vec![7; 8192]).unwrap();
    let mut index = Index::open(&log.file()).unwrap();
    index.catch_up(&log.dir(), u64::MAX).unwrap();
    drop(index);
    assert_eq!(ask(&log.answers(), "").rows.len(), 6);
}

#[test]
fn the_page_has_every_word_and_every_column_of_every_view() {
    let page = include_str!("../../../docs/audit.md");
    for (word, meaning) in crate::WORDS {
        assert!(page.contains(&format!("| `{word}:` | {meaning} |")), "{word}");
    }
    let log = Log::new();
    let answers = log.answers();
    for view in crate::VIEWS {
        let query = format!("SELECT * FROM {}", view.name);
        let columns = answers.sql(&query, &Limits::default()).unwrap().columns.join(", ");
        let row = format!("| `{}` | {} | {columns} |", view.name, view.what);
        assert!(page.contains(&row), "{row}");
    }
    for by in BY {
        assert!(page.contains(by.name), "{}", by.name);
    }
}

#[test]
fn what_the_ledger_no_longer_has_is_not_found_here_either() {
    let mut log = Log::new();
    let stopped = |day: i64, reason: &str| {
        let time = Time::from_micros(NOON + day * DAY);
        Record::from(Stopped { time, reason: reason.to_owned().into() })
    };
    for _ in 0..600 {
        log.put(stopped(-9, "former"));
    }
    log.open();
    assert!(log.ledger.as_ref().unwrap().roll(at(1)).unwrap());
    for _ in 0..300 {
        log.put(stopped(1, "later"));
    }
    log.open();
    let count = |log: &Log, reason: &str| {
        let mut index = Index::open(&log.file()).unwrap();
        let durable = log.ledger.as_ref().unwrap().stats().synced;
        let caught = index.catch_up(&log.dir(), durable).unwrap();
        assert!(!caught.anew && caught.next == durable);
        drop(index);
        let answers = Answers::open(&log.file()).unwrap();
        let question = format!("SELECT count(*) FROM events WHERE detail LIKE '%{reason}%'");
        match answers.sql(&question, &Limits::default()).unwrap().rows[0][0] {
            Cell::Int(count) => count,
            ref other => panic!("{other:?}"),
        }
    };
    assert_eq!((count(&log, "former"), count(&log, "later")), (600, 300));
    let ledger = log.ledger.as_ref().unwrap();
    assert!(ledger.fold().unwrap().folded > 0);
    let words = "ledger.retention = \"7d\"";
    let rule = ledger::Rule { older: at(1), before: u64::MAX, words, now: at(9) };
    assert_eq!(ledger.prune(&rule).unwrap(), Some(0..512));
    assert_eq!((count(&log, "former"), count(&log, "later")), (600 - 511, 300));
    log.open();
    assert_eq!((count(&log, "former"), count(&log, "later")), (600 - 511, 300));
}

#[test]
fn each_column_goes_where_it_was_put() {
    let log = Log::new();
    let root = log.session(1, "root", IdentityKind::Person, None);
    let copy = |sql, operation, object, pairs: &[(&'static str, &'static str)]| {
        let mut made = shape(sql, operation, object);
        let moved = |(to, from): &(&'static str, &'static str)| ShapeMove {
            to: (*to).into(),
            from: vec![(*from).into()].into(),
            how: Derivation::Expression,
            unknown: false,
        };
        made.moves = pairs.iter().map(moved).collect();
        let mut columns: Vec<_> =
            pairs.iter().map(|(_, from)| column(from, &[Use::Copied], None)).collect();
        if operation == Operation::Insert {
            columns.extend(pairs.iter().map(|(to, _)| column(to, &[Use::Written], None)));
        }
        made.columns = columns.into();
        made
    };
    let insert = copy(
        "insert into mails select country, email from customers",
        Operation::Insert,
        "public.mails",
        &[("public.mails.land", COUNTRY), ("public.mails.address", EMAIL)],
    );
    // The path decides the schema of what is made, and later statements name it.
    let create = copy(
        "create table late as select lower(address) a, land from mails",
        Operation::Create,
        "late",
        &[("late.a", "public.mails.address"), ("late.land", "public.mails.land")],
    );
    let last = copy(
        "insert into ends select land from late",
        Operation::Insert,
        "public.ends",
        &[("public.ends.land", "public.late.land")],
    );
    for (number, shape) in [insert, create, last].into_iter().enumerate() {
        let id = shape.shape;
        log.put(shape);
        log.run(root, number as u64, id, 0, &[]);
    }
    let answers = log.answers();
    let trace = |column: &str, direction| {
        let table = answers.trace(column, direction, &Limits::default()).unwrap();
        assert!(cells(&table, "derivation").iter().all(|how| how == "expression"));
        let (from, to) = (cells(&table, "from"), cells(&table, "to"));
        from.into_iter().zip(to).map(|(from, to)| format!("{from} {to}")).collect::<Vec<_>>()
    };
    assert_eq!(
        trace("customers.email", Direction::Forward),
        ["public.customers.email public.mails.address", "public.mails.address late.a"]
    );
    assert_eq!(
        trace("customers.country", Direction::Forward),
        [
            "public.customers.country public.mails.land",
            "public.mails.land late.land",
            "public.late.land public.ends.land",
        ]
    );
    assert_eq!(
        trace("ends.land", Direction::Back),
        [
            "public.late.land public.ends.land",
            "public.mails.land public.late.land",
            "public.customers.country public.mails.land",
        ]
    );
    let moves = "SELECT source, target, how FROM moves WHERE target LIKE 'late.%' ORDER BY target";
    let table = answers.sql(moves, &Limits::default()).unwrap();
    assert_eq!(cells(&table, "source"), ["public.mails.address", "public.mails.land"]);
}

/// A step of a request for consent.
fn held(hold: &str, by: &str, what: &str, hour: i64) -> Record<'static> {
    ledger::record::HoldChanged {
        time: at(hour),
        hold: hold.to_owned().into(),
        database: "shop".into(),
        identity: "alice/copilot".into(),
        by: by.to_owned().into(),
        what: what.to_owned().into(),
        shape: None,
        text: None,
        parameters: Vec::new().into(),
        needs: if what == "held" { vec!["two persons in group dba".into()] } else { Vec::new() }
            .into(),
        reason: "".into(),
        via: "command line".into(),
        on_behalf: Vec::new().into(),
        signed: None,
    }
    .into()
}

/// A step of a break-glass grant.
fn granted(by: &str, what: &str, hour: i64) -> Record<'static> {
    let (requested, begun) = (what == "requested", what == "begun");
    ledger::record::GrantChanged {
        time: at(hour),
        grant: "g-1".into(),
        group: "stewards".into(),
        databases: vec!["shop".to_owned(), "crm".to_owned()].into(),
        identity: "bob".into(),
        by: by.to_owned().into(),
        what: what.to_owned().into(),
        emergency: true,
        seconds: if requested { 3_600 } else { 0 },
        until: begun.then(|| at(hour + 1)),
        needs: Vec::new().into(),
        reviewers: if requested { vec!["one person in group security".into()] } else { Vec::new() }
            .into(),
        reason: if requested { "nobody answers" } else { "" }.into(),
        via: "cli".into(),
        on_behalf: Vec::new().into(),
        signed: None,
    }
    .into()
}

#[test]
fn who_consented_to_what_and_who_had_which_rights() {
    let mut log = Log::new();
    for (hold, by, what) in [
        ("h-1", "alice/copilot", "held"),
        ("h-1", "carol", "consented"),
        ("h-1", "dan", "approved"),
        ("h-1", "alice/copilot", "used"),
        ("h-2", "alice/copilot", "held"),
        ("h-2", "alice", "consented"),
        ("h-2", "dan", "denied"),
        ("h-3", "alice/copilot", "held"),
        ("h-3", "weir", "expired"),
        ("h-4", "alice/copilot", "held"),
    ] {
        log.put(held(hold, by, what, 1));
    }
    for (by, what, hour) in [("bob", "requested", 2), ("weir", "granted", 2), ("weir", "begun", 3)]
    {
        log.put(granted(by, what, hour));
    }
    let ask = |log: &Log, query: &str| {
        let table = log.answers().sql(query, &Limits::default()).unwrap();
        let row = |row: &Vec<crate::Cell>| row.iter().map(ToString::to_string).collect::<Vec<_>>();
        table.rows.iter().map(|one| row(one).join("|")).collect::<Vec<_>>()
    };
    let holds = "SELECT hold, identity, state, consented_by, denied_by, own, needs FROM holds
                 ORDER BY hold";
    let needs = "two persons in group dba";
    assert_eq!(
        ask(&log, holds),
        [
            format!("h-1|alice/copilot|used|carol, dan||0|{needs}"),
            // Whoever asked is among those who consented: the store would not let them.
            format!("h-2|alice/copilot|denied|alice|dan|1|{needs}"),
            format!("h-3|alice/copilot|expired|||0|{needs}"),
            format!("h-4|alice/copilot|open|||0|{needs}"),
        ]
    );
    let grants = "SELECT grant, group_name, databases, identity, emergency, purpose, state, own,
                  review, reviewed_by, begun < until FROM grants";
    let told = "g-1|stewards|shop; crm|bob|1|nobody answers";
    assert_eq!(ask(&log, grants), [format!("{told}|in_force|0|open||1")]);
    for (by, what, hour) in [("weir", "ended", 4), ("erin", "review: not_fine", 5)] {
        log.put(granted(by, what, hour));
    }
    assert_eq!(ask(&log, grants), [format!("{told}|ended|0|not_fine|erin|1")]);
    log.open();
    assert_eq!(ask(&log, grants), [format!("{told}|ended|0|not_fine|erin|1")]);
}

#[test]
fn what_ran_by_whose_consent() {
    let log = Log::new();
    let session = log.session(1, "alice", IdentityKind::Person, None);
    let by = |names: &[&str]| {
        let by = names.iter().map(|name| (*name).to_owned().into()).collect::<Vec<_>>();
        Some(ledger::record::Approved { hold: format!("h-{}", names.len()).into(), by: by.into() })
    };
    let mut places = Vec::new();
    for (number, approval) in [None, by(&["carol"]), by(&["carol", "dan"])].into_iter().enumerate()
    {
        places.push(log.put(Intent {
            work: None,
            statement: session.statement(number as u64),
            time: at(1),
            shape: ShapeId::of(&[b"x"]),
            text: text(),
            via: Via::Simple,
            parameters: Vec::new().into(),
            parameter_count: 0,
            literals: Vec::new().into(),
            literal_count: 0,
            turned_back: Vec::new().into(),
            kept: None,
            risk: [].as_slice().into(),
            trace: None,
            approval,
        }));
    }
    // An approval that came while a statement ran stands in its outcome.
    log.put(Outcome {
        statement: session.statement(0),
        time: at(2),
        duration_us: 17,
        tag: "DELETE".into(),
        sqlstate: None,
        ended: None,
        rows: 0,
        affected: 1,
        bytes: 0,
        disclosed: Vec::new().into(),
        approval: by(&["erin", "frank", "grace"]),
    });
    let found = |question: &str| -> Vec<String> {
        let table = ask(&log.answers(), question);
        table.rows.iter().map(|row| row[0].to_string()).collect()
    };
    let [none, one, two] = [places[0], places[1], places[2]].map(|place| place.to_string());
    assert_eq!(found("approved_by:carol"), [two.clone(), one.clone()]);
    assert_eq!(found("hold:any identity:alice"), [two.clone(), one.clone(), none.clone()]);
    assert_eq!(found("approved_by:dan"), [two]);
    assert_eq!(found("hold:h-1"), [one]);
    assert_eq!((found("-hold:any").len(), found("approved_by:erin")), (0, vec![none]));
    let query = "SELECT hold, approved_by FROM statements WHERE approved_by LIKE '%dan%'";
    let table = log.answers().sql(query, &Limits::default()).unwrap();
    let row: Vec<String> = table.rows[0].iter().map(ToString::to_string).collect();
    assert_eq!((row[0].as_str(), table.rows.len()), ("h-2", 1));
    assert!(["carol, dan", "dan, carol"].contains(&row[1].as_str()));
}

#[test]
fn who_named_a_value_and_what_it_was_part_of() {
    let log = Log::new();
    let redactor = ledger::Redactor::new(&[7; 32]);
    let alice = log.session(1, "alice", IdentityKind::Person, None);
    let agent = log.session(2, "alice/copilot", IdentityKind::Agent, Some("alice"));
    let mut shape = shape("select ?", Operation::Select, "public.customers");
    shape.risk = vec![RiskPart { part: "raw".into(), points: 30 }].into();
    let id = shape.shape;
    log.put(shape);
    let hash = |value: &str| redactor.value(value.as_bytes());
    let work = ledger::record::Work {
        task: "t-1".into(),
        purpose: "a claim".into(),
        tainted: true,
        ..Default::default()
    };
    let plain = Intent {
        statement: alice.statement(1),
        time: at(0),
        shape: id,
        text: text(),
        via: Via::Simple,
        parameters: Vec::new().into(),
        parameter_count: 0,
        literals: vec![hash("a@x.org"), hash("7")].into(),
        literal_count: 2,
        turned_back: Vec::new().into(),
        kept: None,
        risk: Vec::new().into(),
        trace: None,
        approval: None,
        work: None,
    };
    let one = log.put(plain.clone());
    let two = log.put(Intent {
        statement: agent.statement(1),
        literals: Vec::new().into(),
        parameters: vec![hash("b@x.org"), hash("07")].into(),
        risk: vec![RiskPart { part: "new table".into(), points: 35 }].into(),
        work: Some(Box::new(work)),
        ..plain
    });
    let answers = log.answers();
    let found = |question: &str| -> Vec<u64> {
        let question = Question::parse(question, at(0)).unwrap().keyed(Some(&redactor)).unwrap();
        let table = answers.search(&question, &Limits::default()).unwrap();
        let found = table.rows.iter().map(|row| row[0].to_string().parse().unwrap()).collect();
        // The same where every value counts as common.
        let common = crate::search::find_by(&answers.db, &question, 100, 0).unwrap();
        assert_eq!(common.iter().map(|found| *found as u64).collect::<Vec<_>>(), found);
        found
    };
    for (question, expected) in [
        ("value:a@x.org", vec![one]),
        ("value:7 since:2026-06-02", vec![two, one]),
        ("value:7 kind:agent since:2026-06-02", vec![two]),
        ("value:7 since:2026-06-04", vec![]),
        ("value:7", vec![two, one]),
        ("value:-7.0", vec![two, one]),
        ("value:a@x.org,b@x.org", vec![two, one]),
        ("value:7 value:b@x.org", vec![two]),
        ("value:7 -value:b@x.org", vec![one]),
        ("value:7 identity:alice/copilot", vec![two]),
        ("value:7 relation:customers", vec![two, one]),
        ("value:7 operation:select identity:alice/copilot", vec![two]),
        ("value:7 relation:orders", vec![]),
        ("value:A@x.org", vec![]),
        ("task:t-1", vec![two]),
        ("task:any", vec![two]),
        ("-task:any", vec![one]),
        ("purpose:\"a claim\"", vec![two]),
        ("tainted:yes", vec![two]),
        ("tainted:no", vec![one]),
        ("-tainted:no", vec![two]),
        ("risk:30", vec![two, one]),
        ("risk:31", vec![two]),
        ("-risk:65", vec![one]),
        ("risk:66", vec![]),
    ] {
        assert_eq!(found(question), expected, "{question}");
    }
    let other = ledger::Redactor::new(&[8; 32]);
    let question = Question::parse("value:7", at(0)).unwrap();
    assert_eq!(question.told(), "value:…");
    let keyed = question.clone().keyed(Some(&other)).unwrap();
    assert!(answers.search(&keyed, &Limits::default()).unwrap().rows.is_empty());
    assert!(question.clone().keyed(None).is_err());
    assert!(answers.search(&question, &Limits::default()).is_err());
    let sql = "SELECT task, purpose, tainted, risk FROM statements ORDER BY sequence";
    let rows = answers.sql(sql, &Limits::default()).unwrap().rows;
    let rows: Vec<String> = rows
        .iter()
        .map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>().join("|"))
        .collect();
    assert_eq!(rows, ["||0|30", "t-1|a claim|1|65"]);
}

#[test]
fn a_value_is_found_in_every_part_the_newest_first() {
    let log = Log::new();
    let redactor = ledger::Redactor::new(&[7; 32]);
    let alice = log.session(1, "alice", IdentityKind::Person, None);
    let shape = shape("select ?", Operation::Select, "public.customers");
    let id = shape.shape;
    log.put(shape);
    let intent = |number: u64, value: &str| Intent {
        statement: alice.statement(number),
        time: at(0),
        shape: id,
        text: text(),
        via: Via::Simple,
        parameters: Vec::new().into(),
        parameter_count: 0,
        literals: vec![redactor.value(value.as_bytes())].into(),
        literal_count: 1,
        turned_back: Vec::new().into(),
        kept: None,
        risk: Vec::new().into(),
        trace: None,
        approval: None,
        work: None,
    };
    let (one, two) = (log.put(intent(1, "7")), log.put(intent(2, "7")));
    log.put(intent(3, "8"));
    drop(log.answers());
    // The same statements again in each of two more parts.
    let far = 1_u64 << crate::schema::PART_BITS;
    let db = rusqlite::Connection::open(log.file()).unwrap();
    db.execute_batch("CREATE TEMP TABLE s AS SELECT * FROM statement;").unwrap();
    db.execute_batch("CREATE TEMP TABLE v AS SELECT * FROM value;").unwrap();
    for part in 1..3 {
        db.execute_batch(&format!(
            "UPDATE s SET seq = seq + {far}; INSERT INTO statement SELECT * FROM s;
             UPDATE v SET part = part + 1, seq = seq + {far}; INSERT INTO value SELECT * FROM v;
             INSERT INTO value_part VALUES ({part}); UPDATE day SET last_seq = last_seq + {far};"
        ))
        .unwrap();
    }
    let answers = Answers::open(&log.file()).unwrap();
    let found = |question: Question, rows: usize, common: i64| -> Vec<u64> {
        let question = question.keyed(Some(&redactor)).unwrap();
        let found = crate::search::find_by(&answers.db, &question, rows, common).unwrap();
        found.into_iter().map(|found| u64::try_from(found).unwrap()).collect()
    };
    let asked = |text: &str| Question::parse(text, at(0)).unwrap();
    let all: Vec<u64> = [2, 1, 0].iter().flat_map(|n| [two + n * far, one + n * far]).collect();
    for common in [0, 3, 100] {
        assert_eq!(found(asked("value:7"), 100, common), all);
        assert_eq!(found(asked("value:7 identity:alice"), 100, common), all);
        assert_eq!(found(asked("value:7"), 3, common), all[..3]);
        assert_eq!(found(asked("value:7").before(one + far), 100, common), all[4..]);
        assert_eq!(found(asked("value:7,9"), 100, common), all);
        assert_eq!(found(asked("value:7 -value:8"), 5, common), all[..5]);
        assert_eq!(found(asked("-value:8"), 100, common), all);
    }
    let named = |value: &str| {
        let rows = answers.sql(value, &Limits::default()).unwrap().rows;
        rows.iter().map(|row| row[0].to_string()).collect::<Vec<_>>()
    };
    assert_eq!(named("SELECT count(*) FROM values_named"), ["9"]);
    let seven = format!("SELECT value FROM values_named WHERE sequence = {one}");
    let those = format!("SELECT count(*) FROM values_named WHERE value IN ({seven})");
    assert_eq!(named(&those), ["6"]);
}
