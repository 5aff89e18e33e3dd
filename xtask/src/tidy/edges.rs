//! The table of allowed edges in ARCHITECTURE.md, checked both ways against what cargo knows.
//!
//! The table is a fenced block marked `edges`; each line is `LEVEL name -> dependency …`. Knows
//! nothing of what the crates do.

use super::Complaint;
use crate::step::cargo;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use testkit::tool;

/// Where the table stands.
const PAGE: &str = "ARCHITECTURE.md";
/// Highest level: the longest path through the crates has so many edges.
const MAX_LEVEL: u32 = 4;
/// Tools for tests stand beside the levels; a dependency on them may only be a development one.
const TOOLS: [&str; 2] = ["testkit", "tests"];

/// One crate in the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    line: usize,
    level: u32,
    edges: BTreeSet<String>,
}

type Table = BTreeMap<String, Row>;

/// What cargo knows of one crate.
#[derive(Debug, Default)]
struct Package {
    normal: BTreeSet<String>,
    development: BTreeSet<String>,
}

/// Everything in which table and crates differ, and every edge that does not lead down.
pub(super) fn check(root: &Path) -> Result<Vec<Complaint>> {
    let page = fs::read_to_string(root.join(PAGE)).with_context(|| format!("no {PAGE}"))?;
    Ok(compare(&parse(&page)?, &packages(root)?))
}

fn parse(page: &str) -> Result<Table> {
    let mut table = Table::new();
    let mut inside = false;
    for (index, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            inside = line.trim() == "```edges";
            continue;
        }
        if !inside || line.trim().is_empty() {
            continue;
        }
        let (left, right) = line.split_once("->").unwrap_or((line, ""));
        let mut words = left.split_whitespace();
        let (Some(level), Some(name)) = (words.next(), words.next()) else {
            bail!("{PAGE}:{}: expected `LEVEL name -> dependency …`", index + 1);
        };
        let level = level.parse().with_context(|| format!("{PAGE}:{}: level", index + 1))?;
        let edges = right.split_whitespace().map(str::to_owned).collect();
        table.insert(name.to_owned(), Row { line: index + 1, level, edges });
    }
    if table.is_empty() {
        bail!("{PAGE} has no block that begins with ```edges");
    }
    Ok(table)
}

fn packages(root: &Path) -> Result<BTreeMap<String, Package>> {
    let mut metadata = cargo();
    metadata.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(root);
    let text = tool::finish(&mut metadata)?.success()?;
    let value: Value = serde_json::from_str(&text).context("cargo metadata is not JSON")?;
    let list = value.get("packages").and_then(Value::as_array).context("no packages")?;
    let word = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).map(str::to_owned).unwrap_or_default()
    };
    let mut packages = BTreeMap::new();
    for one in list {
        let mut package = Package::default();
        let dependencies = one.get("dependencies").and_then(Value::as_array);
        for dependency in dependencies.into_iter().flatten() {
            // Ours have a path, those of a registry have none.
            if dependency.get("path").is_none() {
                continue;
            }
            let development = word(dependency, "kind") == "dev";
            let list = if development { &mut package.development } else { &mut package.normal };
            list.insert(word(dependency, "name"));
        }
        packages.insert(word(one, "name"), package);
    }
    packages.remove("xtask");
    Ok(packages)
}

fn compare(table: &Table, packages: &BTreeMap<String, Package>) -> Vec<Complaint> {
    let mut found: Vec<(usize, String)> = Vec::new();
    for name in packages.keys().filter(|name| !TOOLS.contains(&name.as_str())) {
        if !table.contains_key(name) {
            found.push((0, format!("crate `{name}` is not in the table")));
        }
    }
    for (name, row) in table {
        let Some(package) = packages.get(name) else {
            found.push((row.line, format!("there is no crate `{name}`")));
            continue;
        };
        for edge in package.normal.difference(&row.edges) {
            found.push((row.line, format!("`{name}` depends on `{edge}`: not allowed")));
        }
        for edge in row.edges.difference(&package.normal) {
            found.push((row.line, format!("`{name}` does not depend on `{edge}`: remove it")));
        }
        for edge in row.edges.iter().chain(&package.development) {
            let below = table.get(edge).is_some_and(|other| other.level < row.level);
            let tool = TOOLS.contains(&edge.as_str()) && package.development.contains(edge);
            if !below && !tool {
                let message = format!("`{edge}` is not below `{name}` (level {})", row.level);
                found.push((row.line, message));
            }
        }
        if row.level > MAX_LEVEL {
            found.push((row.line, format!("`{name}` is above level {MAX_LEVEL}")));
        }
    }
    found
        .into_iter()
        .map(|(line, message)| Complaint { file: PAGE.to_owned(), line, rule: "edges", message })
        .collect()
}

#[cfg(test)]
mod tests;
