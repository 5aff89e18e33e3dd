//! Passwords of the upstream from a real Vault (OpenBao): what stands there, users that are made
//! and taken away, sign-in by AppRole; and none of it in anything that is written.

use std::time::{Duration, Instant};
use std::{fs, path::Path};
use testkit::bao::{Bao, ROOT_TOKEN};
use testkit::weir::{ADMIN, PASSWORD, PERSON};
use testkit::{Postgres, Weir, postgres};
use tests::wire::Raw;

/// The password of a user that stands in Vault.
const STANDING: &str = "st4nding/secret of:weir";

/// A Weir whose upstream's credentials come from there.
fn weir(upstream: &Postgres, vault: &str, place: &str) -> Weir {
    weir_with(upstream, vault, place, "")
}

/// The same with more said about the upstream.
fn weir_with(upstream: &Postgres, vault: &str, place: &str, more: &str) -> Weir {
    let keys = format!(
        "host = \"127.0.0.1\"\nport = {}\ntls = \"disable\"\nvault = {place:?}\n{more}",
        upstream.port()
    );
    let options = Weir::options(upstream).upstream(&keys).limit("drain_timeout", "\"5s\"");
    let weir = options.sections(&format!("\n[vault]\n{vault}")).prepare().unwrap();
    fs::write(weir.folder().join("vault.token"), format!("{ROOT_TOKEN}\n")).unwrap();
    weir
}

fn by_token(bao: &Bao) -> String {
    format!("address = \"{}\"\ntoken = {{ file = \"vault.token\" }}\n", bao.address())
}

/// The database engine before a cluster: its role makes users that live for so long.
fn engine(bao: &Bao, upstream: &Postgres, lease: &str, longest: &str) {
    bao.run(&["secrets", "enable", "database"]).unwrap();
    let url = format!(
        "connection_url=postgresql://{{{{username}}}}:{{{{password}}}}@127.0.0.1:{}/postgres\
         ?sslmode=disable",
        upstream.port()
    );
    let (user, password) = (postgres::SUPERUSER, postgres::SUPERUSER_PASSWORD);
    let (user, password) = (format!("username={user}"), format!("password={password}"));
    let plugin = "plugin_name=postgresql-database-plugin";
    let config = ["write", "database/config/pg", plugin, "allowed_roles=*", &url, &user, &password];
    bao.run(&config).unwrap();
    let make = "creation_statements=CREATE ROLE \"{{name}}\" LOGIN SUPERUSER PASSWORD \
                '{{password}}' VALID UNTIL '{{expiration}}'";
    // Sessions that are open do not keep it from going.
    let drop = "revocation_statements=DROP ROLE IF EXISTS \"{{name}}\"";
    let (lease, longest) = (format!("default_ttl={lease}"), format!("max_ttl={longest}"));
    bao.run(&["write", "database/roles/weir", "db_name=pg", make, drop, &lease, &longest]).unwrap();
}

/// The users that Vault made.
fn made(upstream: &Postgres) -> Vec<String> {
    let said = upstream.psql("postgres", "select rolname from pg_roles where rolname like 'v-%'");
    said.unwrap().lines().map(str::to_owned).collect()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Nothing that was written below a folder holds this.
fn nowhere(folder: &Path, secret: &str) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            nowhere(&path, secret);
        } else if path.is_file()
            && !path.ends_with("vault.token")
            && !path.ends_with("upstream.secret")
        {
            let bytes = fs::read(&path).unwrap();
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "a secret stands in {}", path.display());
        }
    }
}

#[test]
fn what_stands_in_vault_signs_in_and_is_followed() {
    let bao = Bao::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    let make = format!("create role standing login superuser password '{STANDING}'");
    upstream.psql("postgres", &make).unwrap();
    let password = format!("password={STANDING}");
    bao.run(&["kv", "put", "secret/shop", "username=standing", &password]).unwrap();
    let mut weir = weir(&upstream, &by_token(&bao), "secret/data/shop");
    weir.start_again().unwrap();
    let who = || weir.psql(PERSON, "shop", "select session_user").unwrap();
    assert_eq!(who().success().unwrap().trim(), "standing");

    // It is rotated: the next session that is refused with the old one gets the new one.
    let rotated = "r0tated secret";
    upstream.psql("postgres", &format!("alter role standing password '{rotated}'")).unwrap();
    let password = format!("password={rotated}");
    bao.run(&["kv", "put", "secret/shop", "username=standing", &password]).unwrap();
    assert_eq!(who().success().unwrap().trim(), "standing");

    // A password that is wrong, and a secret that is gone: said to the operator, not to the client.
    bao.run(&["kv", "put", "secret/shop", "username=standing", "password=wr0ng-and-secret"])
        .unwrap();
    upstream.psql("postgres", "alter role standing password 'other'").unwrap();
    let said = who();
    assert!(said.code != Some(0) && said.stderr.contains("could not sign in"), "{said}");
    bao.run(&["kv", "metadata", "delete", "secret/shop"]).unwrap();
    let said = who();
    assert!(said.code != Some(0), "{said}");
    assert!(!said.all().contains("vault") && !said.all().contains("standing"), "{said}");
    assert!(weir.log_text().contains("404"), "{}", weir.log_tail());
    for secret in [STANDING, rotated, "wr0ng-and-secret", ROOT_TOKEN] {
        nowhere(weir.folder(), secret);
    }
}

#[test]
fn a_user_is_made_renewed_and_taken_away() {
    let bao = Bao::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    engine(&bao, &upstream, "4s", "1h");
    let mut weir = weir(&upstream, &by_token(&bao), "database/creds/weir");
    weir.start_again().unwrap();
    let mut raw = Raw::sign_in(weir.port(), ADMIN, PASSWORD, "shop").unwrap();
    let mut who = |sql: &str| {
        raw.query(sql).unwrap();
        let said = raw.until(b'Z').unwrap();
        let row = said.iter().find(|message| message.tag == b'D');
        row.map(|row| String::from_utf8_lossy(&row.body).into_owned())
    };
    let first = who("select session_user").unwrap();
    let users = made(&upstream);
    let [user] = users.as_slice() else { panic!("one for all: {users:?}") };
    assert!(first.contains(user.as_str()), "{first}: {users:?}");
    // Well beyond the lease that it had at first, the same user signs sessions in.
    std::thread::sleep(Duration::from_secs(9));
    let said = weir.psql(PERSON, "shop", "select session_user").unwrap().success().unwrap();
    assert_eq!(said.trim(), user);
    assert!(who("select count(*) from customers").is_some());

    // Somebody revokes it: those who come get another.
    bao.run(&["lease", "revoke", "-prefix", "-sync", "database/creds/weir"]).unwrap();
    let said = weir.psql(PERSON, "shop", "select session_user").unwrap().success().unwrap();
    assert_ne!(said.trim(), user);
    assert_eq!(made(&upstream), [said.trim()]);

    // With the end of the program it is gone.
    drop(raw);
    weir.stop().unwrap();
    assert_eq!(made(&upstream), [""; 0], "what was leased is given back");
    nowhere(weir.folder(), ROOT_TOKEN);
}

#[test]
fn a_user_that_nobody_waited_for_is_not_lost() {
    let bao = Bao::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    engine(&bao, &upstream, "1h", "2h");
    // It takes longer to be made than a session waits for its upstream.
    let make = "creation_statements=SELECT pg_sleep(4); CREATE ROLE \"{{name}}\" LOGIN SUPERUSER \
                PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'";
    let drop = "revocation_statements=DROP ROLE IF EXISTS \"{{name}}\"";
    bao.run(&["write", "database/roles/weir", "db_name=pg", make, drop]).unwrap();
    let vault = format!("{}\n", by_token(&bao));
    let mut weir = weir_with(&upstream, &vault, "database/creds/weir", "connect_timeout = \"2s\"");
    weir.start_again().unwrap();
    let said = weir.psql(PERSON, "shop", "select 1").unwrap();
    assert!(said.code != Some(0), "{said}");
    until("the user is made", || !made(&upstream).is_empty());
    // Whoever comes next gets it, and at the end of the program it is gone.
    until("a session", || weir.psql(PERSON, "shop", "select 1").unwrap().code == Some(0));
    assert_eq!(made(&upstream).len(), 1, "{:?}", made(&upstream));
    weir.stop().unwrap();
    assert_eq!(made(&upstream), [""; 0], "what was leased is given back");
}

#[test]
fn what_may_be_renewed_no_more_is_replaced() {
    let bao = Bao::start().unwrap();
    let upstream = Postgres::options().shop().start().unwrap();
    engine(&bao, &upstream, "3s", "6s");
    // Sign-in by AppRole, with the least rights that do.
    bao.run(&["auth", "enable", "approle"]).unwrap();
    let rules = upstream_rules(&bao);
    let (policies, ttl) = ("token_policies=weir", "token_ttl=3s");
    bao.run(&["write", "auth/approle/role/weir", policies, ttl, "token_max_ttl=1h"]).unwrap();
    drop(rules);
    let field = |path: &str, name: &str, more: &[&str]| {
        let words = [&["write", "-f", "-field", name][..], more, &[path]].concat();
        bao.run(&words).unwrap().trim().to_owned()
    };
    let role_id = bao
        .run(&["read", "-field", "role_id", "auth/approle/role/weir/role-id"])
        .unwrap()
        .trim()
        .to_owned();
    let secret_id = field("auth/approle/role/weir/secret-id", "secret_id", &[]);
    let vault = format!(
        "address = \"{}\"\nrole_id = \"{role_id}\"\nsecret_id = {{ file = \"secret.id\" }}\n",
        bao.address()
    );
    let mut weir = weir(&upstream, &vault, "database/creds/weir");
    fs::write(weir.folder().join("secret.id"), &secret_id).unwrap();
    weir.start_again().unwrap();
    let who = || weir.psql(PERSON, "shop", "select session_user").unwrap().success().unwrap();
    let first = who();
    until("another user takes its place", || who() != first);
    until("the first is gone", || !made(&upstream).contains(&first.trim().to_owned()));
    fs::remove_file(weir.folder().join("secret.id")).unwrap();
    nowhere(weir.folder(), &secret_id);
    weir.stop().unwrap();
    assert_eq!(made(&upstream), [""; 0]);
}

/// A policy that lets Weir do what it needs.
fn upstream_rules(bao: &Bao) -> testkit::TestDir {
    let folder = testkit::TestDir::new("bao-policy").unwrap();
    let file = folder.join("weir.hcl");
    let rules = "path \"database/creds/weir\" { capabilities = [\"read\"] }\n\
                 path \"sys/leases/renew\" { capabilities = [\"update\"] }\n\
                 path \"sys/leases/revoke\" { capabilities = [\"update\"] }\n";
    fs::write(&file, rules).unwrap();
    bao.run(&["policy", "write", "weir", &file.display().to_string()]).unwrap();
    folder
}
