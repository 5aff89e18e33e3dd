//! The quick look passes every mark.

use super::*;
use crate::scan::prefilter::BLOCK;

#[test]
fn every_plain_mark_begins_with_its_first_letters() {
    for (mark, _) in PLAIN {
        assert!(begins_mark(mark.as_bytes()), "{mark}");
    }
}

#[test]
fn plain_marks_are_found_wherever_they_stand_in_the_blocks() {
    for text in
        ["<b>AKIAIOSFODNN7EXAMPLE", "Bearer a1B2c3D4e5a1B2c3D4", "x.eyJhbGciOiJI.eyJzdWIiOiIx"]
    {
        let found = |before: usize| {
            let text = format!("{}{text} z", "y ".repeat(before));
            let found = super::super::find(text.as_bytes());
            found.iter().map(|found| (found.start - 2 * before, found.end - 2 * before)).collect()
        };
        let expected: Vec<(usize, usize)> = found(0);
        assert_eq!(expected.len(), 1, "{text}");
        for before in 1..BLOCK {
            assert_eq!(found(before), expected, "{text} behind {before} words");
        }
    }
}

#[test]
fn every_mark_finds_what_follows_it() {
    for (mark, follow) in WITH_RARE.iter().chain(PLAIN) {
        let key = |length: usize| "a1B2c3D4e5".chars().cycle().take(length).collect::<String>();
        let body = match follow {
            Follow::Key(least) | Follow::Dotted(least) => key(*least),
            Follow::Id(count) => "QWERTYUIOP".chars().cycle().take(*count).collect(),
            Follow::Hex(count) => "0a1b".repeat(count / 4),
            Follow::Jwt => format!("{}.{}.{}", key(17), key(20), key(20)),
            Follow::Pem => "PRIVATE KEY-----\nMIIB".to_owned(),
            Follow::Crypt => key(30),
            Follow::Bearer | Follow::Basic => continue,
        };
        for before in ["", "use ", "a sentence of more than sixty-four bytes, before the key \""] {
            let text = format!("{before}{mark}{body}");
            let found = super::super::find(text.as_bytes());
            let all = found.first().is_some_and(|found| {
                found.label == model::Label::CREDENTIAL
                    && found.start <= before.len()
                    && found.end == text.len()
            });
            assert!(all, "{text}: {found:?}");
        }
    }
}

/// What [`said::is_key`] says, byte by byte.
fn is_key_plainly(body: &[u8]) -> bool {
    let mixed = |part: &[u8]| {
        let has = |is: fn(&u8) -> bool| part.iter().any(is);
        let all =
            has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
        let class = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
        let changes = part.windows(2).filter(|two| class(two[0]) != class(two[1])).count();
        part.len() >= 16 && all && changes * 4 >= part.len()
    };
    let mut rest = body.get(..64).unwrap_or(body);
    loop {
        let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric());
        let Some(end) = end else { return mixed(rest) };
        if !b"_-+/=.~:".contains(&rest[end]) {
            return false;
        }
        if mixed(&rest[..end]) {
            return true;
        }
        rest = &rest[end + 1..];
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(3_000))]

    #[test]
    fn keys_are_told_as_they_are_byte_by_byte(body in "([a-zA-Z0-9]{1,24}[-_.:,=]{0,1}){1,5}") {
        let body = body.as_bytes();
        proptest::prop_assert_eq!(said::is_key(body), is_key_plainly(body));
    }
}
