//! What Weir finds out about columns can be seen, explained and decided about, and what a person
//! decides is in force and in the record at once.

use serde_json::Value;
use std::time::{Duration, Instant};
use testkit::weir::{PASSWORD, PERSON};
use tests::Stage;
use tests::wire::Raw;

/// Long enough for a machine under load; no test waits so long if all is well.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a running Weir does by itself after a command has ended.
fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn labels(stage: &Stage, arguments: &[&str]) -> testkit::Outcome {
    let arguments: Vec<&str> = ["labels"].iter().chain(arguments).copied().collect();
    stage.weir.run(&arguments).unwrap()
}

fn json(stage: &Stage, arguments: &[&str]) -> Value {
    let text = labels(stage, arguments).success().unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The shop, after Weir has looked at it.
fn stage() -> Stage {
    let stage = Stage::shop().unwrap();
    stage.rows(PERSON, "select 1").unwrap();
    until("a list", || labels(&stage, &["list", "--label", "email"]).stdout.contains("shop"));
    stage
}

fn shows(session: &mut Raw, sql: &str) -> String {
    session.query(sql).unwrap();
    let rows = session.until(b'Z').unwrap();
    rows.iter().map(|message| String::from_utf8_lossy(&message.body).into_owned()).collect()
}

#[test]
fn labels_are_listed_and_explained_without_values() {
    let stage = stage();
    let listed = json(&stage, &["list", "--json"]);
    let email = listed.as_array().unwrap().iter().find(|one| {
        one["table"] == "customers" && one["column"] == "email" && one["schema"] == "public"
    });
    let email = email.unwrap();
    assert_eq!(email["label"], "email");
    assert_eq!(email["class"], "pii");
    assert_eq!(email["by"], "machine");
    assert!(email["confidence"].as_f64().unwrap() > 0.9, "{email}");
    let all = json(&stage, &["list", "--all", "--json", "--database", "shop"]);
    let order = all.as_array().unwrap().iter().find(|one| one["column"] == "order_no").unwrap();
    assert_eq!(order["label"], Value::Null);

    let why = labels(&stage, &["explain", "customers.email"]).success().unwrap();
    assert!(why.contains("column name \"email\""), "{why}");
    assert!(why.contains("samples are email"), "{why}");
    // What was looked at is counted, never shown.
    let values = stage.truth("select email from customers").unwrap();
    for value in values.lines() {
        assert!(!why.contains(value), "{why}");
    }
    let legacy = json(&stage, &["explain", "public.legacy_import.c2", "--json"]);
    assert_eq!(legacy["label"], "email");
    assert_eq!(legacy["machine"]["evidence"].as_array().unwrap().len(), 1, "{legacy}");

    let unknown = labels(&stage, &["explain", "public.customers.nothing"]);
    assert_eq!(unknown.code, Some(3), "{unknown}");
    assert!(unknown.stderr.contains("weir labels list --all"), "{unknown}");
    let nowhere = labels(&stage, &["list", "--database", "nowhere"]);
    assert_eq!(nowhere.code, Some(3), "{nowhere}");
}

#[test]
fn a_decision_holds_at_once_in_open_sessions_and_is_recorded() {
    let mut stage = stage();
    let product = "select name from products order by sku limit 1";
    let last_name = "select last_name from customers order by id limit 1";
    let (name, surname) = (stage.truth(product).unwrap(), stage.truth(last_name).unwrap());
    let (name, surname) = (name.trim(), surname.trim());
    let mut session = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    assert!(shows(&mut session, product).contains(name));
    assert!(!shows(&mut session, last_name).contains(surname));

    let reason = ["--reason", "they name people here"];
    let set = ["set", "public.products.name", "person_name"];
    let said = labels(&stage, &[&set[..], &reason].concat()).success().unwrap();
    assert_eq!(said, "public.products.name is person_name now.\n");
    until("a mask", || !shows(&mut session, product).contains(name));
    labels(&stage, &["set", "customers.last_name", "none", "--reason", "it is"]).success().unwrap();
    until("a value", || shows(&mut session, last_name).contains(surname));

    let why = labels(&stage, &["explain", "products.name"]).success().unwrap();
    assert!(why.contains("person_name (pii), by a person's decision"), "{why}");
    assert!(why.contains("they name people here"), "{why}");
    let open = json(&stage, &["explain", "customers.last_name", "--json"]);
    assert_eq!(open["label"], Value::Null);
    assert_eq!(open["by"], "person");
    assert_eq!(open["machine"]["label"], "person_name", "what was found is still told");

    // A restart changes nothing.
    drop(session);
    stage.weir.kill().unwrap();
    stage.weir.start_again().unwrap();
    let mut session = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    assert!(!shows(&mut session, product).contains(name));
    assert!(shows(&mut session, last_name).contains(surname));

    let cleared =
        labels(&stage, &["set", "customers.last_name", "--clear", "--reason", "a mistake"])
            .success()
            .unwrap();
    assert!(cleared.contains("person_name, by machine"), "{cleared}");
    until("a mask", || !shows(&mut session, last_name).contains(surname));
    labels(&stage, &["set", "products.name", "--clear", "--reason", "a mistake"])
        .success()
        .unwrap();
    until("a value", || shows(&mut session, product).contains(name));

    let record = stage.weir.record(2000).unwrap().join("\n");
    let told = |parts: &[&str]| {
        record.lines().any(|line| {
            line.contains("label_changed") && parts.iter().all(|part| line.contains(part))
        })
    };
    assert!(told(&["public.customers.last_name", "\"by\":\"weir\"", "\"after\":\"person_name\""]));
    assert!(told(&["public.products.name", "\"by\":\"os:", "they name people here"]));
    assert!(told(&[
        "public.customers.last_name",
        "\"by\":\"os:",
        "\"before\":\"person_name\"",
        "decided"
    ]));
    let back =
        ["public.customers.last_name", "taken back", "\"after\":\"person_name\"", "a mistake"];
    assert!(told(&back), "with the reason");
}

#[test]
fn what_cannot_be_decided_is_refused() {
    let stage = stage();
    let refused = |arguments: &[&str], words: &str| {
        let outcome = labels(&stage, arguments);
        assert_eq!(outcome.code, Some(3), "{outcome}");
        assert!(outcome.stderr.contains(words), "{outcome}");
    };
    refused(&["set", "public.customers.emial", "email"], "no column \"public.customers.emial\"");
    refused(&["set", "public.customers.email", "emial"], "there is no label \"emial\"");
    let usage = labels(&stage, &["set", "public.customers.email"]);
    assert_eq!(usage.code, Some(2), "{usage}");
    let both = labels(&stage, &["set", "public.customers.email", "email", "--clear"]);
    assert_eq!(both.code, Some(2), "{both}");
    // What unmasks, and what undoes a person's word, is not said without a reason.
    for words in [&["none"][..], &["--clear"], &["--clear", "--reason", " "]] {
        let words = [&["set", "public.customers.email"][..], words].concat();
        let said = labels(&stage, &words);
        assert_eq!(said.code, Some(2), "{said}");
        assert!(said.stderr.contains("--reason"), "{said}");
    }
}

#[test]
fn a_label_follows_a_rename_and_harmlessness_does_not() {
    let stage = stage();
    stage.truth("create table papers (k int, v text, w text); insert into papers values (1, 'plain words', 'other words')").unwrap();
    until("the table", || labels(&stage, &["list", "--all"]).stdout.contains("papers.v"));
    labels(&stage, &["set", "papers.v", "health"]).success().unwrap();
    until("a mask", || !stage.rows(PERSON, "select v from papers").unwrap().contains("plain"));
    stage.truth("alter table papers rename to sheets; alter table sheets rename v to z").unwrap();
    until("the name", || labels(&stage, &["list", "--all"]).stdout.contains("sheets.z"));
    let seen = stage.rows(PERSON, "select z, w from sheets").unwrap();
    assert!(!seen.contains("plain") && seen.contains("other words"), "{seen}");
    let why = labels(&stage, &["explain", "sheets.z"]).success().unwrap();
    assert!(why.contains("decided when it was public.papers.v"), "{why}");
    let cleared =
        labels(&stage, &["set", "sheets.z", "--clear", "--reason", "a mistake"]).success().unwrap();
    assert!(cleared.contains("none, by machine"), "{cleared}");
    until("a value", || stage.rows(PERSON, "select z from sheets").unwrap().contains("plain"));

    labels(&stage, &["set", "customers.phone", "none", "--reason", "it is"]).success().unwrap();
    stage.truth("alter table customers rename column phone to phone_number").unwrap();
    until("the name", || labels(&stage, &["list"]).stdout.contains("customers.phone_number"));
    let phone = json(&stage, &["explain", "customers.phone_number", "--json"]);
    assert_eq!((&phone["label"], &phone["by"]), (&"phone".into(), &"machine".into()));
}

/// What takes away by what a label was found, and what shows its column then.
const ALTERED: &[(&str, &str)] = &[
    ("alter table hr.employees rename sick_days to x1", "select x1 from hr.employees"),
    (
        "alter table addresses alter street type jsonb using to_jsonb(street)",
        "select street from addresses",
    ),
    (
        "comment on column addresses.house_no is 'a counter'; alter table addresses rename house_no to n",
        "select n from addresses",
    ),
    (
        "begin; alter table pay rename salary to x; alter table pay rename free to salary; alter table pay rename x to free; commit",
        "select free from pay",
    ),
    (
        "alter table copied rename salary to a2; alter table copied alter a2 type text using a2::text || 'x'",
        "select a2 from copied",
    ),
    ("alter table referring drop constraint referring_r_fkey", "select r from referring"),
];

#[test]
fn a_label_outlasts_what_it_was_found_by() {
    let mut stage = stage();
    stage.weir.add("dora", "person", &["--group", "developers"]).unwrap();
    stage
        .truth(
            "create table pay (id int, salary numeric, free numeric);
             insert into pay select id, salary from hr.employees;
             create table copied (id int, salary numeric);
             create table referred (national_id int primary key);
             insert into referred select sick_days + 1000 * id from hr.employees;
             create table referring (r int references referred);
             insert into referring table referred",
        )
        .unwrap();
    until("the tables", || labels(&stage, &["list"]).stdout.contains("referring.r"));
    stage.rows("dora", "insert into copied select id, salary from hr.employees").unwrap();
    let hides = |stage: &Stage, sql: &str| {
        let seen = stage.rows(PERSON, sql).unwrap();
        assert_ne!(seen, stage.truth(sql).unwrap(), "{sql}");
    };
    for (sql, read) in ALTERED {
        stage.rows("dora", sql).unwrap();
        hides(&stage, read);
    }
    // By whom Weir does not see, while it runs and while it does not.
    let (mobile, ip) = ("select m from hr.employees", "select seen_at from customers");
    stage
        .truth("alter table hr.employees rename mobile to m; update hr.employees set m = id")
        .unwrap();
    until("the name", || labels(&stage, &["list"]).stdout.contains("employees.m "));
    hides(&stage, mobile);
    until("what was found", || labels(&stage, &["list", "--all"]).stdout.contains("copied.a2"));
    stage.weir.kill().unwrap();
    stage.truth("alter table customers rename last_ip to seen_at").unwrap();
    stage.truth("alter table products alter embedding type text").unwrap();
    labels(&stage, &["scan", "shop"]).success().unwrap();
    stage.truth("alter table api_keys rename secret_hash to h").unwrap();
    stage.weir.start_again().unwrap();
    let last = [mobile, ip, "select h from api_keys", "select embedding from products"];
    for read in ALTERED.iter().map(|(_, read)| *read).chain(last) {
        hides(&stage, read);
    }
    let why = labels(&stage, &["explain", "hr.employees.x1"]).success().unwrap();
    assert!(why.contains("it bore the label when it was hr.employees.sick_days"), "{why}");
    // Until a person decides otherwise.
    labels(&stage, &["set", "hr.employees.x1", "none", "--reason", "it is"]).success().unwrap();
    let (_, read) = ALTERED[0];
    until("a value", || stage.rows(PERSON, read).unwrap() == stage.truth(read).unwrap());
}

#[test]
fn a_scan_tells_what_changed_with_and_without_a_server() {
    let mut stage = stage();
    let quiet = json(&stage, &["scan", "shop", "--json"]);
    assert_eq!(quiet, Value::Array(vec![]), "nothing has changed since the start");
    stage.weir.stop().unwrap();
    stage
        .truth(
            "create table f7 (a text, b text);
             insert into f7 select email, order_no from customers join orders using (id)",
        )
        .unwrap();
    let changed = json(&stage, &["scan", "shop", "--json"]);
    let changed = changed.as_array().unwrap();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(changed[0]["column"], "a");
    assert_eq!(changed[0]["after"], "email");
    let asked = stage.weir.run(&["labels", "scan"]).unwrap();
    assert_eq!(asked.code, Some(3), "which database? {asked}");
    stage.weir.start_again().unwrap();
    // What was full of addresses is emptied and refilled: a scan weighs without memory.
    stage.truth("truncate f7; insert into f7 select order_no, email from customers join orders using (id)").unwrap();
    let changed = json(&stage, &["scan", "shop", "--json"]);
    let told: Vec<(&str, Option<&str>)> = changed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["column"].as_str().unwrap(), one["after"].as_str()))
        .collect();
    assert_eq!(told, [("a", None), ("b", Some("email"))]);
    let truth = stage.truth("select b from f7 limit 1").unwrap();
    until("a mask", || {
        let seen = stage.rows(PERSON, "select b || '' from f7 limit 1").unwrap();
        assert!(!seen.contains(truth.trim()) || seen.contains('*'), "{seen}");
        let raw = stage.truth("select a from f7 order by a limit 1").unwrap();
        stage.rows(PERSON, "select a from f7 order by a limit 1").unwrap() == raw
    });
}

#[test]
fn labels_are_exported_for_a_review() {
    let stage = stage();
    let export = |format: &str| labels(&stage, &["export", "--format", format]).success().unwrap();
    let csv = export("csv");
    assert!(
        csv.starts_with("database,schema,table,column,type,label,class,confidence,by,evidence\n")
    );
    assert!(csv.contains("\nshop,public,customers,email,mail,email,pii,"), "{csv}");
    let markdown = export("markdown");
    assert!(markdown.contains("## shop: public.customers"), "{markdown}");
    assert!(markdown.contains("| email | mail | email | pii |"), "{markdown}");
    let json: Value = serde_json::from_str(&export("json")).unwrap();
    assert!(json.as_array().unwrap().len() > 30);
    for value in stage.truth("select email from customers limit 50").unwrap().lines() {
        assert!(!csv.contains(value) && !markdown.contains(value), "{value}");
    }
}

#[test]
fn a_rule_labels_what_it_fits_without_a_restart() {
    let mut stage = stage();
    stage
        .truth(
            "create table gym (badge text, room text);
             insert into gym select 'M-' || 1000 + g, 'M-' || g from generate_series(1, 9) g",
        )
        .unwrap();
    until("the table", || labels(&stage, &["list", "--all"]).stdout.contains("gym.badge"));
    let mut session = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    assert!(shows(&mut session, "select badge from gym").contains("M-1001"));
    let file = stage.weir.folder().join("weir.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let rule = "\n[[labels.rule]]\nlabel = \"member_badge\"\nclass = \"phi\"\ntable = \"gym\"\n\
                value = 'M-\\d{4}'\n";
    std::fs::write(&file, format!("{before}{rule}")).unwrap();
    until("a mask", || !shows(&mut session, "select badge from gym").contains("M-1001"));
    assert!(shows(&mut session, "select room from gym").contains("M-9"), "the value decides");
    until("the label", || {
        let badge = json(&stage, &["explain", "gym.badge", "--json"]);
        badge["by"] == "rule" && badge["class"] == "phi" && badge["label"] == "member_badge"
    });
    // The class is what policies see: whoever may see health data sees the badge.
    let policy = "@id(\"own-phi\")\npermit (principal == Person::\"alice\", action == \
                  Action::\"disclose\", resource in Class::\"phi\");\n";
    std::fs::write(stage.weir.policies().join("own.cedar"), policy).unwrap();
    until("a value", || shows(&mut session, "select badge from gym").contains("M-1001"));
    std::fs::remove_file(stage.weir.policies().join("own.cedar")).unwrap();
    until("a mask", || !shows(&mut session, "select badge from gym").contains("M-1001"));
    // A person's decision about the column stands over the rule.
    labels(&stage, &["set", "gym.badge", "none", "--reason", "it is"]).success().unwrap();
    until("a value", || shows(&mut session, "select badge from gym").contains("M-1001"));
    labels(&stage, &["set", "gym.badge", "--clear", "--reason", "a mistake"]).success().unwrap();
    until("a mask", || !shows(&mut session, "select badge from gym").contains("M-1001"));
    // A broken rule is reported with its line, and the last good ones stay.
    let line = before.lines().count() + 6;
    let broken = format!("{before}{}", rule.replace("M-\\d{4}", "M-["));
    std::fs::write(&file, broken).unwrap();
    let check = stage.weir.run(&["check"]).unwrap();
    assert_eq!(check.code, Some(2), "{check}");
    assert!(check.stderr.contains(&format!("weir.toml:{line}:9: this is no regular")), "{check}");
    assert!(!shows(&mut session, "select badge from gym").contains("M-1001"));
    std::fs::write(&file, before).unwrap();
    until("a value", || shows(&mut session, "select badge from gym").contains("M-1001"));
    stage.weir.stop().unwrap();
}

#[test]
fn a_table_that_fills_later_is_weighed_then() {
    let stage = stage();
    stage.upstream.psql("shop", "create table import (c1 text, c2 text)").unwrap();
    let arguments = ["explain", "public.import.c2", "--json"];
    until("a look", || labels(&stage, &arguments).code == Some(0));
    assert_eq!(json(&stage, &arguments)["label"], Value::Null);
    let fill = "insert into import select 'x', last_name from customers limit 50";
    stage.upstream.psql("shop", fill).unwrap();
    until("a label", || json(&stage, &arguments)["label"] == "person_name");
}
