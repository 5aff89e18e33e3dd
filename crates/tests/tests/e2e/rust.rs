//! tokio-postgres: pipelining by concurrency, binary parameters, COPY both ways, cancel.

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use testkit::weir::{ADMIN, PERSON};
use testkit::{Postgres, Weir};
use tests::Stage;
use tokio_postgres::{NoTls, SimpleQueryMessage, types::Type};

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The same over any server; panics where something is not as it must be.
async fn exercise(client: &tokio_postgres::Client) {
    let statement = client
        .prepare_typed("select $1::int8 + 1, $2::text", &[Type::INT8, Type::TEXT])
        .await
        .unwrap();
    let many = (0..200_i64).map(|n| {
        let statement = &statement;
        async move { client.query_one(statement, &[&n, &"ü"]).await.unwrap().get::<_, i64>(0) }
    });
    let answers = futures_util::future::join_all(many).await;
    assert_eq!(answers, (1..=200).collect::<Vec<i64>>());
    let sink = client.copy_in("copy inbox from stdin").await.unwrap();
    tokio::pin!(sink);
    for n in 0..1000 {
        sink.send(Bytes::from(format!("{n}\tline\n"))).await.unwrap();
    }
    assert_eq!(sink.finish().await.unwrap(), 1000);
    let stream = client.copy_out("copy inbox to stdout (format binary)").await.unwrap();
    tokio::pin!(stream);
    let mut data = BytesMut::new();
    while let Some(part) = stream.next().await {
        data.extend_from_slice(&part.unwrap());
    }
    assert!(data.starts_with(b"PGCOPY\n\xff\r\n\0"));
    // One row: two columns, four bytes of a number, four of text.
    let row = [b"\0\x02\0\0\0\x04\0\0\0\x07\0\0\0\x04".as_slice(), b"line"].concat();
    assert_eq!(data.windows(row.len()).filter(|window| *window == row).count(), 1);
    assert_eq!(client.execute("delete from inbox where a >= $1", &[&0]).await.unwrap(), 1000);
    let simple = client.simple_query("select 1; select 2").await.unwrap();
    let rows = simple.iter().filter(|one| matches!(one, SimpleQueryMessage::Row(_))).count();
    assert_eq!(rows, 2);
    let error = client.query("select * from nowhere", &[]).await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42P01");
}

async fn cancelled(client: &tokio_postgres::Client) {
    let token = client.cancel_token();
    let canceller = tokio::spawn(async move {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        token.cancel_query(NoTls).await.unwrap();
    });
    let error = client.batch_execute("select pg_sleep(30)").await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "57014");
    canceller.await.unwrap();
    assert_eq!(client.query_one("select 1", &[]).await.unwrap().get::<_, i32>(0), 1);
}

#[tokio::test]
async fn tokio_postgres_works_for_admins_and_people() {
    let upstream = Postgres::options().shop().start().unwrap();
    upstream.psql("shop", "create table inbox (a int, b text)").unwrap();
    let stage = Stage { weir: Weir::start(&upstream).unwrap(), upstream };
    exercise(&connect(&stage.upstream.url("shop")).await).await;
    for identity in [ADMIN, PERSON] {
        let client = connect(&stage.weir.url(identity, "shop")).await;
        exercise(&client).await;
        cancelled(&client).await;
    }
    let admin = connect(&stage.weir.url(ADMIN, "shop")).await;
    admin.batch_execute("create temp table t (a text); insert into t values ('x')").await.unwrap();
    let row = admin.query_one("update t set a = a || $1 returning a", &[&"y"]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "xy");
}

#[tokio::test]
async fn a_transaction_that_is_dropped_is_rolled_back() {
    let stage = Stage::shop().unwrap();
    let mut client = connect(&stage.weir.url(PERSON, "shop")).await;
    let transaction = client.transaction().await.unwrap();
    let sql = "insert into countries values ('XX', 'X', '+0')";
    assert_eq!(transaction.execute(sql, &[]).await.unwrap(), 1);
    drop(transaction);
    assert_eq!(
        client.query("select from countries where code = 'XX'", &[]).await.unwrap().len(),
        0
    );
}
