//! Keys of services and agents: native clients sign in by them; they have an end, a scope and a
//! successor; what was revoked is over within a second, and nothing that is written holds one.

use serde_json::Value;
use std::time::{Duration, Instant, SystemTime};
use testkit::{
    Postgres, Weir, postgres, tool,
    weir::{AGENT, PERSON, SERVICE},
};
use tests::{Stage, client, hold::until, wire::Raw, written::assert_nowhere};

fn stage() -> Stage {
    let upstream = Postgres::options().shop().start().unwrap();
    let sections = "[keys]\nlifetime = \"1d\"\nlongest = \"2d\"\n";
    let weir = Weir::options(&upstream).sections(sections).start().unwrap();
    Stage { weir, upstream }
}

fn key(stage: &Stage, arguments: &[&str]) -> tool::Outcome {
    stage.weir.run(&[&["key"], arguments].concat()).unwrap()
}

/// What a command that makes a key says: the key's name and its secret.
fn made(stage: &Stage, arguments: &[&str]) -> (String, String) {
    let said = key(stage, &[arguments, &["--json"]].concat()).success().unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    let text = |name: &str| said[name].as_str().unwrap().to_owned();
    (text("key"), text("secret"))
}

fn psql(stage: &Stage, name: &str, secret: &str, database: &str) -> tool::Outcome {
    let url = postgres::url(name, secret, stage.weir.port(), database);
    postgres::psql(&url, "select 'in'").unwrap()
}

/// Signs in once a running Weir knows of the key.
fn signs_in(stage: &Stage, name: &str, secret: &str) -> Raw {
    until("the key is known", || Raw::sign_in(stage.weir.port(), name, secret, "shop").ok())
}

fn last_words(mut raw: Raw) -> String {
    let rest = raw.rest().unwrap();
    rest.iter().find(|message| message.tag == b'E').unwrap().field(b'M').unwrap()
}

/// Statements of this text that the database still runs.
fn running(stage: &Stage, text: &str) -> bool {
    let sql = format!(
        "select count(*) from pg_stat_activity where query like '%{text}%' and state = 'active' \
         and pid <> pg_backend_pid()"
    );
    stage.truth(&sql).unwrap().trim() != "0"
}

#[test]
fn a_key_is_the_password_of_native_clients() {
    let stage = stage();
    stage.weir.run(&["identity", "group", "add", SERVICE, "admins"]).unwrap().success().unwrap();
    let (name, secret) = made(&stage, &["create", SERVICE]);
    assert!(name.starts_with("k-") && secret.starts_with("weir_k1_"), "{name} {secret}");
    drop(signs_in(&stage, SERVICE, &secret));
    assert_eq!(psql(&stage, SERVICE, &secret, "shop").success().unwrap().trim(), "in");
    for client in [client::PSYCOPG, client::NODE, client::JDBC] {
        let port = stage.weir.port();
        let target = client::Target { user: SERVICE, password: &secret, port, database: "shop" };
        client.run(target).unwrap();
    }
    let bound = postgres::url(SERVICE, &secret, stage.weir.port(), "shop");
    let bound = format!("{bound}?sslmode=require&channel_binding=require");
    postgres::psql(&bound, "select 1").unwrap().success().unwrap();
    // An agent has keys as a service has; nobody else signs in by them.
    let (_, of_agent) = made(&stage, &["create", AGENT]);
    drop(signs_in(&stage, AGENT, &of_agent));
    for (who, secret) in [(PERSON, &secret), (AGENT, &secret), (SERVICE, &of_agent)] {
        let said = psql(&stage, who, secret, "shop");
        let words = format!("password authentication failed for user \"{who}\"");
        assert!(said.stderr.contains(&words), "{said}");
    }
    let opened = format!("\"credential\":\"{name}\"");
    assert!(stage.weir.record(100).unwrap().iter().any(|line| line.contains(&opened)));
}

#[test]
fn a_key_that_is_revoked_ends_what_runs_by_it_within_a_second() {
    let stage = stage();
    let (name, secret) = made(&stage, &["create", SERVICE]);
    let (other, staying) = made(&stage, &["create", SERVICE]);
    let mut live = signs_in(&stage, SERVICE, &secret);
    let mut stays = signs_in(&stage, SERVICE, &staying);
    live.query("select pg_sleep(61)").unwrap();
    until("the statement runs", || running(&stage, "pg_sleep(61)").then_some(()));
    key(&stage, &["revoke", &name]).success().unwrap();
    let revoked = Instant::now();
    let words = last_words(live);
    assert!(revoked.elapsed() < Duration::from_secs(1), "{:?}", revoked.elapsed());
    assert!(words.contains("was revoked"), "{words}");
    until("it is cancelled there", || (!running(&stage, "pg_sleep(61)")).then_some(()));
    let said = psql(&stage, SERVICE, &secret, "shop");
    assert!(said.stderr.contains("password authentication failed"), "{said}");
    stays.query("select 1").unwrap();
    assert!(stays.until(b'Z').unwrap().iter().any(|message| message.tag == b'D'), "{other}");
    assert_eq!(key(&stage, &["revoke", &name]).code, Some(0), "once more changes nothing");
    assert_eq!(key(&stage, &["revoke", "k-nobodys"]).code, Some(3));
    let record = stage.weir.record(100).unwrap().join("\n");
    assert_eq!(record.matches(&format!("key {name} revoked")).count(), 1, "{record}");
    assert!(record.contains(&format!("key {name} made by command line")), "{record}");
}

#[test]
fn rotation_overlaps_until_it_is_said() {
    let stage = stage();
    let (old, old_secret) = made(&stage, &["create", SERVICE, "--database", "shop"]);
    let mut live = signs_in(&stage, SERVICE, &old_secret);
    let (new, secret) = made(&stage, &["rotate", &old, "--overlap", "5s"]);
    let rotated = Instant::now();
    drop(signs_in(&stage, SERVICE, &secret));
    // Both are good; the scope goes on.
    psql(&stage, SERVICE, &old_secret, "shop").success().unwrap();
    let said = psql(&stage, SERVICE, &secret, "postgres");
    assert!(said.stderr.contains("not for database \"postgres\""), "{said}");
    live.query("select pg_sleep(62)").unwrap();
    let words = last_words(live);
    assert!(words.contains("has expired"), "{words}");
    let lasted = rotated.elapsed();
    assert!(lasted > Duration::from_secs(4) && lasted < Duration::from_secs(7), "{lasted:?}");
    let said = psql(&stage, SERVICE, &old_secret, "shop");
    assert!(said.stderr.contains("password authentication failed"), "{said}");
    psql(&stage, SERVICE, &secret, "shop").success().unwrap();
    // At once, and not twice.
    let (_, third) = made(&stage, &["rotate", &new, "--overlap", "0s"]);
    drop(signs_in(&stage, SERVICE, &third));
    assert_ne!(psql(&stage, SERVICE, &secret, "shop").code, Some(0));
    assert_eq!(key(&stage, &["rotate", &new]).code, Some(3), "it is over");
    let record = stage.weir.record(100).unwrap().join("\n");
    let step = format!("key {old} replaced by {new}; it is good for 5 s more");
    assert!(record.contains(&step), "{record}");
}

#[test]
fn a_key_has_bounds_and_its_list_shows_when_and_from_where_it_was_used() {
    let stage = stage();
    for (arguments, why) in [
        (vec!["create", PERSON], "keys are for services and agents"),
        (vec!["create", "nobody"], "no identity"),
        (vec!["create", SERVICE, "--for", "3d"], "2 days at most"),
        (vec!["rotate", "k-nobodys"], "no key"),
    ] {
        let said = key(&stage, &arguments);
        assert!(said.code == Some(3) && said.stderr.contains(why), "{arguments:?}: {said}");
    }
    let (name, secret) = made(&stage, &["create", SERVICE]);
    let listed = || -> Value {
        let text = key(&stage, &["list", SERVICE, "--json"]).success().unwrap();
        assert!(!text.contains(&secret) && !text.contains("SCRAM"), "{text}");
        serde_json::from_str::<Value>(&text).unwrap()[0].clone()
    };
    let fresh = listed();
    assert_eq!((fresh["key"].as_str(), fresh["used"].as_str()), (Some(name.as_str()), None));
    let ends = fresh["expires"].as_str().unwrap();
    let tomorrow = SystemTime::now() + Duration::from_secs(24 * 3_600);
    assert!(ends < ledger_time(tomorrow).as_str() && ends > fresh["created"].as_str().unwrap());
    drop(signs_in(&stage, SERVICE, &secret));
    let used = until("its use is listed", || Some(listed()).filter(|key| !key["used"].is_null()));
    assert_eq!(used["used_from"], "127.0.0.1", "{used}");
    let table = key(&stage, &["list"]).success().unwrap();
    assert!(table.contains(&name) && table.contains("127.0.0.1"), "{table}");
    key(&stage, &["revoke", &name]).success().unwrap();
    assert!(!key(&stage, &["list"]).success().unwrap().contains(&name));
    assert!(key(&stage, &["list", "--all"]).success().unwrap().contains("revoked"));
}

/// A moment as Weir writes it.
fn ledger_time(time: SystemTime) -> String {
    ledger::Time::from(time).to_string()
}

#[test]
fn a_disabled_service_or_delegator_ends_keys_and_nothing_written_holds_one() {
    let mut stage = stage();
    let (name, secret) = made(&stage, &["create", SERVICE]);
    let (_, of_agent) = made(&stage, &["create", AGENT]);
    let (_, rotated) = made(&stage, &["rotate", &name]);
    let live = [(SERVICE, &secret), (SERVICE, &rotated), (AGENT, &of_agent)]
        .map(|(who, secret)| signs_in(&stage, who, secret));
    psql(&stage, SERVICE, &format!("{secret}x"), "shop");
    for who in [SERVICE, PERSON] {
        stage.weir.run(&["identity", "disable", who]).unwrap().success().unwrap();
    }
    let disabled = Instant::now();
    for raw in live {
        last_words(raw);
    }
    assert!(disabled.elapsed() < Duration::from_secs(2), "{:?}", disabled.elapsed());
    // Who has the key is told why not; who guesses is told nothing.
    let said = psql(&stage, SERVICE, &secret, "shop");
    assert!(said.stderr.contains("this identity is disabled"), "{said}");
    let said = psql(&stage, SERVICE, "weir_k1_guessed", "shop");
    assert!(said.stderr.contains("password authentication failed"), "{said}");
    stage.weir.stop().unwrap();
    let secrets = [secret, rotated, of_agent, "weir_k1_guessed".to_owned()];
    assert_nowhere(stage.weir.folder(), &secrets);
}
