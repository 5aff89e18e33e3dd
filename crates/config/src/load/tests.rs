//! The cases of `cases/*.md`: a file's text and the problems it has, or the settings it gives.

use super::parse;
use std::{fmt::Write, fs, path::Path};

/// A case is a heading, a ```toml block and a block of expected lines: ```problems with one
/// `line:column: message` each and its help on a second line after two spaces, or ```settings with
/// lines that the debug form of the settings must hold.
#[test]
fn cases() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut count = 0;
    let mut failures = String::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let page = fs::read_to_string(&path).unwrap();
        for case in page.split("\n## ").skip(1) {
            let title = case.lines().next().unwrap_or_default();
            let name = format!("{}: {title}", path.file_name().unwrap().display());
            let text = block(case, "toml").unwrap_or_else(|| panic!("{name}: no toml block"));
            let result = parse("/etc/weir/weir.toml".as_ref(), text);
            match (block(case, "problems"), block(case, "settings")) {
                (Some(expected), None) => {
                    let found = problems(result);
                    if found != expected {
                        failures += &format!("{name}\n{found}instead of\n{expected}\n");
                    }
                }
                (None, Some(expected)) => {
                    let config = result.unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
                    let shown = format!("{config:?}");
                    for line in expected.lines() {
                        assert!(shown.contains(line), "{name}: {line}\nnot in {shown}");
                    }
                }
                _ => panic!("{name}: wants one problems or settings block"),
            }
            count += 1;
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(count >= 20, "only {count} cases were found");
}

fn block<'c>(case: &'c str, language: &str) -> Option<&'c str> {
    let (_, rest) = case.split_once(&format!("```{language}\n"))?;
    rest.split_once("```").map(|(block, _)| block)
}

fn problems(result: Result<crate::Config, Vec<crate::Problem>>) -> String {
    let mut text = String::new();
    for problem in result.err().unwrap_or_default() {
        writeln!(text, "{}:{}: {}", problem.line, problem.column, problem.message).unwrap();
        if let Some(help) = problem.help {
            writeln!(text, "  {help}").unwrap();
        }
    }
    text
}

#[test]
fn a_file_that_is_not_there_says_what_to_do() {
    let problems = super::load("/nowhere/weir.toml".as_ref()).unwrap_err();
    assert_eq!(problems[0].to_string(), "/nowhere/weir.toml: there is no such file");
    assert!(problems[0].help.as_deref().unwrap().contains("weir init"));
}

#[test]
fn a_name_finds_its_database_before_the_star() {
    let text = "[[database]]\nname='*'\n[database.upstream]\nhost='a'\nuser='u'\n\
        [[database]]\nname='shop'\n[database.upstream]\nhost='b'\nuser='u'\ndatabase='prod'\n";
    let config = parse("weir.toml".as_ref(), text).unwrap();
    let found = |name| config.database(name).map(|(one, asked)| (one.upstream.host.clone(), asked));
    assert_eq!(found("shop"), Some(("b".into(), "prod")));
    assert_eq!(found("other"), Some(("a".into(), "other")));
    assert_eq!(found("*"), Some(("a".into(), "*")));
}

#[test]
fn two_names_for_one_database_deserve_a_second_look() {
    let section = |name: &str, host: &str, database: &str| {
        let behind = match database {
            "" => String::new(),
            name => format!("database = \"{name}\"\n"),
        };
        format!(
            "[[database]]\nname = \"{name}\"\n[database.upstream]\nhost = \"{host}\"\n\
             user = \"weir\"\n{behind}"
        )
    };
    let warned = |sections: &[String]| {
        let text =
            format!("state_dir = \"state\"\nenvironment = \"staging\"\n{}", sections.concat());
        let config = parse("/etc/weir/weir.toml".as_ref(), &text).unwrap();
        config.warnings.iter().any(|warning| warning.message.contains("are the same one"))
    };
    let (shop, any) = (section("shop", "db", ""), section("*", "db", ""));
    assert!(warned(&[shop.clone(), section("sales", "db", "shop")]));
    assert!(warned(&[section("sales", "db", "shop"), any.clone()]), "by its own name, too");
    assert!(!warned(&[shop.clone(), any.clone()]), "its name leads to its own section");
    assert!(!warned(&[shop.clone(), section("sales", "db", "shop2")]));
    assert!(!warned(&[shop, section("sales", "other", "shop")]));
}
