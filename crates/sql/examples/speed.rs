//! How long the analysis of a statement takes, by kind: `cargo run --release -p sql --example
//! speed`. First sight of a text, parsed and resolved against the catalog of `cases/schema.sql`
//! (some 6,000 relations, columns and functions with PostgreSQL's own). A repeat is not analysed
//! at all: the gate keeps plans by exact text, and `cargo test -p gate` has that.

#[expect(dead_code, reason = "the catalog of the cases is wanted, not their form of facts")]
#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    fmt::Write as _,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

/// A kind is repeated in rounds that are short, so that some pass undisturbed on a busy machine;
/// the fastest is told.
const ROUND: u32 = 8;
const ROUNDS: u32 = 400;

const JOIN: &str = "SELECT u.id, u.name, upper(u.email) AS mail, o.id AS order_id, o.total, \
    o.placed, sum(i.qty) AS pieces, coalesce(o.note, 'none') AS note FROM public.users AS u \
    JOIN public.orders AS o ON o.user_id = u.id AND o.total > 10 LEFT JOIN public.items AS i \
    ON i.order_id = o.id WHERE u.active AND u.name LIKE 'A%' AND o.placed >= '2024-01-01' AND \
    o.placed < '2025-01-01' AND i.sku IN ('SKU-AA-010042', 'SKU-BK-010043', 'SKU-CX-010044') \
    GROUP BY u.id, u.name, u.email, o.id, o.total, o.placed, o.note HAVING sum(i.qty) > 1 \
    ORDER BY o.placed DESC, u.id LIMIT 50 OFFSET 10";

/// One report of many steps, each over the step before it: 60 lines.
fn report() -> String {
    let mut sql = "WITH step_0 AS (\n  SELECT u.id, u.name, u.email, o.total, o.placed\n  \
                   FROM public.users AS u\n  JOIN public.orders AS o ON o.user_id = u.id\n  \
                   WHERE o.placed >= '2024-01-01'\n)"
        .to_owned();
    for step in 1..=9 {
        let before = step - 1;
        let _ = write!(
            sql,
            ", step_{step} AS (\n  SELECT s.id, s.name, lower(s.email) AS email,\n    \
             CASE WHEN s.total > {step}00 THEN s.total * 0.9 ELSE s.total END AS total,\n    \
             s.placed\n  FROM step_{before} AS s\n)"
        );
    }
    sql.push_str(
        "\nSELECT s.name, s.email, count(*) AS orders, sum(s.total) AS spent,\n  \
         rank() OVER (ORDER BY sum(s.total) DESC) AS place\nFROM step_9 AS s\n\
         GROUP BY s.name, s.email\nORDER BY spent DESC",
    );
    sql
}

fn rows() -> String {
    let row = |n: usize| {
        format!("({n}, 'Name of number {n}', 'person.{n}@example.org', '123-45-{n:04}', {n}00.50)")
    };
    let rows: Vec<String> = (1..=100).map(row).collect();
    format!("INSERT INTO public.users (id, name, email, ssn, salary) VALUES {}", rows.join(", "))
}

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let catalog = support::catalog(&std::fs::read_to_string(folder.join("catalog.tsv"))?);
    let scope = sql::Scope::default();
    let kinds = [
        ("one-row select", "SELECT id, name, email FROM public.users WHERE id = 42".to_owned()),
        ("three-way join", JOIN.to_owned()),
        ("WITH of ten steps", report()),
        ("INSERT of 100 rows", rows()),
        ("UPDATE of one row", "UPDATE public.users SET name = 'X' WHERE id = 42".to_owned()),
        ("view on a view", "SELECT name, tax FROM public.elders WHERE name = 'Ada'".to_owned()),
        ("SQL function", "SELECT public.mail_of(42), public.shout('a')".to_owned()),
        ("PL/pgSQL function", "SELECT public.pl_mail(42)".to_owned()),
        ("BEGIN", "BEGIN".to_owned()),
    ];
    let only = std::env::args().nth(1).unwrap_or_default();
    println!("{:22} {:>6} {:>6} {:>10}", "", "bytes", "lines", "µs");
    for (name, text) in kinds.into_iter().filter(|(name, _)| name.starts_with(&only)) {
        let known = sql::analyse(&text, &catalog, &scope);
        let whole = |one: &sql::Analysed| one.facts.unknowns.is_empty() && !one.facts.dynamic;
        assert!(
            known.iter().all(whole),
            "{name}: {:?}",
            known.first().map(|one| &one.facts.unknowns)
        );
        let mut fastest = Duration::MAX;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for _ in 0..ROUND {
                black_box(sql::analyse(black_box(&text), &catalog, &scope));
            }
            fastest = fastest.min(start.elapsed() / ROUND);
        }
        let micros = fastest.as_nanos() as f64 / 1000.0;
        println!("{name:22} {:6} {:6} {micros:10.1}", text.len(), text.lines().count());
    }
    Ok(())
}
