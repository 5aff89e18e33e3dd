-- Questions to the record that somebody asks again, by the names that they gave them.
CREATE TABLE questions (
    person TEXT NOT NULL REFERENCES identities (name),
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (person, name)
) STRICT, WITHOUT ROWID;
