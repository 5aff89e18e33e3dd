//! What names mean changes while a session works: nobody reads by what a name meant before, or by
//! what it will mean in a moment, what is judged by what it means now.

use crate::names::{bind, execute, parse, query, sync};
use serde_json::Value;
use testkit::weir::{ADMIN, PASSWORD, PERSON};
use tests::{
    Stage,
    hold::until,
    wire::{Message, Raw, frame},
};

/// Nothing in these values tells what they are: only the label of what they are read from masks
/// them.
pub(crate) const SECRET: &str = "select last_name || ' of ' || id from customers where id <= 5";
/// Nor in these.
const NOTE: &str = "select translate(note, '@.', '--') from notes limit 2";
/// One of the session's own that comes before the one that everybody knows.
const OWN: &str = "create temp table customers (id int, last_name text, first_name text)";
/// So that the session has a place for its own already.
const BEFORE: &str = "create temp table nothing (x int)";

pub(crate) struct Case<'a> {
    stage: &'a Stage,
    secrets: Vec<String>,
}

impl<'a> Case<'a> {
    pub(crate) fn of(stage: &'a Stage) -> Self {
        let emails = "select translate(email, '@.', '--') from customers order by id limit 20";
        let secrets = [SECRET, emails].map(|sql| stage.truth(sql).unwrap());
        let secrets = secrets.iter().flat_map(|text| text.lines()).map(str::to_uppercase);
        Self { stage, secrets: secrets.collect() }
    }

    /// What comes back for these messages, each sent when the one before was answered. Fails if a
    /// secret is in it.
    pub(crate) fn hears(&self, what: &str, messages: &[Vec<u8>]) -> String {
        let mut raw = Raw::sign_in(self.stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
        let mut all = String::new();
        for message in messages {
            raw.send(message).unwrap();
            all += &words(&raw.until(b'Z').unwrap());
        }
        self.holds_nothing(what, &all);
        all
    }

    fn holds_nothing(&self, what: &str, said: &str) {
        let shown = self.secrets.iter().find(|secret| said.contains(secret.as_str()));
        assert_eq!(shown, None, "{what}: {said}");
    }
}

/// What comes until a portal is suspended, or an error.
fn suspended(raw: &mut Raw) -> Vec<Message> {
    let mut all = Vec::new();
    while let Some(message) = raw.read().unwrap() {
        assert_ne!(message.tag, b'E', "{message:?}");
        let last = message.tag == b's';
        all.push(message);
        if last {
            break;
        }
    }
    all
}

/// What messages say, in capital letters.
fn words(messages: &[Message]) -> String {
    let of = |message: &Message| {
        let text: String = String::from_utf8_lossy(&message.body).to_uppercase();
        text.replace(char::is_control, " ") + "\n"
    };
    messages.iter().map(of).collect()
}

fn run(statement: &str) -> Vec<u8> {
    [bind("", statement), execute(""), sync()].concat()
}

fn prepared(name: &str, sql: &str) -> Vec<u8> {
    [parse(name, sql), sync()].concat()
}

pub(crate) fn queries(all: &[&str]) -> Vec<Vec<u8>> {
    all.iter().map(|sql| query(sql)).collect()
}

/// Code that looks names up as it runs, and a table of another schema that bears a label.
fn stage() -> Stage {
    stage_with(&[])
}

fn stage_with(more: &[&str]) -> Stage {
    let stage = Stage::shop().unwrap();
    more.iter().for_each(|sql| drop(stage.upstream.psql("shop", sql).unwrap()));
    for sql in [
        "create function recall() returns text language plpgsql as
         $$ begin return (select string_agg(last_name || ' of ' || id, ', ') from customers
                          where id <= 5); end $$",
        "create function recall_sql() returns text language sql as
         $$ select string_agg(last_name || ' of ' || id, ', ') from customers where id <= 5 $$",
        "create function reading() returns text language plpgsql as
         $$ begin return (select translate(note, '@.', '--') from notes limit 1); end $$",
        "create schema vault",
        "create table vault.notes as select email as note from customers order by id",
        "create table public.notes as select 'harmless ' || i as note from generate_series(1, 50) i",
    ] {
        stage.upstream.psql("shop", sql).unwrap();
    }
    labelled(&stage, "vault", "notes");
    stage
}

/// Waits until a table's notes bear a label. Only then is nothing of them raw behind a function.
fn labelled(stage: &Stage, schema: &str, table: &str) {
    until("a label", || {
        // Somebody must be there for Weir to look.
        stage.rows(PERSON, "select 1").unwrap();
        let listed = stage.weir.run(&["labels", "list", "--label", "email", "--json"]).unwrap();
        let listed: Value = serde_json::from_str(&listed.stdout).ok()?;
        let is_it = |one: &Value| one["schema"] == schema && one["table"] == table;
        listed.as_array()?.iter().any(is_it).then_some(())
    });
}

#[test]
fn the_path_is_read_as_the_server_reads_it() {
    let stage = stage();
    let case = Case::of(&stage);
    assert!(case.hears("as it is", &queries(&[NOTE])).contains("HARMLESS"));
    for space in ["\u{a0}", "\u{b}", "\u{85}", "\u{3000}", "\u{2003}"] {
        let own =
            format!("select set_config('search_path', 'pg_temp{space}, public, pg_temp', false)");
        case.hears(&own, &queries(&[OWN, &own, SECRET]));
        let other = format!("select set_config('search_path', 'public{space}, vault', false)");
        case.hears(&other, &queries(&[&other, NOTE]));
    }
    let long = "l".repeat(63);
    let sql = format!("create schema {long}; create table {long}.notes as table vault.notes");
    stage.upstream.psql("shop", &sql).unwrap();
    let path = format!("select set_config('search_path', '{long}more, public', false)");
    labelled(&stage, &long, "notes");
    case.hears("a long name", &queries(&[&path, NOTE]));
    // What is written as all do is understood.
    let sound = ["set search_path = \"public\" , vault", "set search_path to Public,vault"];
    for path in sound {
        assert!(case.hears(path, &queries(&[path, NOTE])).contains("HARMLESS"), "{path}");
    }
}

#[test]
fn what_was_prepared_is_read_anew() {
    let stage = stage();
    let case = Case::of(&stage);
    for later in [OWN, "create temp view customers as select 1 as id, 'x'::text as last_name"] {
        let all = [query(BEFORE), prepared("a", SECRET), run("a"), query(later), run("a")];
        case.hears(later, &all);
    }
    // One that is the session's own stays what it is, and can be made again.
    let made = [query(OWN), query("insert into customers values (7, 'Own', 'x')")];
    let again = [query("drop table pg_temp.customers"), query(OWN)];
    let mine = "select last_name || ' of mine' from customers";
    let seen = case.hears(
        "the session's own",
        &[&made[..], &[prepared("a", mine), run("a")], &again, &[made[1].clone(), run("a")]]
            .concat(),
    );
    assert_eq!(seen.matches("OWN OF MINE").count(), 2, "{seen}");
    let text = "drop table pg_temp.customers; execute a";
    case.hears(text, &[query(OWN), query(&format!("prepare a as {SECRET}")), query(text)]);
}

#[test]
fn code_that_ran_reads_names_anew() {
    let stage = stage();
    let case = Case::of(&stage);
    let both = "select recall(), recall_sql()";
    assert!(case.hears("as it is", &queries(&[both])).contains("***"));
    case.hears("behind a table of its own", &queries(&[BEFORE, both, OWN, both]));
    case.hears("in one text", &queries(&[BEFORE, both, &[OWN, both].join(";")]));
    case.hears("in a transaction", &queries(&["begin", BEFORE, both, OWN, both, "commit", both]));
    for moves in [
        "select set_config('search_path', 'public, pg_temp', true), recall(), recall_sql()",
        "select recall(), recall_sql(), set_config('search_path', 'public, pg_temp', true)
         from generate_series(1, 3)",
        "select recall() from (select set_config('search_path', 'public, pg_temp', true) offset 0) x",
        "select recall() where set_config('search_path', 'public, pg_temp', true) is not null",
        "do $$ begin perform set_config('search_path', 'public, pg_temp', true);
               raise notice '%', recall(); end $$",
        "do $$ begin perform recall(), set_config('search_path', 'public, pg_temp', true)
               from generate_series(1, 3); raise notice '%', recall(); end $$",
    ] {
        case.hears(moves, &queries(&[OWN, moves]));
    }
}

#[test]
fn what_a_cursor_runs_reads_names_as_rows_are_fetched() {
    let stage = stage();
    let case = Case::of(&stage);
    let declare = "declare c cursor for select public.reading() from generate_series(1, 3)";
    let hold = declare.replace("cursor", "cursor with hold");
    let (fetch, path) = ("fetch 1 from c", "set search_path = vault");
    let seen = case.hears("as it is", &queries(&["begin", declare, fetch, fetch]));
    assert_eq!(seen.matches("HARMLESS").count(), 2, "{seen}");
    case.hears("another path", &queries(&["begin", declare, fetch, path, fetch]));
    case.hears(
        "another path, at once",
        &queries(&["begin", declare, &[fetch, path, fetch].join(";")]),
    );
    case.hears("with hold", &queries(&["begin", &hold, fetch, path, "commit", fetch]));
    let own = "declare c cursor for select recall() from generate_series(1, 3)";
    let renamed = "alter table pg_temp.customers rename to others";
    case.hears("a name that goes", &queries(&[OWN, "begin", own, fetch, renamed, fetch]));
}

#[test]
fn what_others_make_comes_before() {
    let stage = stage();
    let case = Case::of(&stage);
    let sql = "select translate(note, '@.', '--') from letters limit 5";
    stage.upstream.psql("shop", "create table vault.letters as table vault.notes").unwrap();
    labelled(&stage, "vault", "letters");
    let sign_in = || Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let (mut statement, mut portal) = (sign_in(), sign_in());
    for raw in [&mut statement, &mut portal] {
        raw.send(&query("set search_path = public, vault")).unwrap();
        raw.until(b'Z').unwrap();
    }
    statement.send(&[prepared("a", sql), run("a")].concat()).unwrap();
    for _ in 0..2 {
        case.holds_nothing("before", &words(&statement.until(b'Z').unwrap()));
    }
    let one = frame(b'E', b"c\0\0\0\0\x01");
    let flush = frame(b'H', b"");
    let begin = query("begin");
    portal.send(&[begin, parse("a", sql), bind("c", "a"), one.clone(), flush].concat()).unwrap();
    case.holds_nothing("before", &words(&suspended(&mut portal)));
    // Somebody else puts another one before it.
    let made = "create table public.letters as select 'harmless'::text as note";
    stage.weir.psql(ADMIN, "shop", made).unwrap().success().unwrap();
    until("what was made", || {
        let seen = stage.weir.psql(PERSON, "shop", "select note from public.letters").unwrap();
        seen.stdout.contains("harmless").then_some(())
    });
    statement.send(&run("a")).unwrap();
    case.holds_nothing("a statement", &words(&statement.until(b'Z').unwrap()));
    portal.send(&[one, sync()].concat()).unwrap();
    case.holds_nothing("a portal", &words(&portal.until(b'Z').unwrap()));
}

#[test]
fn what_runs_behind_a_change_moves_the_path_for_the_rest_of_a_text() {
    let stage = stage_with(&[
        "create function moving() returns event_trigger language plpgsql as
         $$ begin if current_setting('application_name') = 'moving' then
              perform set_config('search_path', 'vault, public', false); end if; end $$",
        "create event trigger moves on ddl_command_end execute function moving()",
    ]);
    let case = Case::of(&stage);
    let (named, made) = ("set application_name = 'moving'", "create temp table nothing (x int)");
    case.hears("one after the other", &queries(&[named, made, NOTE]));
    case.hears("in one text", &queries(&[named, &[made, NOTE].join(";")]));
}
