//! What a column's values are judged by beside themselves: how much its name says, and what the
//! columns beside it were found to hold. Knows no values.

use super::ColumnEvidence;
use crate::{lexicon, names::Words};
use model::Label;

/// Letters of a name that says nothing unless it is known (`c3`, `f_12`, `ab`).
const LEAST_WORD: usize = 3;

/// What is known of a column before its values are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    /// The name says nothing (`c3`, `field_7`) and the column is no key to another relation: values
    /// with a faint form speak for themselves.
    pub(super) nameless: bool,
    /// The name says that something else than a person or an address stands here (`city`,
    /// `brand`): values that look so have to look so plainly.
    pub(super) otherwise: bool,
    /// A column beside it holds something of a person.
    pub(super) people: bool,
    /// A column beside it holds postal addresses.
    pub(super) addresses: bool,
    /// A column beside it holds positions on earth.
    pub(super) positions: bool,
    /// A column beside it holds payment cards.
    pub(super) cards: bool,
    /// A column beside it holds numbers of banks.
    pub(super) banks: bool,
    /// A column beside it may hold incomes; columns beside it incomes and national ids.
    pub(super) income: bool,
    pub(super) payroll: bool,
}

impl Frame {
    /// `found`: what the columns beside it hold.
    pub(super) fn of(evidence: &ColumnEvidence<'_>, found: &[Label]) -> Self {
        let words = Words::of(&evidence.column.name);
        let all = || (0..words.len()).map(|at| words.gram(at, at + 1));
        let short = |word: &[u8]| word.len() < LEAST_WORD && !lexicon::is_short_word(word);
        let empty = |word: &[u8]| short(word) || lexicon::says_nothing(word);
        let beside = |labels: &[Label]| labels.iter().any(|one| found.contains(one));
        Self {
            nameless: all().all(empty) && evidence.column.references.is_none(),
            otherwise: all().any(lexicon::is_named_otherwise),
            people: beside(&[
                Label::PERSON_NAME,
                Label::EMAIL,
                Label::PHONE,
                Label::BIRTH_DATE,
                Label::NATIONAL_ID,
            ]),
            addresses: beside(&[Label::POSTAL_ADDRESS]),
            positions: beside(&[Label::LOCATION]),
            cards: beside(&[Label::PAYMENT_CARD]),
            banks: false,
            income: false,
            payroll: false,
        }
    }
}
