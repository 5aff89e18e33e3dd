//! Policies before they are in force, by the program itself: cases, packs, explanations, what
//! recorded statements would have got, and what policies in shadow mode leave behind.

use serde_json::Value;
use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};
use testkit::weir::{ADMIN, AGENT, PERSON};
use tests::Stage;

/// Long enough for a machine under load; no test waits so long if all is well.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs `weir` without a weir.toml.
fn weir(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(testkit::weir::program().unwrap());
    let output = command.args(arguments).current_dir(dir).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

const CASE: &str = "# Emails

## Support sees emails
```schema
table public.customers
  id integer unique
  email text email
```
```request
as: person sam in support
```
```sql
SELECT email FROM customers
```
```verdict
outcome: allow
outputs: raw email
```
";

const SUPPORT: &str = r#"
@id("support-sees-emails")
@reason("support answers customers by email")
permit (
  principal in Group::"support",
  action == Action::"disclose",
  resource in Label::"email"
);
"#;

#[test]
fn cases_fail_until_the_policy_is_there() {
    let dir = testkit::TestDir::new("policies").unwrap();
    let dir = dir.path();
    fs::write(dir.join("support.md"), CASE).unwrap();
    fs::write(dir.join("90-support.cedar"), "// nothing yet\n").unwrap();
    let (code, out, error) = weir(dir, &["policy", "test", "."]);
    assert_eq!(code, 1, "{out}{error}");
    assert!(out.contains("support.md:17"), "{out}");
    assert!(out.contains("expected  outputs: raw email"), "{out}");
    assert!(out.contains("actual    outputs: email partial"), "{out}");
    assert!(out.contains("0 of 1 cases hold") && error.contains("1 of 1"), "{out}{error}");

    fs::write(dir.join("90-support.cedar"), SUPPORT).unwrap();
    let (code, out, error) = weir(dir, &["policy", "test", "support.md"]);
    assert_eq!((code, out.trim()), (0, "1 of 1 cases hold"), "{error}");

    fs::write(dir.join("support.md"), CASE.replace("outcome:", "outcomes:")).unwrap();
    let (code, _, error) = weir(dir, &["policy", "test", "."]);
    assert_eq!(code, 2, "{error}");
    assert!(error.contains("support.md:16:1: `outcomes` is not one of"), "{error}");
}

#[test]
fn a_pack_is_added_with_cases_that_hold() {
    let dir = testkit::TestDir::new("packs").unwrap();
    let dir = dir.path();
    let (_, listed, _) = weir(dir, &["policy", "packs"]);
    for line in listed.lines().skip(1) {
        let pack = line.split_whitespace().next().unwrap();
        let (code, _, error) = weir(dir, &["policy", "add", pack, "--dir", "."]);
        assert_eq!(code, 0, "{error}");
        let (code, out, _) = weir(dir, &["policy", "test", "."]);
        assert_eq!(code, 0, "{out}");
        fs::remove_file(dir.join(format!("{pack}.md"))).unwrap();
        fs::remove_file(dir.join(format!("{pack}.cedar"))).unwrap();
    }
    fs::write(dir.join("pci.md"), "mine").unwrap();
    let (code, _, error) = weir(dir, &["policy", "add", "pci", "--dir", "."]);
    assert_eq!(code, 3, "{error}");
    assert!(error.contains("is there already") && !dir.join("pci.cedar").exists());
    let (code, _, error) = weir(dir, &["policy", "add", "cpi", "--dir", "."]);
    assert_eq!(code, 3, "{error}");
}

/// Files of policies, in a folder of their own.
fn folder(purpose: &str, text: &str) -> testkit::TestDir {
    let dir = testkit::TestDir::new(purpose).unwrap();
    fs::write(dir.join("90-tried.cedar"), text).unwrap();
    dir
}

const NO_EMAILS: &str = r#"
@id("no-emails")
@reason("emails are for support")
@mask("full")
forbid (principal is Person, action == Action::"disclose", resource in Label::"email")
unless { principal in Group::"admins" };
"#;

#[test]
fn recorded_statements_are_decided_again() {
    let stage = Stage::shop().unwrap();
    for _ in 0..3 {
        stage.rows(PERSON, "select id, email from customers where id = 1").unwrap();
        stage.rows(ADMIN, "select email from customers where id = 2").unwrap();
        stage.rows(AGENT, "select country from customers where id = 3").unwrap();
    }
    let _ = stage.weir.psql(PERSON, "shop", "drop table customers").unwrap();
    let backtest = |arguments: &[&str]| {
        let all: Vec<&str> = ["policy", "backtest"].iter().chain(arguments).copied().collect();
        stage.weir.run(&all).unwrap()
    };
    // What is in force would decide as it did.
    let same = backtest(&["--json", "--fail-on", "any"]).success().unwrap();
    let same: Value = serde_json::from_str(&same).unwrap();
    assert!(same["statements"].as_u64().unwrap() >= 10, "{same}");
    assert_eq!(same["statements"], same["same"]);

    let tried = folder("backtest", NO_EMAILS);
    let dir = tried.path().to_str().unwrap();
    let text = backtest(&["--dir", dir]).success().unwrap();
    let line = format!("3 × {PERSON} on shop: email: email partial → email full");
    assert!(text.contains(&line), "{text}");
    let report = backtest(&["--dir", dir, "--json"]).success().unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["changes"].as_array().unwrap().len(), 1, "{report}");
    let example = report["changes"][0]["examples"][0].as_str().unwrap();
    let shown = stage.weir.run(&["audit", "show", example]).unwrap().success().unwrap();
    assert!(shown.contains("email"), "{shown}");
    assert_eq!(backtest(&["--dir", dir, "--fail-on", "stricter"]).code, Some(3));
    assert_eq!(backtest(&["--dir", dir, "--fail-on", "looser"]).code, Some(0));
    let nobody = backtest(&["--dir", dir, "--identity", ADMIN, "--fail-on", "any"]);
    assert_eq!(nobody.code, Some(0), "{nobody}");
}

#[test]
fn a_suggestion_keeps_what_was_done() {
    let stage = Stage::shop().unwrap();
    stage.rows(PERSON, "select id, email from customers where id = 1").unwrap();
    stage.rows(PERSON, "update customers set country = country where id = 1").unwrap();
    let suggested = stage.weir.run(&["policy", "suggest", "--identity", PERSON]).unwrap();
    assert!(!suggested.stderr.contains("would not run"), "{suggested}");
    let text = suggested.success().unwrap();
    assert!(text.contains("Table::\"shop.public.customers\""), "{text}");
    let tried = folder("suggest", &text);
    let dir = tried.path().to_str().unwrap();
    let again = ["policy", "backtest", "--dir", dir, "--identity", PERSON, "--fail-on", "any"];
    let again = stage.weir.run(&again).unwrap();
    assert_eq!(again.code, Some(0), "{again}");
    let explain = |sql: &str| {
        let run = [
            "policy",
            "explain",
            "--database",
            "shop",
            "--as",
            PERSON,
            "--dir",
            dir,
            "--json",
            sql,
        ];
        let text = stage.weir.run(&run).unwrap().success().unwrap();
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let done = explain("select id, email from customers where id = 4");
    assert_eq!(done["verdict"]["outcome"], "modify", "{done}");
    let other = explain("select * from employees");
    assert_eq!(other["verdict"]["outcome"], "deny", "{other}");
}

#[test]
fn an_explanation_says_what_decides_and_what_would_change_it() {
    let stage = Stage::shop().unwrap();
    let explain = |arguments: &[&str]| {
        let all: Vec<&str> =
            ["policy", "explain", "--database", "shop"].iter().chain(arguments).copied().collect();
        stage.weir.run(&all).unwrap().success().unwrap()
    };
    let read = explain(&["--as", PERSON, "select email from customers"]);
    assert!(read.contains("shows email: email partial"), "{read}");
    assert!(read.contains("baseline-people-read baseline/20-people.cedar:"), "{read}");
    // All of it is understood: nothing is asked about what is not foreseen.
    assert!(read.contains("no policy: masked") && !read.contains("(unknown)"), "{read}");
    let opaque = explain(&["--as", PERSON, "select a from nowhere"]);
    assert!(opaque.contains("disclose (anything not foreseen)"), "{opaque}");
    let held = folder(
        "held",
        "@id(\"deleting-needs-approval\") @approval(\"dba\")\n\
         forbid (principal, action == Action::\"delete\", resource);",
    );
    let held = ["--dir", held.path().to_str().unwrap(), "--as", PERSON];
    let held = explain(&[&held[..], &["delete from jobs where id = 5"]].concat());
    let row = held.lines().find(|line| line.contains("delete Table")).unwrap();
    let by = "(forbid until approved by one person in group dba)";
    assert!(row.contains("  hold  ") && row.contains(by), "{held}");
    let drop = "drop table customers";
    let refused = explain(&["--as", PERSON, drop]);
    assert!(refused.contains("membership in group developers (allow)"), "{refused}");
    let refused = explain(&["--environment", "production", "--as", PERSON, drop]);
    assert!(refused.contains("membership in group admins (allow)"), "{refused}");
    assert!(!refused.contains("membership in group developers"), "production: {refused}");
    let agent = explain(&["--as", AGENT, "insert into customers (id) values (1)"]);
    assert!(agent.contains("this policy"), "{agent}");
    let all = explain(&["--for-whom", "--json", "select email from customers"]);
    let all: Value = serde_json::from_str(&all).unwrap();
    let of = |name: &str| {
        let found = all
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["identity"].as_str().unwrap().rsplit('/').next() == Some(name));
        found.unwrap_or_else(|| panic!("{name}: {all}"))["verdict"]["outcome"].clone()
    };
    assert_eq!((of(PERSON), of(ADMIN)), ("modify".into(), "allow".into()));
    // Nothing was run.
    assert!(!stage.truth("select count(*) from customers").unwrap().starts_with('0'));
}

#[test]
fn a_policy_in_shadow_mode_changes_nothing_and_is_found() {
    let upstream = testkit::Postgres::options().shop().start().unwrap();
    let shadow = NO_EMAILS.replace("@mask", "@shadow(\"on\")\n@mask");
    let weir = testkit::Weir::options(&upstream).policy("90-tried.cedar", &shadow);
    let stage = Stage { weir: weir.start().unwrap(), upstream };
    let sql = "select email from customers where id = 1";
    let shown = stage.rows(PERSON, sql).unwrap();
    assert!(shown.contains('@'), "as without the policy, in part: {shown}");
    stage.rows(ADMIN, sql).unwrap();
    stage.rows(PERSON, "select country from customers where id = 1").unwrap();
    let page = stage.weir.http("/metrics").unwrap();
    let counted = page.lines().find(|line| line.starts_with("weir_shadow_differences_total"));
    assert!(counted.unwrap().ends_with(" 1"), "{counted:?}");
    let search = |question: &str| {
        let run = ["audit", "search", question, "--json"];
        let end = Instant::now() + PATIENCE;
        loop {
            let found = stage.weir.run(&run).unwrap().success().unwrap();
            if found.lines().count() > 0 || Instant::now() > end {
                break found;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    for question in ["shadow:no-emails", "shadow:any"] {
        let found = search(question);
        assert_eq!(found.lines().count(), 1, "{question}: {found}");
    }
    let found: Value = serde_json::from_str(search("shadow:any").trim()).unwrap();
    let id = found["statement"].as_str().unwrap();
    let shown = stage.weir.run(&["audit", "show", id]).unwrap().success().unwrap();
    assert!(shown.contains("shadow:") && shown.contains("no-emails"), "{shown}");
}

#[test]
fn a_check_warns_of_what_says_nothing() {
    let stage = Stage::shop().unwrap();
    stage.rows(PERSON, "select 1").unwrap();
    let tried = folder(
        "doubts",
        "permit (principal in Group::\"suport\", action == Action::\"select\", resource);\n\
         @mask(\"full\")\npermit (principal, action == Action::\"test\", resource in \
         Label::\"emal\");\n",
    );
    let dir = tried.path().to_str().unwrap();
    let found = stage.weir.run(&["policy", "check", dir]).unwrap();
    assert_eq!(found.code, Some(0), "{found}");
    assert!(found.stdout.contains("sound, with 3 warnings"), "{found}");
    for words in [
        "90-tried.cedar:1:1: warning: nobody is in group \"suport\"",
        "90-tried.cedar:2:1: warning: @mask says nothing here",
        "did you mean Label::\"email\"?",
    ] {
        assert!(found.stderr.contains(words), "{words}: {found}");
    }
    assert_eq!(stage.weir.run(&["policy", "check", dir, "--strict"]).unwrap().code, Some(2));
}
