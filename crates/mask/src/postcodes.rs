//! Codes of the post, by the forms that countries give them. Knows no columns.

/// Forms that little else has: `9` a digit, `A` a capital, ` ` a space or none, others themselves.
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

/// True if the value has a form that only codes of the post have.
pub(crate) fn is_postcode(value: &str) -> bool {
    value.len() <= 10 && FORMS.iter().any(|form| fits(value.as_bytes(), form.as_bytes()))
}

fn fits(value: &[u8], form: &[u8]) -> bool {
    let mut value = value;
    for sign in form {
        let Some((first, rest)) = value.split_first() else { return false };
        let fits = match sign {
            b'9' => first.is_ascii_digit(),
            b'A' => first.is_ascii_uppercase(),
            b'_' => *first == b' ',
            b' ' if *first != b' ' => continue,
            other => first == other,
        };
        if !fits {
            return false;
        }
        value = rest;
    }
    value.is_empty()
}
