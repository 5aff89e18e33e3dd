"""asyncpg: binary format throughout, its own type introspection, prepared statements, cursors."""

import asyncio
import os

import asyncpg

URL = os.environ["URL"]
PART = os.environ.get("PART", "")


def show(name, value):
    print(f"{name}: {value!r}", flush=True)


async def reading(conn):
    for query in (
        "select * from customers order by id limit 3",
        "select * from payments order by id limit 3",
        "select id, status, total, tracking, placed_at from orders order by id limit 3",
        "select sku, embedding, attributes, colours, price from products order by sku limit 2",
        "select spot from addresses where spot is not null order by id limit 2",
        "select * from events order by id limit 3",
        "select * from hr.employees order by id limit 2",
        "select array_agg(email::text order by id) from customers where id < 4",
    ):
        show(query, [dict(row) for row in await conn.fetch(query)])
    show("value", await conn.fetchval("select $1::int + $2::int", 2, 3))
    show("array", await conn.fetchval("select $1::text[]", ["a", None, "ü"]))
    statement = await conn.prepare("select id, email from customers where id = any($1::bigint[])")
    show("attributes", [(a.name, a.type.name) for a in statement.get_attributes()])
    for _ in range(3):
        show("prepared", [tuple(r) for r in await statement.fetch([1, 2])])


async def writing(conn):
    await conn.execute("create temp table t (a int, b text, c numeric, d timestamptz)")
    await conn.executemany("insert into t (a, b) values ($1, $2)", [(i, str(i)) for i in range(100)])
    show("copied", await conn.copy_records_to_table("t", records=[(i, "x", None, None)
                                                                  for i in range(500)]))
    show("sum", tuple(await conn.fetchrow("select count(*), sum(a) from t")))
    try:
        async with conn.transaction():
            await conn.execute("insert into t values (1)")
            async with conn.transaction():
                await conn.execute("select 1 / 0")
    except asyncpg.DivisionByZeroError as error:
        show("error", (error.sqlstate, str(error)))
    show("rolled back", await conn.fetchval("select count(*) from t"))


async def copying(conn):
    chunks = []

    async def take(data):
        chunks.append(data)

    show("copy out", await conn.copy_from_query(
        "select id, email from customers where id <= $1 order by id", 20, output=take, format="csv"))
    show("bytes", b"".join(chunks))


async def cursors(conn):
    async with conn.transaction():
        seen = 0
        async for row in conn.cursor("select id from orders order by id", prefetch=777):
            seen += row["id"]
        show("cursor", seen)
        cur = await conn.cursor("select id, email from customers order by id")
        await cur.forward(10)
        show("forward", tuple(await cur.fetchrow()))


async def events(conn):
    heard = asyncio.Queue()
    await conn.add_listener("news", lambda c, pid, channel, payload: heard.put_nowait(
        (pid == c.get_server_pid(), channel, payload)))
    await conn.execute("select pg_notify('news', 'fresh')")
    show("notify", await asyncio.wait_for(heard.get(), 10))
    notices = []
    conn.add_log_listener(lambda c, message: notices.append(message.message))
    await conn.execute("do $$ begin raise notice 'hello'; end $$")
    show("notice", notices)


async def cancelling(conn):
    try:
        await conn.execute("select pg_sleep(30)", timeout=0.5)
    except asyncio.TimeoutError:
        show("timeout", "cancelled")
    show("alive", await conn.fetchval("select 1"))


async def pool():
    async with asyncpg.create_pool(URL, min_size=2, max_size=5) as connections:
        async def one(i):
            async with connections.acquire() as conn:
                return await conn.fetchval("select $1::int * 2", i)
        show("pool", await asyncio.gather(*(one(i) for i in range(40))))


async def main():
    conn = await asyncpg.connect(URL)
    show("version", conn.get_server_version()[:2])
    for part in (reading, writing, copying, cursors, events, cancelling):
        if PART not in ("", part.__name__):
            continue
        print(f"--- {part.__name__}")
        await part(conn)
    await conn.close()
    if not PART:
        await pool()
    print("done")


asyncio.run(main())
