-- Keys: which one another took the place of, and from where a credential was last used.
ALTER TABLE credentials ADD COLUMN replaces TEXT;
ALTER TABLE credentials ADD COLUMN used_from TEXT;
