"""SQLAlchemy: reflection of the whole shop, the ORM, streaming, three drivers below it."""

import asyncio
import os

from sqlalchemy import MetaData, create_engine, func, inspect, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

URL = os.environ["URL"].split("://", 1)[1]


def show(name, value):
    print(f"{name}: {value!r}", flush=True)


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int]
    order_no: Mapped[str]


class Scratch(Base):
    __tablename__ = "scratch"
    __table_args__ = {"prefixes": ["temporary"]}
    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str]


def reflection(engine):
    looks = inspect(engine)
    show("schemas", looks.get_schema_names())
    for schema in ("public", "hr"):
        show("tables", sorted(looks.get_table_names(schema)))
        show("views", sorted(looks.get_view_names(schema)))
    for table in ("customers", "payments", "order_items"):
        show(table, [(c["name"], str(c["type"]), c["nullable"]) for c in looks.get_columns(table)])
        show("keys", (looks.get_pk_constraint(table), looks.get_foreign_keys(table),
                      sorted(i["name"] for i in looks.get_indexes(table))))
    meta = MetaData()
    meta.reflect(engine, views=True)
    show("reflected", sorted(meta.tables))
    with engine.connect() as conn:
        customers = meta.tables["customers"]
        query = select(customers).where(customers.c.country == "DE").order_by(customers.c.id).limit(2)
        show("rows", [row._asdict() for row in conn.execute(query)])


def orm(engine):
    with Session(engine) as session:
        first = session.scalars(select(Order).order_by(Order.id).limit(2)).all()
        show("orders", [(o.id, o.order_no) for o in first])
        show("grouped", session.execute(select(func.count(), func.max(Order.id))).one()._tuple())
        Base.metadata.tables["scratch"].create(session.connection())
        session.add_all([Scratch(id=i, word=f"w{i}") for i in range(50)])
        session.flush()
        session.query(Scratch).filter(Scratch.id < 10).delete()
        show("scratch", session.query(Scratch).count())
        session.rollback()


def streaming(engine):
    with engine.connect().execution_options(stream_results=True, max_row_buffer=100) as conn:
        total = sum(row.id for row in conn.execute(text("select id from orders order by id")))
        show("streamed", total)


async def asynchronous():
    engine = create_async_engine(f"postgresql+asyncpg://{URL}")
    async with engine.connect() as conn:
        result = await conn.execute(text("select id, email from customers where id = :id"), {"id": 3})
        show("async", result.one()._tuple())
        total = 0
        async for row in await conn.stream(text("select id from orders where id <= 3000")):
            total += row.id
        show("async stream", total)
    await engine.dispose()


def main():
    engine = create_engine(f"postgresql+psycopg://{URL}")
    for part in (reflection, orm, streaming):
        print(f"--- {part.__name__}")
        part(engine)
    engine.dispose()
    # Written in Python alone, with a SCRAM of its own.
    engine = create_engine(f"postgresql+pg8000://{URL}")
    orm(engine)
    engine.dispose()
    asyncio.run(asynchronous())
    print("done")


main()
