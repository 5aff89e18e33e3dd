//! Analysis is total: no text makes it panic, run away or forget a guard.

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test: what is missing must fail at once"
)]

#[allow(dead_code, reason = "shared with other tests, which print facts")]
mod support;

use model::{Catalog, facts::Operation};
use sql::{GivenValue, MAX_NESTING, MAX_STATEMENT_BYTES, Scope};
use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn catalog() -> Catalog {
    support::catalog(&fs::read_to_string(folder().join("catalog.tsv")).unwrap())
}

/// The statements of the case files.
fn seeds() -> Vec<String> {
    let mut seeds = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        for block in text.split("```sql\n").skip(1) {
            seeds.push(block.split("\n```").next().unwrap_or_default().to_owned());
        }
    }
    assert!(seeds.len() > 100);
    seeds
}

/// xorshift: enough for choosing, the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

/// Words of one statement swapped for words of others.
fn mutate(dice: &mut Dice, seeds: &[String]) -> String {
    let pick = |dice: &mut Dice| seeds[dice.below(seeds.len())].clone();
    let text = pick(dice);
    let other = pick(dice);
    let words: Vec<&str> = other.split_inclusive(' ').collect();
    let mut out: Vec<&str> = text.split_inclusive(' ').collect();
    for _ in 0..=dice.below(4) {
        let at = dice.below(out.len());
        match dice.below(4) {
            0 => out.insert(at, words[dice.below(words.len())]),
            1 if out.len() > 1 => drop(out.remove(at)),
            2 => out[at] = words[dice.below(words.len())],
            _ => out
                .insert(at, ["(", ")", "'", ",", "$$", "é", "*", "(SELECT ", "\\"][dice.below(9)]),
        }
    }
    out.concat()
}

#[test]
fn mutated_statements_are_answered() {
    let (catalog, seeds, scope) = (catalog(), seeds(), Scope::default());
    let seed = 0x5eed_0000_0000_0001;
    let mut dice = Dice(seed);
    let mut understood = 0;
    for round in 0..4_000 {
        let text = mutate(&mut dice, &seeds);
        let analysed = sql::analyse(&text, &catalog, &scope);
        for one in &analysed {
            assert!(text.get(one.span.clone()).is_some(), "seed {seed}, round {round}: {text}");
            assert!(!one.facts.effects.is_empty(), "no effect: {text}");
            let failed = one.facts.unknowns.iter().any(|u| u.why == "analysis failed on it");
            assert!(!failed, "panic, seed {seed}, round {round}: {text}");
            understood += usize::from(one.facts.unknowns.is_empty());
        }
        let shape = sql::normalise(&text);
        assert!(text.contains('"') || !shape.contains('\''), "{text} became {shape}");
    }
    assert!(understood > 100, "only {understood} mutants were understood");
}

fn only(text: &str) -> model::Facts {
    let analysed = sql::analyse(text, &Catalog::default(), &Scope::default());
    assert_eq!(analysed.len(), 1);
    (*analysed[0].facts).clone()
}

#[test]
fn limits_hold_and_name_themselves() {
    let long = format!("SELECT '{}'", "x".repeat(MAX_STATEMENT_BYTES));
    let deep = format!("SELECT {}1{}", "(".repeat(MAX_NESTING + 1), ")".repeat(MAX_NESTING + 1));
    let nots = format!("SELECT {} true", "NOT ".repeat(9_000));
    let chain = format!("SELECT 1{}", " + 1".repeat(20_000));
    for (text, limit) in [
        (long, MAX_STATEMENT_BYTES.to_string()),
        (deep, MAX_NESTING.to_string()),
        (nots, MAX_NESTING.to_string()),
    ] {
        let facts = only(&text);
        let named = facts.unknowns.iter().any(|u| u.why.contains(&limit));
        assert!(named, "{:?}", facts.unknowns);
    }
    // A long chain of operators leans to one side; it is no depth.
    let facts = only(&chain);
    assert!(!facts.unknowns.iter().any(|u| u.what == "the statement"));
    assert_eq!(only("SELECT '\0'").operation, Operation::Unknown);
}

#[test]
fn deep_statements_fit_a_small_stack() {
    let texts = [
        format!("SELECT {}1{}", "(SELECT ".repeat(900), ")".repeat(900)),
        format!("SELECT 1 WHERE {} true", "NOT ".repeat(3_000)),
        format!("SELECT {}1{}", "CASE WHEN true THEN ".repeat(1_500), " END".repeat(1_500)),
        format!("SELECT * FROM (SELECT 1) a {}", "CROSS JOIN (SELECT 1) b ".repeat(1_500)),
        format!("SELECT 1 {}", "UNION ALL SELECT 2 ".repeat(20_000)),
    ];
    for text in texts {
        let worker = std::thread::Builder::new().stack_size(2 << 20);
        let started = Instant::now();
        let facts = worker.spawn(move || only(&text)).unwrap().join().unwrap();
        assert!(facts.outputs.is_some() || !facts.unknowns.is_empty());
        assert!(started.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn a_large_insert_is_understood() {
    let catalog = catalog();
    let rows = vec!["(1, 'name', 'a@b')"; 100_000].join(", ");
    let text = format!("INSERT INTO users (id, name, email) VALUES {rows}");
    let analysed = sql::analyse(&text, &catalog, &Scope::default());
    assert_eq!(analysed[0].facts.operation, Operation::Insert);
    assert!(analysed[0].facts.unknowns.is_empty());
}

/// Minutes if each value were sought among all those before it.
#[test]
fn many_values_cost_what_they_are_many() {
    let list = |value: &dyn Fn(u32) -> String, count: u32| -> String {
        (1..=count).map(value).collect::<Vec<_>>().join(",")
    };
    let analysed = |list: &str| {
        let text = format!("select id from users where id in ({list})");
        sql::analyse(&text, &catalog(), &Scope::default()).remove(0).given
    };
    let parameters = list(&|n| format!("${n}"), 65_535);
    // Each twice: once where it is given, and once where it is not.
    let both = format!("{parameters}) or id + 0 in ({parameters}");
    let given = analysed(&both);
    assert_eq!(given.len(), 65_535);
    assert_eq!(given[65_534].what, GivenValue::Parameter(65_535, false));
    assert_eq!(analysed(&parameters)[65_534].what, GivenValue::Parameter(65_535, true));
    assert_eq!(analysed(&list(&|n| n.to_string(), 100_000)).len(), 100_000);
}

#[test]
fn strings_are_not_guessed_when_backslashes_may_escape() {
    let scope = Scope { standard_conforming_strings: false, ..Scope::default() };
    let facts = &sql::analyse("SELECT 'a\\' OR 1=1 --'", &catalog(), &scope)[0].facts;
    assert_eq!(facts.operation, Operation::Unknown);
}
