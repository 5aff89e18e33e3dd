//! Temporary tables are the session's own, and what is put into them stays masked there: read as
//! the values they came from, whatever the way, while what bears no label stays as it is.

use testkit::weir::{PASSWORD, PERSON};
use tests::Stage;
use tests::wire::{Message, Raw, frame};

/// Names of customers 1 to 20. Nothing in them tells what they are, so only their label masks
/// them.
fn secrets(stage: &Stage) -> Vec<String> {
    let sql = "select last_name, first_name, email from customers where id <= 20";
    let text = stage.truth(sql).unwrap();
    let all = text.lines().flat_map(|line| line.split('|'));
    all.filter(|value| value.len() > 5).map(str::to_uppercase).collect()
}

fn session(stage: &Stage) -> Raw {
    Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap()
}

fn query(sql: &str) -> Vec<u8> {
    frame(b'Q', format!("{sql}\0").as_bytes())
}

fn parse(name: &str, sql: &str) -> Vec<u8> {
    frame(b'P', format!("{name}\0{sql}\0\0\0").as_bytes())
}

/// A Bind that wants every column in this format: 0 is text, 1 binary.
fn bind(statement: &str, format: u8) -> Vec<u8> {
    let mut body = format!("\0{statement}\0\0\0\0\0\0\x01").into_bytes();
    body.extend([0, format]);
    frame(b'B', &body)
}

fn execute() -> Vec<u8> {
    frame(b'E', b"\0\0\0\0\0")
}

fn sync() -> Vec<u8> {
    frame(b'S', b"")
}

/// A statement by the extended protocol, results in binary.
fn extended(sql: &str) -> Vec<u8> {
    [parse("", sql), bind("", 1), execute(), sync()].concat()
}

/// Everything that comes back for these messages and a last statement behind them.
fn answers(raw: &mut Raw, messages: &[Vec<u8>], at_once: bool) -> Vec<Message> {
    let mut all = Vec::new();
    let end = query("select 'the end'");
    if at_once {
        raw.send(&[messages.concat(), end].concat()).unwrap();
    } else {
        for message in messages {
            raw.send(message).unwrap();
            all.extend(raw.until(b'Z').unwrap());
        }
        raw.send(&end).unwrap();
    }
    loop {
        let part = raw.until(b'Z').unwrap();
        let last = part.iter().any(|message| message.body.ends_with(b"the end"));
        all.extend(part);
        if last {
            return all;
        }
    }
}

fn text(messages: &[Message]) -> String {
    messages.iter().map(|message| String::from_utf8_lossy(&message.body).to_uppercase()).collect()
}

fn errors(messages: &[Message]) -> Vec<String> {
    let errors = messages.iter().filter(|message| message.tag == b'E');
    errors.map(|message| message.field(b'M').unwrap_or_default()).collect()
}

/// Statements by which a masked session could get values out of a temporary table. The last ones
/// are read through both protocols.
const WAYS: &[&[&str]] = &[
    &[
        "create temp table t as select id, last_name as x from customers",
        "select upper(x) from t where id <= 20",
    ],
    &[
        "create temp table t as select id, last_name as x from customers",
        "select x from t where id <= 20",
    ],
    &[
        "select id, first_name as x into temp t from customers",
        "select reverse(reverse(x)) from t where id <= 20",
    ],
    &[
        "create temp table t (id int, x text)",
        "select x from t",
        "insert into t select id, last_name from customers where id <= 20",
        "select upper(x), x from t",
    ],
    &[
        "create temp table t (id int, x text)",
        "prepare p as select upper(x) from t",
        "insert into t select id, last_name from customers where id <= 20",
        "execute p",
    ],
    &[
        "create temp table t as select id, 'none'::text as x from customers where id <= 20",
        "update t set x = c.last_name from customers c where c.id = t.id",
        "select string_agg(x, ',') from t",
    ],
    &[
        "create temp table t (id int primary key, x text)",
        "insert into t values (1, 'a')",
        "merge into t using customers c on c.id = t.id when matched then update set x = c.last_name when not matched and c.id <= 20 then insert values (c.id, c.last_name)",
        "insert into t select id, last_name from customers where id <= 20 on conflict (id) do update set x = excluded.x",
        "select upper(x) from t",
    ],
    &[
        "create temp table t (id int, x text)",
        "with w as (insert into t select id, last_name from customers where id <= 20 returning upper(x) as y) select y from w",
        "select lower(x) from t",
    ],
    &[
        "create temp table a as select id, last_name as x from customers where id <= 20",
        "create temp table b as select id, x as y from a",
        "drop table a",
        "select upper(y) from b",
    ],
    &[
        "create temp table a as select id, last_name as x from customers where id <= 20",
        "alter table a rename to c",
        "alter table c rename column x to harmless",
        "create temp table a as select 1 as id, 'x'::text as x",
        "select upper(harmless) from c",
        "select upper(x) from a",
    ],
    &[
        "create temp table t as select id, country as x, last_name as y from customers where id <= 20",
        "alter table t add column z text",
        "alter table t alter column x type text using y",
        "select upper(x), z from t",
    ],
    &[
        "create temp table t (id int, y text, x text generated always as (upper(y)) stored)",
        "insert into t (id, y) select id, last_name from customers where id <= 20",
        "select reverse(reverse(x)) from t",
        "alter table t alter column x drop expression",
        "select reverse(reverse(x)) from t",
    ],
    &[
        "create temp view v as select id, upper(last_name) as x from customers where id <= 20",
        "select x || '' from v",
    ],
    &[
        "create temp table t (id int, x text)",
        "create temp view v as select upper(x) as y from t",
        "insert into t select id, last_name from customers where id <= 20",
        "select y || '' from v",
        "alter table t rename column x to w",
        "select y || '' from v",
    ],
    &[
        "begin",
        "create temp table t on commit drop as select id, last_name as x from customers where id <= 20",
        "select upper(x) from t",
        "savepoint s",
        "create temp table countries as select last_name as name from customers where id <= 20",
        "select upper(name) from countries",
        "rollback to s",
        "select upper(x) from t",
        "commit",
    ],
    // A guess that comes back is the value.
    &[
        "create temp table g (v text)",
        "insert into g select upper(w) from regexp_split_to_table('smith nguyen martin garcia rossi silva brown jones', ' ') w",
        "select g.v from g join customers c on upper(c.last_name) = g.v",
    ],
    &[
        "create temp table g (v text); insert into g values ('SMITH'), ('NGUYEN'), ('MARTIN'), ('ROSSI'); select g.v from g join customers c on upper(c.last_name) = g.v",
    ],
    // A column that holds a labelled value puts no label on where it came from.
    &[
        "create temp table t (id int, x text)",
        "insert into t select id, last_name from customers where id <= 20",
        "insert into t select id, email from customers where id <= 20",
        "update t set x = upper(x)",
        "select x from t",
    ],
    // What hides a table of the catalog, and what is said to be another.
    &[
        "create temp table products as select last_name as sku, id from customers",
        "select upper(sku) from products where id <= 20",
        "select upper(sku) from pg_temp.products where id <= 20",
    ],
    &[
        "create temp table customers as select 1 as id, 'x'::text as last_name",
        "select upper(last_name) from public.customers where id <= 20",
    ],
    &[
        "set search_path to public, pg_temp",
        "create temp table customers as select 1 as id, 'x'::text as last_name",
        "select upper(last_name) from customers where id <= 20",
    ],
    &[
        "create temp table customers as select 1 as id, 'x'::text as last_name; select upper(last_name) from public.customers where id <= 20",
    ],
    &[
        "create temp table t as select id, last_name as x from customers; select upper(x) from t where id <= 20",
    ],
    &[
        "create temp table t (id int, x text); insert into t select id, last_name from customers; select upper(x) from t where id <= 20",
    ],
    &[
        "prepare p as select upper(country) from customers where id <= 20",
        "create temp table customers as select id, last_name as country from public.customers; execute p",
        "execute p",
    ],
    &[
        "create temp table t (id int, x text)",
        "insert into t select id, last_name from customers where id <= 20",
        "copy t to stdout",
        "copy (select upper(x) from t) to stdout",
        "copy (select x from t) to stdout with (format csv)",
    ],
    &[
        "create temp table t as select id, last_name as x from customers where id <= 20",
        "select t from t",
        "select (t).x || '' from t",
        "select to_jsonb(t) from t",
        "select array_agg(t) from t",
    ],
    &[
        "create temp table t (id int check (id < 5), x text)",
        "insert into t select id, last_name from customers where id <= 4",
        "update t set id = 10 + id",
        "select x::int from t",
    ],
    &[
        "create temp table t as select id, last_name as x from customers where id <= 20",
        "begin",
        "declare c cursor for select upper(x) from t",
        "fetch all from c",
        "commit",
    ],
    // What was prepared reads what was put there since.
    &[
        "create temp table t (b text); create temp table o (v text)",
        "prepare p as insert into o select b from t returning upper(v)",
        "insert into t select last_name from customers where id <= 20",
        "execute p",
        "select upper(v) from o",
    ],
    // A variable that is called like a column which is not in sight there.
    &[
        "create temp table o (v text); create temp table p (b text, a text); insert into p values ('x', 'y')",
        "do $$ declare old record; x text; begin select upper(last_name) as a into old from customers where id <= 20 order by length(last_name) desc limit 1; update p set b = b returning old.a into x; insert into o values (x); end $$",
        "select v from o",
    ],
    &[
        "create temp table o (v text)",
        "do $$ declare xmin text; begin select upper(last_name) into xmin from customers where id <= 20 order by length(last_name) desc limit 1; insert into o select xmin from customer_contacts limit 1; end $$",
        "select v from o",
    ],
    &[
        "create temp table p (b text, a text)",
        "do $$ declare a text; begin select upper(last_name) into a from customers where id <= 20 order by length(last_name) desc limit 1; merge into p using (select 1) s on false when not matched then insert (b) values (a); end $$",
        "select b from p",
    ],
    // What may not be there hides nothing.
    &[
        "create temp table o (v text)",
        "do $$ begin if false then create temp table customers (id int, last_name text); end if; insert into o select upper(last_name) from customers where id <= 20; end $$",
        "select v from o",
    ],
    &[
        "create temp table o (v text)",
        "do $$ begin begin create temp table customers (id int, last_name text); raise exception 'a'; exception when others then null; end; insert into o select upper(last_name) from customers where id <= 20; end $$",
        "select v from o",
    ],
    &[
        "create temp view v as select upper(last_name) as a from customers where id <= 20; create temp table o (v text)",
        "do $$ begin if false then create or replace temp view v as select 'k'::text as a; end if; insert into o select a from v; end $$",
        "select v from o",
    ],
    &[
        "create temp table o (v text); create temp table customers (id int, last_name text)",
        "set search_path to public, pg_temp",
        "do $$ begin if false then set search_path = pg_temp, public; end if; insert into pg_temp.o select upper(last_name) from customers where id <= 20; end $$",
        "select v from pg_temp.o",
    ],
    &[
        "explain create temp table customers as select 1 as id, 'x'::text as last_name; select upper(last_name) from customers where id <= 20",
    ],
    &[
        "begin",
        "do $$ begin if false then create temp table customers (id int, last_name text); end if; end $$",
        "select upper(last_name) from customers where id <= 20",
        "commit",
    ],
    &[
        "create temp table customers as select (1 / 0) as id, 'x'::text as last_name",
        "select upper(last_name) from customers where id <= 20",
    ],
    &[
        "begin; savepoint a; create temp table customers (id int, last_name text); rollback to a; select upper(last_name) from customers where id <= 20; commit",
    ],
    &[
        "create temp table t (x text default full_name((select c from customers c where id = 1)))",
        "insert into t default values",
        "select upper(x) from t",
    ],
];

#[test]
fn what_is_put_into_a_temporary_table_stays_masked_there() {
    let stage = Stage::shop().unwrap();
    let secrets = secrets(&stage);
    let mut unsound = Vec::new();
    for ways in WAYS {
        let bare = ways.iter().filter(|way| !way.starts_with("copy")).copied();
        let bare: Vec<&str> = bare.collect();
        let bare = stage.upstream.psql("shop", &bare.join("; "));
        let bare = bare.unwrap_or_else(|error| format!("{error:#}")).to_uppercase();
        if !secrets.iter().any(|secret| bare.contains(secret.as_str())) {
            unsound.push(ways);
        }
        for at_once in [false, true] {
            for binary in [false, true] {
                let mut raw = session(&stage);
                let one = |sql: &&str| {
                    // Several statements, and COPY, are the simple protocol's alone.
                    let simple = !binary || sql.contains(';') || sql.starts_with("copy");
                    if simple { query(sql) } else { extended(sql) }
                };
                let messages: Vec<Vec<u8>> = ways.iter().map(one).collect();
                let seen = text(&answers(&mut raw, &messages, at_once));
                for secret in &secrets {
                    assert!(
                        !seen.contains(secret.as_str()),
                        "{ways:?} {at_once} {binary} leaks {secret}:\n{seen}"
                    );
                }
            }
        }
    }
    // The bare database gives it away by nearly all of them, so the ways are sound.
    assert!(unsound.len() <= 4, "nothing is given away by {unsound:#?}");
}

/// Texts that are about a temporary table at first sight, and about the table that it hides once it
/// is gone or was never made.
const HIDDEN: &[&str] = &[
    "drop table jobs; drop table jobs",
    "do $$ begin drop table jobs; drop table jobs; end $$",
    "do $$ begin for i in 1..2 loop drop table jobs; end loop; end $$",
    "alter table jobs rename to others; drop table jobs",
    "drop table jobs; alter table jobs rename to others",
    "drop table jobs; create index on jobs (id)",
    "discard temp; drop table jobs",
    "do $$ begin if false then create temp table jobs (id int); end if; drop table jobs; end $$",
    "do $$ begin if false then create temp table jobs (id int); end if; truncate jobs; end $$",
    "do $$ begin if false then create temp table jobs (id int); end if; delete from jobs; end $$",
    "do $$ begin if false then create temp table jobs (id int); end if; \
     alter table jobs add column more int; end $$",
];

#[test]
fn what_a_temporary_table_hides_is_not_dropped_with_it() {
    let stage = Stage::shop().unwrap();
    stage.upstream.psql("shop", "create table jobs (id int); insert into jobs values (1)").unwrap();
    let there = "select (select count(*) from jobs), (select count(*) from pg_attribute \
                 where attrelid = 'jobs'::regclass), (select count(*) from pg_index \
                 where indrelid = 'jobs'::regclass)";
    let before = stage.truth(there).unwrap();
    for text in HIDDEN {
        let mut raw = session(&stage);
        let made =
            if text.contains("if false") { "select 1" } else { "create temp table jobs (id int)" };
        let said = answers(&mut raw, &[query(made), query(text)], false);
        assert_eq!(errors(&said).len(), 1, "{text}: {}", self::text(&said));
        assert_eq!(stage.truth(there).unwrap(), before, "{text}");
    }
}

#[test]
fn ordinary_work_with_temporary_tables_goes_on() {
    let stage = Stage::shop().unwrap();
    let ways: &[&[&str]] = &[
        &[
            "drop table if exists tmp_orders",
            "create temp table tmp_orders as select id, order_no, status, total from orders where id <= 50",
            "create index on tmp_orders (id)",
            "analyze tmp_orders",
            "select * from tmp_orders order by id",
            "select status, count(*), sum(total) from tmp_orders group by status order by status",
            "alter table tmp_orders add column big boolean",
            "update tmp_orders set big = total > 100",
            "select id, big from tmp_orders order by id",
            "delete from tmp_orders",
            "insert into tmp_orders (id, status) select id, status from orders where id between 10 and 12",
            "select id, status from tmp_orders order by id",
            "truncate tmp_orders",
            "select count(*) from tmp_orders",
            "alter table tmp_orders rename to tmp_other",
            "select count(*) from tmp_other",
            "drop table tmp_other",
        ],
        &[
            "begin",
            "create temp table t on commit drop as select sku, price from products",
            "select p.sku, t.price from products p join t using (sku) order by p.sku limit 10",
            "savepoint s",
            "create temp table u (n int)",
            "insert into u values (1), (2)",
            "select n from u order by n",
            "rollback to s",
            "select count(*) from t",
            "commit",
            "select sku from products order by sku limit 3",
        ],
        &[
            "create temp view v as select id, country, extract(year from signed_up_at) as y from customers",
            "select * from v order by id limit 20",
            "select country, count(*) from v group by country order by country",
        ],
        &[
            "create temp table ids (id int primary key)",
            "insert into ids select generate_series(1, 20)",
            "select c.id, c.country from customers c join ids using (id) order by id",
            "select c.id, o.order_no from customers c join ids using (id) join orders o on o.customer_id = c.id order by 1, 2",
        ],
        &[
            "create temp table one as select id, country from customers; select * from one order by id limit 5",
        ],
        &[
            "create temp table rows (p countries)",
            "insert into rows select p from countries p order by name limit 5",
            "select (p).name from rows order by 1",
        ],
        &["discard temp", "discard all", "select 1"],
    ];
    for way in ways {
        for extended_too in [false, true] {
            let mut through = session(&stage);
            let mut direct = Raw::sign_in(
                stage.upstream.port(),
                testkit::postgres::SUPERUSER,
                testkit::postgres::SUPERUSER_PASSWORD,
                "shop",
            )
            .unwrap();
            let one = |sql: &&str| {
                if extended_too && !sql.contains(';') { extended(sql) } else { query(sql) }
            };
            let messages: Vec<Vec<u8>> = way.iter().map(one).collect();
            let seen = answers(&mut through, &messages, false);
            assert!(errors(&seen).is_empty(), "{way:?}: {:?}", errors(&seen));
            let rows = |all: &[Message]| -> Vec<Vec<u8>> {
                all.iter().filter(|m| m.tag == b'D').map(|m| m.body.clone()).collect()
            };
            let truth = answers(&mut direct, &messages, false);
            assert_eq!(rows(&seen), rows(&truth), "{way:?}");
        }
    }
}

/// What a person put into a table of their own, made long where a value has a digit: whether it
/// becomes too long tells that it has.
#[test]
fn how_long_ones_own_texts_are_tells_nothing_of_a_value() {
    let stage = Stage::shop().unwrap();
    let make = "create temp table mine as select string_agg('w' || i, ' ') as a \
                from generate_series(1, 250000) i";
    let ask = |id: &str, letter: char| {
        format!(
            "select length(to_tsvector('simple', replace(card_number, '{letter}', a))) > 0 \
             from payments, mine where id = {id}"
        )
    };
    let card = stage.truth("select card_number from payments where id = 7").unwrap();
    let has = card.trim().chars().next().unwrap();
    let lacks = ('0'..='9').find(|digit| !card.contains(*digit)).unwrap();
    let direct = |letter| stage.truth(&format!("{make}; {}", ask("7", letter)));
    assert!(direct(has).is_err() && direct(lacks).is_ok(), "it works on the bare database");
    let mut session = session(&stage);
    let said = answers(&mut session, &[query(make)], false);
    assert_eq!(errors(&said), [""; 0]);
    let mut of = |letter| errors(&answers(&mut session, &[query(&ask("7", letter))], false));
    let (with, without) = (of(has), of(lacks));
    assert_eq!((with.len(), &with), (1, &without));
    // In a table that the open transaction made, too.
    let of = |letter: char| {
        let mut session = self::session(&stage);
        let made = make.replace("mine", "others");
        let asked = ask("7", letter).replace("mine", "others");
        let all = ["begin", &made, &asked, "rollback"].map(query);
        errors(&answers(&mut session, &all, false))
    };
    let (with, without) = (of(has), of(lacks));
    assert_eq!((with.len(), &with), (1, &without));
}
