//! The table against crates that differ from it in each way.

use super::{Package, compare, parse};
use std::collections::BTreeMap;

const PAGE: &str = "# A\n```edges\n0 model\n1 sql -> model\n```\n";

fn packages(sql: &[&str], development: &[&str]) -> BTreeMap<String, Package> {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let sql = Package { normal: set(sql), development: set(development) };
    [("model".to_owned(), Package::default()), ("sql".to_owned(), sql)].into()
}

fn complaints(page: &str, packages: &BTreeMap<String, Package>) -> Vec<String> {
    compare(&parse(page).unwrap(), packages).into_iter().map(|one| one.message).collect()
}

#[test]
fn what_agrees_passes() {
    assert!(complaints(PAGE, &packages(&["model"], &["testkit"])).is_empty());
}

#[test]
fn both_directions_are_checked() {
    assert_eq!(
        complaints(PAGE, &packages(&[], &[])),
        ["`sql` does not depend on `model`: remove it"]
    );
    let more = packages(&["model", "net"], &[]);
    assert_eq!(complaints(PAGE, &more), ["`sql` depends on `net`: not allowed"]);
}

#[test]
fn edges_lead_down() {
    let ring = "```edges\n1 model\n1 sql -> model\n```\n";
    assert_eq!(
        complaints(ring, &packages(&["model"], &[])),
        ["`model` is not below `sql` (level 1)"]
    );
    let tool = packages(&["model"], &["weir"]);
    assert_eq!(complaints(PAGE, &tool), ["`weir` is not below `sql` (level 1)"]);
}

#[test]
fn every_crate_has_a_row_and_every_row_a_crate() {
    let mut more = packages(&["model"], &[]);
    more.insert("extra".to_owned(), Package::default());
    assert_eq!(complaints(PAGE, &more), ["crate `extra` is not in the table"]);
    more.remove("extra");
    more.remove("sql");
    assert_eq!(complaints(PAGE, &more), ["there is no crate `sql`"]);
}

#[test]
fn a_page_without_a_table_is_an_error() {
    assert!(parse("# A page\n").is_err());
}
