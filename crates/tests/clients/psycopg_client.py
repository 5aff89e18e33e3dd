"""psycopg 3 (its wheel carries libpq 18): prints what it sees, the same for every honest server."""

import os
import threading
import time

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

URL = os.environ["URL"]
PART = os.environ.get("PART", "")


def show(name, value):
    print(f"{name}: {value!r}", flush=True)


TYPES = """select 1::int2, 2::int4, 3::int8, 1.5::float4, 2.25::float8, 12345.6789::numeric,
    'NaN'::numeric, true, 'text', 'x'::char(3), 'varchar'::varchar(10), '\\x00ff10'::bytea,
    date '2024-02-29', time '12:34:56.789', timestamp '2024-02-29 12:34:56.789',
    timestamptz '2024-02-29 12:34:56+02', interval '1 day 2 hours', null::text,
    '{"a": [1, null, "ü"]}'::jsonb, '[1]'::json, uuid '00000000-0000-0000-0000-000000000001',
    inet '10.1.2.3/24', cidr '10.0.0.0/8', array[1, 2, null], array['a', 'b"c', null],
    array[[1.5, 2.5], [3.5, 4.5]]::float8[], int4range(1, 5), 'paid'::order_status::text"""


def types(conn):
    for binary in (False, True):
        cur = conn.cursor(binary=binary)
        cur.execute(TYPES)
        show(f"types binary={binary}", cur.fetchone())
        show("oids", [(c.name, c.type_code, c.type_display) for c in cur.description])


def rows(conn):
    for binary in (False, True):
        cur = conn.cursor(binary=binary, row_factory=dict_row)
        for query in (
            "select * from customers order by id limit 3",
            "select * from payments order by id limit 3",
            "select sku, embedding, attributes, price from products order by sku limit 2",
            "select c, full_name(c) from customers as c where id = 5",
            "select * from directory order by id limit 2",
            "select k, c1, c2, f_07, val, blob1 from legacy_import order by k limit 2",
            "select * from hr.employees order by id limit 2",
        ):
            cur.execute(query)
            show(query, cur.fetchall())


def parameters(conn):
    cur = conn.cursor()
    for number in (1, 2, 3):
        cur.execute("select %s::int + 1, %s::text, %b::bytea", (number, "ümlaut", b"\0\1"),
                    prepare=True)
        show("prepared", cur.fetchone())
    cur.execute("create temp table many (a int, b text)")
    cur.executemany("insert into many values (%s, %s) returning a", [(i, str(i)) for i in range(5)],
                    returning=True)
    show("returning", [cur.fetchone()] + [cur.fetchone() for _ in iter(cur.nextset, None)])
    show("rowcount", cur.rowcount)
    cur.execute("select 1; select 2, 3")
    show("two statements", (cur.fetchall(), cur.nextset(), cur.fetchall()))


def pipeline(conn):
    with conn.pipeline() as pipe:
        cursors = [conn.execute("select %s::int * 2", (i,)) for i in range(20)]
        pipe.sync()
        show("pipeline", [c.fetchone()[0] for c in cursors])
    try:
        with conn.pipeline() as pipe:
            good = conn.execute("select 1")
            bad = conn.execute("select 1 / %s", (0,))
            skipped = conn.execute("select 2")
            pipe.sync()
            show("good", good.fetchone())
            bad.fetchone()
            skipped.fetchone()
    except psycopg.Error as error:
        show("pipeline error", type(error).__name__)
    conn.rollback()
    show("after", conn.execute("select 42").fetchone())


def copying(conn):
    cur = conn.cursor()
    for options in ("", "(format csv, header)", "(format binary)",
                    "(format csv, force_quote *, delimiter ';', null 'N')"):
        with cur.copy(f"copy (select * from customers order by id limit 50) to stdout {options}") as c:
            data = b"".join(bytes(part) for part in c)
        show(f"copy out {options}", (len(data), hash_of(data)))
    cur.execute("create temp table taken (a int, b text, c timestamptz)")
    with cur.copy("copy taken from stdin") as c:
        for i in range(1000):
            c.write_row((i, f"line {i}\t\n\\", None))
    with cur.copy("copy taken from stdin (format binary)") as c:
        c.set_types(["int4", "text", "timestamptz"])
        for i in range(1000):
            c.write_row((i, "ü" * i, None))
    cur.execute("select count(*), sum(a), sum(length(b)) from taken")
    show("copied", cur.fetchone())
    try:
        with cur.copy("copy taken from stdin") as c:
            c.write("not a number\n")
    except psycopg.Error as error:
        show("copy error", (error.sqlstate, error.diag.context))
    conn.rollback()
    try:
        with cur.copy("copy customers from stdin") as c:
            raise RuntimeError("changed my mind")
    except RuntimeError as error:
        show("copy given up", str(error))
    conn.rollback()


def hash_of(data):
    import hashlib
    return hashlib.md5(data).hexdigest()


def cursors(conn):
    with conn.cursor("portal") as cur:
        cur.itersize = 7
        cur.execute("select id, email from customers order by id limit 30")
        show("server cursor", [row for row in cur][-1])
    with conn.cursor("scrolls", scrollable=True) as cur:
        cur.execute("select id from orders order by id limit 100")
        cur.scroll(50)
        show("scrolled", cur.fetchone())
        cur.scroll(-20)
        show("back", cur.fetchmany(3))
    conn.commit()
    cur = conn.cursor()
    show("stream", sum(row[0] for row in cur.stream("select id from orders where id <= 5000")))
    conn.commit()


def transactions(conn):
    with conn.transaction():
        conn.execute("create temp table t (a int primary key)")
        try:
            with conn.transaction():
                conn.execute("insert into t values (1), (1)")
        except psycopg.errors.UniqueViolation as error:
            show("unique", (error.diag.constraint_name, error.diag.message_primary))
        conn.execute("insert into t values (2)")
    show("kept", conn.execute("select * from t").fetchall())
    conn.rollback()
    show("status", conn.info.transaction_status.name)


def errors(conn):
    for query in ("select * from nowhere", "selec 1", "select 1 / 0", "select 'a'::int",
                  "select repeat('x', 3)::int4", "insert into countries values ('US', 'x', 'y')",
                  "select * from customers where id = 'ü'"):
        try:
            conn.execute(query)
        except psycopg.Error as error:
            d = error.diag
            show(query, (type(error).__name__, d.sqlstate, d.severity, d.message_primary,
                         d.message_detail, d.message_hint, d.statement_position, d.table_name))
        conn.rollback()


def notices(conn):
    heard = []
    conn.add_notice_handler(lambda d: heard.append((d.severity, d.message_primary)))
    conn.execute("do $$ begin raise notice 'hello %', 1; raise warning 'careful'; end $$")
    conn.execute("drop table if exists not_there")
    show("notices", heard)
    conn.commit()
    with psycopg.connect(URL, autocommit=True) as other:
        other.execute("listen news")
        pid = conn.execute("select pg_backend_pid()").fetchone()[0]
        conn.execute("notify news, 'fresh'")
        conn.commit()
        note = next(other.notifies(timeout=10, stop_after=1))
        show("notify", (note.channel, note.payload, note.pid == pid == conn.info.backend_pid))


def cancel(conn):
    threading.Timer(0.5, conn.cancel_safe).start()
    begin = time.monotonic()
    try:
        conn.execute("select pg_sleep(30)")
    except psycopg.errors.QueryCanceled as error:
        show("cancelled", (error.sqlstate, time.monotonic() - begin < 15))
    conn.rollback()
    show("alive", conn.execute("select 1").fetchone())


def big(conn):
    text = "ü" * 5_000_000
    show("big parameter", conn.execute("select length(%s::text)", (text,)).fetchone())
    row = conn.execute("select repeat('x', 30000000), repeat('y', 10)").fetchone()
    show("big value", (len(row[0]), row[1]))
    cur = conn.execute("select i, repeat('z', 50) from generate_series(1, 100000) as i")
    show("many rows", (len(cur.fetchall()), cur.statusmessage))
    columns = sql.SQL(", ").join(sql.Literal(i) for i in range(1600))
    show("many columns", len(conn.execute(sql.SQL("select {}").format(columns)).fetchone()))


def session(conn):
    show("parameters", [conn.info.parameter_status(name) for name in (
        "server_version", "server_encoding", "client_encoding", "integer_datetimes",
        "standard_conforming_strings", "DateStyle", "TimeZone", "IntervalStyle")])
    conn.execute("set timezone = 'Asia/Tokyo'")
    show("reported", conn.info.parameter_status("TimeZone"))
    conn.execute("set client_encoding = 'latin1'")
    show("latin1", conn.execute("select 'ü', chr(252)").fetchone())
    conn.rollback()
    conn.execute("set search_path = hr, public")
    show("path", conn.execute("select count(*) from employees").fetchone())
    conn.rollback()
    with psycopg.connect(URL, options="-c work_mem=8MB -c geqo=off",
                         application_name="tester") as other:
        show("options", other.execute("select current_setting('work_mem')").fetchone())
    conn.autocommit = True
    conn.execute("discard all")
    show("discarded", conn.execute("select current_setting('search_path')").fetchone())


def main():
    conn = psycopg.connect(URL)
    for part in (types, rows, parameters, pipeline, copying, cursors, transactions, errors, notices,
                 cancel, big, session):
        if PART not in ("", part.__name__):
            continue
        print(f"--- {part.__name__}")
        part(conn)
        if not conn.autocommit:
            conn.rollback()
    conn.close()
    print("done")


main()
