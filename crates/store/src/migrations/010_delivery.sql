-- Messages that a channel refused for good: nobody was told by it.
CREATE TABLE undelivered (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    follower TEXT NOT NULL,
    about TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT;

-- Passwords that were tried at the command line and not found right, by the name they were tried
-- for.
CREATE TABLE attempts (
    name TEXT NOT NULL PRIMARY KEY,
    tries INTEGER NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
