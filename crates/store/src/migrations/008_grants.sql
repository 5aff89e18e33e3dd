-- Membership of a group for a time, on some databases, for a purpose: those that are asked for,
-- those in force and those that were.
CREATE TABLE grants (
    grant_id TEXT NOT NULL PRIMARY KEY,
    in_group TEXT NOT NULL,
    identity TEXT NOT NULL,
    chain TEXT NOT NULL,
    members TEXT NOT NULL,
    databases TEXT NOT NULL,
    emergency INTEGER NOT NULL CHECK (emergency IN (0, 1)),
    purpose TEXT NOT NULL,
    asked INTEGER NOT NULL,
    until INTEGER NOT NULL,
    seconds INTEGER NOT NULL,
    needs TEXT NOT NULL,
    reviewers TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('open', 'granted', 'begun', 'ended', 'revoked', 'denied', 'expired', 'void')),
    decided INTEGER,
    begins INTEGER,
    ends INTEGER,
    -- How much of it has passed, as a moment between its beginning and its end: a clock that goes
    -- back while Weir is not running takes nothing back of this.
    seen INTEGER,
    review TEXT CHECK (review IN ('open', 'fine', 'not_fine')),
    due INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX grants_live ON grants (identity) WHERE state IN ('open', 'granted', 'begun');
CREATE INDEX grants_review ON grants (due) WHERE review = 'open';

-- Who consented or denied, and who reviewed. One person has one voice of each kind in one grant.
CREATE TABLE grant_voices (
    grant_id TEXT NOT NULL REFERENCES grants (grant_id),
    kind TEXT NOT NULL CHECK (kind IN ('consent', 'review')),
    person TEXT NOT NULL,
    at INTEGER NOT NULL,
    consents INTEGER NOT NULL CHECK (consents IN (0, 1)),
    reason TEXT NOT NULL,
    via TEXT NOT NULL,
    PRIMARY KEY (grant_id, kind, person)
) STRICT, WITHOUT ROWID;

-- What happened to grants, for the ledger. A row is written in the transaction of the change it
-- tells of; `recorded` is set once the ledger holds it.
CREATE TABLE grant_events (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    grant_id TEXT NOT NULL REFERENCES grants (grant_id),
    what TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded INTEGER NOT NULL DEFAULT 0 CHECK (recorded IN (0, 1))
) STRICT;

CREATE INDEX grant_events_open ON grant_events (id) WHERE recorded = 0;
