//! Corpora of hostile statements as data: `cases/bypass`, which would carry a secret out, and
//! `cases/evasion`, which would destroy, with its look-alikes. Knows how the files are written, and
//! runs nothing.

use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// A file of the corpus: one category.
#[derive(Clone, Debug, Default)]
pub struct Category {
    /// The file's name without its ending.
    pub name: String,
    /// What the database holds besides the shop; run by a superuser before Weir starts.
    pub setup: Vec<String>,
    /// Its cases, in the file's order.
    pub cases: Vec<Case>,
}

/// One way to carry a secret out.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// `category/heading`.
    pub name: String,
    /// Texts, each sent as one message by a client that speaks the simple protocol.
    pub texts: Vec<String>,
    /// Whom it is for; a masked person if nobody is named.
    pub identity: Option<String>,
    /// What Weir must do, beyond letting nothing out.
    pub expect: Expect,
    /// It cannot be said in the extended protocol, or only text shows it there.
    pub only: Option<String>,
    /// The bare database must not roll it back: what it shows needs a commit.
    pub commits: bool,
    /// What undoes it then.
    pub undo: Vec<String>,
    /// Why Weir lets this out today; such a case must leak.
    pub open: Option<String>,
    /// Nothing but the scan of content could know that what it carries is secret.
    pub by_content: bool,
    /// The query whose answer changes when the case acts.
    pub check: Option<String>,
    /// What comes back when it acts.
    pub shows: Option<String>,
    /// Values of its parameters.
    pub values: Option<Vec<Option<String>>>,
    /// Who may do it.
    pub passes: Vec<String>,
}

/// What Weir must do with a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expect {
    /// Whatever it likes.
    #[default]
    Either,
    /// Run it and mask.
    Masked,
    /// Refuse it.
    Refused,
}

/// A secret as `canaries.md` lists it.
#[derive(Clone, Debug)]
pub struct Planted {
    /// Table with its schema.
    pub table: String,
    /// Column.
    pub column: String,
    /// Which rows.
    pub rows: String,
    /// `text`, `number` or `date`; `… part` for a piece of a value that another line plants.
    pub kind: String,
    /// The value, as SQL reads it between quotes.
    pub value: String,
}

/// Where the corpus is.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/bypass")
}

/// The whole corpus, or the files and cases whose name contains `$BYPASS`.
pub fn corpus() -> Result<Vec<Category>> {
    read_folder(&folder(), &env::var("BYPASS").unwrap_or_default())
}

/// Every file of a folder, in order of names, with the cases whose name contains `wanted`.
pub fn read_folder(folder: &Path, wanted: &str) -> Result<Vec<Category>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let name = file.file_stem().context("no name")?.to_string_lossy().into_owned();
        if file.extension().is_none_or(|kind| kind != "md") || name == "README" {
            continue;
        }
        let text = fs::read_to_string(&file)?;
        let mut category = read(&name, &text).with_context(|| format!("in {}", file.display()))?;
        category.cases.retain(|case| case.name.contains(wanted));
        all.push(category);
    }
    Ok(all)
}

/// What must run before the secrets are planted, from the README.
pub fn before_planting() -> Result<String> {
    let text = fs::read_to_string(folder().join("README.md"))?;
    let (_, block) = text.rsplit_once("```sql\n").context("no block")?;
    Ok(block.trim_end().trim_end_matches("```").to_owned())
}

/// The secrets, from the table in the README.
pub fn planted() -> Result<Vec<Planted>> {
    let text = fs::read_to_string(folder().join("README.md"))?;
    let table = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    table
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [column, rows, kind, value] = cells.as_slice() else {
                bail!("four cells, not {}: {line}", cells.len());
            };
            let (table, column) = column.rsplit_once('.').context("no table")?;
            Ok(Planted {
                table: table.to_owned(),
                column: column.to_owned(),
                rows: (*rows).to_owned(),
                kind: (*kind).to_owned(),
                value: (*value).to_owned(),
            })
        })
        .collect()
}

/// Reads one file: `## Setup` and `## a case`, each with blocks of SQL; a case may have lines
/// `- as: somebody`, `- expect: masked`, `- only: simple`, `- commits`, `- open: why` and others. A
/// block that follows the line `- undo` undoes.
fn read(name: &str, text: &str) -> Result<Category> {
    let mut category = Category { name: name.to_owned(), ..Category::default() };
    for section in text.split("\n## ").skip(1) {
        let (heading, body) = section.split_once('\n').context("a heading alone")?;
        let mut case = Case { name: format!("{name}/{heading}"), ..Case::default() };
        let mut lines = body.lines();
        let mut undoing = false;
        while let Some(line) = lines.next() {
            if line == "```sql" {
                let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
                let list = if undoing { &mut case.undo } else { &mut case.texts };
                list.push(block.join("\n"));
            } else if line == "- undo" {
                undoing = true;
            } else if let Some(word) = line.strip_prefix("- ") {
                attribute(&mut case, word).with_context(|| heading.to_owned())?;
            }
        }
        ensure!(!case.texts.is_empty(), "{heading} has no statement");
        if heading == "Setup" {
            category.setup = case.texts;
        } else {
            ensure!(category.cases.iter().all(|other| other.name != case.name), "two {heading}");
            category.cases.push(case);
        }
    }
    Ok(category)
}

fn attribute(case: &mut Case, line: &str) -> Result<()> {
    let (word, value) = line.split_once(": ").unwrap_or((line, ""));
    match (word, value) {
        ("as", who) => case.identity = Some(who.to_owned()),
        ("only", "simple" | "text") => case.only = Some(value.to_owned()),
        ("expect", "masked") => case.expect = Expect::Masked,
        ("expect", "refused") => case.expect = Expect::Refused,
        ("commits", "") => case.commits = true,
        ("by", "content") => case.by_content = true,
        ("open", why) if !why.is_empty() => case.open = Some(why.to_owned()),
        ("check", query) if !query.is_empty() => case.check = Some(query.to_owned()),
        ("shows", text) if !text.is_empty() => case.shows = Some(text.to_owned()),
        ("values", values) => {
            let value = |text: &str| (text != "NULL").then(|| text.to_owned());
            case.values = Some(values.split(" | ").map(value).collect());
        }
        ("passes", who) => case.passes.push(who.to_owned()),
        _ => bail!("unknown: {line}"),
    }
    Ok(())
}

/// The statements of a text, as a client of the extended protocol must send them: one by one.
pub fn statements(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut at, mut start) = (0, 0);
    let mut all = Vec::new();
    while at < bytes.len() {
        let rest = &text[at..];
        at += match bytes[at] {
            b'\'' | b'"' => quoted(rest),
            b'-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            b'/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            b'$' => dollar_quoted(rest).unwrap_or(1),
            b';' => {
                all.push(&text[start..at]);
                start = at + 1;
                1
            }
            _ => 1,
        };
    }
    all.push(&text[start..]);
    all.into_iter().map(str::trim).filter(|text| !text.is_empty()).collect()
}

/// The length of a quoted word. A doubled quote ends one and begins the next, which is as good.
fn quoted(text: &str) -> usize {
    text[1..].find(char::from(text.as_bytes()[0])).map_or(text.len(), |end| end + 2)
}

/// The length of a dollar-quoted text, if one begins here.
fn dollar_quoted(text: &str) -> Option<usize> {
    let tag = &text[..text[1..].find('$')? + 2];
    let inner = &tag[1..tag.len() - 1];
    if !inner.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_') {
        return None;
    }
    Some(text[tag.len()..].find(tag)? + 2 * tag.len())
}
