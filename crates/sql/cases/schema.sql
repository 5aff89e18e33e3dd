-- The database that the cases speak of. `catalog.tsv` is its dump: see README.md.
CREATE EXTENSION IF NOT EXISTS dblink;
CREATE EXTENSION IF NOT EXISTS tablefunc;
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE TYPE public.mood AS ENUM ('low', 'high');
CREATE TYPE public.address AS (street text, city text, zip text);
CREATE DOMAIN public.mail AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE public.users (
    id integer PRIMARY KEY,
    name text NOT NULL,
    email public.mail NOT NULL,
    ssn text,
    salary numeric,
    born date,
    active boolean NOT NULL DEFAULT true,
    tags text[],
    home public.address,
    profile jsonb,
    mail_lower text GENERATED ALWAYS AS (lower(email)) STORED
);
CREATE TABLE public.orders (
    id integer PRIMARY KEY,
    user_id integer REFERENCES public.users,
    total numeric NOT NULL,
    note text,
    placed timestamptz DEFAULT now()
);
CREATE TABLE public.items (order_id integer, sku text, qty integer);
CREATE TABLE public.copy_of_users (id integer, name text, email text);
CREATE SCHEMA hr;
CREATE TABLE hr.users (id integer, nick text, iban text);
CREATE TABLE hr.pay (employee integer NOT NULL, iban text, amount numeric);
CREATE TABLE public.events (id bigint, at date NOT NULL, who text, payload jsonb)
    PARTITION BY RANGE (at);
CREATE TABLE public.events_2024 PARTITION OF public.events
    FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE public.animal (name text, chip text);
CREATE TABLE public.dog (breed text) INHERITS (public.animal);
CREATE VIEW public.people AS
    SELECT id, name, email AS mail, upper(ssn) AS tax FROM public.users WHERE active;
CREATE VIEW public.elders AS SELECT p.name, p.tax FROM public.people p ORDER BY p.tax;
CREATE VIEW public.plain_users AS SELECT id, name, email FROM public.users;
CREATE MATERIALIZED VIEW public.totals AS
    SELECT u.email, sum(o.total) AS total
    FROM public.users u JOIN public.orders o ON o.user_id = u.id GROUP BY u.email;
CREATE VIEW public.chain AS
    WITH RECURSIVE up(id, path) AS (
        SELECT id, name FROM public.users
        UNION ALL
        SELECT u.id, up.path || u.email FROM public.users u JOIN up ON up.id = u.id - 1
    ) SELECT path FROM up;
CREATE FUNCTION public.mail_of(uid integer) RETURNS text LANGUAGE sql STABLE
    AS 'SELECT email FROM public.users WHERE id = uid';
CREATE FUNCTION public.shout(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT upper($1)';
CREATE FUNCTION public.display(u public.users) RETURNS text LANGUAGE sql IMMUTABLE
    AS 'SELECT u.name || '' '' || $1.ssn';
CREATE FUNCTION public.two(OUT a text, OUT b text) LANGUAGE sql
    AS 'SELECT email, ssn FROM public.users LIMIT 1';
CREATE FUNCTION public.listing(minimum numeric) RETURNS TABLE (who text, pay numeric) LANGUAGE sql
    AS 'SELECT u.name, u.salary FROM public.users u WHERE u.salary > minimum';
CREATE FUNCTION public.everyone() RETURNS SETOF public.users LANGUAGE sql
    AS 'SELECT * FROM public.users';
CREATE FUNCTION public.purge(uid integer) RETURNS void LANGUAGE sql
    AS 'DELETE FROM public.orders WHERE user_id = uid; DELETE FROM public.users WHERE id = uid';
CREATE FUNCTION public.modern(uid integer) RETURNS text LANGUAGE sql
    RETURN (SELECT ssn FROM public.users WHERE id = uid);
CREATE FUNCTION public.atomic(uid integer) RETURNS text LANGUAGE sql
    BEGIN ATOMIC SELECT name FROM public.users WHERE id = uid; END;
CREATE FUNCTION public.looped(n integer) RETURNS integer LANGUAGE sql
    AS 'SELECT CASE WHEN n = 0 THEN 0 ELSE public.looped(n - 1) END';
CREATE FUNCTION public.pl_mail(uid integer) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE found_mail text;
BEGIN
    SELECT email INTO found_mail FROM public.users WHERE id = uid;
    IF found_mail IS NULL THEN
        RETURN 'nobody';
    END IF;
    RETURN found_mail;
END $$;
CREATE FUNCTION public.pl_rows() RETURNS SETOF public.orders LANGUAGE plpgsql AS $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM public.orders WHERE note IS NOT NULL LOOP
        RETURN NEXT r;
    END LOOP;
    RETURN QUERY SELECT * FROM public.orders WHERE total > 5;
END $$;
CREATE FUNCTION public.pl_dynamic(relation text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE 'SELECT x::text FROM ' || relation || ' x';
END $$;
CREATE FUNCTION public.pl_double(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN n * 2;
END $$;
CREATE FUNCTION public.pl_erase(uid integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM public.orders WHERE user_id = uid;
    PERFORM public.purge(uid);
END $$;
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.note := coalesce(NEW.note, '');
    INSERT INTO public.items VALUES (NEW.id, 'audit', 1);
    RETURN NEW;
END $$;
CREATE TRIGGER touch BEFORE INSERT ON public.orders FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE PROCEDURE public.tidy() LANGUAGE sql AS 'DELETE FROM public.items';
CREATE SEQUENCE public.seq;
CREATE TABLE public.ruled (id integer);
CREATE RULE also AS ON INSERT TO public.ruled DO ALSO DELETE FROM public.items;
CREATE AGGREGATE public.glue(text) (SFUNC = textcat, STYPE = text);
CREATE TABLE public.leak (k integer, v text);
CREATE FUNCTION public.logs(t text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.leak VALUES (1, t);
    RETURN true;
END $$;
CREATE FUNCTION public.erases(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    DELETE FROM public.items WHERE order_id = n;
    RETURN n;
END $$;
CREATE FUNCTION public.is_short(t text) RETURNS boolean LANGUAGE sql IMMUTABLE
    AS 'SELECT length(t) < 9';
CREATE DOMAIN public.logged AS text CHECK (public.logs(VALUE));
CREATE DOMAIN public.short AS text CHECK (public.is_short(VALUE));
CREATE DOMAIN public.logged_too AS public.logged;
CREATE TYPE public.with_logged AS (a integer, b public.logged);
CREATE TABLE public.kept (a integer, b public.logged);
CREATE TABLE public.checked (a integer, b text, CHECK (public.logs(b)));
CREATE TABLE public.indexed (a integer);
CREATE INDEX ON public.indexed (public.erases(a));
CREATE TABLE public.parted (a integer, b text) PARTITION BY LIST (a);
CREATE TABLE public.parted_1 PARTITION OF public.parted FOR VALUES IN (1);
ALTER TABLE public.parted_1 ADD CHECK (public.logs(b));
CREATE FUNCTION public.sweeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM public.items;
    RETURN NEW;
END $$;
CREATE TRIGGER sweeps AFTER INSERT ON public.parted_1 FOR EACH ROW
    EXECUTE FUNCTION public.sweeps();
CREATE FUNCTION public.takes_logged(v public.logged) RETURNS integer LANGUAGE sql
    AS 'SELECT 1';
CREATE FUNCTION public.pl_logged(uid integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    kept public.kept.b%TYPE;
BEGIN
    SELECT ssn INTO kept FROM public.users WHERE id = uid;
    RETURN 1;
END $$;
