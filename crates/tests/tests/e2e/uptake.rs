//! What a command says is in force is: a running Weir acts by it before the command ends.

use testkit::{
    Postgres, Weir,
    weir::{AGENT, PERSON},
};
use tests::Stage;

/// How often: what is taken up a moment later would show.
const TIMES: usize = 20;

fn stage() -> Stage {
    let upstream = Postgres::options().shop().start().unwrap();
    let weir = Weir::options(&upstream).start().unwrap();
    Stage { weir, upstream }
}

fn task(stage: &Stage, arguments: &[&str]) -> String {
    let all = [&["task"], arguments, &["--as", PERSON, "--password-stdin"]].concat();
    stage.weir.run_as_somebody(&all).unwrap().success().unwrap()
}

fn reads(stage: &Stage, who: &str, table: &str) -> (bool, String) {
    let said = stage.weir.psql(who, "shop", &format!("select count(*) from {table}")).unwrap();
    (said.code == Some(0), said.all())
}

#[test]
fn an_agent_is_in_its_task_from_the_first_moment_and_until_the_last() {
    let stage = stage();
    for _ in 0..TIMES {
        let fixed = ["create", "--agent", AGENT, "--purpose", "refunds", "--database", "shop"];
        let rest = ["--table", "public.orders=read", "--for", "1h"];
        let said = task(&stage, &[fixed.as_slice(), rest.as_slice()].concat());
        assert!(said.contains("in force"), "{said}");
        let (name, _) = said.split_once(':').unwrap();
        // It does not say that it is in a task: it cannot leave it out.
        let (taken, said) = reads(&stage, AGENT, "customers");
        assert!(!taken && said.contains("task"), "{said}");
        let (taken, said) = reads(&stage, AGENT, "orders");
        assert!(taken, "{said}");
        task(&stage, &["end", name, "--reason", "done"]);
        let (taken, said) = reads(&stage, AGENT, "customers");
        assert!(taken, "the task is over: {said}");
    }
}

#[test]
fn who_was_added_may_sign_in_and_who_was_disabled_may_not() {
    let stage = stage();
    for time in 0..TIMES {
        let name = format!("n{time}");
        stage.weir.add(&name, "person", &[]).unwrap();
        let (taken, said) = reads(&stage, &name, "orders");
        assert!(taken, "{said}");
        stage.weir.run(&["identity", "disable", &name]).unwrap().success().unwrap();
        assert!(!reads(&stage, &name, "orders").0, "{name} is disabled");
    }
}

#[test]
fn without_a_weir_that_runs_it_is_said_that_it_holds_later() {
    let mut stage = stage();
    let add = |stage: &Stage, name: &str| {
        let add = ["identity", "add", name, "--kind", "person", "--password-stdin"];
        let said = stage.weir.run_as_somebody(&add).unwrap();
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        said.stderr.contains("holds from the next start on")
    };
    assert!(!add(&stage, "dora"));
    // What a Weir that was killed left behind answers nobody.
    stage.weir.kill().unwrap();
    assert!(add(&stage, "emil"));
    stage.weir.start_again().unwrap();
    assert!(reads(&stage, "emil", "orders").0 && !add(&stage, "fred"));
}
