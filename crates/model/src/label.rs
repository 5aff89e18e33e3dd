//! Labels say what a value is, classes group labels. Knows nothing of how labels are found.

use crate::ids::ColumnId;
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

/// What a value is: `email`, `payment_card`, … The well-known ones are constants here; an admin
/// may add others by rule. Compared by text.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Label(Cow<'static, str>);

macro_rules! labels {
    ($($(#[$doc:meta])* $constant:ident = $text:literal, $class:ident, $strength:literal;)*) => {
        impl Label {
            $($(#[$doc])* pub const $constant: Label = Label(Cow::Borrowed($text));)*

            /// Every well-known label.
            pub const ALL: &'static [Label] = &[$(Label::$constant),*];

            /// The class of the label; an unknown label counts as personal data.
            pub fn class(&self) -> Class {
                match self.as_str() {
                    $($text => Class::$class,)*
                    _ => Class::Pii,
                }
            }

            /// How strong the label is where several meet: the greatest wins. An unknown label
            /// beats all but secrets.
            pub fn strength(&self) -> u8 {
                match self.as_str() {
                    $($text => $strength,)*
                    _ => 90,
                }
            }
        }
    };
}

labels! {
    /// A natural person's name or a part of it.
    PERSON_NAME = "person_name", Pii, 40;
    /// An email address.
    EMAIL = "email", Pii, 50;
    /// A telephone number.
    PHONE = "phone", Pii, 50;
    /// A postal address or a part that narrows it to a street.
    POSTAL_ADDRESS = "postal_address", Pii, 45;
    /// A date of birth.
    BIRTH_DATE = "birth_date", Pii, 45;
    /// A national or tax identification number of any country.
    NATIONAL_ID = "national_id", Pii, 80;
    /// A passport number.
    PASSPORT = "passport", Pii, 80;
    /// A driving licence number.
    DRIVING_LICENCE = "driving_licence", Pii, 75;
    /// A payment card number.
    PAYMENT_CARD = "payment_card", Pci, 85;
    /// A card verification value or a card's expiry date.
    CARD_SECURITY = "card_security", Pci, 95;
    /// An IBAN or a national account number.
    BANK_ACCOUNT = "bank_account", Pci, 80;
    /// Health data or a medical record number.
    HEALTH = "health", Phi, 85;
    /// An IP or MAC address.
    NETWORK_ADDRESS = "network_address", Pii, 30;
    /// A precise location (coordinates).
    LOCATION = "location", Pii, 45;
    /// Salary, wage, bonus, income.
    INCOME = "income", Pii, 60;
    /// A password hash, API key, token, private key, connection string.
    CREDENTIAL = "credential", Secret, 100;
    /// Text that people write, in which anything can stand.
    FREE_TEXT = "free_text", Pii, 35;
    /// A biometric template or an embedding vector derived from sensitive content.
    EMBEDDING = "embedding", Pii, 35;
    /// What Weir could not understand: treated as the most sensitive thing there is.
    UNKNOWN = "unknown", Unknown, 99;
}

impl Label {
    /// A label by its text; well-known or not.
    pub fn new(text: &str) -> Self {
        Label(Cow::Owned(text.to_owned()))
    }

    /// The label's word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The greater of two labels: the one that holds where both meet.
pub fn stronger<'l>(left: &'l Label, right: &'l Label) -> &'l Label {
    if (left.strength(), left) >= (right.strength(), right) { left } else { right }
}

/// Groups labels for policies and reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Personal data.
    Pii,
    /// Payment data.
    Pci,
    /// Health data.
    Phi,
    /// Credentials.
    Secret,
    /// Not understood, so assumed to be the worst.
    Unknown,
}

impl Class {
    /// The classes that an admin may give a label of their own.
    pub const GIVEN: &'static [Class] = &[Self::Pii, Self::Pci, Self::Phi, Self::Secret];

    /// The word used in policies and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pii => "pii",
            Self::Pci => "pci",
            Self::Phi => "phi",
            Self::Secret => "secret",
            Self::Unknown => "unknown",
        }
    }
}

/// A label on a column, with why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Labelling {
    /// What the column holds.
    pub label: Label,
    /// 0.0 ..= 1.0. In force at once whatever it is; for the reader's judgement.
    pub confidence: f32,
    /// What spoke for it, in words: `column name "e_mail"`, `97 of 100 samples are addresses`.
    /// Never holds a value.
    pub evidence: Vec<String>,
}

/// What came of weighing everything that is known of a column.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weighing {
    /// The label that holds, if one does.
    pub labelling: Option<Labelling>,
    /// What was considered and did not hold, in words, and what was looked at. Never holds a value.
    pub against: Vec<String>,
    /// True if a rule of the configuration gave the label, not what was found.
    pub by_rule: bool,
    /// True if the label rests on sampled values alone: another sample may miss them.
    pub by_samples: bool,
}

/// The labels of one upstream database at one moment.
#[derive(Clone, Debug, Default)]
pub struct LabelMap {
    /// Grows by one with each change; part of every cache key that depends on labels.
    pub version: u64,
    /// Labelled columns; a column that is absent has no label.
    pub columns: HashMap<ColumnId, Labelling>,
    /// Labelled columns that hold pieces of values, or values of several labels. What a partial
    /// mask would leave of a whole value may be all there is, so they are masked in full.
    pub derived: HashSet<ColumnId>,
    /// Classes of labels that are not well-known, as the configuration gives them.
    pub classes: Arc<HashMap<Label, Class>>,
}

impl LabelMap {
    /// The label of a column, if it has one.
    pub fn label(&self, column: ColumnId) -> Option<&Label> {
        self.columns.get(&column).map(|labelling| &labelling.label)
    }

    /// The class of a label here: the well-known one, or the one that the configuration gives it.
    pub fn class(&self, label: &Label) -> Class {
        self.classes.get(label).copied().unwrap_or_else(|| label.class())
    }

    /// True if the column holds what was made of values of its label, and not those as they are.
    pub fn is_derived(&self, column: ColumnId) -> bool {
        self.derived.contains(&column)
    }
}
