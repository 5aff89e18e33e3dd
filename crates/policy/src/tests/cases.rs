//! Runs `cases/*.md`: a heading, a `request` block, perhaps a `cedar` block of additional policies,
//! and a `verdict` block.
//!
//! Lines of a verdict: `outcome`, `outputs`, `fallback`, `redact`, `read_only`, `rows`,
//! `min_group`, `look_ups`, `turn_back`, `durability`, `refused` and `policies` are compared as a
//! whole;
//! `policy`, `reason` and `advice` may repeat and must be contained.

use super::shop::{Shop, with};
use crate::PolicySet;
use model::{Disclosure, Verdict, verdict::LookUps};
use std::fmt::Write;
use std::path::Path;

#[test]
fn every_case_holds() {
    let shop = Shop::new();
    let baseline = PolicySet::baseline().unwrap();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut wrong = String::new();
    let mut count = 0;
    let mut files: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "md")) {
        let text = std::fs::read_to_string(file).unwrap();
        for case in text.split("\n## ").skip(1) {
            let title = case.lines().next().unwrap_or_default();
            let place = format!("{}: {title}", file.file_name().unwrap().to_string_lossy());
            let request = block(case, "request").unwrap_or_else(|| panic!("{place}: no request"));
            let expected = block(case, "verdict").unwrap_or_else(|| panic!("{place}: no verdict"));
            let own = block(case, "cedar").map(with);
            let verdict = shop.decide(own.as_ref().unwrap_or(&baseline), &shop.ask(request));
            for line in expected.lines().filter(|line| !line.trim().is_empty()) {
                if !holds(line, &verdict) {
                    writeln!(wrong, "{place}\n  expected {line}\n  got {verdict:#?}").unwrap();
                }
            }
            count += 1;
        }
    }
    assert!(count >= 60, "only {count} cases found");
    assert!(wrong.is_empty(), "{wrong}");
}

fn block<'a>(case: &'a str, language: &str) -> Option<&'a str> {
    let (_, rest) = case.split_once(&format!("```{language}\n"))?;
    rest.split_once("```").map(|(block, _)| block)
}

fn holds(line: &str, verdict: &Verdict) -> bool {
    let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("{line}: no key"));
    let value = value.trim();
    let ids: Vec<&str> = verdict.policies.iter().map(model::PolicyId::as_str).collect();
    match key.trim() {
        "outcome" => verdict.outcome.as_str() == value,
        "outputs" => {
            let words: Vec<String> = verdict.disclosures.iter().map(word).collect();
            words.join("; ") == value
        }
        "fallback" => word(&verdict.fallback) == value,
        "redact" => verdict.redact_diagnostics.to_string() == value,
        "read_only" => verdict.read_only.to_string() == value,
        "rows" => verdict.row_limit.map_or("none".to_owned(), |rows| rows.to_string()) == value,
        "keep_text" => verdict.keep_text.to_string() == value,
        "min_group" => verdict.min_group.map_or("none".to_owned(), |n| n.to_string()) == value,
        "look_ups" => {
            let counted = verdict.look_ups.iter();
            let words: Vec<String> = counted
                .map(|LookUps { identity: _, label, values, per_hour, policy }| {
                    format!("{label} {values} of {per_hour} by {policy}")
                })
                .collect();
            words.join("; ") == value
        }
        "turn_back" => {
            let entries = verdict.turn_back.iter().map(|entry| match entry.method {
                None => format!("{} raw", entry.label),
                Some(method) => {
                    let right = match (method, &entry.refused) {
                        (model::MaskMethod::Pseudonym, None) => " permitted",
                        (_, Some(_)) => " refused",
                        (_, None) => "",
                    };
                    format!("{} {}{right}", entry.label, crate::wording::method(method))
                }
            });
            entries.collect::<Vec<_>>().join("; ") == value
        }
        "kept" => {
            let kept = verdict.kept_from_masks.iter();
            let words: Vec<String> = kept
                .map(|one| format!("{} {}", one.label, crate::wording::method(one.method)))
                .collect();
            words.join("; ") == value
        }
        "durability" => {
            format!("{:?}", verdict.durability).to_lowercase() == value.replace('_', "")
        }
        "refused" => verdict.refused.map_or("none", |operation| operation.as_str()) == value,
        "policies" => ids.join(", ") == value,
        "policy" => ids.contains(&value),
        "no policy" => !ids.contains(&value),
        "reason" => verdict.reasons.iter().any(|reason| reason.contains(value)),
        "no reason" => !verdict.reasons.iter().any(|reason| reason.contains(value)),
        "advice" => verdict.advice.as_ref().is_some_and(|advice| advice.contains(value)),
        key => panic!("{key}: no such key"),
    }
}

/// `raw`, `raw email`, `scan`, `email partial`.
fn word(disclosure: &Disclosure) -> String {
    match disclosure {
        Disclosure::Raw { labels } if labels.is_empty() => "raw".to_owned(),
        Disclosure::Raw { labels } => {
            let labels: Vec<&str> = labels.iter().map(model::Label::as_str).collect();
            format!("raw {}", labels.join(" "))
        }
        Disclosure::Scan => "scan".to_owned(),
        Disclosure::Masked { label, method } => {
            format!("{label} {}", crate::wording::method(*method))
        }
    }
}

#[test]
fn the_examples_of_the_documentation_load() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/policy.md");
    let page = std::fs::read_to_string(page).unwrap();
    let examples: Vec<&str> =
        page.split("```cedar\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(examples.len() >= 5);
    with(&examples.join("\n"));
}
