//! How far a preview reaches: what rows take along with them, code whose doing no rollback undoes
//! wherever it stands, and tables that whoever looks may not read.

use super::{changes, held, model, of_request, shop};
use serde_json::{Value, json};
use testkit::{
    Postgres, postgres,
    weir::{AGENT, PERSON},
};
use tests::{
    Stage,
    api::Api,
    hold::{psql, request, stage_before, state, until},
    model::Model,
};

const POLICY: &str = r#"
@id("people-insert")
permit (principal is Person, action in [Action::"insert", Action::"update", Action::"delete"],
  resource);

@id("inserting-waits")
@approval("dba")
@hold("return")
forbid (principal is Person, action == Action::"insert", resource)
unless { principal in Group::"admins" };

@id("sealed-is-not-read")
forbid (principal is Person, action == Action::"select", resource == Table::"shop.public.sealed");

@id("carol-reads-no-plans")
forbid (principal == Person::"carol", action == Action::"select",
  resource == Table::"shop.public.plans");

@id("carol-reads-no-hints")
@mask("full")
forbid (principal == Person::"carol", action == Action::"disclose",
  resource == Column::"shop.public.hints.body");
"#;

/// `bumps` leaves its mark outside of every transaction; so does `sends`, on a connection of its
/// own.
const TABLES: &str = "
    create extension dblink;
    create sequence marks;
    create function bumps() returns trigger language plpgsql as
        $$ begin perform setval('marks', 77); return null; end $$;
    create function sends(text, text) returns text language c as '$libdir/dblink', 'dblink_exec';
    create function sends(text, boolean) returns text language c as '$libdir/dblink', 'dblink_exec';
    create table regions (a int, b int, primary key (a, b));
    create table sites (id int primary key, a int, b int,
        foreign key (a, b) references regions on delete cascade);
    create trigger bumps after delete on sites for each row execute function bumps();
    insert into regions values (1, 1), (2, 2);
    insert into sites values (1, 1, 1), (2, 2, 2);
    create table happenings (id int, what text) partition by range (id);
    create table happenings_low partition of happenings for values from (0) to (100);
    create table happenings_high partition of happenings for values from (100) to (200);
    create trigger bumps after insert on happenings_high for each row execute function bumps();
    create table starts (id int primary key);
    create table middles (id int primary key, start int);
    create table ends (id int primary key, middle int references middles on delete cascade);
    create function follows() returns trigger language plpgsql as
        $$ begin delete from middles where start = old.id; return null; end $$;
    create trigger follows after delete on starts for each row execute function follows();
    create trigger bumps after delete on ends for each row execute function bumps();
    insert into starts values (1); insert into middles values (1, 1);
    insert into ends values (1, 1);
    create function marked() returns int language plpgsql as
        $$ begin perform setval('marks', 78); return null; end $$;
    create table heads (id int primary key);
    create table tails (id int, head int default marked() references heads on delete set default);
    insert into heads values (1); insert into tails values (1, 1);
    create table notes (id int primary key, body text);
    insert into notes values (1, 'one'), (2, 'two');
    create table plans (id int primary key, body text);
    insert into plans values (1, 'move to Bern'), (2, 'sell the barge');
    create table hints (id int primary key, body text);
    insert into hints values (1, 'under the mat'), (2, 'behind the stove');
    create table doors (id int primary key);
    create table sealed (id int primary key, door int references doors on delete cascade);
    insert into doors values (1), (2); insert into sealed values (1, 1);
    create role clerk; grant select, insert, update, delete on jobs, notes to clerk;
    analyze;";

fn stage_as(sections: impl FnOnce(&Postgres) -> String) -> (Stage, Api) {
    let upstream = Postgres::options().shop().start().unwrap();
    let sections = sections(&upstream);
    let stage = stage_before(upstream, |options| {
        options.api().policy("95-reach.cedar", POLICY).sections(&sections)
    });
    stage.truth(TABLES).unwrap();
    until("the catalog", || stage.weir.psql("mallory", "shop", "select 1 from notes").ok());
    let api = Api::of(&stage.weir);
    (stage, api)
}

fn stage() -> (Stage, Api) {
    stage_as(|_| String::new())
}

/// The preview that carol has of what alice sends by psql, which waits until she denies it.
fn waiting(stage: &Stage, api: &Api, sql: &str) -> Value {
    let mut child = psql(stage, PERSON, sql);
    let hold = request(stage);
    let seen = of_request(api, &hold, "carol");
    child.kill().unwrap();
    child.wait().unwrap();
    let deny = format!("/api/v1/approvals/{hold}/deny");
    api.call("POST", &deny, &api.sign_in("carol"), Some(json!({ "reason": "seen" })));
    assert_eq!(state(stage, &hold), "denied");
    seen
}

#[test]
fn what_rows_take_along_is_looked_through() {
    let (stage, api) = stage();
    let mut alice = model(&stage, &api, PERSON);
    let marks = || stage.truth("select last_value, is_called from marks").unwrap();
    // On the bare database each leaves its mark, rolled back or not.
    for sql in [
        "delete from regions where a = 1",
        "insert into happenings values (150, 'x')",
        "delete from starts where id = 1",
        "delete from heads where id = 1",
    ] {
        stage.truth("alter sequence marks restart").unwrap();
        stage.truth(&format!("begin; {sql}; rollback")).unwrap();
        assert!(marks().ends_with("|t\n"), "{sql} leaves no mark: {}", marks());
    }
    stage.truth("alter sequence marks restart").unwrap();
    // What stands on the partition is seen before anybody is asked.
    // So are triggers behind keys.
    for sql in [
        "insert into happenings values (150, 'x')",
        "delete from regions where a = 1",
        "delete from starts where id = 1",
    ] {
        let write = json!({ "database": "shop", "sql": sql, "parameters": [] });
        let refused = alice.fails("write", write);
        assert_eq!(refused["policies"][0], "baseline-setval", "{sql}: {refused}");
    }
    let seen = waiting(&stage, &api, "delete from heads where id = 1");
    assert_eq!(seen["ran"], false, "{seen}");
    assert!(seen["why"].as_str().unwrap().contains("it may reach"), "{seen}");
    assert_eq!(marks(), "1|f\n");
    let own = stage.weir.psql(PERSON, "shop", "delete from ends where id = 17").unwrap();
    assert!(own.stderr.contains("baseline-setval"), "its own trigger: {own:?}");
    // What takes nothing of that kind along is tried.
    let seen = waiting(&stage, &api, "delete from doors where id = 1");
    assert_eq!(changes(&seen, "public.sealed"), (0, 0, 1), "{seen}");
}

#[test]
fn code_that_is_one_of_several_of_its_name_is_not_tried() {
    let (stage, api) = stage();
    let mut alice = model(&stage, &api, PERSON);
    let url = stage.upstream.url("shop");
    let sql = format!("select sends('{url}', 'delete from jobs where id = 50')");
    // On the bare database it is done, rolled back or not.
    stage.truth(&format!("begin; {sql}; rollback")).unwrap();
    assert_eq!(stage.truth("select count(*) from jobs").unwrap(), "49\n");
    let sends = sql.replace("= 50", "= 49");
    let hold = held(&mut alice, &format!("insert into notes select 9, ({sends})"), json!([]));
    let seen = of_request(&api, &hold, "carol");
    assert_eq!((&seen["ran"], seen.get("changes")), (&json!(false), None), "{seen}");
    assert!(seen["why"].as_str().unwrap().contains("whose language is c"), "{seen}");
    assert_eq!(stage.truth("select count(*) from jobs").unwrap(), "49\n");
}

#[test]
fn rows_are_shown_to_whoever_decides_as_far_as_they_may_see_what_they_are_made_of() {
    let (stage, api) = stage();
    let mut alice = model(&stage, &api, PERSON);
    let plans = "move to Bern";
    for sql in [
        "insert into notes select 10 + id, body from plans",
        "update notes set body = p.body from plans p where p.id = notes.id",
        "update notes set body = 'x' where exists (select from plans p where p.id = notes.id)",
    ] {
        let hold = held(&mut alice, sql, json!([]));
        // Counts are what is decided about, and told; the rows are not.
        let seen = of_request(&api, &hold, "carol");
        assert_eq!(seen["changes"]["rows"], 2, "{sql}: {seen}");
        let sample = &seen["sample"];
        assert!(sample.get("after").is_none() && sample.get("before").is_none(), "{sql}: {sample}");
        assert!(sample.to_string().contains("may not read"), "{sql}: {sample}");
        let seen = of_request(&api, &hold, "dave");
        let rows = seen["sample"]["after"].as_array().unwrap_or_else(|| panic!("{sql}: {seen}"));
        assert_eq!(rows.len(), 2, "{sql}: {seen}");
        assert_eq!(seen.to_string().contains(plans), sql.contains("body from plans"), "{seen}");
    }
    // One column that would be masked for her, put into another that would not.
    let hold = held(&mut alice, "insert into notes select 20 + id, body from hints", json!([]));
    let seen = of_request(&api, &hold, "carol");
    let sample = &seen["sample"];
    assert_eq!(sample["after"][0], json!(["21", null]), "{seen}");
    assert_eq!(sample["columns"][1]["shown"], "withheld", "{seen}");
    let seen = of_request(&api, &hold, "dave");
    assert_eq!(seen["sample"]["after"][0], json!(["21", "under the mat"]), "{seen}");
}

#[test]
fn whether_anything_changed_where_one_may_not_read_is_not_told() {
    let (stage, api) = stage();
    let mut alice = model(&stage, &api, PERSON);
    let mut told = |id: i32| {
        let seen = alice.works("preview", shop(&format!("delete from doors where id = {id}")));
        assert_eq!(changes(&seen, "public.doors"), (0, 0, 1), "{seen}");
        seen["changes"].clone()
    };
    // A door with something behind it, and one without.
    let (with, without) = (told(1), told(2));
    assert_eq!(with, without);
    assert_eq!(with["rows"], 1, "{with}");
}

#[test]
fn an_agent_is_told_of_no_table_that_its_task_does_not_name() {
    let (stage, api) = stage();
    let fixed = ["task", "create", "--as", PERSON, "--agent", AGENT, "--purpose", "tidying"];
    let rest = ["--json", "--database", "shop", "--for", "1h", "--password-stdin"];
    let all = [&fixed[..], &rest, &["--table", "public.regions=read,write"]].concat();
    let said = stage.weir.run_as_somebody(&all).unwrap().success().unwrap();
    let task: Value = serde_json::from_str(&said).unwrap();
    let said = stage.weir.run(&["key", "create", AGENT, "--json"]).unwrap().success().unwrap();
    let key: Value = serde_json::from_str(&said).unwrap();
    stage.truth("drop trigger bumps on sites").unwrap();
    let environment = [
        ("WEIR_TOKEN", key["secret"].as_str().unwrap()),
        ("WEIR_TASK", task["task"].as_str().unwrap()),
    ];
    let sql = "delete from regions where a = 1";
    let seen = until("the key, the task and the catalog", || {
        let mut copilot = Model::stdio(&stage.weir, &environment);
        let seen = copilot.call("preview", shop(sql))["structuredContent"].clone();
        (seen["ran"] == true).then_some(seen)
    });
    assert_eq!(changes(&seen, "public.regions"), (0, 0, 1), "{seen}");
    assert_eq!(seen["changes"]["tables"].as_array().unwrap().len(), 1, "{seen}");
    assert_eq!(seen["changes"]["rows"], 1, "{seen}");
    // Without a task it is told of both.
    let mut alice = model(&stage, &api, PERSON);
    let seen = alice.works("preview", shop(sql));
    assert_eq!(changes(&seen, "public.sites"), (0, 0, 1), "{seen}");
}

#[test]
fn a_preview_works_as_the_role_that_the_statement_would() {
    let (stage, api) = stage_as(|upstream| {
        format!(
            "[[database]]\nname = \"shop\"\nwithout_role = \"upstream\"\n[[database.role]]\n\
             identity = \"{PERSON}\"\nrole = \"clerk\"\n[database.upstream]\n\
             host = \"127.0.0.1\"\nport = {}\nuser = \"{}\"\n\
             password = {{ file = \"upstream.secret\" }}\ntls = \"disable\"\n",
            upstream.port(),
            postgres::SUPERUSER
        )
    });
    let mut alice = model(&stage, &api, PERSON);
    let hold = held(&mut alice, "insert into notes values (7, current_user)", json!([]));
    for person in [PERSON, "carol"] {
        let seen = of_request(&api, &hold, person);
        assert_eq!(seen["sample"]["after"], json!([["7", "clerk"]]), "{person}: {seen}");
    }
    let seen = alice.works("preview", shop("update notes set body = current_user where id = 1"));
    assert_eq!(seen["sample"]["after"], json!([["1", "clerk"]]), "{seen}");
    // The rights are the role's, beside those that policies give: alice may, clerk may not.
    let hold = held(&mut alice, "insert into doors values (9)", json!([]));
    let seen = of_request(&api, &hold, "carol");
    assert_eq!(seen["fails"]["sqlstate"], "42501", "{seen}");
    // And there is no way out of it by being undone.
    for sql in [
        "update notes set body = set_config('role', 'none', false) where id = 1",
        "do $$ begin set role none; update notes set body = current_user; end $$",
        "set role none",
        "reset role",
    ] {
        let seen = alice.call("preview", shop(sql))["structuredContent"].clone();
        assert_ne!(seen["ran"], true, "{sql}: {seen}");
    }
    assert_eq!(stage.truth("select body from notes where id = 1").unwrap(), "one\n");
}
