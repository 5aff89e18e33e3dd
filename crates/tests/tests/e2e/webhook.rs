//! Batches of events by HTTP: signed, sent again until they are taken, and nobody waits for them.

use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testkit::port;
use testkit::weir::PERSON;
use tests::export;
use tokio::net::TcpListener;

const SECRET: &str = "a secret of the test";

/// What came.
#[derive(Default)]
struct Hook {
    requests: usize,
    lines: String,
    wrong: Vec<String>,
}

type Shared = Arc<Mutex<Hook>>;

/// Takes what is signed rightly; answers every third request with an error, and every fifth with
/// one after it took it.
async fn take(State(hook): State<Shared>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut hook = hook.lock().unwrap();
    hook.requests += 1;
    if let Err(error) = check(&headers, &body) {
        hook.wrong.push(error.to_string());
        return StatusCode::FORBIDDEN;
    }
    if hook.requests % 3 == 0 {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    hook.lines += std::str::from_utf8(&body).unwrap();
    if hook.requests % 5 == 0 { StatusCode::BAD_GATEWAY } else { StatusCode::NO_CONTENT }
}

/// As Standard Webhooks describes it.
fn check(headers: &HeaderMap, body: &[u8]) -> Result<()> {
    let header = |name: &str| Ok::<_, anyhow::Error>(headers[name].to_str()?);
    let (id, time) = (header("webhook-id")?, header("webhook-timestamp")?);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    anyhow::ensure!(now.abs_diff(time.parse()?) < 60, "sent at {time}, and it is {now}");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes())?;
    mac.update(format!("{id}.{time}.").as_bytes());
    mac.update(body);
    let signature = STANDARD.decode(header("webhook-signature")?.trim_start_matches("v1,"))?;
    mac.verify_slice(&signature)?;
    Ok(())
}

async fn serve(port: u16, hook: Shared) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let app = Router::new().route("/in", post(take)).with_state(hook);
    axum::serve(listener, app).await.unwrap();
}

fn metric(weir: &testkit::Weir, name: &str) -> f64 {
    let page = weir.http("/metrics").unwrap();
    let series = format!("{name}{{export=\"hook\"}} ");
    let line = page.lines().find_map(|line| line.strip_prefix(&series));
    line.unwrap_or_else(|| panic!("no {series} in\n{page}")).parse().unwrap()
}

#[test]
fn every_batch_is_signed_and_sent_until_it_is_taken() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = testkit::TestDir::new("hook").unwrap();
    let (port, secret) = (port::free_port().unwrap(), folder.join("secret"));
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let section = format!(
        "[[export]]\nname = \"hook\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/in\"\n\
         secret = {{ file = {secret:?} }}\n"
    );
    // Nobody listens yet.
    let mut stage = export::stage(&section).unwrap();
    let begin = Instant::now();
    export::work(&stage).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(30), "somebody waited for the export");
    assert!(metric(&stage.weir, "weir_export_lag") > 20.0);
    assert!(metric(&stage.weir, "weir_export_failing") > 0.5);
    assert!(metric(&stage.weir, "weir_export_failures_total") > 0.5);
    let log = std::fs::read_to_string(stage.weir.folder().join("weir.log")).unwrap();
    assert!(log.contains("not delivered, tried again"), "{log}");
    let hook = Shared::default();
    runtime.spawn(serve(port, Arc::clone(&hook)));
    // The pause between attempts may be long by now, and a start begins with none.
    stage.weir.stop().unwrap();
    stage.weir.start_again().unwrap();
    for _ in 0..8 {
        stage.rows(PERSON, "select country from customers where id = 1").unwrap();
        let lines = || Ok(hook.lock().unwrap().lines.clone());
        export::wait_for_all(&stage.weir, lines).unwrap();
    }
    let end = Instant::now() + Duration::from_secs(30);
    while metric(&stage.weir, "weir_export_lag") > 0.5 {
        assert!(Instant::now() < end, "the lag does not go away");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(metric(&stage.weir, "weir_export_failing") < 0.5);
    let hook = hook.lock().unwrap();
    assert!(hook.wrong.is_empty(), "{:?}", hook.wrong);
    assert!(hook.requests >= 6, "{}", hook.requests);
}
