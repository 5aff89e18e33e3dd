//! Measures of the record itself, and of what governs: policies, labels, administration.

use super::{Behind, Measure};

pub(super) const MEASURES: &[Measure] = &[
    Measure {
        id: "policy_changes",
        title: "Changes of policies",
        what: "Sets of policies that came into force, and broken ones that did not: then the last \
               good set stayed.",
        query: "SELECT count(*) AS changes, count(DISTINCT by) AS by_whom,
            coalesce(sum(json_extract(detail, '$.refused') IS NOT NULL), 0) AS broken_sets
            FROM events WHERE type = 'policy_changed' AND {time}",
        zero: &[],
        sample: Behind::Sql(
            "SELECT sequence FROM events WHERE type = 'policy_changed' AND {time}
             ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "label_changes",
        title: "Changes of labels",
        what: "Labels that Weir found on columns, and what people decided about them.",
        query: "SELECT CASE by WHEN 'weir' THEN 'found by Weir' ELSE 'decided by a person' END
            AS how, count(*) AS changes, count(DISTINCT database || ' ' || object) AS columns,
            coalesce(sum(json_extract(detail, '$.after') IS NULL), 0) AS labels_removed
            FROM events WHERE type = 'label_changed' AND {time} GROUP BY 1 ORDER BY 1",
        zero: &[],
        sample: Behind::Sql(
            "SELECT sequence FROM events WHERE type = 'label_changed' AND {time}
             ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "catalog_changes",
        title: "Changes of databases' structure",
        what: "Readings of a database's catalog that differed from the one before.",
        query: "SELECT coalesce(database, '') AS database, count(*) AS changes FROM events
            WHERE type = 'catalog_changed' AND {time} GROUP BY 1 ORDER BY 2 DESC, 1",
        zero: &[],
        sample: Behind::Sql(
            "SELECT sequence FROM events WHERE type = 'catalog_changed' AND {time}
             ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "readings",
        title: "Readings of the record",
        what: "Who read or searched the record through Weir's own commands; this report becomes \
               one of them. Whoever reads its files past Weir is not seen.",
        query: "SELECT by, count(*) AS readings, min(time) AS first, max(time) AS last FROM events
            WHERE type = 'administered'
            AND json_extract(detail, '$.what') LIKE 'read the record%' AND {time}
            GROUP BY 1 ORDER BY 2 DESC, 1",
        zero: &[],
        sample: Behind::Sql(
            "SELECT sequence FROM events WHERE type = 'administered'
             AND json_extract(detail, '$.what') LIKE 'read the record%' AND {time}
             ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "administration",
        title: "Administration of Weir",
        what: "What else was done to Weir itself: keys made or destroyed, texts forgotten.",
        query: "SELECT by, json_extract(detail, '$.what') AS what, count(*) AS times FROM events
            WHERE type = 'administered'
            AND json_extract(detail, '$.what') NOT LIKE 'read the record%' AND {time}
            GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        zero: &[],
        sample: Behind::Sql(
            "SELECT sequence FROM events WHERE type = 'administered'
             AND json_extract(detail, '$.what') NOT LIKE 'read the record%' AND {time}
             ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "runs",
        title: "Starts and stops of the record",
        what: "When Weir opened and closed the log. After a crash some statements have no outcome: \
               they may have run or not. Intents that could not be written were refused, and are \
               `withdrawn` (of all time, since such a record bears none).",
        query: "SELECT coalesce(sum(type = 'started'), 0) AS starts,
            coalesce(sum(type = 'stopped'), 0) AS stops,
            coalesce(sum(type = 'started' AND NOT json_extract(detail, '$.clean')), 0)
            AS after_a_crash,
            coalesce(sum(json_extract(detail, '$.unknown_outcomes')), 0) AS unknown_outcomes,
            coalesce(sum(json_extract(detail, '$.damage') IS NOT NULL), 0) AS damage_found,
            (SELECT count(*) FROM events WHERE type = 'withdrawn') AS withdrawn
            FROM events WHERE type IN ('started', 'stopped') AND {time}",
        zero: &["damage_found"],
        sample: Behind::Sql(
            "SELECT sequence FROM events WHERE type IN ('started', 'stopped') AND {time}
             ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "removals",
        title: "Records that were removed",
        what: "Ranges of records whose time was over, by what rule, of all time. Their hashes stay \
               in the tree, and every proof of them holds.",
        query: "SELECT sequence AS record, time, coalesce(json_extract(detail, '$.from'), 0)
            AS first, json_extract(detail, '$.before') - 1 AS last,
            json_extract(detail, '$.oldest') AS oldest, json_extract(detail, '$.newest') AS newest,
            json_extract(detail, '$.rule') AS rule FROM events WHERE type = 'pruned'
            ORDER BY sequence DESC",
        zero: &[],
        sample: Behind::Sql(
            "SELECT sequence FROM events WHERE type = 'pruned' ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "span",
        title: "How far the record reaches",
        what: "The first and the last of all records that bear a time, and the days of the period \
               on which there were statements.",
        query: "SELECT (SELECT min(time) FROM events) AS oldest,
            (SELECT max(time) FROM events) AS newest, count(*) AS days_with_statements,
            min(first_sequence) AS first_statement, max(last_sequence) AS last_statement
            FROM days WHERE {days}",
        zero: &[],
        sample: Behind::Nothing,
    },
];
