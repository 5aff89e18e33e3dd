//! Values whose form is too faint for one of them to tell anything, but not for a whole column of
//! them: where nearly all have the form, differ, and are spread as such numbers are. Most of it
//! counts only where the column's name says nothing, and some only beside columns about a person.

use super::{Kind, frame::Frame, numbers};
use crate::postcodes;
use model::Label;

/// Values below which a form tells nothing.
const LEAST: usize = 10;
/// The share that has to have it.
const NEARLY_ALL: f32 = 0.95;
/// Years over which births are spread and little else is: nine tenths of many, all of a few.
const LIFETIME: i32 = 36;
const LIFETIME_OF_FEW: i32 = 45;
/// Values that are few: the first and the last are among what is looked at.
const FEW: usize = 40;
/// Lengths of numbers that are told apart.
const LENGTHS: usize = 13;

/// Counts over the values of a column.
#[derive(Debug, Default)]
pub(super) struct Faint {
    /// Digits and nothing else, by how many.
    digits: [usize; LENGTHS],
    /// Which digits they begin with, as bits, and how many begin with a nought.
    heads: u16,
    noughts: usize,
    /// Numbers of social security by the ranges that are given out.
    social: usize,
    /// Of four digits: years.
    years: usize,
    /// British health numbers, and the digits they begin with.
    health: usize,
    health_heads: u16,
    postcodes: usize,
    /// A capital and eight digits; a capital and other counts; the capitals as bits.
    passports: usize,
    licences: usize,
    british_licences: usize,
    capitals: u32,
    /// Codes of the International Classification of Diseases, of them with a full stop.
    diseases: usize,
    dotted: usize,
    blood: usize,
    blood_ab: usize,
    /// Latitude and longitude together; numbers in degrees with many decimals, of these greater
    /// than ten and negative ones.
    pairs: usize,
    degrees: usize,
    wide: usize,
    negative: usize,
    /// Days: their years, and those that are the first of a month.
    days: Vec<i32>,
    firsts: usize,
    amounts: Vec<f64>,
    cents: usize,
}

impl Faint {
    pub(super) fn add(&mut self, value: &str, kind: Kind) {
        match kind {
            Kind::Text => self.add_text(value),
            Kind::Integer | Kind::Decimal | Kind::Float => self.add_number(value),
            Kind::Date => self.add_day(value),
            Kind::Timestamp
            | Kind::Boolean
            | Kind::Network
            | Kind::Bytes
            | Kind::Json
            | Kind::Point
            | Kind::Uuid
            | Kind::Vector
            | Kind::FloatArray
            | Kind::Other => {}
        }
    }

    fn add_text(&mut self, value: &str) {
        self.postcodes += usize::from(postcodes::is_postcode(value.as_bytes()));
        if value.len() > 40 {
            return;
        }
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        if digits == value.len() {
            self.add_digits(value);
        }
        if numbers::british_health(value) {
            self.health += 1;
            self.health_heads |= head(value);
        }
        self.add_code(value);
        self.add_day(value);
        if let Some((one, other)) = value.split_once(',') {
            let both = is_degrees(one.trim(), 90.0) && is_degrees(other.trim(), 180.0);
            self.pairs += usize::from(both);
        }
        self.degrees += usize::from(is_degrees(value, 180.0));
    }

    fn add_digits(&mut self, value: &str) {
        if let Some(count) = self.digits.get_mut(value.len()) {
            *count += 1;
        }
        self.heads |= head(value);
        self.noughts += usize::from(value.starts_with('0'));
        let digits: Vec<u8> = value.bytes().map(|b| b - b'0').collect();
        self.social += usize::from(crate::checksum::ssn(&digits) && !value.starts_with('9'));
        let year = value.len() == 4 && value.parse().is_ok_and(|y: u32| (1800..2100).contains(&y));
        self.years += usize::from(year);
    }

    /// A capital and digits, a disease, a group of blood.
    fn add_code(&mut self, value: &str) {
        let bytes = value.as_bytes();
        let Some((first, rest)) = bytes.split_first() else { return };
        if first.is_ascii_uppercase() && rest.iter().all(u8::is_ascii_digit) {
            self.passports += usize::from(rest.len() == 8);
            self.licences += usize::from(matches!(rest.len(), 7 | 12..=14));
            self.capitals |= 1 << (first - b'A');
        }
        self.british_licences += usize::from(is_british_licence(bytes));
        let disease = |bytes: &[u8]| match bytes {
            [b'A'..=b'T' | b'V'..=b'Z', tens, ones] => {
                tens.is_ascii_digit() && ones.is_ascii_digit()
            }
            _ => false,
        };
        let (head, tail) = bytes.split_at(bytes.len().min(3));
        let finer = tail.first() == Some(&b'.')
            && (2..=5).contains(&tail.len())
            && tail.iter().skip(1).all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
        if disease(head) && (tail.is_empty() || finer) {
            self.diseases += 1;
            self.dotted += usize::from(finer);
            self.capitals |= 1 << (first - b'A');
        }
        let group = value.trim_end_matches(['+', '-']);
        let blood = ["A", "B", "AB", "O", "0"].contains(&group) && value.len() == group.len() + 1;
        self.blood += usize::from(blood);
        self.blood_ab += usize::from(blood && group == "AB");
    }

    fn add_number(&mut self, value: &str) {
        if is_degrees(value, 180.0) {
            self.degrees += 1;
            let number = value.parse().unwrap_or(0.0_f64);
            self.wide += usize::from(number.abs() > 10.0);
            self.negative += usize::from(number < 0.0);
        }
        if let Ok(number) = value.parse::<f64>() {
            self.amounts.push(number);
            let behind = value.split_once('.').map_or("", |(_, behind)| behind);
            self.cents += usize::from(behind.bytes().any(|b| b != b'0'));
        }
    }

    fn add_day(&mut self, value: &str) {
        let Some((year, day)) = day(value) else { return };
        self.days.push(year);
        self.firsts += usize::from(day == 1);
    }

    /// The label that the column's values faintly have, and how many of them.
    pub(super) fn verdict(
        &self,
        total: usize,
        distinct: usize,
        frame: Frame,
    ) -> Option<(Label, usize)> {
        let all = |count: usize| count as f32 >= total as f32 * NEARLY_ALL;
        if total < LEAST || frame.otherwise {
            return None;
        }
        let vary = distinct * 2 >= total;
        let kinds = self.capitals.count_ones();
        if all(self.health) && vary && self.is_of_patients() {
            return Some((Label::HEALTH, self.health));
        }
        if all(self.blood) && self.blood_ab > 0 && distinct >= 4 {
            return Some((Label::HEALTH, self.blood));
        }
        if all(self.pairs) && vary {
            return Some((Label::LOCATION, self.pairs));
        }
        if all(self.british_licences) && vary {
            return Some((Label::DRIVING_LICENCE, self.british_licences));
        }
        // Some write them without what stands between the digits.
        let bare: usize = [6, 7, 8, 9, 5].iter().filter_map(|size| self.digits.get(*size)).sum();
        if self.postcodes * 4 >= total && all(self.postcodes + bare) && distinct >= 5 {
            return Some((Label::POSTAL_ADDRESS, self.postcodes + bare));
        }
        let nameless = frame.nameless.then(|| self.nameless(total, distinct, frame)).flatten();
        let coded = |count: usize| all(count) && vary && kinds >= 4 && frame.nameless;
        let codes = [
            (Label::HEALTH, self.diseases, coded(self.diseases) && self.dotted * 3 >= total),
            (Label::PASSPORT, self.passports, coded(self.passports)),
            (Label::DRIVING_LICENCE, self.licences, coded(self.licences)),
        ];
        let code = codes.into_iter().find(|(_, _, holds)| *holds);
        code.map(|(label, count, _)| (label, count)).or(nameless)
    }

    /// Forms that many harmless numbers have too.
    fn nameless(&self, total: usize, distinct: usize, frame: Frame) -> Option<(Label, usize)> {
        let all = |count: usize| count as f32 >= total as f32 * NEARLY_ALL;
        let vary = distinct * 2 >= total;
        let digits = |length: usize| self.digits.get(length).copied().unwrap_or(0);
        // A number that counts something has no nought before it, and one that was filled up with
        // them begins with few others.
        let drawn = self.noughts > 0 && self.heads.count_ones() >= 5 && vary;
        if all(digits(9))
            && self.social == digits(9)
            && (drawn || frame.people && self.is_drawn_wide(total, frame.income))
        {
            return Some((Label::NATIONAL_ID, digits(9)));
        }
        let shorts = digits(3) + digits(4);
        let code = if frame.cards { shorts } else { digits(3) };
        if all(code) && (frame.cards || drawn) && self.years * 2 < total {
            return Some((Label::CARD_SECURITY, code));
        }
        let post = digits(4).max(digits(5)).max(digits(6)).max(digits(7));
        let beside = frame.addresses && self.years * 2 < total && distinct >= 5;
        if all(post) && (drawn || beside) {
            return Some((Label::POSTAL_ADDRESS, post));
        }
        let on_earth = self.wide * 2 >= total && (self.negative > 0 || vary) || frame.positions;
        if all(self.degrees) && on_earth {
            return Some((Label::LOCATION, self.degrees));
        }
        if all(self.days.len()) && vary && self.are_births() {
            return Some((Label::BIRTH_DATE, self.days.len()));
        }
        let paid = frame.people && all(self.amounts.len()) && vary && self.are_incomes();
        paid.then_some((Label::INCOME, self.amounts.len()))
    }

    /// Many numbers that begin with nearly every digit: they were not counted up. Beside incomes
    /// of persons fewer tell.
    fn is_drawn_wide(&self, total: usize, income: bool) -> bool {
        total >= 4 * LEAST && self.heads.count_ones() >= 7 || income && self.heads.count_ones() >= 5
    }

    /// Numbers of books have the same check, but begin with a nought, a one or an X's remainder.
    fn is_of_patients(&self) -> bool {
        const GIVEN_OUT: u16 = 0b0000_0000_1111_1000;
        self.health_heads & !GIVEN_OUT == 0 && self.health_heads.count_ones() >= 2
    }

    /// Days over a lifetime, on all days of a month, and few of late years: nothing else that is
    /// kept in tables has happened evenly for so long.
    fn are_births(&self) -> bool {
        let mut years = self.days.clone();
        years.sort_unstable();
        let at = |share: usize| years.get(years.len() * share / 100).copied().unwrap_or(0);
        let (early, late) = (at(5), at(94));
        let last = years.last().copied().unwrap_or(0);
        let spread = if years.len() < FEW { LIFETIME_OF_FEW } else { LIFETIME };
        let lately = years.iter().filter(|year| **year > last - 4).count();
        early >= 1900
            && late - early >= spread
            && lately * 3 <= years.len()
            && self.firsts * 4 <= years.len()
    }

    /// Whole sums of five and six figures that lie together, but not as near as numbers do that
    /// were counted up.
    fn are_incomes(&self) -> bool {
        let least = self.amounts.iter().copied().fold(f64::MAX, f64::min);
        let most = self.amounts.iter().copied().fold(f64::MIN, f64::max);
        least >= 10_000.0
            && most <= 2_000_000.0
            && (1.2..=40.0).contains(&(most / least))
            && self.cents * 4 <= self.amounts.len()
    }
}

/// The bit of the first digit.
fn head(value: &str) -> u16 {
    let first = value.bytes().next().filter(u8::is_ascii_digit);
    first.map_or(0, |first| 1 << (first - b'0'))
}

/// A number of degrees, with four decimals or more.
fn is_degrees(value: &str, most: f64) -> bool {
    let Some((whole, behind)) = value.split_once('.') else { return false };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    (4..=10).contains(&behind.len())
        && (1..=3).contains(&whole.len())
        && whole.bytes().chain(behind.bytes()).all(|b| b.is_ascii_digit())
        && value.parse::<f64>().is_ok_and(|degrees| degrees.abs() <= most)
}

/// Year and day of `1980-05-17`, `17.05.1980`, `5/17/1980`.
fn day(value: &str) -> Option<(i32, u32)> {
    let mut parts = value.split(['-', '.', '/']);
    let (one, two, three) = (parts.next()?, parts.next()?, parts.next()?);
    let shaped = parts.next().is_none()
        && [one, two, three].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit()));
    if !shaped {
        return None;
    }
    let number = |part: &str| part.parse::<u32>().ok();
    let (year, month, day) = match (one.len(), three.len()) {
        (4, 1..=2) => (number(one)?, number(two)?, number(three)?),
        (1..=2, 4) if number(two)? > 12 => (number(three)?, number(one)?, number(two)?),
        (1..=2, 4) => (number(three)?, number(two)?, number(one)?),
        _ => return None,
    };
    // Which of two small numbers is the month is not said.
    let sound = (1..=31).contains(&day) && (1..=31).contains(&month) && month.min(day) <= 12;
    sound.then(|| Some((i32::try_from(year).ok()?, day))).flatten()
}

/// `MORGA657054SM9IJ`: five letters of the name filled up with nines, six digits, two initials.
fn is_british_licence(bytes: &[u8]) -> bool {
    let part = |from: usize, to: usize| bytes.get(from..to).unwrap_or_default();
    bytes.len() == 16
        && bytes.first().is_some_and(u8::is_ascii_uppercase)
        && part(0, 5).iter().all(|b| b.is_ascii_uppercase() || *b == b'9')
        && part(5, 11).iter().all(u8::is_ascii_digit)
        && part(11, 13).iter().all(|b| b.is_ascii_uppercase() || *b == b'9')
        && bytes.get(13).is_some_and(u8::is_ascii_digit)
        && part(14, 16).iter().all(u8::is_ascii_uppercase)
}
