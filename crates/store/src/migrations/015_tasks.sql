-- What persons gave agents to do, and how much of its budgets was used up. `used` is what is known,
-- `kept` what may have been used up if Weir ended without saying so.
CREATE TABLE tasks (
    task TEXT NOT NULL PRIMARY KEY,
    agent TEXT NOT NULL,
    acts_for TEXT NOT NULL,
    chain TEXT NOT NULL,
    details TEXT NOT NULL,
    created INTEGER NOT NULL,
    until INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('live', 'ended', 'expired')),
    settled INTEGER,
    used TEXT NOT NULL,
    kept TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tasks_live ON tasks (agent) WHERE state = 'live';

-- Who was shown text that others can write: a task, or a chain of actors outside of any.
CREATE TABLE taints (
    task TEXT NOT NULL,
    chain TEXT NOT NULL,
    since INTEGER NOT NULL,
    statement TEXT NOT NULL,
    PRIMARY KEY (task, chain)
) STRICT, WITHOUT ROWID;
