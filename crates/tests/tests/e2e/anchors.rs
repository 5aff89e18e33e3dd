//! Checkpoints where nobody changes them: in a git repository, and as locked objects in a store
//! that checks signatures. Both through a time in which they cannot be reached.

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};
use testkit::weir::PERSON;
use testkit::{TestDir, port, tool};
use tests::{Stage, client, export};

/// Long enough for a machine under load.
const PATIENCE: Duration = Duration::from_secs(60);

fn until(stage: &Stage, what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < end, "{what}\n{}", stage.weir.log_tail());
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn log(stage: &Stage) -> String {
    fs::read_to_string(stage.weir.folder().join("weir.log")).unwrap()
}

/// What a checkpoint says: its ledger and how many records.
fn head(note: &str) -> (String, u64) {
    let mut lines = note.lines();
    (lines.next().unwrap().to_owned(), lines.next().unwrap().parse().unwrap())
}

/// The ledger must have grown from the checkpoint that was anchored.
fn fits(stage: &Stage, folder: &TestDir, note: &str) -> bool {
    let file = folder.join("anchored");
    fs::write(&file, note).unwrap();
    let verified =
        stage.weir.run(&["audit", "verify", "--checkpoint", file.to_str().unwrap()]).unwrap();
    verified.code == Some(0)
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let folder = folder.to_str().unwrap();
    tool::run("git", ["-C", folder].iter().chain(arguments)).unwrap().success().unwrap()
}

#[test]
fn checkpoints_are_committed_and_pushed() {
    let folder = TestDir::new("git").unwrap();
    let (remote, clone) = (folder.join("remote.git"), folder.join("clone"));
    let away = folder.join("away.git");
    git(folder.path(), &["init", "--quiet", "--bare", remote.to_str().unwrap()]);
    git(folder.path(), &["clone", "--quiet", remote.to_str().unwrap(), clone.to_str().unwrap()]);
    let section = format!("[[ledger.git]]\npath = {clone:?}\ninterval = \"1s\"\n");
    let stage = export::stage(&section).unwrap();
    let files = |folder: &Path| {
        let listed =
            tool::run("git", ["-C", folder.to_str().unwrap(), "ls-tree", "--name-only", "HEAD"]);
        listed.unwrap().stdout
    };
    until(&stage, "nothing is pushed", || !files(&remote).is_empty());
    let name = files(&remote).trim().to_owned();
    assert!(name.ends_with(".checkpoint"), "{name}");
    let newest = || git(&remote, &["show", &format!("HEAD:{name}")]);
    let (origin, first) = head(&newest());
    assert!(name.starts_with(&origin.replace('/', "-")), "{name} of {origin}");

    // The remote cannot be reached: Weir says so and serves, and what was missed comes later.
    fs::rename(&remote, &away).unwrap();
    stage.rows(PERSON, "select country from customers where id = 1").unwrap();
    until(&stage, "nothing is said", || log(&stage).contains("git push"));
    stage.rows(PERSON, "select country from customers where id = 2").unwrap();
    fs::rename(&away, &remote).unwrap();
    until(&stage, "nothing comes any more", || head(&newest()).1 > first);
    assert!(fits(&stage, &folder, &newest()), "{}", newest());

    // Every commit is a checkpoint that the ledger grew from, and none was replaced.
    let commits = git(&remote, &["log", "--format=%H %s"]);
    assert!(commits.lines().count() > 1, "{commits}");
    let mut sizes = Vec::new();
    for line in commits.lines() {
        let (commit, subject) = line.split_once(' ').unwrap();
        let note = git(&remote, &["show", &format!("{commit}:{name}")]);
        let (origin, size) = head(&note);
        assert_eq!(subject, format!("{origin}: {size} records"));
        assert!(fits(&stage, &folder, &note), "{note}");
        sizes.push(size);
    }
    assert!(sizes.is_sorted_by(|newer, older| newer > older), "{sizes:?}");
}

/// The object store, until it is dropped.
struct Store {
    child: Child,
    asks: ChildStdin,
    says: BufReader<ChildStdout>,
    key: Value,
}

impl Store {
    fn start(port: u16) -> Self {
        let mut command = client::python_command("bucket.py").unwrap();
        command.arg(port.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let (asks, says) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut store = Self { child, asks, says: BufReader::new(says), key: Value::Null };
        store.key = store.line();
        store
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn objects(&mut self) -> Vec<Value> {
        self.asks.write_all(b"objects\n").unwrap();
        self.line().as_array().unwrap().clone()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn checkpoints_are_objects_that_nobody_removes() {
    let folder = TestDir::new("bucket").unwrap();
    let port = port::free_port().unwrap();
    let mut store = Store::start(port);
    let key = store.key["key"].as_str().unwrap().to_owned();
    fs::write(folder.join("secret"), store.key["secret"].as_str().unwrap()).unwrap();
    fs::write(folder.join("wrong"), "not the secret").unwrap();
    let section = |prefix: &str, secret: &str| {
        format!(
            "[[ledger.bucket]]\nurl = \"http://127.0.0.1:{port}/anchors/{prefix}\"\n\
             access_key = \"{key}\"\nsecret_key = {{ file = {:?} }}\nretention = \"30d\"\n\
             interval = \"1s\"\n",
            folder.join(secret)
        )
    };
    let sections = [section("weir", "secret"), section("other", "wrong")].concat();
    let stage = export::stage(&sections).unwrap();
    let mut objects = Vec::new();
    until(&stage, "no object comes", || {
        stage.rows(PERSON, "select country from customers where id = 3").unwrap();
        objects = store.objects();
        objects.len() > 1
    });
    for object in &objects {
        let (name, note) = (object["key"].as_str().unwrap(), object["body"].as_str().unwrap());
        assert_eq!(name, format!("weir/{:020}.checkpoint", head(note).1));
        assert_eq!(
            (&object["mode"], &object["removed"]),
            (&"COMPLIANCE".into(), &"AccessDenied".into())
        );
        assert!(fits(&stage, &folder, note), "{note}");
    }
    // The store checks signatures, and Weir says what it answers.
    until(&stage, "the wrong key is not said", || log(&stage).contains("SignatureDoesNotMatch"));
}
