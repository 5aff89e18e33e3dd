//! The bodies of the fuzz targets: given any bytes, these hold. Knows no fuzzer; the targets in
//! `fuzz/` call these, and so does an ordinary test with seeded random bytes.

use crate::{Applied, ColumnMask, Format, Key, find};
use model::{Catalog, Disclosure, Label, TypeId};

/// Bytes that the scan looks at together.
const BLOCK: usize = 64;

/// Types whose values are scanned, each by a way of its own: text, JSON, an array of text, bytes.
const TYPES: [TypeId; 4] = [TypeId(25), TypeId(114), TypeId(1009), TypeId(17)];

/// Labels whose masks hide the whole value or all but a few characters of it.
const CLOSED: [Label; 3] = [Label::CREDENTIAL, Label::CARD_SECURITY, Label::EMAIL];

/// Finds are in order, apart, inside the value and between characters; and what was found does not
/// stand in the text that leaves.
pub fn scan(data: &[u8]) {
    let finds = find(data);
    let mut before = 0;
    for found in &finds {
        assert!(before <= found.start && found.start < found.end && found.end <= data.len());
        before = found.end;
    }
    if let Ok(text) = std::str::from_utf8(data) {
        for found in &finds {
            assert!(text.is_char_boundary(found.start) && text.is_char_boundary(found.end));
        }
    }
    moved(data);
    let key = Key::new([3; 32]);
    let catalog = Catalog::default();
    for ty in TYPES {
        let mask = ColumnMask::compile(&Disclosure::Scan, ty, &catalog, Format::Text, &key);
        let mut out = Vec::new();
        let applied = mask.apply(data, &mut out);
        assert_eq!(applied == Applied::Masked, !out.is_empty());
        if ty == TypeId(25) {
            assert_eq!(applied == Applied::Masked, !finds.is_empty());
            gone(data, &finds, &out);
        }
    }
}

/// Spaces in front, so that the value stands otherwise in the blocks of the scan.
const SHIFTS: [usize; 6] = [1, 9, 23, 32, 47, 63];

/// What is found does not depend on where in the blocks of the scan the value stands.
fn moved(data: &[u8]) {
    let behind = |spaces: usize| {
        let text = [vec![b' '; spaces].as_slice(), data].concat();
        let mut finds = find(&text);
        for found in &mut finds {
            (found.start, found.end) = (found.start - spaces, found.end - spaces);
        }
        finds
    };
    let expected = behind(BLOCK);
    for shift in SHIFTS {
        assert_eq!(behind(BLOCK + shift), expected, "{shift} bytes further on");
    }
}

/// What was found under a label that shows next to nothing is not in the output, unless it stands
/// in the input a second time where it was not found.
fn gone(data: &[u8], finds: &[crate::Find], out: &[u8]) {
    for found in finds.iter().filter(|found| CLOSED.contains(&found.label)) {
        let value = data.get(found.start..found.end).unwrap_or_default();
        let times = |text: &[u8]| memchr::memmem::find_iter(text, value).count();
        assert!(value.len() < 4 || times(out) < times(data).max(1));
    }
}

#[cfg(test)]
mod tests;
