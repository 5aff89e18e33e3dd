//! Runs of OpenLineage: as the published schema has them, with where columns come from, to a file
//! and to a server, through a crash, and without a value.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testkit::weir::{ADMIN, PERSON, SERVICE};
use testkit::{TestDir, port, tool};
use tests::{Stage, client, export};
use tokio::net::TcpListener;

/// Long enough for a machine under load.
const PATIENCE: Duration = Duration::from_secs(60);
const NAMESPACE: &str = "postgres://db.internal:5432";
const SECRET: &str = "a secret of the test";

/// Makes and fills tables, fails, is refused, and reads as a service.
fn work(stage: &Stage) {
    stage.rows(ADMIN, "create table mails as select email as address from customers").unwrap();
    stage.rows(ADMIN, "create table copies (id int primary key, address text)").unwrap();
    let copy = "insert into copies select id, email from customers where country <> 'needle'";
    stage.rows(ADMIN, copy).unwrap();
    stage.rows(ADMIN, "update copies set address = 'needle' where id = 1").unwrap();
    stage.rows(ADMIN, "delete from copies where id = 2").unwrap();
    let twice = stage.weir.psql(ADMIN, "shop", "insert into copies values (3, 'needle')").unwrap();
    assert_ne!(twice.code, Some(0), "{twice}");
    let refused = stage.weir.psql(PERSON, "shop", "drop table customers").unwrap();
    assert_ne!(refused.code, Some(0));
    stage.rows(SERVICE, "select email, country from customers where id <= 7").unwrap();
}

/// A statement that writes, and is still running when Weir is killed.
fn leave_one_open(stage: &mut Stage) {
    let url = stage.weir.url(ADMIN, "shop");
    let slow = "insert into copies select 1000000, pg_sleep(600)::text";
    let mut child = std::process::Command::new(tool::find("psql").unwrap())
        .args(["-X", "-c", slow, &url])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + PATIENCE;
    let running = "select count(*) from pg_stat_activity where query like '%pg_sleep(600)%' \
                   and pid <> pg_backend_pid()";
    while stage.truth(running).unwrap().trim() == "0" {
        assert!(Instant::now() < end, "it does not run");
        std::thread::sleep(Duration::from_millis(20));
    }
    stage.weir.kill().unwrap();
    child.wait().unwrap();
}

fn events(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until a job of this name has ended so.
fn wait_for(job: &str, how: &str, lines: impl Fn() -> String) -> Value {
    let end = Instant::now() + PATIENCE;
    loop {
        let all = events(&lines());
        let wanted = |event: &&Value| {
            event["eventType"] == how && event["job"]["name"].as_str().unwrap().starts_with(job)
        };
        if let Some(event) = all.iter().rev().find(wanted) {
            return event.clone();
        }
        let jobs: Vec<_> = all.iter().map(|one| (&one["eventType"], &one["job"]["name"])).collect();
        assert!(Instant::now() < end, "no {how} of {job}: {} events, {jobs:?}", all.len());
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn runs_are_those_of_the_published_schema_and_say_where_columns_come_from() {
    let folder = TestDir::new("lineage").unwrap();
    let path = folder.join("runs.jsonl");
    let section = format!(
        "[[export]]\nname = \"lineage\"\nkind = \"file\"\npath = {path:?}\n\
         format = \"openlineage\"\nnamespace = \"{NAMESPACE}\"\n"
    );
    let mut stage = export::stage(&section).unwrap();
    work(&stage);
    leave_one_open(&mut stage);
    stage.weir.start_again().unwrap();
    stage.rows(SERVICE, "select country from customers where id = 3").unwrap();
    let lines = || fs::read_to_string(&path).unwrap_or_default();
    let aborted = wait_for("root.shop.insert", "ABORT", lines);
    let message = aborted["run"]["facets"]["errorMessage"]["message"].as_str().unwrap();
    assert!(message.contains("may have run or not"), "{aborted}");
    wait_for(ADMIN, "ABORT", lines);
    // The service's second session began after the restart.
    let end = Instant::now() + PATIENCE;
    while events(&lines()).iter().filter(|e| e["job"]["name"] == SERVICE).count() < 4 {
        assert!(Instant::now() < end, "{}", lines());
        std::thread::sleep(Duration::from_millis(50));
    }

    let said = client::python("lineage.py", &[&path]).unwrap();
    assert!(said.ends_with("done\n"), "{said}");
    for kind in [
        "QUERY START",
        "QUERY COMPLETE",
        "QUERY FAIL: 1",
        "QUERY ABORT: 1",
        "SESSION START",
        "SESSION COMPLETE",
        "SESSION ABORT: 1",
    ] {
        assert!(said.contains(kind), "no {kind}\n{said}");
    }
    let text = lines();
    assert!(!text.contains("needle"), "a value left with the runs");
    assert!(!text.contains("drop table"), "what was refused never ran");

    let insert = wait_for("root.shop.insert", "COMPLETE", lines);
    let output = &insert["outputs"][0];
    assert_eq!(
        (&output["namespace"], &output["name"]),
        (&NAMESPACE.into(), &"shop.public.copies".into())
    );
    let from = |field: &Value| -> Vec<String> {
        let inputs = field["inputFields"].as_array().unwrap().iter();
        let one = |input: &Value| {
            format!("{}.{}", input["name"].as_str().unwrap(), input["field"].as_str().unwrap())
        };
        inputs.map(one).collect()
    };
    let lineage = &output["facets"]["columnLineage"];
    // Each column comes from its own, and what decides on rows from none of them.
    assert_eq!(from(&lineage["fields"]["address"]), ["shop.public.customers.email"], "{insert}");
    assert_eq!(from(&lineage["fields"]["id"]), ["shop.public.customers.id"], "{insert}");
    let how = &lineage["fields"]["address"]["inputFields"][0]["transformations"][0];
    assert_eq!((&how["type"], &how["subtype"]), (&"DIRECT".into(), &"IDENTITY".into()), "{insert}");
    let dataset = lineage["dataset"].to_string();
    assert!(dataset.contains("country") && dataset.contains("INDIRECT"), "{insert}");
    let made = wait_for("root.shop.create", "COMPLETE", lines);
    let fields = &made["outputs"][0]["facets"]["columnLineage"]["fields"];
    assert_eq!(from(&fields["address"]), ["shop.public.customers.email"], "{made}");

    // What the service was given: the email masked, the country raw.
    let session = wait_for(SERVICE, "COMPLETE", || {
        let all = lines();
        let first = all.lines().filter(|line| line.contains("\"email\""));
        first.collect::<Vec<_>>().join("\n")
    });
    let given = &session["inputs"][0]["inputFacets"]["weir_given"]["columns"];
    assert_eq!((&given["email"]["masked"], &given["email"]["raw"]), (&7.into(), &0.into()));
    let country = &given["country"];
    let seen = ["raw", "unchanged"].iter().filter_map(|how| country[how].as_u64()).sum::<u64>();
    assert_eq!((seen, &given["email"]["label"]), (7, &"email".into()), "{given}");
}

/// What came.
#[derive(Default)]
struct Hook {
    requests: usize,
    lines: String,
    wrong: Vec<String>,
}

/// Takes one signed run at a time, as servers of lineage do; answers every third request with an
/// error.
async fn take(State(hook): State<Arc<Mutex<Hook>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut hook = hook.lock().unwrap();
    hook.requests += 1;
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    mac.update(&body);
    let signature = STANDARD.decode(header("webhook-signature").trim_start_matches("v1,")).unwrap();
    if mac.verify_slice(&signature).is_err() || header("content-type") != "application/json" {
        hook.wrong.push(format!("{headers:?}"));
        return StatusCode::FORBIDDEN;
    }
    let Ok(event) = serde_json::from_slice::<Value>(&body) else {
        hook.wrong.push(String::from_utf8_lossy(&body).into_owned());
        return StatusCode::BAD_REQUEST;
    };
    if hook.requests % 3 == 0 {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    hook.lines += &format!("{event}\n");
    StatusCode::CREATED
}

#[test]
fn a_server_gets_each_run_by_itself_until_it_takes_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = TestDir::new("hook").unwrap();
    let (port, secret) = (port::free_port().unwrap(), folder.join("secret"));
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let hook = Arc::new(Mutex::new(Hook::default()));
    let app = Router::new().route("/api/v1/lineage", post(take)).with_state(Arc::clone(&hook));
    runtime.spawn(async move {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        axum::serve(listener, app).await.unwrap();
    });
    let section = format!(
        "[[export]]\nname = \"hook\"\nkind = \"webhook\"\nformat = \"openlineage\"\n\
         url = \"http://127.0.0.1:{port}/api/v1/lineage\"\nsecret = {{ file = {secret:?} }}\n"
    );
    let stage = export::stage(&section).unwrap();
    work(&stage);
    let lines = || hook.lock().unwrap().lines.clone();
    wait_for(SERVICE, "COMPLETE", lines);
    assert!(hook.lock().unwrap().wrong.is_empty(), "{:?}", hook.lock().unwrap().wrong);
    // Deliveries repeat; each once, they are what a file gets.
    let mut seen = std::collections::BTreeSet::new();
    let text = lines();
    let once: Vec<&str> = text.lines().filter(|line| seen.insert(*line)).collect();
    let path = folder.join("runs.jsonl");
    fs::write(&path, once.join("\n") + "\n").unwrap();
    let said = client::python("lineage.py", &[&path]).unwrap();
    assert!(said.ends_with("done\n"), "{said}");
    assert!(said.contains("QUERY FAIL: 1"), "{said}");
}
