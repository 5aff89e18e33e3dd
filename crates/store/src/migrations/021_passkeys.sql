-- Keys of persons by which they sign what they decide (WebAuthn): the public halves.
CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL REFERENCES identities (name),
    name TEXT NOT NULL,
    public TEXT NOT NULL,
    site TEXT NOT NULL,
    count INTEGER NOT NULL,
    added INTEGER NOT NULL,
    used INTEGER,
    UNIQUE (person, name)
) STRICT, WITHOUT ROWID;

-- By which of them a word was signed; empty if by none.
ALTER TABLE hold_voices ADD COLUMN passkey TEXT NOT NULL DEFAULT '';
