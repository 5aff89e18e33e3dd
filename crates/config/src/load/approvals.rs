//! `[approvals]`: how long requests are kept. Knows no request.

use crate::{kind::Time, settings::Approvals, table::Table};
use std::time::Duration;

pub(super) const APPROVALS: &str = "Statements that wait for approval, and those that waited. See \
docs/approvals.md.";

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
    };
    table.finish();
    approvals
}
