//! The engine's counts on /metrics: they move with what happens, and name nobody.

use testkit::weir::{ADMIN, PERSON};
use testkit::{postgres, weir};
use tests::Stage;

/// The value of a series, by its name and labels as they stand on the page; 0 if it is not there.
fn value(page: &str, series: &str) -> f64 {
    let line = page
        .lines()
        .find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

#[test]
fn counts_move_with_what_happens() {
    let stage = Stage::shop().unwrap();
    stage.rows(PERSON, "select 1").unwrap();
    let before = stage.weir.http("/metrics").unwrap();
    stage.rows(PERSON, "select email from customers where id <= 7").unwrap();
    stage.rows(PERSON, "select email from customers where id <= 7").unwrap();
    stage.rows(PERSON, "select 'call 4111 1111 1111 1111'").unwrap();
    stage.rows(ADMIN, "select email from customers where id <= 11").unwrap();
    assert!(stage.rows(PERSON, "drop table customers").is_err());
    assert!(stage.rows(ADMIN, "select 1/0").is_err());
    let wrong = postgres::url(PERSON, "wrong", stage.weir.port(), "shop");
    // Without TLS, or psql tries again without it.
    let wrong = format!("{wrong}?sslmode=disable");
    assert_ne!(postgres::psql(&wrong, "select 1").unwrap().code, Some(0));
    assert!(stage.weir.psql(PERSON, "nowhere", "select 1").unwrap().code != Some(0));
    let page = stage.weir.http("/metrics").unwrap();
    let grew = |series: &str| value(&page, series) - value(&before, series);
    // Every database of this stage is one of `*`: a client's choice is no label.
    for (series, expected) in [
        ("weir_statements_total{database=\"*\",outcome=\"deny\"}", 1.0),
        ("weir_refusals_total{database=\"*\"}", 1.0),
        ("weir_statement_errors_total{database=\"*\"}", 1.0),
        ("weir_values_masked_total{database=\"*\"}", 14.0),
        ("weir_values_raw_total{database=\"*\"}", 11.0),
        ("weir_values_found_total{database=\"*\"}", 1.0),
        ("weir_rows_total{database=\"*\"}", 26.0),
        ("weir_sessions_opened_total{database=\"*\"}", 6.0),
        ("weir_upstream_failures_total{database=\"*\"}", 1.0),
        ("weir_sign_ins_total{result=\"refused\"}", 1.0),
        ("weir_sign_ins_total{result=\"taken\"}", 7.0),
        ("weir_plan_hits_total{database=\"*\"}", 1.0),
    ] {
        assert_eq!(grew(series), expected, "{series}\n{page}");
    }
    for (series, least) in [
        ("weir_statements_total{database=\"*\",outcome=\"modify\"}", 2.0),
        ("weir_statements_total{database=\"*\",outcome=\"allow\"}", 3.0),
        ("weir_row_bytes_total{database=\"*\"}", 400.0),
        ("weir_plan_misses_total{database=\"*\"}", 4.0),
        ("weir_statement_delay_seconds_count{database=\"*\"}", 5.0),
        ("weir_statement_delay_seconds_sum{database=\"*\"}", 0.000_01),
        ("weir_statement_delay_seconds_bucket{le=\"+Inf\",database=\"*\"}", 5.0),
        ("weir_ledger_syncs_total", 1.0),
        ("weir_ledger_bytes_total", 1000.0),
        ("weir_ledger_written_total", 10.0),
    ] {
        assert!(grew(series) >= least, "{series} grew by {}\n{page}", grew(series));
    }
    for series in [
        "weir_catalog_reads_total{database=\"*\"}",
        "weir_catalog_read_seconds_total{database=\"*\"}",
        "weir_labels{database=\"*\"}",
    ] {
        assert!(value(&page, series) > 0.0, "{series}\n{page}");
    }
    for name in [PERSON, ADMIN, "shop", "nowhere", "customers", "email"] {
        assert!(!page.contains(name), "{name} is on the page\n{page}");
    }
}

#[test]
fn open_sessions_are_counted_while_they_are() {
    let stage = Stage::shop().unwrap();
    let open = || value(&stage.weir.http("/metrics").unwrap(), "weir_sessions{database=\"*\"}");
    assert!(open() < 0.5);
    let sign_in =
        || tests::wire::Raw::sign_in(stage.weir.port(), PERSON, weir::PASSWORD, "shop").unwrap();
    let (one, other) = (sign_in(), sign_in());
    assert!(open() > 1.5 && open() < 2.5);
    drop((one, other));
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while open() > 0.5 {
        assert!(std::time::Instant::now() < end, "sessions that ended are still counted");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
