//! Measures of what was done to data, and what of it left.
//!
//! Of an output that a policy lets leave raw, `raw` counts; of one that is masked, what is
//! unchanged held nothing to hide (an empty text), and is not called raw.

use super::{Behind, Measure};

pub(super) const MEASURES: &[Measure] = &[
    Measure {
        id: "statements",
        title: "Statements",
        what: "Everything that clients asked a database to do. Each was decided on and recorded \
               before it ran; those without an identity should be none.",
        query: "SELECT coalesce(sum(statements), 0) AS statements,
            coalesce(sum(refused), 0) AS refused, count(DISTINCT identity) AS identities,
            count(DISTINCT database) AS databases,
            coalesce(sum(CASE WHEN coalesce(identity, '') = '' THEN statements ELSE 0 END), 0)
            AS without_identity FROM daily WHERE {days}",
        zero: &["without_identity"],
        sample: Behind::Statements(""),
    },
    Measure {
        id: "verdicts",
        title: "Decisions",
        what: "Statements by the verdict on them: run as they are, run changed (masked, limited, \
               read only), held for approval, denied. What was refused before it was understood \
               has none.",
        query: "SELECT coalesce(verdict, '(none)') AS verdict, sum(statements) AS statements,
            sum(refused) AS refused, count(DISTINCT shape) AS different_statements
            FROM daily WHERE {days} GROUP BY 1 ORDER BY 2 DESC, 1",
        zero: &[],
        sample: Behind::Statements(""),
    },
    Measure {
        id: "policies",
        title: "Policies that decided",
        what: "Statements by the policies that decided on them: on whose authority they ran or \
               were refused.",
        query: "SELECT s.policies, d.verdict, sum(d.statements) AS statements,
            sum(d.refused) AS refused, count(DISTINCT d.identity) AS identities
            FROM daily d JOIN shapes s ON s.shape = d.shape WHERE {days}
            GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        zero: &[],
        sample: Behind::Statements(""),
    },
    Measure {
        id: "refusals",
        title: "Refused statements",
        what: "Statements that were not run, and by how many identities they were asked.",
        query:
            "SELECT coalesce(sum(refused), 0) AS refused, count(DISTINCT identity) AS identities,
            count(DISTINCT shape) AS different_statements FROM daily WHERE refused > 0 AND {days}",
        zero: &[],
        sample: Behind::Statements("state:refused"),
    },
    Measure {
        id: "not_understood",
        title: "Statements that were not fully understood",
        what: "What analysis could not prove was masked, run read only, or refused. With full \
               rights it runs, and says here that nobody knows all that it did.",
        query: "SELECT coalesce(sum(d.statements), 0) AS statements,
            coalesce(sum(d.refused), 0) AS refused, count(DISTINCT d.shape) AS different_statements,
            count(DISTINCT d.identity) AS identities FROM daily d
            JOIN shapes s ON s.shape = d.shape WHERE coalesce(s.unknowns, '') <> '' AND {days}",
        zero: &[],
        sample: Behind::Sql(
            "SELECT sequence FROM shapes WHERE coalesce(unknowns, '') <> '' AND {time}
             ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "writes",
        title: "Changes of data",
        what: "Statements that change rows, by effect. A statement with two effects counts in \
               both.",
        query: "SELECT e.operation, sum(d.statements) AS statements, sum(d.refused) AS refused,
            count(DISTINCT d.identity) AS identities FROM daily d JOIN (SELECT DISTINCT shape,
            operation FROM effects WHERE operation IN ('insert', 'update', 'delete', 'merge',
            'truncate', 'copy_in')) e ON e.shape = d.shape WHERE {days}
            GROUP BY 1 ORDER BY 2 DESC, 1",
        zero: &[],
        sample: Behind::Statements("operation:insert,update,delete,merge,truncate,copy_in"),
    },
    Measure {
        id: "labelled",
        title: "Labelled columns that were touched",
        what: "Columns that bear a label, by label: how many statements of different text touched \
               them, and how.",
        query: "SELECT label, count(DISTINCT database || ' ' || column) AS columns,
            count(DISTINCT shape) AS different_statements, group_concat(DISTINCT use) AS uses
            FROM columns_used WHERE label IS NOT NULL
            AND shape IN (SELECT shape FROM daily WHERE {days}) GROUP BY 1 ORDER BY 2 DESC, 1",
        zero: &[],
        sample: Behind::Outcomes("disclosure:raw,masked"),
    },
    Measure {
        id: "left",
        title: "Values that left",
        what: "Values in results, by whether the column that they came in bears a label: how many \
               left raw by policy, masked, and as NULL. Of text whose origin is not known, what \
               looked sensitive was masked.",
        query: "SELECT coalesce(sum(CASE WHEN labels <> '' AND shows = 'raw' THEN raw ELSE 0 END),
            0) AS labelled_raw,
            coalesce(sum(CASE WHEN labels <> '' THEN masked ELSE 0 END), 0) AS labelled_masked,
            coalesce(sum(CASE WHEN shows = 'scan' THEN masked ELSE 0 END), 0)
            AS masked_by_content,
            coalesce(sum(CASE WHEN coalesce(labels, '') = '' THEN raw ELSE 0 END), 0) AS unlabelled,
            coalesce(sum(nulls), 0) AS nulls FROM values_daily WHERE {days}",
        zero: &[],
        sample: Behind::Outcomes("disclosure:raw,masked"),
    },
    Measure {
        id: "left_by_label",
        title: "Labelled values that left, by label",
        what: "Values of labelled columns in results, by labels and how they left. `unchanged` \
               counts what was looked into and held nothing to hide.",
        query: "SELECT labels, coalesce(method, shows) AS shown,
            sum(CASE WHEN shows = 'raw' THEN raw ELSE 0 END) AS raw, sum(masked) AS masked,
            sum(CASE WHEN shows = 'raw' THEN 0 ELSE raw END) AS unchanged, sum(nulls) AS nulls,
            count(DISTINCT identity) AS identities
            FROM values_daily WHERE labels <> '' AND {days} GROUP BY 1, 2 ORDER BY 1, 2",
        zero: &[],
        sample: Behind::Outcomes("disclosure:raw,masked"),
    },
    Measure {
        id: "raw_to",
        title: "Who was given labelled values raw",
        what: "Identities to whom values of labelled columns left raw by policy, and how many.",
        query: "SELECT identity, kind, acts_for, database, labels, sum(raw) AS raw,
            count(DISTINCT day) AS days, min(day) AS first, max(day) AS last
            FROM values_daily WHERE labels <> '' AND shows = 'raw' AND raw > 0 AND {days}
            GROUP BY 1, 2, 3, 4, 5 ORDER BY 6 DESC, 1, 5",
        zero: &[],
        sample: Behind::Outcomes("disclosure:raw"),
    },
    Measure {
        id: "cards",
        title: "Payment card data that left",
        what: "Values of columns labelled as payment card numbers or their security data.",
        query: "SELECT coalesce(sum(CASE WHEN shows = 'raw' THEN raw ELSE 0 END), 0) AS raw,
            coalesce(sum(masked), 0) AS masked,
            count(DISTINCT CASE WHEN shows = 'raw' AND raw > 0 THEN identity END)
            AS identities_given_raw, coalesce(group_concat(DISTINCT method), '') AS masks
            FROM values_daily WHERE {pci labels} AND {days}",
        zero: &["raw"],
        sample: Behind::Outcomes("label:payment_card,card_security disclosure:raw,masked"),
    },
    Measure {
        id: "health",
        title: "Health data that left",
        what: "Values of columns labelled as health data.",
        query: "SELECT coalesce(sum(CASE WHEN shows = 'raw' THEN raw ELSE 0 END), 0) AS raw,
            coalesce(sum(masked), 0) AS masked,
            count(DISTINCT CASE WHEN shows = 'raw' AND raw > 0 THEN identity END)
            AS identities_given_raw FROM values_daily WHERE {phi labels} AND {days}",
        zero: &[],
        sample: Behind::Outcomes("label:health disclosure:raw,masked"),
    },
    Measure {
        id: "ways_out",
        title: "Ways out of the database",
        what: "Statements that carry data out by another way than a query's result, by effect.",
        query: "SELECT e.operation, sum(d.statements) AS statements, sum(d.refused) AS refused,
            count(DISTINCT d.identity) AS identities FROM daily d JOIN (SELECT DISTINCT shape,
            operation FROM effects WHERE operation IN ('copy_out', 'server_file',
            'server_program', 'foreign', 'notify', 'large_object', 'replication')) e
            ON e.shape = d.shape WHERE {days} GROUP BY 1 ORDER BY 2 DESC, 1",
        zero: &[],
        sample: Behind::Statements(
            "operation:copy_out,server_file,server_program,foreign,notify,large_object,replication",
        ),
    },
    Measure {
        id: "processing",
        title: "Who processed which kinds of data",
        what: "For each identity and database, the labels whose values it was given, and how. \
               Weir does not know purposes, legal grounds or recipients.",
        query: "SELECT identity, kind, acts_for, database, labels,
            sum(CASE WHEN shows = 'raw' THEN raw ELSE 0 END) AS raw, sum(masked) AS masked,
            count(DISTINCT day) AS days, min(day) AS first, max(day) AS last
            FROM values_daily WHERE labels <> '' AND {days} GROUP BY 1, 2, 3, 4, 5
            ORDER BY 1, 4, 5",
        zero: &[],
        sample: Behind::Outcomes("disclosure:raw,masked"),
    },
];
