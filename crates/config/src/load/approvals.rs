//! `[approvals]`: how long requests are kept. Knows no request.

use crate::{
    kind::{Time, Word},
    settings::{Approvals, Consent},
    table::Table,
};
use std::time::Duration;

pub(super) const APPROVALS: &str = "Statements that wait for approval, and those that waited. See \
docs/approvals.md.";

const UNSIGNED: &[(&str, Consent)] =
    &[("keyless", Consent::Keyless), ("none", Consent::None), ("all", Consent::All)];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn approvals(mut table: Table<'_>) -> Approvals {
    let approvals = Approvals {
        keep: table.or(
            "keep",
            &Time { range: DAY..=DAY * 3_650 },
            "\"30d\"",
            "How long a request that is over can be listed: who asked, who decided, why. It was \
             without statement and values from its end on, and the record has every step of it.",
        ),
        unsigned: table.or(
            "unsigned",
            &Word(UNSIGNED, Consent::Keyless),
            "\"keyless\"",
            "Whose consent counts without a signature of a passkey. `keyless`: that of persons who \
             have none; whoever has one consents where it can sign, in the console. `none`: \
             nobody's. `all`: everybody's.",
        ),
    };
    table.finish();
    approvals
}
