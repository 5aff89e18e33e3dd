//! The command line as a user or a script meets it: exit codes, output, what is written where.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use serde_json::Value;
use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

/// Runs `weir` in a folder; gives the exit code, standard output and standard error.
fn weir(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    with_input(dir, arguments, "")
}

fn with_input(dir: &Path, arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(arguments)
        .current_dir(dir)
        .env_remove("WEIR_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// A folder in which `weir init` has run.
fn installed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (code, _, stderr) = weir(dir.path(), &["init", "postgres://app:pw@127.0.0.1/shop"]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    dir
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn usage_is_exit_code_2() {
    let dir = tempfile::tempdir().unwrap();
    for arguments in [&["frobnicate"][..], &["identity", "add", "x"], &[], &["audit", "tail", "-n"]]
    {
        let (code, _, stderr) = weir(dir.path(), arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(stderr.contains("--help") || stderr.contains("Usage"), "{arguments:?}: {stderr}");
    }
    let (code, stdout, _) = weir(dir.path(), &["--help"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("First steps:") && stdout.contains("Exit codes:"), "{stdout}");
}

#[test]
fn init_writes_what_check_accepts() {
    let dir = installed();
    let secret = dir.path().join("secrets/shop");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "pw\n");
    assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!fs::read_to_string(dir.path().join("weir.toml")).unwrap().contains("pw\""));
    let (code, stdout, stderr) = weir(dir.path(), &["check"]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let (code, stdout, _) = weir(dir.path(), &["check", "--json"]);
    assert_eq!(code, 0);
    assert_eq!(json(&stdout)["ok"], Value::Bool(true));
    let (code, _, stderr) = weir(dir.path(), &["init", "postgres://app@127.0.0.1/shop"]);
    assert_eq!(code, 3);
    assert!(stderr.contains("not overwritten"), "{stderr}");
}

#[test]
fn the_policy_example_of_init_is_sound_when_uncommented() {
    let dir = installed();
    let file = dir.path().join("policies/own.cedar");
    let text = fs::read_to_string(&file).unwrap();
    let examples: Vec<&str> = text.split("// @id").skip(1).collect();
    assert_eq!(examples.len(), 2);
    let sound = |example: &&str| {
        let (policy, _) = example.split_once("// );").unwrap();
        format!("// @id{policy}// );").replace("// ", "")
    };
    fs::write(&file, examples.iter().map(sound).collect::<Vec<_>>().join("\n")).unwrap();
    let (code, _, stderr) = weir(dir.path(), &["policy", "check"]);
    assert_eq!(code, 0, "{stderr}");
    let (_, listed, _) = weir(dir.path(), &["policy", "list"]);
    assert!(listed.contains("support-sees-emails") && listed.contains("small-changes"));
}

#[test]
fn a_url_without_a_password_is_told_how_to_give_one() {
    let dir = tempfile::tempdir().unwrap();
    let url = "postgresql://app@db.internal/shop-2";
    let (code, stdout, _) = weir(dir.path(), &["init", url]);
    assert_eq!(code, 0);
    assert!(stdout.contains("--password-env SHOP_2_PASSWORD"), "{stdout}");
    let text = fs::read_to_string(dir.path().join("weir.toml")).unwrap();
    assert!(text.contains("# password = { env = \"SHOP_2_PASSWORD\" }"), "{text}");
    let dir = tempfile::tempdir().unwrap();
    let (code, stdout, _) = weir(dir.path(), &["init", url, "--password-env", "SHOP_PASSWORD"]);
    assert!(code == 0 && stdout.contains("$SHOP_PASSWORD"), "{stdout}");
    // What stands there to be taken is taken.
    let file = dir.path().join("weir.toml");
    let text = fs::read_to_string(&file).unwrap();
    let text = text.replace("# api =", "api =").replace("# [console]", "[console]");
    fs::write(&file, text.replace("# approvers", "approvers")).unwrap();
    let (code, _, stderr) = weir(dir.path(), &["check"]);
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn without_a_terminal_a_password_comes_from_standard_input() {
    let dir = installed();
    let add = ["identity", "add", "carol", "--kind", "person", "--password-stdin"];
    let (code, _, stderr) = with_input(dir.path(), &add, "pw\n");
    assert_eq!(code, 0);
    assert!(stderr.contains("it holds from the next start on"), "{stderr}");
    let end = ["task", "end", "t-0", "--as", "carol", "--reason", "done"];
    let output = Command::new("setsid")
        .args(["--wait", env!("CARGO_BIN_EXE_weir")])
        .args(end)
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    let what = "there is no terminal to ask for carol's password at: give it with --password-stdin";
    assert!(said.contains(what), "{said}");
}

#[test]
fn check_reports_every_problem_with_its_place() {
    let dir = installed();
    let file = dir.path().join("weir.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("idle_timeout", "idle_timeuot")).unwrap();
    let (code, _, stderr) = weir(dir.path(), &["check"]);
    assert_eq!(code, 2);
    let line = text.lines().position(|line| line.starts_with("idle_timeout")).unwrap() + 1;
    let place = format!("weir.toml:{line}:1: `idle_timeuot` is not a key of [limits]");
    assert!(stderr.contains(&place), "{stderr}");
    assert!(stderr.contains("help: did you mean `idle_timeout`?"), "{stderr}");
    let (code, stdout, _) = weir(dir.path(), &["check", "--json"]);
    assert_eq!(code, 2);
    assert_eq!(json(&stdout)["problems"][0]["line"], line);
    // Other commands say the same and do nothing.
    let (code, _, other) = weir(dir.path(), &["identity", "list"]);
    assert_eq!((code, other), (2, stderr));
}

#[test]
fn a_broken_policy_is_exit_code_2_with_its_place() {
    let dir = installed();
    fs::write(dir.path().join("policies/bad.cedar"), "permit (\n  principal\n").unwrap();
    for arguments in [&["check"][..], &["policy", "check"], &["policy", "check", "policies"]] {
        let (code, _, stderr) = weir(dir.path(), arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(stderr.contains("bad.cedar:"), "{arguments:?}: {stderr}");
    }
    let (code, stdout, _) = weir(dir.path(), &["policy", "check", "--json"]);
    assert_eq!(code, 2);
    assert_eq!(json(&stdout)["ok"], Value::Bool(false));
}

#[test]
fn policies_are_listed_and_shown() {
    let dir = installed();
    let (code, stdout, _) = weir(dir.path(), &["policy", "list", "--json"]);
    assert_eq!(code, 0);
    let listed = json(&stdout);
    let connect =
        listed.as_array().unwrap().iter().find(|one| one["id"] == "baseline-connect").unwrap();
    assert_eq!(connect["effect"], "permit");
    assert_eq!(connect["file"], "baseline/10-connect.cedar");
    let (_, stdout, _) = weir(dir.path(), &["policy", "show", "baseline-connect"]);
    assert!(stdout.starts_with("// baseline/10-connect.cedar:"), "{stdout}");
    assert!(stdout.contains("Action::\"connect\""), "{stdout}");
    assert_eq!(weir(dir.path(), &["policy", "show", "nothing"]).0, 3);
}

#[test]
fn the_life_of_an_identity() {
    let dir = installed();
    let dir = dir.path();
    let add = ["identity", "add", "alice", "--kind", "person", "--group", "support", "--json"];
    let (code, stdout, _) = weir(dir, &add);
    assert_eq!(code, 0);
    assert!(json(&stdout)["password"].as_str().unwrap().len() >= 16);
    let (code, _, stderr) = weir(dir, &add);
    assert_eq!(code, 3);
    assert_eq!(stderr, "weir: there is an identity \"alice\" already\n");
    let agent = ["identity", "add", "bot", "--kind", "agent", "--acts-for", "alice"];
    let (code, stdout, _) =
        with_input(dir, &[&agent[..], &["--password-stdin"]].concat(), "s3cret pass\n");
    assert_eq!(code, 0);
    assert!(!stdout.contains("s3cret"), "{stdout}");
    assert!(stdout.contains("Added agent bot."), "{stdout}");

    assert_eq!(weir(dir, &["identity", "group", "add", "alice", "ops"]).0, 0);
    assert_eq!(weir(dir, &["identity", "group", "remove", "alice", "support"]).0, 0);
    let (_, stdout, _) = weir(dir, &["identity", "disable", "bot"]);
    assert_eq!(stdout, "bot may no longer sign in.\n");
    let (code, stdout, _) = weir(dir, &["identity", "list", "--json"]);
    assert_eq!(code, 0);
    let listed = json(&stdout);
    assert_eq!(listed[0]["groups"], serde_json::json!(["ops"]));
    assert_eq!(listed[1]["acts_for"], "alice");
    assert_eq!(listed[1]["enabled"], Value::Bool(false));
    assert!(!stdout.contains("SCRAM"), "a verifier is never shown");
    let (_, stdout, _) = weir(dir, &["identity", "list"]);
    assert!(
        stdout.lines().nth(2).unwrap().starts_with("bot    agent   disabled  alice"),
        "{stdout}"
    );

    let (code, _, stderr) = weir(dir, &["identity", "disable", "nobody"]);
    assert_eq!((code, stderr.as_str()), (3, "weir: there is no identity \"nobody\"\n"));
    let (code, _, stderr) = weir(dir, &["identity", "password", "nobody"]);
    assert_eq!((code, stderr.as_str()), (3, "weir: there is no identity \"nobody\"\n"));
    assert_eq!(weir(dir, &["identity", "password", "alice"]).0, 0);
}

#[test]
fn what_cannot_be_an_identity_is_refused() {
    let dir = installed();
    let refuse = |arguments: &[&str], input: &str, code: i32, expected: &str| {
        let (found, _, stderr) = with_input(dir.path(), arguments, input);
        assert_eq!(found, code, "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    };
    refuse(&["identity", "add", "a/b", "--kind", "person"], "", 3, "cannot be a name");
    let proxy = ["identity", "add", "eve", "--kind", "person", "--acts-for", "alice"];
    refuse(&proxy, "", 3, "only an agent acts for somebody");
    let orphan = ["identity", "add", "bot", "--kind", "agent", "--acts-for", "alice"];
    refuse(&orphan, "", 3, "there is no identity \"alice\"");
    let stdin = ["identity", "add", "eve", "--kind", "person", "--password-stdin"];
    refuse(&stdin, "", 3, "no password");
    refuse(&stdin, "\n", 3, "no password");
    refuse(&stdin, "two\nlines\n", 3, "one line");
    let (_, stdout, _) = weir(dir.path(), &["identity", "list", "--json"]);
    assert_eq!(stdout, "[]\n");
}

#[test]
fn an_audit_without_a_ledger_says_so() {
    let dir = installed();
    for arguments in [&["audit", "tail"][..], &["audit", "verify"]] {
        let (code, _, stderr) = weir(dir.path(), arguments);
        assert_eq!(code, 3, "{arguments:?}");
        assert!(stderr.contains("has `weir serve` run yet?"), "{stderr}");
    }
    let (code, _, stderr) = weir(dir.path(), &["audit", "show", "rubbish"]);
    assert_eq!(code, 3);
    assert!(stderr.contains("neither a statement's id nor a session's"), "{stderr}");
}

#[test]
fn completions_and_version() {
    let dir = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let (code, stdout, _) = weir(dir.path(), &["completions", shell]);
        assert_eq!(code, 0);
        assert!(stdout.contains("identity"), "{shell}");
    }
    let (_, stdout, _) = weir(dir.path(), &["version", "--json"]);
    assert_eq!(json(&stdout)["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(weir(dir.path(), &["version"]).1, weir(dir.path(), &["--version"]).1);
}
