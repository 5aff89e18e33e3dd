//! Real clients see the same over Weir, as an identity with full rights, as over a direct
//! connection: every value, type, error, notice, count and order.

use tests::Stage;
use tests::client::{self, Client};

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
