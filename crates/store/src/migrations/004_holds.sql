-- Statements that wait for approval, and those that waited. `statement` and `given` hold values:
-- they are there for whoever decides, and are taken out once nobody has to any more.
CREATE TABLE holds (
    hold TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL,
    asked INTEGER NOT NULL,
    until INTEGER NOT NULL,
    identity TEXT NOT NULL,
    members TEXT NOT NULL,
    database TEXT NOT NULL,
    statement TEXT,
    given TEXT,
    reasons TEXT NOT NULL,
    needs TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('open', 'approved', 'denied', 'expired', 'withdrawn', 'used')),
    decided INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX holds_digest ON holds (digest) WHERE state IN ('open', 'approved');

-- Who consented or denied. One person has one voice in one hold.
CREATE TABLE hold_voices (
    hold TEXT NOT NULL REFERENCES holds (hold),
    person TEXT NOT NULL,
    at INTEGER NOT NULL,
    consents INTEGER NOT NULL CHECK (consents IN (0, 1)),
    reason TEXT NOT NULL,
    PRIMARY KEY (hold, person)
) STRICT, WITHOUT ROWID;

-- What happened to holds, for the ledger. A row is written in the transaction of the change it
-- tells of; `recorded` is set once the ledger holds it.
CREATE TABLE hold_events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    hold TEXT NOT NULL,
    database TEXT NOT NULL,
    identity TEXT NOT NULL,
    what TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded INTEGER NOT NULL DEFAULT 0 CHECK (recorded IN (0, 1))
) STRICT;

CREATE INDEX hold_events_open ON hold_events (id) WHERE recorded = 0;
