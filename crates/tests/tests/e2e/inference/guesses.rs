//! Answers that a mask does not hide: which of somebody's own rows a value meets, whether a
//! function knows what it is told to do by it, and what is said between the rows.

use testkit::{
    postgres,
    weir::{AGENT, PERSON},
};
use tests::Stage;

fn refused(stage: &Stage, identity: &str, statements: &[&str]) {
    for sql in statements {
        // The question is one: the bare database runs it, or fails as it is asked to.
        let direct = postgres::psql(&stage.upstream.url("shop"), sql).unwrap();
        let wrong = ["syntax error", "does not exist"].map(|what| direct.stderr.contains(what));
        assert_eq!(wrong, [false, false], "{sql}: {direct}");
        let outcome = stage.weir.psql(identity, "shop", sql).unwrap();
        assert!(outcome.stderr.contains("Weir refused"), "{sql}: {outcome}");
    }
}

fn passes(stage: &Stage, identity: &str, statements: &[&str]) {
    for sql in statements {
        let outcome = stage.weir.psql(identity, "shop", sql).unwrap();
        assert!(outcome.stderr.is_empty(), "{sql}: {outcome}");
    }
}

/// Each text in a message of its own, whatever becomes of those before it: all that comes back, and
/// whether Weir refused one.
fn one_by_one<'t>(stage: &Stage, texts: impl Iterator<Item = &'t str>) -> (String, bool) {
    let mut psql = std::process::Command::new("psql");
    psql.args(["-XAtd", stage.weir.url(PERSON, "shop").as_str()]);
    texts.for_each(|text| {
        psql.args(["-c", text]);
    });
    let output = psql.output().unwrap();
    let refused = String::from_utf8_lossy(&output.stderr).contains("Weir refused");
    (String::from_utf8_lossy(&output.stdout).into_owned(), refused)
}

/// A column without a label whose values are known, or chosen, is a list of guesses.
#[test]
fn known_rows_are_guesses() {
    let stage = Stage::shop().unwrap();
    let guesses = [
        "select e.id, count(*) from hr.employees e join (select o.id from orders o,
         generate_series(1, o.id) where o.id < 60) x on x.id = e.sick_days group by e.id",
        "select id from hr.employees where sick_days in (select id from orders where id < 7)",
        "select id from hr.employees where sick_days = (select id from orders where id = 7)",
        "select e.id, array(select nullif(e.sick_days, o.id::int) from orders o
         where o.id <= 40 order by o.id) from hr.employees e",
        "select array(select case when e.sick_days = o.id then 1 end from orders o)
         from hr.employees e",
        "select e.id, o.id is null from hr.employees e
         left join orders o on o.id = e.sick_days and o.id < 17",
        "select sick_days from hr.employees intersect select id from orders where id = 17",
        "select e.id from hr.employees e where e.sick_days in
         (select o.id from orders o where o.id = 17 union all
          select h.salary from hr.employees h where false)",
        "select count(*) from (select e.sick_days as n from hr.employees e where id = 7 union all
         select o.id from orders o where o.id = 17) x group by n having count(*) > 1",
        "select id from hr.employees where sick_days = (select o.id + 0 * length(c.email)
         from orders o, customers c where o.id = 17 and c.id = 7)",
    ];
    refused(&stage, AGENT, &guesses);
    // So is what is made where it is compared, however it is written.
    let made = [
        "select id from hr.employees where salary in (select generate_series(0, 58727))",
        "select id from hr.employees where salary not in (select generate_series(0, 58727))",
        "select id from payments where card_number in
         (select generate_series(4114073023000000, 4114073023999999)::text)",
        "select id from payments where card_number in
         (values ('4111111111111111') union all select 'x')",
        "select id from payments where card_number in
         (select jsonb_array_elements_text('[\"4111111111111111\", \"x\"]'))",
        "select id from payments where card_number =
         any (array(select unnest(string_to_array('4111111111111111,x', ','))))",
        "select id from payments where card_number = any (array['4111111111111111'] || (
         select array_agg(n::text) from generate_series(1, 1000) n))",
        "select json(translate(substr(card_number, 1, 1), '4', 'x')) from payments",
    ];
    for sql in made {
        let outcome = stage.weir.psql(AGENT, "shop", sql).unwrap();
        assert!(outcome.stderr.contains("Weir refused"), "{sql}: {outcome}");
    }
    // What people may ask of salaries they may not of cards.
    let card = "select id from payments where card_number in
        (select (4114073000000000 + id)::text from orders)";
    refused(&stage, PERSON, &[card]);
    let ordinary = [
        "select count(*) from orders o join customers c on c.id = o.customer_id",
        "select p.id from payments p join payments q using (card_number) where q.id = 7",
        "select e.id from hr.employees e join hr.departments d on d.id = e.department
         where d.id = 1",
        "select email from customers union all select card_number from payments limit 3",
        "select last_name from customers group by last_name limit 3",
        "select id from payments where card_number in (values ('4111111111111111'), ('x'))",
    ];
    passes(&stage, AGENT, &ordinary);
}

/// Functions that read one of their arguments as an order: a place, a form, a length, an option.
#[test]
fn what_a_function_is_told_by_a_value_is_asked() {
    let stage = Stage::shop().unwrap();
    let of = |form: &str| {
        let piece = "replace(substr(card_number, 1, 1), '4', 'PUT')";
        format!("select {} from payments where id < 20", form.replace("‹v›", piece))
    };
    let orders = [
        of("jsonb_extract_path('{\"4\": [1], \"5\": [1, 1]}', substr(card_number, 1, 1))"),
        of("json_extract_path_text('{\"4\": 1}', substr(card_number, 1, 1))"),
        of("pg_catalog.normalize('x', replace(‹v›, 'PUT', 'NFC'))"),
        of("to_ascii('x', replace(‹v›, 'PUT', 'latin1'))"),
        of("ts_headline('english', 'a b', to_tsquery('a'), replace(‹v›, 'PUT', 'MaxWords=50'))"),
        of("format('%*s', translate(substr(card_number, 1, 1), '4', '8'), 'a')"),
        of("array_to_tsvector(array[replace(‹v›, 'PUT', '')])"),
        of("jsonb_to_tsvector('english', '{}'::jsonb, to_jsonb(replace(‹v›, 'PUT', 'numeric')))"),
        of("array_length(array[1], strpos('4', substr(card_number, 1, 1)))"),
        of("array_upper(array[1], strpos('4', substr(card_number, 1, 1)))"),
        of("array_replace(array['4'], substr(card_number, 1, 1), null)"),
        of("'[0, [1], [1, 1]]'::jsonb -> (ascii(substr(card_number, 1, 1)) - 51)"),
        of("array_to_string(array[translate(substr(card_number, 1, 1), '4', 'x')]::int[], ',')"),
        of("current_setting(replace(‹v›, 'PUT', 'work_mem'), true)"),
        of("pg_catalog.timestamp(now()::timestamp, length(replace(‹v›, 'PUT', 'aaaaaaaaaa')))"),
        of("length('a'::bytea, replace(‹v›, 'PUT', 'UTF8')::name)"),
        of("ts_rank(array[0.1, 0.1, 0.1, length(replace(‹v›, 'PUT', ''))]::float4[],
            to_tsvector('a'), to_tsquery('a'))"),
        // What it says comes between the rows, whatever it says.
        of("plainto_tsquery('english', replace(‹v›, 'PUT', ''))"),
        of("websearch_to_tsquery('english', replace(‹v›, 'PUT', ''))"),
    ];
    let orders = [
        &orders[..],
        &[
            // By name in another order.
            "select jsonb_set(path => array[lower(last_name)], jsonb_in => '{}', replacement => '1')
             from customers where id < 9"
                .to_owned(),
        ],
    ]
    .concat();
    let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
    refused(&stage, AGENT, &orders);
    let ordinary = [
        "select jsonb_extract_path(to_jsonb(c), 'email') from customers c where id < 4",
        "select format('%s, %s', last_name, first_name) from customers where id < 4",
        "select to_tsvector('english', body) from support_tickets where id < 4",
        "select array_length(array[email::text, phone], 1) from customers where id < 4",
    ];
    passes(&stage, AGENT, &ordinary);
}

/// What is made now and runs with something else changes neither what names mean nor anything that
/// is not seen then, and what comes together with other rows is hidden as they are.
#[test]
fn what_runs_later_does_no_more_than_read() {
    let stage = Stage::shop().unwrap();
    let move_path = "set_config('search_path', 'hr,pg_temp', false)";
    let own = "create temp table employees (id int, full_name text, salary numeric);
        set search_path = pg_temp, hr;";
    let read = "select id + 0, salary + 0 from employees where id = 2;";
    let truth = stage.truth("select salary from hr.employees where id = 2").unwrap();
    for (kept, used) in [
        (format!("begin;\ndeclare c cursor for select {move_path}"), "fetch c"),
        (
            format!("create temp table z (a int, b text default {move_path})"),
            "insert into z (a) values (1)",
        ),
        (
            format!(
                "create temp table z (a int, b text);\n alter table z alter b set default {move_path}"
            ),
            "insert into z values (1, default)",
        ),
        (format!("create temp view z as select {move_path} as x"), "select * from z"),
        (
            format!(
                "begin;\n do $$ declare c refcursor := 'cc'; begin
                 open c for select {move_path}; end $$"
            ),
            "move cc",
        ),
    ] {
        let texts = own.split_inclusive(';').chain(kept.split_inclusive(";\n")).chain([used, read]);
        let (said, refused) = one_by_one(&stage, texts);
        assert!(refused, "{kept}: {said}");
        assert!(!said.contains(truth.trim()), "{kept}: {said}");
    }
    // What a block moves within holds for the names behind it, and what an error undoes does not.
    let block = |code: &str, then: &str| {
        format!(
            "do $$ declare x text; {code} {then} insert into pg_temp.o values (reverse(x)); end $$"
        )
    };
    let take = "select salary::text || full_name into x from employees where id = 2;";
    let local = move_path.replace("false", "true");
    let undone = "begin begin set local search_path = pg_temp, hr; raise exception ''; \
                  exception when others then null; end;";
    for (path, code) in [
        ("pg_temp, hr", block(&format!("begin perform {local};"), take)),
        ("pg_temp, hr", block(&format!("begin x := {local};"), take)),
        ("pg_temp, hr", block(&format!("begin if {local} = '' then null; end if;"), take)),
        ("hr, pg_temp", block(undone, take)),
        ("pg_temp, hr", block(&format!("begin perform {local};"), "truncate reviews;")),
        (
            "hr",
            block(
                "c cursor (p text) for select reverse(p) as z; r record; begin",
                "for r in c((select full_name from employees where id = 2)) loop x := r.z; end loop;",
            ),
        ),
    ] {
        let set = format!("set search_path = {path}");
        let texts = [
            "create temp table employees (id int, full_name text, salary numeric)",
            "create temp table reviews (id int)",
            "create temp table o (v text)",
            "insert into o values ('nothing')",
            &set,
            &code,
            "select v from o",
        ];
        let (said, _) = one_by_one(&stage, texts.into_iter());
        let name = stage.truth("select full_name from hr.employees where id = 2").unwrap();
        let turned: String = name.trim().chars().rev().collect();
        assert!(!said.contains(&turned) && !said.contains(name.trim()), "{code}: {said}");
        assert!(stage.truth("select count(*) from hr.reviews").unwrap().trim() != "0", "{code}");
    }
    let variable = "set plpgsql.variable_conflict = 'use_variable'";
    assert!(one_by_one(&stage, [variable].into_iter()).1);
    // The server puts somebody's own rows among those of others.
    let table = "create temp table t (rid int, v text)";
    let cards = "insert into t select id, substr(card_number, 1, 4) from payments";
    for texts in [
        [table, cards, "create index ti on t (v)"],
        [table, cards, "create unique index ti on t (v)"],
        [table, cards, "alter table t add primary key (v)"],
        [table, cards, "alter table t alter v type varchar(2)"],
        [table, "create index ti on t (v)", cards],
    ] {
        let (said, refused) = one_by_one(&stage, texts.into_iter());
        assert!(refused, "{texts:?}: {said}");
    }
    let harmless = ["create temp table t (rid int, v text)", "create index ti on t (v)"];
    let (said, refused) = one_by_one(&stage, harmless.into_iter());
    assert!(!refused, "{said}");
    for sql in [
        "create temp view z as select forget_customer(11)",
        "create temp table z (a int default forget_customer(12))",
        "create temp table c (a text); create temp table p (a text); alter table c inherit p",
        "create temp table c () inherits (countries)",
        "select chunk_data from pg_toast.pg_toast_2619",
    ] {
        let outcome = stage.weir.psql(PERSON, "shop", sql).unwrap();
        assert!(outcome.stderr.contains("Weir refused"), "{sql}: {outcome}");
    }
    for sql in [
        "create temp view z as select last_name from customers; select * from z limit 1",
        "create temp table z (id int default nextval('orders_id_seq'), at timestamptz default now());
         insert into z default values; select * from z",
        "begin; declare c cursor for select id from customers; fetch 2 from c; commit",
    ] {
        let outcome = stage.weir.psql(PERSON, "shop", sql).unwrap();
        assert!(outcome.stderr.is_empty(), "{sql}: {outcome}");
    }
}

/// What Weir itself asks on a session's connection means what it says, whatever the path holds.
#[test]
fn operators_of_somebody_do_not_answer_weir() {
    let stage = Stage::shop().unwrap();
    let sql = "create schema ow; create table ow.log (n int);
        create function ow.eq(oid, oid) returns boolean language plpgsql as
        $$ begin insert into ow.log values (1); return false; end $$;
        create operator ow.= (leftarg = oid, rightarg = oid, function = ow.eq);
        create table ow.plain (n int); insert into ow.plain values (7)";
    stage.truth(sql).unwrap();
    let texts = [
        "set search_path = ow, pg_catalog, public",
        "create temp table mine (a int)",
        "insert into mine values (3)",
        "select a from mine",
        "begin",
        "create temp table more (b int)",
        "select b from more",
        "select current_setting('search_path')",
        "commit",
        "show search_path",
        "select n from plain",
    ];
    let (said, _) = one_by_one(&stage, texts.into_iter());
    let paths = said.matches("ow, pg_catalog, public").count();
    assert!(paths == 2 && said.contains("\n7\n") && said.contains("\n3\n"), "{said}");
    assert_eq!(stage.truth("select count(*) from ow.log").unwrap(), "0\n");
}

/// What a sequence gave is the client's to know: programs ask for it behind each insert.
#[test]
fn a_plan_and_a_sequence_are_shown() {
    let stage = Stage::shop().unwrap();
    let shown = |sql: &str| {
        let outcome = stage.weir.psql(PERSON, "shop", sql).unwrap();
        assert!(outcome.stderr.is_empty(), "{sql}: {outcome}");
        outcome.stdout
    };
    for sql in [
        "begin; select nextval('orders_id_seq') is null; select lastval() > 0; rollback",
        "begin; select nextval('orders_id_seq') is null;
         select currval(pg_get_serial_sequence('public.orders', 'id')) > 0; rollback",
    ] {
        assert!(shown(sql).lines().any(|line| line == "t"), "{sql}");
    }
    let direct = stage.truth("select last_value from orders_id_seq").unwrap();
    let through = shown(
        "begin; select nextval('public.orders_id_seq') - 1;
        select currval('public.orders_id_seq') - 1; rollback",
    );
    assert_eq!(through.matches(direct.trim()).count(), 2, "{through}");
    // A table with a trigger.
    let plan = shown(
        "explain (analyze, costs off, timing off, summary off)
        update orders set total = total where id = 1",
    );
    assert!(plan.contains("Update on orders"), "{plan}");
}

/// What comes from no column and yet differs from row to row is a guess in each of them, and so is
/// a value that is compared with what was made of itself.
#[test]
fn what_differs_from_row_to_row_is_a_guess_in_each() {
    let stage = Stage::shop().unwrap();
    let answers = [
        "select id from payments where card_number in ('4' || substr(card_number, 2))",
        "select id from payments where card_number in (overlay(card_number placing '4' from 1 for 1))",
        "select id from hr.employees where sick_days in (least(sick_days, 17))",
        "select e.id, array(select nullif(e.sick_days, (row_number() over ())::int) from orders o
         where o.id <= 40) from hr.employees e",
        "select id, nullif(sick_days, generate_series(1, 60)) from hr.employees where id = 2",
        "select count(*) from (select distinct coalesce(p.card_number,
         (4114073023795000 + row_number() over ())::text) from orders o
         left join payments p on p.id = 2 and o.id = 1 where o.id < 600) q",
        "select e.id, o.id from hr.employees e, orders o where o.id <= 60
         and e.sick_days = (select count(*) from orders x where x.id <= o.id)",
        "select e.id, k.id from hr.employees e, orders k, orders o where o.id <= k.id and k.id <= 60
         group by e.id, e.sick_days, k.id having e.sick_days = count(*)",
        "select id, '[[], [1], [1, 1], [1, 1, 1]]'::jsonb - sick_days from hr.employees",
        "select p.id, pg_get_expr(d.adbin, length(replace(substr(p.card_number, 1, 1), '4',
         repeat('x', 1259)))::oid) from payments p, (select adbin from pg_attrdef limit 1) d",
        "select format_type(1186, (sick_days - 13) * 65536) from hr.employees where id = 1",
        "select date_trunc('day', now(), translate(substr(card_number, 1, 1), '4', 'x'))
         from payments where id = 5",
        "select to_tsvector('simple', lpad(replace(substr(card_number, 1, 1), '4', ' '), 2047, 'x'))
         from payments where id < 20",
        "select o.status, (select count(*) from (select coalesce(substr(p.card_number, 1, 1), '4')
         as status from (select card_number from payments where id = 2 union all select null) p
         group by status) q) from orders o where o.id = 1",
    ];
    refused(&stage, AGENT, &answers);
    // A sum over all of a table's rows of which only one has all of it.
    let one = "select sum(a.salary + b.salary) from hr.employees a
        full join hr.employees b on a.id = b.id and a.id = 2";
    let truth = stage.truth(one).unwrap();
    let said = stage.weir.psql(AGENT, "shop", one).unwrap();
    assert!(truth.len() > 3 && !said.all().contains(truth.trim()), "{said}");
    // Ordinary questions of the same form.
    let ordinary = [
        "select id from customers where email in ('a@example.org', 'b@example.org')",
        "select exists (select 1 from customers where email = 'a@example.org')",
        "select o.id, (select count(*) from order_items i where i.order_id = o.id) from orders o
         where o.id < 5",
        "select avg(salary), sum(salary + coalesce(bonus, 0)), count(*) from hr.employees",
    ];
    passes(&stage, AGENT, &ordinary);
}
