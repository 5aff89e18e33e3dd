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
    /// text of a word, `@name(x)` for one that is looked up instead of joined, `@day(x)` for a
    /// date, `@json(x)` and `@list(x)` for a field of a record and its items, `@own` for
    /// that somebody did it for themselves, `@where` for the view's own WHERE, which stands last.
    pub(crate) query: &'static str,
}

impl View {
    /// True if a table's name is among the words of the view's query.
    pub(crate) fn reads(&self, table: &str) -> bool {
        let is_apart = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
        self.query.split(is_apart).any(|word| word == table)
    }
}

/// Every view.
pub const VIEWS: &[View] = &[
    View {
        name: "sessions",
        what: "a client's connection: who, from where, how it signed in, what came of it; summed \
               is 0 where days' sums do not keep its application apart, since the identity had too \
               many",
        query: "SELECT s.key AS session, s.opened_seq AS sequence, @time(s.opened) AS opened,
            @word(w.identity) AS identity, @word(w.kind) AS kind, @word(w.acts_for) AS acts_for,
            @word(w.groups) AS groups, @word(w.grants) AS grants, @word(w.database) AS database,
            @word(w.environment) AS environment, s.method, s.address, s.tls, s.application,
            @time(s.closed) AS closed, s.reason, s.statements, s.rows, s.bytes,
            w.application >= 0 AS summed
            FROM session s JOIN who w ON w.id = s.who",
    },
    View {
        name: "statements",
        what: "a statement, run or refused: who, what, why, what came of it",
        query: "SELECT t.seq AS sequence, e.key || '.' || @number(t.number) AS statement,
            e.key AS session, t.number, @time(t.time) AS time,
            t.time / 86400000000 AS day_number,
            @word(w.identity) AS identity, @word(w.kind) AS kind, @word(w.acts_for) AS acts_for,
            @name(w.groups) AS groups, @name(w.grants) AS grants, @word(w.database) AS database,
            @word(h.operation) AS operation, @word(h.verdict) AS verdict,
            CASE t.state WHEN 0 THEN 'ended' WHEN 1 THEN 'refused' WHEN 2 THEN 'open'
                WHEN 4 THEN 'undone' ELSE 'unknown' END AS state,
            h.policies, h.reasons, @name(t.reason) AS reason, @word(t.via) AS via,
            t.rows, t.affected, t.bytes, t.duration_us, @word(t.sqlstate) AS sqlstate,
            @name(t.ended) AS ended, @name(t.tag) AS tag, @name(t.turned_back) AS turned_back,
            h.key AS shape, (SELECT x.text FROM text x WHERE x.id = h.text) AS text,
            h.text AS text_id, t.ended_seq AS outcome_sequence,
            (SELECT v.text FROM approval a JOIN word v ON v.id = a.hold WHERE a.seq = t.seq
                LIMIT 1) AS hold,
            (SELECT group_concat(v.text, ', ') FROM approval a JOIN word v ON v.id = a.by
                WHERE a.seq = t.seq) AS approved_by, e.application,
            (SELECT v.text FROM circumstance c JOIN word v ON v.id = c.task WHERE c.seq = t.seq)
                AS task,
            (SELECT v.text FROM circumstance c JOIN word v ON v.id = c.purpose
                WHERE c.seq = t.seq) AS purpose,
            coalesce((SELECT c.tainted FROM circumstance c WHERE c.seq = t.seq), 0) AS tainted,
            min(100, coalesce(h.risk, 0) + coalesce((SELECT c.risk FROM circumstance c
                WHERE c.seq = t.seq), 0)) AS risk
            FROM statement t JOIN who w ON w.id = t.who JOIN session e ON e.id = t.session
            JOIN shape h ON h.id = t.shape",
    },
    View {
        name: "shapes",
        what: "a statement's text without literals, with the verdict on it",
        query: "SELECT h.key AS shape, h.seq AS sequence, @time(h.time) AS time,
            @word(h.database) AS database, x.text AS text, h.text AS text_id,
            @word(h.operation) AS operation, @word(h.verdict) AS verdict, h.policies, h.reasons,
            h.unknowns, h.functions, h.read_only, h.row_limit, h.durability, h.policy_version,
            h.catalog_version, h.label_version, h.risk
            FROM shape h LEFT JOIN text x ON x.id = h.text @where h.id > 0",
    },
    View {
        name: "values_named",
        what: "a value that a statement names, as a literal or bound to it, by the number that \
               stands for it: half of its keyed hash",
        query: "SELECT n.hash AS value, t.seq AS sequence, @time(t.time) AS time
            FROM value_part p CROSS JOIN value n ON n.part = p.part
            CROSS JOIN statement t ON t.seq = n.seq",
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
        what: "what one identity did with one shape in one day (UTC), by what its client called \
               itself; undone are those of its statements that were rolled back (previews): \
               nothing is affected by them",
        query: "SELECT @day(d.day) AS day, h.key AS shape, @word(w.identity) AS identity,
            @word(w.kind) AS kind, @word(w.acts_for) AS acts_for, @word(w.database) AS database,
            @word(h.operation) AS operation, @word(h.verdict) AS verdict, d.statements, d.refused,
            d.rows, d.affected, d.bytes, @word(w.application) AS application,
            d.day AS day_number, d.undone
            FROM daily_sum d JOIN who w ON w.id = d.who JOIN shape h ON h.id = d.shape",
    },
    View {
        name: "totals_daily",
        what: "what one identity did in one day (UTC), whatever the statements were, by what its \
               client called itself",
        query: "SELECT @day(d.day) AS day, @word(w.identity) AS identity, @word(w.kind) AS kind,
            @word(w.acts_for) AS acts_for, @word(w.database) AS database, d.statements, d.refused,
            d.rows, d.affected, d.bytes, @word(w.application) AS application,
            d.day AS day_number, d.undone FROM daily_total d JOIN who w ON w.id = d.who",
    },
    View {
        name: "disclosed_daily",
        what: "how many values with one origin left to one identity in one day, by shape and \
               result column",
        query: "SELECT @day(d.day) AS day, @word(w.identity) AS identity, @word(w.kind) AS kind,
            @word(w.acts_for) AS acts_for, @word(w.database) AS database, h.key AS shape,
            @word(s.column) AS origin, d.place, o.shows, o.method, o.labels, d.raw, d.masked,
            d.nulls, @word(w.application) AS application, d.day AS day_number
            FROM shape_source s JOIN daily_left d ON d.shape = s.shape AND d.place = s.place
            JOIN who w ON w.id = d.who JOIN shape h ON h.id = d.shape
            LEFT JOIN shape_output o ON o.shape = d.shape AND o.place = d.place",
    },
    View {
        name: "values_daily",
        what: "how many values of one result column left to one identity in one day, each once \
               however many origins it has",
        query: "SELECT @day(d.day) AS day, @word(w.identity) AS identity, @word(w.kind) AS kind,
            @word(w.acts_for) AS acts_for, @word(w.database) AS database, h.key AS shape,
            d.place, o.shows, o.method, o.labels, d.raw, d.masked, d.nulls,
            @word(w.application) AS application
            FROM daily_left d JOIN who w ON w.id = d.who JOIN shape h ON h.id = d.shape
            LEFT JOIN shape_output o ON o.shape = d.shape AND o.place = d.place",
    },
    View {
        name: "columns_daily",
        what: "how many statements that ran touched a column in one day, and how many values with \
               this origin left",
        query: "SELECT @day(c.day) AS day, c.day AS day_number, @word(c.database) AS database,
            @word(c.column) AS column, c.statements, c.raw, c.masked FROM daily_column c",
    },
    View {
        name: "labels_daily",
        what: "how many values of a label left in one day; one that bears several counts for each",
        query: "SELECT @day(l.day) AS day, l.day AS day_number, @word(l.label) AS label, l.raw,
            l.masked FROM daily_label l",
    },
    View {
        name: "days",
        what: "a day with its first and last statement, to bound `sequence` by time, and how many \
               statements it has",
        query: "SELECT @day(day) AS day, day AS day_number, first_seq AS first_sequence,
            last_seq AS last_sequence, statements FROM day",
    },
    View {
        name: "hold_steps",
        what: "a step of a request for consent to a statement: held, consented, approved (by the \
               last who had to), denied, expired, withdrawn, used; own is 1 where whoever consents \
               is who asked",
        query: "SELECT e.seq AS sequence, @time(e.time) AS time, @word(e.object) AS hold,
            @word(e.database) AS database, @word(e.identity) AS identity, @word(e.by) AS by,
            @json(what) AS what,
            @json(what) IN ('consented', 'approved') AND @own AS own,
            @json(shape) AS shape, @list(needs) AS needs, @json(reason) AS reason,
            @json(via) AS via
            FROM event e @where e.type IN (SELECT id FROM word WHERE text = 'hold_changed')",
    },
    View {
        name: "holds",
        what: "a request for consent to a statement, and what became of it: open, approved, used, \
               denied, expired, withdrawn",
        query: "SELECT s.hold, min(s.sequence) AS sequence, min(s.time) AS time,
            max(s.database) AS database, max(s.identity) AS identity, max(s.shape) AS shape,
            max(s.needs) AS needs, CASE WHEN sum(s.what = 'used') > 0 THEN 'used'
                WHEN sum(s.what = 'denied') > 0 THEN 'denied'
                WHEN sum(s.what = 'withdrawn') > 0 THEN 'withdrawn'
                WHEN sum(s.what = 'expired') > 0 THEN 'expired'
                WHEN sum(s.what = 'approved') > 0 THEN 'approved' ELSE 'open' END AS state,
            group_concat(CASE WHEN s.what IN ('consented', 'approved') THEN s.by END, ', ')
                AS consented_by,
            group_concat(CASE WHEN s.what = 'denied' THEN s.by END, ', ') AS denied_by,
            sum(s.own) AS own, max(s.time) AS last FROM hold_steps s GROUP BY s.hold",
    },
    View {
        name: "grant_steps",
        what: "a step of a grant: requested, consented, granted (by the last who had to, or weir), \
               begun, ended, revoked, denied, expired, void, reviewed, review: fine, review: \
               not_fine; own is 1 where whoever consents or reviews is who asked",
        query: "SELECT e.seq AS sequence, @time(e.time) AS time, @word(e.object) AS grant,
            @json(group) AS group_name, @list(databases) AS databases,
            @word(e.identity) AS identity, @word(e.by) AS by, @json(what) AS what,
            (@json(what) IN ('consented', 'granted') OR @json(what) LIKE 'review%') AND @own AS own,
            coalesce(@json(emergency), 0) AS emergency, @json(seconds) AS seconds,
            @json(until) AS until, @list(needs) AS needs, @list(reviewers) AS reviewers,
            @json(reason) AS reason
            FROM event e @where e.type IN (SELECT id FROM word WHERE text = 'grant_changed')",
    },
    View {
        name: "grants",
        what: "a grant, what for, whose consent it had, when it was in force, and its review: \
               none (is needed), open, fine, not_fine",
        query: "SELECT s.grant, min(s.sequence) AS sequence, min(s.time) AS time,
            max(s.group_name) AS group_name, max(s.databases) AS databases,
            max(s.identity) AS identity, max(s.emergency) AS emergency,
            max(CASE WHEN s.what = 'requested' THEN s.reason END) AS purpose,
            CASE WHEN sum(s.what = 'revoked') > 0 THEN 'revoked'
                WHEN sum(s.what = 'ended') > 0 THEN 'ended'
                WHEN sum(s.what = 'void') > 0 THEN 'void'
                WHEN sum(s.what = 'denied') > 0 THEN 'denied'
                WHEN sum(s.what = 'expired') > 0 THEN 'expired'
                WHEN sum(s.what = 'begun') > 0 THEN 'in_force'
                WHEN sum(s.what = 'granted') > 0 THEN 'granted' ELSE 'open' END AS state,
            max(CASE WHEN s.what = 'begun' THEN s.time END) AS begun, max(s.until) AS until,
            max(CASE WHEN s.what IN ('ended', 'revoked') THEN s.time END) AS ended,
            group_concat(CASE WHEN s.what IN ('consented', 'granted') THEN s.by END, ', ')
                AS consented_by,
            group_concat(CASE WHEN s.what = 'denied' THEN s.by END, ', ') AS denied_by,
            sum(s.own) AS own, CASE WHEN sum(s.what = 'review: not_fine') > 0 THEN 'not_fine'
                WHEN sum(s.what = 'review: fine') > 0 THEN 'fine'
                WHEN sum(s.what = 'begun') = 0 OR coalesce(max(s.reviewers), '') = '' THEN 'none'
                ELSE 'open' END AS review,
            group_concat(CASE WHEN s.what LIKE 'review%' THEN s.by END, ', ') AS reviewed_by
            FROM grant_steps s GROUP BY s.grant",
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

/// That whoever did it is in the chain of those who asked.
const OWN: &str = "instr('/' || @word(e.identity) || '/', '/' || @word(e.by) || '/') > 0";

/// The statements that make the views.
pub(crate) fn create() -> String {
    VIEWS.iter().map(|v| format!("CREATE VIEW {} AS {};\n", v.name, expand(v.query))).collect()
}

/// Puts SQL for the short forms. Words are joined and not looked up, so that a condition on one can
/// be answered by an index. Where a view has many rows, those that no index is for are looked up:
/// an aggregate makes every join, also those that it does not use.
fn expand(query: &str) -> String {
    let query = query.replace("@own", OWN);
    let query = replace(&query, "@json(", |name| format!("json_extract(e.detail, '$.{name}')"));
    let query = replace(&query, "@list(", |name| {
        format!("(SELECT group_concat(j.value, '; ') FROM json_each(e.detail, '$.{name}') j)")
    });
    let query = query.as_str();
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
    let query =
        replace(&query, "@name(", |x| format!("(SELECT v.text FROM word v WHERE v.id = {x})"));
    let query = replace(&query, "@time(", moment);
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
