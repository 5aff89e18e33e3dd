//! Migrations as developers run them leave through Weir the schema and the data that they leave on
//! a direct connection.

use std::process::Command;
use testkit::weir::PASSWORD;
use testkit::{Postgres, Weir, postgres, tool};
use tests::client::{self, Target, difference};

/// A person in group `developers`.
const DEVELOPER: &str = "dora";
/// The shop once more, migrated without Weir.
const TWIN: &str = "twin";

/// Tables that the migrations make.
const MADE: [&str; 7] =
    ["plan", "seat", "depot_*", "parcels", "history", "depot.*", "alembic_version"];

fn dump(upstream: &Postgres, database: &str) -> String {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(upstream.bin().join("pg_dump"));
        command.args(["--no-owner", "--no-privileges", "-d", &upstream.url(database)]);
        tool::finish(command.args(arguments)).unwrap().success().unwrap()
    };
    let mut tables = vec!["--data-only"];
    tables.extend(MADE.iter().flat_map(|table| ["-t", table]));
    let text = run(&["--schema-only"]) + &run(&tables);
    // Each dump has a key of its own.
    let own = |line: &&str| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict");
    let lines: Vec<&str> = text.lines().filter(own).collect();
    let filled = "select id, plan_id, parcel_id from customers where id < 20 order by id";
    lines.join("\n") + &upstream.psql(database, filled).unwrap()
}

fn psql(url: &str, file: &str) -> tool::Outcome {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url]);
    tool::finish_with(&mut command, file).unwrap()
}

#[test]
fn what_is_migrated_is_as_without_weir() {
    let upstream = Postgres::options().shop().start().unwrap();
    upstream.psql("postgres", &format!("create database {TWIN} template shop")).unwrap();
    let weir = Weir::start(&upstream).unwrap();
    weir.add(DEVELOPER, "person", &["--group", "developers"]).unwrap();
    let direct = Target {
        user: postgres::SUPERUSER,
        password: postgres::SUPERUSER_PASSWORD,
        port: upstream.port(),
        database: TWIN,
    };
    let through =
        Target { user: DEVELOPER, password: PASSWORD, port: weir.port(), database: "shop" };
    for part in ["alembic", "django"] {
        client::MIGRATE.run_part(direct, part).unwrap();
        let seen = client::MIGRATE.run_part(through, part);
        assert!(seen.is_ok(), "{part}: {seen:?}\n{}", weir.log_tail());
    }
    let scripts = [
        include_str!("../../cases/migrations/rails.sql"),
        include_str!("../../cases/migrations/flyway.sql"),
    ];
    for script in scripts {
        let url = |target: Target<'_>| {
            postgres::url(target.user, target.password, target.port, target.database)
        };
        let expected = psql(&url(direct), script).success().unwrap();
        let seen = psql(&url(through), script).success().unwrap();
        assert_eq!(difference(&expected, &seen), None);
    }
    let (expected, seen) = (dump(&upstream, TWIN), dump(&upstream, "shop"));
    assert!(expected.contains("CREATE TABLE depot.archive"), "{expected}");
    assert_eq!(difference(&expected, &seen), None);
}
