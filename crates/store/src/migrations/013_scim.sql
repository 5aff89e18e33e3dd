-- What a provider that provisions by SCIM calls its people and groups, and whom it has removed.
ALTER TABLE provisioned ADD COLUMN external TEXT;
ALTER TABLE provisioned ADD COLUMN gone INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1));

CREATE TABLE provisioned_groups (
    provider TEXT NOT NULL,
    name TEXT NOT NULL,
    external TEXT,
    PRIMARY KEY (provider, name)
) STRICT, WITHOUT ROWID;
