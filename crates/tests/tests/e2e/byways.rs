//! Ways on which a value could leave beside the result: messages, notifications, settings that the
//! server reports, the fields of errors. What is not known to be harmless takes none of them.

use crate::meanings::{Case, SECRET, queries};
use tests::Stage;

const LAST: &str = "select 'the end'";

fn perform(declared: &str, body: &str) -> String {
    format!("do $$ declare {declared}; begin {body} end $$")
}

#[test]
fn rows_of_a_cursor_that_is_known_by_its_name_alone() {
    let stage = Stage::shop().unwrap();
    let case = Case::of(&stage);
    let declare = format!("declare c cursor for {SECRET}");
    let failing = "declare c cursor for select (last_name || ' of ' || id)::int from customers
                   where id <= 5";
    let with =
        |does: &str| perform("c refcursor = 'c'; r record", &format!("fetch c into r; {does}"));
    let set = "perform set_config('application_name', r::text, false);";
    for (declare, reading) in [
        (declare.as_str(), with("raise notice '%', r;")),
        (&declare, with("assert false, r::text;")),
        (&declare, with("perform pg_notify('heard', r::text);")),
        (&declare, with(set)),
        (&declare, perform("c refcursor = 'c'; x int", "fetch c into x;")),
        (failing, perform("c refcursor = 'c'", "move c;")),
    ] {
        let all = ["listen heard", "begin", declare, &reading, "commit", LAST];
        case.hears(&reading, &queries(&all));
    }
    let opens = format!("open c for {SECRET};");
    let first = perform("c refcursor = 'q'", &opens);
    let second = perform("c refcursor = 'q'; r record", "fetch c into r; raise notice '%', r;");
    case.hears("one that code opened before", &queries(&["begin", &first, &second]));
    // One that is opened where it is read is known, and what is not masked in it too.
    let own = "open c for select order_no from orders limit 1; fetch c into r; close c;
               raise notice 'read';";
    let said = case.hears("its own", &queries(&[&perform("c refcursor; r record", own)]));
    assert!(said.contains("READ"), "{said}");
}

#[test]
fn what_errors_say() {
    let stage = Stage::shop().unwrap();
    let case = Case::of(&stage);
    let failing = "insert into own select last_name || ' of ' || id, null from customers
                   where id <= 5;";
    let caught = |does: &str| {
        let detail = "get stacked diagnostics d = pg_exception_detail;";
        perform("d text", &format!("{failing} exception when others then {detail} {does}"))
    };
    let kept = perform("d text", "raise notice '%', current_setting('own.kept');");
    for does in [
        "perform pg_notify('heard', d);",
        "perform set_config('own.kept', d, false);",
        "perform set_config('own.kept', sqlerrm || d, false);",
        "raise exception using column = d;",
        "raise notice 'x' using constraint = d, table = d, schema = d, datatype = d, column = d;",
    ] {
        let own = "create temp table own (a text, b int not null)";
        case.hears(does, &queries(&["listen heard", own, &caught(does), &kept, LAST]));
    }
    // The server's own names stay.
    let own = "create temp table own (a text, b int not null)";
    let said = case.hears("a failure", &queries(&[own, failing]));
    assert!(said.contains("OWN"), "{said}");
}

#[test]
fn names_that_mean_nothing_for_certain() {
    let stage = Stage::shop().unwrap();
    let case = Case::of(&stage);
    let lost = "select set_config('search_path', E'public\\u00a0, public, pg_temp', false)";
    let named = format!("select set_config('application_name', ({SECRET} limit 1), false)");
    let kept = format!("select set_config('own.kept', ({SECRET} limit 1), false)");
    let said = perform("x int", "raise notice '%', current_setting('own.kept', true);");
    case.hears(
        "set where the path is lost",
        &queries(&[
            lost,
            &named,
            &kept,
            "set search_path = public",
            "show application_name",
            &said,
        ]),
    );
    let asks = "select count(*) from customers where last_name < 'M'";
    let heard = case.hears("asked where the path is lost", &queries(&[lost, asks]));
    assert!(heard.contains("WEIR REFUSED"), "{heard}");
    assert!(heard.contains("WRITE ITS SCHEMA"), "{heard}");
}

#[test]
fn what_the_server_logs_of_a_plan() {
    let stage = Stage::shop().unwrap();
    stage
        .upstream
        .psql(
            "shop",
            "create function constant() returns text language sql immutable as
             $$ select last_name || ' of ' || id from customers order by id limit 1 $$",
        )
        .unwrap();
    let case = Case::of(&stage);
    let shown = ["set debug_print_plan = on", "set client_min_messages = log"];
    for sql in
        ["declare c cursor for select constant()", "select exists (select constant() offset 0)"]
    {
        let heard = case.hears(sql, &queries(&[&shown[..], &["begin", sql]].concat()));
        assert!(!heard.contains("CONSTVALUE"), "{heard}");
    }
}
