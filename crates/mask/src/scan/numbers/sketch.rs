//! The groups of digits of a block as bits: which of them may hold a number. Knows no forms.

use super::run::LEAST_UNANNOUNCED;
use crate::scan::{
    Look,
    context::Words,
    prefilter::{self, BLOCK, Signs},
};

/// Digits from which on words before a number may make it a national id or a phone number.
const LEAST_LONG: usize = 7;
/// Digits and parts of the shortest date.
const LEAST_DATE: usize = 4;
const PARTS_OF_DATE: usize = 3;

/// Parts of a public address.
const PARTS_OF_ADDRESS: usize = 4;

/// What is seen of the digits of a block at once.
pub(super) struct Sketch {
    digits: u64,
    /// Where runs of digits begin, and of these where groups begin.
    starts: u64,
    groups: u64,
    /// Digits and the separators between them.
    joined: u64,
    /// Where a number may begin, and behind which places one may end.
    opens: u64,
    closes: u64,
    /// Where letters stand before digits that may belong to them, and behind.
    lettered: u64,
    /// The digits by which groups are found that are worth a look.
    pub(super) places: u64,
}

impl Sketch {
    #[inline(always)]
    pub(super) fn of(look: Look<'_>, signs: &Signs) -> Self {
        let digits = look.masks.digits;
        let starts = digits & !(digits << 1);
        let joints = signs.dash | signs.points;
        let between = joints | signs.brackets;
        let one = between & digits << 1 & digits >> 1;
        let two = between & digits << 1 & between >> 1 & digits >> 2;
        let joined = digits | one | two | two << 1;
        let groups = starts & !(joined << 1);
        let letters = look.masks.letters;
        let wordy = letters | digits;
        // Inside a group a number begins behind a space or bracket alone.
        let outer = groups & !(letters << 1) & !(joints << 1 & wordy << 2);
        let unknown = starts & look.unknown(3);
        let opens = outer | starts & signs.brackets << 1 | unknown;
        let ends = digits << 1 & !digits;
        let points = joints | signs.colon | signs.comma;
        // Behind an `x` stands the extension of a telephone number.
        let extended = match ends & letters {
            0 => 0,
            some => some & look.planes.small_x(),
        };
        let closes = (ends & !letters | extended) & !(points & wordy >> 1);
        let upper = look.masks.upper;
        let spaces = look.masks.spaces;
        // A letter behind a digit belongs to no number, and a single one before a space.
        let before = upper << 1 & !(digits << 2) | spaces << 1 & upper << 2 & upper << 3;
        let mut eight = digits & digits << 1;
        eight &= eight << 2;
        eight &= eight << 4;
        // A letter that belongs to these may stand in the next block.
        let cut = eight & look.edge(2);
        let behind = eight << 1 & ends & (upper | joints & upper >> 1);
        let lettered = starts & before | unknown | behind;
        // No number is shorter than three characters.
        let long = joined >> 1 & joined >> 2;
        let places = starts & before | unknown | cut | behind >> 1 | opens & (long | look.edge(4));
        Self { digits, starts, groups, joined, opens, closes, lettered, places }
    }

    /// The first digit of the group that a place belongs to; in the first of a block, where its
    /// part there begins.
    #[inline(always)]
    pub(super) fn first(&self, place: usize) -> usize {
        prefilter::highest(self.groups & (prefilter::below(place) | 1 << place))
    }

    /// False if the group that begins at this place of the block is no number and holds none.
    /// `words`: those before it.
    #[inline(always)]
    pub(super) fn may_hold(&self, look: Look<'_>, first: usize, words: &Words<'_>) -> bool {
        let end = prefilter::run_end(self.joined, first);
        // How a group goes on in the next block is not known here.
        if end + 2 >= BLOCK && look.more || end >= BLOCK {
            return true;
        }
        let span = (prefilter::below(end) | 1 << end) & !prefilter::below(first);
        if self.lettered & span != 0 {
            return true;
        }
        let (opens, closes) = (self.opens & span, self.closes & span);
        if opens == 0 || closes == 0 {
            return false;
        }
        let inside = prefilter::below(prefilter::highest(closes)) & !((opens - 1) & !opens);
        let count = prefilter::count(self.digits & inside);
        let parts = || prefilter::count(self.starts & inside);
        // Of as few digits as that, public addresses and what has a plus need no words.
        let signed = || matches!(before(look.value, look.base + first), Some(b'+' | b'('));
        if count > LEAST_UNANNOUNCED
            || count == LEAST_UNANNOUNCED && (parts() >= PARTS_OF_ADDRESS || signed())
        {
            return true;
        }
        let three = self.digits & self.digits >> 1 & self.digits >> 2 & inside;
        let date =
            || count >= LEAST_DATE && prefilter::count(self.starts & inside) >= PARTS_OF_DATE;
        // The code of a card is all that fewer digits may be.
        let may = count >= LEAST_LONG || date() || three != 0 && words.may_secure();
        may && words.announced(look.near(first)).any()
    }
}

fn before(value: &[u8], at: usize) -> Option<u8> {
    at.checked_sub(1).and_then(|at| value.get(at)).copied()
}
