"""psycopg 3: one statement that waits for approval; prints notices and what came of it.

PART is the row that it deletes, or a word before it: `expires`, `cancel` (by the driver, once it
waits), `gone` (the program ends while it waits).
"""

import os
import threading

import psycopg

HOW, ROW = (["waits"] + os.environ["PART"].split())[-2:]
DELETE = "delete from jobs where id = %s"
MERGE = (
    "merge into jobs using (select %s::int as id) s on jobs.id = s.id when matched then delete"
)
waits = threading.Event()


def heard(notice):
    print("notice:", notice.message_primary, "|", notice.message_detail)
    if HOW == "gone":
        print("done", flush=True)
        os._exit(0)
    waits.set()


def cancel(conn):
    waits.wait()
    conn.cancel_safe()


with psycopg.connect(os.environ["URL"], autocommit=True) as conn:
    conn.add_notice_handler(heard)
    if HOW == "cancel":
        threading.Thread(target=cancel, args=(conn,)).start()
    try:
        cursor = conn.execute(MERGE if HOW == "expires" else DELETE, (int(ROW),))
        print("deleted:", cursor.rowcount)
    except psycopg.Error as error:
        print("error:", error.sqlstate, error.diag.message_primary)
    if not conn.closed:
        print("alive:", conn.execute("select 1").fetchone())
print("done")
