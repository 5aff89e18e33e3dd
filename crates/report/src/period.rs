//! The days that a report is about, and queries with them in it. Knows no view.

use crate::error::ReportError;
use ledger::Time;
use model::{Class, Label};
use serde::Serialize;

const DAY: i64 = 86_400_000_000;

/// Whole days, in UTC, from the first to the last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Period {
    /// The first, `YYYY-MM-DD`.
    pub since: String,
    /// The last.
    pub until: String,
    /// The moment at which the first begins.
    #[serde(skip)]
    begin: String,
    /// The moment at which the last is over.
    #[serde(skip)]
    end: String,
}

impl Period {
    /// From one day to another.
    pub fn new(since: &str, until: &str) -> Result<Self, ReportError> {
        let (begin, last) = (midnight(since)?, midnight(until)?);
        if last < begin {
            let why = format!("{until} is before {since}");
            return Err(ReportError::Asked(why));
        }
        let end = Time::from_micros(last.micros().saturating_add(DAY)).to_string();
        Ok(Self { since: since.into(), until: until.into(), begin: begin.to_string(), end })
    }

    /// A query with what stands in braces filled in: `{days}` a condition on `day`, `{time}` and
    /// `{opened}` conditions on a moment, `{pci labels}` and `{phi labels}` conditions on `labels`.
    pub(crate) fn fill(&self, query: &str) -> String {
        let Self { since, until, begin, end } = self;
        let moment = |column: &str| format!("{column} >= '{begin}' AND {column} < '{end}'");
        let filled = |words: &str| {
            words
                .replace("{days}", &format!("day BETWEEN '{since}' AND '{until}'"))
                .replace("{time}", &moment("time"))
                .replace("{opened}", &moment("opened"))
                .replace("{pci labels}", &any_of(Class::Pci))
                .replace("{phi labels}", &any_of(Class::Phi))
        };
        // Every other part is a literal, and a name in one is asked for as it is.
        let parts = query.split('\'').enumerate().map(|(place, part)| match place % 2 {
            0 => filled(&folded(part)),
            _ => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join("'").trim().to_owned()
    }

    /// Whether moments from the first to the last touch these days; where one is not known, they
    /// may.
    pub(crate) fn touches(&self, first: Option<&str>, last: Option<&str>) -> bool {
        first.is_none_or(|first| first < self.end.as_str())
            && last.is_none_or(|last| last >= self.begin.as_str())
    }

    /// A question with these days.
    pub(crate) fn ask(&self, question: &str) -> String {
        format!("{question} since:{} until:{}", self.since, self.until).trim().to_owned()
    }
}

/// A text with every run of white space as one space.
fn folded(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_whitespace() {
            words.push(c);
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
    }
    words
}

/// That a list of labels has one of this class.
fn any_of(class: Class) -> String {
    let labels = Label::ALL.iter().filter(|label| label.class() == class);
    let tests = labels.map(|label| format!("instr(', ' || labels || ',', ', {label},') > 0"));
    format!("({})", tests.collect::<Vec<_>>().join(" OR "))
}

fn midnight(day: &str) -> Result<Time, ReportError> {
    let wrong = || ReportError::Asked(format!("{day} is no day: write 2026-06-30"));
    if day.len() != 10 {
        return Err(wrong());
    }
    format!("{day}T00:00:00.000000Z").parse().map_err(|_| wrong())
}

/// A text as SQL has it.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

/// Texts as SQL has them, in parentheses.
pub(crate) fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| literal(text.as_ref())).collect();
    format!("({})", texts.join(", "))
}
