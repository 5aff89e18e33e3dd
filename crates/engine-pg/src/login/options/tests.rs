//! Command lines as PostgreSQL's own documentation and drivers write them.

use super::parse;

fn check(text: &str, expected: &[(&str, &str)]) {
    let settings = parse(text).unwrap();
    let settings: Vec<_> = settings.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(settings, expected, "{text}");
}

#[test]
fn settings_in_every_spelling() {
    check("", &[]);
    check("   ", &[]);
    check("-c geqo=off", &[("geqo", "off")]);
    check("-cgeqo=off", &[("geqo", "off")]);
    check("--geqo=off", &[("geqo", "off")]);
    check("--search-path=a,b", &[("search_path", "a,b")]);
    check("-c geqo=off\t--a=b  -cx=y", &[("geqo", "off"), ("a", "b"), ("x", "y")]);
    check(r"-c search_path=a,\ b", &[("search_path", "a, b")]);
    check(r"-c a=b\\c", &[("a", r"b\c")]);
    check("-c a=b=c", &[("a", "b=c")]);
    check("-c a=", &[("a", "")]);
    check(r"-c a=b\", &[("a", "b")]);
}

#[test]
fn everything_else_is_refused() {
    for text in
        ["geqo=off", "-c", "-c geqo", "--geqo", "-c =x", "-e", "-S 100", "-fs", "--", "-d 5", "-"]
    {
        assert!(parse(text).is_err(), "{text}");
    }
}
