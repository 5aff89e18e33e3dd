//! What kind of values a type holds, and which labels those can bear. Knows no values.

use super::ColumnEvidence;
use model::Label;

/// What kind of values a type can hold at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Decimal,
    Float,
    Date,
    Timestamp,
    Boolean,
    Network,
    Bytes,
    Json,
    Point,
    Uuid,
    Vector,
    FloatArray,
    Other,
}

impl Kind {
    pub(super) fn of(evidence: &ColumnEvidence<'_>) -> Self {
        let name = evidence.element_type_name.unwrap_or(evidence.type_name);
        let is_array = evidence.element_type_name.is_some() || evidence.type_category == 'A';
        let name = name.trim_start_matches('_');
        match name {
            "float4" | "float8" if is_array => Self::FloatArray,
            "int2" | "int4" | "int8" => Self::Integer,
            "numeric" | "money" => Self::Decimal,
            "float4" | "float8" => Self::Float,
            "date" => Self::Date,
            "timestamp" | "timestamptz" => Self::Timestamp,
            "bool" => Self::Boolean,
            "inet" | "cidr" | "macaddr" | "macaddr8" => Self::Network,
            "bytea" => Self::Bytes,
            "json" | "jsonb" => Self::Json,
            "point" | "geography" | "geometry" => Self::Point,
            "uuid" => Self::Uuid,
            "vector" | "halfvec" | "sparsevec" => Self::Vector,
            "text" | "varchar" | "bpchar" | "citext" | "name" => Self::Text,
            _ if evidence.type_category == 'S' => Self::Text,
            _ => Self::Other,
        }
    }

    /// True if values under this label can be of this kind.
    pub(super) fn can_hold(self, label: &Label) -> bool {
        let any = |labels: &[Label]| labels.contains(label);
        match self {
            Self::Text => true,
            Self::Integer => any(&[
                Label::PHONE,
                Label::PAYMENT_CARD,
                Label::CARD_SECURITY,
                Label::BANK_ACCOUNT,
                Label::NATIONAL_ID,
                Label::INCOME,
                Label::BIRTH_DATE,
                Label::HEALTH,
                Label::POSTAL_ADDRESS,
            ]),
            Self::Decimal => any(&[
                Label::PHONE,
                Label::PAYMENT_CARD,
                Label::BANK_ACCOUNT,
                Label::NATIONAL_ID,
                Label::INCOME,
                Label::LOCATION,
                Label::HEALTH,
            ]),
            Self::Float => any(&[Label::INCOME, Label::LOCATION, Label::HEALTH]),
            Self::Date => any(&[Label::BIRTH_DATE, Label::CARD_SECURITY]),
            Self::Timestamp => any(&[Label::BIRTH_DATE]),
            Self::Boolean => any(&[Label::HEALTH]),
            Self::Network => any(&[Label::NETWORK_ADDRESS]),
            Self::Bytes => any(&[Label::CREDENTIAL, Label::EMBEDDING]),
            // Documents keep their structure: the content scan masks by key inside.
            Self::Json => any(&[Label::EMBEDDING, Label::LOCATION]),
            Self::Point => any(&[Label::LOCATION]),
            Self::Uuid => any(&[Label::CREDENTIAL]),
            Self::Vector | Self::FloatArray => any(&[Label::EMBEDDING, Label::LOCATION]),
            Self::Other => any(&[Label::LOCATION, Label::EMBEDDING]),
        }
    }
}
