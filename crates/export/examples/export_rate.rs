//! How fast a backlog leaves: a ledger of made-up statements, exported to a file from its start.
//!
//! `cargo run --release -p export --example export_rate -- 200000`

use export::{About, Begin, Exports, Format, Settings, To};
use ledger::{
    Ledger, Options, Sequence, ShapeId, Time,
    record::{Disclosed, Intent, Outcome, SessionOpened, Shape, Via},
};
use model::{Disclosure, Durability, IdentityKind, Label, MaskMethod, Operation};
use std::time::{Duration, Instant, SystemTime};

type Any = Box<dyn std::error::Error>;

fn main() -> Result<(), Any> {
    let statements = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let folder = std::env::temp_dir().join(format!("weir-rate-{}", std::process::id()));
    let now = Time::from(SystemTime::now());
    let (ledger, _) = Ledger::open(&folder.join("ledger"), Options::new("rate", "0", now))?;
    fill(&ledger, now, statements)?;
    let about = About { node: "rate".into(), version: "0".into() };
    let path = folder.join("events.jsonl");
    let to = To::File { path: path.clone(), rotate_bytes: u64::MAX, keep: 1 };
    let sink = Settings { name: "rate".into(), to, format: Format::Ocsf, begin: Begin::Start };
    let begin = Instant::now();
    let exports = Exports::start(&ledger, &about, &folder.join("export"), [sink])?;
    while exports.lag().iter().any(|lag| lag.records > 0) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let (took, bytes) = (begin.elapsed(), std::fs::metadata(&path)?.len());
    exports.stop();
    println!(
        "{statements} statements in {took:.2?}: {:.0} events a second, {} bytes an event",
        statements as f64 / took.as_secs_f64(),
        bytes / (statements + 2)
    );
    std::fs::remove_dir_all(folder)?;
    Ok(())
}

fn fill(ledger: &Ledger, now: Time, statements: u64) -> Result<Sequence, Any> {
    let session = ledger.session(now);
    let shape = ShapeId::of(&[b"rate"]);
    ledger.append(&opened(session, now).into())?;
    ledger.append(&described(shape, now).into())?;
    let mut last = Sequence(0);
    for number in 0..statements {
        let statement = session.statement(number);
        let text = ledger.redactor().hash(b"select 1");
        let intent = Intent {
            statement,
            time: now,
            shape,
            text,
            via: Via::Extended,
            parameters: vec![text].into(),
            parameter_count: 1,
            literals: Vec::new().into(),
            literal_count: 0,
            turned_back: Vec::new().into(),
            kept: None,
            risk: [].as_slice().into(),
            trace: None,
            approval: None,
            work: None,
        };
        ledger.append(&intent.into())?;
        let disclosed = [Disclosed { masked: 1, ..Disclosed::default() }];
        let outcome = Outcome {
            statement,
            time: now,
            duration_us: 1200,
            tag: "SELECT".into(),
            sqlstate: None,
            ended: None,
            rows: 1,
            affected: 0,
            bytes: 40,
            approval: None,
            disclosed: disclosed.to_vec().into(),
        };
        last = ledger.append(&outcome.into())?;
        if number % 10_000 == 0 {
            ledger.synced(last).wait()?;
        }
    }
    ledger.synced(last).wait()?;
    Ok(last)
}

fn opened(session: ledger::SessionId, time: Time) -> SessionOpened<'static> {
    SessionOpened {
        session,
        time,
        identity: "alice".into(),
        kind: IdentityKind::Person,
        groups: vec!["support".to_owned()].into(),
        grants: [].as_slice().into(),
        acts_for: None,
        principals: Vec::new().into(),
        method: "scram-sha-256".into(),
        credential: "password".into(),
        address: Some([10, 0, 0, 7].into()),
        port: Some(5555),
        tls: None,
        application: "rate".into(),
        database: "shop".into(),
        environment: "production".into(),
        upstream_role: "weir".into(),
        upstream_pid: Some(1),
        work: None,
    }
}

fn described(shape: ShapeId, time: Time) -> Shape<'static> {
    Shape {
        shape,
        time,
        database: "shop".into(),
        text: "select email from customers where id = $1".into(),
        operation: Operation::Select,
        effects: Vec::new().into(),
        columns: Vec::new().into(),
        moves: Vec::new().into(),
        functions: Vec::new().into(),
        outputs: Vec::new().into(),
        unknowns: Vec::new().into(),
        verdict: model::Outcome::Modify,
        policies: Vec::new().into(),
        reasons: Vec::new().into(),
        disclosures: vec![Disclosure::Masked {
            label: Label::new("email"),
            method: MaskMethod::Partial,
        }]
        .into(),
        fallback: Disclosure::Scan,
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
