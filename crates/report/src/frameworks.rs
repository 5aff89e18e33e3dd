//! Sets of controls, each with what Weir's record shows of it and what it does not. Knows measures
//! by their ids. Titles are our words; the sources have their own.

mod gdpr;
mod hipaa;
mod iso27001;
mod pci;
mod soc2;

use serde::Serialize;

/// How far a record bears on a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bearing {
    /// What the control asks for happened in front of Weir, and the record shows it.
    Direct,
    /// The record shows a part of it; the rest needs other evidence.
    Partial,
    /// The record cannot show it.
    None,
}

impl Bearing {
    /// In words.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Direct => "shown by the record",
            Self::Partial => "shown in part",
            Self::None => "not shown by the record",
        }
    }
}

/// A set of controls.
#[derive(Clone, Copy, Debug)]
pub struct Framework {
    /// By which it is asked for: `soc2`.
    pub word: &'static str,
    /// Its heading.
    pub title: &'static str,
    pub(crate) about: &'static [&'static str],
    pub(crate) controls: &'static [Control],
}

/// One control.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control {
    pub(crate) reference: &'static str,
    pub(crate) title: &'static str,
    pub(crate) bearing: Bearing,
    pub(crate) shows: &'static str,
    pub(crate) limits: &'static str,
    pub(crate) evidence: &'static [&'static str],
}

/// Every set.
pub const FRAMEWORKS: &[Framework] =
    &[soc2::SOC2, iso27001::ISO27001, hipaa::HIPAA, gdpr::GDPR, pci::PCI];

/// What no report says, whatever it is about.
pub(crate) const LIMITS: &[&str] = &[
    "This report gives evidence. Whether a control is designed well, and whether it is met, is for \
     an auditor to judge.",
    "Weir records what passes through it. Connections that reach a database past Weir, what the \
     database does by itself (jobs, replication), and people on its host are in no record: show \
     from the network and from the database's own settings that Weir is the only way in.",
    "Labels are found by name, type and sample, and by what people decided. A column that holds \
     sensitive data and bears no label is counted as unlabelled.",
    "A record proves what was recorded. Whoever had control of the machine from the beginning \
     could make Weir record what they liked; who cut records off the end since is shown only by a \
     checkpoint that was kept elsewhere, or by a witness.",
];

const ABOUT: &str = "Each control stands with what Weir's record shows of it, the figures, and \
    some of the records behind them. Every figure can be asked for again with the query beside \
    it, and every record shown is proven to be in the log under the checkpoint named below.";
