//! The shipped policies, each against its cases; and what the format refuses.

mod recorded;

use crate::{CaseFile, Mistake};
use policy::PolicySet;
use std::{fmt::Write, path::Path};

fn read(name: &str, text: &str) -> Result<CaseFile, Mistake> {
    CaseFile::read(name, text, |_| None)
}

/// Runs the files of a folder; gives how many cases there are, and what does not hold.
fn run(dir: &str, mut policies: impl FnMut(&str) -> PolicySet) -> (usize, String) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy").join(dir);
    let (mut count, mut wrong) = (0, String::new());
    let mut files: Vec<_> =
        std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "md")) {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy();
        let other = |name: &str| std::fs::read_to_string(dir.join(name)).ok();
        let cases = CaseFile::read(&name, &text, other).unwrap();
        let set = policies(name.trim_end_matches(".md"));
        for ran in cases.run(&set) {
            count += 1;
            for found in &ran.differences {
                let (expected, actual) = (&found.expected, &found.actual);
                let place = format!("{name}:{}: {}", found.line, ran.title);
                writeln!(wrong, "{place}\n  expected {expected}\n  actual   {actual}").unwrap();
            }
        }
    }
    (count, wrong)
}

#[test]
fn every_case_of_the_baseline_holds() {
    let (count, wrong) = run("baseline", |_| PolicySet::baseline().unwrap());
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 30, "only {count} cases");
}

#[test]
fn a_case_that_does_not_hold_names_its_line() {
    let text = "# Cases\n\n## Reading\n```sql\nSELECT 1\n```\n```verdict\noutcome: deny\n```\n";
    let policies = PolicySet::baseline().unwrap();
    let ran = read("x.md", text).unwrap().run(&policies);
    let found = &ran[0].differences[0];
    assert_eq!((ran[0].line, found.line), (3, 8));
    assert_eq!(
        (found.expected.as_str(), found.actual.as_str()),
        ("outcome: deny", "outcome: allow")
    );
}

#[test]
fn what_cannot_be_read_is_refused_at_its_line() {
    let verdict = "```verdict\noutcome: allow\n```\n";
    for (text, line, word) in [
        ("nothing here", 1, "no case"),
        ("## a\n```sql\nSELECT 1\n```\n", 1, "expects nothing"),
        ("## a\n```verdict\noutcomes: allow\n```\n", 3, "`outcomes`"),
        ("## a\n```verdict\noutcome: allow\n", 3, "not closed"),
        (&format!("## a\n```request\nas: alice\n```\n{verdict}"), 3, "no identity"),
        (&format!("## a\n```request\nat: noon\n```\n{verdict}"), 3, "no time"),
        (&format!("## a\n```request\nhour: 3\n```\n{verdict}"), 3, "`hour`"),
        (&format!("## a\n```schema\n  id integer\n```\n{verdict}"), 3, "below the table"),
        (&format!("## a\n```schema\ntable t\n  id intger\n```\n{verdict}"), 4, "`intger`"),
        (&format!("## a\n```schema\ntable t\n  e text emial\n```\n{verdict}"), 4, "`emial`"),
        (&format!("## a\n```schema\nuse gone.schema\n```\n{verdict}"), 3, "gone.schema"),
    ] {
        let mistake = read("x.md", text).err().unwrap_or_else(|| panic!("{text}"));
        assert_eq!(mistake.line, line, "{mistake}");
        assert!(mistake.message.contains(word), "{mistake}");
    }
}

#[test]
fn two_statements_are_no_case() {
    let text = "## a\n```sql\nSELECT 1; SELECT 2\n```\n```verdict\noutcome: allow\n```\n";
    let ran = read("x.md", text).unwrap().run(&PolicySet::baseline().unwrap());
    assert_eq!(ran[0].differences[0].actual, "2 statements; a case has one");
}

#[test]
fn policies_of_a_case_name_lines_of_its_file() {
    let text = "## a\n```cedar\n\npermit (principal, actoin, resource);\n```\n```sql\nSELECT 1\n\
                ```\n```verdict\noutcome: allow\n```\n";
    let ran = read("x.md", text).unwrap().run(&PolicySet::baseline().unwrap());
    assert_eq!(ran[0].differences[0].line, 4, "{:?}", ran[0]);
}

#[test]
fn every_case_of_the_packs_holds() {
    let baseline = PolicySet::baseline().unwrap();
    let (count, wrong) = run("packs", |name| {
        let pack = policy::PACKS.iter().find(|pack| pack.name == name).unwrap();
        baseline.with(&[(&format!("{name}.cedar"), pack.cedar)]).unwrap()
    });
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 40, "only {count} cases");
}

#[test]
fn the_packs_agree_with_one_another_and_say_why() {
    let named: Vec<_> =
        policy::PACKS.iter().map(|pack| (format!("{}.cedar", pack.name), pack.cedar)).collect();
    let texts: Vec<(&str, &str)> =
        named.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let all = PolicySet::baseline().unwrap().with(&texts).unwrap();
    let own = all.policies().iter().filter(|one| !one.file.starts_with("baseline"));
    let has = |one: &policy::Listed, key: &str| one.annotations.iter().any(|(name, _)| name == key);
    for one in own {
        assert!(has(one, "reason"), "{} has no @reason", one.id);
        let masks = one.text.contains("\"disclose\"");
        assert!(one.permits || masks || has(one, "advice"), "{} has no @advice", one.id);
        let pack = one.file.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(one.id.as_str().starts_with(&pack), "{} in {pack}", one.id);
    }
}
