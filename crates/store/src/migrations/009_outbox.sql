-- What happened to control state, in the order of commits, for whoever follows it. A row is written
-- in the transaction of the change it tells of. `what` is JSON; `topic` is its `of`.
CREATE TABLE outbox (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    topic TEXT NOT NULL CHECK (topic IN ('administered', 'identity', 'label', 'hold')),
    what TEXT NOT NULL
) STRICT;

CREATE INDEX outbox_topic ON outbox (topic, id);

-- How far each follower has come: `ledger`, and one for each channel.
CREATE TABLE followers (
    follower TEXT NOT NULL PRIMARY KEY,
    upto INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- It takes the place of three tables. What the ledger holds already needs nobody any more; numbers
-- go on, because the record calls a version of labels by them.
INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox', max(
    (SELECT coalesce(max(id), 0) FROM identity_events),
    (SELECT coalesce(max(id), 0) FROM label_events),
    (SELECT coalesce(max(id), 0) FROM hold_events)
);

INSERT INTO outbox (at, actor, topic, what)
SELECT at, actor, topic, what FROM (
    SELECT at, actor, id, CASE identity WHEN '' THEN 'administered' ELSE 'identity' END AS topic,
        CASE identity WHEN '' THEN json_object('of', 'administered', 'what', what)
        ELSE json_object('of', 'identity', 'identity', identity, 'what', what) END AS what
    FROM identity_events WHERE recorded = 0
    UNION ALL
    SELECT at, actor, id, 'label', json_object(
        'of', 'label', 'database', database, 'column', column, 'before', before, 'after', after,
        'evidence', json_array(replace(evidence, char(10), '; ')))
    FROM label_events WHERE recorded = 0
    UNION ALL
    SELECT at, actor, id, 'hold', json_object(
        'of', 'hold', 'hold', hold, 'database', database, 'identity', identity, 'what', what,
        'reason', reason, 'via', via)
    FROM hold_events WHERE recorded = 0
) ORDER BY at, id;

DROP TABLE identity_events;
DROP TABLE label_events;
DROP TABLE hold_events;

-- What a statement is without its values.
ALTER TABLE holds ADD COLUMN shape TEXT NOT NULL DEFAULT '';

-- Messages about holds in channels, so that they can be changed.
CREATE TABLE messages (
    channel TEXT NOT NULL,
    hold TEXT NOT NULL REFERENCES holds (hold),
    reference TEXT NOT NULL,
    PRIMARY KEY (channel, hold)
) STRICT, WITHOUT ROWID;

-- Signed requests that were taken: none is taken twice.
CREATE TABLE taken (
    hash BLOB NOT NULL PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
