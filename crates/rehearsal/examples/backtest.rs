//! How long a backtest takes: a ledger of made-up statements of many identities and shapes, read
//! from disk and decided again under a changed set of policies.
//!
//! `cargo run --release -p rehearsal --example backtest -- 1000000`

use ledger::{
    Ledger, Options, Reader, Sequence, SessionId, ShapeId, Time,
    record::{Basis, Intent, Outcome, SessionOpened, Shape, Via},
};
use model::IdentityKind;
use policy::PolicySet;
use rehearsal::{Backtest, Circumstances, Decided, Schema};
use std::{
    collections::HashSet,
    path::Path,
    time::{Instant, SystemTime},
};

type Any = Box<dyn std::error::Error>;

const SHOP: &str = include_str!("../../policy/baseline/shop.schema");
/// How many identities work.
const IDENTITIES: u64 = 200;
/// Statements of one session.
const SESSION: u64 = 500;
/// What they say; `{}` makes a shape of its own of each number.
const TEXTS: [&str; 8] = [
    "SELECT id, email, name AS name{} FROM customers WHERE id = 7",
    "SELECT o.id, o.total AS total{} FROM orders o JOIN customers c ON c.id = o.customer",
    "SELECT country, count(*) AS count{} FROM customers GROUP BY country",
    "SELECT * FROM contacts AS contacts{} WHERE id = 7",
    "INSERT INTO orders AS orders{} (id, customer) VALUES (1, 2)",
    "UPDATE customers AS customers{} SET note = 'x' WHERE id = 7",
    "DELETE FROM orders AS orders{} WHERE id = 7",
    "SELECT card AS card{} FROM payments WHERE id = 7",
];
/// Shapes of each text.
const SHAPES: u64 = 25;

fn main() -> Result<(), Any> {
    let count = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = std::env::temp_dir().join(format!("weir-backtest-{}", std::process::id()));
    let begin = Instant::now();
    let bytes = fill(&folder, count)?;
    println!("{count} statements written in {:.1?}, {} MiB", begin.elapsed(), bytes >> 20);
    let begin = Instant::now();
    let changed = PolicySet::baseline().and_then(|set| set.with(&[("changed.cedar", CHANGE)]));
    let changed = changed.map_err(|problems| format!("{problems:?}"))?;
    let mut backtest = Backtest::new(&changed, 3);
    for entry in Reader::open(&folder)? {
        backtest.feed(&entry?, |_, _| true);
    }
    let report = backtest.finish();
    let took = begin.elapsed();
    let differ: u64 = report.changes.iter().map(|change| change.statements).sum();
    println!(
        "{} statements decided again in {took:.1?} by {} decisions: {} the same, {differ} in {} \
         kinds of change, {} undecided",
        report.statements,
        report.decisions,
        report.same,
        report.changes.len(),
        report.unknowable.iter().map(|(_, count)| count).sum::<u64>()
    );
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

const CHANGE: &str = "
@id(\"changed-emails\")
permit (principal in Group::\"team-3\", action == Action::\"disclose\",
  resource in Label::\"email\");
@id(\"changed-orders\")
forbid (principal in Group::\"team-5\", action == Action::\"delete\", resource)
when { context.hour < 8 || context.hour >= 18 };
";

fn fill(folder: &Path, count: u64) -> Result<u64, Any> {
    let start = Time::from(SystemTime::now());
    let (ledger, _) = Ledger::open(folder, Options::new("backtest", "0", start))?;
    let schema = Schema::read(SHOP.lines().enumerate()).map_err(|(_, why)| why)?;
    let baseline = PolicySet::baseline().map_err(|problems| format!("{problems:?}"))?;
    let mut written = HashSet::new();
    let mut last = Sequence(0);
    let (mut session, mut who) = (ledger.session(start), asker(0));
    for number in 0..count {
        // A week of work.
        let micros = start.micros() + i64::try_from(number * 604_800_000_000 / count)?;
        let time = Time::from_micros(micros);
        if number % SESSION == 0 {
            who = asker(number / SESSION % IDENTITIES);
            session = SessionId::new(time, u32::try_from(number % 1_000_000)?);
            ledger.append(&opened(&who, session, time).into())?;
        }
        let of_shape = number * 7 % (SHAPES * 8);
        let text = usize::try_from(of_shape % 8)?;
        let text = TEXTS.get(text).unwrap_or(&"").replace("{}", &(of_shape / 8).to_string());
        let key = format!("{}{text}", who.identity.name);
        let shape = ShapeId::of(&[key.as_bytes()]);
        if written.insert(key) {
            let Schema { catalog, labels } = &schema;
            let decided = rehearsal::decide(&baseline, &who, catalog, labels, &text);
            let decided = decided.map_err(|refusal| format!("{refusal:?}"))?;
            let one = decided.first().ok_or("no statement")?;
            let mut basis = Basis::of(&one.facts, catalog, labels);
            basis.obligations = policy::obligations(&one.verdict).into();
            ledger.append(&described(shape, time, &text, one, basis).into())?;
        }
        let statement = session.statement(number % SESSION);
        ledger.append(&intent(&ledger, statement, shape, time).into())?;
        last = ledger.append(&outcome(statement, time).into())?;
        if number % 10_000 == 0 {
            ledger.synced(last).wait()?;
        }
    }
    ledger.synced(last).wait()?;
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

fn asker(number: u64) -> Circumstances {
    let kind = if number.is_multiple_of(2) { IdentityKind::Person } else { IdentityKind::Service };
    Circumstances {
        identity: model::Identity {
            name: format!("identity-{number}").as_str().into(),
            kind,
            groups: vec![format!("team-{}", number % 10)],
            acts_for: None,
        },
        database: "shop".into(),
        environment: "production".to_owned(),
        now: SystemTime::now(),
        address: Some([10, 0, 0, 7].into()),
        tls: true,
        application: "job".to_owned(),
        risk: policy::Risk::default(),
        purpose: String::new(),
        tainted: false,
    }
}

fn opened(who: &Circumstances, session: SessionId, time: Time) -> SessionOpened<'static> {
    SessionOpened {
        session,
        time,
        identity: who.identity.name.to_string().into(),
        kind: who.identity.kind,
        groups: who.identity.groups.clone().into(),
        grants: Vec::new().into(),
        acts_for: None,
        principals: Vec::new().into(),
        method: "scram-sha-256".into(),
        credential: "password".into(),
        address: who.address,
        port: Some(5555),
        tls: Some("TLS".into()),
        application: who.application.clone().into(),
        database: "shop".into(),
        environment: "production".into(),
        upstream_role: "weir".into(),
        upstream_pid: Some(1),
        work: None,
    }
}

fn described<'a>(
    shape: ShapeId,
    time: Time,
    text: &'a str,
    one: &Decided,
    basis: Basis<'a>,
) -> Shape<'a> {
    let verdict = &one.verdict;
    Shape {
        shape,
        time,
        database: "shop".into(),
        text: text.into(),
        operation: one.facts.operation,
        effects: Vec::new().into(),
        columns: Vec::new().into(),
        moves: Vec::new().into(),
        functions: Vec::new().into(),
        outputs: Vec::new().into(),
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

fn intent(
    ledger: &Ledger,
    statement: ledger::StatementId,
    shape: ShapeId,
    time: Time,
) -> Intent<'static> {
    let text = ledger.redactor().hash(b"text");
    Intent {
        statement,
        time,
        shape,
        text,
        via: Via::Extended,
        parameters: vec![text].into(),
        parameter_count: 1,
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

fn outcome(statement: ledger::StatementId, time: Time) -> Outcome<'static> {
    Outcome {
        statement,
        time,
        duration_us: 1_200,
        tag: "SELECT".into(),
        sqlstate: None,
        ended: None,
        rows: 1,
        affected: 0,
        bytes: 40,
        disclosed: Vec::new().into(),
        approval: None,
    }
}
