//! Real clients see the same over Weir, as an identity with full rights, as over a direct
//! connection: every value, type, error, notice, count and order.

use testkit::weir::{PASSWORD, PERSON};
use tests::Stage;
use tests::client::{self, Client, Target};

fn same(client: Client) {
    let stage = Stage::shop().unwrap();
    client.sees_the_same(&stage.upstream, &stage.weir);
}

#[test]
fn psycopg_sees_no_difference() {
    same(client::PSYCOPG);
}

#[test]
fn asyncpg_sees_no_difference() {
    same(client::ASYNCPG);
}

#[test]
fn sqlalchemy_sees_no_difference() {
    same(client::SQLALCHEMY);
}

#[test]
fn node_postgres_sees_no_difference() {
    same(client::NODE);
}

#[test]
fn pgjdbc_sees_no_difference() {
    same(client::JDBC);
}

/// What SQL knows by a name is planned anew at each run, and its columns are asked for again.
#[test]
fn what_sql_made_gives_its_rows_over_the_extended_protocol() {
    let stage = Stage::shop().unwrap();
    client::BY_NAME.sees_the_same(&stage.upstream, &stage.weir);
    let port = stage.weir.port();
    let target = Target { user: PERSON, password: PASSWORD, port, database: "shop" };
    let said = client::BY_NAME.run(target).unwrap();
    assert!(said.contains("masked executed: [(1, ") && !said.contains("310000"), "{said}");
}
