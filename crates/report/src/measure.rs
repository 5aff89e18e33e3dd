//! Measures: what is counted, by which query over the documented views, and which records stand
//! behind it. Knows no controls.

mod consent;
mod data;
mod people;
mod trail;

use crate::period::Period;
use index::Direction;
use std::borrow::Cow;

/// One thing that is counted. Queries have days in braces: see [`Period::fill`].
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// By which controls refer to it.
    pub id: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// What the figures are.
    pub what: &'static str,
    pub(crate) query: &'static str,
    /// Columns of a single row that should be zero.
    pub(crate) zero: &'static [&'static str],
    pub(crate) sample: Behind,
}

/// Which records stand behind a measure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behind {
    /// None.
    Nothing,
    /// Those whose `sequence` a query gives.
    Sql(&'static str),
    /// Statements: what was about to run, or was refused.
    Statements(&'static str),
    /// Statements: what came of them.
    Outcomes(&'static str),
}

/// Every measure.
pub(crate) fn all() -> impl Iterator<Item = &'static Measure> {
    let people = people::MEASURES.iter().chain(consent::MEASURES);
    people.chain(data::MEASURES).chain(trail::MEASURES)
}

/// A question, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) id: Cow<'static, str>,
    pub(crate) title: Cow<'static, str>,
    pub(crate) what: Cow<'static, str>,
    pub(crate) source: Source,
    pub(crate) zero: &'static [&'static str],
    pub(crate) sample: Sample,
}

/// What answers it.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A query over the views.
    Sql(String),
    /// A trace of a column.
    Trace { column: String, direction: Direction },
}

/// What finds records behind it.
#[derive(Clone, Debug)]
pub(crate) enum Sample {
    None,
    Sql(String),
    Search { question: String, outcome: bool },
}

impl Measure {
    /// The question about these days.
    pub(crate) fn ask(&self, period: &Period) -> Ask {
        let search =
            |question: &str, outcome| Sample::Search { question: period.ask(question), outcome };
        Ask {
            id: self.id.into(),
            title: self.title.into(),
            what: self.what.into(),
            source: Source::Sql(period.fill(self.query)),
            zero: self.zero,
            sample: match self.sample {
                Behind::Nothing => Sample::None,
                Behind::Sql(query) => Sample::Sql(period.fill(query)),
                Behind::Statements(question) => search(question, false),
                Behind::Outcomes(question) => search(question, true),
            },
        }
    }
}
