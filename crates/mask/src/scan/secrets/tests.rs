//! The quick look passes every mark.

use super::*;
use crate::scan::prefilter::BLOCK;

#[test]
fn every_plain_mark_begins_with_a_first_letter() {
    for (mark, _) in PLAIN {
        assert!(FIRST.contains(&mark.as_bytes()[0]), "{mark}");
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
