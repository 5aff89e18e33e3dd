//! `[console]`: who may do what in it, and how long a sign-in lasts. Knows no page.

use crate::{
    kind::{Texts, Time},
    settings::Console,
    table::Table,
};
use std::time::Duration;

pub(super) const CONSOLE: &str = "The console, in a browser at the API's address: who may do what \
there, by the groups of their identity. Who is in none of them may do nothing. See \
docs/console.md.";

pub(super) fn console(mut table: Table<'_>) -> Console {
    let minute = Duration::from_secs(60);
    let groups = Texts { what: "a group" };
    let console = Console {
        viewers: table
            .optional("viewers", &groups, "Who sees what happens now, and no values.")
            .unwrap_or_default(),
        approvers: table
            .optional(
                "approvers",
                &groups,
                "Who decides about what waits: of that, what their groups are asked about.",
            )
            .unwrap_or_default(),
        auditors: table
            .optional("auditors", &groups, "Who reads the record, too.")
            .unwrap_or_default(),
        admins: table
            .optional(
                "admins",
                &groups,
                "Who may all of that, and end sessions. Without this key it is the group `admins`, \
                 which has full rights by the shipped policies, too.",
            )
            .unwrap_or_else(|| vec!["admins".to_owned()]),
        idle: table.or(
            "idle",
            &Time { range: minute..=minute * 60 * 24 },
            "\"30m\"",
            "How long a sign-in lasts when nobody does anything.",
        ),
        lifetime: table.or(
            "lifetime",
            &Time { range: minute..=minute * 60 * 24 },
            "\"8h\"",
            "How long it lasts at most. A change of the identity ends it at once.",
        ),
    };
    table.finish();
    console
}
