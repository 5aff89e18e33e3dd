-- Voices that are handed on for a time.
CREATE TABLE delegations (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    delegator TEXT NOT NULL REFERENCES identities (name),
    delegate TEXT NOT NULL REFERENCES identities (name),
    in_groups TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    reason TEXT NOT NULL,
    ended INTEGER
) STRICT;

CREATE INDEX delegations_open ON delegations (id) WHERE ended IS NULL;

-- Whose voice it was, where it was not their own.
ALTER TABLE hold_voices ADD COLUMN on_behalf TEXT NOT NULL DEFAULT '[]';
ALTER TABLE grant_voices ADD COLUMN on_behalf TEXT NOT NULL DEFAULT '[]';

-- When further groups are asked, if nobody decided before.
ALTER TABLE holds ADD COLUMN escalates INTEGER;
ALTER TABLE grants ADD COLUMN escalates INTEGER;

-- What happens to grants goes the way of everything else. Numbers go on: the record calls a version
-- of labels by them.
CREATE TABLE outbox_of_all (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    topic TEXT NOT NULL
        CHECK (topic IN ('administered', 'identity', 'label', 'hold', 'grant')),
    what TEXT NOT NULL
) STRICT;

INSERT INTO outbox_of_all SELECT * FROM outbox;
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'outbox_of_all', seq FROM sqlite_sequence
    WHERE name = 'outbox' AND NOT EXISTS
        (SELECT 1 FROM sqlite_sequence WHERE name = 'outbox_of_all');
UPDATE sqlite_sequence SET seq = max(seq, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence
    WHERE name = 'outbox')) WHERE name = 'outbox_of_all';
DROP TABLE outbox;
ALTER TABLE outbox_of_all RENAME TO outbox;
CREATE INDEX outbox_topic ON outbox (topic, id);

INSERT INTO outbox (at, actor, topic, what)
SELECT e.at, e.actor, 'grant', json_object(
    'of', 'grant', 'grant', g.grant_id, 'group', g.in_group, 'databases', json(g.databases),
    'identity', g.chain, 'what', e.what, 'reason', e.reason, 'via', '',
    'emergency', json(CASE g.emergency WHEN 1 THEN 'true' ELSE 'false' END),
    'seconds', CASE e.what WHEN 'requested' THEN g.seconds ELSE 0 END,
    'ends', CASE e.what WHEN 'begun' THEN g.ends END,
    'needs', json(CASE e.what WHEN 'requested' THEN g.needs ELSE '[]' END),
    'reviewers', json(CASE e.what WHEN 'requested' THEN g.reviewers ELSE '[]' END))
FROM grant_events e JOIN grants g ON g.grant_id = e.grant_id WHERE e.recorded = 0 ORDER BY e.id;

DROP TABLE grant_events;

-- Messages tell of grants, too.
CREATE TABLE messages_of_all (
    channel TEXT NOT NULL,
    about TEXT NOT NULL,
    reference TEXT NOT NULL,
    PRIMARY KEY (channel, about)
) STRICT, WITHOUT ROWID;

INSERT INTO messages_of_all SELECT channel, hold, reference FROM messages;
DROP TABLE messages;
ALTER TABLE messages_of_all RENAME TO messages;
