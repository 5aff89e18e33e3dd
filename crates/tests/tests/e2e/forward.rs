//! `weir connect DB --forward`: clients that know no token, the other users of the machine, and a
//! session that goes on with the prolonged token.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use testkit::{Postgres, Weir, postgres, tool};
use tests::Stage;
use tests::client::{self, Target};
use tests::provider::{Person, Provider};

/// A forwarder that runs until it is dropped.
struct Forward {
    child: Child,
    port: u16,
}

impl Forward {
    fn start(person: &Person, database: &str) -> Self {
        let mut command = person.command(&["connect", database, "--forward"]).unwrap();
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split("127.0.0.1:").nth(1).and_then(|rest| rest.split(' ').next());
        let port = port.unwrap_or_else(|| panic!("{line}")).parse().unwrap();
        Self { child, port }
    }

    /// A URL without a password, as anybody.
    fn url(&self, database: &str) -> String {
        format!("postgresql://whoever@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn stage(more: &str) -> (Stage, Provider) {
    let provider = Provider::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    let weir = Weir::options(&upstream).api().sections(&provider.section(more)).start().unwrap();
    (Stage { weir, upstream }, provider)
}

#[test]
fn clients_that_know_no_token_are_the_person() {
    let (stage, provider) = stage("groups_claim = \"groups\"");
    provider.groups("ann", &["admins"]).unwrap();
    let ann = Person::new("ann").unwrap();
    ann.login(&stage.weir).unwrap().success().unwrap();
    let forward = Forward::start(&ann, "shop");
    let said = postgres::psql(&forward.url("shop"), "select 1").unwrap();
    assert_eq!(said.success().unwrap().trim(), "1");
    for client in [client::PSYCOPG, client::NODE, client::JDBC] {
        let target = Target { user: "whoever", password: "", port: forward.port, database: "shop" };
        client.run(target).unwrap_or_else(|error| panic!("{client:?}: {error:#}"));
    }
    let record = stage.weir.record(4000).unwrap();
    let opened = |line: &&String| line.contains("session_opened");
    let ann_by_token = |line: &String| line.contains("\"ann\"") && line.contains("\"t-");
    assert!(record.iter().filter(opened).all(ann_by_token), "{record:#?}");

    // It is a way to one database, and to no other.
    let said = postgres::psql(&forward.url("postgres"), "select 1").unwrap();
    assert!(said.stderr.contains("for database \"shop\", not \"postgres\""), "{said}");

    // Another user of the machine is not let through, whatever they say.
    assert!(tool::is_root(), "another user has to be there to try it");
    let psql = tool::as_server_account(std::path::Path::new("/usr/bin/psql"));
    let mut other = Command::new(&psql[0]);
    other.args(&psql[1..]).args(["-XAt", &forward.url("shop"), "-c", "select 1"]).current_dir("/");
    let said = tool::finish(&mut other).unwrap();
    assert!(said.code != Some(0) && said.stderr.contains("is another user's"), "{said}");

    // Nor do they take the places of those who are, however many connections they open.
    let bash = tool::as_server_account(std::path::Path::new("/usr/bin/bash"));
    let fills = format!(
        "for n in $(seq 250); do exec {{fd}}<>/dev/tcp/127.0.0.1/{}; done; echo open; sleep 60",
        forward.port
    );
    let mut other = Command::new(&bash[0]);
    other.args(&bash[1..]).args(["-c", &fills]).current_dir("/").stdout(Stdio::piped());
    let mut other = other.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(other.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "open\n");
    let said = postgres::psql(&forward.url("shop"), "select 1").unwrap();
    assert_eq!(said.success().unwrap().trim(), "1");
    other.kill().unwrap();
    other.wait().unwrap();

    // What runs can be cancelled through it.
    let url = forward.url("shop");
    let mut sleeper = Command::new("psql");
    sleeper.args(["-XAt", &url, "-c", "select pg_sleep(60)"]).stderr(Stdio::piped());
    let sleeper = sleeper.spawn().unwrap();
    let busy = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' \
                and state = 'active' and pid <> pg_backend_pid()";
    let begun = std::time::Instant::now();
    while stage.truth(busy).unwrap().trim() == "0" {
        assert!(begun.elapsed().as_secs() < 20, "it does not run");
    }
    let pid = sleeper.id().to_string();
    tool::run("kill", ["-INT", &pid]).unwrap().success().unwrap();
    let said = sleeper.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("canceling statement due to user request"), "{said}");
}

#[test]
fn a_session_goes_on_while_the_forwarder_prolongs_its_token() {
    let (stage, _provider) = stage("lifetime = \"4s\"");
    let ann = Person::new("ann").unwrap();
    ann.login(&stage.weir).unwrap().success().unwrap();
    let forward = Forward::start(&ann, "shop");
    let url = forward.url("shop");
    let said = postgres::psql(&url, "select pg_sleep(9), 'went on'").unwrap();
    assert!(said.clone().success().unwrap().contains("went on"), "{said}");
    // Who has signed out is let through no more.
    ann.run(&["logout"]).unwrap().success().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let said = postgres::psql(&url, "select 1").unwrap();
    assert!(said.code != Some(0), "{said}");
}

#[test]
fn it_listens_on_this_machine_alone() {
    let (stage, _provider) = stage("");
    let ann = Person::new("ann").unwrap();
    ann.login(&stage.weir).unwrap().success().unwrap();
    let said = ann.run(&["connect", "shop", "--forward", "0.0.0.0:0"]).unwrap();
    assert!(said.code != Some(0) && said.stderr.contains("not on this machine alone"), "{said}");
}
