//! Spans of OpenTelemetry: as the published definition has them, below the span that the client
//! names, one for each statement through a crash and a collector that refuses, and without a value.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testkit::weir::{ADMIN, PERSON};
use testkit::{TestDir, port};
use tests::{Stage, client, export};
use tokio::net::TcpListener;

/// Long enough for a machine under load.
const PATIENCE: Duration = Duration::from_secs(60);
const TRACE: &str = "5bd66ef5095369c7b0d1f8f4bd33716a";
const PARENT: &str = "c532cb4098ac3dd2";

/// What came.
#[derive(Default)]
struct Collector {
    requests: usize,
    lines: String,
    wrong: Vec<String>,
}

/// Takes what the specification says, and is unavailable every third time.
async fn take(
    State(collector): State<Arc<Mutex<Collector>>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let mut collector = collector.lock().unwrap();
    collector.requests += 1;
    let is = |name: &str, value: &str| headers.get(name).is_some_and(|found| found == value);
    let Ok(request) = serde_json::from_slice::<Value>(&body) else {
        collector.wrong.push(String::from_utf8_lossy(&body).into_owned());
        return (StatusCode::BAD_REQUEST, "");
    };
    if !is("content-type", "application/json") || !is("authorization", "Bearer of the test") {
        collector.wrong.push(format!("{headers:?}"));
        return (StatusCode::UNAUTHORIZED, "");
    }
    if collector.requests % 3 == 0 {
        return (StatusCode::SERVICE_UNAVAILABLE, "");
    }
    collector.lines += &format!("{request}\n");
    (StatusCode::OK, "{}")
}

/// The spans that came, by their ids, as protobuf reads them; one that came twice is the same.
fn spans(folder: &Path, collector: &Mutex<Collector>) -> BTreeMap<String, Value> {
    let file = folder.join("requests.jsonl");
    fs::write(&file, &collector.lock().unwrap().lines).unwrap();
    let said = client::python("otlp.py", &[&file]).unwrap();
    assert!(said.ends_with("done\n"), "{said}");
    let mut spans: BTreeMap<String, Value> = BTreeMap::new();
    for line in said.lines().filter(|line| line.starts_with('{')) {
        let span: Value = serde_json::from_str(line).unwrap();
        let before = spans.insert(span["span"].as_str().unwrap().to_owned(), span.clone());
        assert!(before.is_none_or(|before| before == span), "{span}");
    }
    spans
}

fn statements(stage: &Stage) -> Vec<Value> {
    let lines = stage.weir.record(100_000).unwrap();
    let all = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|entry| entry["statement"].is_string()).collect()
}

#[test]
fn each_statement_is_a_span_below_the_clients() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = TestDir::new("spans").unwrap();
    let port = port::free_port().unwrap();
    fs::write(folder.join("token"), "of the test\n").unwrap();
    let collector = Arc::new(Mutex::new(Collector::default()));
    let app = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&collector));
    runtime.spawn(async move {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        axum::serve(listener, app).await.unwrap();
    });
    let section = format!(
        "[[export]]\nname = \"spans\"\nkind = \"otlp\"\nurl = \"http://127.0.0.1:{port}\"\n\
         token = {{ file = {:?} }}\n",
        folder.join("token")
    );
    let mut stage = export::stage(&section).unwrap();
    let comment = format!("/*route='%2Fneedle',traceparent='00-{TRACE}-{PARENT}-01'*/");
    stage.rows(PERSON, &format!("select email from customers where id = 4 {comment}")).unwrap();
    let refused = format!("drop table customers {comment}");
    assert_ne!(stage.weir.psql(PERSON, "shop", &refused).unwrap().code, Some(0));
    stage.rows(ADMIN, "select 'needle', email from customers where id < 4").unwrap();
    assert_ne!(stage.weir.psql(ADMIN, "shop", "select 1 from nowhere").unwrap().code, Some(0));
    // What came of a statement is in the record a moment after the client heard of it.
    tests::hold::until("the outcome", || {
        stage.weir.record(1_000).unwrap().iter().any(|line| line.contains("42P01")).then_some(())
    });
    stage.weir.kill().unwrap();
    stage.weir.start_again().unwrap();
    stage.rows(ADMIN, "update customers set email = 'needle@one.example' where id = 1").unwrap();

    let wanted = statements(&stage);
    assert!(wanted.len() >= 5, "{wanted:?}");
    let id = |span: &Value| span["attributes"]["weir.statement"].as_str().unwrap().to_owned();
    let end = Instant::now() + PATIENCE;
    let found = loop {
        let found = spans(folder.path(), &collector);
        let ids: Vec<String> = found.values().map(id).collect();
        let missing: Vec<_> = wanted
            .iter()
            .filter(|one| !ids.contains(&one["statement"].as_str().unwrap().to_owned()))
            .collect();
        if missing.is_empty() {
            break found;
        }
        assert!(Instant::now() < end, "no spans of {missing:?}: {}", stage.weir.log_tail());
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!(collector.lock().unwrap().wrong, Vec::<String>::new());
    // One span for each statement, and none holds a value.
    let mut ids: Vec<String> = found.values().map(id).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert!(!collector.lock().unwrap().lines.contains("needle"), "a value left with the spans");

    let below: Vec<&Value> = found.values().filter(|span| span["trace"] == TRACE).collect();
    assert_eq!(below.len(), 2, "{below:?}");
    assert!(below.iter().all(|span| span["parent"] == PARENT && span["flags"] == 1), "{below:?}");
    let named = |name: &str| {
        let found = found.values().find(|span| span["name"] == name);
        found.unwrap_or_else(|| panic!("no span {name}: {found:?}"))
    };
    let read = below.iter().find(|span| span["name"] == "select public.customers").unwrap();
    let of = &read["attributes"];
    assert_eq!(
        (&read["kind"], &read["status"], &read["service"]),
        (&3.into(), &0.into(), &"weir".into())
    );
    for (key, value) in [
        ("db.system.name", "postgresql"),
        ("db.namespace", "shop"),
        ("db.operation.name", "select"),
        ("db.collection.name", "public.customers"),
        ("db.query.text", "select email from customers where id = ?"),
        ("user.name", PERSON),
        ("weir.verdict", "modify"),
        ("client.address", "127.0.0.1"),
    ] {
        assert_eq!(of[key], value, "{read}");
    }
    assert_eq!(
        (&of["db.response.returned_rows"], &of["weir.labels.masked"][0]),
        (&1.into(), &"email".into())
    );
    let dropped = below.iter().find(|span| span["status"] == 2).unwrap();
    assert_eq!(dropped["attributes"]["db.response.status_code"], "42501", "{dropped}");
    let failed = found.values().find(|span| span["message"] == "42P01").unwrap();
    assert_eq!(
        (&failed["status"], &failed["attributes"]["error.type"]),
        (&2.into(), &"42P01".into())
    );
    assert_eq!(failed["parent"], "");
    named("update public.customers");
}
