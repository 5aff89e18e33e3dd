//! What a client is told of values that were masked because a part of a statement was not
//! understood: zeros, blanks and stars look like data to a program.

use super::{Relay, expected::Run};
use model::{Disclosure, Label};
use std::fmt::Write as _;
use wire_pg::backend::encode::{Diagnostic, Severity};

/// What is said, in the server's place.
pub(super) struct Puzzled {
    message: String,
    detail: String,
}

impl Run {
    /// What to say if values of the part that is being answered were masked so.
    pub(super) fn puzzled(&self) -> Option<Puzzled> {
        let part = self.part()?;
        let why = part.facts.unknowns.first()?;
        let verdict = &part.verdict;
        let unknown = |column: &usize| {
            let how = verdict.disclosures.get(*column).unwrap_or(&verdict.fallback);
            matches!(how, Disclosure::Masked { label, .. } if *label == Label::UNKNOWN)
        };
        let counts = self.counts.disclosed.iter().enumerate();
        let masked = counts.filter(|(_, counted)| counted.masked > 0).map(|(column, _)| column);
        let mut columns = masked.filter(unknown);
        let mut message = format!("Weir masked column {}", columns.next()? + 1);
        for column in columns {
            let _ = write!(message, ", {}", column + 1);
        }
        message.push_str(": a part of the statement was not understood");
        let detail = format!("{}: {}", why.what, why.why);
        Some(Puzzled { message, detail })
    }
}

impl Relay {
    /// Says so before the statement's end.
    pub(super) fn say_puzzled(&mut self, puzzled: &Puzzled) {
        let Puzzled { message, detail } = puzzled;
        let hint = "Write that part another way, or ask an administrator for a policy.";
        let warning = Diagnostic::new(Severity::Warning, "01000", message);
        warning.detail(detail).hint(hint).encode(&mut self.client.output);
    }
}
