//! What one identity asked consent for, had for a while, and decided about others.

use super::sql;
use crate::{
    gather::Asker,
    measure::{Ask, Sample},
};

/// `own` is its name, `who` a condition on chains of actors that it stands in.
pub(super) fn asks(asker: &Asker<'_>, own: &str, who: &str) -> Vec<Ask> {
    let mut held = sql(
        asker,
        "held",
        "Statements of it that waited for consent",
        "What became of the newest, and who consented or denied.",
        &format!(
            "SELECT time, identity, database, state, consented_by, denied_by, hold FROM holds
             WHERE {who} AND {{time}} ORDER BY sequence DESC LIMIT 50"
        ),
    );
    held.sample = records(asker, &format!("hold_steps WHERE {who}"));
    let mut grants = sql(
        asker,
        "grants",
        "Rights that it had for a while",
        "Grants that it asked for: of which group, on which databases, what for, by whose \
         consent, from when to when, and what a review found.",
        &format!(
            "SELECT time, identity, group_name, databases, emergency, purpose, state, begun, until,
             ended, consented_by, denied_by, review, reviewed_by, grant FROM grants
             WHERE {who} AND {{time}} ORDER BY sequence DESC LIMIT 50"
        ),
    );
    grants.sample = records(asker, &format!("grant_steps WHERE {who}"));
    let said = "IN ('consented', 'approved', 'denied')";
    let mut voices = sql(
        asker,
        "voices",
        "What it said about others' requests",
        "Consents, denials and reviews by this identity, the newest.",
        &format!(
            "SELECT sequence, time, 'statement' AS about, what, identity AS asked_by, database,
             reason, hold AS name FROM hold_steps WHERE by = {own} AND what {said} AND {{time}}
             UNION ALL SELECT sequence, time, 'grant of ' || group_name, what, identity, databases,
             reason, grant FROM grant_steps WHERE by = {own} AND (what IN ('consented', 'granted',
             'denied', 'revoked') OR what LIKE 'review%') AND {{time}}
             ORDER BY sequence DESC LIMIT 50"
        ),
    );
    voices.sample = records(asker, &format!("hold_steps WHERE by = {own} AND what {said}"));
    vec![held, grants, voices]
}

fn records(asker: &Asker<'_>, of: &str) -> Sample {
    let query = format!("SELECT sequence FROM {of} AND {{time}} ORDER BY sequence DESC");
    Sample::Sql(asker.period.fill(&query))
}
