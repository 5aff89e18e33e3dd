"""psycopg 3: one statement that waits for approval; prints notices and what came of it."""

import os

import psycopg

with psycopg.connect(os.environ["URL"], autocommit=True) as conn:
    conn.add_notice_handler(
        lambda notice: print("notice:", notice.message_primary, "|", notice.message_detail)
    )
    try:
        cursor = conn.execute("delete from jobs where id = %s", (int(os.environ["PART"]),))
        print("deleted:", cursor.rowcount)
    except psycopg.Error as error:
        print("error:", error.sqlstate, error.diag.message_primary)
    print("alive:", conn.execute("select 1").fetchone())
print("done")
