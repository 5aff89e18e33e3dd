//! Risk as its users meet it: many small reads that add up to a table end, a policy can look at the
//! score, and the record says what it is made of.

use testkit::{
    Postgres, Weir,
    weir::{ADMIN, PERSON, SERVICE},
};
use tests::{Stage, hold::requests};

const POLICY: &str = r#"
@id("no-harvest")
@reason("nobody reads a fifth of a table of persons within a day")
@advice("Ask for an export.")
forbid (principal is Person, action == Action::"select", resource)
when { context.share >= 20 }
unless { principal in Group::"admins" };

@id("a-harvest-waits")
@approval("dba")
@hold("return")
forbid (principal is Service, action == Action::"select", resource)
when { context.share >= 30 };

@id("no-risk")
@reason("what a service does is not that risky")
forbid (principal is Service, action in [Action::"delete", Action::"update"], resource)
when { context.risk >= 25 };
"#;

const TABLES: &str = "
    create table clients (id int primary key, email text);
    insert into clients select n, 'client' || n || '@mail.example' from generate_series(1, 2000) n;
    create table partners (id int primary key, email text);
    insert into partners select n, 'partner' || n || '@mail.example'
        from generate_series(1, 2000) n;
    create table things (id int primary key, name text);
    insert into things select n, 'thing' || n from generate_series(1, 2000) n;
    analyze;";

fn stage(environment: &str) -> Stage {
    let upstream = Postgres::options().shop().start().unwrap();
    upstream.psql("shop", TABLES).unwrap();
    let options = Weir::options(&upstream).policy("90-risk.cedar", POLICY);
    let weir = options.environment(environment).start().unwrap();
    Stage { weir, upstream }
}

fn page(table: &str, from: u32) -> String {
    format!("select id, email from {table} where id between {from} and {}", from + 19)
}

#[test]
fn small_reads_that_add_up_to_a_table_end() {
    let stage = stage("staging");
    // The same page again and again adds up to nothing.
    for _ in 0..30 {
        stage.rows(PERSON, &page("clients", 1)).unwrap();
    }
    let mut read = 0;
    let refused = loop {
        // A new connection each time: what counts is the identity.
        match stage.rows(PERSON, &page("clients", 1 + read)) {
            Ok(_) => read += 20,
            Err(error) => break format!("{error:#}"),
        }
        assert!(read < 1_000, "nobody stops it");
    };
    assert!((320..=520).contains(&read), "stopped after {read} rows");
    assert!(refused.contains("no-harvest") && refused.contains("a fifth of a table"), "{refused}");
    // By another text as well, and in a join; but not other tables, and not for others.
    for other in [
        "select count(*) from clients",
        "select t.name from things t join clients c on c.id = t.id where t.id = 7",
        "select email from clients where id = 1",
    ] {
        let refused = stage.rows(PERSON, other).unwrap_err();
        assert!(format!("{refused:#}").contains("no-harvest"), "{other}: {refused:#}");
    }
    stage.rows(PERSON, &page("partners", 1)).unwrap();
    stage.rows(PERSON, "select count(*) from things").unwrap();
    stage.rows(ADMIN, "select * from clients").unwrap();
    stage.rows(ADMIN, "select * from clients").unwrap();
    stage.rows(SERVICE, &page("clients", 1)).unwrap();
}

#[test]
fn whoever_decides_sees_what_held_it() {
    let stage = stage("staging");
    let mut read = 0;
    while stage.rows(SERVICE, &page("partners", 1 + read)).is_ok() {
        read += 20;
        assert!(read < 1_000, "nobody is asked");
    }
    let asked = requests(&stage, false);
    let [request] = asked.as_slice() else { panic!("{asked:?}") };
    let reasons = request["reasons"].to_string();
    assert!(reasons.contains("streak"), "{request}");
}

#[test]
fn policy_and_record_have_the_score_and_its_parts() {
    let stage = stage("production");
    // 15 and production's 10.
    let refused = stage.rows(SERVICE, "delete from things where id = 1").unwrap_err();
    assert!(format!("{refused:#}").contains("no-risk"), "{refused:#}");
    // 10 and 10.
    stage.rows(SERVICE, "update things set name = 'x' where id = 1 returning id").unwrap();
    let shown =
        stage.weir.run(&["audit", "tail", "-n", "400", "--json"]).unwrap().success().unwrap();
    let lines = || shown.lines().filter_map(|line| serde_json::from_str(line).ok());
    let statement = |operation: &str| {
        lines()
            .find(|line: &serde_json::Value| line["operation"] == operation)
            .unwrap_or_else(|| panic!("no {operation} in {shown}"))
    };
    let delete = statement("delete");
    assert_eq!(delete["risk"], 25, "{delete}");
    assert_eq!(delete["risk_parts"], serde_json::json!(["operation 15", "production 10"]));
    assert_eq!(statement("update")["risk"], 20);
    // Everything it does counts, wherever it stands.
    let unbounded = "with gone as (delete from things returning 1) select count(*) from gone";
    stage.rows(ADMIN, unbounded).unwrap();
    let shown =
        stage.weir.run(&["audit", "tail", "-n", "400", "--json"]).unwrap().success().unwrap();
    assert!(shown.contains("unbounded 25"), "{shown}");
}

/// What was learned is there after a restart, and what is new then is seen in the record.
#[test]
fn the_past_is_kept() {
    let mut stage = stage("staging");
    let many = "select 1;".repeat(120);
    stage.rows(PERSON, &many).unwrap();
    stage.rows(PERSON, &page("clients", 1)).unwrap();
    stage.weir.stop().unwrap();
    stage.weir.start_again().unwrap();
    stage.rows(PERSON, &page("partners", 1)).unwrap();
    let record = stage.weir.record(50).unwrap().join("\n");
    assert!(record.contains("new table"), "{record}");
}
