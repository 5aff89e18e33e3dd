//! The views that people ask, with the words that document them. They are the interface: tables
//! may change between versions, views do not without notice.

/// A view that `weir audit sql` may read.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// Its name.
    pub name: &'static str,
    /// What one row is.
    pub what: &'static str,
    /// The query behind it; `@time(x)` stands for a moment as records write it, `@word(x)` for the
    /// text of a word, `@day(x)` for a date, `@where` for the view's own WHERE, which stands last.
    pub(crate) query: &'static str,
}

/// Every view.
pub const VIEWS: &[View] = &[
    View {
        name: "sessions",
        what: "a client's connection: who, from where, how it signed in, what came of it",
        query: "SELECT s.key AS session, s.opened_seq AS sequence, @time(s.opened) AS opened,
            @word(w.identity) AS identity, @word(w.kind) AS kind, @word(w.acts_for) AS acts_for,
            @word(w.groups) AS groups, @word(w.grants) AS grants, @word(w.database) AS database,
            @word(w.environment) AS environment, s.method, s.address, s.tls, s.application,
            @time(s.closed) AS closed, s.reason, s.statements, s.rows, s.bytes
            FROM session s JOIN who w ON w.id = s.who",
    },
    View {
        name: "statements",
        what: "a statement, run or refused: who, what, why, what came of it",
        query: "SELECT t.seq AS sequence, e.key || '.' || @number(t.number) AS statement,
            e.key AS session, @time(t.time) AS time, t.time / 86400000000 AS day_number,
            @word(w.identity) AS identity, @word(w.kind) AS kind, @word(w.acts_for) AS acts_for,
            @word(w.groups) AS groups, @word(w.grants) AS grants, @word(w.database) AS database,
            @word(h.operation) AS operation, @word(h.verdict) AS verdict,
            CASE t.state WHEN 0 THEN 'ended' WHEN 1 THEN 'refused' WHEN 2 THEN 'open'
                ELSE 'unknown' END AS state,
            h.policies, h.reasons, @word(t.reason) AS reason, @word(t.via) AS via,
            t.rows, t.affected, t.bytes, t.duration_us, @word(t.sqlstate) AS sqlstate,
            @word(t.ended) AS ended, @word(t.tag) AS tag, @word(t.turned_back) AS turned_back,
            h.key AS shape, x.text AS text, h.text AS text_id, t.ended_seq AS outcome_sequence
            FROM statement t JOIN who w ON w.id = t.who JOIN session e ON e.id = t.session
            JOIN shape h ON h.id = t.shape LEFT JOIN text x ON x.id = h.text",
    },
    View {
        name: "shapes",
        what: "a statement's text without literals, with the verdict on it",
        query: "SELECT h.key AS shape, h.seq AS sequence, @time(h.time) AS time,
            @word(h.database) AS database, x.text AS text, h.text AS text_id,
            @word(h.operation) AS operation, @word(h.verdict) AS verdict, h.policies, h.reasons,
            h.unknowns, h.functions, h.read_only, h.row_limit, h.durability, h.policy_version,
            h.catalog_version, h.label_version
            FROM shape h LEFT JOIN text x ON x.id = h.text @where h.id > 0",
    },
    View {
        name: "columns_used",
        what: "a column that a shape touches, and how",
        query: "SELECT h.key AS shape, @word(h.database) AS database,
            @word(c.relation) AS relation, @word(c.column) AS column, @word(c.use) AS use,
            @word(c.label) AS label
            FROM shape_column c JOIN shape h ON h.id = c.shape",
    },
    View {
        name: "effects",
        what: "what a shape does to which object",
        query: "SELECT h.key AS shape, @word(h.database) AS database, @word(c.object) AS object,
            @word(c.operation) AS operation, c.unbounded
            FROM shape_effect c JOIN shape h ON h.id = c.shape",
    },
    View {
        name: "moves",
        what: "a column whose values a shape puts into another: identity, cast, expression, \
               aggregate, or any where facts only say that the one is copied and the other written",
        query: "SELECT h.key AS shape, @word(h.database) AS database, @word(m.source) AS source,
            @word(m.target) AS target, m.how FROM shape_move m JOIN shape h ON h.id = m.shape",
    },
    View {
        name: "outputs",
        what: "a result column of a shape: its origins and how it may leave; place -1 is whatever \
               was not foreseen",
        query: "SELECT h.key AS shape, o.place, o.name, o.shows, o.method, o.labels,
            @word(s.column) AS origin
            FROM shape_output o JOIN shape h ON h.id = o.shape
            LEFT JOIN shape_source s ON s.shape = o.shape AND s.place = o.place",
    },
    View {
        name: "disclosed",
        what: "how many values of one result column of a statement left raw, masked and as NULL",
        query: "SELECT t.seq AS sequence, @time(t.time) AS time, @word(w.identity) AS identity,
            @word(w.acts_for) AS acts_for, @word(w.database) AS database, h.key AS shape,
            o.place, o.name, o.shows, o.labels, json_extract(j.value, '$[0]') AS raw,
            json_extract(j.value, '$[1]') AS masked, json_extract(j.value, '$[2]') AS nulls
            FROM statement t JOIN counts c ON c.id = t.counts JOIN json_each(c.text) j
            JOIN who w ON w.id = t.who JOIN shape h ON h.id = t.shape
            LEFT JOIN shape_output o ON o.shape = t.shape AND o.place =
                CASE WHEN EXISTS (SELECT 1 FROM shape_output k
                    WHERE k.shape = t.shape AND k.place = j.key) THEN j.key ELSE -1 END",
    },
    View {
        name: "daily",
        what: "what one identity did with one shape in one day (UTC)",
        query: "SELECT @day(d.day) AS day, h.key AS shape, @word(w.identity) AS identity,
            @word(w.kind) AS kind, @word(w.acts_for) AS acts_for, @word(w.database) AS database,
            @word(h.operation) AS operation, @word(h.verdict) AS verdict, d.statements, d.refused,
            d.rows, d.affected, d.bytes
            FROM daily_sum d JOIN who w ON w.id = d.who JOIN shape h ON h.id = d.shape",
    },
    View {
        name: "disclosed_daily",
        what: "how many values with one origin left to one identity in one day, by shape and \
               result column",
        query: "SELECT @day(d.day) AS day, @word(w.identity) AS identity, @word(w.kind) AS kind,
            @word(w.acts_for) AS acts_for, @word(w.database) AS database, h.key AS shape,
            @word(s.column) AS origin, d.place, o.shows, o.method, o.labels, d.raw, d.masked,
            d.nulls FROM shape_source s JOIN daily_left d ON d.shape = s.shape AND d.place = s.place
            JOIN who w ON w.id = d.who JOIN shape h ON h.id = d.shape
            LEFT JOIN shape_output o ON o.shape = d.shape AND o.place = d.place",
    },
    View {
        name: "values_daily",
        what: "how many values of one result column left to one identity in one day, each once \
               however many origins it has",
        query: "SELECT @day(d.day) AS day, @word(w.identity) AS identity, @word(w.kind) AS kind,
            @word(w.acts_for) AS acts_for, @word(w.database) AS database, h.key AS shape,
            d.place, o.shows, o.method, o.labels, d.raw, d.masked, d.nulls
            FROM daily_left d JOIN who w ON w.id = d.who JOIN shape h ON h.id = d.shape
            LEFT JOIN shape_output o ON o.shape = d.shape AND o.place = d.place",
    },
    View {
        name: "days",
        what: "a day with its first and last statement, to bound `sequence` by time",
        query: "SELECT @day(day) AS day, day AS day_number, first_seq AS first_sequence,
            last_seq AS last_sequence FROM day",
    },
    View {
        name: "changes",
        what: "a change of labels, policies, identities, grants or a catalog",
        query: "SELECT e.seq AS sequence, @time(e.time) AS time, @word(e.type) AS type,
            @word(e.by) AS by, @word(e.identity) AS identity, @word(e.database) AS database,
            @word(e.object) AS object, e.detail
            FROM event e @where e.type IN (SELECT id FROM word WHERE text IN
            ('label_changed', 'policy_changed', 'identity_changed', 'grant_changed',
            'catalog_changed'))",
    },
    View {
        name: "events",
        what: "every record that is no statement, shape or session: changes, refused sign-ins, \
               starts and stops, and types of later versions, with its JSON",
        query: "SELECT e.seq AS sequence, @time(e.time) AS time, @word(e.type) AS type,
            @word(e.by) AS by, @word(e.identity) AS identity, @word(e.database) AS database,
            @word(e.object) AS object, e.detail FROM event e",
    },
];

/// The full-text index over `text_id`, which `weir audit sql` may read too, with the tables that
/// SQLite keeps for it.
pub(crate) const TEXT_SEARCH: &str = "text_search";

/// The statements that make the views.
pub(crate) fn create() -> String {
    VIEWS.iter().map(|v| format!("CREATE VIEW {} AS {};\n", v.name, expand(v.query))).collect()
}

/// Puts SQL for the short forms. Words are joined and not looked up, so that a condition on one can
/// be answered by an index.
fn expand(query: &str) -> String {
    let mut joins = String::new();
    let mut at = 0;
    let query = replace(query, "@word(", |x| {
        at += 1;
        joins.push_str(&format!(" LEFT JOIN word v{at} ON v{at}.id = {x}"));
        format!("v{at}.text")
    });
    let query = match query.split_once("@where") {
        Some((from, condition)) => format!("{from}{joins} WHERE {condition}"),
        None => format!("{query}{joins}"),
    };
    let query = query.as_str();
    let query = replace(query, "@time(", moment);
    let query = replace(&query, "@day(", |x| format!("date({x} * 86400, 'unixepoch')"));
    replace(&query, "@number(", number)
}

/// A moment as records write it.
pub(crate) fn moment(x: &str) -> String {
    format!(
        "(strftime('%Y-%m-%dT%H:%M:%S', {x} / 1000000, 'unixepoch') || \
         printf('.%06dZ', {x} % 1000000))"
    )
}

/// A statement's number as its id writes it: seven of Crockford's digits.
pub(crate) fn number(x: &str) -> String {
    let digit = |at: u32| {
        format!("substr('0123456789abcdefghjkmnpqrstvwxyz', (({x} >> {}) & 31) + 1, 1)", at * 5)
    };
    (0..7).rev().map(digit).collect::<Vec<_>>().join(" || ")
}

fn replace(query: &str, open: &str, mut with: impl FnMut(&str) -> String) -> String {
    let mut parts = query.split(open);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (inside, rest) = part.split_once(')').unwrap_or((part, ""));
        text.push_str(&with(inside));
        text.push_str(rest);
    }
    text
}
