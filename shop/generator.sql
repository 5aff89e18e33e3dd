-- Deterministic choice: the same (tag, number) gives the same value on every machine and version.
create schema gen;

-- 28 bits of md5 over seed, tag and number.
create function gen.h(tag text, i bigint) returns integer
    language sql immutable as
$$ select ('x' || substr(md5('weir-shop-1:' || tag || ':' || i), 1, 7))::bit(28)::integer $$;

-- A number in low ..= high.
create function gen.between(tag text, i bigint, low integer, high integer) returns integer
    language sql immutable as
$$ select low + gen.h(tag, i) % (high - low + 1) $$;

-- One of a list.
create function gen.pick(list text[], tag text, i bigint) returns text
    language sql immutable as
$$ select list[1 + gen.h(tag, i) % cardinality(list)] $$;

-- So many decimal digits, at most 18.
create function gen.digits(tag text, i bigint, many integer) returns text
    language sql immutable as
$$ select lpad(((('x' || substr(md5('weir-shop-d:' || tag || ':' || i), 1, 15))::bit(60)::bigint)
                % (10::numeric ^ many)::bigint)::text, many, '0') $$;

create function gen.uuid(tag text, i bigint) returns uuid
    language sql immutable as
$$ select md5('weir-shop-u:' || tag || ':' || i)::uuid $$;

-- A moment within so many days after a day.
create function gen.moment(tag text, i bigint, first date, days integer) returns timestamptz
    language sql stable as
$$ select (first::timestamp at time zone 'UTC') + gen.h(tag, i) % (days * 86400) * interval '1 second' $$;
