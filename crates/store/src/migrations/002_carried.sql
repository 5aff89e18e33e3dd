-- Labels that values brought to a column when they were written there. A row is written before the
-- statement that writes the values runs. An empty schema stands for any, an empty column for every
-- column of the relation; relation_id and number are the column's own, once they are known.
CREATE TABLE carried_labels (
    database TEXT NOT NULL,
    schema TEXT NOT NULL,
    relation TEXT NOT NULL,
    column TEXT NOT NULL,
    label TEXT NOT NULL,
    derived INTEGER NOT NULL CHECK (derived IN (0, 1)),
    evidence TEXT NOT NULL,
    relation_id INTEGER,
    number INTEGER,
    PRIMARY KEY (database, schema, relation, column),
    CHECK ((relation_id IS NULL) = (number IS NULL))
) STRICT, WITHOUT ROWID;
