//! Questions to the record are answered with what was done, beside a running Weir and on a copy.

use serde_json::Value;
use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use testkit::weir::{ADMIN, AGENT, PERSON};
use tests::Stage;

/// Long enough for a machine under load; no test waits so long if all is well.
const PATIENCE: Duration = Duration::from_secs(30);

fn audit(stage: &Stage, arguments: &[&str]) -> testkit::Outcome {
    let arguments: Vec<&str> = ["audit"].iter().chain(arguments).copied().collect();
    stage.weir.run(&arguments).unwrap()
}

fn rows(outcome: testkit::Outcome) -> Vec<Value> {
    let text = outcome.success().unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn search(stage: &Stage, question: &str) -> Vec<Value> {
    rows(audit(stage, &["search", question, "--json"]))
}

/// The running Weir has taken everything in that was done before.
fn caught_up(stage: &Stage) {
    let end = Instant::now() + PATIENCE;
    loop {
        let page = stage.weir.http("/metrics").unwrap();
        let lag = page.lines().find_map(|line| line.strip_prefix("weir_index_lag "));
        if lag.unwrap().trim() == "0" {
            return;
        }
        assert!(Instant::now() < end, "the index is behind: {lag:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn texts(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

/// The shop, after three identities worked in it.
fn worked() -> Stage {
    let stage = Stage::shop().unwrap();
    stage.rows(PERSON, "select email, country from customers where id <= 5").unwrap();
    stage.rows(ADMIN, "select email from customers where id <= 3").unwrap();
    stage.rows(AGENT, "select country from customers where id = 2").unwrap();
    stage.rows(ADMIN, "update customers set country = country where id = 1").unwrap();
    let _ = stage.weir.psql(PERSON, "shop", "drop table customers").unwrap();
    let _ = stage.weir.psql(ADMIN, "shop", "select 'needle-1' from nowhere").unwrap();
    stage.rows(ADMIN, "create table mails as select email as address from customers").unwrap();
    // Full rights do not wait for the catalog: until it knows the table, facts do not.
    let end = Instant::now() + PATIENCE;
    loop {
        stage.rows(ADMIN, "select address from mails order by 1 limit 2").unwrap();
        caught_up(&stage);
        if !search(&stage, "column:mails.address").is_empty() {
            return stage;
        }
        assert!(Instant::now() < end, "the new table is not known");
    }
}

#[test]
fn who_read_what_is_answered_beside_a_running_weir() {
    let stage = worked();
    let raw = search(&stage, "column:customers.email disclosure:raw since:1d");
    assert_eq!(texts(&raw, "identity"), [ADMIN], "{raw:?}");
    assert_eq!(raw[0]["rows"], 3);
    let masked = search(&stage, "column:customers.email disclosure:masked");
    assert_eq!(texts(&masked, "identity"), [PERSON], "{masked:?}");
    assert_eq!(masked[0]["masked"], "email");

    let agent = search(&stage, "agent:copilot acts_for:alice relation:customers");
    assert_eq!(texts(&agent, "identity"), ["alice/copilot"], "{agent:?}");
    let changed = search(&stage, "changes:public.customers state:ended");
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert!(changed[0]["text"].as_str().unwrap().starts_with("update customers"));
    let denied = search(&stage, "identity:alice verdict:deny \"drop table\"");
    assert_eq!(texts(&denied, "state"), ["refused"], "{denied:?}");
    assert_eq!(search(&stage, "sqlstate:42P01 nowhere").len(), 1);

    // What is shown is what the record itself has.
    let id = raw[0]["statement"].as_str().unwrap();
    let shown = audit(&stage, &["show", id]).success().unwrap();
    assert!(shown.contains("select email from customers"), "{shown}");

    let counted = ["search", "column:customers.email disclosure:raw", "--by", "identity", "--json"];
    let counted = rows(audit(&stage, &counted));
    assert_eq!((&counted[0]["identity"], &counted[0]["raw"]), (&ADMIN.into(), &3.into()));

    // Who asks is in the record too.
    let asked = "SELECT detail FROM events WHERE type = 'administered'
                 AND detail LIKE '%search agent:copilot acts_for:alice%'";
    let end = Instant::now() + PATIENCE;
    while rows(audit(&stage, &["sql", asked, "--json"])).is_empty() {
        assert!(Instant::now() < end, "the question is not in the record");
        std::thread::sleep(Duration::from_millis(50));
    }

    let wrong = audit(&stage, &["search", "who:alice"]);
    assert_eq!(wrong.code, Some(3), "{wrong}");
    assert!(wrong.stderr.contains("identity, acts_for, agent"), "{wrong}");
}

#[test]
fn sql_and_traces_tell_the_same_and_no_value() {
    let stage = worked();
    let query = "SELECT identity, sum(raw) AS raw FROM disclosed_daily \
                 WHERE origin = 'public.customers.email' AND raw > 0 GROUP BY 1";
    let found = rows(audit(&stage, &["sql", query, "--json"]));
    assert_eq!((&found[0]["identity"], &found[0]["raw"]), (&ADMIN.into(), &3.into()), "{found:?}");
    // A stream is counted value by value, as rows are.
    // A question waits for the index to have what was recorded before it.
    stage.rows(PERSON, "copy (select email, id from customers where id <= 4) to stdout").unwrap();
    let query = "SELECT sum(masked) AS masked, sum(raw) AS raw FROM disclosed_daily \
                 WHERE origin = 'public.customers.email' AND identity = 'alice'";
    let found = rows(audit(&stage, &["sql", query, "--json"]));
    assert_eq!((&found[0]["masked"], &found[0]["raw"]), (&9.into(), &0.into()), "{found:?}");
    let csv = audit(&stage, &["sql", "SELECT 'a,b' AS x, 1 AS y", "--csv"]).success().unwrap();
    assert_eq!(csv, "x,y\n\"a,b\",1\n");
    let refused = audit(&stage, &["sql", "DELETE FROM statement"]);
    assert_eq!(refused.code, Some(3), "{refused}");
    assert!(refused.stderr.contains("documented views"), "{refused}");

    let trace = rows(audit(&stage, &["trace", "shop.customers.email", "--json"]));
    let step = |how: &str, to: &str| {
        trace.iter().any(|row| row["how"] == how && row["to"] == to && row["identity"] == ADMIN)
    };
    let facts = "SELECT text, object, column, use, unknowns FROM shapes JOIN effects USING (shape)
                 LEFT JOIN columns_used USING (shape) WHERE text LIKE '%mails%'";
    let facts = || audit(&stage, &["sql", facts]).stdout;
    assert!(step("create", "public.mails.address"), "{trace:?} from {}", facts());
    let read = trace.iter().find(|row| row["from"] == "public.mails.address");
    let read = read.unwrap_or_else(|| panic!("{trace:?} from {}", facts()));
    assert_eq!((&read["to"], &read["identity"]), (&"client".into(), &ADMIN.into()), "{read:?}");
    let back = rows(audit(&stage, &["trace", "mails.address", "--back", "--json"]));
    assert_eq!(back[0]["from"], "public.customers.email", "{back:?}");

    // Neither the index nor an answer holds a literal.
    let index = stage.weir.ledger().with_file_name("index.sqlite");
    for file in [index.clone(), index.with_extension("sqlite-wal")] {
        let bytes = std::fs::read(&file).unwrap_or_default();
        assert!(!bytes.windows(6).any(|window| window == b"needle"), "{file:?}");
    }
    assert!(index.exists());
}

#[test]
fn a_copy_is_answered_from_without_weir_and_a_restart_goes_on() {
    let mut stage = worked();
    let before = search(&stage, "relation:customers");
    let folder = testkit::TestDir::new("copy").unwrap();
    let copy = folder.path().join("ledger");
    let done = Command::new("cp").arg("-r").arg(stage.weir.ledger()).arg(&copy).status().unwrap();
    assert!(done.success());
    let from = |copy: &Path| {
        let place = copy.to_str().unwrap().to_owned();
        let arguments = ["search", "relation:customers", "--json", "--dir", &place];
        rows(audit(&stage, &arguments))
    };
    assert_eq!(from(&copy), before);
    let sound = audit(&stage, &["verify", "--dir", copy.to_str().unwrap()]);
    assert_eq!(sound.code, Some(0), "{sound}");

    stage.weir.stop().unwrap();
    let offline = search(&stage, "relation:customers");
    assert_eq!(offline, before);
    let rebuilt = audit(&stage, &["index", "--rebuild"]).success().unwrap();
    assert!(rebuilt.contains("records taken in"), "{rebuilt}");
    assert_eq!(search(&stage, "relation:customers"), before);

    stage.weir.start_again().unwrap();
    stage.rows(PERSON, "select country from customers where id = 9").unwrap();
    caught_up(&stage);
    assert_eq!(search(&stage, "relation:customers").len(), before.len() + 1);
}

/// A value is found in whichever way it was named, and no record holds it.
#[tokio::test]
async fn who_asked_for_a_value_is_found() {
    const MAIL: &str = "somebody.else@example.org";
    let stage = Stage::shop().unwrap();
    let text = format!("select id from customers where email = '{MAIL}' or id = 004711");
    stage.rows(ADMIN, &text).unwrap();
    let url = stage.weir.url(ADMIN, "shop");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // In binary form, by types that nobody but the server says.
    let bound = "select id from customers where email = $1 or id = $2";
    client.query(bound, &[&MAIL, &4_711_i64]).await.unwrap();
    // In a text that is refused, and by somebody else.
    let _ = stage.weir.psql(PERSON, "shop", &format!("drop tabel '{MAIL}'")).unwrap();
    let other = format!("delete from customers where email = '{MAIL}' and id <> 4711");
    let _ = stage.weir.psql(PERSON, "shop", &other).unwrap();
    caught_up(&stage);
    let found = search(&stage, &format!("value:{MAIL}"));
    assert_eq!(texts(&found, "identity"), [PERSON, PERSON, ADMIN, ADMIN], "{found:?}");
    let found = search(&stage, "value:4711");
    assert_eq!(texts(&found, "identity"), [PERSON, ADMIN, ADMIN], "{found:?}");
    assert!(search(&stage, "value:4712").is_empty());
    let found = search(&stage, &format!("value:{MAIL} relation:customers identity:{ADMIN}"));
    assert_eq!(found.len(), 2, "{found:?}");
    let found = search(&stage, &format!("value:{MAIL} state:refused"));
    assert_eq!(texts(&found, "sqlstate"), ["42601"], "{found:?}");
    // That somebody asked is in the record within a second.
    let end = Instant::now() + PATIENCE;
    let record = loop {
        let record = stage.weir.record(1_000).unwrap().join("\n");
        if record.contains("search value:…") {
            break record;
        }
        assert!(Instant::now() < end, "{record}");
    };
    assert!(!record.contains("somebody"), "{record}");
}
