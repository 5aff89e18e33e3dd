//! Canary values of each kind: long, without a second in the world, and sound where a checksum
//! belongs to the kind. Knows no tables.

use super::Choices;

const CONSONANTS: &[u8] = b"bcdfghjklmnpqrstvwxz";

/// What a labelled column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Email,
    Name,
    NationalId,
    Card,
    Iban,
    Phone,
    Key,
    Salary,
    Birth,
}

impl Kind {
    /// People may not search these by ranges and patterns.
    pub(super) fn strict(self) -> bool {
        matches!(self, Self::NationalId | Self::Card | Self::Iban | Self::Key)
    }

    /// A value as text, to be quoted as a literal of any type that fits.
    pub(super) fn value(self, choices: &mut Choices) -> String {
        match self {
            Self::Email => {
                format!("{}.{}@{}.se", word(choices, 7), word(choices, 6), word(choices, 9))
            }
            Self::Name => {
                let name = word(choices, 12);
                let (first, rest) = name.split_at(1);
                format!("{}{rest}", first.to_uppercase())
            }
            Self::NationalId => (0..6).map(|_| word(choices, 1) + &digits(choices, 1)).collect(),
            Self::Card => {
                let fifteen = format!("4{}", digits(choices, 14));
                let check = luhn(&fifteen);
                format!("{fifteen}{check}")
            }
            Self::Iban => iban(choices),
            Self::Phone => format!("+447{}", digits(choices, 9)),
            Self::Key => {
                (0..9).map(|_| word(choices, 2).to_uppercase() + &digits(choices, 1)).collect()
            }
            Self::Salary => format!("{}{}.{}", 1 + choices.below(9), digits(choices, 7), 37),
            Self::Birth => {
                // Few days: a masked date keeps its year, and a number before it may look like one.
                // As a binary date their third byte is no ASCII, so no text behind a -1 does.
                let (year, month, day) =
                    (1911 + choices.below(20), 10 + choices.below(2), 25 + choices.below(3));
                format!("{year:04}-{month:02}-{day:02}")
            }
        }
    }
}

fn word(choices: &mut Choices, length: usize) -> String {
    (0..length).map(|_| char::from(CONSONANTS[choices.below(CONSONANTS.len())])).collect()
}

fn digits(choices: &mut Choices, length: usize) -> String {
    (0..length).map(|_| char::from(b'0' + choices.below(10) as u8)).collect()
}

/// The digit that makes a card number sound.
fn luhn(digits: &str) -> usize {
    let sum: usize = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = usize::from(digit - b'0') * if at % 2 == 0 { 2 } else { 1 };
            digit / 10 + digit % 10
        })
        .sum();
    (10 - sum % 10) % 10
}

/// A Maltese account: the country whose accounts have most letters.
fn iban(choices: &mut Choices) -> String {
    let letters = word(choices, 4).to_uppercase();
    let tail: String =
        (0..6).map(|_| word(choices, 2).to_uppercase() + &digits(choices, 1)).collect();
    let account = format!("{letters}{}{tail}", digits(choices, 5));
    let rest = format!("{account}MT00").chars().fold(0, |rest, char| {
        let value = char.to_digit(36).unwrap_or(0);
        (rest * if value < 10 { 10 } else { 100 } + value) % 97
    });
    format!("MT{:02}{account}", 98 - rest)
}
