-- Identities that come from a provider. The subject is the provider's own name for them, which
-- never goes to somebody else; it is not known before they first sign in. Rows never go: a name
-- that was somebody's never becomes somebody else's.
CREATE TABLE provisioned (
    identity TEXT NOT NULL PRIMARY KEY REFERENCES identities (name),
    provider TEXT NOT NULL,
    subject TEXT,
    UNIQUE (provider, subject)
) STRICT, WITHOUT ROWID;

-- Tokens of providers that were exchanged, by their hashes, as long as they would be good.
CREATE TABLE spent (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
