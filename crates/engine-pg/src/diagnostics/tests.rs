//! Which words of the server's leave where its words could carry a value.

use super::*;

fn redacted(fields: &[(u8, &str)]) -> String {
    let mut payload = Vec::new();
    for (code, text) in fields {
        payload.push(*code);
        payload.extend_from_slice(text.as_bytes());
        payload.push(0);
    }
    payload.push(0);
    let mut out = BytesMut::new();
    redact(&mut out, Tag::ErrorResponse, Report::parse(&payload).unwrap()).unwrap();
    String::from_utf8_lossy(&out[5..]).replace('\0', "|")
}

#[test]
fn what_a_constraint_is_called_is_said_and_the_row_that_broke_it_is_not() {
    let said = [(b'M', "duplicate key value violates unique constraint \"k\"")];
    let of = |code: &'static str, routine: &'static str| {
        let more = [(b'C', code), (b'D', "Key (email)=(a@b.c) already exists."), (b'R', routine)];
        redacted(&[said.as_slice(), &more].concat())
    };
    let own = of("23505", "_bt_check_unique");
    assert!(own.contains("constraint \"k\"|") && !own.contains("a@b.c"), "{own}");
    // What code raises, whatever it calls it.
    for (code, routine) in [("23505", "exec_stmt_raise"), ("22P02", "_bt_check_unique")] {
        let other = of(code, routine);
        assert!(!other.contains("constraint \"k\"") && other.contains("withheld"), "{other}");
    }
}

#[test]
fn that_the_server_ends_a_session_is_no_secret() {
    let said = "terminating connection due to administrator command";
    let of = |routine| redacted(&[(b'C', "57P01"), (b'M', said), (b'R', routine)]);
    assert!(
        !of("ProcessInterrupts").contains("withheld") && of("ProcessInterrupts").contains(said)
    );
    assert!(of("exec_stmt_raise").contains("withheld"), "code may raise it too");
}

#[test]
fn what_analysis_says_comes_with_its_hint() {
    let hint = [
        (b'C', "42883"),
        (b'M', "function f(integer) does not exist"),
        (b'H', "No function matches the given name and argument types."),
        (b'P', "8"),
    ];
    assert!(redacted(&hint).contains("No function matches"));
    // Code speaks: it has a context.
    let inner = redacted(&[hint.as_slice(), &[(b'W', "PL/pgSQL function g() line 1")]].concat());
    assert!(!inner.contains("No function matches") && !inner.contains("f(integer)"), "{inner}");
}

#[test]
fn the_line_of_a_copy_is_said_and_not_what_stands_there() {
    let of = |context: &'static str| {
        redacted(&[(b'C', "22007"), (b'M', "invalid input"), (b'W', context)])
    };
    let said = of("COPY customers, line 2, column signed_up_at: \"a secret\"");
    assert!(said.contains("WCOPY customers, line 2, column signed_up_at|"), "{said}");
    assert!(!said.contains("secret"), "{said}");
    assert!(of("COPY t, line 17: \"a secret\"").contains("WCOPY t, line 17|"));
    for other in ["COPY a secret", "PL/pgSQL function f(a secret) line 3", "COPY t, line a secret"]
    {
        assert!(!of(other).contains("secret"), "{other}");
    }
}
