//! Measures of who there is, how they sign in and what they are let do.

use super::{Behind, Measure};

const SESSIONS: &str = "SELECT sequence FROM sessions WHERE {opened} ORDER BY sequence DESC";

pub(super) const MEASURES: &[Measure] = &[
    Measure {
        id: "sign_ins",
        title: "Sign-ins",
        what: "Sessions that began, and whose they were. Every session belongs to an identity that \
               proved itself: those without one should be none.",
        query: "SELECT count(*) AS sessions, count(DISTINCT identity) AS identities,
            coalesce(sum(kind = 'person'), 0) AS of_people,
            coalesce(sum(kind = 'service'), 0) AS of_services,
            coalesce(sum(kind = 'agent'), 0) AS of_agents,
            coalesce(sum(coalesce(identity, '') = ''), 0) AS without_identity
            FROM sessions WHERE {opened}",
        zero: &["without_identity"],
        sample: Behind::Sql(SESSIONS),
    },
    Measure {
        id: "methods",
        title: "How they signed in",
        what: "Sessions by the method by which the client proved who it is.",
        query: "SELECT method, kind, count(*) AS sessions, count(DISTINCT identity) AS identities
            FROM sessions WHERE {opened} GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2",
        zero: &[],
        sample: Behind::Sql(SESSIONS),
    },
    Measure {
        id: "transport",
        title: "Encryption between clients and Weir",
        what: "Sessions by what protected the client's connection. Loopback and local sockets do \
               not leave the machine.",
        query: "SELECT coalesce(sum(tls IS NOT NULL), 0) AS with_tls,
            coalesce(sum(tls IS NULL AND address IS NULL), 0) AS by_local_socket,
            coalesce(sum(tls IS NULL AND (address LIKE '127.%' OR address = '::1')), 0)
                AS by_loopback,
            coalesce(sum(tls IS NULL AND address NOT LIKE '127.%' AND address <> '::1'), 0)
                AS over_a_network_without_tls
            FROM sessions WHERE {opened}",
        zero: &["over_a_network_without_tls"],
        sample: Behind::Sql(
            "SELECT sequence FROM sessions WHERE tls IS NULL AND address NOT LIKE '127.%'
             AND address <> '::1' AND {opened} ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "refused_sign_ins",
        title: "Refused sign-ins",
        what: "Clients that were not let in. Their names are only claimed.",
        query: "SELECT count(*) AS refused, count(DISTINCT identity) AS claimed_names,
            count(DISTINCT object) AS addresses FROM events
            WHERE type = 'session_refused' AND {time}",
        zero: &[],
        sample: Behind::Sql(
            "SELECT sequence FROM events WHERE type = 'session_refused' AND {time}
             ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "identity_changes",
        title: "Changes of identities",
        what: "Identities that were added, disabled, given a password, or put into and taken out \
               of groups, and by how many people.",
        query: "SELECT CASE WHEN json_extract(detail, '$.what') LIKE 'added%' THEN 'added'
            WHEN json_extract(detail, '$.what') LIKE 'groups: +%' THEN 'put into a group'
            WHEN json_extract(detail, '$.what') LIKE 'groups: -%' THEN 'taken out of a group'
            ELSE json_extract(detail, '$.what') END AS change, count(*) AS changes,
            count(DISTINCT identity) AS identities, count(DISTINCT by) AS by_whom
            FROM events WHERE type = 'identity_changed' AND {time}
            GROUP BY 1 ORDER BY 2 DESC, 1",
        zero: &[],
        sample: Behind::Sql(
            "SELECT sequence FROM events WHERE type = 'identity_changed' AND {time}
             ORDER BY sequence DESC",
        ),
    },
    Measure {
        id: "identities",
        title: "Identities that signed in",
        what: "Every identity with its groups at sign-in, its first and last session.",
        query: "SELECT identity, kind, acts_for, groups, count(*) AS sessions,
            min(opened) AS first, max(opened) AS last FROM sessions WHERE {opened}
            GROUP BY 1, 2, 3, 4 ORDER BY last DESC, identity",
        zero: &[],
        sample: Behind::Sql(SESSIONS),
    },
    Measure {
        id: "agents",
        title: "Agents and whom they act for",
        what: "Statements of agents. Each agent acts for somebody, whose rights bound its own: \
               those for nobody should be none.",
        query: "SELECT coalesce(sum(statements), 0) AS statements,
            count(DISTINCT identity) AS agents, count(DISTINCT acts_for) AS acted_for,
            coalesce(sum(refused), 0) AS refused,
            coalesce(sum(CASE WHEN acts_for IS NULL THEN statements ELSE 0 END), 0) AS for_nobody
            FROM daily WHERE kind = 'agent' AND {days}",
        zero: &["for_nobody"],
        sample: Behind::Statements("kind:agent"),
    },
    Measure {
        id: "privileged",
        title: "Privileged statements",
        what: "Statements that change structure, rights, security settings or the server, or that \
               reach outside of the database, by effect. A statement with two effects counts \
               in both.",
        query: "SELECT e.operation, sum(d.statements) AS statements, sum(d.refused) AS refused,
            count(DISTINCT d.identity) AS identities FROM daily d JOIN (SELECT DISTINCT shape,
            operation FROM effects WHERE operation IN ('grant', 'role', 'security', 'extension',
            'server', 'create', 'alter', 'drop', 'rename', 'set_role', 'server_file',
            'server_program', 'foreign', 'replication')) e ON e.shape = d.shape
            WHERE {days} GROUP BY 1 ORDER BY 2 DESC, 1",
        zero: &[],
        sample: Behind::Statements(
            "operation:grant,role,security,extension,server,create,alter,drop,rename,set_role,\
             server_file,server_program,foreign,replication",
        ),
    },
    Measure {
        id: "full_rights",
        title: "Statements with full rights",
        what: "What identities did to whom the shipped policy for admins gives everything. \
               Policies of your own that grant as much are not in it.",
        query: "SELECT d.identity, d.kind, sum(d.statements) AS statements,
            sum(d.refused) AS refused, count(DISTINCT d.day) AS days
            FROM daily d JOIN shapes s ON s.shape = d.shape
            WHERE ', ' || s.policies || ',' LIKE '%, baseline-admins,%' AND {days}
            GROUP BY 1, 2 ORDER BY 3 DESC, 1",
        zero: &[],
        sample: Behind::Statements("policy:baseline-admins"),
    },
];
