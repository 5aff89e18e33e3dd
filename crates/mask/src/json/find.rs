//! What the scan finds in a document, and where, instead of masking it. Knows no forms of masks.

use super::{Leaf, Place, Scanner, Visitor, walk};
use crate::scan::{self, Find};

/// What the scan masks in a document, in order, each with the leaf's place as a JSON pointer
/// (RFC 6901), its bytes counted in the leaf's plain text. Where a key speaks, all of the leaf is
/// found under what it says. `None` if it is no document. Keys are not told, only leaves.
pub fn find_in_document(input: &[u8]) -> Option<Vec<(String, Find)>> {
    let mut finder =
        Finder { scanner: Scanner::new(input), place: Place::default(), found: Vec::new() };
    walk::walk(input, &mut Vec::new(), &mut finder)?;
    Some(finder.found)
}

struct Finder<'a> {
    scanner: Scanner<'a>,
    place: Place,
    found: Vec<(String, Find)>,
}

impl Visitor for Finder<'_> {
    fn key(&mut self, key: &str) -> Option<String> {
        self.place.key(key);
        self.scanner.key(key);
        None
    }

    fn leaf(&mut self, leaf: Leaf<'_>) -> Option<String> {
        self.place.value();
        let text = match leaf {
            Leaf::Text(text) | Leaf::Number(text) => text,
            Leaf::Bool => "",
        };
        let found = match self.scanner.said(&leaf) {
            Some(label) => vec![Find { start: 0, end: text.len(), label: label.clone() }],
            None => scan::find(text.as_bytes()),
        };
        let place = self.place.pointer();
        self.found.extend(found.into_iter().map(|find| (place.clone(), find)));
        None
    }

    fn null(&mut self) {
        self.place.value();
    }

    fn enter(&mut self, object: bool) {
        self.place.enter(object);
        self.scanner.enter(object);
    }

    fn leave(&mut self) {
        self.place.leave();
        self.scanner.leave();
    }
}
