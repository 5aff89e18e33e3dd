-- Sign-ins to the API. Of a token only the hash is kept. Rows go with the sign-in.
CREATE TABLE tokens (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    identity TEXT NOT NULL REFERENCES identities (name),
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_identity ON tokens (identity, since);

-- By which way somebody said it.
ALTER TABLE hold_voices ADD COLUMN via TEXT NOT NULL DEFAULT '';
ALTER TABLE hold_events ADD COLUMN via TEXT NOT NULL DEFAULT '';
