-- Why a person decided.
ALTER TABLE labels ADD COLUMN reason TEXT NOT NULL DEFAULT '';
-- The column's own number at that moment, so that a label follows it to another name.
ALTER TABLE labels ADD COLUMN relation_id INTEGER;
ALTER TABLE labels ADD COLUMN number INTEGER;

-- Every column of users' schemas as it was read last, with what its own evidence speaks for. NULL:
-- no label. `evidence` and `against` are JSON lists of sentences; they hold no value.
CREATE TABLE found_labels (
    database TEXT NOT NULL,
    schema TEXT NOT NULL,
    relation TEXT NOT NULL,
    column TEXT NOT NULL,
    relation_id INTEGER NOT NULL,
    number INTEGER NOT NULL,
    type TEXT NOT NULL,
    label TEXT,
    confidence REAL NOT NULL,
    by_rule INTEGER NOT NULL CHECK (by_rule IN (0, 1)),
    by_samples INTEGER NOT NULL CHECK (by_samples IN (0, 1)),
    evidence TEXT NOT NULL,
    against TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (database, schema, relation, column)
) STRICT, WITHOUT ROWID;

-- What happened to labels, for the ledger. A row is written in the transaction of the change it
-- tells of; `recorded` is set once the ledger holds it.
CREATE TABLE label_events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    database TEXT NOT NULL,
    column TEXT NOT NULL,
    before TEXT,
    after TEXT,
    evidence TEXT NOT NULL,
    recorded INTEGER NOT NULL DEFAULT 0 CHECK (recorded IN (0, 1))
) STRICT;

CREATE INDEX label_events_open ON label_events (id) WHERE recorded = 0;

-- When somebody asked last that a database's columns be weighed anew.
CREATE TABLE label_scans (
    database TEXT NOT NULL PRIMARY KEY,
    asked INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
