-- What `behind.md` speaks of besides `schema.sql`: functions that a statement does not name.
-- `behind.tsv` is what the dump has besides `catalog.tsv`: see README.md.
CREATE OPERATOR public.!!! (RIGHTARG = text, FUNCTION = pg_read_file);
CREATE OPERATOR public.>>> (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_notify);
CREATE CAST (varchar AS bytea) WITH FUNCTION pg_read_binary_file(text);
CREATE FUNCTION public.second(a text, b text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $2';
CREATE AGGREGATE public.reads(text) (
    SFUNC = public.second, STYPE = text, FINALFUNC = pg_read_file
);
CREATE TABLE public.tells (a text CHECK (pg_notify('c', reverse(a)) IS NOT NULL));
CREATE DOMAIN public.told AS text CHECK (pg_notify('c', VALUE) IS NOT NULL);
CREATE FUNCTION public.zap(u public.users) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.leak VALUES (1, u.ssn);
    RETURN 1;
END $$;
CREATE FUNCTION public.spill(a text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.leak VALUES (2, a);
    RETURN true;
END $$;
CREATE FUNCTION public.spill(a text, b text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.leak VALUES (2, a);
    RETURN true;
END $$;
CREATE OPERATOR public.>= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.spill);
CREATE OPERATOR public.> (LEFTARG = text, RIGHTARG = text, FUNCTION = public.spill);
CREATE FUNCTION public.json_scalar(a text) RETURNS boolean LANGUAGE sql
    AS 'SELECT public.spill($1)';
CREATE FUNCTION public.json_array(a text) RETURNS boolean LANGUAGE sql AS 'SELECT public.spill($1)';
CREATE FUNCTION public.json_value(a text, b text) RETURNS boolean LANGUAGE sql
    AS 'SELECT public.spill($1)';
CREATE FUNCTION public.json_object(a text, b text) RETURNS boolean LANGUAGE sql
    AS 'SELECT public.spill($1)';
CREATE FUNCTION public.merge_action() RETURNS bigint LANGUAGE sql
    AS 'DELETE FROM public.items; SELECT 1::bigint';
CREATE AGGREGATE public.json_arrayagg(text) (SFUNC = public.second, STYPE = text);
CREATE TABLE public.searched (card text, n integer, words tsvector);
CREATE TRIGGER words BEFORE INSERT ON public.searched FOR EACH ROW
    EXECUTE FUNCTION tsvector_update_trigger(words, 'pg_catalog.simple', card);
CREATE FUNCTION public.moves() RETURNS trigger LANGUAGE internal
    AS 'tsvector_update_trigger_bycolumn';
CREATE TABLE public.moved (a text, b integer);
CREATE TRIGGER moves BEFORE INSERT ON public.moved FOR EACH ROW EXECUTE FUNCTION public.moves();
CREATE TABLE public.steady (a text, b text);
CREATE TRIGGER steady BEFORE UPDATE ON public.steady FOR EACH ROW
    EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TABLE public.pure (a text);
CREATE FUNCTION public.pure(a text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION public.purely() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER pure BEFORE INSERT ON public.pure FOR EACH ROW EXECUTE FUNCTION public.purely();
CREATE OPERATOR public.@@@ (RIGHTARG = text, FUNCTION = public.pure);
CREATE VIEW public.pures AS SELECT public.pure(ssn) AS pure FROM public.users;
