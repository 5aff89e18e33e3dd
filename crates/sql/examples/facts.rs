//! States facts about statements: the first argument is a catalog dump (`cases/dump.sql`), standard
//! input holds statements, each ended by a line with a single `\g`. One JSON line a statement.

#[path = "../tests/support/mod.rs"]
mod support;

use std::io::Read as _;

fn main() -> std::io::Result<()> {
    let path = std::env::args().nth(1).unwrap_or_else(|| "cases/catalog.tsv".to_owned());
    let catalog = support::catalog(&std::fs::read_to_string(path)?);
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let scope = sql::Scope::default();
    for text in input.split("\n\\g\n") {
        let start = std::time::Instant::now();
        let analysed = sql::analyse(text, &catalog, &scope);
        let spent = start.elapsed().as_nanos();
        for one in analysed {
            let lines = support::lines(&catalog, &one.facts);
            let facts = serde_json::to_value(&*one.facts)?;
            println!(
                "{}",
                serde_json::json!({ "facts": facts, "lines": lines, "nanoseconds": spent })
            );
        }
    }
    Ok(())
}
