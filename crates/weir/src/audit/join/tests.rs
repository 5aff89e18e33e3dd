//! Records of a small log, and the entries they become.

use super::{Join, Joined};
use crate::audit::line::line;
use ledger::{
    Entry, Record, Redactor, Sequence, SessionId, ShapeId, Time,
    record::{Disclosed, Intent, Outcome, Refused, SessionOpened, SessionRefused, Shape, Via},
};
use model::{Disclosure, Durability, IdentityKind, Label, MaskMethod, Operation};

struct Log(Vec<Entry>);

impl Log {
    fn push(&mut self, record: impl Into<Record<'static>>) {
        let mut payload = Vec::new();
        record.into().encode(&mut payload).unwrap();
        self.0.push(Entry { sequence: Sequence(self.0.len() as u64), payload });
    }

    fn join(self) -> (Vec<Joined>, Join) {
        let mut join = Join::default();
        let joined = self.0.into_iter().filter_map(|entry| join.feed(entry)).collect();
        (joined, join)
    }
}

fn at(second: i64) -> Time {
    Time::from_micros(1_800_000_000_000_000 + second * 1_000_000)
}

fn session() -> SessionId {
    SessionId::new(at(0), 7)
}

fn shape_id() -> ShapeId {
    ShapeId::of(&[b"shape"])
}

fn opened() -> SessionOpened<'static> {
    SessionOpened {
        session: session(),
        time: at(0),
        identity: "alice/bot".into(),
        kind: IdentityKind::Agent,
        groups: vec![].into(),
        grants: [].as_slice().into(),
        acts_for: Some("alice".into()),
        principals: Vec::new().into(),
        method: "scram-sha-256".into(),
        credential: "password".into(),
        address: Some([127, 0, 0, 1].into()),
        port: Some(4000),
        tls: None,
        application: "psql".into(),
        database: "shop".into(),
        environment: "production".into(),
        upstream_role: "app".into(),
        upstream_pid: Some(1),
        work: None,
    }
}

fn shape(verdict: model::Outcome) -> Shape<'static> {
    let masked = Disclosure::Masked { label: Label::EMAIL, method: MaskMethod::Partial };
    let raw = Disclosure::Raw { labels: vec![Label::INCOME] };
    Shape {
        shape: shape_id(),
        time: at(1),
        database: "shop".into(),
        text: "SELECT email,\n  salary FROM customers WHERE id = ?".into(),
        operation: Operation::Select,
        effects: vec![].into(),
        columns: vec![].into(),
        moves: Vec::new().into(),
        functions: vec![].into(),
        outputs: vec![].into(),
        unknowns: vec![].into(),
        verdict,
        policies: vec![model::PolicyId::new("people-read")].into(),
        reasons: vec!["people read masked".to_owned()].into(),
        disclosures: vec![masked, raw.clone()].into(),
        fallback: raw,
        read_only: false,
        row_limit: None,
        risk: [].as_slice().into(),
        durability: Durability::Soon,
        shadow: None,
        basis: None,
        policy_version: 1,
        catalog_version: 1,
        label_version: 1,
    }
}

fn intent(number: u64) -> Intent<'static> {
    Intent {
        statement: session().statement(number),
        time: at(2),
        shape: shape_id(),
        text: Redactor::new(&[0; 32]).hash(b"text"),
        via: Via::Simple,
        parameters: vec![].into(),
        parameter_count: 0,
        literals: Vec::new().into(),
        literal_count: 0,
        turned_back: [].as_slice().into(),
        kept: None,
        risk: [].as_slice().into(),
        trace: None,
        approval: None,
        work: None,
    }
}

fn outcome(number: u64, raw: u64, masked: u64) -> Outcome<'static> {
    Outcome {
        statement: session().statement(number),
        time: at(3),
        duration_us: 1500,
        tag: "SELECT".into(),
        sqlstate: None,
        ended: None,
        rows: 3,
        affected: 0,
        bytes: 60,
        approval: None,
        disclosed: vec![
            Disclosed { raw: 0, masked, null: 1 },
            Disclosed { raw, masked: 0, null: 0 },
        ]
        .into(),
    }
}

#[test]
fn a_statement_is_joined_from_four_records() {
    let mut log = Log(Vec::new());
    log.push(opened());
    log.push(shape(model::Outcome::Modify));
    log.push(intent(1));
    log.push(outcome(1, 3, 2));
    let (joined, join) = log.join();
    assert!(!join.incomplete);
    assert_eq!(joined.len(), 2);
    let Joined::Statement(one) = &joined[1] else { panic!("{joined:?}") };
    assert_eq!(
        (one.identity.as_deref(), one.database.as_deref()),
        (Some("alice/bot"), Some("shop"))
    );
    assert_eq!((one.sequence, one.time, one.rows), (3, at(2), Some(3)));
    assert_eq!((&one.masked, &one.raw), (&vec!["email".to_owned()], &vec!["income".to_owned()]));
    assert_eq!(
        line(&joined[1]),
        "2027-01-15 08:00:02.000  alice/bot         shop        modify  select          3 rows  \
         masked email  raw income  SELECT email, salary FROM customers WHERE id = ?"
    );
    for (identity, database, expected) in [
        (None, None, true),
        (Some("alice"), None, true),
        (Some("bot"), Some("shop"), true),
        (Some("alice/bot"), None, true),
        (Some("al"), None, false),
        (None, Some("other"), false),
    ] {
        assert_eq!(joined[1].concerns(identity, database), expected, "{identity:?} {database:?}");
    }
}

#[test]
fn what_was_turned_back_is_told_by_its_label() {
    let mut log = Log(Vec::new());
    log.push(opened());
    log.push(shape(model::Outcome::Modify));
    log.push(Intent { turned_back: vec![model::Label::EMAIL].into(), ..intent(1) });
    log.push(outcome(1, 0, 2));
    let (joined, _) = log.join();
    assert!(line(&joined[1]).contains("masked email  turned back email  SELECT"), "{joined:?}");
    let mut log = Log(Vec::new());
    log.push(Intent { turned_back: vec![model::Label::EMAIL].into(), ..intent(1) });
    assert_eq!(log.join().1.unfinished()[0].turned_back, ["email"]);
}

#[test]
fn labels_count_only_if_values_of_theirs_left() {
    let mut log = Log(Vec::new());
    log.push(opened());
    log.push(shape(model::Outcome::Modify));
    log.push(intent(1));
    log.push(outcome(1, 0, 0));
    let (joined, _) = log.join();
    let Joined::Statement(one) = &joined[1] else { panic!("{joined:?}") };
    assert!(one.masked.is_empty() && one.raw.is_empty(), "{one:?}");
}

#[test]
fn what_clients_chose_forges_no_line_and_no_column() {
    let mut log = Log(Vec::new());
    log.push(SessionRefused {
        time: at(0),
        address: None,
        claimed: "zed\n2027-01-15 08:00:00.000  root  bench  allow\u{1b}[31m".into(),
        database: "a\tb".into(),
        reason: "not\r\u{202e}encrypted".into(),
    });
    log.push(opened());
    let text = "SELECT \u{9b}2J,\n '\u{1b}]0;x\u{7}'".into();
    log.push(Shape { text, ..shape(model::Outcome::Allow) });
    log.push(intent(1));
    log.push(outcome(1, 0, 0));
    let (joined, _) = log.join();
    let lines: Vec<String> = joined.iter().map(line).collect();
    for line in &lines {
        assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
    }
    assert_eq!(
        lines[0],
        "2027-01-15 08:00:00.000  \
         \"zed\\n2027-01-15 08:00:00.000  root  bench  allow\\u{1b}[31m\"  \
         \"a\\tb\"       not let in from a local socket: not\\u{d}\\u{202e}encrypted"
    );
    assert!(lines[2].ends_with("SELECT \\u{9b}2J, '\\u{1b}]0;x\\u{7}'"), "{}", lines[2]);
}

#[test]
fn a_refusal_stands_for_itself() {
    let mut log = Log(Vec::new());
    log.push(opened());
    log.push(shape(model::Outcome::Deny));
    log.push(Refused {
        statement: session().statement(1),
        time: at(2),
        shape: Some(shape_id()),
        text: Redactor::new(&[0; 32]).hash(b"text"),
        literals: Vec::new().into(),
        via: Via::Simple,
        sqlstate: "42501".into(),
        reason: "".into(),
        trace: None,
        work: None,
    });
    let (joined, join) = log.join();
    assert!(!join.incomplete);
    let text = line(&joined[1]);
    assert!(text.contains("deny    select      error 42501  SELECT email"), "{text}");
}

#[test]
fn what_has_no_outcome_is_said_to_have_none() {
    let mut log = Log(Vec::new());
    log.push(opened());
    log.push(shape(model::Outcome::Allow));
    log.push(intent(2));
    log.push(intent(1));
    let (_, mut join) = log.join();
    let open = join.unfinished();
    assert_eq!(open.iter().map(|one| one.statement.number()).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(open[0].ended.as_deref(), Some("no outcome yet"));
    assert_eq!(open[0].text.as_deref().map(|text| text.contains("customers")), Some(true));
}

#[test]
fn a_log_that_is_read_from_the_middle_knows_that_it_is() {
    for missing in ["session", "shape", "intent"] {
        let mut log = Log(Vec::new());
        if missing != "session" {
            log.push(opened());
        }
        if missing != "shape" {
            log.push(shape(model::Outcome::Allow));
        }
        if missing != "intent" {
            log.push(intent(1));
        }
        log.push(outcome(1, 0, 0));
        assert!(log.join().1.incomplete, "{missing}");
    }
}
