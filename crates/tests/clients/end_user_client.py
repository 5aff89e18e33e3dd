"""SQLAlchemy's pool over psycopg 3: one connection for all, and whoever is at work says who it is."""

import os

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

url = sqlalchemy.make_url(os.environ["URL"]).set(drivername="postgresql+psycopg")
# Prepared at the server from the first time on, so that one statement meets everybody.
engine = sqlalchemy.create_engine(
    url, pool_size=1, max_overflow=0, connect_args={"prepare_threshold": 0}
)


def work(conn):
    email = conn.execute(text("select email from customers where id = :id"), {"id": 1}).scalar()
    print("email:", email)
    found = conn.execute(text("select id from payments where id < :id"), {"id": 3}).all()
    print("payments:", len(found))


for token in [*os.environ["PART"].split(), None]:
    try:
        with engine.begin() as conn:
            if token:
                conn.exec_driver_sql(f"SET LOCAL weir.end_user = '{token}'")
            work(conn)
    except ProgrammingError as error:
        print("error:", error.orig.sqlstate)
print("connections:", engine.pool.checkedin())
print("done")
