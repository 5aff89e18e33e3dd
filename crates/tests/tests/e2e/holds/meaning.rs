//! Approvals of statements whose names come to do something else: what is approved is what was seen
//! by whoever approved it, down to the code that it runs.

use testkit::weir::{ADMIN, PERSON};
use tests::{
    Stage,
    hold::{approve, ended, psql, request, say, stage, state},
};

fn run(stage: &Stage, sql: &str) -> (String, String) {
    ended(psql(stage, PERSON, sql))
}

/// The same text is another statement once what stands behind it is another.
#[test]
fn what_code_and_views_do_is_a_part_of_what_is_approved() {
    let stage = stage();
    let admin = |sql: &str| stage.rows(ADMIN, sql).unwrap();
    let body = |name: &str, language: &str, body: &str| {
        format!("create or replace function {name} language {language} as $$ {body} $$")
    };
    let steps = |last: &str| {
        let text = format!("begin update jobs set note = 'x' where id = {last}; end");
        body("by_steps() returns void", "plpgsql", &text)
    };
    let inner = |last: &str| {
        let text = format!("update jobs set note = 'x' where id = {last}");
        body("inner_one() returns void", "sql", &text)
    };
    let view = |last: &str| {
        format!("create or replace view tenant as select id, note from jobs where id <= {last}")
    };
    let noted = |word: &str| {
        let text = format!("begin new.note := '{word}'; return new; end");
        body("noted() returns trigger", "plpgsql", &text)
    };
    let other = |word: &str| {
        format!("begin update jobs set note = '{word}' where id = 9; return null; end")
    };
    admin("create table other (id int); insert into other values (1)");
    admin(&noted("one"));
    admin("create trigger noted before update on jobs for each row execute function noted()");
    admin(&body("other_one() returns trigger", "plpgsql", &other("one")));
    admin("create trigger other after insert on other execute function other_one()");
    admin(&inner("7"));
    admin(&body("outer_one() returns void", "sql", "select inner_one()"));
    let other = |word: &str| body("other_one() returns trigger", "plpgsql", &other(word));
    for (sql, tag, now, then) in [
        ("select by_steps()", "", steps("7"), steps("8")),
        ("select outer_one()", "", inner("7"), inner("8")),
        ("update tenant set note = 'x' where id = 7", "UPDATE 1", view("7"), view("8")),
        ("update jobs set note = 'x' where id = 7", "UPDATE 1", noted("one"), noted("two")),
        ("insert into other values (2)", "INSERT 0 1", other("one"), other("two")),
    ] {
        admin(&now);
        let (out, err) = run(&stage, sql);
        assert!(err.contains("needs approval"), "{sql}: {out}{err}");
        let hold = request(&stage);
        approve(&stage, &hold, "dave");
        approve(&stage, &hold, "erin");
        admin(&then);
        let (out, err) = run(&stage, sql);
        assert!(err.contains("needs approval"), "{sql}: {out}{err}");
        let next = request(&stage);
        assert!(next != hold && say(&stage, "deny", &next, "dave").0);
        assert_eq!(state(&stage, &hold), "approved");
        // It is the code that counts, and not when it was written.
        admin(&now);
        assert_eq!(run(&stage, sql).0, format!("{tag}\n"), "{sql}");
        assert_eq!(state(&stage, &hold), "used");
    }
    assert_eq!(
        stage.upstream.psql("shop", "select note from jobs where id = 8").unwrap(),
        "job 8\n"
    );
}
