//! Real clients see the same over Weir, as an identity with full rights, as over a direct
//! connection: every value, type, error, notice, count and order.

use testkit::weir;
use tests::Stage;
use tests::client::{self, Client, Target, difference};

fn same(client: Client) {
    let stage = Stage::shop().unwrap();
    let direct = Target {
        user: testkit::postgres::SUPERUSER,
        password: testkit::postgres::SUPERUSER_PASSWORD,
        port: stage.upstream.port(),
        database: "shop",
    };
    let expected = client.run(direct).unwrap();
    let through =
        Target { user: weir::ADMIN, password: weir::PASSWORD, port: stage.weir.port(), ..direct };
    let seen = client.run(through).unwrap_or_else(|error| {
        panic!("{error:#}\n{}", stage.weir.log_tail());
    });
    if let Some(difference) = difference(&expected, &seen) {
        panic!("{difference}");
    }
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
