//! Codes of the post, by the forms that countries give them. Knows no columns.

use std::sync::LazyLock;

/// Forms that little else has: `9` a digit, `A` a capital, ` ` a space or none, `_` a space, `-`
/// itself.
const FORMS: &[&str] = &[
    "A9 9AA",
    "A99 9AA",
    "AA9 9AA",
    "AA99 9AA",
    "A9A 9AA",
    "AA9A 9AA", // Britain
    "A9A 9A9",  // Canada
    "A9A-9A9",
    "9999 AA",    // the Netherlands
    "99-999",     // Poland
    "99999-999",  // Brazil
    "9999-999",   // Portugal
    "999-9999",   // Japan
    "999_99",     // Sweden, Czechia, Greece
    "999_999",    // India
    "99999-9999", // the United States
    "A99 AAAA",   // Ireland
    "AA-999",
    "AA-9999",
    "AA_9999",
    "AA-99999",
    "AA_99999", // with the country before
    "A9999AAA", // Argentina
];

/// Bytes of the longest code.
const LONGEST: usize = 10;

/// The forms as numbers, each sign four bits, those with a space that may be missing twice.
static SHAPES: LazyLock<Vec<u64>> = LazyLock::new(|| {
    let mut shapes = Vec::new();
    for form in FORMS {
        let signs = |spaced: bool| form.bytes().filter(move |sign| spaced || *sign != b' ');
        let joined = |spaced| signs(spaced).fold(0, |all, sign| all << 4 | of_form(sign));
        shapes.extend([joined(true), joined(false)]);
    }
    shapes.sort_unstable();
    shapes.dedup();
    shapes
});

fn of_form(sign: u8) -> u64 {
    match sign {
        b'9' => DIGIT,
        b'A' => CAPITAL,
        b'-' => HYPHEN,
        _ => SPACE,
    }
}

const DIGIT: u64 = 1;
const CAPITAL: u64 = 2;
const HYPHEN: u64 = 3;
const SPACE: u64 = 4;

/// True if the value has a form that only codes of the post have.
pub(crate) fn is_postcode(value: &[u8]) -> bool {
    if value.len() > LONGEST {
        return false;
    }
    let mut shape = 0;
    for byte in value {
        shape = shape << 4
            | match byte {
                b'0'..=b'9' => DIGIT,
                b'A'..=b'Z' => CAPITAL,
                b'-' => HYPHEN,
                b' ' => SPACE,
                _ => return false,
            };
    }
    SHAPES.binary_search(&shape).is_ok()
}

#[cfg(test)]
mod tests {
    //! What the forms say, and nothing else.

    use super::*;

    /// Each form with any digit and capital in it, and without the space that may be missing.
    #[test]
    fn values_of_every_form_are_codes() {
        for form in FORMS {
            let value = form.replace('9', "7").replace('A', "K").replace('_', " ");
            assert!(is_postcode(value.as_bytes()), "{value}");
            let joined = form.replace(' ', "").replace('9', "0").replace('A', "Z");
            assert!(is_postcode(joined.replace('_', " ").as_bytes()), "{joined}");
        }
    }

    #[test]
    fn others_are_none() {
        for value in ["", "12345", "K7", "12 345-678", "k1a 0b1", "1234  AB", "12345-67890", "é"] {
            assert!(!is_postcode(value.as_bytes()), "{value}");
        }
    }
}
