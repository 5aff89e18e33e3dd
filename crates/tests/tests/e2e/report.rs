//! Reports of what real sessions did: figures that the database's own answers bear out, proofs that
//! another program checks, and a page without a word that a client could have made a tag of.

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};
use testkit::TestDir;
use testkit::weir::{ADMIN, AGENT, PERSON, SERVICE};
use tests::{
    Stage,
    hold::{approve, ended, psql, request, say, until},
};

/// Long enough for a machine under load; no test waits so long if all is well.
const PATIENCE: Duration = Duration::from_secs(30);
/// What a client may call itself.
const HOSTILE: &str = "<b onmouseover=alert(1)>\"churn'--";

/// The shop, after somebody of each kind worked in it.
fn worked() -> Stage {
    let stage = Stage::shop().unwrap();
    stage.rows(PERSON, "select email, country from customers where id <= 5").unwrap();
    stage.rows(ADMIN, "select email from customers where id <= 3").unwrap();
    stage.rows(AGENT, "select country from customers where id = 2").unwrap();
    stage.rows(SERVICE, "select email from customers where id <= 7").unwrap();
    stage.rows(ADMIN, "update customers set country = country where id = 1").unwrap();
    stage.rows(ADMIN, "copy (select email from customers where id <= 4) to stdout").unwrap();
    let named = format!("set application_name = '{}'", HOSTILE.replace('\'', "''"));
    stage.rows(PERSON, &format!("{named}; select 1")).unwrap();
    let refused = stage.weir.psql(PERSON, "shop", "drop table customers").unwrap();
    assert_ne!(refused.code, Some(0));
    let wrong = testkit::postgres::url(HOSTILE, "no", stage.weir.port(), "shop");
    testkit::postgres::psql(&wrong, "select 1").unwrap();
    caught_up(&stage);
    stage
}

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

fn report(stage: &Stage, words: &[&str]) -> Value {
    let words: Vec<&str> = ["report"].iter().chain(words).copied().collect();
    let words: Vec<&str> = words.into_iter().chain(["--format", "json"]).collect();
    serde_json::from_str(&stage.weir.run(&words).unwrap().success().unwrap()).unwrap()
}

fn evidence<'r>(report: &'r Value, id: &str) -> &'r Value {
    let all = report["evidence"].as_array().unwrap();
    all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("no {id}"))
}

/// Rows by the names of their columns.
fn rows(evidence: &Value) -> Vec<Value> {
    let names = evidence["columns"].as_array().unwrap();
    let row = |row: &Value| {
        let cells = names.iter().zip(row.as_array().unwrap());
        cells.map(|(name, cell)| (name.as_str().unwrap().to_owned(), cell.clone())).collect()
    };
    evidence["rows"].as_array().unwrap().iter().map(|one| Value::Object(row(one))).collect()
}

#[test]
fn figures_are_those_of_the_sessions_and_can_be_asked_for_again() {
    let stage = worked();
    let soc2 = report(&stage, &["soc2"]);
    assert_eq!(soc2["basis"]["verified"]["sound"], true, "{}", soc2["basis"]);
    let sessions = &rows(evidence(&soc2, "sign_ins"))[0];
    assert_eq!(sessions["identities"], 4, "{sessions}");
    assert_eq!((&sessions["without_identity"], &sessions["of_agents"]), (&0.into(), &1.into()));
    assert_eq!(rows(evidence(&soc2, "refusals"))[0]["refused"], 1);
    assert!(rows(evidence(&soc2, "refused_sign_ins"))[0]["refused"].as_u64() >= Some(1));
    // Emails: root had three in a result and four in a copy; alice and the service had masks.
    let raw = rows(evidence(&soc2, "raw_to"));
    let emails: Vec<_> = raw.iter().filter(|row| row["labels"] == "email").collect();
    assert_eq!(emails.len(), 1, "{raw:?}");
    assert_eq!((&emails[0]["identity"], &emails[0]["raw"]), (&ADMIN.into(), &7.into()));
    let labels = rows(evidence(&soc2, "left_by_label"));
    let masked: i64 = labels
        .iter()
        .filter(|row| row["labels"] == "email")
        .map(|row| row["masked"].as_i64().unwrap())
        .sum();
    assert_eq!(masked, 12, "{labels:?}");
    // Whoever doubts a figure asks for it again.
    for one in soc2["evidence"].as_array().unwrap() {
        let query = one["query"].as_str().unwrap();
        let asked = stage.weir.run(&["audit", "sql", query, "--csv"]).unwrap();
        let lines = asked.success().unwrap();
        let count = one["rows"].as_array().unwrap().len();
        // Asking is recorded too, so readings may have become more.
        let grows = matches!(one["id"].as_str(), Some("readings" | "span"));
        assert!(grows || lines.lines().count() == count + 1, "{query}\n{lines}\n{one}");
    }
    // The report is a reading itself.
    let end = Instant::now() + PATIENCE;
    let told = "SELECT detail FROM events WHERE detail LIKE '%read the record: report soc2%'";
    while stage.weir.run(&["audit", "sql", told]).unwrap().success().unwrap().lines().count() < 2 {
        assert!(Instant::now() < end, "the report is not in the record");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_a_report_shows_is_checked_without_the_ledger() {
    let stage = worked();
    let folder = TestDir::new("report").unwrap();
    let key = folder.join("ledger.pub");
    fs::write(&key, stage.weir.run(&["audit", "key"]).unwrap().success().unwrap()).unwrap();
    let made = report(&stage, &["pci", "--key", key.to_str().unwrap()]);
    assert_eq!(made["basis"]["verified"]["own_key"], true);
    let records = made["records"].as_array().unwrap();
    assert!(records.len() > 10, "{}", records.len());
    let [entry, proof] = ["record.json", "record.tlog-proof"].map(|name| folder.join(name));
    let check = |entry: &Path, proof: &Path| {
        let paths: Vec<&str> =
            [proof, entry, &key].iter().map(|path| path.to_str().unwrap()).collect();
        let words = ["audit", "check-proof", paths[0], paths[1], "--key", paths[2]];
        stage.weir.run(&words).unwrap()
    };
    for record in records {
        fs::write(&entry, record["entry"].as_str().unwrap()).unwrap();
        fs::write(&proof, record["proof"].as_str().unwrap()).unwrap();
        check(&entry, &proof).success().unwrap();
    }
    fs::write(&entry, "{}").unwrap();
    assert_eq!(check(&entry, &proof).code, Some(3));

    // A copy that somebody changed is reported on, and said to be not sound.
    let copy = folder.join("copy");
    let mut cp = std::process::Command::new("cp");
    assert!(cp.arg("-r").arg(stage.weir.ledger()).arg(&copy).status().unwrap().success());
    let segment = segments(&copy).remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    let at = bytes.windows(5).position(|window| window == b"alice").unwrap();
    bytes[at] = b'b';
    fs::write(&segment, bytes).unwrap();
    let page = folder.join("page.html");
    let [copy, page_name] = [&copy, &page].map(|path| path.to_str().unwrap());
    let said = stage.weir.run(&["report", "soc2", "--dir", copy, "--out", page_name]).unwrap();
    assert_eq!(said.code, Some(3), "{said}");
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.contains("The ledger is not sound"), "{said}");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&page).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(dir).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|end| end == "segment")).collect();
    files.sort();
    files
}

#[test]
fn one_person_one_column_and_one_job_of_real_sessions() {
    let stage = worked();
    let alice = report(&stage, &["person", PERSON]);
    let work = rows(evidence(&alice, "work"));
    assert!(work.iter().any(|row| row["identity"] == "alice/copilot"), "{work:?}");
    assert!(work.iter().all(|row| row["identity"] != ADMIN), "{work:?}");
    let refused = rows(evidence(&alice, "refused"));
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0]["text"], "drop table customers");

    let emails = report(&stage, &["access", "customers.email"]);
    let given = rows(evidence(&emails, "given"));
    let of = |name: &str| given.iter().find(|row| row["identity"] == name).unwrap();
    assert_eq!((&of(ADMIN)["raw"], &of(ADMIN)["masked"]), (&7.into(), &0.into()), "{given:?}");
    assert_eq!((&of(PERSON)["raw"], &of(PERSON)["masked"]), (&0.into(), &5.into()));

    let job = report(&stage, &["job", SERVICE]);
    let fed = rows(evidence(&job, "given"));
    assert_eq!(fed.len(), 1, "{fed:?}");
    let (origin, labels) = (&fed[0]["origin"], &fed[0]["labels"]);
    assert_eq!((origin, labels), (&"public.customers.email".into(), &"email".into()));
    assert_eq!((&fed[0]["raw"], &fed[0]["masked"]), (&0.into(), &7.into()));
    let authority = rows(evidence(&job, "authority"));
    assert!(
        authority.iter().any(|row| row["policies"].as_str().unwrap().contains("baseline-services")),
        "{authority:?}"
    );
    let by_client = report(&stage, &["job", "psql", "--application"]);
    let fed = rows(evidence(&by_client, "given"));
    let raw: i64 = fed
        .iter()
        .filter(|row| row["labels"] == "email" && row["shown"] == "raw")
        .map(|row| row["raw"].as_i64().unwrap())
        .sum();
    assert_eq!(raw, 7, "{fed:?}");

    for (words, why) in [
        (["person", "nobody"].as_slice(), "knows no identity nobody"),
        (&["access", "nothing.nowhere"], "touches a column or label"),
        (&["job", "nobody"], "knows no identity or application"),
        (&["soc2", "--since", "2026-06-31"], "is no day"),
    ] {
        let words: Vec<&str> = ["report"].iter().chain(words).copied().collect();
        let said = stage.weir.run(&words).unwrap();
        assert_eq!(said.code, Some(3), "{said}");
        assert!(said.stderr.contains(why), "{said}");
    }
}

#[test]
fn a_page_shows_names_that_clients_chose_and_obeys_none() {
    let stage = worked();
    for words in [["report", "soc2"].as_slice(), &["report", "person", PERSON]] {
        let page = stage.weir.run(words).unwrap().success().unwrap();
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "{}", &page[..80]);
        assert!(!page.contains("<b on") && !page.contains("<script"), "a name became a tag");
        assert!(page.contains("@media print") && !page.contains("src="));
    }
    // The claimed name of the refused sign-in stands in its record.
    let page = stage.weir.run(&["report", "soc2"]).unwrap().success().unwrap();
    assert!(page.contains("&lt;b onmouseover=alert(1)&gt;"), "the claimed name is not shown");
}

#[test]
fn who_consented_stands_in_reports_and_answers() {
    let stage = tests::hold::stage();
    let child = psql(&stage, PERSON, "delete from jobs where id = 1");
    let hold = request(&stage);
    // Nobody approves what they asked for, and no report says that anybody did.
    assert!(!say(&stage, "approve", &hold, PERSON).0);
    approve(&stage, &hold, "carol");
    assert_eq!(ended(child).0, "DELETE 1\n");
    let state = "SELECT state FROM holds WHERE consented_by = 'carol'";
    until("the index", || {
        let answer = stage.weir.run(&["audit", "sql", state, "--json"]).unwrap();
        answer.stdout.contains("used").then_some(())
    });
    caught_up(&stage);
    let found = stage.weir.run(&["audit", "search", "approved_by:carol", "--json"]).unwrap();
    let found = found.success().unwrap();
    assert!(found.contains("delete from jobs") && found.lines().count() == 1, "{found}");
    let soc2 = report(&stage, &["soc2"]);
    let asked = &rows(evidence(&soc2, "approvals"))[0];
    let figure = |name: &str| asked[name].as_i64().unwrap();
    assert_eq!((figure("requests"), figure("ran")), (1, 1), "{asked}");
    assert_eq!(figure("consents_by_whoever_asked"), 0);
    let consent = &rows(evidence(&soc2, "consents"))[0];
    assert_eq!((&consent["by"], &consent["what"]), (&"carol".into(), &"approved".into()));
    assert_eq!((&consent["asked_by"], &consent["operation"]), (&PERSON.into(), &"delete".into()));
    let held = &rows(evidence(&report(&stage, &["person", PERSON]), "held"))[0];
    assert_eq!((&held["hold"], &held["state"]), (&hold.as_str().into(), &"used".into()));
    let carol = report(&stage, &["person", "carol"]);
    let voice = &rows(evidence(&carol, "voices"))[0];
    assert_eq!((&voice["name"], &voice["asked_by"]), (&hold.as_str().into(), &PERSON.into()));
    assert!(!evidence(&carol, "voices")["records"].as_array().unwrap().is_empty());
}

/// What is left of a text when nothing depends on where lines and pages end.
fn squeezed(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}

#[test]
fn a_pdf_has_every_control_and_every_figure() {
    let stage = worked();
    let folder = TestDir::new("report-pdf").unwrap();
    // Of one moment: each report is a reading, which the next would count.
    let copy = folder.join("copy");
    let mut cp = std::process::Command::new("cp");
    assert!(cp.arg("-r").arg(stage.weir.ledger()).arg(&copy).status().unwrap().success());
    let copy = copy.to_str().unwrap();
    let file = folder.join("report.pdf");
    let name = file.to_str().unwrap();
    for words in [["soc2"].as_slice(), &["pci"], &["person", PERSON]] {
        let json = report(&stage, &[words, &["--dir", copy]].concat());
        let out = ["--dir", copy, "--format", "pdf", "--out", name];
        let words = [&["report"], words, &out].concat();
        stage.weir.run(&words).unwrap().success().unwrap();
        assert!(fs::read(&file).unwrap().starts_with(b"%PDF-"));
        // As another program takes the text out, in the order in which it was put in.
        let text = testkit::tool::run("pdftotext", ["-raw", "-enc", "UTF-8", name, "-"]).unwrap();
        let text = text.success().unwrap();
        let title = json["title"].as_str().unwrap();
        let pages = text.matches('\u{c}').count();
        assert!(pages > 3, "{pages}");
        let mut lines = Vec::new();
        for (at, page) in text.split('\u{c}').take(pages).enumerate() {
            let foot = format!("Page {} of {pages}", at + 1);
            assert!(page.contains(&foot) && page.contains(title), "page {}", at + 1);
            let foot = [foot.as_str(), title].map(squeezed);
            // A foot stands between lines where a paragraph goes on.
            lines.extend(page.lines().map(squeezed).filter(|line| !foot.contains(line)));
        }
        let text = lines.concat();
        let has = |what: &str| assert!(text.contains(&squeezed(what)), "{title} lacks {what}");
        for control in json["controls"].as_array().into_iter().flatten() {
            has(&format!("{} {}", control["reference"], control["title"]).replace('"', ""));
            has(&control["shows"].as_str().unwrap().replace('`', ""));
        }
        for one in json["evidence"].as_array().unwrap() {
            has(one["title"].as_str().unwrap());
            has(one["query"].as_str().unwrap());
            for cell in
                one["rows"].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap())
            {
                match cell {
                    Value::String(text) => has(text),
                    Value::Number(number) if number.as_i64().is_some_and(|n| n < 1_000) => {
                        has(&number.to_string());
                    }
                    _ => {}
                }
            }
        }
        for record in json["records"].as_array().unwrap() {
            // What came after the last checkpoint is not proven yet.
            if let Some(why) = record["unproven"].as_str() {
                assert!(why.contains("checkpoint"), "{why}");
                has(why);
                continue;
            }
            has(record["entry"].as_str().unwrap());
            has(record["proof"].as_str().unwrap());
        }
    }
}

/// A value that names somebody whose data lie in the database.
const ANN: &str = "needle@one.example";

/// The shop, after statements that named her, and some that did not.
fn named() -> Stage {
    let stage = Stage::shop().unwrap();
    let by = format!("where email = '{ANN}'");
    for (who, statement) in [
        (ADMIN, format!("update customers set email = '{ANN}' where id = 1")),
        (PERSON, format!("select email, country from customers {by}")),
        (ADMIN, format!("select email from customers {by}")),
        (ADMIN, "create table visits (email text)".to_owned()),
        (ADMIN, format!("insert into visits values ('{ANN}')")),
        (ADMIN, format!("delete from visits {by}")),
        (ADMIN, "delete from visits where email = 'other@one.example'".to_owned()),
    ] {
        stage.rows(who, &statement).unwrap();
    }
    let refused = stage.weir.psql(PERSON, "shop", &format!("select pg_read_file('{ANN}')"));
    assert_ne!(refused.unwrap().code, Some(0));
    caught_up(&stage);
    stage
}

#[test]
fn a_data_subject_is_found_by_a_value_that_stands_nowhere() {
    let stage = named();
    let made = report(&stage, &["subject", ANN]);
    let sum = |id: &str, name: &str| -> i64 {
        rows(evidence(&made, id)).iter().map(|row| row[name].as_i64().unwrap()).sum()
    };
    assert_eq!((sum("who", "statements"), sum("who", "refused")), (6, 1), "{made:#}");
    let given = rows(evidence(&made, "given"));
    let email = |who: &str| {
        let mut rows = given.iter().filter(|row| row["origin"] == "public.customers.email");
        rows.find(|row| row["identity"] == who).unwrap_or_else(|| panic!("{given:?}"))
    };
    assert_eq!((&email(PERSON)["raw"], &email(PERSON)["masked"]), (&0.into(), &1.into()));
    assert_eq!((&email(ADMIN)["raw"], &email(ADMIN)["masked"]), (&1.into(), &0.into()));
    let changed = rows(evidence(&made, "changed"));
    let mut changes: Vec<_> = changed.iter().map(|row| row["operation"].clone()).collect();
    changes.sort_by_key(Value::to_string);
    assert_eq!(changes, ["delete", "insert", "update"], "{changed:?}");
    let erased = rows(evidence(&made, "erased"));
    assert_eq!((erased.len(), &erased[0]["affected"]), (1, &1.into()), "{erased:?}");
    assert_eq!(rows(evidence(&made, "refused")).len(), 1);
    assert_eq!(rows(evidence(&made, "statements")).len(), 6);
    // Behind each figure are records, with proofs or why there is none yet.
    for one in made["evidence"].as_array().unwrap() {
        assert!(!one["records"].as_array().unwrap().is_empty(), "{one}");
        let query = one["query"].as_str().unwrap();
        let lines = stage.weir.run(&["audit", "sql", query, "--csv"]).unwrap().success().unwrap();
        assert_eq!(lines.lines().count(), one["rows"].as_array().unwrap().len() + 1, "{query}");
    }
    for record in made["records"].as_array().unwrap() {
        assert!(record["proof"].is_string() || record["unproven"].is_string(), "{record}");
    }
    let nobody = report(&stage, &["subject", "nobody@one.example"]);
    assert!(rows(evidence(&nobody, "statements")).is_empty());
    // The value is in no form of the report, nor in what is recorded of its making.
    let page = stage.weir.run(&["report", "subject", ANN]).unwrap().success().unwrap();
    let end = Instant::now() + PATIENCE;
    let record = loop {
        let record = stage.weir.record(1000).unwrap().join("\n");
        if record.matches("read the record: report subject …").count() >= 3 {
            break record;
        }
        assert!(Instant::now() < end, "the reports are not in the record: {record}");
        std::thread::sleep(Duration::from_millis(50));
    };
    for text in [made.to_string(), page, record] {
        assert!(!text.contains("needle"), "{text}");
    }
    // Without the key that makes hashes nobody is found.
    fs::remove_file(stage.weir.ledger().join(ledger::KEY_FILE)).unwrap();
    let said = stage.weir.run(&["report", "subject", ANN]).unwrap();
    assert!(said.code != Some(0) && said.stderr.contains("redaction.key"), "{said:?}");
}
