//! Replays scripts: each statement is analysed, asked about, held against the answer, and run.

use crate::{
    check::{self, Gap},
    client::{Answer, Client},
    live::Live,
    plan,
    script::{Item, Script, Variables, words},
};
use anyhow::Result;
use model::{Facts, facts::SessionChange};
use std::{
    collections::BTreeMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

/// How much of a statement is shown.
const SHOWN: usize = 400;

/// What was counted.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// Texts sent to the server.
    pub(crate) seen: usize,
    /// Meta-commands of psql that were passed over.
    pub(crate) meta: usize,
    /// Statements that PostgreSQL ran.
    pub(crate) ran: usize,
    /// Of these, those whose facts are complete.
    pub(crate) complete: usize,
    /// Statements (those inside of EXPLAIN and COPY too) for which PostgreSQL gave a plan.
    pub(crate) planned: usize,
    /// Of these, those whose facts are complete, and were held against the plan.
    pub(crate) checked: usize,
    /// Statements whose outputs were held against RowDescription.
    pub(crate) described: usize,
    /// Outputs of WITH queries, and rows, of which a plan does not tell what uses them.
    pub(crate) undecided: usize,
    /// Gaps that row security explains: its conditions are not in the statement.
    pub(crate) secured: usize,
    /// What was not understood of statements that ran, and how often.
    pub(crate) unknown: BTreeMap<String, (usize, String)>,
    /// Everything that PostgreSQL read and the facts did not name.
    pub(crate) gaps: usize,
    /// Other origins than the facts expect.
    pub(crate) origins: usize,
    /// Time in the analyser.
    pub(crate) analysis: Duration,
}

/// A session that replays.
pub(crate) struct Replay {
    port: u16,
    user: String,
    database: String,
    client: Client,
    pub(crate) live: Live,
    pub(crate) count: Count,
    variables: Variables,
    file: String,
}

impl Replay {
    pub(crate) fn new(port: u16, user: &str, database: &str) -> Result<Self> {
        let mut client = Client::connect(port, user, database)?;
        let live = Live::new(&mut client)?;
        Ok(Self {
            port,
            user: user.to_owned(),
            database: database.to_owned(),
            client,
            live,
            count: Count::default(),
            variables: Variables::new(),
            file: String::new(),
        })
    }

    fn connect(&mut self, user: &str) -> Result<()> {
        self.client = Client::connect(self.port, user, &self.database)?;
        self.live.connected();
        Ok(())
    }

    /// A script in a session of its own, as psql runs a file.
    pub(crate) fn script(&mut self, file: &str, text: &str, env: &[(&str, String)]) -> Result<()> {
        let user = self.user.clone();
        self.connect(&user)?;
        file.clone_into(&mut self.file);
        self.variables = Variables::new();
        let mut script = Script::new(text);
        while let Some(item) = script.next(&self.variables) {
            match item {
                Item::Sql(sql, ending) => self.sql(&sql, &ending, &mut script)?,
                Item::Meta(name, line) => self.meta(&name, &line, env, &mut script)?,
            }
        }
        Ok(())
    }

    fn sql(&mut self, sql: &str, ending: &str, script: &mut Script<'_>) -> Result<()> {
        if ending.starts_with("gdesc") {
            self.count.meta += 1;
            return Ok(());
        }
        let answer = self.statement(sql, script)?;
        let mut ending = ending.split_whitespace();
        match ending.next() {
            Some("gset") => {
                let prefix = ending.next().unwrap_or_default();
                let row = answer.rows.first().into_iter().flatten();
                for (name, value) in answer.names.iter().zip(row) {
                    let value = value.clone().unwrap_or_default();
                    self.variables.insert(format!("{prefix}{name}"), value);
                }
            }
            Some("gexec") => {
                for sql in answer.rows.into_iter().flatten().flatten() {
                    self.statement(&sql, script)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn meta(
        &mut self,
        name: &str,
        line: &str,
        env: &[(&str, String)],
        script: &mut Script<'_>,
    ) -> Result<()> {
        let words = words(line);
        match (name, words.as_slice()) {
            ("set", [name, values @ ..]) => {
                self.variables.insert(name.clone(), values.concat());
            }
            ("unset", [name, ..]) => {
                self.variables.remove(name);
            }
            ("getenv", [name, wanted, ..]) => {
                if let Some((_, value)) = env.iter().find(|(known, _)| known == wanted) {
                    self.variables.insert(name.clone(), value.clone());
                }
            }
            ("c" | "connect", words) => {
                let user = words.get(1).filter(|user| *user != "-").cloned();
                let user = user.unwrap_or_else(|| self.user.clone());
                // Where it fails, psql keeps the old connection, as a script would notice.
                let _ = self.connect(&user);
            }
            ("copy", _) => {
                self.statement(&format!("copy {line}"), script)?;
            }
            _ => self.count.meta += 1,
        }
        Ok(())
    }

    /// One text: analysed and asked about before it runs.
    fn statement(&mut self, sql: &str, script: &mut Script<'_>) -> Result<Answer> {
        self.count.seen += 1;
        if self.client.status != b'E' {
            self.live.refresh(&mut self.client)?;
        }
        let start = Instant::now();
        let analysed = sql::analyse(sql, &self.live.catalog, &self.live.scope);
        self.count.analysis += start.elapsed();
        let mut facts: Vec<Arc<Facts>> = analysed.into_iter().map(|one| one.facts).collect();
        if self.client.status != b'E' && facts.len() == 1 {
            match planned(sql) {
                Planned::Itself => facts = vec![self.hold(sql, true)?],
                Planned::Inner(inner) => {
                    let _ = self.hold(inner, true)?;
                }
                Planned::Not => {
                    if !sql.to_lowercase().trim_start().starts_with("copy") {
                        facts = vec![self.hold(sql, false)?];
                    }
                }
            }
        }
        let mut answer = self.client.run(sql, || script.data())?;
        let failed = answer.error.is_some();
        for (at, facts) in facts.iter().enumerate() {
            let tag = answer.tags.get(at).map(String::as_str);
            if tag.is_some() {
                self.count.ran += 1;
                self.completeness(facts, sql);
            }
            self.live.follow(facts, tag, self.client.status);
        }
        if failed {
            answer.rows.clear();
        }
        Ok(answer)
    }

    fn completeness(&mut self, facts: &Facts, sql: &str) {
        if check::complete(facts) {
            self.count.complete += 1;
            return;
        }
        let mut reasons: Vec<String> = facts
            .unknowns
            .iter()
            .map(|unknown| {
                let kind = unknown.what.split(['"', '(']).next().unwrap_or_default().trim();
                format!("{kind}: {}", unknown.why)
            })
            .collect();
        if reasons.is_empty() {
            reasons.push(format!("an output, or dynamic={}", facts.dynamic));
        }
        reasons.dedup();
        for reason in reasons {
            let example = format!("{}: {}", self.file, shown(sql));
            self.count.unknown.entry(reason).or_insert((0, example)).0 += 1;
        }
    }

    /// Asks PostgreSQL about a statement and holds the facts against the answer. Where they differ
    /// the catalog is read again, as Weir does, and only what differs then counts.
    fn hold(&mut self, sql: &str, explained: bool) -> Result<Arc<Facts>> {
        let told = self.client.ask(sql, explained.then_some(sql))?;
        let plan = told.plan.as_deref().map(serde_json::from_str).transpose()?;
        let temporary = self.live.scope.temp_schema.as_deref();
        let reads = plan.as_ref().map(|plan| plan::reads(plan, temporary));
        let mut again = false;
        loop {
            let start = Instant::now();
            let analysed = sql::analyse(sql, &self.live.catalog, &self.live.scope);
            self.count.analysis += start.elapsed();
            let Some(first) = analysed.first() else {
                return Ok(Arc::new(Facts::unknown("nothing", "")));
            };
            let facts = Arc::clone(&first.facts);
            let mut gaps = Vec::new();
            if let Some(outputs) = &told.outputs {
                gaps.extend(check::outputs(&facts, outputs, &self.live.catalog));
            }
            let reading = query_of_cursor(&facts);
            let complete = check::complete(reading);
            if let Some(reads) = reads.as_ref().filter(|_| complete) {
                gaps.extend(check::reads(reading, reads, &self.live.catalog));
            }
            if !gaps.is_empty() && !again {
                again = true;
                self.live.distrust();
                self.live.refresh(&mut self.client)?;
                continue;
            }
            self.count.described += usize::from(told.outputs.is_some());
            self.count.planned += usize::from(reads.is_some());
            if let Some(reads) = &reads {
                self.count.checked += usize::from(complete);
                self.count.undecided += reads.undecided;
            }
            self.gaps(gaps, &facts, sql)?;
            return Ok(facts);
        }
    }

    fn gaps(&mut self, gaps: Vec<Gap>, facts: &Facts, sql: &str) -> Result<()> {
        if gaps.is_empty() {
            return Ok(());
        }
        let read = matches!(gaps.first(), Some(Gap::Column(..) | Gap::Relation(_)));
        if read && self.is_secured(facts)? {
            self.count.secured += 1;
            return Ok(());
        }
        for gap in gaps {
            eprintln!("{}: {gap:?}\n    {}", self.file, shown(sql));
            match gap {
                Gap::Origin(_) => self.count.origins += 1,
                _ => self.count.gaps += 1,
            }
        }
        Ok(())
    }

    /// True if a relation of the statement has row security, whose conditions the plan holds.
    fn is_secured(&mut self, facts: &Facts) -> Result<bool> {
        let effects = facts.effects.iter().filter_map(|effect| effect.relation.as_ref());
        let ids: Vec<String> =
            effects.filter_map(|relation| Some(relation.id?.0.to_string())).collect();
        if ids.is_empty() || self.client.status == b'E' {
            return Ok(false);
        }
        let sql = format!(
            "select 1 from pg_catalog.pg_class where relrowsecurity and oid in ({})",
            ids.join(", ")
        );
        Ok(!self.client.run(&sql, String::new)?.rows.is_empty())
    }
}

/// DECLARE itself reads nothing: what the cursor reads stands in the facts of its query.
fn query_of_cursor(facts: &Facts) -> &Facts {
    match facts.session.as_slice() {
        [SessionChange::Declare(_, query)]
        | [SessionChange::Declare(_, query), SessionChange::Hold(_)] => query,
        _ => facts,
    }
}

/// Which text EXPLAIN takes.
enum Planned<'t> {
    /// The statement itself.
    Itself,
    /// The statement inside of it.
    Inner(&'t str),
    /// None.
    Not,
}

fn planned(sql: &str) -> Planned<'_> {
    let sql = bare(sql);
    let lower = sql.to_lowercase();
    let word = lower.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    match word {
        "select" | "with" | "values" | "table" | "insert" | "update" | "delete" | "merge"
        | "declare" | "execute" => Planned::Itself,
        "" if lower.starts_with('(') => Planned::Itself,
        "create" if made_from_query(&lower) => Planned::Itself,
        "explain" => inner_of_explain(sql).map_or(Planned::Not, Planned::Inner),
        "copy" => match sql["copy".len()..].trim_start().strip_prefix('(') {
            Some(rest) => inside(rest).map_or(Planned::Not, Planned::Inner),
            None => Planned::Not,
        },
        _ => Planned::Not,
    }
}

/// Without white space and comments in front.
fn bare(mut sql: &str) -> &str {
    loop {
        sql = sql.trim_start();
        match sql.strip_prefix("/*").and_then(|rest| rest.split_once("*/")) {
            Some((_, after)) => sql = after,
            None => return sql,
        }
    }
}

fn made_from_query(lower: &str) -> bool {
    let head: Vec<&str> = lower.split_whitespace().take(4).collect();
    let table = head.contains(&"table") && !head.contains(&"foreign");
    (table || head.contains(&"materialized")) && lower.contains("as")
}

fn inner_of_explain(sql: &str) -> Option<&str> {
    let mut rest = sql["explain".len()..].trim_start();
    loop {
        let lower = rest.to_lowercase();
        if let Some(word) = ["analyze", "verbose"].iter().find(|word| lower.starts_with(**word)) {
            rest = rest[word.len()..].trim_start();
        } else if let Some(options) = rest.strip_prefix('(') {
            let word = lower.trim_start_matches(['(', ' ']);
            if ["select", "with", "values"].iter().any(|start| word.starts_with(start)) {
                return Some(rest);
            }
            rest = options.split_once(')')?.1.trim_start();
        } else {
            return Some(rest).filter(|rest| matches!(planned(rest), Planned::Itself));
        }
    }
}

/// Up to the parenthesis that closes one opened before.
fn inside(text: &str) -> Option<&str> {
    let mut depth = 1_usize;
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return text.get(..at).filter(|inner| !inner.trim().is_empty());
                }
            }
            _ => {}
        }
    }
    None
}

fn shown(sql: &str) -> String {
    let line: Vec<&str> = sql.split_whitespace().collect();
    line.join(" ").chars().take(SHOWN).collect()
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = |part: usize, whole: usize| part as f64 * 100.0 / whole.max(1) as f64;
        writeln!(f, "{} texts, {} meta-commands passed over", self.seen, self.meta)?;
        let ran = share(self.complete, self.ran);
        writeln!(f, "{} ran: facts complete for {} ({ran:.2} %)", self.ran, self.complete)?;
        let checked = share(self.checked, self.planned);
        writeln!(f, "{} planned: {} checked ({checked:.2} %)", self.planned, self.checked)?;
        writeln!(f, "{} results described", self.described)?;
        writeln!(f, "{} outputs undecided, {} row security", self.undecided, self.secured)?;
        let mut unknown: Vec<_> = self.unknown.iter().collect();
        unknown.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
        for (reason, (count, example)) in unknown.into_iter().take(60) {
            writeln!(f, "  {count:6} {reason}\n         {example}")?;
        }
        writeln!(f, "{} other origins than expected", self.origins)?;
        writeln!(f, "{} reads that the facts do not name", self.gaps)
    }
}
