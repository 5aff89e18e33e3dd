"""psycopg 3 with a client's certificate and no password."""

import os

import psycopg

with psycopg.connect(
    host="127.0.0.1",
    port=os.environ["PORT"],
    dbname=os.environ["DATABASE"],
    user=os.environ["USER_NAME"],
    sslmode="require",
    sslcert=os.environ["CERTIFICATE"],
    sslkey=os.environ["KEY"],
) as connection:
    for (number,) in connection.execute("select id from customers where id = 1"):
        print(number)
print("done")
