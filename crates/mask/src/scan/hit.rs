//! What was found, as small as it can be said while the scan goes on. Knows no text.

use crate::text::Form;
use model::Label;
use std::cell::Cell;

/// Something found in text: where it stands, in bytes, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
}

/// All that is found in one value, in a room that is kept for the next. Nothing is touched before
/// something is found.
#[derive(Default)]
pub(super) struct Hits {
    hits: Vec<Hit>,
    /// There were more than [`MOST`].
    over: bool,
}

thread_local! {
    static ROOM: Cell<Vec<Hit>> = const { Cell::new(Vec::new()) };
}

/// Finds in one value beyond which it is masked whole: it is no text that somebody reads, and what
/// is found must not take more room than the value.
const MOST: usize = 256 * 1024;
/// Finds in one value for which room is kept.
const MOST_KEPT: usize = 1024;

impl Hits {
    #[inline]
    pub(super) fn push(&mut self, hit: Hit) {
        if self.hits.len() >= MOST {
            self.over = true;
            return;
        }
        if self.hits.capacity() == 0 {
            self.hits = ROOM.take();
        }
        self.hits.push(hit);
    }

    /// One find instead of too many.
    pub(super) fn settle(&mut self, whole: usize) {
        if std::mem::take(&mut self.over) {
            self.hits.clear();
            self.hits.push(Hit { start: 0, end: whole, kind: Kind::Credential });
        }
    }

    pub(super) fn all(&self) -> &[Hit] {
        &self.hits
    }

    pub(super) fn all_mut(&mut self) -> &mut Vec<Hit> {
        &mut self.hits
    }

    /// Keeps the room for the next value.
    #[inline]
    pub(super) fn give_back(mut self) {
        if (1..=MOST_KEPT).contains(&self.hits.capacity()) {
            self.hits.clear();
            ROOM.set(self.hits);
        }
    }
}

/// What the scan finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Credential,
    PostalAddress,
    PersonName,
    Email,
    Phone,
    PaymentCard,
    NationalId,
    BirthDate,
    CardSecurity,
    NetworkAddress,
    BankAccount,
}

impl Kind {
    /// The label of what is found.
    pub(super) const fn label(self) -> &'static Label {
        match self {
            Self::Credential => &Label::CREDENTIAL,
            Self::PostalAddress => &Label::POSTAL_ADDRESS,
            Self::PersonName => &Label::PERSON_NAME,
            Self::Email => &Label::EMAIL,
            Self::Phone => &Label::PHONE,
            Self::PaymentCard => &Label::PAYMENT_CARD,
            Self::NationalId => &Label::NATIONAL_ID,
            Self::BirthDate => &Label::BIRTH_DATE,
            Self::CardSecurity => &Label::CARD_SECURITY,
            Self::NetworkAddress => &Label::NETWORK_ADDRESS,
            Self::BankAccount => &Label::BANK_ACCOUNT,
        }
    }

    /// How its mask is written.
    pub(super) const fn form(self) -> Form {
        match self {
            Self::Email => Form::Email,
            Self::PersonName => Form::Name,
            Self::Phone => Form::PHONE,
            Self::PaymentCard => Form::CARD,
            Self::BankAccount => Form::Account,
            Self::NationalId => Form::TWO,
            Self::Credential
            | Self::PostalAddress
            | Self::BirthDate
            | Self::CardSecurity
            | Self::NetworkAddress => Form::Other,
        }
    }

    /// Of two of one place the stronger counts.
    pub(super) fn strength(self) -> u8 {
        self.label().strength()
    }

    /// Of finds of one place that are as strong, which counts.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Credential => 0,
            Self::PostalAddress => 1,
            Self::PersonName => 2,
            Self::Email
            | Self::Phone
            | Self::PaymentCard
            | Self::NationalId
            | Self::BirthDate
            | Self::CardSecurity
            | Self::NetworkAddress
            | Self::BankAccount => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    //! What is said twice is one.

    use super::*;

    #[test]
    fn every_kind_is_masked_as_its_label_is() {
        let all = [
            Kind::Credential,
            Kind::PostalAddress,
            Kind::PersonName,
            Kind::Email,
            Kind::Phone,
            Kind::PaymentCard,
            Kind::NationalId,
            Kind::BirthDate,
            Kind::CardSecurity,
            Kind::NetworkAddress,
            Kind::BankAccount,
        ];
        for kind in all {
            assert_eq!(kind.form(), Form::of(kind.label()), "{kind:?}");
        }
    }
}
