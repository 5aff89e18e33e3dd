//! Rows are masked as values are, one by one, and cost no memory of their own.

use super::*;
use gate::Format;
use mask::Key;
use model::{Catalog, Disclosure, Label, MaskMethod, TypeId};
use wire_pg::frame::HEADER_LEN;

/// A row as the benchmark has it: types, what each column may show, values.
type Column = (u32, Option<Disclosure>, fn(usize) -> Option<String>);

const TEXT: u32 = 25;

fn masked(label: Label, method: MaskMethod) -> Option<Disclosure> {
    Some(Disclosure::Masked { label, method })
}

/// Labels masked by default, a note that is scanned, the rest raw.
fn people() -> Vec<Column> {
    vec![
        (23, None, |n| Some(n.to_string())),
        (TEXT, masked(Label::PERSON_NAME, MaskMethod::Partial), |n| Some(format!("Maria Li{n}"))),
        (TEXT, masked(Label::EMAIL, MaskMethod::Partial), |n| Some(format!("a{n}@example.com"))),
        (TEXT, masked(Label::PHONE, MaskMethod::Partial), |n| Some(format!("+49 30 {n:08}"))),
        (TEXT, masked(Label::POSTAL_ADDRESS, MaskMethod::Generalise), |n| {
            Some(format!("{n} Elm Street, Springfield"))
        }),
        (TEXT, Some(Disclosure::Scan), |n| Some(format!("Ordered {n} items, call +49 30 1234567"))),
        (1184, None, |n| Some(format!("2024-01-01 00:00:{:02}+00", n % 60))),
        (1700, Some(Disclosure::Scan), |n| (n % 3 > 0).then(|| format!("{n}.50"))),
    ]
}

/// What takes every other way: NULL in place of a value, other characters than ASCII, pseudonyms,
/// values that are not what their column says.
fn others() -> Vec<Column> {
    vec![
        (TEXT, masked(Label::EMBEDDING, MaskMethod::Null), |n| Some(n.to_string())),
        (TEXT, masked(Label::EMAIL, MaskMethod::Pseudonym), |n| Some(format!("a{}@b.org", n % 7))),
        (TEXT, masked(Label::PERSON_NAME, MaskMethod::Partial), |n| {
            (n % 4 > 0).then(|| format!("Zoë Åberg-{n}"))
        }),
        (TEXT, masked(Label::FREE_TEXT, MaskMethod::Partial), |n| {
            Some(format!("Maria Lopez wrote {}", n % 5))
        }),
        (23, masked(Label::NATIONAL_ID, MaskMethod::Partial), |n| Some(format!("{n}"))),
        (1082, masked(Label::BIRTH_DATE, MaskMethod::Generalise), |_| Some("1984-03-12".into())),
        (TEXT, Some(Disclosure::Scan), |n| Some(format!("mail a{}@example.org", n % 3))),
    ]
}

fn columns(row: &[Column]) -> Vec<ColumnMask> {
    let (key, catalog) = (Key::new([7; 32]), Catalog::default());
    let compile = |(ty, disclosure, _): &Column| {
        let raw = Disclosure::Raw { labels: Vec::new() };
        let disclosure = disclosure.as_ref().unwrap_or(&raw);
        ColumnMask::compile(disclosure, TypeId(*ty), &catalog, Format::Text, &key)
    };
    row.iter().map(compile).collect()
}

/// A DataRow.
fn written<'v>(values: impl ExactSizeIterator<Item = Option<&'v [u8]>>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut row = encode::begin_row(&mut out, values.len() as u16);
    for value in values {
        match value {
            Some(value) => row.value(value),
            None => row.null(),
        }
    }
    row.end().unwrap();
    out
}

fn row(row: &[Column], n: usize) -> Vec<u8> {
    let values: Vec<_> = row.iter().map(|(_, _, value)| value(n).map(String::into_bytes)).collect();
    written(values.iter().map(Option::as_deref))
}

/// A row masked value by value, and what was counted.
fn by_values(columns: &[ColumnMask], payload: &[u8], disclosed: &mut [Disclosed]) -> Vec<u8> {
    let values = DataRow::parse(payload).unwrap().values;
    let new = values.iter().zip(columns).zip(disclosed).map(|((value, column), disclosed)| {
        let Some(value) = value else {
            disclosed.null += 1;
            return None;
        };
        let mut new = Vec::new();
        match column.apply(value, &mut new) {
            Applied::Raw => {
                disclosed.raw += 1;
                return Some(value.to_vec());
            }
            Applied::Masked => disclosed.masked += 1,
            Applied::Null => {
                disclosed.masked += 1;
                return None;
            }
        }
        Some(new)
    });
    let new: Vec<_> = new.collect();
    written(new.iter().map(Option::as_deref))
}

#[test]
fn rows_are_masked_and_counted_as_their_values_are() {
    for table in [people(), others()] {
        let columns = columns(&table);
        let mut recent: Vec<_> = columns.iter().map(ColumnMask::recent).collect();
        let (mut counted, mut expected) = (zeroes(columns.len()), zeroes(columns.len()));
        for n in 0..3_000 {
            let before = row(&table, n);
            let payload = &before[HEADER_LEN..];
            let mut out = Vec::new();
            mask(&columns, &mut recent, &mut counted, payload, &mut out).unwrap();
            let after = by_values(&columns, payload, &mut expected);
            assert_eq!(out.escape_ascii().to_string(), after.escape_ascii().to_string());
        }
        assert_eq!(counted, expected);
    }
}

#[test]
fn a_row_of_another_width_does_not_leave() {
    let table = people();
    let columns = columns(&table);
    let mut recent: Vec<_> = columns.iter().map(ColumnMask::recent).collect();
    let mut counted = zeroes(columns.len());
    let mut out = b"before".to_vec();
    let narrow = row(&table[..3], 1);
    let cut = row(&table, 1);
    for payload in [&narrow[HEADER_LEN..], &cut[HEADER_LEN..cut.len() - 1]] {
        assert!(mask(&columns, &mut recent, &mut counted, payload, &mut out).is_err());
        assert_eq!(out, b"before");
    }
}

#[test]
fn masking_a_row_allocates_nothing() {
    let table = people();
    let columns = columns(&table);
    let mut recent: Vec<_> = columns.iter().map(ColumnMask::recent).collect();
    let mut counted = zeroes(columns.len());
    let rows: Vec<_> = (0..1_000).map(|n| row(&table, n)).collect();
    let mut out = Vec::with_capacity(1 << 20);
    let mut all = |out: &mut Vec<u8>| {
        for row in &rows {
            mask(&columns, &mut recent, &mut counted, &row[HEADER_LEN..], out).unwrap();
        }
    };
    // The first time, what is found and what is kept gets its room.
    all(&mut out);
    let after = allocation_counter::measure(|| {
        out.clear();
        all(&mut out);
    });
    assert_eq!(after.count_total, 0, "{after:?}");
    assert!(allocation_counter::measure(|| drop(row(&table, 1))).count_total > 0);
}
