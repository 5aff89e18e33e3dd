//! Numbers that prove themselves: check digits and fixed forms of cards, accounts and national
//! ids. Knows no text around them. Digits are values 0 to 9, not characters.

/// Luhn's check (ISO/IEC 7812-1 annex B).
pub(crate) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// A payment card: an issuer's range with its lengths, and Luhn.
pub(crate) fn card(digits: &[u8]) -> bool {
    let head = |count: usize| number(digits.get(..count).unwrap_or_default());
    let lengths: &[usize] = match (head(2), head(3), head(4)) {
        (40..=49, _, _) => &[13, 16, 19],
        (51..=55, _, _) | (_, _, 2221..=2720) => &[16],
        (34 | 37, _, _) => &[15],
        (36 | 38 | 39, _, _) | (_, 300..=305, _) => &[14, 16, 19],
        (65, _, _) | (_, 644..=649, _) | (_, _, 6011) => &[16, 19],
        (_, _, 3528..=3589) => &[16, 19],
        (62 | 81, _, _) => &[16, 17, 18, 19],
        (60, _, _) | (_, 508, _) | (_, 353 | 356, _) => &[16],
        (50 | 56..=59 | 63 | 67 | 68, _, _) => &[13, 14, 15, 16, 18, 19],
        (_, _, 2200..=2204) => &[16, 19],
        _ => &[],
    };
    lengths.contains(&digits.len()) && luhn(digits) && varied(digits)
}

/// An article number of thirteen digits (GS1: weights 1 and 3 from the left).
pub(crate) fn ean(digits: &[u8]) -> bool {
    let weighted = digits.iter().zip([1, 3].into_iter().cycle());
    let sum: u32 = weighted.map(|(digit, weight)| u32::from(*digit) * weight).sum();
    digits.len() == 13 && sum.is_multiple_of(10)
}

/// At least three different digits: `4444 4444 4444 4448` is a placeholder of forms, still masked;
/// a run of zeros is not a number of anybody.
fn varied(digits: &[u8]) -> bool {
    let mut seen = [false; 10];
    for digit in digits {
        if let Some(slot) = seen.get_mut(usize::from(*digit)) {
            *slot = true;
        }
    }
    seen.iter().filter(|seen| **seen).count() >= 2
}

fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0u64, |sum, digit| sum.saturating_mul(10).saturating_add(u64::from(*digit)))
}

/// Length of an IBAN by country (SWIFT IBAN registry, release 99).
pub(crate) fn iban_length(country: &[u8]) -> Option<usize> {
    Some(match country {
        b"NO" => 15,
        b"BE" => 16,
        b"DK" | b"FO" | b"FI" | b"GL" | b"NL" | b"SD" => 18,
        b"MK" | b"SI" => 19,
        b"AT" | b"BA" | b"EE" | b"KZ" | b"LT" | b"LU" | b"XK" => 20,
        b"CH" | b"HR" | b"LI" | b"LV" => 21,
        b"BG" | b"BH" | b"CR" | b"DE" | b"GB" | b"GE" | b"IE" | b"ME" | b"RS" | b"VA" => 22,
        b"AE" | b"GI" | b"IL" | b"IQ" | b"OM" | b"SO" | b"TL" => 23,
        b"AD" | b"CZ" | b"ES" | b"MD" | b"PK" | b"RO" | b"SA" | b"SE" | b"SK" | b"TN" | b"VG" => 24,
        b"LY" | b"PT" | b"ST" => 25,
        b"IS" | b"TR" => 26,
        b"BI" | b"DJ" | b"FR" | b"GR" | b"IT" | b"MC" | b"MR" | b"SM" => 27,
        b"AL" | b"AZ" | b"BY" | b"CY" | b"DO" | b"GT" | b"HU" | b"LB" | b"NI" | b"PL" | b"SV" => 28,
        b"BR" | b"EG" | b"PS" | b"QA" | b"UA" => 29,
        b"JO" | b"KW" | b"MU" | b"YE" => 30,
        b"MT" | b"SC" => 31,
        b"LC" => 32,
        b"RU" => 33,
        _ => return None,
    })
}

/// ISO 7064 mod 97-10 over letters and digits, the first four moved to the end.
pub(crate) fn iban(text: &[u8]) -> bool {
    if iban_length(text.get(..2).unwrap_or_default()) != Some(text.len()) {
        return false;
    }
    let (head, tail) = text.split_at(4);
    let mut rest = 0u32;
    for byte in tail.iter().chain(head) {
        rest = match byte {
            b'0'..=b'9' => rest * 10 + u32::from(byte - b'0'),
            b'A'..=b'Z' => rest * 100 + u32::from(byte - b'A') + 10,
            _ => return false,
        } % 97;
    }
    rest == 1
}

fn weighted(digits: &[u8], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| u32::from(*digit) * weight).sum()
}

fn at(digits: &[u8], place: usize) -> u32 {
    digits.get(place).copied().map_or(99, u32::from)
}

/// Brazil's CPF: 11 digits, two check digits mod 11.
pub(crate) fn cpf(digits: &[u8]) -> bool {
    let check = |weights: &[u32]| match weighted(digits, weights) * 10 % 11 {
        10 => 0,
        rest => rest,
    };
    digits.len() == 11
        && varied(digits)
        && check(&[10, 9, 8, 7, 6, 5, 4, 3, 2]) == at(digits, 9)
        && check(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) == at(digits, 10)
}

/// Brazil's CNPJ: 14 digits, two check digits mod 11.
pub(crate) fn cnpj(digits: &[u8]) -> bool {
    let check = |weights: &[u32]| match weighted(digits, weights) % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    };
    digits.len() == 14
        && varied(digits)
        && check(&[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == at(digits, 12)
        && check(&[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) == at(digits, 13)
}

/// US social security number or ITIN by the ranges that are given out.
pub(crate) fn ssn(digits: &[u8]) -> bool {
    let part = |from: usize, to: usize| number(digits.get(from..to).unwrap_or_default());
    let (area, group, serial) = (part(0, 3), part(3, 5), part(5, 9));
    let itin = area >= 900 && matches!(group, 50..=65 | 70..=88 | 90..=92 | 94..=99);
    digits.len() == 9
        && serial != 0
        && (itin || (area != 0 && area != 666 && area < 900 && group != 0))
}

/// India's Aadhaar: 12 digits, Verhoeff.
pub(crate) fn aadhaar(digits: &[u8]) -> bool {
    const D: [[u8; 10]; 10] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
        [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
        [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
        [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
        [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
        [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
        [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
        [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
        [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    ];
    const P: [u8; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let permuted = |times: usize, digit: u8| {
        (0..times).fold(digit, |d, _| P.get(usize::from(d)).copied().unwrap_or(0))
    };
    let state = digits.iter().rev().enumerate().fold(0u8, |state, (place, digit)| {
        let column = usize::from(permuted(place % 8, *digit));
        D.get(usize::from(state)).and_then(|row| row.get(column)).copied().unwrap_or(1)
    });
    digits.len() == 12 && at(digits, 0) >= 2 && at(digits, 0) < 10 && state == 0
}

/// France's NIR: 15 digits, sex, year, month, and a key mod 97 (Corsica's letters left out).
pub(crate) fn nir(digits: &[u8]) -> bool {
    let part = |from: usize, to: usize| number(digits.get(from..to).unwrap_or_default());
    digits.len() == 15
        && matches!(at(digits, 0), 1 | 2)
        && matches!(part(3, 5), 1..=12 | 20..=42 | 50..=99)
        && 97 - part(0, 13) % 97 == part(13, 15)
}

/// Germany's tax id: 11 digits, ISO 7064 mod 11,10, one digit repeated.
pub(crate) fn steuer_id(digits: &[u8]) -> bool {
    let Some((check, body)) = digits.split_last().filter(|_| digits.len() == 11) else {
        return false;
    };
    let product = body.iter().fold(10u32, |product, digit| {
        let sum = match (u32::from(*digit) + product) % 10 {
            0 => 10,
            sum => sum,
        };
        sum * 2 % 11
    });
    let expected = match 11 - product {
        10 => 0,
        digit => digit,
    };
    expected == u32::from(*check) && at(digits, 0) != 0
}

/// Poland's PESEL: 11 digits, weights 1 3 7 9, a date of birth in front.
pub(crate) fn pesel(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    let month = number(digits.get(2..4).unwrap_or_default()) % 20;
    let day = number(digits.get(4..6).unwrap_or_default());
    digits.len() == 11 && sum.is_multiple_of(10) && date(month, day)
}

/// The Netherlands' BSN: 9 digits, the eleven test.
pub(crate) fn bsn(digits: &[u8]) -> bool {
    let sum = weighted(digits, &[9, 8, 7, 6, 5, 4, 3, 2]);
    digits.len() == 9 && varied(digits) && sum % 11 == at(digits, 8)
}

/// Sweden's personnummer without its century: 10 digits, Luhn, a date in front.
pub(crate) fn personnummer(digits: &[u8]) -> bool {
    let month = number(digits.get(2..4).unwrap_or_default());
    let day = number(digits.get(4..6).unwrap_or_default());
    // Coordination numbers add 60 to the day.
    digits.len() == 10 && date(month, if day > 60 { day - 60 } else { day }) && luhn(digits)
}

/// South Korea's RRN: a date, then a digit for sex and century.
pub(crate) fn rrn(digits: &[u8]) -> bool {
    let month = number(digits.get(2..4).unwrap_or_default());
    let day = number(digits.get(4..6).unwrap_or_default());
    digits.len() == 13 && date(month, day) && matches!(at(digits, 6), 1..=8)
}

/// China's resident id: 17 digits and a check character (GB 11643), a date inside.
pub(crate) fn resident(digits: &[u8], check: u8) -> bool {
    let sum = weighted(digits, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let expected = b"10X98765432".get(usize::try_from(sum % 11).unwrap_or(0)).copied();
    let part = |from: usize, to: usize| number(digits.get(from..to).unwrap_or_default());
    digits.len() == 17
        && expected == Some(check.to_ascii_uppercase())
        && matches!(part(6, 10), 1900..=2100)
        && date(part(10, 12), part(12, 14))
}

/// Spain's DNI and NIE: eight digits and the letter they yield mod 23.
pub(crate) fn dni(digits: &[u8], letter: u8) -> bool {
    let letters = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let rest = usize::try_from(number(digits) % 23).unwrap_or(0);
    digits.len() == 8 && letters.get(rest) == Some(&letter.to_ascii_uppercase())
}

/// The UK's national insurance number: two letters that are given out, six digits, A to D.
pub(crate) fn nino(prefix: [u8; 2], suffix: u8) -> bool {
    let [first, second] = prefix;
    let never = [b"BG", b"GB", b"NK", b"KN", b"TN", b"NT", b"ZZ"];
    prefix.iter().all(|byte| byte.is_ascii_uppercase() && !b"DFIQUV".contains(byte))
        && second != b'O'
        && !never.iter().any(|pair| **pair == [first, second])
        && matches!(suffix, b'A'..=b'D')
}

/// Italy's codice fiscale: 16 letters and digits with a check letter.
pub(crate) fn codice_fiscale(text: &[u8]) -> bool {
    const ODD: [u8; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24,
        23,
    ];
    let form = b"LLLLLLDDLDDLDDDL";
    let shaped = text.len() == form.len()
        && text.iter().zip(form).all(|(byte, kind)| match kind {
            b'L' => byte.is_ascii_uppercase(),
            // Homonyms replace digits by these letters.
            _ => byte.is_ascii_digit() || b"LMNPQRSTUV".contains(byte),
        });
    let Some((check, body)) = text.split_last().filter(|_| shaped) else {
        return false;
    };
    let sum: u32 = body
        .iter()
        .enumerate()
        .map(|(place, byte)| {
            let value = if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' };
            match place % 2 {
                0 => u32::from(ODD.get(usize::from(value)).copied().unwrap_or(0)),
                _ => u32::from(value),
            }
        })
        .sum();
    u32::from(check - b'A') == sum % 26
}

/// Mexico's CURP by its form and the date inside.
pub(crate) fn curp(text: &[u8]) -> bool {
    let form = b"LLLLDDDDDDLLLLLLXD";
    text.len() == form.len()
        && text.iter().zip(form).all(|(byte, kind)| match kind {
            b'L' => byte.is_ascii_uppercase(),
            b'D' => byte.is_ascii_digit(),
            _ => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
        })
        && matches!(text.get(10), Some(b'H' | b'M' | b'X'))
}

/// Canada's SIN and other nine-digit Luhn numbers.
pub(crate) fn sin(digits: &[u8]) -> bool {
    digits.len() == 9 && !matches!(at(digits, 0), 0 | 8) && luhn(digits)
}

fn date(month: u64, day: u64) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}
