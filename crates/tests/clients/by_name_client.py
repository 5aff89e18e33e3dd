"""psycopg 3: rows of what SQL knows by a name, over the extended protocol in binary."""

import os

import psycopg

QUERIES = {
    "plain": "select id, name from hr.departments where id < 3 order by id",
    "masked": "select id, salary from hr.employees where id < 3 order by id",
}


def connect():
    return psycopg.connect(os.environ["URL"], autocommit=True)


for name, query in QUERIES.items():
    with connect() as conn:
        conn.execute("begin")
        conn.execute("declare k cursor for " + query)
        print(name, "fetched:", conn.execute("fetch 1 k", binary=True).fetchall())
        print(name, "fetched:", conn.execute("fetch 1 k", binary=True).fetchall())
        conn.execute("commit")
        with conn.transaction(), conn.cursor(name="own", binary=True) as cursor:
            print(name, "cursor:", cursor.execute(query).fetchall())
        conn.execute("prepare q as " + query)
        print(name, "executed:", conn.execute("execute q", binary=True).fetchall())
        result = conn.pgconn.exec_params(b"execute q", [], result_format=0)
        print(name, "asked:", result.ntuples, result.error_message)
print("done")
