-- What identities did before, by their chain of actors: counts and names, no values.
CREATE TABLE histories (
    identity TEXT NOT NULL PRIMARY KEY,
    past TEXT NOT NULL
) STRICT, WITHOUT ROWID;
