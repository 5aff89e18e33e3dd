//! Measures of what needed somebody's consent, and of rights for a while.

use super::{Behind, Measure};

pub(super) const MEASURES: &[Measure] = &[
    Measure {
        id: "approvals",
        title: "Statements that waited for consent",
        what: "Requests for somebody's consent to a statement, and what became of them. Each that \
               ran did so once, exactly as it was seen. Consents by whoever asked, or by somebody \
               for whom an agent asked, are not let count: there should be none.",
        query: "SELECT count(*) AS requests, coalesce(sum(state = 'used'), 0) AS ran,
            coalesce(sum(state = 'denied'), 0) AS denied,
            coalesce(sum(state = 'expired'), 0) AS expired,
            coalesce(sum(state = 'withdrawn'), 0) AS withdrawn,
            coalesce(sum(state = 'approved'), 0) AS approved_and_not_used,
            coalesce(sum(state = 'open'), 0) AS waiting,
            count(DISTINCT identity) AS identities,
            coalesce(sum(own), 0) AS consents_by_whoever_asked FROM holds WHERE {time}",
        zero: &["consents_by_whoever_asked"],
        sample: Behind::Sql("SELECT sequence FROM hold_steps WHERE {time} ORDER BY sequence DESC"),
    },
    Measure {
        id: "consents",
        title: "Who consented to what",
        what: "Who said yes or no to whose statements, by what these do. `approved` is the last \
               consent that was needed.",
        query: "SELECT t.by, t.what, t.identity AS asked_by, t.database,
            coalesce(s.operation, '') AS operation, count(*) AS times, min(t.time) AS first,
            max(t.time) AS last FROM (SELECT * FROM hold_steps
                WHERE what IN ('consented', 'approved', 'denied') AND {time}) t
            LEFT JOIN holds h ON h.hold = t.hold LEFT JOIN shapes s ON s.shape = h.shape
            GROUP BY 1, 2, 3, 4, 5 ORDER BY 6 DESC, 1, 2, 3",
        zero: &[],
        sample: Behind::Sql(
            "SELECT sequence FROM hold_steps WHERE what IN ('consented', 'approved', 'denied')
             AND {time} ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "grants",
        title: "Rights for a while",
        what: "Grants of a group's rights that were asked for, and what became of them. They end \
               by themselves. Consents and reviews by whoever has the grant are not let count: \
               there should be none.",
        query: "SELECT count(*) AS asked_for, count(begun) AS begun,
            coalesce(sum(begun IS NOT NULL AND consented_by = 'weir'), 0)
            AS begun_by_policy_alone, coalesce(sum(state = 'denied'), 0) AS denied,
            coalesce(sum(state IN ('expired', 'void')), 0) AS expired_or_void,
            coalesce(sum(state = 'revoked'), 0) AS revoked,
            coalesce(sum(emergency), 0) AS break_glass, count(DISTINCT identity) AS identities,
            coalesce(sum(own), 0) AS consents_by_whoever_asked FROM grants WHERE {time}",
        zero: &["consents_by_whoever_asked"],
        sample: Behind::Sql("SELECT sequence FROM grant_steps WHERE {time} ORDER BY sequence DESC"),
    },
    Measure {
        id: "granted",
        title: "Who had which rights for a while",
        what: "Each grant that began: whose, of which group, on which databases, what for, by \
               whose consent, from when to when, and what its review found. What was done with \
               one is found by `weir audit search grant:NAME`.",
        query: "SELECT identity, group_name, databases, CASE emergency WHEN 1 THEN 'break-glass'
            ELSE 'asked for' END AS how, purpose, consented_by, begun, until, ended, state, review,
            reviewed_by, grant FROM grants WHERE begun IS NOT NULL AND {time}
            ORDER BY sequence DESC",
        zero: &[],
        sample: Behind::Sql(
            "SELECT sequence FROM grant_steps WHERE what = 'begun' AND {time}
             ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "break_glass",
        title: "Broken glass, and its review",
        what: "Grants that could not wait for consent, and what the persons who had to review \
               them found. One that nobody has reviewed yet deserves a look, as does one that was \
               not found fine.",
        query: "SELECT count(*) AS begun, coalesce(sum(review = 'fine'), 0) AS found_fine,
            coalesce(sum(review = 'not_fine'), 0) AS found_not_fine,
            coalesce(sum(review IN ('open', 'none')), 0) AS not_reviewed,
            count(DISTINCT identity) AS identities FROM grants
            WHERE emergency AND begun IS NOT NULL AND {time}",
        zero: &["found_not_fine", "not_reviewed"],
        sample: Behind::Sql(
            "SELECT sequence FROM grant_steps WHERE emergency AND {time} ORDER BY sequence DESC",
        ),
    },
];
