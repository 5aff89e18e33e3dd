//! Functions that make documents and lists, and which of their arguments become keys there. Data
//! only.

/// Which arguments of a function can become keys of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// The one at this place.
    At(usize),
    /// The first, the third and so on.
    EveryOther,
}

impl Keys {
    /// True if the argument at this place can.
    pub(crate) fn holds(self, place: usize) -> bool {
        match self {
            Self::At(only) => place == only,
            Self::EveryOther => place.is_multiple_of(2),
        }
    }
}

/// Functions that make a document of any value, as its type's own cast does.
pub(crate) fn documents(name: &str) -> bool {
    matches!(
        name,
        "to_json"
            | "to_jsonb"
            | "json_agg"
            | "jsonb_agg"
            | "json_agg_strict"
            | "jsonb_agg_strict"
            | "json_build_array"
            | "jsonb_build_array"
            | "array_to_json"
            | "row_to_json"
    )
}

/// Functions of any value that are written in SQL with a cast to text (`prosrc` in `pg_proc`).
pub(crate) fn writes_text(name: &str) -> bool {
    matches!(name, "quote_literal" | "quote_nullable" | "anytextcat" | "textanycat")
}

/// What an aggregate or a window function gives out again as it was given it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collects {
    /// Its first argument; the others say how, and have to be given.
    First,
    /// Its second, under keys that have to be given: a key that is NULL fails.
    Pair,
    /// Its only one, as elements of an array.
    Elements,
}

/// Aggregates and window functions that give out values and compute nothing. Not the smallest and
/// the largest: whichever of a value and a guess beside it comes out masked tells their order.
pub(crate) fn collects(name: &str) -> Option<Collects> {
    Some(match name {
        "json_agg" | "jsonb_agg" | "json_agg_strict" | "jsonb_agg_strict" | "string_agg"
        | "any_value" | "first_value" | "last_value" | "nth_value" | "lag" | "lead" => {
            Collects::First
        }
        "json_object_agg" | "jsonb_object_agg" => Collects::Pair,
        "array_agg" => Collects::Elements,
        _ => return None,
    })
}

/// Functions that make keys of a document out of values.
pub(crate) fn keys(name: &str) -> Option<Keys> {
    Some(match name {
        "json_build_object" | "jsonb_build_object" => Keys::EveryOther,
        "jsonb_set" | "jsonb_set_lax" | "jsonb_insert" => Keys::At(1),
        "json_object"
        | "jsonb_object"
        | "hstore_to_json"
        | "hstore_to_jsonb"
        | "hstore_to_json_loose"
        | "hstore_to_jsonb_loose" => Keys::At(0),
        _ if name.starts_with("json_object_agg") || name.starts_with("jsonb_object_agg") => {
            Keys::At(0)
        }
        _ => return None,
    })
}
