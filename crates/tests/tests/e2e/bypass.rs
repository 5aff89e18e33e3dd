//! Every case of the corpus gives a secret away on the bare database, in each way of saying it, and
//! not a byte of it through Weir.
//!
//! `BYPASS=word cargo nextest run -p tests -E 'test(/^bypass::/)'` runs the cases whose name holds
//! the word;
//! `BYPASS_SHOW=1` prints what Weir answers.

use std::collections::BTreeMap;
use std::env;
use testkit::weir::{AGENT, PASSWORD, PERSON};
use testkit::{Postgres, Weir, postgres, shop};
use tests::bypass::{Case, Category, Expect, Planted, before_planting, corpus, planted};
use tests::canary::{Canaries, Finding, Secret};
use tests::ways::{WAYS, Way};
use tests::wire::{Message, Raw, frame};

/// Digests that a dictionary of all social security numbers would turn back at once.
const DIGESTS: &str = "md5(v), encode(sha224(v::bytea), 'hex'), encode(sha256(v::bytea), 'hex'), \
                       encode(sha384(v::bytea), 'hex'), encode(sha512(v::bytea), 'hex'), \
                       abs(hashtextextended(v, 0))";
/// In place of the baseline's file: every question is permitted, so that no refusal hides what
/// lineage would have to mask, and what bears no label leaves as it is, so that the scan of content
/// does not hide that an email address was not known to be one.
const LINEAGE_ALONE: &str = r#"
@id("questions")
permit (
  principal,
  action in [
    Action::"test", Action::"look_up", Action::"infer", Action::"write_label", Action::"copy"
  ],
  resource
);
@id("aggregate")
@min_group("5")
permit (principal, action == Action::"aggregate", resource);
@id("export")
forbid (principal, action == Action::"export", resource);
@id("no-scan")
permit (principal, action == Action::"disclose", resource)
unless {
  resource in Class::"pii" || resource in Class::"pci" || resource in Class::"phi" ||
  resource in Class::"secret" || resource in Class::"unknown"
};
"#;
/// The category about questions: where all are permitted, nothing is promised.
const INFERENCE: &str = "inference/";
/// Words of statements that could change what was planted.
const WRITES: [&str; 8] =
    ["insert", "update", "delete", "merge", "truncate", "alter", "copy", "call"];

/// The servers, and a connection to each side.
struct Place {
    planting: String,
    canaries: Canaries,
    bare: Raw,
    weir: Weir,
    lineage: Weir,
    upstream: Postgres,
}

/// Who says a case through which Weir.
#[derive(Clone, Copy, Debug)]
struct Speaker<'a> {
    identity: &'a str,
    baseline: bool,
}

impl Place {
    fn new(corpus: &[Category]) -> Self {
        let upstream = Postgres::options().shop().setting("max_prepared_transactions", "5");
        let upstream = upstream.start().unwrap();
        let planted = planted().unwrap();
        let planting = planting(&planted);
        upstream.psql(shop::DATABASE, &before_planting().unwrap()).unwrap();
        upstream.psql(shop::DATABASE, &planting).unwrap();
        upstream.psql(shop::DATABASE, "refresh materialized view best_customers").unwrap();
        for category in corpus {
            for text in &category.setup {
                upstream
                    .psql(shop::DATABASE, text)
                    .unwrap_or_else(|error| panic!("{}: {error:#}", category.name));
            }
        }
        let canaries = canaries(&upstream, &planted);
        let weir = Weir::start(&upstream).unwrap();
        let lineage =
            Weir::options(&upstream).policy("60-values.cedar", LINEAGE_ALONE).start().unwrap();
        let bare = Self::direct(&upstream);
        Self { planting, canaries, bare, weir, lineage, upstream }
    }

    fn direct(upstream: &Postgres) -> Raw {
        let password = postgres::SUPERUSER_PASSWORD;
        Raw::sign_in(upstream.port(), postgres::SUPERUSER, password, shop::DATABASE).unwrap()
    }

    /// Runs SQL on the bare database for its effect.
    fn effect(&mut self, sql: &str) -> Vec<Message> {
        self.bare.query(sql).unwrap();
        self.bare.until(b'Z').unwrap()
    }

    /// What the bare database gives away.
    fn exploit(&mut self, case: &Case, way: Way) -> Vec<Finding> {
        if !case.commits {
            self.effect("begin");
        }
        let messages = way.say(&mut self.bare, &case.texts).unwrap();
        if !case.commits {
            self.effect("rollback");
        }
        self.effect("discard all");
        for text in &case.undo {
            self.effect(text);
        }
        if case.commits {
            let planting = self.planting.clone();
            self.effect(&planting);
        }
        if self.shows() {
            println!("bare, {way}: {messages:?}");
        }
        self.canaries.scan_messages(&messages)
    }

    /// What Weir lets out, and whether it refused anything.
    fn attempt(&mut self, case: &Case, way: Way, speaker: Speaker<'_>) -> (Vec<Finding>, bool) {
        let Speaker { identity, baseline } = speaker;
        let weir = if baseline { &self.weir } else { &self.lineage };
        let mut raw = Raw::sign_in(weir.port(), identity, PASSWORD, shop::DATABASE).unwrap();
        let messages = way
            .say(&mut raw, &case.texts)
            .unwrap_or_else(|error| panic!("{}, {way}: {error:#}\n{}", case.name, weir.log_tail()));
        drop(raw);
        if self.shows() {
            println!("{identity}, {way}: {messages:?}");
        }
        for text in &case.undo {
            self.effect(text);
        }
        let words = case.texts.concat().to_lowercase();
        if WRITES.iter().any(|word| words.contains(word)) {
            let planting = self.planting.clone();
            self.effect(&planting);
        }
        let refused = messages.iter().any(|message| {
            message.tag == b'E' && message.field(b'M').unwrap_or_default().contains("Weir refused")
        });
        (self.canaries.scan_messages(&without_record_ids(messages)), refused)
    }

    fn shows(&self) -> bool {
        env::var_os("BYPASS_SHOW").is_some()
    }
}

/// What was said without the ids of records, which are numbers of the moment: one of them in a
/// hundred thousand looks like a piece of an account number.
fn without_record_ids(mut messages: Vec<Message>) -> Vec<Message> {
    const BEGIN: &[u8] = b"Record: ";
    for message in messages.iter_mut().filter(|message| message.tag == b'E') {
        let body = &mut message.body;
        if let Some(at) = body.windows(BEGIN.len()).position(|bytes| bytes == BEGIN) {
            let from = at + BEGIN.len();
            let id =
                body[from..].iter().take_while(|b| b.is_ascii_alphanumeric() || b"-.".contains(b));
            let to = from + id.count();
            body.drain(from..to);
        }
    }
    messages
}

/// The statements that put the secrets where they belong; running them again changes nothing.
fn planting(planted: &[Planted]) -> String {
    let mut rows: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for one in planted.iter().filter(|one| !one.kind.ends_with(" part")) {
        let set = format!("{} = '{}'", one.column, one.value.replace('\'', "''"));
        rows.entry((&one.table, &one.rows)).or_default().push(set);
    }
    let updates = rows.into_iter().map(|((table, rows), sets)| {
        format!("update {table} set {} where {rows};\n", sets.join(", "))
    });
    updates.collect()
}

/// The secrets as the database writes them, and their digests.
fn canaries(upstream: &Postgres, planted: &[Planted]) -> Canaries {
    let mut secrets = Vec::new();
    for one in planted {
        let Planted { table, column, rows, kind, value } = one;
        let label = format!("{table}.{column}");
        let read = format!("select {column}::text from {table} where {rows} limit 1");
        let text = upstream.psql(shop::DATABASE, &read).unwrap();
        let text = text.trim_end();
        assert!(!text.is_empty(), "nothing is planted in {label}");
        match kind.trim_end_matches(" part") {
            "text" => secrets.push(Secret::text(&label, value)),
            "number" => secrets.push(Secret::number(&label, value)),
            "date" => {
                let parts: Vec<u32> = value.split('-').map(|part| part.parse().unwrap()).collect();
                secrets.push(Secret::date(&label, parts[0] as i32, parts[1], parts[2]));
            }
            other => panic!("{other} is no kind of secret"),
        }
        let digests = format!("select {DIGESTS} from (select $v${text}$v$::text) as q (v)");
        let digests = upstream.psql(shop::DATABASE, &digests).unwrap();
        for digest in digests.trim_end().split('|') {
            secrets.push(Secret::exactly(&label, digest.as_bytes()));
        }
    }
    Canaries::new(secrets).unwrap()
}

/// The ways in which a case is said.
fn ways(case: &Case) -> &'static [Way] {
    match case.only.as_deref() {
        Some("simple") => &WAYS[..1],
        Some("text") => &WAYS[..2],
        _ => &WAYS,
    }
}

fn words(findings: &[Finding]) -> String {
    findings.iter().map(|one| format!("\n      {one}")).collect()
}

#[derive(Default)]
struct Tally {
    cases: usize,
    refused: usize,
    open: usize,
}

#[test]
fn nothing_leaves_that_the_bare_database_gives_away() {
    let corpus = corpus().unwrap();
    let mut place = Place::new(&corpus);
    let mut wrong = Vec::new();
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for case in corpus.iter().flat_map(|category| &category.cases) {
        for way in ways(case) {
            if place.exploit(case, *way).is_empty() {
                wrong.push(format!("{}, {way}: no exploit on the bare database", case.name));
            }
        }
    }
    for category in &corpus {
        let tally = tallies.entry(category.name.clone()).or_default();
        for case in &category.cases {
            let (refused, leaks) = judge(&mut place, case, &mut wrong);
            tally.cases += 1;
            tally.refused += usize::from(refused);
            tally.open += usize::from(leaks);
        }
    }
    for (name, Tally { cases, refused, open }) in &tallies {
        println!("{name}: {cases} cases, {refused} refused, {open} known to leak");
    }
    let all: usize = tallies.values().map(|tally| tally.cases).sum();
    println!("{all} cases");
    place.effect("copy (select) to program 'rm -rf /tmp/weir_bypass*'");
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(env::var_os("BYPASS").is_some() || all >= 300, "only {all} cases");
}

/// Says a case through Weir in every way; whether Weir refused it, and whether it leaks.
fn judge(place: &mut Place, case: &Case, wrong: &mut Vec<String>) -> (bool, bool) {
    let (mut refused, mut leaks) = (false, false);
    let first = case.identity.as_deref().unwrap_or(PERSON);
    let speaker = |identity, baseline| Speaker { identity, baseline };
    let person = ways(case).iter().map(|way| (*way, speaker(first, true)));
    let agent = case.identity.is_none().then_some((Way::Simple, speaker(AGENT, true)));
    let lineage = (!case.name.starts_with(INFERENCE) && !case.by_content)
        .then_some((Way::Simple, speaker(first, false)));
    for (way, who) in person.chain(agent).chain(lineage) {
        let (findings, denied) = place.attempt(case, way, who);
        let alone = if who.baseline { "" } else { ", by lineage alone" };
        let at = format!("{}, {way}, as {}{alone}", case.name, who.identity);
        if way == Way::Simple && who.identity == first && who.baseline {
            refused = denied;
            if case.expect != Expect::Either && (case.expect == Expect::Refused) != denied {
                wrong.push(format!("{at}: expected {:?}", case.expect));
            }
        }
        if !findings.is_empty() {
            leaks = true;
            if case.open.is_none() {
                wrong.push(format!("{at} leaks:{}", words(&findings)));
            }
        }
    }
    if let (Some(why), false) = (&case.open, leaks) {
        wrong.push(format!("{} is closed now, but stands as open: {why}", case.name));
    }
    (refused, leaks)
}

/// A message's body: texts that end in a zero byte, and bytes as they are.
fn body(texts: &[&str], rest: &[u8]) -> Vec<u8> {
    let mut all: Vec<u8> =
        texts.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect();
    all.extend(rest);
    all
}

fn query(text: &str) -> Vec<u8> {
    frame(b'Q', &body(&[text], b""))
}

fn parse(name: &str, text: &str) -> Vec<u8> {
    frame(b'P', &body(&[name, text], b"\0\0"))
}

/// With the result formats of the columns.
fn bind(portal: &str, statement: &str, formats: &[u8]) -> Vec<u8> {
    let mut rest = vec![0, 0, 0, 0, 0, formats.len() as u8];
    rest.extend(formats.iter().flat_map(|format| [0, *format]));
    frame(b'B', &body(&[portal, statement], &rest))
}

fn describe(kind: &str, name: &str) -> Vec<u8> {
    frame(b'D', &[kind.as_bytes(), &body(&[name], b"")].concat())
}

fn close(kind: &str, name: &str) -> Vec<u8> {
    frame(b'C', &[kind.as_bytes(), &body(&[name], b"")].concat())
}

fn execute(portal: &str, rows: u8) -> Vec<u8> {
    frame(b'E', &body(&[portal], &[0, 0, 0, rows]))
}

fn sync() -> Vec<u8> {
    frame(b'S', b"")
}

/// Messages in orders that no driver sends, with the number of times the server is ready.
fn orders() -> Vec<(&'static str, Vec<Vec<u8>>, usize)> {
    let email = "select email, national_id from customers where id = 7";
    let sku = "select sku, name from products limit 1";
    let both = "select email, birth_date, last_ip from customers where id = 7";
    let two = "select last_name from customers where id in (7, 8) order by id";
    let declare = format!("declare c cursor with hold for {email}");
    let prepare = format!("prepare p as {email}");
    let s = sync;
    vec![
        ("no Describe", vec![parse("", email), bind("", "", &[]), execute("", 0), s()], 1),
        ("no Describe, binary", vec![parse("", email), bind("", "", &[1]), execute("", 0), s()], 1),
        (
            "the statement is described, the portal is not",
            vec![parse("a", email), describe("S", "a"), bind("", "a", &[]), execute("", 0), s()],
            1,
        ),
        (
            "described in text, bound in binary",
            vec![
                parse("a", both),
                describe("S", "a"),
                s(),
                bind("", "a", &[1]),
                execute("", 0),
                s(),
            ],
            2,
        ),
        (
            "a format for each column",
            vec![parse("", both), bind("", "", &[0, 1, 0]), execute("", 0), s()],
            1,
        ),
        ("an SQL cursor as a portal", vec![query(&declare), execute("c", 0), s()], 2),
        (
            "an SQL cursor as a portal, described",
            vec![query(&declare), describe("P", "c"), execute("c", 1), s()],
            2,
        ),
        (
            "an SQL statement bound",
            vec![query(&prepare), bind("", "p", &[1]), execute("", 0), s()],
            2,
        ),
        (
            "a statement of the protocol by EXECUTE",
            vec![parse("a", email), s(), query("execute a")],
            2,
        ),
        (
            "a statement of the protocol by CREATE TABLE AS EXECUTE",
            vec![
                parse("a", email),
                s(),
                query("create temp table t as execute a"),
                query("select email, reverse(national_id) from t"),
            ],
            3,
        ),
        (
            "a portal of the protocol by FETCH",
            vec![
                query("begin"),
                parse("", email),
                bind("c", "", &[]),
                s(),
                query("fetch all from c"),
            ],
            3,
        ),
        (
            "a portal of the protocol by FETCH, bound in binary",
            vec![
                query("begin"),
                parse("", both),
                bind("c", "", &[1]),
                s(),
                query("fetch 1 from c"),
            ],
            3,
        ),
        (
            "a portal by a function that reads it",
            vec![
                query("begin"),
                parse("", email),
                bind("c", "", &[]),
                s(),
                query("select cursor_to_xml('c', 5, true, false, '')"),
            ],
            3,
        ),
        (
            "a name used again within a pipeline",
            vec![
                parse("a", sku),
                close("S", "a"),
                parse("a", email),
                bind("", "a", &[]),
                execute("", 0),
                s(),
            ],
            1,
        ),
        (
            "a name that stays because the new one fails",
            vec![
                parse("a", email),
                s(),
                close("S", "b"),
                parse("a", sku),
                s(),
                bind("", "a", &[]),
                execute("", 0),
                s(),
            ],
            3,
        ),
        (
            "an error, and what was skipped",
            vec![
                parse("a", email),
                s(),
                parse("x", "select 1 / 0 from nowhere"),
                close("S", "a"),
                parse("a", sku),
                s(),
                bind("", "a", &[]),
                execute("", 0),
                s(),
            ],
            3,
        ),
        (
            "two portals, one row each in turn",
            vec![
                query("begin"),
                parse("a", sku),
                parse("b", two),
                bind("x", "a", &[]),
                bind("y", "b", &[1]),
                execute("y", 1),
                execute("x", 1),
                execute("y", 1),
                s(),
            ],
            2,
        ),
        (
            "a portal that goes on after its statement was closed",
            vec![
                query("begin"),
                parse("a", two),
                bind("x", "a", &[]),
                close("S", "a"),
                execute("x", 1),
                execute("x", 1),
                s(),
            ],
            2,
        ),
        (
            "a portal that goes on after the path changed",
            vec![
                query("begin"),
                parse("a", two),
                bind("x", "a", &[]),
                execute("x", 1),
                s(),
                query("set local search_path = hr"),
                execute("x", 1),
                s(),
            ],
            4,
        ),
        (
            "COPY in the extended protocol",
            vec![
                parse("", &format!("copy ({email}) to stdout binary")),
                bind("", "", &[]),
                execute("", 0),
                s(),
            ],
            1,
        ),
        (
            "the unnamed statement replaced by a Query",
            vec![
                parse("", email),
                s(),
                query(sku),
                parse("", email),
                bind("", "", &[]),
                execute("", 0),
                s(),
            ],
            3,
        ),
        (
            "Flush in place of Sync",
            vec![parse("", email), bind("", "", &[]), execute("", 0), frame(b'H', b""), s()],
            1,
        ),
        (
            "a statement with a parameter that it returns",
            vec![
                parse("a", "select $1::text, email from customers where id = 7"),
                {
                    let rest = [0, 0, 0, 1, 0, 0, 0, 1, b'x', 0, 0];
                    frame(b'B', &body(&["", "a"], &rest))
                },
                execute("", 0),
                s(),
            ],
            1,
        ),
    ]
}

#[test]
fn no_order_of_messages_lets_anything_out() {
    let mut place = Place::new(&[]);
    let password = postgres::SUPERUSER_PASSWORD;
    let mut wrong = Vec::new();
    for (name, messages, times) in orders() {
        let say = |mut raw: Raw| -> Vec<Message> {
            raw.send(&messages.concat()).unwrap();
            (0..times).flat_map(|_| raw.until(b'Z').unwrap()).collect()
        };
        let port = place.upstream.port();
        let bare = say(Raw::sign_in(port, postgres::SUPERUSER, password, shop::DATABASE).unwrap());
        if place.canaries.scan_messages(&bare).is_empty() {
            wrong.push(format!("{name}: no exploit on the bare database: {bare:?}"));
        }
        for (weir, identity) in
            [(&place.weir, PERSON), (&place.lineage, PERSON), (&place.weir, AGENT)]
        {
            let raw = Raw::sign_in(weir.port(), identity, PASSWORD, shop::DATABASE).unwrap();
            let through = say(raw);
            let findings = place.canaries.scan_messages(&through);
            if !findings.is_empty() {
                wrong.push(format!("{name}, as {identity} leaks:{}", words(&findings)));
            }
        }
    }
    place.effect("discard all");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
