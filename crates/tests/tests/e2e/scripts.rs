//! The client programs themselves: run twice over direct connections they print the same, so a
//! difference over Weir is Weir's.

use testkit::Postgres;
use tests::client::{self, Target, difference};

#[test]
fn transcripts_repeat() {
    let upstream = Postgres::options().shop().start().unwrap();
    let direct = Target {
        user: testkit::postgres::SUPERUSER,
        password: testkit::postgres::SUPERUSER_PASSWORD,
        port: upstream.port(),
        database: "shop",
    };
    let all = [client::PSYCOPG, client::ASYNCPG, client::SQLALCHEMY, client::NODE, client::JDBC];
    for client in all {
        let (first, second) = (client.run(direct).unwrap(), client.run(direct).unwrap());
        assert_eq!(difference(&first, &second), None);
    }
}
