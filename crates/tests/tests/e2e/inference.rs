//! What may be asked about values that may not be seen: statistics over groups, look-ups, and the
//! ways by which an answer spells a value out. Each test first shows what the bare database says.

use testkit::weir::{ADMIN, AGENT, PERSON, SERVICE};
use tests::Stage;
use tokio_postgres::NoTls;

mod guesses;

/// The salary of the only member of the board: nobody else earns as much.
const CHIEF: &str = "310000";

#[test]
fn statistics_of_large_groups_are_true_and_those_of_small_ones_are_held_back() {
    let stage = Stage::shop().unwrap();
    for (sql, large) in [
        ("select department, avg(salary) from hr.employees group by department order by 1", 4),
        (
            "select d.name, round(avg(e.salary), 2) as pay, sum ( e.bonus ) /* of all */, count(*)
             from hr.employees e join hr.departments d on d.id = e.department
             group by d.name order by max(d.id)",
            4,
        ),
        (
            "select department, avg(salary)::int, stddev(salary), avg(distinct salary)
             filter (where job in ('Clerk', 'Lead') and hired > '2011-06-01')
             from hr.employees group by 1 order by 1",
            4,
        ),
        (
            "select department from hr.employees group by department having avg(salary) > 1000
             order by 1",
            4,
        ),
        ("select sum(salary), avg(salary), variance(salary) from hr.employees", 1),
    ] {
        let truth = stage.truth(sql).unwrap();
        for identity in [PERSON, AGENT, SERVICE] {
            let rows = stage.rows(identity, sql).unwrap();
            let same = truth.lines().filter(|line| rows.lines().any(|row| row == *line)).count();
            assert_eq!(same, large, "{identity}: {sql}\n{truth}\n-- through Weir\n{rows}");
            assert!(!rows.contains(CHIEF), "{identity}: {sql}\n{rows}");
        }
    }
    let record = stage.weir.record(200).unwrap().join("\n");
    assert!(record.contains("statistics leave for groups with 5 or more"), "{record}");
}

#[tokio::test]
async fn a_prepared_statement_is_guarded_and_its_columns_keep_their_names() {
    let stage = Stage::shop().unwrap();
    let url = stage.weir.url(PERSON, "shop");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "select avg(salary)::float8, sum(salary)::float8 as \"Sum\", department
               from hr.employees where department = $1 group by department";
    let statement = client.prepare(sql).await.unwrap();
    let names: Vec<&str> = statement.columns().iter().map(|column| column.name()).collect();
    assert_eq!(names, ["avg", "Sum", "department"]);
    let sales = client.query_one(&statement, &[&2_i16]).await.unwrap();
    let truth = stage.truth("select avg(salary) from hr.employees where department = 2").unwrap();
    let truth: f64 = truth.trim().parse().unwrap();
    assert!((sales.get::<_, f64>(0) - truth).abs() < 0.001);
    let board = client.query_one(&statement, &[&1_i16]).await.unwrap();
    assert_eq!((board.get::<_, Option<f64>>(0), board.get::<_, Option<f64>>(1)), (None, None));
}

/// Ways to make a statistic tell of one person: all of them show her salary on the bare database.
#[test]
fn no_group_is_made_to_look_larger_than_it_is() {
    let stage = Stage::shop().unwrap();
    for sql in [
        "select avg(salary) from hr.employees where id = 1",
        "select round(sum(salary)) from hr.employees where department = 1",
        "select avg(salary) filter (where id = 1) from hr.employees",
        "select sum(case when id = 1 then salary else 0 end) from hr.employees",
        "select sum(salary * (id = 1)::int) from hr.employees",
        "select round(avg(salary)) from hr.employees, generate_series(1, 50) where id = 1",
        "select round(avg(e.salary)) from hr.employees e, hr.reviews r where e.id = 1",
        "select round(avg(e.salary)) from hr.employees e
         join hr.reviews r on r.employee <> e.id where e.id = 1",
        "select sum(s) from (select salary from hr.employees where id = 1
         union all select 0 from generate_series(1, 50)) x (s)",
        "select max(a) from (select id, avg(salary) a from hr.employees group by id) x",
        "select avg(salary) over (partition by department) from hr.employees where department = 1",
        "select sum(salary) over (order by id) from hr.employees limit 1",
        "select id, avg(salary) from hr.employees group by id order by id limit 3",
        "select max(salary), min(salary) from hr.employees",
        "select percentile_cont(1) within group (order by salary) from hr.employees",
        "select mode() within group (order by salary) from hr.employees where id = 1",
        "select (select avg(salary) from hr.employees e where e.id = m.id) from hr.employees m
         order by id limit 2",
        "with one as (select * from hr.employees where id = 1) select avg(salary) from one",
        "prepare p as select avg(salary) from hr.employees where id = 1; execute p",
        "begin; declare c cursor for select avg(salary) from hr.employees where id = 1;
         fetch all from c; commit",
        "copy (select avg(salary) from hr.employees where id = 1) to stdout",
        "select round(avg(e.salary) filter (where random() < 2)) from hr.employees e where e.id = 1",
        "select string_agg(salary::text, ',') from hr.employees where id < 3",
        "select count(*) from generate_series(1, (select salary from hr.employees where id = 1))",
        "select count(*) from regexp_split_to_table(repeat(',', (select salary::int - 1
         from hr.employees where id = 1)), ',')",
        "select sum(x) from (select salary x from hr.employees where id = 1) y",
    ] {
        let truth = stage.truth(sql).unwrap();
        assert!(truth.contains(CHIEF), "no exploit: {sql}\n{truth}");
        for identity in [PERSON, AGENT] {
            let outcome = stage.weir.psql(identity, "shop", sql).unwrap();
            assert!(!outcome.all().contains(CHIEF), "{identity}: {sql} leaks:\n{outcome}");
        }
    }
}

/// Ways to spell a value out by answers instead of asking for it.
#[test]
fn an_answer_that_spells_a_value_is_masked_like_the_value() {
    let stage = Stage::shop().unwrap();
    let branches: String = (0..10).map(|n| format!("when '{n}' then '{n}' ")).collect();
    let digit = |at: u8| format!("case substr(salary::text, {at}, 1) {branches} end");
    let spelt = (1..=6).map(digit).collect::<Vec<_>>().join(" || ");
    for sql in [
        format!("select {spelt} from hr.employees where id = 1"),
        "select g from hr.employees, generate_series(309990, 310010) g
         where id = 1 and g = salary"
            .to_owned(),
        "select (select g from generate_series(309990, 310010) g where g = salary)
         from hr.employees where id = 1"
            .to_owned(),
        "select v.name from hr.employees e join (values (309999, 'a309999'), (310000, 'a310000'))
         v (pay, name) on e.salary = v.pay"
            .to_owned(),
        "with recursive g (n) as (select 309990 union all select n + 1 from g where n < 310010)
         select n from g join hr.employees on salary = n where id = 1"
            .to_owned(),
        "select x from (select unnest(array[309999, 310000]) as x) y
         where exists (select 1 from hr.employees where id = 1 and salary = y.x)"
            .to_owned(),
        "select g from generate_series(309990, 310010) g
         where g in (select salary from hr.employees where id = 1)"
            .to_owned(),
        "select g from hr.employees, generate_series(309990, 310010) g
         where id = 1 and salary::text like g || '%'"
            .to_owned(),
        "select max(g) from hr.employees, generate_series(309990, 310010) g
         where id = 1 and g <= salary"
            .to_owned(),
        "create temp table o (n int); do $$ declare s numeric; n int := 0; begin
         select salary into s from hr.employees where id = 1;
         while n * 10000 < s loop n := n + 1; insert into o values (1); end loop; end $$;
         select count(*) * 10000 from o"
            .to_owned(),
        "create temp table o (n int); do $$ begin for i in 309990..310010 loop
         perform 1 from hr.employees where id = 1 and salary = i; exit when found;
         insert into o values (1); end loop; end $$; select 309990 + count(*) from o"
            .to_owned(),
        "create temp table o (n int); do $$ declare s int; n int; begin
         select salary into s from hr.employees where id = 1;
         perform 1 from generate_series(1, 400000) k where k <= s;
         get diagnostics n = row_count; insert into o values (n); end $$; select n from o"
            .to_owned(),
        "select nullif(310000, salary + 1) from hr.employees where id = 1".to_owned(),
        "select (select 310000 where salary between 309999 and 310001) from hr.employees
         where id = 1"
            .to_owned(),
        "select 310000 from hr.employees where id = 1
         limit (select salary - 309999 from hr.employees where id = 1)"
            .to_owned(),
    ] {
        let truth = stage.truth(&sql).unwrap();
        assert!(truth.contains(CHIEF), "no exploit: {sql}\n{truth}");
        for identity in [PERSON, AGENT] {
            let outcome = stage.weir.psql(identity, "shop", &sql).unwrap();
            assert!(!outcome.all().contains(CHIEF), "{identity}: {sql} leaks:\n{outcome}");
        }
    }
}

/// A table of guesses that the session made for itself is as much its own as a list of values.
#[tokio::test]
async fn a_guess_from_a_temporary_table_is_masked_like_what_it_hit() {
    let stage = Stage::shop().unwrap();
    let url = stage.weir.url(PERSON, "shop");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(
            "create temp table guesses (x int);
             insert into guesses select g from generate_series(309990, 310010) g",
        )
        .await
        .unwrap();
    let all = client.query("select x from guesses order by x", &[]).await.unwrap();
    assert_eq!((all.len(), all[20].get::<_, i32>(0)), (21, 310_010), "alone they are her own");
    for sql in [
        "select x from guesses join hr.employees on salary = x where id = 1",
        "select max(x) from guesses, hr.employees where id = 1 and x <= salary",
        "create temp table hits as select x from guesses join hr.employees on salary = x;
         select * from hits",
        "create temp view odd as select department, case when id = 1 then salary else id end as p
         from hr.employees; select sum(p) - sum(0) from odd",
    ] {
        let truth = stage.truth(&format!(
            "create temp table guesses as select g as x from generate_series(309990, 310010) g;
             {sql}"
        ));
        let truth = truth.unwrap();
        assert!(truth.contains(CHIEF) || truth.contains("37"), "no exploit: {sql}\n{truth}");
        let said = client.simple_query(sql).await.unwrap();
        let said = format!("{said:?}");
        assert!(!said.contains(CHIEF) && !said.contains("371"), "{sql} leaks: {said}");
    }
}

#[test]
fn agents_compare_and_count_but_do_not_search() {
    let stage = Stage::shop().unwrap();
    for sql in [
        "select id from customers where email like 'a%'",
        "select id from hr.employees where salary > 50000",
        "select id from hr.employees order by salary",
        "select id from customers where birth_date < '1970-01-01'",
        "select id from customers where national_id::numeric > 5",
    ] {
        let outcome = stage.weir.psql(AGENT, "shop", sql).unwrap();
        assert!(outcome.stderr.contains("baseline-infer-agents"), "{sql}: {outcome}");
        assert!(outcome.stderr.contains("HINT"), "{sql}: {outcome}");
    }
    for sql in [
        "select count(*), count(distinct email) from customers",
        "select country, count(*) from customers group by country order by 1",
        "select last_name, count(*) from customers group by last_name",
        "select count(*) from customers a join customers b on a.email = b.email",
    ] {
        stage.rows(AGENT, sql).unwrap();
    }
    for sql in [
        "select id from customers where email like 'a%' order by last_name limit 5",
        "select id from hr.employees where salary between 50000 and 60000 order by salary",
    ] {
        assert_eq!(stage.rows(PERSON, sql).unwrap(), stage.truth(sql).unwrap(), "{sql}");
    }
    let outcome =
        stage.weir.psql(PERSON, "shop", "select id from payments where card_number like '4%'");
    assert!(outcome.unwrap().stderr.contains("baseline-infer-people"));
}

/// What a statement fails on, and how many rows it yields, are answers that no mask hides.
#[test]
fn errors_and_numbers_of_rows_are_questions() {
    let stage = Stage::shop().unwrap();
    let one = "substr(card_number, 1, 1)";
    let long = "y".repeat(1500);
    let grown = format!("replace(replace({one}, '4', '{long}'), 'y', '{long}')");
    let doubled = format!(
        "with recursive r (v, n) as (select replace({one}, '4', ''), 0 from payments where id = 7
         union all select v || v, n + 1 from r where n < 31) select max(n) from r"
    );
    for sql in [
        format!("select repeat(replace({one}, '4', ''), 1073741823) from payments where id = 7"),
        format!("select float8(translate({one}, '4', 'x')) from payments where id = 7"),
        format!("select xmlparse(content translate({one}, '4', '<')) from payments where id = 7"),
        "select jsonb_path_query_first(to_jsonb(card_number), '($ ? (@ starts with \"4\")).double()')
         from payments where id = 7"
            .to_owned(),
        "select id, jsonb_array_elements(jsonb_path_query_array(to_jsonb(card_number),
         '$ ? (@ like_regex \"^4\")')) from payments"
            .to_owned(),
        format!(
            "select id, unnest(tsvector_to_array(to_tsvector('simple', replace({one}, '4', 'a b'))))
             from payments"
        ),
        "select |/ (0.5 - strpos(card_number, '4')) from payments where id = 7".to_owned(),
        "select (strpos(card_number, '9') - 2) ^ -1 from payments where id = 7".to_owned(),
        "select 2147483647 + strpos(card_number, '4') from payments where id = 7".to_owned(),
        format!(
            "select array[tsvector_to_array(to_tsvector('simple', {one})), array['x', 'y']]
             from payments where id = 7"
        ),
        format!("select convert_to(translate({one}, '4', '€'), 'latin1') from payments"),
        "select jsonb_build_object('4', 1) - substr(card_number, 1, 1) from payments".to_owned(),
        "select jsonb_build_object('4', 1) -> substr(card_number, 1, 1) from payments".to_owned(),
        "select (array[1, 2, 3])[strpos(card_number, '4')] from payments".to_owned(),
        "select tsvector_to_array(to_tsvector('simple', translate(card_number, '4', ' ')))
         from payments"
            .to_owned(),
        format!("select length({grown}) from payments"),
        doubled,
    ] {
        let outcome = stage.weir.psql(AGENT, "shop", &sql).unwrap();
        assert!(outcome.stderr.contains("Weir refused"), "{sql}: {outcome}");
    }
    // A truth goes where the function carries it, also where it only decides.
    for sql in [
        "select id from hr.employees where pg_notify('c', id || ':' || (salary > 5000)::text) is null",
        "select id from hr.employees
         where set_config('application_name', (salary > 5000)::text, false) = 'x'",
        "select id from hr.employees where pg_try_advisory_lock(id * 2 + (salary > 5000)::int)",
    ] {
        let outcome = stage.weir.psql(PERSON, "shop", sql).unwrap();
        assert!(outcome.stderr.contains("Weir refused"), "{sql}: {outcome}");
    }
    // Nothing of that is in the way of ordinary expressions.
    for sql in [
        "select upper(replace(replace(email, '.', ' '), '@', ' at ')) || ', ' || last_name
         from customers order by id limit 3",
        "select string_agg(last_name || ' ' || first_name, ', ') from customers where id < 9",
        "select unnest(array[email::text, phone]) from customers where id < 3",
        "select jsonb_path_query_first(to_jsonb(c), '$.country') from customers c where id = 7",
        "select salary * 12 + 100 from hr.employees where id = 7",
    ] {
        let outcome = stage.weir.psql(AGENT, "shop", sql).unwrap();
        assert!(outcome.stderr.is_empty(), "{sql}: {outcome}");
    }
}

/// Whether the server takes a value where somebody laid out guesses, and which row it meets there.
#[tokio::test]
async fn where_a_value_goes_answers_no_question() {
    let stage = Stage::shop().unwrap();
    let url = stage.weir.url(PERSON, "shop");
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    for sql in [
        "create temp table k (c text primary key, n int)",
        "insert into k (c) values ('1'), ('2'), ('3'), ('4'), ('5'), ('6')",
        "create temp table narrow (v varchar(1))",
        "begin; insert into countries (code, name, dialling_prefix) values ('4~', 'guess', '')",
    ] {
        client.simple_query(sql).await.unwrap();
    }
    let one = "select substr(card_number, 1, 1) from payments";
    for sql in [
        format!("insert into k (c) {one} on conflict on constraint k_pkey do update set n = 1"),
        format!("insert into k (c) {one} where id = 7 on conflict do nothing"),
        "insert into narrow select replace(substr(card_number, 1, 1), '4', 'xx') from payments"
            .to_owned(),
        "insert into countries (code, name, dialling_prefix)
         select substr(card_number, 1, 1) || '~', '', '' from payments where id = 7
         on conflict on constraint countries_pkey do update set name = 'hit'"
            .to_owned(),
    ] {
        client.simple_query("savepoint s").await.unwrap();
        let said = client.simple_query(&sql).await.unwrap_err();
        let said = said.as_db_error().map(|error| error.message().to_owned()).unwrap_or_default();
        assert!(said.contains("Weir refused"), "{sql}: {said}");
        client.simple_query("rollback to s").await.unwrap();
    }
    client.simple_query("rollback").await.unwrap();
    for sql in [
        "select ('[' || salary::int || ':' || salary::int || ']={1}')::int[] from hr.employees",
        "select array_fill(1, array[1], array[salary::int]) from hr.employees",
        "select (array[1, 2, 3, 4, 5, 6])[1:salary::int / 60000] from hr.employees",
    ] {
        assert!(sql.contains('/') || stage.truth(sql).unwrap().contains(CHIEF), "{sql}");
        let said = format!("{:?}", client.simple_query(sql).await);
        assert!(!said.contains(CHIEF), "{sql}: {said}");
        assert!(!sql.contains('/') || said.contains("Weir refused"), "{sql}: {said}");
    }
}

/// What is computed though nobody sees it run: arguments of a plan that is only shown, cursors that
/// are moved, names, the rest of a statement that is too much to be understood.
#[tokio::test]
async fn what_runs_out_of_sight_is_seen() {
    let stage = Stage::shop().unwrap();
    let work = "('a'::tsquery".to_owned();
    let nested = format!("{}{work}{}", "(".repeat(26), " && 'b'::tsquery)".repeat(27));
    for (identity, before, sql) in [
        (
            PERSON,
            "prepare a (text) as select $1",
            "explain execute a(set_config('search_path', 'hr', false))",
        ),
        (AGENT, "prepare a (bool) as select $1", "explain execute a(forget_customer(7))"),
        (
            AGENT,
            "prepare a (text) as select $1",
            "explain execute a(set_config('application_name', pg_read_file('/etc/hostname'), false))",
        ),
        (
            PERSON,
            "create temp table m (k int, t int)",
            "do $$ declare c refcursor; n int; s int; begin
             select ascii(substr(card_number, 1, 1)) - 48 into s from payments where id = 7;
             open c for select g from generate_series(0, 100) g; move forward s from c;
             fetch c into n; insert into m values (1, n); end $$",
        ),
        (
            PERSON,
            "create temp table m (k int, t int)",
            "do $$ declare c refcursor; n int; s int; begin
             select ascii(substr(card_number, 1, 1)) - 48 into s from payments where id = 7;
             open c for select g from generate_series(0, 100) g; fetch absolute s from c into n;
             insert into m values (1, n); end $$",
        ),
        (
            PERSON,
            "begin",
            "do $$ declare c refcursor; begin
             select translate(card_number, '0123456789', 'abcdefghij') into c
             from payments where id = 7; open c for select 1; end $$",
        ),
        (
            PERSON,
            "begin",
            "do $$ declare v varchar(1); begin
             select replace(substr(card_number, 1, 1), '4', 'xx') into v from payments where id = 7;
             end $$",
        ),
        (
            PERSON,
            "listen c",
            &format!(
                "select 1 from payments where id < 9 and {nested} is not null
                 and pg_notify('c', id || ':' || translate(card_number, '0123', 'abcd')) is null"
            ),
        ),
    ] {
        let url = stage.weir.url(identity, "shop");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.simple_query(before).await.unwrap();
        // Where the change of path runs, it is known: what follows is another statement.
        let said = client.simple_query(sql).await;
        let refused = said.as_ref().err().and_then(|error| error.as_db_error());
        let refused = refused.is_some_and(|error| error.message().contains("Weir refused"));
        assert!(refused || sql.contains("search_path"), "{sql}: {said:?}");
        if sql.contains("search_path") {
            let read = "select salary + 0 from employees where id = 1";
            let said = format!("{:?}", client.simple_query(read).await);
            assert!(!said.contains(CHIEF), "{said}");
        }
    }
}

#[test]
fn look_ups_are_answered_and_counted() {
    let stage = Stage::shop().unwrap();
    let email = stage.truth("select email from customers where id = 7").unwrap();
    let sql = format!("select id from customers where email = '{}'", email.trim());
    assert_eq!(stage.rows(AGENT, &sql).unwrap().trim(), "7");
    // 49 more are left in this hour; a list counts as many as it holds.
    let guesses = |count: usize| {
        let list: Vec<String> = (0..count).map(|n| format!("'guess{n}@example.org'")).collect();
        format!("select id from customers where email in ({})", list.join(", "))
    };
    assert_eq!(stage.rows(AGENT, &guesses(40)).unwrap(), "");
    let outcome = stage.weir.psql(AGENT, "shop", &guesses(10)).unwrap();
    assert!(outcome.stderr.contains("may look up 50 values of email an hour"), "{outcome}");
    assert!(outcome.stderr.contains("9 are left"), "{outcome}");
    // The person behind the agent is counted for herself, and another label for itself.
    assert_eq!(stage.rows(PERSON, &guesses(10)).unwrap(), "");
    stage.rows(AGENT, "select id from customers where phone = '0'").unwrap();
    assert!(stage.weir.psql(PERSON, "shop", &guesses(200)).unwrap().stderr.contains("200 values"));
    for _ in 0..3 {
        assert_eq!(stage.rows(SERVICE, &guesses(200)).unwrap(), "");
        assert_eq!(stage.rows(ADMIN, &guesses(200)).unwrap(), "");
    }
}
