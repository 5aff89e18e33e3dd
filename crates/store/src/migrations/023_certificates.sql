-- Since when certificates of an identity count: none that begins before.
ALTER TABLE identities ADD COLUMN certificates INTEGER;
