create schema fz0;

create schema hr;

create domain mail as text check (value like '%@%');

create type pair as (a int, b text);

create type mood as enum ('sad', 'glad');

create sequence fz_seq;

create aggregate fz_cat(text) (sfunc = textcat, stype = text, initcond = '');

create operator ||| (leftarg = text, rightarg = text, function = textcat);

create function same(v anyelement) returns anyelement language sql as 'select v';

create function glue(variadic parts text[]) returns text language sql immutable
    as $$ select array_to_string(parts, '-') $$;

create function loud(t text, prefix text default '>') returns text language plpgsql as $$
    begin raise notice '% %', prefix, t; return t; end $$;

create function risky(t text) returns int language plpgsql as $$ begin return t::int; end $$;

create function turned(t text, out a text, out b text) language plpgsql as $$
    begin a := reverse(t); b := upper(t); end $$;

create function say() returns trigger language plpgsql as $$
    begin
        if tg_op = 'DELETE' then raise notice 'gone: %', old; return old; end if;
        raise notice 'now: %', new;
        return new;
    end $$;
