//! Every statement of the evasion corpus acts on the bare database and is refused through Weir, and
//! what only looks like one does the same through Weir as directly.
//!
//! `EVASION=word cargo nextest run -p tests -E 'test(/^evasion::/)'` runs the cases whose name
//! holds the word.
//! `cases/evasion/README.md` says how they are written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};
use testkit::weir::{AGENT, PASSWORD, PERSON, SERVICE};
use testkit::{Postgres, Weir, postgres};
use tests::bypass::{Case, Category, read_folder};
use tests::corpus::Sql;
use tests::talk::{self, Way};
use tests::wire::{Message, Raw};

/// A person in group developers.
const DEVELOPER: &str = "dev";
/// What every other database is a copy of.
const PRISTINE: &str = "pristine";
/// Where cases are said without Weir.
const DIRECT: &str = "direct";
/// Where they are said through it.
const GOVERNED: &str = "governed";
/// The session that cases may try to end.
const VICTIM: &str = "evasion_victim";
/// Fewest look-alikes that are a corpus.
const ENOUGH: usize = 150;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases").join(name)
}

fn corpus(name: &str) -> Vec<Category> {
    read_folder(&folder(name), &env::var("EVASION").unwrap_or_default()).unwrap()
}

/// The blocks of SQL in the README: what the database is, and its fingerprint.
fn blocks() -> [String; 2] {
    let text = fs::read_to_string(folder("evasion/README.md")).unwrap();
    let mut blocks = text.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    [blocks.next().unwrap().to_owned(), blocks.next().unwrap().to_owned()]
}

/// One server with the database in three copies, and Weir before it.
struct Place {
    weir: Weir,
    upstream: Postgres,
    fingerprint: String,
    victim: Option<Raw>,
    /// A session of the superuser in each copy, as it was when it began.
    clean: BTreeMap<String, Raw>,
}

impl Place {
    fn new() -> Self {
        let [setup, fingerprint] = blocks();
        let upstream = Postgres::options().setting("autovacuum", "off").start().unwrap();
        upstream.create_database(PRISTINE).unwrap();
        upstream.create_database("spare").unwrap();
        upstream.psql(PRISTINE, &setup).unwrap();
        for copy in [DIRECT, GOVERNED] {
            upstream.psql("postgres", &copying(copy)).unwrap();
        }
        let weir = Weir::start(&upstream).unwrap();
        weir.add(DEVELOPER, "person", &["--group", "developers"]).unwrap();
        let clean = BTreeMap::new();
        Self { weir, upstream, fingerprint, victim: None, clean }
    }

    fn direct(&self, database: &str) -> Raw {
        let (user, password) = (postgres::SUPERUSER, postgres::SUPERUSER_PASSWORD);
        Raw::sign_in(self.upstream.port(), user, password, database).unwrap()
    }

    fn through(&self, identity: &str) -> Raw {
        Raw::sign_in(self.weir.port(), identity, PASSWORD, GOVERNED).unwrap()
    }

    /// Makes a database anew, whoever is in it.
    fn renew(&mut self, database: &str) {
        self.clean.remove(database);
        let drop = format!("drop database if exists {database} with (force)");
        self.upstream.psql("postgres", &drop).unwrap();
        self.upstream.psql("postgres", &copying(database)).unwrap();
    }

    /// What tells whether a case acted, asked in a session of the superuser.
    fn asked(&self, case: &Case, raw: &mut Raw) -> Vec<String> {
        let query = case.check.as_deref().unwrap_or(&self.fingerprint);
        let said = run(raw, query);
        let told = said.iter().filter(|message| matches!(message.tag, b'D' | b'E'));
        told.map(|message| format!("{message:?}")).collect()
    }

    /// The same in a session that nobody changed.
    fn state(&mut self, case: &Case, database: &str) -> Vec<String> {
        let mut raw = self.clean.remove(database).unwrap_or_else(|| self.direct(database));
        let state = self.asked(case, &mut raw);
        self.clean.insert(database.to_owned(), raw);
        state
    }

    /// Takes back what a case did, where no transaction does.
    fn undo(&mut self, case: &Case, database: &str) {
        if case.undo.is_empty() {
            return;
        }
        let mut raw = self.direct(database);
        for text in &case.undo {
            run(&mut raw, text);
        }
    }

    /// The session that a case may end is there.
    fn prepare(&mut self, case: &Case) {
        if !case.texts.concat().contains(VICTIM) {
            return;
        }
        let there =
            format!("select count(*) from pg_stat_activity where application_name = '{VICTIM}'");
        if self.upstream.psql("postgres", &there).unwrap().trim() == "1" {
            return;
        }
        let parameters =
            [("user", postgres::SUPERUSER), ("database", "postgres"), ("application_name", VICTIM)];
        let password = postgres::SUPERUSER_PASSWORD;
        let signed = Raw::sign_in_with(self.upstream.port(), password, &parameters);
        self.victim = Some(signed.unwrap().0);
    }
}

fn copying(database: &str) -> String {
    format!("create database {database} template {PRISTINE}")
}

/// Runs SQL that is no part of a case.
fn run(raw: &mut Raw, sql: &str) -> Vec<Message> {
    raw.query(sql).unwrap();
    raw.until(b'Z').unwrap()
}

/// A case as the messages of a client, each with the statements before it in one message if
/// `behind` says so.
fn messages(case: &Case, behind: &str) -> Vec<Sql> {
    let sql = |text: &String| Sql {
        text: format!("{behind}{text}"),
        values: case.values.clone(),
        input: Vec::new(),
    };
    case.texts.iter().map(sql).collect()
}

/// Says a case; all that came back, or how the connection ended.
fn say(raw: &mut Raw, case: &Case, way: Way, behind: &str) -> anyhow::Result<Vec<Message>> {
    let mut said = Vec::new();
    for sql in messages(case, behind) {
        said.extend(talk::say(raw, &sql, way)?);
    }
    Ok(said)
}

/// The protocols that can carry a case.
fn ways(case: &Case) -> Vec<Way> {
    match (&case.values, case.only.as_deref()) {
        (Some(_), _) => vec![Way::Portions],
        (None, Some("simple")) => vec![Way::Simple],
        (None, _) => vec![Way::Simple, Way::Portions],
    }
}

fn error(messages: &[Message]) -> Option<String> {
    let error = messages.iter().find(|message| message.tag == b'E')?;
    let field = |kind| error.field(kind).unwrap_or_default();
    Some(format!("{} {} {}", field(b'C'), field(b'M'), field(b'H')))
}

/// Refused, or stopped by the read-only transaction in which what is not understood runs.
fn refused(messages: &[Message]) -> bool {
    error(messages).is_some_and(|said| said.contains("Weir refused") || said.starts_with("25006"))
}

/// Says a case to the bare database and takes it back; what is wrong if it does not act.
fn exploit(place: &mut Place, case: &Case, way: Way) -> Option<String> {
    place.prepare(case);
    let before = place.state(case, DIRECT);
    let mut raw = place.direct(DIRECT);
    if !case.commits {
        run(&mut raw, "begin");
    }
    let said = match say(&mut raw, case, way, "") {
        Ok(said) => said,
        Err(error) => return Some(format!("{error:#}")),
    };
    let after = place.asked(case, &mut raw);
    run(&mut raw, "rollback");
    drop(raw);
    place.undo(case, DIRECT);
    if let Some(error) = error(&said) {
        return Some(format!("fails on the bare database: {error}"));
    }
    let acts = match &case.shows {
        Some(text) => said.iter().any(|message| {
            message.tag == b'D' && String::from_utf8_lossy(&message.body).contains(text)
        }),
        None => before != after,
    };
    (!acts).then(|| "does not act on the bare database".to_owned())
}

/// The sessions through Weir that nothing has happened in.
#[derive(Default)]
struct Sessions(BTreeMap<String, Raw>);

impl Sessions {
    fn say(&mut self, place: &Place, case: &Case, who: &str, way: Way, behind: &str) -> bool {
        let mut raw = self.0.remove(who).unwrap_or_else(|| place.through(who));
        let said = say(&mut raw, case, way, behind);
        let refused = said.is_ok_and(|said| refused(&said));
        if refused && case.texts.len() == 1 && !case.texts.concat().contains("begin") {
            self.0.insert(who.to_owned(), raw);
        }
        refused
    }
}

/// Says a case through Weir in every way and as everybody; how it got through.
fn evade(place: &mut Place, sessions: &mut Sessions, case: &Case) -> Vec<String> {
    place.prepare(case);
    let before = place.state(case, GOVERNED);
    let first = case.identity.as_deref().unwrap_or(PERSON);
    let mut attempts: Vec<(&str, Way, &str)> =
        ways(case).into_iter().map(|way| (first, way, "")).collect();
    if case.values.is_none() {
        attempts.push((first, Way::Simple, "select 1; "));
    }
    if case.identity.is_none() {
        let way = ways(case)[0];
        attempts.extend([(SERVICE, way, ""), (AGENT, way, "")]);
    }
    attempts.retain(|(who, _, _)| !case.passes.iter().any(|passes| named(passes) == *who));
    let mut through = Vec::new();
    for (who, way, behind) in attempts {
        if !sessions.say(place, case, who, way, behind) {
            through.push(format!("{way:?} as {who} {behind}is not refused"));
        }
    }
    if place.state(case, GOVERNED) != before {
        through.push("the database is another".to_owned());
    }
    if !through.is_empty() {
        *sessions = Sessions::default();
        place.renew(GOVERNED);
    }
    through
}

/// The identity of a test by its kind or its name.
fn named(who: &str) -> &str {
    match who {
        "person" => PERSON,
        "service" => SERVICE,
        "agent" => AGENT,
        other => other,
    }
}

fn share(count: usize, of: usize) -> String {
    format!("{count} of {of} ({:.1} %)", 100.0 * count as f64 / of.max(1) as f64)
}

/// Every case of these files, and at least so many.
fn hold(files: &[&str], least: usize) {
    let mut corpus = corpus("evasion");
    corpus.retain(|category| files.contains(&category.name.as_str()));
    assert_eq!(corpus.len(), files.len());
    let mut place = Place::new();
    let mut sessions = Sessions::default();
    let (mut wrong, mut all, mut through, mut open) = (Vec::new(), 0, 0, 0);
    for category in &corpus {
        for case in &category.cases {
            all += 1;
            for way in ways(case) {
                if let Some(why) = exploit(&mut place, case, way) {
                    wrong.push(format!("{}, {way:?}: {why}", case.name));
                }
            }
            let findings = evade(&mut place, &mut sessions, case);
            through += usize::from(!findings.is_empty());
            match (&case.open, findings.is_empty()) {
                (Some(why), true) => wrong.push(format!("{} is closed: {why}", case.name)),
                (Some(_), false) => open += 1,
                (None, true) => {}
                (None, false) => wrong.push(format!("{}: {}", case.name, findings.join("; "))),
            }
        }
        println!("{}: {} cases", category.name, category.cases.len());
    }
    println!("got through: {}, {open} of them known", share(through, all));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(env::var_os("EVASION").is_some() || all >= least, "only {all} cases");
}

#[test]
fn changes_of_everything_act_directly_and_are_refused_through_weir() {
    hold(&["conditions", "forms"], 200);
}

#[test]
fn code_and_rights_act_directly_and_are_refused_through_weir() {
    hold(&["code", "rights"], 100);
}

#[test]
fn structure_and_server_act_directly_and_are_refused_through_weir() {
    hold(&["server", "session", "structure"], 150);
}

#[test]
fn every_file_of_the_corpus_is_run() {
    let corpus = read_folder(&folder("evasion"), "").unwrap();
    let names: Vec<&str> = corpus.iter().map(|category| category.name.as_str()).collect();
    let run = ["code", "conditions", "forms", "rights", "server", "session", "structure"];
    assert_eq!(names, run);
}

/// What is another through Weir, if anything is.
fn difference(direct: &[Message], through: &[Message], newest: u32) -> Option<String> {
    if let Some(error) = error(direct) {
        return Some(format!("fails directly: {error}"));
    }
    if let Some(error) = error(through) {
        return Some(format!("fails: {error}"));
    }
    let seen = |message: &Message| match message.tag {
        b'T' => (message.tag, talk::described(message, newest)),
        _ => (message.tag, message.body.clone()),
    };
    let pairs = direct.iter().zip(through);
    let parts = pairs.into_iter().find(|(left, right)| seen(left) != seen(right));
    match parts {
        Some((left, right)) => Some(format!("{left:?} is {right:?}")),
        None if direct.len() != through.len() => Some("more or fewer messages".to_owned()),
        None => None,
    }
}

#[test]
fn what_only_looks_destructive_does_the_same_through_weir() {
    let corpus = corpus("lookalike");
    let mut place = Place::new();
    let newest = place.upstream.psql(PRISTINE, "select max(oid) from pg_class").unwrap();
    let newest = newest.trim().parse().unwrap();
    let (mut wrong, mut all, mut refusals) = (Vec::new(), 0, 0);
    let mut pairs: BTreeMap<String, (Raw, Raw)> = BTreeMap::new();
    for case in corpus.iter().flat_map(|category| &category.cases) {
        all += 1;
        let who = case.identity.as_deref().unwrap_or(PERSON);
        let mut found = Vec::new();
        for way in ways(case) {
            let pair = pairs.remove(who);
            let (mut left, mut right) =
                pair.unwrap_or_else(|| (place.direct(DIRECT), place.through(who)));
            let direct = say(&mut left, case, way, "").unwrap();
            let through = say(&mut right, case, way, "").unwrap();
            let parts = difference(&direct, &through, newest);
            if parts.is_none() && case.texts.len() == 1 && !case.texts.concat().contains("set") {
                pairs.insert(who.to_owned(), (left, right));
            }
            found.extend(parts.map(|parts| format!("{way:?} as {who}: {parts}")));
            if way == Way::Simple {
                [DIRECT, GOVERNED].iter().for_each(|name| place.undo(case, name));
            }
        }
        let states = [DIRECT, GOVERNED].map(|name| place.state(case, name));
        if states[0] != states[1] {
            found.push("the databases differ afterwards".to_owned());
        }
        if !found.is_empty() {
            refusals += usize::from(found.iter().any(|said| said.contains("Weir refused")));
            wrong.push(format!("{}: {}", case.name, found.join("; ")));
            pairs.clear();
            place.renew(DIRECT);
            place.renew(GOVERNED);
        }
    }
    println!("refused: {}", share(refusals, all));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(env::var_os("EVASION").is_some() || all >= ENOUGH, "only {all} cases");
}
