-- How often the password of an identity was set anew: the same one given again is another one.
ALTER TABLE identities ADD COLUMN passwords INTEGER NOT NULL DEFAULT 0;
