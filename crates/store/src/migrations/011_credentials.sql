-- What identities sign in with beside their password. Of a secret only what it is checked against
-- is kept. All of one identity have the salt and the iterations of its password.
CREATE TABLE credentials (
    id TEXT NOT NULL PRIMARY KEY,
    identity TEXT NOT NULL REFERENCES identities (name),
    kind TEXT NOT NULL CHECK (kind IN ('token', 'key')),
    verifier TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    databases TEXT NOT NULL,
    source TEXT NOT NULL,
    created INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    expires INTEGER,
    used INTEGER,
    revoked INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX credentials_identity ON credentials (identity, created);
