//! What a client is told where a part of a statement was not understood: of values that were masked
//! for it (zeros, blanks and stars look like data to a program), and of names that the server does
//! not know either.

use super::{
    End, Expected, Relay,
    expected::{Request, Run},
};
use gate::Refusal;
use model::{Disclosure, Label};
use std::fmt::Write as _;
use wire_pg::{
    Text,
    backend::encode::{Diagnostic, Severity},
    frontend::{Kind, encode},
};

/// The name under which the server is asked what it does not know.
const ASKED_NAME: &[u8] = b"weir asked";

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

    /// Makes the upstream fail a Query of this text in the refused one's place. Where a part of it
    /// was not understood, the server is asked whether it knows its names, so that a misspelt one
    /// is answered like a misspelt one.
    pub(super) fn refuse_text(&mut self, refusal: Refusal, text: Text<'_>) -> Result<(), End> {
        if self.open || self.skipping || !self.ask_names(&refusal, text, [])? {
            return self.refuse_query(refusal);
        }
        self.refuse_extended(refusal)?;
        encode::sync(&mut self.upstream.output);
        self.expected.push_back(Expected::of(Request::Sync));
        (self.skipping, self.ran) = (false, false);
        self.segment += 1;
        Ok(())
    }

    /// Asks the server for the names in a text that is going to be refused; true if it was asked.
    /// It only reads the text: nothing is planned, nothing runs, and the refusal behind it ends
    /// whatever transaction that is in.
    pub(super) fn ask_names(
        &mut self,
        refusal: &Refusal,
        text: Text<'_>,
        types: impl IntoIterator<Item = u32>,
    ) -> Result<bool, End> {
        let told = self.session.is_metered() || self.session.previews() || self.side.is_inside();
        if !refusal.puzzling || told || self.copying_in || self.replication.is_some() {
            return Ok(false);
        }
        let out = &mut self.upstream.output;
        encode::parse(out, ASKED_NAME, text.bytes(), types)?;
        encode::close(out, Kind::Statement, ASKED_NAME)?;
        let refusal = Some(Box::new(refusal.clone()));
        let request = Request::Parse { name: ASKED_NAME.into(), before: None, made: None };
        self.expected.push_back(Expected { request, hidden: true, refusal });
        let close = Request::Close { name: None, before: None };
        self.expected.push_back(Expected::hidden(close));
        Ok(true)
    }
}
