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
