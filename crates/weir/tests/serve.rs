//! `weir serve` from outside: HTTP, reload, what reaches the ledger, stopping.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]
#![expect(clippy::indexing_slicing, reason = "JSON of a known shape")]

use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// How long anything here may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `weir serve`, killed when dropped.
struct Serve {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    dir: PathBuf,
}

impl Serve {
    fn start(dir: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
            .arg("serve")
            .current_dir(dir)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (lines, sink) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&log));
        thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                sink.lock().unwrap().push(line);
            }
        });
        let serve = Self { child, log, dir: dir.to_owned() };
        serve.wait_for("\"serving\"");
        serve
    }

    /// Waits until a log line holds this text, and gives the line.
    fn wait_for(&self, text: &str) -> String {
        until(text, || {
            let log = self.log.lock().unwrap();
            log.iter().find(|line| line.contains(text)).cloned().ok_or_else(|| log.join("\n"))
        })
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: weir\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn address(&self) -> String {
        let line: Value = serde_json::from_str(&self.wait_for("http listens")).unwrap();
        line["address"].as_str().unwrap().to_owned()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    fn weir(&self, arguments: &[&str]) -> String {
        weir(&self.dir, arguments)
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn weir(dir: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_weir")).args(arguments).current_dir(dir).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn until<T>(what: &str, mut look: impl FnMut() -> Result<T, String>) -> T {
    let start = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(_) if start.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(50)),
            Err(instead) => panic!("waited for {what}; instead:\n{instead}"),
        }
    }
}

/// Everything the ledger says, as `audit tail --json` prints it.
fn tail_holds(serve: &Serve, text: &str) {
    until(text, || {
        let tail = serve.weir(&["audit", "tail", "-n", "1000", "--json"]);
        if tail.contains(text) { Ok(()) } else { Err(tail) }
    });
}

/// A folder with a configuration that takes free ports and logs JSON.
fn installed() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    // Port 1 on loopback: nothing listens there, and nothing needs to.
    weir(dir.path(), &["init", "postgres://app:pw@127.0.0.1:1/shop"]);
    let file = dir.path().join("weir.toml");
    let text = fs::read_to_string(&file)
        .unwrap()
        .replace("127.0.0.1:6432", "127.0.0.1:0")
        .replace("127.0.0.1:6480", "127.0.0.1:0")
        .replace("format = \"text\"", "format = \"json\"");
    fs::write(file, text).unwrap();
    dir
}

#[test]
fn health_metrics_and_a_good_end() {
    let dir = installed();
    let mut serve = Serve::start(dir.path());
    assert!(serve.get("/healthz").starts_with("HTTP/1.1 200"));
    assert!(serve.get("/nothing").starts_with("HTTP/1.1 404"));
    let metrics = serve.get("/metrics");
    for name in ["weir_build_info", "weir_ledger_healthy 1", "weir_ledger_synced_total"] {
        assert!(metrics.contains(name), "{name} is not in\n{metrics}");
    }
    serve.signal("TERM");
    let status = until("the end", || serve.child.try_wait().unwrap().ok_or_else(String::new));
    assert_eq!(status.code(), Some(0));
    let tail = weir(dir.path(), &["audit", "tail", "--json"]);
    let types: Vec<String> = tail
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|record| record["type"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(types.first().map(String::as_str), Some("started"), "{tail}");
    assert_eq!(types.last().map(String::as_str), Some("stopped"), "{tail}");
    let verified = weir(dir.path(), &["audit", "verify"]);
    assert!(verified.contains("Nothing is damaged"), "{verified}");
}

#[test]
fn identities_reach_the_ledger_whether_serve_runs_or_not() {
    let dir = installed();
    weir(dir.path(), &["identity", "add", "alice", "--kind", "person"]);
    let serve = Serve::start(dir.path());
    tail_holds(&serve, "\"what\":\"added: person\"");
    serve.weir(&["identity", "disable", "alice"]);
    tail_holds(&serve, "\"what\":\"disabled\"");
    until("the metric", || {
        let metrics = serve.get("/metrics");
        if metrics.contains("weir_identities 1\n") { Ok(()) } else { Err(metrics) }
    });
    let tail = serve.weir(&["audit", "tail", "--identity", "alice"]);
    assert_eq!(tail.lines().count(), 2, "{tail}");
    assert!(tail.contains("disabled, by os:"), "{tail}");
}

#[test]
fn policies_reload_and_a_broken_file_changes_nothing() {
    let dir = installed();
    let serve = Serve::start(dir.path());
    let file = dir.path().join("policies/more.cedar");
    fs::write(&file, "permit (principal, action, resource").unwrap();
    let line = serve.wait_for("policies not taken up");
    assert!(line.contains("more.cedar:1:"), "{line}");
    let line = serve.wait_for("this version stays in force");
    let version: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(version["version"].as_str().unwrap().len(), 16, "{line}");
    assert!(serve.get("/readyz").contains("\"notes\":[\"the policy files have problems"));
    tail_holds(&serve, "\"refused\":\"policies/more.cedar:1:");
    // As it was before: nothing else is in force, and that too is said.
    fs::remove_file(&file).unwrap();
    serve.wait_for("the policies are sound again, and as in force");
    assert!(serve.get("/readyz").contains("\"notes\":[]"));
    let good = "@id(\"ops-connect\") permit (principal in Group::\"ops\", \
                action == Action::\"connect\", resource);";
    fs::write(&file, good).unwrap();
    serve.wait_for("other policies are in force");
    let metrics = serve.get("/metrics");
    assert!(metrics.contains("weir_policy_loads_total{result=\"refused\"} 1"), "{metrics}");
    assert!(metrics.contains("weir_policy_loads_total{result=\"taken\"} 2"), "{metrics}");
    let tail = serve.weir(&["audit", "tail", "--json"]);
    let versions: Vec<Value> = tail
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["type"] == "policy_changed")
        .map(|record| record["version"].clone())
        .collect();
    assert_eq!(versions.len(), 3, "{tail}");
    assert_eq!(versions.first(), versions.get(1), "the refused set changed nothing");
    assert_ne!(versions.first(), versions.get(2));
}

#[test]
fn the_configuration_reloads_and_a_broken_file_changes_nothing() {
    let dir = installed();
    let serve = Serve::start(dir.path());
    let file = dir.path().join("weir.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("idle_timeout", "idle_timeuot")).unwrap();
    let line = serve.wait_for("configuration not taken up");
    assert!(line.contains("idle_timeuot"), "{line}");
    let changed = text
        .replace("idle_timeout = \"0\"", "idle_timeout = \"1h\"")
        .replace("level = \"info\"", "level = \"debug\"");
    fs::write(&file, changed).unwrap();
    serve.wait_for("configuration taken up for new sessions");
    serve.wait_for("[log] has changed: it holds from the next start on (restart `weir serve`)");
    serve.signal("HUP");
    until("a reload by signal", || {
        let metrics = serve.get("/metrics");
        let taken = "weir_config_loads_total{result=\"taken\"} 2";
        if metrics.contains(taken) { Ok(()) } else { Err(metrics) }
    });
}

#[test]
fn a_second_serve_on_the_same_state_is_refused() {
    let dir = installed();
    let _serve = Serve::start(dir.path());
    let second = Command::new(env!("CARGO_BIN_EXE_weir"))
        .arg("serve")
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&second.stderr);
    assert!(stderr.contains("the ledger in state/ledger cannot be opened"), "{stderr}");
}

/// Adds to weir.toml. Sections that stand there already are not touched.
fn configure(dir: &Path, more: &str) {
    let file = dir.join("weir.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n{more}")).unwrap();
}

#[test]
fn a_witness_sees_what_whoever_took_the_machine_would_hide() {
    let (one, other) = (installed(), installed());
    let serve = Serve::start(one.path());
    let keys = serve.weir(&["audit", "key"]);
    fs::write(one.path().join("kept.pub"), &keys).unwrap();
    let log = keys.lines().next().unwrap();
    configure(other.path(), &format!("[witness]\nname = \"witness.example\"\nlogs = [\"{log}\"]"));
    let witness = Serve::start(other.path());
    let key = fs::read_to_string(other.path().join("state/witness.pub")).unwrap();
    let (key, url) = (key.trim(), format!("http://{}/witness", witness.address()));
    let anchor = one.path().join("anchor");
    fs::create_dir(&anchor).unwrap();
    configure(
        one.path(),
        &format!(
            "[ledger]\nwitness_interval = \"1s\"\nanchor = \"anchor\"\n\
             [[ledger.witness]]\nurl = \"{url}\"\nkey = \"{key}\""
        ),
    );
    let cosigned = one.path().join("state/ledger/checkpoint.witnessed");
    let verify = ["audit", "verify", "--key", "kept.pub", "--witness", key, "--json"];
    until("a cosignature", || fs::read(&cosigned).map_err(|error| error.to_string()));
    let found: Value = serde_json::from_str(&serve.weir(&verify)).unwrap();
    assert_eq!(found["cosigned"][0]["witness"], "witness.example");
    assert_eq!(found["ok"], true);
    // A proof of the first record stands under the witness's cosignature too.
    let proof = serve.weir(&["audit", "proof", "0", "--entry", "entry.json"]);
    assert!(proof.contains("witness.example"), "{proof}");
    fs::write(one.path().join("record.tlog-proof"), proof).unwrap();
    let check = ["audit", "check-proof", "record.tlog-proof", "entry.json", "--key", "kept.pub"];
    assert!(serve.weir(&check).contains("entry.json is record 0 of"));
    assert!(fs::read_dir(&anchor).unwrap().count() > 0);
    drop(serve);
    // Everything is put back to what it was at this time, keys and all, after more was recorded.
    let old = tempfile::tempdir().unwrap();
    let copy = |from: &Path, to: &Path| {
        let mut command = Command::new("cp");
        assert!(command.args(["-a", "-T"]).args([from, to]).status().unwrap().success());
    };
    copy(&one.path().join("state"), &old.path().join("state"));
    let serve = Serve::start(one.path());
    let size = |note: &[u8]| -> u64 {
        String::from_utf8_lossy(note).lines().nth(1).unwrap().parse().unwrap()
    };
    let before = size(&fs::read(&cosigned).unwrap());
    for name in ["amy", "ben", "cleo", "dan", "eve", "fay", "guy", "hal", "ivy"] {
        serve.weir(&["identity", "add", name, "--kind", "person"]);
    }
    until("another cosignature", || {
        let now = size(&fs::read(&cosigned).unwrap());
        if now >= before + 9 { Ok(()) } else { Err(format!("{now} of {before}")) }
    });
    drop(serve);
    fs::remove_dir_all(one.path().join("state")).unwrap();
    copy(&old.path().join("state"), &one.path().join("state"));
    let serve = Serve::start(one.path());
    let line = serve.wait_for("records were removed");
    assert!(line.contains(&url), "{line}");
}
