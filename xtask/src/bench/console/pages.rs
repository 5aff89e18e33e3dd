//! Every page of the console and every GET of the API behind them, with what is typically asked of
//! them. Knows no figures.

use super::visit::Visitor;
use anyhow::{Context, Result};
use serde_json::Value;

/// How one asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Without having signed in.
    Stranger,
    /// By the console's cookie.
    Console,
    /// By a token of the API's.
    Api,
}

/// Something to ask for.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) way: Way,
    pub(super) path: String,
}

impl Page {
    fn console(path: &str) -> Self {
        Self { way: Way::Console, path: format!("/console/{path}") }
    }

    fn api(path: &str) -> Self {
        Self { way: Way::Api, path: format!("/api/v1/{path}") }
    }

    /// What tables call it: ids are long and say nothing.
    pub(super) fn words(&self) -> String {
        let parts = self.path.split('/').map(|part| {
            let (name, rest) = part.split_once('?').map_or((part, ""), |(name, rest)| (name, rest));
            let is_id = name.len() > 15 && name.chars().any(|c| c.is_ascii_digit());
            let name = if is_id { "{id}" } else { name };
            let numbers = |c: char| c.is_ascii_digit();
            let rest = match rest.split_once("before=") {
                Some((front, rest)) => {
                    format!("{front}before={}", rest.trim_start_matches(numbers))
                }
                None => rest.to_owned(),
            };
            if rest.is_empty() { name.to_owned() } else { format!("{name}?{rest}") }
        });
        let path = parts.collect::<Vec<_>>().join("/");
        path.replace("%3A", ":").replace('+', " ").replace('|', "\\|")
    }
}

/// Pages without anything to be found first.
const CONSOLE: &[&str] = &[
    "now",
    "now?q=service&verdict=modify",
    "now?q=nothing+like+it",
    "sessions",
    "sessions?q=person-11",
    "sessions?q=psql",
    "sessions?q=nothing+like+it",
    "approvals",
    "passkeys",
    "ask",
    "ask?q=",
    "ask?q=identity%3Aperson-11",
    "ask?q=identity%3Aservice-8",
    "ask?q=agent%3Acopilot-7",
    "ask?q=column%3Acustomers.email+disclosure%3Araw",
    "ask?q=label%3Aemail+disclosure%3Amasked+since%3A24h",
    "ask?q=relation%3Ar53+use%3Awritten",
    "ask?q=text%3Arefund",
    "ask?q=text%3A%22nothing+like+it%22",
    "ask?q=state%3Arefused",
    "ask?q=sqlstate%3A40P01",
    "ask?q=approved_by%3Aperson-9",
    "ask?q=identity%3Aperson-11+column%3Ar40.ssn+verdict%3Amodify",
    "ask?q=kind%3Aagent+state%3Arefused",
    "ask?q=use%3Awritten+since%3A24h",
    "ask?q=hold%3Aany",
    "ask?q=&by=identity",
    "ask?q=&by=day",
    "ask?q=&by=operation",
    "ask?q=&by=text",
    "ask?q=identity%3Aservice-8&by=day",
    "ask?q=column%3Acustomers.email+disclosure%3Araw&by=identity",
    "ask/suggest?q=identity%3Aper",
    "ask/suggest?q=column%3Ar",
    "data",
    "data?q=customers",
    "data?label=email&order=heat",
    "data/table?database=shop&schema=public&table=customers",
    "data/table?database=shop&schema=public&table=r53",
    "data/column?database=shop&schema=public&table=customers&column=email",
    "identities",
    "identities?q=team-7&kind=person",
    "identities/person-11",
    "identities/service-8",
    "identities/copilot-7",
    "identities/person-11/disable",
    "policies",
    "policies/one?id=deleting-needs-approval",
    "policies/try?file=90-holds.cedar",
    "policies/explain",
    "reports",
    "reports/list",
    "setup",
    "setup/new",
];

/// The same of the API.
const API: &[&str] = &[
    "openapi.json",
    "session",
    "approvals",
    "columns",
    "columns?database=shop&label=email",
    "columns/shop/public/customers/email",
    "tables/shop/public/customers",
    "reports",
    "status",
    "sessions",
    "sessions?q=person-11",
    "sessions?q=nothing+like+it",
    "grants",
    "delegations",
    "providers",
];

/// All of them, those of a statement, a session and a request that there are among them.
pub(super) fn all(visitor: &Visitor) -> Result<Vec<Page>> {
    let get = |path: &str| -> Result<Value> {
        Ok(serde_json::from_str(&visitor.ask(&Page::api(path))?.text)?)
    };
    let text = |value: &Value, name: &str| -> Result<String> {
        let found = value.get(name).and_then(Value::as_str);
        Ok(found.with_context(|| format!("no {name} in {value}"))?.to_owned())
    };
    let first = |value: &Value, name: &str| -> Result<Value> {
        let found = value.get(name).and_then(Value::as_array).and_then(|all| all.first());
        found.cloned().with_context(|| format!("nothing in {name}"))
    };
    // One that is over, with all its statements.
    let listed = get("sessions?q=person-11")?;
    let session = text(&first(&listed, "sessions")?, "session")?;
    let replayed = get(&format!("sessions/{session}"))?;
    let statement = text(&first(&replayed, "statements")?, "statement")?;
    let request = text(&first(&get("approvals")?, "approvals")?, "request")?;
    let before = get("sessions")?.get("before").and_then(Value::as_u64).context("no more")? / 2;
    let console = [
        format!("sessions?before={before}"),
        format!("sessions/{session}"),
        format!("sessions/{session}?after=100"),
        format!("statements/{statement}"),
        format!("statements/{statement}/proof"),
        format!("approvals/{request}"),
        format!("ask?q=&before={before}"),
        format!("ask?q=identity%3Aservice-8&before={before}"),
    ];
    let api = [
        format!("sessions?before={before}"),
        format!("sessions/{session}"),
        format!("sessions/{session}?after=100"),
        format!("approvals/{request}"),
    ];
    let mut all = vec![Page { way: Way::Stranger, path: "/console/sign-in".to_owned() }];
    all.extend(CONSOLE.iter().map(|path| Page::console(path)));
    all.extend(console.iter().map(|path| Page::console(path)));
    all.extend(API.iter().map(|path| Page::api(path)));
    all.extend(api.iter().map(|path| Page::api(path)));
    Ok(all)
}
