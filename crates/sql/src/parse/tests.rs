//! Positions as PostgreSQL 15 reports them, and depth.

use super::*;

fn error(text: &str) -> (String, usize) {
    let message = parse(text).err().unwrap();
    let error = locate(text, message);
    (error.message, error.position)
}

#[test]
fn errors_stand_where_postgresql_puts_them() {
    let near = |text: &str| format!("syntax error at or near \"{text}\"");
    assert_eq!(error("SELEC 1"), (near("SELEC"), 1));
    assert_eq!(error("SELECT 1; SELECT FROM WHERE"), (near("WHERE"), 23));
    assert_eq!(error("SELECT 'ä' FROM FROM"), (near("FROM"), 17));
    assert_eq!(error("SELECT ("), ("syntax error at end of input".to_owned(), 9));
    assert_eq!(error("SELECT 'x").1, 8);
}

#[test]
fn deep_input_fits_the_stack() {
    let depth = 1_500;
    for text in [
        format!("SELECT {}1{}", "(".repeat(depth), ")".repeat(depth)),
        format!("SELECT {}1", "1+".repeat(20_000)),
        format!("SELECT {}1{}", "abs(".repeat(depth), ")".repeat(depth)),
        format!("SELECT 1 {}", "UNION SELECT 1 ".repeat(5_000)),
        format!("SELECT {} true", "NOT ".repeat(3_000)),
    ] {
        let worker = std::thread::Builder::new().stack_size(1 << 20);
        let parsed = worker.spawn(move || parse(&text).map(|_| ())).unwrap().join().unwrap();
        assert_eq!(parsed, Ok(()));
    }
}

#[test]
fn comments_are_read_in_the_time_that_they_are_long() {
    let nested = format!("{}{} select 1", "/*".repeat(200_000), "*/".repeat(200_000));
    let many = format!("{}select 1", "/**/".repeat(20_000));
    for text in [&nested, &many] {
        assert!(super::parse(text).unwrap_err().contains("signs in a row"));
    }
    let banner = format!("/*{}*/ select '{}'", "*".repeat(500), "=".repeat(5_000));
    assert!(super::parse(&banner).is_ok());
}
