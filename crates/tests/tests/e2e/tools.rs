//! PostgreSQL's own programs through Weir: psql, pg_dump, pg_restore, pgbench.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use testkit::weir::{ADMIN, PERSON};
use testkit::{TestDir, tool};
use tests::Stage;
use tests::client::difference;

fn psql(url: &str, script: &str) -> tool::Outcome {
    tool::run("psql", ["-X", "-d", url, "-c", script]).unwrap()
}

#[test]
fn psql_describes_the_shop_alike() {
    let stage = Stage::shop().unwrap();
    let (direct, through) = (stage.upstream.url("shop"), stage.weir.url(ADMIN, "shop"));
    for command in [
        "\\d",
        "\\d+ customers",
        "\\d+ events",
        "\\dn+",
        "\\df",
        "\\sf customer_email",
        "\\dT+",
        "\\dv",
        "\\dm",
        "\\di",
        "\\du",
        "\\dp",
        "\\l",
        "\\sv directory",
        "\\dt hr.*",
        "\\dx",
        "\\encoding",
        "\\gdesc",
        "\\copy (select 1) to stdout",
        "select 1; select 2; select 1/0; select 3",
        "select * from customers order by id limit 5",
        "vacuum customers",
        "explain select * from customers where id = 1",
    ] {
        let (expected, seen) = (psql(&direct, command), psql(&through, command));
        assert_eq!(difference(&expected.all(), &seen.all()), None, "{command}");
        assert_eq!(expected.code, seen.code, "{command}");
    }
}

#[test]
fn people_complete_and_describe_too() {
    let stage = Stage::shop().unwrap();
    let (direct, through) = (stage.upstream.url("shop"), stage.weir.url(PERSON, "shop"));
    for command in ["\\d", "\\d customers", "\\dn", "\\df", "\\dv", "\\dt hr.*"] {
        let (expected, seen) = (psql(&direct, command), psql(&through, command));
        assert_eq!(difference(&expected.all(), &seen.all()), None, "{command}");
    }
}

#[test]
fn ctrl_c_in_psql_cancels_the_statement() {
    let stage = Stage::shop().unwrap();
    for identity in [ADMIN, PERSON] {
        let url = stage.weir.url(identity, "shop");
        let child = Command::new("psql")
            .args(["-X", "-d", &url, "-c", "select 'still here', pg_sleep(60)"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let running = "select count(*) from pg_stat_activity where query like '%still here%' \
                       and state = 'active' and pid <> pg_backend_pid()";
        let begin = Instant::now();
        while stage.truth(running).unwrap().trim() == "0" {
            assert!(begin.elapsed() < Duration::from_secs(20), "the statement does not run");
            std::thread::sleep(Duration::from_millis(50));
        }
        tool::run("kill", ["-s", "INT", &child.id().to_string()]).unwrap().success().unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(begin.elapsed() < Duration::from_secs(40));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("canceling statement due to user request"), "{identity}: {said}");
        assert_eq!(stage.truth(running).unwrap().trim(), "0");
    }
}

#[test]
fn a_strangers_cancel_key_cancels_nothing() {
    let stage = Stage::shop().unwrap();
    let mut victim =
        tests::wire::Raw::sign_in(stage.weir.port(), ADMIN, testkit::weir::PASSWORD, "shop")
            .unwrap();
    victim.query("select pg_backend_pid()").unwrap();
    let rows = victim.until(b'Z').unwrap();
    let row = rows.iter().find(|message| message.tag == b'D').unwrap();
    let pid: u32 = String::from_utf8_lossy(&row.body[6..]).parse().unwrap();
    victim.query("select pg_sleep(2), 'slept'").unwrap();
    for secret in 0..50_u32 {
        let mut raw = tests::wire::Raw::connect(stage.weir.port()).unwrap();
        let parts = [16, 80_877_102, pid, secret].map(u32::to_be_bytes);
        raw.send(&parts.concat()).unwrap();
        assert!(raw.rest().unwrap().is_empty(), "a cancel request is answered");
    }
    let rows = victim.until(b'Z').unwrap();
    assert!(rows.iter().any(|message| message.tag == b'D'), "{rows:?}");
}

/// `pg_dump` notes its connection nowhere, so two dumps of one database are byte for byte alike.
fn dump(url: &str, more: &[&str]) -> Vec<u8> {
    let output = Command::new("pg_dump").args(["-d", url]).args(more).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

#[test]
fn the_whole_shop_is_dumped_and_restored() {
    let stage = Stage::shop().unwrap();
    let (direct, through) = (stage.upstream.url("shop"), stage.weir.url(ADMIN, "shop"));
    for more in [&[][..], &["--inserts", "--rows-per-insert=100"], &["--schema-only"]] {
        // The key that newer minor versions print to guard against injected commands is random.
        let plain = |url: &str| -> Vec<String> {
            let text = String::from_utf8(dump(url, more)).unwrap();
            let lines = text.lines().filter(|line| !line.contains("restrict ")).map(str::to_owned);
            lines.collect()
        };
        assert!(plain(&direct) == plain(&through), "dumps differ with {more:?}");
    }
    let folder = TestDir::new("dump").unwrap();
    let archive = folder.join("shop.dump");
    std::fs::write(&archive, dump(&through, &["-Fc"])).unwrap();
    stage.upstream.create_database("again").unwrap();
    let again = stage.weir.url(ADMIN, "again");
    tool::run(
        "pg_restore",
        ["-j", "2", "--exit-on-error", "-d", &again, &archive.to_string_lossy()],
    )
    .unwrap()
    .success()
    .unwrap();
    let sum = "select md5(string_agg(c::text, '' order by id)) from customers as c";
    let sum = |database: &str| stage.upstream.psql(database, sum).unwrap();
    assert_eq!(sum("shop"), sum("again"));
    let tables = "select count(*) from pg_class where relnamespace in ('hr'::regnamespace, \
                  'public'::regnamespace)";
    let tables = |database: &str| stage.upstream.psql(database, tables).unwrap();
    assert_eq!(tables("shop"), tables("again"));
}

#[test]
fn pgbench_runs_in_every_mode() {
    let stage = Stage::shop().unwrap();
    stage.upstream.create_database("bench").unwrap();
    let through = stage.weir.url(ADMIN, "bench");
    tool::run("pgbench", ["-i", "-q", "-s", "1", "-I", "dtGvpf", &through])
        .unwrap()
        .success()
        .unwrap();
    for identity in [ADMIN, PERSON] {
        let url = stage.weir.url(identity, "bench");
        for mode in ["simple", "extended", "prepared"] {
            for script in ["tpcb-like", "simple-update", "select-only"] {
                let arguments =
                    ["-n", "-M", mode, "-b", script, "-c", "8", "-j", "2", "-t", "20", &url];
                let said = tool::run("pgbench", arguments).unwrap().success().unwrap();
                assert!(said.contains("actually processed: 160/160"), "{identity}: {said}");
            }
        }
        let connect = ["-n", "-S", "-C", "-c", "4", "-t", "10", &url];
        let said = tool::run("pgbench", connect).unwrap().success().unwrap();
        assert!(said.contains("actually processed: 40/40"), "{said}");
    }
    let sum =
        "select sum(delta) = (select sum(abalance) from pgbench_accounts) from pgbench_history";
    assert_eq!(stage.upstream.psql("bench", sum).unwrap().trim(), "t");
}
