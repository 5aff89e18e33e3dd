//! Whose words the server's errors and notices are, and whether they may be passed on. Knows what
//! is being answered, and no SQLSTATE.

use super::{
    Relay,
    expected::{Expected, Request},
};
use gate::Plan;
use wire_pg::backend::{Report, field};

impl Relay {
    /// True if what is said may carry what the asker may not see.
    pub(super) fn redacts(&mut self, report: Report<'_>) -> bool {
        if self.session.unrestricted() {
            return false;
        }
        // What is counted leaves in rows and by no other way, and so does what is only tried.
        if self.session.is_metered() || self.session.previews() {
            return true;
        }
        match self.expected.front() {
            // A Bind plans the statement, and planning computes whatever depends on no row.
            Some(Expected { request: Request::Bind(Some((_, portal))), .. }) => {
                return redacted(&portal.plan, usize::MAX, report);
            }
            // Outside a transaction block the Sync commits, and deferred constraints speak of
            // everything before it.
            Some(Expected { request: Request::Sync, .. }) => return true,
            _ => {}
        }
        self.run_mut().is_some_and(|run| {
            run.statement.ends_transaction() || redacted(&run.statement.plan, run.part, report)
        })
    }
}

/// True if a statement up to this one of a text touched what may not be seen (what is deferred
/// speaks at the text's end), or if code speaks that is named in none of them: what a constraint,
/// an index or a domain runs, nobody has looked at.
pub(super) fn redacted(plan: &Plan, part: usize, report: Report<'_>) -> bool {
    let mut parts = plan.parts.iter().take(part.saturating_add(1));
    let in_code = report.field(field::WHERE).is_some_and(|context| !of_input(context.bytes()));
    let foreseen = plan.parts.iter().any(|part| runs_code(plan, part));
    // A failure says what it met, and what the server logs for whoever looks into it (a plan, with
    // what is constant in it) may say anything.
    let tells = report
        .field(field::SEVERITY_PLAIN)
        .is_none_or(|word| !matches!(word.bytes(), b"NOTICE" | b"WARNING"));
    let hides = |part: &gate::Part| {
        part.verdict.redact_diagnostics || (tells && part.verdict.redact_errors)
    };
    parts.any(hides) || (in_code && !foreseen)
}

/// True for contexts that speak of the client's own input and of no code. In another language than
/// English they count as code.
fn of_input(context: &[u8]) -> bool {
    const INPUT: [&[u8]; 4] =
        [b"unnamed portal parameter ", b"portal \"", b"COPY ", b"JSON data, line "];
    let mut lines = context.split(|byte| *byte == b'\n');
    lines.all(|line| INPUT.iter().any(|start| line.starts_with(start)))
}

/// True if the facts name code that can speak: not PostgreSQL's own, not in C.
fn runs_code(plan: &Plan, part: &gate::Part) -> bool {
    let catalog = &plan.knowledge.catalog;
    let speaks = |function: &model::facts::FunctionRef| {
        let known = function.id.and_then(|id| catalog.function(id));
        known.is_none_or(|known| !matches!(known.language.as_str(), "internal" | "c"))
    };
    let facts = &part.facts;
    facts.effects.iter().any(|effect| effect.operation == model::Operation::Do)
        || facts.functions.iter().any(speaks)
}
