//! What a statement would change, seen before it does: by whoever asks for it and by whoever
//! decides about it. Everything is tried in a transaction that never commits; what it shows is
//! masked; what no rollback undoes is not tried; nothing is read by it that a rule forbids.

mod reach;

use serde_json::{Value, json};
use std::{
    process::Command,
    time::{Duration, Instant},
};
use testkit::weir::{ADMIN, PERSON};
use tests::{
    Stage,
    api::Api,
    hold::{approve, ended, psql, request, stage_with, state, until},
    model::Model,
};

const POLICY: &str = r#"
@id("people-work")
permit (principal is Person, action in [Action::"insert", Action::"update", Action::"delete",
  Action::"merge", Action::"call", Action::"do", Action::"truncate", Action::"alter",
  Action::"create", Action::"lock"], resource);

@id("calls-wait")
@approval("dba")
@hold("return")
forbid (principal is Person, action in [Action::"call", Action::"do", Action::"truncate",
  Action::"alter", Action::"create", Action::"foreign", Action::"server_file",
  Action::"maintenance", Action::"lock", Action::"unknown", Action::"code"], resource)
unless { principal in Group::"admins" };

// What a trigger behind a key logs waits for nobody.
@id("inserts-wait")
@approval("dba")
@hold("return")
forbid (principal is Person, action == Action::"insert", resource)
unless { principal in Group::"admins" || resource == Table::"shop.public.logged" };

@id("secrets-are-written-not-read")
forbid (principal is Person, action == Action::"select", resource == Table::"shop.public.vault")
unless { principal in Group::"admins" };

@id("reading-payments-waits")
@approval("dba")
@hold("return")
forbid (principal is Person, action == Action::"select", resource == Table::"shop.public.payments")
unless { principal in Group::"admins" };

@id("carol-reads-no-mail-addresses")
@mask("full")
forbid (principal == Person::"carol", action == Action::"disclose", resource in Label::"email");
"#;

const TABLES: &str = "
    create table parents (id int primary key, note text);
    create table children (id int primary key, parent int references parents on delete cascade);
    create table logged (at timestamptz default now(), what text);
    insert into parents select n, 'parent ' || n from generate_series(1, 10) n;
    insert into children select n, (n + 1) / 2 from generate_series(1, 20) n;
    create function log() returns trigger language plpgsql as $$
        begin insert into logged (what) values (tg_op); return null; end $$;
    create trigger log after delete on children for each row execute function log();
    create table vault (id int primary key, secret text);
    insert into vault select n, 'hidden ' || n from generate_series(1, 7) n;
    create table numbered (id serial primary key, email text, note text);
    create table pets (id int primary key, owner_email text, note text);
    insert into pets values (1, 'ann@example.org', 'a dog'), (2, 'bob@example.org', 'a cat');
    create sequence tickets;
    create function commits() returns void language plpgsql as $$ begin commit; end $$;
    create procedure drains() language plpgsql as $$ begin delete from jobs; commit; end $$;
    create procedure clears(n int) language plpgsql as
        $$ begin delete from jobs where id <= n; end $$;
    create function dynamic(t text) returns void language plpgsql as
        $$ begin execute 'delete from ' || t; end $$;
    create function nap() returns int language sql as $$ select 1 from pg_sleep(20) $$;
    create table late (id int primary key, next int references late deferrable initially deferred);
    analyze;";

fn stage() -> (Stage, Api) {
    let stage = stage_with(|options| options.api().policy("95-preview.cedar", POLICY));
    stage.truth(TABLES).unwrap();
    until("the catalog", || stage.rows(PERSON, "select 1 from parents limit 1").ok());
    let api = Api::of(&stage.weir);
    (stage, api)
}

fn model(stage: &Stage, api: &Api, name: &str) -> Model {
    let (url, certificate) = stage.weir.api().unwrap();
    Model::http(&url, &api.sign_in(name), &certificate)
}

fn shop(sql: &str) -> Value {
    json!({ "database": "shop", "sql": sql })
}

/// The preview of a request, for somebody.
fn of_request(api: &Api, request: &str, person: &str) -> Value {
    let token = api.sign_in(person);
    let answer =
        api.call("POST", &format!("/api/v1/approvals/{request}/preview"), &token, Some(json!({})));
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// Sends what waits, and comes back with the name of the request. Tables that were made a moment
/// ago are not known yet, and a write that is not understood is refused.
fn held(model: &mut Model, sql: &str, parameters: Value) -> String {
    let wanted = json!({ "database": "shop", "sql": sql, "parameters": parameters });
    until("a catalog with these tables", || {
        let refused = model.fails("write", wanted.clone());
        let request = refused["request"]["request"].as_str().map(str::to_owned);
        let unread = refused["what"].as_str().unwrap_or_default().contains("as it was last read");
        assert!(request.is_some() || unread, "{refused}");
        request
    })
}

fn changes(preview: &Value, table: &str) -> (i64, i64, i64) {
    let tables = preview["changes"]["tables"].as_array().unwrap_or_else(|| panic!("{preview}"));
    let found = tables.iter().find(|one| one["table"] == table);
    let found = found.unwrap_or_else(|| panic!("{table} in {preview}"));
    let number = |name: &str| found[name].as_i64().unwrap();
    (number("inserted"), number("updated"), number("deleted"))
}

/// Everything in tables that previews try to change.
fn all(stage: &Stage) -> String {
    let each =
        ["jobs", "parents", "children", "logged", "vault", "numbered", "pets", "customers", "late"];
    let each = each.map(|table| {
        format!("select '{table}', md5(string_agg(t::text, ',' order by t::text)) from {table} t")
    });
    stage.truth(&each.join(" union all ")).unwrap()
}

#[test]
fn whoever_decides_sees_what_it_would_change_and_nothing_is_changed() {
    let (stage, api) = stage();
    let before = all(&stage);
    let child = psql(&stage, PERSON, "delete from parents where id <= 3");
    let hold = request(&stage);
    let seen = of_request(&api, &hold, "carol");
    assert_eq!((&seen["ran"], &seen["rolled_back"]), (&json!(true), &json!(true)), "{seen}");
    assert_eq!((&seen["identity"], &seen["asked_by"]), (&json!(PERSON), &json!("carol")));
    assert_eq!(seen["outcome"], "hold");
    // What cascading keys and triggers change is counted by its table.
    assert_eq!(changes(&seen, "public.parents"), (0, 0, 3), "{seen}");
    assert_eq!(changes(&seen, "public.children"), (0, 0, 6));
    assert_eq!(changes(&seen, "public.logged"), (6, 0, 0));
    assert_eq!(
        (&seen["changes"]["rows"], &seen["changes"]["elsewhere"]),
        (&json!(15), &json!(false))
    );
    assert_eq!(seen["plan"]["operation"], "Delete", "{seen}");
    assert!(seen["plan"]["cost"].is_number() && !seen["plan"].to_string().contains("<= 3"));
    let sample = &seen["sample"];
    assert_eq!(sample["table"], "public.parents");
    assert_eq!(sample["before"].as_array().unwrap().len(), 3, "{sample}");
    assert_eq!(sample["before"][0][0], "1");
    assert!(sample.get("after").is_none(), "{sample}");
    assert_eq!(all(&stage), before, "something stayed");
    // It uses no approval up, and gives none.
    assert_eq!(state(&stage, &hold), "open");
    let receipt = seen["receipt"].as_str().unwrap();
    let shown = stage.weir.run(&["audit", "show", receipt, "--json"]).unwrap().success().unwrap();
    let said: Value = serde_json::from_str(shown.lines().next().unwrap()).unwrap_or(Value::Null);
    let text = said.to_string() + &shown;
    assert!(text.contains(r#""preview":"carol""#), "{text}");
    assert!(text.contains(&hold) && text.contains("rolled back"), "{text}");
    // The command line says the same.
    let line = ["approvals", "show", &hold, "--preview", "--as", "carol", "--password-stdin"];
    let said = stage.weir.run_as_somebody(&line).unwrap();
    assert!(said.code == Some(0), "{}", said.all());
    let said = said.all();
    assert!(
        said.contains("Changes    15 rows") && said.contains("public.logged: 6 inserted"),
        "{said}"
    );
    // Only whoever may see the request.
    let nobody = api.sign_in("mallory");
    let path = format!("/api/v1/approvals/{hold}/preview");
    assert_eq!(api.call("POST", &path, &nobody, Some(json!({}))).status, 404);
    approve(&stage, &hold, "carol");
    assert_eq!(ended(child).0, "DELETE 3\n");
    assert_eq!(stage.truth("select count(*) from children").unwrap(), "14\n");
    let gone = of_request(&api, &hold, "carol");
    assert!(gone["ran"] == false && gone["why"].as_str().unwrap().contains("is gone"), "{gone}");
    stage.weir.run(&["audit", "verify"]).unwrap().success().unwrap();
}

#[test]
fn an_update_is_shown_before_and_after_masked_for_both() {
    let (stage, api) = stage();
    let before = all(&stage);
    let mut alice = model(&stage, &api, PERSON);
    // Updating waits by policy, for two; bind values are those of the request.
    let sql = "update customers set email = $1 where id <= $2";
    let hold = held(&mut alice, sql, json!(["new@example.org", 2]));
    let real = stage.truth("select email from customers where id <= 2 order by id").unwrap();
    for (person, shown) in [("dave", "masked"), ("carol", "withheld"), (PERSON, "masked")] {
        let seen = of_request(&api, &hold, person);
        if person == "carol" {
            // She decides about nothing that is updated by two, but is in a group that is asked.
            assert_eq!(seen["asked_by"], "carol");
        }
        assert_eq!(seen["changes"]["rows"], 2, "{seen}");
        let sample = &seen["sample"];
        let columns = sample["columns"].as_array().unwrap();
        let at = columns.iter().position(|one| one["name"] == "email").unwrap();
        assert_eq!(columns[at]["shown"], shown, "{person}: {sample}");
        for rows in ["before", "after"] {
            let rows = sample[rows].as_array().unwrap();
            assert_eq!((&rows[0][0], &rows[1][0]), (&json!("1"), &json!("2")), "{sample}");
        }
        let text = seen.to_string();
        assert!(real.lines().all(|email| !text.contains(email)), "{text}");
        assert!(!text.contains("new@example.org"), "{text}");
        if shown == "masked" {
            assert_ne!(sample["before"][0][at], sample["after"][0][at], "{sample}");
        }
    }
    // Full rights see no label raw here either, and free text is scanned.
    let mut root = model(&stage, &api, ADMIN);
    let seen =
        root.works("preview", shop("update pets set note = note || ', mail ann@example.org'"));
    assert_eq!(seen["changes"]["rows"], 2, "{seen}");
    let text = seen["sample"].to_string();
    assert!(text.contains("a dog") && !text.contains("ann@example.org"), "{text}");
    // Values that no label tells of where they come to stand are not shown there.
    let mut bob = model(&stage, &api, "mallory");
    for sql in [
        "update pets set note = owner_email",
        "insert into numbered (note) select owner_email from pets",
        "update pets set note = (select string_agg(first_name, ' ') from customers)",
    ] {
        let seen = bob.works("preview", shop(sql));
        let text = seen.to_string();
        assert!(!text.contains("example.org"), "{text}");
        assert!(seen["sample"].get("after").is_none(), "{sql}: {seen}");
    }
    let labels = stage.weir.run(&["labels", "list", "--json"]).unwrap().success().unwrap();
    assert!(!labels.contains("pets.note"), "a preview left a label: {labels}");
    assert_eq!(all(&stage), before, "something stayed");
}

#[test]
fn an_insert_is_shown_and_numbers_are_all_that_is_gone() {
    let (stage, api) = stage();
    let mut alice = model(&stage, &api, PERSON);
    let sql = "insert into parents select 100 + n, 'new ' || n from generate_series(1, 9) n";
    let hold = held(&mut alice, sql, json!([]));
    let seen = of_request(&api, &hold, "carol");
    assert_eq!(changes(&seen, "public.parents"), (9, 0, 0), "{seen}");
    let after = seen["sample"]["after"].as_array().unwrap_or_else(|| panic!("{seen}"));
    assert_eq!((after.len(), &after[0][0]), (5, &json!("101")), "{seen}");
    let hold = held(&mut alice, "insert into numbered (note) values ('x')", json!([]));
    of_request(&api, &hold, "carol");
    assert_eq!(stage.truth("select count(*) from numbered").unwrap(), "0\n");
    assert_eq!(stage.truth("select last_value from numbered_id_seq").unwrap(), "1\n");
    // What would fail says so, at the end of the transaction too, in words without values.
    for (sql, code) in [
        ("insert into parents values (1, 'again')", "23505"),
        ("insert into late values (1, 77)", "23503"),
        ("insert into children values (50, 4711)", "23503"),
    ] {
        let hold = held(&mut alice, sql, json!([]));
        let seen = of_request(&api, &hold, "carol");
        assert_eq!(seen["fails"]["sqlstate"], code, "{seen}");
        assert!(!seen["fails"].to_string().contains("4711"), "{seen}");
    }
}

#[test]
fn what_no_rollback_undoes_is_not_tried() {
    let (stage, api) = stage();
    let before = all(&stage);
    let mut alice = model(&stage, &api, PERSON);
    let mut root = model(&stage, &api, ADMIN);
    let file = stage.weir.folder().join("out.txt");
    let program = format!("copy jobs to program 'cat > {}'", file.display());
    let export = format!("copy jobs to '{}'", file.display());
    for sql in [
        "call drains()",
        "do $$ begin delete from jobs; commit; end $$",
        "select commits()",
        "select dynamic('jobs')",
        "do $$ begin execute 'delete from jobs'; end $$",
        "select setval('tickets', 1000)",
        "truncate jobs",
        "alter table jobs add column x int",
        "create table made (id int)",
        "drop table jobs",
        "vacuum jobs",
        "lock table jobs",
        "create database other",
        "alter system set work_mem = '1MB'",
        "select pg_terminate_backend(pg_backend_pid())",
        "select pg_reload_conf()",
        "commit",
        "rollback",
        "begin",
        "savepoint s",
        "rollback to savepoint weir_preview",
        "release savepoint weir_preview",
        "set statement_timeout = 0",
        "select set_config('lock_timeout', '0', false)",
        "prepare p as delete from jobs",
        "prepare transaction 'p'",
        "listen x",
        "select lo_export(1, '/tmp/x')",
        "delete from jobs; commit",
        &program,
        &export,
    ] {
        for model in [&mut alice, &mut root] {
            let seen = model.call("preview", shop(sql));
            let said = seen["structuredContent"].clone();
            assert_ne!(said["ran"], true, "{sql}: {said}");
        }
    }
    assert!(!file.exists());
    // A procedure that only changes rows is tried.
    let hold = held(&mut alice, "call clears(4)", json!([]));
    let seen = of_request(&api, &hold, "carol");
    assert_eq!(changes(&seen, "public.jobs"), (0, 0, 4), "{seen}");
    // Nothing is notified, and nothing was done.
    assert_eq!(all(&stage), before, "something stayed");
    assert_eq!(stage.truth("select last_value, is_called from tickets").unwrap(), "1|f\n");
}

#[test]
fn a_preview_is_no_way_around_a_rule() {
    let (stage, api) = stage();
    let mut alice = model(&stage, &api, PERSON);
    // What is refused stays refused.
    let seen =
        alice.works("preview", shop("update vault set secret = 'x' where secret = 'hidden 3'"));
    assert_eq!((&seen["outcome"], seen.get("changes")), (&json!("deny"), None), "{seen}");
    // A count tells whom a condition finds. Whoever asks sees none where they may not read, though
    // the statement would wait for somebody who decides; who decides sees it.
    let sql = "insert into parents select 200 + id, 'x' from payments where id = 17";
    let hold = held(&mut alice, sql, json!([]));
    let own = of_request(&api, &hold, PERSON);
    assert_eq!((&own["ran"], own.get("changes")), (&json!(false), None), "{own}");
    assert!(own["why"].as_str().unwrap().contains("may not read"), "{own}");
    let own = alice.works("preview", shop(sql));
    assert_eq!((&own["ran"], own.get("changes")), (&json!(false), None), "{own}");
    let theirs = of_request(&api, &hold, "carol");
    assert_eq!(changes(&theirs, "public.parents"), (1, 0, 0), "{theirs}");
    // Whether a row fits beside others tells what is there.
    for value in [3, 8] {
        let hold = held(&mut alice, &format!("insert into vault values ({value}, 'x')"), json!([]));
        let own = of_request(&api, &hold, PERSON);
        assert_eq!((&own["ran"], own.get("fails")), (&json!(false), None), "{own}");
    }
    // Reading that waits is not read by asking for a preview of it.
    let hold = held(&mut alice, "select * from payments", json!([]));
    for person in [PERSON, "carol"] {
        let seen = of_request(&api, &hold, person);
        assert_eq!((&seen["ran"], seen.get("sample")), (&json!(false), None), "{seen}");
    }
    let sql =
        "with x as (delete from jobs where id = 5 returning id) select p.* from payments p, x";
    let hold = held(&mut alice, sql, json!([]));
    let seen = of_request(&api, &hold, "carol");
    let holder = stage.truth("select amount from payments limit 1").unwrap();
    assert!(seen.get("sample").is_none_or(|it| !it.to_string().contains(holder.trim())), "{seen}");
    // What comes back by the statement itself is shown to nobody, nor are notices.
    for sql in [
        "update customers set email = email where id = 1 returning email, first_name",
        "do $$ declare e text; begin select email into e from customers where id = 1; \
         raise notice '%', e; update jobs set note = 'x' where id = 1; end $$",
        "update jobs set note = (select email from customers where id = 1)::int::text where id = 1",
    ] {
        let email = stage.truth("select email from customers where id = 1").unwrap();
        for person in ["alice", ADMIN] {
            let mut model = model(&stage, &api, person);
            let seen = model.call("preview", shop(sql)).to_string();
            assert!(!seen.contains(email.trim()), "{person}: {sql}: {seen}");
        }
    }
    // The preview of a request is that of the statement with these values, under these rules.
    let hold = held(&mut alice, "delete from jobs where id = $1", json!([9]));
    stage
        .truth(
            "create or replace function log() returns trigger language plpgsql as
        $$ begin return null; end $$; alter table jobs add column more text",
        )
        .unwrap();
    let seen = until("another catalog", || {
        let seen = of_request(&api, &hold, "carol");
        (seen["ran"] == false || seen["sample"].to_string().contains("more")).then_some(seen)
    });
    assert_eq!(stage.truth("select count(*) from jobs").unwrap(), "50\n", "{seen}");
}

#[test]
fn nobody_waits_long_for_a_preview_and_nothing_of_it_stays_whatever_ends_it() {
    let (mut stage, api) = stage();
    let before = all(&stage);
    let locks = "select count(*) from pg_locks l join pg_stat_activity a using (pid)
        where a.application_name like 'preview%' and l.locktype = 'relation'";
    // It waits for nobody's lock for long.
    let (url, truth) = (stage.upstream.url("shop"), Instant::now());
    let mut holder = Command::new("psql")
        .args([
            url.as_str(),
            "-XAtc",
            "begin; update jobs set note = 'held' where id = 1; select pg_sleep(12)",
        ])
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let waits = "select count(*) from pg_stat_activity where query like '%pg_sleep(12)%'
        and state = 'active' and pid <> pg_backend_pid()";
    until("the lock", || (stage.truth(waits).unwrap() == "1\n").then_some(()));
    let mut root = model(&stage, &api, ADMIN);
    let seen = root.works("preview", shop("update jobs set note = 'x' where id = 1"));
    assert_eq!(seen["fails"]["sqlstate"], "55P03", "{seen}");
    assert!(truth.elapsed() < Duration::from_secs(11), "{:?}", truth.elapsed());
    holder.kill().unwrap();
    holder.wait().unwrap();
    stage
        .truth(
            "select pg_terminate_backend(pid) from pg_stat_activity \
         where query like '%pg_sleep(12)%' and pid <> pg_backend_pid()",
        )
        .unwrap();
    // It does not run for long.
    let begun = Instant::now();
    let slow = "update jobs set note = nap()::text where id = 1";
    let seen = root.works("preview", shop(slow));
    assert_eq!(seen["fails"]["sqlstate"], "57014", "{seen}");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    until("its end", || (stage.truth(locks).unwrap() == "0\n").then_some(()));
    // Whoever goes away leaves no locks behind, and neither does a Weir that is killed.
    let running = "select count(*) from pg_stat_activity where application_name like 'preview%'
        and state = 'active' and query like 'update jobs%'";
    for kills in [false, true] {
        let (url, certificate) = stage.weir.api().unwrap();
        let token = api.sign_in(ADMIN);
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": "preview", "arguments": shop(slow) } });
        let mut curl = Command::new("curl")
            .args(["-s", "--cacert"])
            .arg(&certificate)
            .args(["-H", "Content-Type: application/json"])
            .args(["-H", "Accept: application/json, text/event-stream"])
            .args(["-H", &format!("Authorization: Bearer {token}")])
            .args(["--data-binary", &body.to_string(), &format!("{url}/mcp")])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        until("the statement", || (stage.truth(running).unwrap() == "1\n").then_some(()));
        if kills {
            stage.weir.kill().unwrap();
        }
        curl.kill().unwrap();
        curl.wait().unwrap();
        until("its end", || (stage.truth(locks).unwrap() == "0\n").then_some(()));
    }
    assert_eq!(all(&stage), before, "something stayed");
    stage.weir.start_again().unwrap();
    stage.weir.run(&["audit", "verify"]).unwrap().success().unwrap();
}

#[test]
fn one_asks_for_a_preview_of_ones_own_from_the_command_line() {
    let (stage, api) = stage();
    let token = api.sign_in(PERSON);
    let run = |arguments: &[&str], token: &str| {
        let words = stage.weir.words(&[&["preview", "shop"], arguments].concat());
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).env("WEIR_TOKEN", token);
        let said = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (said.status.code(), text(&said.stdout) + &text(&said.stderr))
    };
    let sql = "update jobs set note = $1 where id = $2";
    let (code, said) = run(&[sql, "-v", "-done", "-v", "5"], &token);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Decision   hold") && said.contains("public.jobs: 1 updated"), "{said}");
    assert!(said.contains("job 5") && said.contains("-done"), "{said}");
    let (code, said) = run(&["select 1", "--json"], &token);
    let said: Value = serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!((code, &said["ran"]), (Some(0), &json!(false)));
    let (code, said) = run(&["select 1"], "nobody");
    assert!(code != Some(0) && said.contains("token"), "{said}");
    let elsewhere = stage.weir.run(&["preview", "shop", "select 1"]).unwrap();
    assert_eq!(elsewhere.code, Some(3), "{}", elsewhere.all());
    // By name and password; and what to do next is said for a terminal, not for a model.
    let own = ["preview", "shop", "delete from jobs where id = 5", "--as", PERSON];
    let own = stage.weir.run_as_somebody(&[&own[..], &["--password-stdin"]].concat()).unwrap();
    let said = own.all();
    assert!(own.code == Some(0) && said.contains("Decision   hold"), "{said}");
    let next = "Next       Send it with psql: it waits until ";
    assert!(said.contains(next) && !said.contains("request_approval"), "{said}");
    // None of it counts as a change.
    let search = |question: &str| stage.weir.run(&["audit", "search", question, "--json"]).unwrap();
    // There is no index at all before Weir made one.
    let undone = until("the index", || {
        let found = search("changes:jobs state:undone");
        let found = found.success().ok()?;
        (found.lines().count() >= 2).then_some(found)
    });
    assert!(undone.contains("delete from jobs") && undone.contains("\"undone\""), "{undone}");
    assert_eq!(search("changes:jobs").success().unwrap(), "");
    assert_eq!(stage.truth("select note from jobs where id = 5").unwrap(), "job 5\n");
}
