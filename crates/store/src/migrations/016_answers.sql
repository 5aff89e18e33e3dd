-- Of which moment the newest answer of the provider is that changed the groups of somebody, so that
-- an older one that is shown later changes nothing. And whom the provider itself switched off: it
-- may switch them on again, and nobody else. Of those who were off before nobody knows by whom: an
-- operator decides.
ALTER TABLE provisioned ADD COLUMN answered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE provisioned ADD COLUMN off INTEGER NOT NULL DEFAULT 0 CHECK (off IN (0, 1));
