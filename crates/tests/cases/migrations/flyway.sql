-- Plain SQL files, each in a transaction with its line of history.
BEGIN;
CREATE TABLE history (rank int PRIMARY KEY, version text, script text NOT NULL, done boolean NOT NULL);
CREATE INDEX history_done ON history (done);
COMMIT;
BEGIN;
LOCK TABLE history IN SHARE ROW EXCLUSIVE MODE;
CREATE SCHEMA depot;
CREATE TYPE depot.grade AS ENUM ('a', 'b');
CREATE TABLE depot.goods (id int PRIMARY KEY, title text NOT NULL, grade depot.grade DEFAULT 'a');
CREATE FUNCTION depot.shout(x text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper(x)';
CREATE VIEW depot.loud AS SELECT id, depot.shout(title) AS title FROM depot.goods;
INSERT INTO depot.goods (id, title) VALUES (1, 'tea'), (2, 'soap');
INSERT INTO history VALUES (1, '1', 'V1.sql', true);
COMMIT;
BEGIN;
ALTER TABLE depot.goods RENAME TO items;
ALTER TABLE depot.items ADD COLUMN loud text;
UPDATE depot.items SET loud = l.title FROM depot.loud l WHERE l.id = items.id AND items.id < 2;
INSERT INTO depot.items (id, title, grade) SELECT id + 10, title, 'b' FROM depot.items WHERE id = 1;
CREATE TABLE depot.archive AS SELECT id, title FROM depot.items;
ALTER TABLE depot.archive ADD PRIMARY KEY (id);
DELETE FROM depot.archive WHERE id = 2;
INSERT INTO history VALUES (2, '2', 'V2.sql', true);
COMMIT;
CREATE INDEX CONCURRENTLY history_script ON history (script);
CREATE INDEX customers_named ON customers (last_name);
CREATE INDEX customers_mailed ON customers (lower(email));
BEGIN;
ALTER TABLE depot.items ADD COLUMN note text;
\copy depot.items (id, title, note) from stdin
21	rice	in bags
22	salt	\N
\.
SELECT id, note FROM depot.items WHERE id > 20 ORDER BY id;
\copy depot.items (id, note) to stdout
COMMIT;
