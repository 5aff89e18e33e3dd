-- Persons, services and agents. Names never change and rows never go: records refer to them.
CREATE TABLE identities (
    name TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('person', 'service', 'agent')),
    acts_for TEXT REFERENCES identities (name),
    verifier TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    CHECK ((kind = 'agent') = (acts_for IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE identity_groups (
    identity TEXT NOT NULL REFERENCES identities (name),
    name TEXT NOT NULL,
    PRIMARY KEY (identity, name)
) STRICT, WITHOUT ROWID;

-- What was done to identities, for the ledger. A row is written in the transaction of the change
-- it tells of; `recorded` is set once the ledger holds it.
CREATE TABLE identity_events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    identity TEXT NOT NULL,
    what TEXT NOT NULL,
    recorded INTEGER NOT NULL DEFAULT 0 CHECK (recorded IN (0, 1))
) STRICT;

CREATE INDEX identity_events_open ON identity_events (id) WHERE recorded = 0;

-- Random keys of this installation, made at first use.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL CHECK (length(value) = 32)
) STRICT, WITHOUT ROWID;

-- Labels that a person decided, over what was proposed. NULL: decided that there is none.
CREATE TABLE labels (
    database TEXT NOT NULL,
    schema TEXT NOT NULL,
    relation TEXT NOT NULL,
    column TEXT NOT NULL,
    label TEXT,
    actor TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (database, schema, relation, column)
) STRICT, WITHOUT ROWID;
