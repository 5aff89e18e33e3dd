//! The cases under `cases/*.md`: statements with the facts they must have.
//!
//! `BLESS=1 cargo test -p sql --test cases` writes what the analyser says into the files; the
//! difference is then for a person to judge.

mod support;

use model::Catalog;
use sql::Scope;
use std::{env, fs, path::PathBuf};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// What the analyser says about a text, in the form of the case files.
fn said(catalog: &Catalog, text: &str) -> String {
    let mut scope = Scope::default();
    if let Some(rest) = text.strip_prefix("-- path: ") {
        let path = rest.lines().next().unwrap_or_default();
        scope.search_path = path.split(", ").map(str::to_owned).collect();
    }
    let analysed = sql::analyse(text, catalog, &scope);
    let parts: Vec<String> = analysed
        .iter()
        .map(|analysed| {
            let mut part = support::lines(catalog, &analysed.facts);
            if let Some(error) = &analysed.syntax_error {
                part.push_str(&format!("error at {}: {}\n", error.position, error.message));
            }
            if let Some(copy) = &analysed.copy {
                part.push_str(&format!("copy: {copy:?}\n"));
            }
            part
        })
        .collect();
    parts.join("--\n")
}

#[test]
fn cases() {
    let folder = folder();
    let catalog = support::catalog(&fs::read_to_string(folder.join("catalog.tsv")).unwrap());
    let bless = env::var_os("BLESS").is_some();
    let (mut count, mut wrong) = (0, Vec::new());
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        let old = fs::read_to_string(path).unwrap();
        let mut new = String::new();
        let mut rest = old.as_str();
        while let Some((before, after)) = rest.split_once("```sql\n") {
            let (text, after) = after.split_once("\n```\n").unwrap();
            let (expected, after) = match after.strip_prefix("```facts\n") {
                Some(after) => after.split_once("```\n").unwrap(),
                None => ("", after),
            };
            let actual = said(&catalog, text);
            count += 1;
            if actual != expected {
                wrong.push(format!(
                    "{}\n{text}\n-- expected\n{expected}-- said\n{actual}",
                    path.display()
                ));
            }
            new.push_str(&format!("{before}```sql\n{text}\n```\n```facts\n{actual}```\n"));
            rest = after;
        }
        new.push_str(rest);
        if bless && new != old {
            fs::write(path, new).unwrap();
        }
    }
    assert!(count > 0, "no cases in {}", folder.display());
    assert!(bless || wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
