//! Files of cases: Markdown in which each `##` heading is one case, with a `request`, an `sql` and
//! a `verdict` block, and perhaps a `schema` and a `cedar` block of its own. Blocks above the first
//! heading hold for every case of the file. docs/policy.md explains the format.

use crate::{
    decide::{self, Circumstances},
    mistake::Mistake,
    request,
    schema::Schema,
    verdict::{self, outcome_of},
};
use model::Verdict;
use policy::PolicySet;

/// The most cases of one file.
const MAX_CASES: usize = 10_000;

/// A file of cases, read.
#[derive(Debug)]
pub struct CaseFile {
    name: String,
    cases: Vec<Case>,
}

/// What must be: line, key, value.
type Expected = (usize, String, String);

/// One case.
#[derive(Debug)]
struct Case {
    title: String,
    line: usize,
    who: Circumstances,
    schema: Schema,
    /// `None` for a case about connecting.
    sql: Option<(usize, String)>,
    /// Policies that hold for this case beside those that are tested, with their first line.
    cedar: Option<(usize, String)>,
    expected: Vec<Expected>,
}

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Ran {
    /// The case's heading.
    pub title: String,
    /// Where the heading stands.
    pub line: usize,
    /// What is not as it must be; empty if the case holds.
    pub differences: Vec<Difference>,
    /// What was decided, where it came to that.
    pub verdict: Option<Box<Verdict>>,
}

/// One line of a case that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The line in the file.
    pub line: usize,
    /// What must be, as the file has it.
    pub expected: String,
    /// What is.
    pub actual: String,
}

/// A fenced block: the line of its first line, its language, its lines.
struct Block<'a> {
    line: usize,
    language: &'a str,
    lines: Vec<(usize, &'a str)>,
}

/// What holds for every case below.
#[derive(Clone, Default)]
struct Shared {
    who: Option<Circumstances>,
    schema: Schema,
    cedar: Option<(usize, String)>,
}

impl CaseFile {
    /// Reads a file's text. `other` gives the text of a schema file that a block names with `use`.
    ///
    /// # Errors
    /// The first line that cannot be read.
    pub fn read(
        name: &str,
        text: &str,
        other: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Mistake> {
        let mistake = |(line, message)| Mistake { file: name.to_owned(), line, message };
        let mut shared = Shared::default();
        let mut cases = Vec::new();
        for (line, title, blocks) in sections(text).map_err(mistake)? {
            match title {
                None => shared = shared_by_all(&blocks, &other).map_err(mistake)?,
                Some(title) => {
                    let case = case(title, line, &blocks, &shared, &other).map_err(mistake)?;
                    cases.extend(case);
                }
            }
        }
        if cases.is_empty() {
            return Err(mistake((1, "holds no case: a `##` heading with its blocks".to_owned())));
        }
        if cases.len() > MAX_CASES {
            return Err(mistake((1, format!("holds more than {MAX_CASES} cases"))));
        }
        Ok(Self { name: name.to_owned(), cases })
    }

    /// The name it was read under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Decides every case under these policies.
    pub fn run(&self, policies: &PolicySet) -> Vec<Ran> {
        self.cases.iter().map(|case| case.run(&self.name, policies)).collect()
    }
}

impl Case {
    fn run(&self, file: &str, policies: &PolicySet) -> Ran {
        let decided = self.decide(file, policies);
        let mut differences = Vec::new();
        match &decided {
            Err((line, why)) => differences.push(Difference {
                line: *line,
                expected: "a verdict".to_owned(),
                actual: why.clone(),
            }),
            Ok(verdict) => {
                for (line, key, value) in &self.expected {
                    // Keys were checked when the file was read.
                    let actual = verdict::differs(verdict, key, value).unwrap_or_else(Some);
                    differences.extend(actual.map(|actual| Difference {
                        line: *line,
                        expected: format!("{key}: {value}"),
                        actual: format!("{key}: {actual}"),
                    }));
                }
            }
        }
        let (title, line, verdict) = (self.title.clone(), self.line, decided.ok().map(Box::new));
        Ran { title, line, differences, verdict }
    }

    /// What is decided, or the line at which it cannot be, and why.
    fn decide(&self, file: &str, policies: &PolicySet) -> Result<Verdict, (usize, String)> {
        let more;
        let policies = match &self.cedar {
            None => policies,
            Some((first, text)) => {
                // So that problems name lines of this file.
                let text = format!("{}{text}", "\n".repeat(first.saturating_sub(1)));
                more = policies.with(&[(file, &text)]).map_err(|problems| {
                    let told = problems.first().map(ToString::to_string).unwrap_or_default();
                    (problems.first().map_or(*first, |problem| problem.line), told)
                })?;
                &more
            }
        };
        let Some((line, sql)) = &self.sql else {
            let Circumstances { identity, database, environment, .. } = &self.who;
            let context = self.who.context();
            let allowed = policies.may_connect(identity, database, environment, &context);
            return Ok(allowed.map_or_else(|refusal| refusal, |()| connected()));
        };
        let Schema { catalog, labels } = &self.schema;
        match decide::decide(policies, &self.who, catalog, labels, sql) {
            Err(refusal) => Ok(*refusal),
            Ok(mut decided) => match (decided.pop(), decided.len()) {
                (Some(one), 0) => Ok(one.verdict),
                (last, others) => {
                    let count = others + usize::from(last.is_some());
                    Err((*line, format!("{count} statements; a case has one")))
                }
            },
        }
    }
}

/// The verdict on a connection that policy lets in.
fn connected() -> Verdict {
    let mut verdict = policy::refusal("");
    verdict.outcome = outcome_of(true);
    verdict.reasons.clear();
    verdict
}

type Section<'a> = (usize, Option<&'a str>, Vec<Block<'a>>);

/// The text by headings; what stands above the first one has no title.
fn sections(text: &str) -> Result<Vec<Section<'_>>, (usize, String)> {
    let mut sections: Vec<Section<'_>> = vec![(1, None, Vec::new())];
    let mut open: Option<Block<'_>> = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let Some((_, _, blocks)) = sections.last_mut() else { continue };
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => block.lines.push((number, line)),
            (None, Some(language)) => {
                let language = language.trim();
                open = Some(Block { line: number + 1, language, lines: Vec::new() });
            }
            (None, None) => {
                if let Some(title) = line.strip_prefix("## ") {
                    sections.push((number, Some(title.trim()), Vec::new()));
                }
            }
        }
    }
    match open {
        Some(block) => Err((block.line, "the block is not closed".to_owned())),
        None => Ok(sections),
    }
}

fn shared_by_all(
    blocks: &[Block<'_>],
    other: &impl Fn(&str) -> Option<String>,
) -> Result<Shared, (usize, String)> {
    let mut shared = Shared::default();
    for block in blocks {
        match block.language {
            "schema" => shared.schema = schema(block, other)?,
            "request" => {
                let who = shared.who.get_or_insert_with(request::unsaid);
                requested(who, block)?;
            }
            "cedar" => shared.cedar = Some((block.line, text(block))),
            "sql" | "verdict" => {
                return Err((block.line, "belongs below the `##` heading of a case".to_owned()));
            }
            // Examples and drawings.
            _ => {}
        }
    }
    Ok(shared)
}

/// One case; nothing if there is no block, because a heading may be for people alone.
fn case(
    title: &str,
    line: usize,
    blocks: &[Block<'_>],
    shared: &Shared,
    other: &impl Fn(&str) -> Option<String>,
) -> Result<Option<Case>, (usize, String)> {
    let mut case = Case {
        title: title.to_owned(),
        line,
        who: shared.who.clone().unwrap_or_else(request::unsaid),
        schema: shared.schema.clone(),
        sql: None,
        cedar: shared.cedar.clone(),
        expected: Vec::new(),
    };
    let mut any = false;
    for block in blocks {
        match block.language {
            "request" => requested(&mut case.who, block)?,
            "schema" => case.schema = schema(block, other)?,
            "sql" => case.sql = Some((block.line, text(block))),
            "cedar" => case.cedar = Some((block.line, text(block))),
            "verdict" => case.expected.extend(expected(block)?),
            _ => continue,
        }
        any = true;
    }
    if any && case.expected.is_empty() {
        return Err((line, "the case expects nothing: it needs a `verdict` block".to_owned()));
    }
    Ok(any.then_some(case))
}

fn requested(who: &mut Circumstances, block: &Block<'_>) -> Result<(), (usize, String)> {
    for (number, line) in block.lines.iter().filter(|(_, line)| !line.trim().is_empty()) {
        request::line(who, line).map_err(|why| (*number, why))?;
    }
    Ok(())
}

fn expected(block: &Block<'_>) -> Result<Vec<Expected>, (usize, String)> {
    let mut expected = Vec::new();
    let nothing = policy::refusal("");
    for (number, line) in block.lines.iter().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = || (*number, "expected `key: value`".to_owned());
        let (key, value) = line.split_once(':').ok_or_else(wrong)?;
        let (key, value) = (key.trim(), value.trim());
        verdict::differs(&nothing, key, value).map_err(|why| (*number, why))?;
        expected.push((*number, key.to_owned(), value.to_owned()));
    }
    Ok(expected)
}

fn schema(
    block: &Block<'_>,
    other: &impl Fn(&str) -> Option<String>,
) -> Result<Schema, (usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (number, line) in &block.lines {
        match line.strip_prefix("use ") {
            None => lines.push((*number, (*line).to_owned())),
            Some(file) => {
                let file = file.trim();
                let text = other(file)
                    .ok_or_else(|| (*number, format!("the schema file {file} cannot be read")))?;
                lines.extend(text.lines().map(|line| (*number, line.to_owned())));
            }
        }
    }
    Schema::read(lines.iter().map(|(number, line)| (*number, line.as_str())))
}

fn text(block: &Block<'_>) -> String {
    let lines: Vec<&str> = block.lines.iter().map(|(_, line)| *line).collect();
    lines.join("\n")
}
