//! Backtests and suggestions over records that are made as the gate makes them.

use crate::{
    Backtest, Change, Circumstances, Direction, NoSuggestion, Report, Schema, Suggestion,
    Unknowable, decide, identity, request::unsaid,
};
use ledger::{
    Entry, Hash, Record, Redactor, Sequence, SessionId, ShapeId, Time,
    record::{Basis, Intent, Principal, Refused, SessionOpened, Shape, ShapeOutput, Via},
};
use model::{Granted, Identity, Outcome};
use policy::{PolicySet, obligations};

const SHOP: &str = include_str!("../../../policy/baseline/shop.schema");
const BEGIN: i64 = 1_795_521_600_000_000;

/// Writes records of statements that were decided by some policies.
struct Recorder {
    policies: PolicySet,
    schema: Schema,
    entries: Vec<Entry>,
    sessions: u32,
    /// What its sessions have from here on.
    grants: Vec<Granted>,
}

impl Recorder {
    fn new(policies: PolicySet) -> Self {
        let lines = SHOP.lines().enumerate();
        let schema = Schema::read(lines).unwrap();
        Self { policies, schema, entries: Vec::new(), sessions: 0, grants: Vec::new() }
    }

    fn put<'a>(&mut self, record: impl Into<Record<'a>>) {
        let mut payload = Vec::new();
        record.into().encode(&mut payload).unwrap();
        let sequence = Sequence(self.entries.len() as u64);
        self.entries.push(Entry { sequence, payload });
    }

    fn hash(text: &str) -> Hash {
        Redactor::new(&[7; 32]).hash(text.as_bytes())
    }

    /// One session of an identity that says these; gives what was decided.
    fn session(&mut self, who: &Circumstances, texts: &[&str]) -> Vec<Outcome> {
        self.sessions += 1;
        let time = Time::from_micros(BEGIN + i64::from(self.sessions) * 1_000_000);
        let session = SessionId::new(time, self.sessions);
        let grants = self.grants.clone().into();
        self.put(SessionOpened { grants, ..opened(who, session, time) });
        let mut outcomes = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            let statement = session.statement(number as u64);
            let Schema { catalog, labels } = self.schema.clone();
            let decided = decide(&self.policies, who, &catalog, &labels, text).unwrap();
            let one = &decided[0];
            let key = format!("{}{text}", who.identity.chain());
            let shape = ShapeId::of(&[key.as_bytes(), &self.policies.version().to_le_bytes()]);
            let mut basis = Basis::of(&one.facts, &catalog, &labels);
            basis.obligations = obligations(&one.verdict).into();
            self.put(described(shape, time, text, one, basis));
            outcomes.push(one.verdict.outcome);
            if one.verdict.outcome == Outcome::Deny {
                self.put(refused(statement, shape, time));
            } else {
                self.put(intent(statement, shape, time));
            }
        }
        outcomes
    }

    fn backtest(&self, policies: &PolicySet) -> Report {
        let mut backtest = Backtest::new(policies, 3);
        self.entries.iter().for_each(|entry| backtest.feed(entry, |_, _| true));
        backtest.finish()
    }

    fn suggest(&self, name: &str) -> Result<String, NoSuggestion> {
        let mut suggestion = Suggestion::new(&self.policies, name);
        self.entries.iter().for_each(|entry| suggestion.feed(entry, |_| true));
        suggestion.finish()
    }
}

fn opened(who: &Circumstances, session: SessionId, time: Time) -> SessionOpened<'static> {
    let mut principals = Vec::new();
    let mut next = who.identity.acts_for.as_deref();
    while let Some(Identity { name, kind, groups, acts_for }) = next {
        let (name, groups) = (name.to_string().into(), groups.clone().into());
        principals.push(Principal { name, kind: *kind, groups });
        next = acts_for.as_deref();
    }
    SessionOpened {
        session,
        time,
        identity: who.identity.chain().into(),
        kind: who.identity.kind,
        groups: who.identity.groups.clone().into(),
        grants: Vec::new().into(),
        acts_for: who.identity.acts_for.as_ref().map(|one| one.chain().into()),
        principals: principals.into(),
        method: "scram-sha-256".into(),
        credential: "password".into(),
        address: who.address,
        port: None,
        tls: who.tls.then(|| "TLS".into()),
        application: who.application.clone().into(),
        database: who.database.to_string().into(),
        environment: who.environment.clone().into(),
        upstream_role: "".into(),
        upstream_pid: None,
        work: None,
    }
}

fn described<'a>(
    shape: ShapeId,
    time: Time,
    text: &'a str,
    one: &crate::Decided,
    basis: Basis<'a>,
) -> Shape<'a> {
    let (facts, verdict) = (&one.facts, &one.verdict);
    let outputs = facts.outputs.iter().flatten();
    let outputs = outputs
        .map(|output| ShapeOutput { name: output.name.clone().into(), sources: Vec::new().into() });
    Shape {
        shape,
        time,
        database: "shop".into(),
        text: text.into(),
        operation: facts.operation,
        effects: Vec::new().into(),
        columns: Vec::new().into(),
        moves: Vec::new().into(),
        functions: Vec::new().into(),
        outputs: outputs.collect::<Vec<_>>().into(),
        unknowns: Vec::new().into(),
        verdict: verdict.outcome,
        policies: verdict.policies.clone().into(),
        reasons: verdict.reasons.clone().into(),
        disclosures: verdict.disclosures.clone().into(),
        fallback: verdict.fallback.clone(),
        read_only: verdict.read_only,
        row_limit: verdict.row_limit,
        risk: Vec::new().into(),
        durability: verdict.durability,
        shadow: None,
        basis: Some(Box::new(basis)),
        policy_version: 1,
        catalog_version: 1,
        label_version: 1,
    }
}

fn intent(statement: ledger::StatementId, shape: ShapeId, time: Time) -> Intent<'static> {
    Intent {
        statement,
        time,
        shape,
        text: Recorder::hash("x"),
        via: Via::Simple,
        parameters: Vec::new().into(),
        parameter_count: 0,
        literals: Vec::new().into(),
        literal_count: 0,
        turned_back: Vec::new().into(),
        kept: None,
        risk: Vec::new().into(),
        approval: None,
        trace: None,
        work: None,
    }
}

fn refused(statement: ledger::StatementId, shape: ShapeId, time: Time) -> Refused<'static> {
    Refused {
        statement,
        time,
        shape: Some(shape),
        text: Recorder::hash("x"),
        literals: Vec::new().into(),
        via: Via::Simple,
        sqlstate: "42501".into(),
        reason: "".into(),
        trace: None,
        work: None,
    }
}

fn who(text: &str) -> Circumstances {
    Circumstances { identity: identity(text).unwrap(), ..unsaid() }
}

fn baseline() -> PolicySet {
    PolicySet::baseline().unwrap()
}

fn with(text: &str) -> PolicySet {
    baseline().with(&[("90-more.cedar", text)]).unwrap()
}

const WORK: [&str; 19] = [
    "SELECT 1",
    "SELECT id, email, name FROM customers",
    "SELECT * FROM contacts WHERE id = 7",
    "SELECT country, count(*) FROM customers GROUP BY country",
    "SELECT country, avg(income) FROM customers GROUP BY country",
    "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer WHERE c.email = 'a'",
    "SELECT id FROM customers ORDER BY born",
    "INSERT INTO orders (id, customer) VALUES (1, 2)",
    "UPDATE customers SET email = 'x' WHERE id = 1",
    "DELETE FROM orders WHERE id = 5",
    "DELETE FROM orders",
    "DROP TABLE orders",
    "GRANT ALL ON orders TO public",
    "SELECT nowhere(email) FROM customers",
    "CREATE TEMP TABLE mine AS SELECT email FROM customers",
    "COPY orders TO STDOUT",
    "BEGIN",
    "SET work_mem = '1GB'",
    "SELECT token FROM keys",
];

const PEOPLE: [&str; 7] = [
    "person alice",
    "person dev in developers",
    "person stella in stewards",
    "person root in admins",
    "service jobs",
    "agent copilot for person alice",
    "agent helper for person root in admins",
];

#[test]
fn the_same_policies_change_nothing() {
    let mut recorder = Recorder::new(baseline());
    PEOPLE.iter().for_each(|name| {
        recorder.session(&who(name), &WORK);
    });
    let report = recorder.backtest(&baseline());
    assert_eq!(report.statements, (PEOPLE.len() * WORK.len()) as u64);
    assert!(report.changes.is_empty(), "{:#?}", report.changes);
    assert!(report.unknowable.is_empty(), "{:?}", report.unknowable);
}

#[test]
fn a_change_is_counted_for_those_it_concerns() {
    let mut recorder = Recorder::new(baseline());
    for _ in 0..5 {
        recorder.session(&who("person alice"), &["SELECT email FROM customers", "BEGIN"]);
        recorder.session(&who("service jobs"), &["SELECT email FROM customers"]);
    }
    let policies = with(
        "@id(\"no\")\n@reason(\"people read elsewhere\")\nforbid (principal is Person, action == \
         Action::\"select\", resource == Table::\"shop.public.customers\");",
    );
    let report = recorder.backtest(&policies);
    assert_eq!((report.statements, report.same), (15, 10));
    // Each of the three pairs of identity and shape was decided once.
    assert_eq!(report.decisions, 3);
    let [change] = report.changes.as_slice() else { panic!("{:#?}", report.changes) };
    assert_eq!((change.identity.as_str(), change.statements), ("alice", 5));
    assert_eq!((change.before, change.after), (Outcome::Modify, Outcome::Deny));
    assert_eq!((change.direction, change.examples.len()), (Direction::Stricter, 3));
    assert_eq!(change.what, ["modify → deny"]);
    assert!(change.reasons[0].contains("people read elsewhere"));
}

#[test]
fn masks_limits_and_approvals_are_told_apart() {
    let mut recorder = Recorder::new(baseline());
    recorder.session(
        &who("person alice in support"),
        &["SELECT id, email FROM customers", "DELETE FROM orders WHERE id = 5"],
    );
    let permit = |rest: &str| format!("permit (principal in Group::\"support\", {rest});");
    for (text, what, direction) in [
        (
            permit("action == Action::\"disclose\", resource in Label::\"email\""),
            "email: email partial → raw email",
            Direction::Looser,
        ),
        (
            format!(
                "@mask(\"null\") {}",
                permit("action == Action::\"disclose\", resource in Label::\"email\"")
            ),
            "email: email partial → email null",
            Direction::Stricter,
        ),
        (
            format!("@approval(\"dba,2\") {}", permit("action == Action::\"delete\", resource")),
            "modify → hold, now: 2 persons in group dba",
            Direction::Stricter,
        ),
        (
            format!("@change_limit(\"10\") {}", permit("action == Action::\"delete\", resource")),
            "now: 10 rows changed at most",
            Direction::Stricter,
        ),
        (
            format!(
                "@row_limit(\"10\") {}",
                permit(
                    "action == Action::\"select\", resource == Table::\"shop.public.customers\""
                )
            ),
            "rows: all → 10",
            Direction::Stricter,
        ),
    ] {
        let report = recorder.backtest(&with(&text));
        let [change] = report.changes.as_slice() else { panic!("{text}: {:#?}", report.changes) };
        assert_eq!((change.what.join(", ").as_str(), change.direction), (what, direction));
    }
}

#[test]
fn circumstances_count_where_policies_look_at_them() {
    let mut recorder = Recorder::new(baseline());
    let mut far = who("person alice");
    far.address = Some([10, 0, 0, 1].into());
    recorder.session(&far, &["BEGIN"]);
    recorder.session(&who("person alice"), &["BEGIN"]);
    let office = with(
        "forbid (principal, action == Action::\"connect\", resource) unless { context has address \
         && context.address.isInRange(ip(\"10.0.0.0/8\")) };",
    );
    let report = recorder.backtest(&office);
    assert_eq!((report.same, report.changes.len()), (1, 1), "{report:#?}");
    assert_eq!(report.changes[0].what, ["allow → deny"]);
    let night = with(
        "forbid (principal, action == Action::\"transaction\", resource) when { context.hour < 6 };",
    );
    assert!(recorder.backtest(&night).changes.is_empty());
    let noon = with(
        "forbid (principal, action == Action::\"transaction\", resource) when { context.hour == 12 };",
    );
    assert_eq!(recorder.backtest(&noon).changes[0].statements, 2);
}

#[test]
fn what_the_record_does_not_hold_is_said() {
    let mut recorder = Recorder::new(baseline());
    recorder.session(&who("person alice"), &["SELECT id FROM customers", "DROP TABLE orders"]);
    let risk = with(
        "forbid (principal, action == Action::\"select\", resource) when { context.risk > 90 };",
    );
    assert_eq!(recorder.backtest(&risk).unknowable, [(Unknowable::NoRisk, 1)]);
    let share = with(
        "forbid (principal, action == Action::\"select\", resource) when { context.share > 90 };",
    );
    assert_eq!(recorder.backtest(&share).unknowable, [(Unknowable::NoShare, 1)]);
    for entry in &mut recorder.entries {
        let text = String::from_utf8(entry.payload.clone()).unwrap();
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        value.as_object_mut().unwrap().remove("basis");
        if text.contains("DROP") {
            // The type must stay the first field.
            let rest = serde_json::to_string(&value).unwrap();
            entry.payload = rest.into_bytes();
        }
    }
    assert_eq!(recorder.backtest(&baseline()).unknowable, [(Unknowable::NoBasis, 1)]);
    let late: Vec<Entry> = recorder.entries.split_off(1);
    recorder.entries = late;
    assert_eq!(recorder.backtest(&baseline()).unknowable, [(Unknowable::NoSession, 2)]);
}

/// What ran runs under the suggestion as it ran; what did not run alone is refused.
#[test]
fn a_suggestion_permits_what_was_done_and_no_more() {
    for name in PEOPLE {
        let who = who(name);
        let mut all = Recorder::new(baseline());
        let outcomes = all.session(&who, &WORK);
        replays(&all, &who);
        for (done, outcome) in WORK.iter().zip(&outcomes) {
            if *outcome == Outcome::Deny {
                continue;
            }
            let mut one = Recorder::new(baseline());
            one.session(&who, &[done]);
            let tried = replays(&one, &who);
            let Schema { catalog, labels } = &one.schema;
            let other = "SELECT id FROM visits";
            let decided = decide(&tried, &who, catalog, labels, other).unwrap();
            assert_eq!(decided[0].verdict.outcome, Outcome::Deny, "{name}, {done}: {other}");
        }
    }
}

fn replays(recorder: &Recorder, who: &Circumstances) -> PolicySet {
    let name = who.identity.name.as_str();
    let text = recorder.suggest(name).unwrap();
    let tried = baseline()
        .with(&[("suggestion.cedar", &text)])
        .unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"));
    let mut backtest = Backtest::new(&tried, 3);
    recorder.entries.iter().for_each(|entry| backtest.feed(entry, |asked, _| asked.ran));
    let report = backtest.finish();
    // What could not be traced may be anything, and a suggestion hides what was not shown.
    let known = |change: &&Change| !change.what.iter().all(|what| what.contains("raw unknown"));
    let changed: Vec<&Change> = report.changes.iter().filter(known).collect();
    assert!(changed.is_empty(), "{name}: {changed:#?}\n{text}");
    tried
}

/// What somebody did while they had a grant is not what they need for good.
#[test]
fn what_a_grant_gave_is_not_suggested() {
    let mut recorder = Recorder::new(baseline());
    recorder.session(&who("person alice"), &["SELECT id FROM orders WHERE id = 7"]);
    recorder.grants = vec![Granted { grant: "g-1".into(), group: "stewards".into() }];
    recorder.session(&who("person alice in stewards"), &["SELECT email FROM customers"]);
    let text = recorder.suggest("alice").unwrap();
    assert!(text.contains("Nor 1 in sessions with a grant"), "{text}");
    assert!(!text.contains("customers") && text.contains("orders"), "{text}");
}

#[test]
fn nothing_is_suggested_for_nobody() {
    let mut recorder = Recorder::new(baseline());
    recorder.session(&who("person alice"), &["DROP TABLE orders"]);
    assert_eq!(recorder.suggest("alice"), Err(NoSuggestion::Nothing));
    assert_eq!(recorder.suggest("bob"), Err(NoSuggestion::Nothing));
}
