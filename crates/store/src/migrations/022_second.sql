-- The second factor of people who sign in by a password: what their device shares with Weir,
-- encrypted under a key that is not in this file, the last step of time whose code was taken, and
-- the hashes of codes for when the device is gone.
CREATE TABLE second_factors (
    identity TEXT NOT NULL PRIMARY KEY REFERENCES identities (name),
    sealed BLOB NOT NULL,
    step INTEGER NOT NULL,
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
    identity TEXT NOT NULL REFERENCES identities (name),
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (identity, hash)
) STRICT, WITHOUT ROWID;
