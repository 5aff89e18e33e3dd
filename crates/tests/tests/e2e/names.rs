//! What a name stands for is what the server has confirmed: no order of messages makes Weir judge
//! one statement while the server runs another.

use testkit::weir::{ADMIN, PASSWORD, PERSON};
use tests::Stage;
use tests::wire::{Message, Raw, frame};

/// Nothing in these values tells what they are: only a statement's own facts mask them, and the
/// server names no column as their origin.
const SECRET: &str = "select last_name || ' of ' || id from customers order by id limit 5";
const HARMLESS: &str = "select 'harmless'::text";

pub(crate) fn parse(name: &str, sql: &str) -> Vec<u8> {
    frame(b'P', format!("{name}\0{sql}\0\0\0").as_bytes())
}

pub(crate) fn bind(portal: &str, statement: &str) -> Vec<u8> {
    frame(b'B', format!("{portal}\0{statement}\0\0\0\0\0\0\0").as_bytes())
}

pub(crate) fn execute(portal: &str) -> Vec<u8> {
    frame(b'E', format!("{portal}\0\0\0\0\0").as_bytes())
}

pub(crate) fn sync() -> Vec<u8> {
    frame(b'S', b"")
}

pub(crate) fn query(sql: &str) -> Vec<u8> {
    frame(b'Q', format!("{sql}\0").as_bytes())
}

/// Sends all of it at once, and reads up to the end of a last statement behind it.
fn pipeline(raw: &mut Raw, messages: &[Vec<u8>]) -> Vec<Message> {
    let last = [sync(), query("rollback"), query("select 'the end'")].concat();
    raw.send(&[messages.concat(), last].concat()).unwrap();
    let mut all = Vec::new();
    loop {
        let part = raw.until(b'Z').unwrap();
        let end = part.iter().any(|message| message.body.ends_with(b"the end"));
        all.extend(part);
        if end {
            return all;
        }
    }
}

/// What a case is called, the messages that come first, and those that follow.
type Case = (&'static str, Vec<Vec<u8>>, Vec<Vec<u8>>);

#[test]
fn no_order_of_messages_shows_what_is_masked() {
    let stage = Stage::shop().unwrap();
    let secrets = stage.truth(SECRET).unwrap();
    let secrets: Vec<&str> = secrets.lines().collect();
    assert_eq!(secrets.len(), 5);
    let sign_in = || Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let long = "n".repeat(63);
    let (first, second, third) = (format!("{long}1"), format!("{long}2"), format!("{long}3"));
    let failing = || bind("", "nowhere");
    let close = |name: &str| frame(b'C', format!("S{name}\0").as_bytes());
    let prepare = query(&format!("prepare a as {SECRET}"));
    let run = |name: &str| [bind("", name), execute(""), sync()].concat();
    // What is done first and answered, then what is sent in one go.
    let cases: Vec<Case> = vec![
        ("secret itself", vec![], vec![parse("", SECRET), run("")]),
        ("parse twice", vec![parse("a", SECRET)], vec![parse("a", HARMLESS), sync(), run("a")]),
        (
            "parse ignored",
            vec![parse("", SECRET)],
            vec![failing(), parse("", HARMLESS), sync(), run("")],
        ),
        (
            "parse over prepare",
            vec![prepare.clone()],
            vec![parse("a", HARMLESS), sync(), query("execute a")],
        ),
        (
            "prepare over parse",
            vec![parse("a", HARMLESS)],
            vec![query("deallocate a"), prepare.clone(), query("execute a")],
        ),
        (
            "prepare over parse, bound",
            vec![parse("a", HARMLESS)],
            vec![query("deallocate a"), prepare.clone(), run("a")],
        ),
        (
            "execute by name",
            vec![query(&format!("prepare a as {HARMLESS}")), parse("s", "execute a")],
            vec![query("deallocate a"), prepare, run("s")],
        ),
        (
            "long names",
            vec![parse(&first, HARMLESS), sync(), close(&second), parse(&third, SECRET)],
            vec![run(&first)],
        ),
        (
            "cursor behind a savepoint",
            vec![
                query("begin"),
                query(&format!("declare c cursor for {SECRET}")),
                query("savepoint s"),
            ],
            vec![
                parse("", HARMLESS),
                bind("c", ""),
                sync(),
                query("rollback to s"),
                query("fetch all from c"),
            ],
        ),
        (
            "cursor in a portal's place",
            vec![query("begin"), parse("", HARMLESS), bind("c", "")],
            vec![
                query("close c"),
                query(&format!("declare c cursor for {SECRET}")),
                execute("c"),
                sync(),
            ],
        ),
    ];
    for (name, before, at_once) in cases {
        let mut raw = sign_in();
        if !before.is_empty() {
            raw.send(&[before.concat(), sync()].concat()).unwrap();
            let answers = before.iter().filter(|message| matches!(message.first(), Some(b'Q')));
            // The Sync is answered too, and each within `before`.
            let syncs = before.iter().filter(|message| matches!(message.first(), Some(b'S')));
            for _ in 0..=answers.count() + syncs.count() {
                raw.until(b'Z').unwrap();
            }
        }
        for message in pipeline(&mut raw, &at_once) {
            let text = String::from_utf8_lossy(&message.body);
            for secret in &secrets {
                assert!(!text.contains(secret), "{name} shows {secret}");
            }
        }
    }
    behind_a_failure(&stage, &secrets);
}

/// What fails or is ignored gives a name its old meaning back, but not where the client has given
/// it another one since, behind the Sync.
fn behind_a_failure(stage: &Stage, secrets: &[&str]) {
    let close = frame(b'C', b"Sa\0");
    let bad = || parse("a", "select 'x'::int");
    let flush = || frame(b'H', b"");
    // What fails or is ignored, and what stands behind its Sync.
    let (closed, made) = (close.clone(), parse("a", SECRET));
    let cases = [
        ("refused", "", vec![parse("", "select 'x'::int")], vec![parse("", SECRET)]),
        ("ignored", "a", vec![bind("", "nowhere"), close.clone(), bad()], vec![closed, made]),
        ("closed", "a", vec![bind("", "nowhere"), close.clone()], vec![close, parse("a", SECRET)]),
        (
            "closed, unnamed",
            "",
            vec![bind("", "nowhere"), frame(b'C', b"S\0")],
            vec![parse("", SECRET)],
        ),
        (
            "failing twice",
            "",
            vec![parse("", "select 'x'::int")],
            vec![parse("", "select 'y'::int"), sync(), parse("", SECRET)],
        ),
    ];
    for (case, name, failing, behind) in cases {
        for described in [false, true] {
            let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
            let describe = frame(b'D', format!("S{name}\0").as_bytes());
            let before = if described { describe } else { Vec::new() };
            raw.send(&[parse(name, HARMLESS), before, sync()].concat()).unwrap();
            raw.until(b'Z').unwrap();
            let at_once = [failing.concat(), sync(), behind.concat(), flush()].concat();
            raw.send(&at_once).unwrap();
            let answers = raw.until(b'1').unwrap();
            assert!(answers.iter().any(|message| message.tag == b'E'), "{case}: {answers:?}");
            raw.send(&[bind("", name), execute(""), sync()].concat()).unwrap();
            let answers = raw.until(b'Z').unwrap();
            let rows = answers.iter().filter(|message| message.tag == b'D').count();
            assert_eq!(rows, secrets.len(), "{case}: what stands behind runs: {answers:?}");
            for message in answers {
                let text = String::from_utf8_lossy(&message.body);
                for secret in secrets {
                    assert!(!text.contains(secret), "{case} shows {secret}");
                }
            }
        }
    }
    // Ignored twice, it still means what it meant at first.
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    raw.send(&[parse("a", HARMLESS), sync()].concat()).unwrap();
    raw.until(b'Z').unwrap();
    let ignored = [bind("", "nowhere"), frame(b'C', b"Sa\0")].concat();
    let twice = [ignored.clone(), sync(), ignored, parse("a", SECRET), sync()].concat();
    raw.send(&twice).unwrap();
    raw.until(b'Z').unwrap();
    raw.until(b'Z').unwrap();
    raw.send(&[bind("", "a"), execute(""), sync()].concat()).unwrap();
    let answers = raw.until(b'Z').unwrap();
    assert!(answers.iter().any(|m| m.tag == b'D' && m.body.ends_with(b"harmless")), "{answers:?}");
}

/// Code need not come to what it says of a name, what it prepared stays where it fails, and what it
/// runs by a name is another each time.
#[test]
fn code_gives_no_name_another_meaning() {
    let stage = Stage::shop().unwrap();
    let secrets = stage.truth(SECRET).unwrap();
    let by_name = "create function by_name() returns void language sql as 'execute a'";
    stage.rows(ADMIN, by_name).unwrap();
    let block = |steps: &str| query(&format!("do $$ begin {steps} end $$"));
    let prepared = |sql: &str| query(&format!("prepare a as {sql}"));
    let changed = |sql: &str| format!("deallocate a; prepare a as {sql};");
    let run = |by_wire: bool| match by_wire {
        true => vec![[bind("", "a"), execute(""), sync()].concat()],
        false => vec![query("execute a")],
    };
    let swallowed = format!("prepare a as {HARMLESS}; exception when others then null;");
    let made = format!("{} raise 'then it fails';", changed(SECRET));
    let cases = [
        (SECRET, format!("if false then {} end if;", changed(HARMLESS))),
        (SECRET, format!("return; {}", changed(HARMLESS))),
        (SECRET, swallowed),
        (HARMLESS, made),
        (HARMLESS, changed(SECRET)),
    ];
    let mut ways: Vec<Vec<Vec<u8>>> = Vec::new();
    for (first, steps) in &cases {
        for by_wire in [false, true] {
            ways.push([vec![prepared(first), block(steps)], run(by_wire)].concat());
        }
    }
    // The call's text says nothing of the name, so that its plan must not depend on it.
    ways.push(vec![
        query("create temp table mine (t text)"),
        prepared("select 1"),
        query("select by_name()"),
        query("deallocate a"),
        prepared(&format!("insert into mine {SECRET}")),
        query("select by_name()"),
        query("select t from mine"),
    ]);
    for (number, way) in ways.iter().enumerate() {
        let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
        for message in way {
            raw.send(message).unwrap();
            for message in raw.until(b'Z').unwrap() {
                let text = String::from_utf8_lossy(&message.body);
                for secret in secrets.lines() {
                    assert!(!text.contains(secret), "way {number} shows {secret}");
                }
            }
        }
    }
}

#[test]
fn honest_pipelines_work() {
    let stage = Stage::shop().unwrap();
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let mut messages = vec![parse("a", "select 'from a'")];
    for _ in 0..50 {
        messages.extend([bind("", "a"), execute(""), sync()]);
        messages.extend([parse("", "select 'unnamed'"), bind("p", ""), execute("p"), sync()]);
    }
    messages.extend([query("prepare b as select 'from b'"), query("execute b")]);
    messages.extend([query("begin"), query("set local search_path to pg_catalog")]);
    messages.extend([parse("", "select 'local'::text"), bind("", ""), execute(""), sync()]);
    messages.push(query("select 'simple'"));
    let answers = pipeline(&mut raw, &messages);
    let count = |text: &str| {
        answers.iter().filter(|m| m.tag == b'D' && m.body.ends_with(text.as_bytes())).count()
    };
    let errors: Vec<_> = answers.iter().filter(|m| m.tag == b'E').collect();
    assert!(errors.is_empty(), "{errors:?}");
    let counts = ["from a", "unnamed", "from b", "local", "simple"].map(count);
    assert_eq!(counts, [50, 50, 1, 1, 1]);
}

#[test]
fn what_nobody_named_is_answered_as_by_the_server() {
    let stage = Stage::shop().unwrap();
    let describe = |what: &str| frame(b'D', format!("{what}\0").as_bytes());
    let portal = ("34000", "portal \"\" does not exist");
    let unnamed = ("26000", "unnamed prepared statement does not exist");
    let named = ("26000", "prepared statement \"no where\" does not exist");
    let cases = [
        (execute(""), portal),
        (describe("P"), portal),
        ([describe("P"), execute("")].concat(), portal),
        (bind("", ""), unnamed),
        (describe("S"), unnamed),
        ([bind("", ""), execute("")].concat(), unnamed),
        (bind("p", "no where"), named),
        (describe("Sno where"), named),
        ([bind("", "no where"), describe("P"), execute("")].concat(), named),
    ];
    for who in [ADMIN, PERSON] {
        let mut raw = Raw::sign_in(stage.weir.port(), who, PASSWORD, "shop").unwrap();
        for begin in ["", "begin"] {
            for (messages, (code, words)) in &cases {
                raw.send(&[query(begin), messages.clone(), sync()].concat()).unwrap();
                let mut answers = raw.until(b'Z').unwrap();
                answers.extend(raw.until(b'Z').unwrap());
                let errors = answers.iter().filter(|message| message.tag == b'E');
                let said: Vec<String> =
                    errors.map(|it| String::from_utf8_lossy(&it.body).into_owned()).collect();
                let [said] = said.as_slice() else { panic!("{who}: {words}: {said:?}") };
                let has = |field: String| said.split('\0').any(|part| part == field);
                assert!(has(format!("C{code}")) && has(format!("M{words}")), "{who}: {said:?}");
                raw.send(&query("rollback")).unwrap();
                raw.until(b'Z').unwrap();
            }
        }
        // What SQL made is bound by its name, also where the protocol did not make it.
        let prepare = query("prepare \"no where\" as select 'here'::text");
        raw.send(&prepare).unwrap();
        raw.until(b'Z').unwrap();
        raw.send(&[bind("", "no where"), execute(""), sync()].concat()).unwrap();
        let answers = raw.until(b'Z').unwrap();
        let here = answers.iter().any(|m| m.tag == b'D' && m.body.ends_with(b"here"));
        assert!(here, "{who}: {answers:?}");
    }
}

/// Sends one message after the other, each once the one before is answered, and gives all that the
/// server said.
fn hears(stage: &Stage, messages: impl IntoIterator<Item = Vec<u8>>) -> String {
    let mut raw = Raw::sign_in(stage.weir.port(), PERSON, PASSWORD, "shop").unwrap();
    let mut said = String::new();
    for message in messages {
        raw.send(&message).unwrap();
        for answer in raw.until(b'Z').unwrap() {
            said.push_str(&String::from_utf8_lossy(&answer.body));
            said.push('\n');
        }
    }
    said
}

/// The server runs what is constant when it plans, and triggers that waited when it is told to.
#[test]
fn what_the_server_runs_unasked_moves_no_name_unseen() {
    let stage = Stage::shop().unwrap();
    let secrets = stage.truth("select last_name from customers order by id limit 50").unwrap();
    let path = "set_config('search_path', 'public', false)";
    for text in [
        "create schema mine".to_owned(),
        "create table mine.customers (n int)".to_owned(),
        "insert into mine.customers values (7)".to_owned(),
        format!(
            "create function mine.f() returns text immutable language sql as $$ select {path} $$"
        ),
        format!(
            "create function mine.t() returns trigger language plpgsql as $$ \
             begin perform {path}; return old; end $$"
        ),
        "create table mine.late (n int)".to_owned(),
        "create constraint trigger t after insert on mine.late deferrable initially deferred \
         for each row execute function mine.t()"
            .to_owned(),
    ] {
        stage.rows(ADMIN, &text).unwrap();
    }
    let leak = "select c::text from customers c";
    let folded = "select mine.f(), c::text from customers c";
    let again = || vec![query(leak)];
    let ways: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("explain", [vec![query("explain select mine.f()")], again()].concat()),
        (
            "a bind",
            vec![[parse("", "select mine.f()"), bind("", ""), sync()].concat(), query(leak)],
        ),
        (
            "a bind before it",
            vec![
                [
                    parse("x", "select mine.f()"),
                    bind("x", "x"),
                    parse("", leak),
                    bind("", ""),
                    execute(""),
                    sync(),
                ]
                .concat(),
            ],
        ),
        (
            "two binds",
            vec![[parse("", folded), bind("p", ""), bind("", ""), execute(""), sync()].concat()],
        ),
        (
            "constraints",
            vec![
                query("begin"),
                query("insert into mine.late values (1)"),
                query("set constraints all immediate"),
                query(leak),
            ],
        ),
    ];
    for (name, messages) in ways {
        let first = [query("set search_path = mine"), query(leak)];
        let all = first.into_iter().chain(messages).chain([query("show search_path")]);
        let said = hears(&stage, all);
        assert!(said.contains("(7)"), "{name}: {said}");
        for secret in secrets.lines() {
            assert!(!said.contains(&format!(",{secret},")), "{name} shows {secret}: {said}");
        }
        if !matches!(name, "a bind before it" | "two binds") {
            assert!(said.ends_with("public\nSHOW\0\nI\n") || said.contains("public"), "{name}");
        }
    }
}

/// Code that hangs on what no text names: behind keys, on an index, on every change of structure.
const HUNG: &str = "
    create schema mine;
    create table mine.customers (n int);
    insert into mine.customers values (7);
    create function mine.t() returns trigger language plpgsql as $$
    begin perform set_config('search_path', 'public', false); return old; end $$;
    create table mine.parent (id int primary key);
    create table mine.child (p int references mine.parent on delete cascade on update cascade);
    insert into mine.parent select generate_series(1, 9);
    insert into mine.child select generate_series(1, 9);
    create trigger t after delete or update on mine.child
        for each row execute function mine.t();
    create table mine.emptied (id int primary key);
    create table mine.emptied_too (p int references mine.emptied);
    create trigger t after truncate on mine.emptied_too execute function mine.t();
    create function mine.k() returns int immutable language plpgsql as $$
    begin perform set_config('search_path', 'public', false); return 1; end $$;
    create table mine.indexed (n int);
    create index on mine.indexed ((n + mine.k()));
    create function mine.e() returns event_trigger language plpgsql as $$
    begin perform set_config('search_path', 'public', false); end $$;
    create event trigger e on ddl_command_end execute function mine.e();";

#[test]
fn what_hangs_on_others_moves_no_name_unseen() {
    let stage = Stage::shop().unwrap();
    let secrets = stage.truth("select last_name from customers order by id limit 50").unwrap();
    stage.rows(ADMIN, HUNG).unwrap();
    let leak = "select c::text from customers c";
    let mut moved = Vec::new();
    for (name, text) in [
        ("a cascade", "delete from mine.parent where id = 1"),
        ("a cascaded key", "update mine.parent set id = 20 where id = 2"),
        ("an emptied table", "truncate mine.emptied cascade"),
        ("an index", "select * from mine.indexed where n = 1"),
        ("an index that is not run", "explain select * from mine.indexed where n = 1"),
        ("an event trigger", "create temporary table made (n int)"),
        ("an event trigger of a copy", "select 1 as n into temporary made_too"),
    ] {
        for pipelined in [false, true] {
            let mut messages = vec![query("set search_path = mine"), query(leak), query("begin")];
            if pipelined {
                let texts = [parse("", text), bind("", ""), execute("")];
                let behind = [parse("", leak), bind("", ""), execute(""), sync()];
                messages.push([texts.concat(), behind.concat()].concat());
            } else {
                messages.extend([query(text), query(leak)]);
            }
            messages.extend([query("show search_path"), query("rollback")]);
            let said = hears(&stage, messages);
            assert!(said.contains("(7)"), "{name}: {said}");
            for secret in secrets.lines() {
                assert!(!said.contains(&format!(",{secret},")), "{name} shows {secret}: {said}");
            }
            if said.contains("public\n") {
                moved.push((name, pipelined));
            }
        }
    }
    // What moved no name shows nothing: most of them must have.
    assert!(moved.len() >= 6, "{moved:?}");
}

/// What a trigger behind a key copies bears the labels of what it copies.
#[test]
fn what_a_trigger_behind_a_key_copies_stays_masked() {
    let stage = Stage::shop().unwrap();
    let secrets = stage.truth("select last_name from customers order by id limit 50").unwrap();
    let setup = "
        create schema mine;
        create table mine.parent (id int primary key);
        create table mine.child (p int references mine.parent on delete cascade);
        insert into mine.parent select generate_series(1, 9);
        insert into mine.child select generate_series(1, 9);
        create table mine.copied (x text);
        create function mine.c() returns trigger language plpgsql as $$
        begin insert into mine.copied select last_name from public.customers; return old; end $$;
        create trigger t after delete on mine.child for each row execute function mine.c();";
    stage.rows(ADMIN, setup).unwrap();
    for behind in [Vec::new(), vec![query("begin")]] {
        let texts = ["delete from mine.parent where id = 1", "select x, 'copied' from mine.copied"];
        let said = hears(&stage, behind.into_iter().chain(texts.map(query)));
        assert!(said.contains("copied"), "{said}");
        for secret in secrets.lines().filter(|secret| secret.len() > 3) {
            assert!(!said.contains(secret), "shows {secret}: {said}");
        }
    }
}
