//! `weir preview`, and the preview that `weir approvals show` has: asks a running Weir, and prints
//! what it answers. Knows no database.

use super::{identity::password_of, mcp};
use crate::{
    cli::PreviewArgs,
    exit::Failure,
    mcp::{Remote, post, tool},
    out::Out,
    visible::visible,
};
use config::Config;
use identity::Secret;
use serde_json::{Value, json};

pub(super) async fn preview(
    load: impl FnOnce() -> Result<Config, Failure>,
    args: PreviewArgs,
) -> Result<(), Failure> {
    let remote = match &args.person {
        None => mcp::remote(load, args.remote)?,
        Some(name) => {
            let (url, ca) = mcp::reached(load, args.remote.url, args.remote.ca)?;
            let password = Some((name.clone(), password_of(name, args.password_stdin)?));
            let task = args.remote.task.filter(|task| !task.is_empty());
            Remote { url, ca, token: None, password, task }
        }
    };
    let arguments = json!({
        "database": args.database, "sql": args.statement, "parameters": args.values,
    });
    let (said, done) = tool(remote, "preview", arguments).await?;
    if !done {
        return Err(Failure::Refused(words(&said)));
    }
    let mut out = Out::new();
    match args.json {
        true => out.json(&said)?,
        false => print(&mut out, &said)?,
    }
    Ok(out.flush()?)
}

/// The preview of a request for approval, for somebody with their password.
pub(super) async fn of_request(
    config: &Config,
    request: &str,
    person: &str,
    password: Secret,
) -> Result<Value, Failure> {
    let (url, ca) = mcp::reached(|| Ok(config.clone()), None, None)?;
    let password = Some((person.to_owned(), password));
    let remote = Remote { url, ca, token: None, password, task: None };
    let (said, done) = post(remote, &format!("/api/v1/approvals/{request}/preview")).await?;
    match done {
        true => Ok(said),
        false => Err(Failure::Refused(words(&said))),
    }
}

/// Why it was not done.
fn words(said: &Value) -> String {
    let pointers = ["/detail", "/what", "/error/message", "/title"];
    let found = pointers.iter().find_map(|pointer| said.pointer(pointer)?.as_str());
    visible(found.unwrap_or("there is no preview of it"))
}

/// What a preview says, for a person.
pub(super) fn print(out: &mut Out, said: &Value) -> anyhow::Result<()> {
    let text = |name: &str| said.get(name).and_then(Value::as_str).map(visible);
    let list = |name: &str| said.get(name).and_then(Value::as_array).into_iter().flatten();
    if let Some(outcome) = text("outcome") {
        out.line(format!("Decision   {outcome}"))?;
    }
    for reason in list("reasons").filter_map(Value::as_str) {
        out.line(format!("Why        {}", visible(reason)))?;
    }
    if let Some(plan) = said.get("plan").filter(|plan| plan.is_object()) {
        print_plan(out, plan, 0)?;
    }
    if let Some(fails) = said.pointer("/fails/message").and_then(Value::as_str) {
        out.line(format!("Fails      {}", visible(fails)))?;
    }
    if let Some(why) = text("why") {
        let tried = said.get("ran").and_then(Value::as_bool) == Some(true);
        out.line(format!("{} {why}", if tried { "Note      " } else { "Not tried " }))?;
    }
    // A request for approval that is shown is there already; else sending it makes one.
    let held = text("outcome").as_deref() == Some("hold") && text("request").is_none();
    let next = match held {
        true => Some(how_it_is_sent(said)),
        false => text("next"),
    };
    if let Some(next) = next {
        out.line(format!("Next       {next}"))?;
    }
    if let Some(changes) = said.get("changes").filter(|changes| changes.is_object()) {
        print_changes(out, changes)?;
    }
    if let Some(sample) = said.get("sample").filter(|sample| sample.is_object()) {
        print_sample(out, sample)?;
    }
    if let Some(receipt) = text("receipt") {
        out.line(format!("Record     {receipt}; everything was rolled back"))?;
    }
    Ok(())
}

/// What somebody at a terminal does with a statement that waits for approval.
fn how_it_is_sent(said: &Value) -> String {
    let needs = said.get("needs").and_then(Value::as_array).into_iter().flatten();
    let needs: Vec<String> = needs.filter_map(Value::as_str).map(visible).collect();
    let run = if needs.len() == 1 && needs.iter().all(|one| one.starts_with("one ")) {
        "runs"
    } else {
        "run"
    };
    let who = if needs.is_empty() { "others".to_owned() } else { needs.join(" and ") };
    format!("Send it with psql: it waits until {who} {run} weir approvals approve REQUEST")
}

fn print_plan(out: &mut Out, node: &Value, depth: usize) -> anyhow::Result<()> {
    let word = |name: &str| node.get(name).and_then(Value::as_str).map(visible);
    let number = |name: &str| node.get(name).and_then(Value::as_f64).unwrap_or_default();
    let mut name = word("operation").or_else(|| word("node")).unwrap_or_default();
    for (before, field) in [(" on ", "relation"), (" by ", "index")] {
        if let Some(text) = word(field) {
            name.push_str(before);
            name.push_str(&text);
        }
    }
    let head = if depth == 0 { "Plan      " } else { "          " };
    let (indent, cost, rows) = ("  ".repeat(depth), number("cost"), number("rows"));
    out.line(format!("{head} {indent}{name}  (cost {cost:.2}, rows {rows})"))?;
    for below in node.get("plans").and_then(Value::as_array).into_iter().flatten() {
        print_plan(out, below, depth + 1)?;
    }
    Ok(())
}

fn print_changes(out: &mut Out, changes: &Value) -> anyhow::Result<()> {
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64).unwrap_or(0);
    let rows = number(changes, "rows");
    out.line(format!("Changes    {rows} row{}", if rows == 1 { "" } else { "s" }))?;
    for table in changes.get("tables").and_then(Value::as_array).into_iter().flatten() {
        let name = visible(table.get("table").and_then(Value::as_str).unwrap_or_default());
        let words = ["inserted", "updated", "deleted"].map(|word| (word, number(table, word)));
        let words: Vec<String> = words
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        out.line(format!("           {name}: {}", words.join(", ")))?;
    }
    if changes.get("elsewhere").and_then(Value::as_bool) == Some(true) {
        out.line("           tables that may not be read are not counted")?;
    }
    Ok(())
}

fn print_sample(out: &mut Out, sample: &Value) -> anyhow::Result<()> {
    let columns = || sample.get("columns").and_then(Value::as_array).into_iter().flatten();
    let names: Vec<String> = columns()
        .map(|column| visible(column.get("name").and_then(Value::as_str).unwrap_or_default()))
        .collect();
    let header: Vec<&str> = names.iter().map(String::as_str).collect();
    for (word, field, missing) in
        [("Before", "before", "why_no_before"), ("After", "after", "why_no_after")]
    {
        let Some(rows) = sample.get(field).and_then(Value::as_array) else {
            let why = sample.get(missing).and_then(Value::as_str).unwrap_or("not shown");
            out.line(format!("{word:<10} {}", visible(why)))?;
            continue;
        };
        out.line(format!("{word}, at most five rows:"))?;
        let value = |value: &Value| match value.as_str() {
            Some(text) => visible(text).replace(['\n', '\t'], " "),
            None => "NULL".to_owned(),
        };
        let row = |row: &Value| row.as_array().into_iter().flatten().map(value).collect();
        let rows: Vec<Vec<String>> = rows.iter().map(row).collect();
        out.table(&header, &rows)?;
    }
    Ok(())
}
