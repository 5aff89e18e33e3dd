//! URLs that libpq takes, and ones that it would misunderstand.

use super::Url;

fn url(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text)?;
    let Url { user, password, host, port, database, sslmode } = url;
    Ok(format!("{user} {password:?} {host} {port} {database} {sslmode:?}"))
}

#[test]
fn what_a_url_says() {
    assert_eq!(url("postgres://app@db/shop").unwrap(), "app None db 5432 shop None");
    let full = "postgresql://a%40b:p%2Fw%3A@[::1]:5433/sh%20op?sslmode=disable";
    assert_eq!(url(full).unwrap(), "a@b Some(\"p/w:\") ::1 5433 sh op Some(\"disable\")");
    assert_eq!(url("postgres://a:b:c@h/d").unwrap(), "a Some(\"b:c\") h 5432 d None");
}

#[test]
fn what_is_not_one() {
    for bad in [
        "mysql://app@db/shop",
        "db/shop",
        "postgres://db/shop",
        "postgres://app@db",
        "postgres://app@db/",
        "postgres://@db/shop",
        "postgres://app@/shop",
        "postgres://app@db:0/shop",
        "postgres://app@db:x/shop",
        "postgres://app@a,b/shop",
        "postgres://app@[::1/shop",
        "postgres://app@db/shop?options=-c",
        "postgres://app:%zz@db/shop",
        "postgres://app@db/shop%0a",
    ] {
        assert!(url(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_password_is_never_printed() {
    let url = Url::parse("postgres://app:hunter2@db/shop").unwrap();
    assert!(!format!("{url:?}").contains("hunter2"));
}
