//! The tables of the index. Knows no questions; the views that people ask are in [`crate::views`].
//!
//! Names that occur often (identities, columns, databases, …) stand once in `word`, and everything
//! else refers to them by number; 0 is none. Times are microseconds since 1970, days are days since
//! 1970, both in UTC.

/// Changes with the tables and views. An index of another version is made again.
pub(crate) const VERSION: i64 = 17;

/// How many records' values stand together, as a power of two: a value's number comes in no order,
/// so each would be written to a page of its own in a table of all. Within one part there are few
/// pages, and each is written once for many values; a value is looked for in one part after the
/// other.
pub(crate) const PART_BITS: u32 = 18;

/// Every table and index.
pub(crate) const TABLES: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE who (
    id INTEGER PRIMARY KEY, identity INTEGER, kind INTEGER, acts_for INTEGER, groups INTEGER,
    grants INTEGER, database INTEGER, environment INTEGER, application INTEGER,
    UNIQUE (identity, kind, acts_for, groups, grants, database, environment, application)
);
CREATE TABLE who_name (name INTEGER, role TEXT, who INTEGER, PRIMARY KEY (name, role, who))
    WITHOUT ROWID;
CREATE TABLE session (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, who INTEGER, opened_seq INTEGER,
    opened INTEGER, method TEXT, address TEXT, tls TEXT, application TEXT, closed_seq INTEGER,
    closed INTEGER, reason TEXT, statements INTEGER, rows INTEGER, bytes INTEGER
);
CREATE INDEX session_who ON session (who);
CREATE INDEX session_address ON session (address);
CREATE INDEX session_application ON session (application);
CREATE TABLE text (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE VIRTUAL TABLE text_search USING fts5 (text, content = 'text', content_rowid = 'id');
CREATE TABLE shape (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, seq INTEGER, time INTEGER, database INTEGER,
    text INTEGER, operation INTEGER, verdict INTEGER, read_only INTEGER, row_limit INTEGER,
    durability TEXT, policies TEXT, reasons TEXT, unknowns TEXT, functions TEXT,
    policy_version TEXT, catalog_version INTEGER, label_version INTEGER, dynamic INTEGER,
    risk INTEGER
);
CREATE INDEX shape_text ON shape (text);
CREATE TABLE shape_policy (policy INTEGER, shape INTEGER, PRIMARY KEY (policy, shape))
    WITHOUT ROWID;
CREATE TABLE shape_shadow (policy INTEGER, shape INTEGER, PRIMARY KEY (policy, shape))
    WITHOUT ROWID;
CREATE TABLE shape_function (function INTEGER, shape INTEGER, PRIMARY KEY (function, shape))
    WITHOUT ROWID;
CREATE TABLE shape_column (
    column INTEGER, use INTEGER, shape INTEGER, relation INTEGER, label INTEGER,
    PRIMARY KEY (column, use, shape)
) WITHOUT ROWID;
CREATE INDEX shape_column_shape ON shape_column (shape);
CREATE INDEX shape_column_relation ON shape_column (relation, use);
CREATE INDEX shape_column_label ON shape_column (label, use);
CREATE TABLE shape_effect (
    object INTEGER, operation INTEGER, shape INTEGER, unbounded INTEGER,
    PRIMARY KEY (object, operation, shape)
) WITHOUT ROWID;
CREATE INDEX shape_effect_shape ON shape_effect (shape);
CREATE TABLE shape_move (
    source INTEGER, shape INTEGER, target INTEGER, how TEXT, PRIMARY KEY (source, shape, target)
) WITHOUT ROWID;
CREATE INDEX shape_move_target ON shape_move (target, shape);
CREATE TABLE shape_output (
    shape INTEGER, place INTEGER, name TEXT, shows TEXT, method TEXT, labels TEXT,
    PRIMARY KEY (shape, place)
) WITHOUT ROWID;
CREATE TABLE shape_source (
    column INTEGER, shape INTEGER, place INTEGER, PRIMARY KEY (column, shape, place)
) WITHOUT ROWID;
CREATE INDEX shape_source_shape ON shape_source (shape, place);
CREATE TABLE shape_label (
    label INTEGER, shape INTEGER, place INTEGER, PRIMARY KEY (label, shape, place)
) WITHOUT ROWID;
CREATE INDEX shape_label_shape ON shape_label (shape, place);
CREATE TABLE counts (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE statement (
    seq INTEGER PRIMARY KEY, shape INTEGER, who INTEGER, session INTEGER, number INTEGER,
    time INTEGER, state INTEGER, via INTEGER, ended_seq INTEGER, duration_us INTEGER,
    rows INTEGER, affected INTEGER, bytes INTEGER, sqlstate INTEGER, ended INTEGER, tag INTEGER,
    reason INTEGER, turned_back INTEGER, counts INTEGER
);
CREATE INDEX statement_shape ON statement (shape, who);
CREATE INDEX statement_who ON statement (who);
CREATE INDEX statement_session ON statement (session, number);
CREATE TABLE value (part INTEGER, hash INTEGER, seq INTEGER, PRIMARY KEY (part, hash, seq))
    WITHOUT ROWID;
CREATE TABLE value_part (part INTEGER PRIMARY KEY);
CREATE TABLE circumstance (
    seq INTEGER PRIMARY KEY, task INTEGER, purpose INTEGER, tainted INTEGER, risk INTEGER
);
CREATE INDEX circumstance_task ON circumstance (task) WHERE task <> 0;
CREATE TABLE open_statement (seq INTEGER PRIMARY KEY);
CREATE TABLE approval (hold INTEGER, by INTEGER, seq INTEGER, PRIMARY KEY (hold, by, seq))
    WITHOUT ROWID;
CREATE INDEX approval_by ON approval (by);
CREATE INDEX approval_seq ON approval (seq);
CREATE TABLE day (
    day INTEGER PRIMARY KEY, first_seq INTEGER, last_seq INTEGER, statements INTEGER
);
CREATE TABLE daily_sum (
    shape INTEGER, who INTEGER, day INTEGER, statements INTEGER, refused INTEGER, rows INTEGER,
    affected INTEGER, bytes INTEGER, undone INTEGER, PRIMARY KEY (shape, day, who)
) WITHOUT ROWID;
CREATE INDEX daily_who ON daily_sum (who, day);
CREATE TABLE daily_total (
    day INTEGER, who INTEGER, statements INTEGER, refused INTEGER, rows INTEGER,
    affected INTEGER, bytes INTEGER, undone INTEGER, PRIMARY KEY (day, who)
) WITHOUT ROWID;
CREATE TABLE daily_left (
    shape INTEGER, who INTEGER, day INTEGER, place INTEGER, raw INTEGER, masked INTEGER,
    nulls INTEGER, PRIMARY KEY (shape, day, who, place)
) WITHOUT ROWID;
CREATE TABLE daily_failure (
    sqlstate INTEGER, shape INTEGER, who INTEGER, day INTEGER, statements INTEGER,
    PRIMARY KEY (sqlstate, shape, day, who)
) WITHOUT ROWID;
CREATE TABLE daily_column (
    day INTEGER, database INTEGER, column INTEGER, statements INTEGER, raw INTEGER,
    masked INTEGER, PRIMARY KEY (day, database, column)
) WITHOUT ROWID;
CREATE TABLE daily_label (
    day INTEGER, label INTEGER, raw INTEGER, masked INTEGER, PRIMARY KEY (day, label)
) WITHOUT ROWID;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY, time INTEGER, type INTEGER, by INTEGER, identity INTEGER,
    database INTEGER, object INTEGER, detail TEXT
);
CREATE INDEX event_type ON event (type);
INSERT INTO who VALUES (0, 0, 0, 0, 0, 0, 0, 0, 0);
INSERT INTO shape (id, key) VALUES (0, '');
INSERT INTO meta VALUES ('next', 0), ('last', ''), ('damage', 0), ('begun', 0);
";

/// How a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It ran, and its outcome is recorded.
    Ended = 0,
    /// It was not run.
    Refused = 1,
    /// Its outcome is not recorded yet.
    Open = 2,
    /// The run that it belonged to ended without recording an outcome: it may have run or not.
    Unknown = 3,
    /// It ran, and all that it did was rolled back: a preview.
    Undone = 4,
}

/// How a statement ends, in its outcome's words, whose doings were all rolled back.
pub(crate) const ROLLED_BACK: &str = "rolled back";

/// What stands in place of an application that days' sums do not keep apart: a client may call
/// itself something else in each session.
pub(crate) const ANY_APPLICATION: i64 = -1;

/// Of how many applications of one identity days' sums are kept apart, with the same rights in the
/// same database.
pub(crate) const APPLICATIONS: i64 = 64;

/// The place of an output that a shape did not foresee.
pub(crate) const UNFORESEEN: i64 = -1;

/// Microseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000;
