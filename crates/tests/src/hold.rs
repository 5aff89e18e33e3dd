//! A stage on which statements wait for approval, and what can be seen of it from outside.

use crate::Stage;
use serde_json::Value;
use std::{
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use testkit::{
    Postgres, Weir,
    weir::{Options, PERSON},
};

/// Who has to ask whom.
pub const POLICY: &str = r#"
@id("deleting-needs-approval")
@approval("dba")
@reason("rows of production are deleted by two people")
@advice("Ask in the channel of the database team.")
forbid (principal, action == Action::"delete", resource)
unless { principal in Group::"admins" };

@id("agents-delete")
@reason("what an agent deletes is approved")
permit (principal is Agent, action == Action::"delete", resource);

@id("updating-comes-back")
@approval("dba|security,2")
@hold("return")
@expires("10m")
forbid (principal is Person, action == Action::"update", resource)
unless { principal in Group::"admins" };

@id("merging-is-short")
@approval("dba")
@expires("2s")
forbid (principal is Person, action == Action::"merge", resource);
"#;

const TABLES: &str = "create table jobs (id int primary key, note text);
    insert into jobs select n, 'job ' || n from generate_series(1, 50) n;";

/// How long something may take that should come at once.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A stage with persons who approve, where deleting, updating and merging wait.
pub fn stage() -> Stage {
    stage_with(|options| options)
}

/// The same with a Weir that is described further.
pub fn stage_with(more: impl FnOnce(Options) -> Options) -> Stage {
    stage_before(Postgres::options().shop().start().unwrap(), more)
}

/// The same before a database that is there.
pub fn stage_before(upstream: Postgres, more: impl FnOnce(Options) -> Options) -> Stage {
    upstream.psql("shop", TABLES).unwrap();
    let options = Weir::options(&upstream).policy("90-holds.cedar", POLICY);
    let mut weir = more(options).prepare().unwrap();
    for (name, groups) in [
        ("carol", ["--group", "dba"].as_slice()),
        ("dave", &["--group", "dba", "--group", "security"]),
        ("erin", &["--group", "security"]),
        ("mallory", &[]),
        ("victor", &["--group", "staff"]),
        ("olga", &["--group", "audit"]),
    ] {
        weir.add(name, "person", groups).unwrap();
    }
    weir.run(&["identity", "group", "add", PERSON, "dba"]).unwrap().success().unwrap();
    weir.start_again().unwrap();
    Stage { weir, upstream }
}

/// psql with one statement on its way.
pub fn psql(stage: &Stage, identity: &str, sql: &str) -> Child {
    Command::new("psql")
        .args([stage.weir.url(identity, "shop").as_str(), "-XAtc", sql])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Looks until there is something to see.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} does not come");
        thread::sleep(Duration::from_millis(30));
    }
}

/// What waits, or all there was.
pub fn requests(stage: &Stage, all: bool) -> Vec<Value> {
    let more: &[&str] = if all { &["--all"] } else { &[] };
    let arguments = [&["approvals", "list", "--json"], more].concat();
    let text = stage.weir.run(&arguments).unwrap().success().unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The one request that is open, once it is.
pub fn request(stage: &Stage) -> String {
    let open = |request: &&Value| request["state"] == "open";
    let name = |request: &Value| request["request"].as_str().unwrap().to_owned();
    until("a request", || requests(stage, false).iter().find(open).map(name))
}

/// The one request beside this one that is open, once it is.
pub fn next_request(stage: &Stage, other: &str) -> String {
    let open = |request: &&Value| request["state"] == "open" && request["request"] != other;
    let name = |request: &Value| request["request"].as_str().unwrap().to_owned();
    until("a request", || requests(stage, false).iter().find(open).map(name))
}

/// How a request stands.
pub fn state(stage: &Stage, request: &str) -> String {
    let all = requests(stage, true);
    let found = all.iter().find(|one| one["request"] == request).unwrap();
    found["state"].as_str().unwrap().to_owned()
}

/// What `weir approvals` says to somebody who decides: the words, and whether it was taken.
pub fn say(stage: &Stage, word: &str, request: &str, person: &str) -> (bool, String) {
    let arguments =
        ["approvals", word, request, "--as", person, "--reason", "seen", "--password-stdin"];
    let said = stage.weir.run_as_somebody(&arguments).unwrap();
    (said.code == Some(0), said.all())
}

/// Has somebody approve by the command line.
pub fn approve(stage: &Stage, request: &str, person: &str) {
    let (taken, said) = say(stage, "approve", request, person);
    assert!(taken, "{said}");
}

/// What it said, once it has ended.
pub fn ended(child: Child) -> (String, String) {
    let said = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(&said.stdout), text(&said.stderr))
}

/// How many rows there are to delete.
pub fn jobs(stage: &Stage) -> i64 {
    stage.upstream.psql("shop", "select count(*) from jobs").unwrap().trim().parse().unwrap()
}
