//! PostgreSQL's own regression suite, which knows nothing of proxies.

use testkit::regress::{Place, Suite};
use testkit::{Postgres, TestDir, postgres};

/// Tests of the suite.
const TESTS: usize = 217;

#[test]
fn all_of_it_passes_over_a_direct_connection() {
    let suite = Suite::get().unwrap();
    let server = Postgres::options().bin(suite.bin()).start().unwrap();
    let results = TestDir::new("regress").unwrap();
    let (verdicts, words) = suite
        .run(Place {
            port: server.port(),
            user: postgres::SUPERUSER,
            password: postgres::SUPERUSER_PASSWORD,
            results: results.path(),
        })
        .unwrap();
    assert_eq!(verdicts.len(), TESTS, "{words}");
    assert!(verdicts.values().all(|passed| *passed), "{words}");
}

#[test]
fn all_of_it_passes_through_weir() {
    let suite = Suite::get().unwrap();
    let server = Postgres::options().bin(suite.bin()).start().unwrap();
    let weir = testkit::Weir::options(&server)
        // The suite asks the database who it is: the identity has the upstream role's name.
        .prepare()
        .unwrap();
    weir.add(postgres::SUPERUSER, "person", &["--group", "admins"]).unwrap();
    let mut weir = weir;
    weir.start_again().unwrap();
    let results = TestDir::new("regress").unwrap();
    let (verdicts, words) = suite
        .run(Place {
            port: weir.port(),
            user: postgres::SUPERUSER,
            password: testkit::weir::PASSWORD,
            results: results.path(),
        })
        .unwrap();
    let failed: Vec<_> = verdicts.iter().filter(|(_, passed)| !**passed).map(|(n, _)| n).collect();
    let diffs = std::fs::read_to_string(results.join("regression.diffs")).unwrap_or_default();
    let diffs: String = diffs.chars().take(20_000).collect();
    assert!(failed.is_empty(), "{failed:?}\n{diffs}");
    assert_eq!(verdicts.len(), TESTS, "{words}");
}
