-- From when on the sessions of an identity that were open before are over.
ALTER TABLE identities ADD COLUMN ended INTEGER;
