//! Functions that yield something for every value. Whether any other one fails is an answer to a
//! question about its arguments, and no mask hides an error. How much longer functions make what
//! they are given, since what is too long fails. Data only.

use super::call::{Arguments, is_pattern};
use crate::{
    analyse::Walk,
    builtin,
    encoding::is_utf8,
    flow::{Distance, Flow},
    relate::{Stand, stand},
};
use model::{
    Use,
    catalog::{Function, FunctionKind},
};
use pg_raw_parse::{ConstValue, Node};

/// How much longer than what stands in a column a value can become before whether it can be
/// computed at all is a question about that column: of a megabyte's worth a thousand-letter text
/// makes the gigabyte that no value may exceed.
pub(super) const ABSURD: u32 = 1 << 20;
/// How long a value is taken for that only comes with the statement, or that the client may have
/// put before where it is taken from.
pub(crate) const PARAMETER: u32 = 1 << 10;

/// Functions that take every value. Generous where only absurd lengths fail.
#[rustfmt::skip]
const TOTAL: &[&str] = &[
    // Text.
    "char_length", "character_length", "octet_length", "bit_length", "lower", "upper", "initcap",
    "btrim", "ltrim", "rtrim", "concat", "concat_ws", "reverse", "md5", "sha224",
    "sha256", "sha384", "sha512", "strpos", "position", "starts_with", "replace", "translate",
    "left", "right", "ascii", "quote_literal", "quote_ident", "quote_nullable", "text", "name",
    "textcat", "string_to_array", "string_to_table", "array_to_string", "to_hex", "unaccent",
    "soundex", "difference", "dmetaphone", "dmetaphone_alt", "similarity", "word_similarity",
    "strict_word_similarity",
    // Hashes and ciphers that take any text.
    "hashtext", "hashtextextended", "hashbpchar", "hashint4", "hashint8", "crc32", "crc32c",
    // Numbers.
    "round", "trunc", "ceil", "ceiling", "floor", "abs", "sign", "scale", "min_scale",
    "trim_scale", "cbrt", "degrees", "radians", "pi", "sin", "cos", "tan", "atan", "atan2",
    // Dates and times.
    "age", "isfinite", "justify_days", "justify_hours", "justify_interval", "now",
    // Arrays, ranges and rows.
    "array_ndims", "cardinality", "array_append", "array_prepend", "array_cat", "array_remove",
    "array_position", "array_positions", "array_dims", "array_shuffle", "unnest", "isempty",
    "lower_inc", "upper_inc", "lower_inf", "upper_inf", "range_merge", "row", "num_nulls",
    "num_nonnulls", "pg_typeof", "pg_column_size", "pg_collation_for",
    // Documents.
    "to_json", "to_jsonb", "row_to_json", "array_to_json", "json_build_array",
    "jsonb_build_array", "json_typeof", "jsonb_typeof", "json_strip_nulls", "jsonb_strip_nulls",
    "json_each", "jsonb_each", "json_each_text", "jsonb_each_text", "json_array_elements",
    "jsonb_array_elements", "json_array_elements_text", "jsonb_array_elements_text",
    "json_object_keys", "jsonb_object_keys", "json_array_length", "jsonb_array_length",
    "jsonb_pretty", "jsonb_exists", "jsonb_concat", "jsonb_contains",
    "hstore_to_json", "hstore_to_jsonb", "akeys", "avals", "skeys", "svals", "xml_is_well_formed",
    "xml_is_well_formed_document", "xml_is_well_formed_content",
    // Search. What makes a query of a text says so where nothing is left of it: a notice comes
    // between the rows, and whether there is one is an answer.
    "strip", "numnode", "querytree",
    // The server's own catalogs.
    "pg_options_to_table", "aclexplode",
    // Types' own.
    "citext", "each", "textin", "textout", "varcharout", "citextin", "citextout", "bpcharout",
    "record_out", "array_out", "int4out", "numeric_out", "date_out", "jsonb_out", "json_out",
    // Addresses.
    "host", "family", "masklen", "netmask", "network", "hostmask", "broadcast", "abbrev",
    "inet_same_family", "macaddr8_set7bit",
    // Bytes.
    "bit_count",
];

/// Functions that are casts: they take every value that is no text.
#[rustfmt::skip]
const CASTS: &[&str] = &[
    "numeric", "float8", "float4", "money", "date", "time", "timestamp", "timestamptz", "interval",
];

/// Functions that do so as long as all but their first argument is given.
#[rustfmt::skip]
const BY_FIRST: &[&str] = &[
    "substr", "substring", "overlay", "lpad", "rpad", "split_part", "encode", "to_char",
    "json_array_element", "jsonb_array_element", "json_extract_path", "jsonb_extract_path",
    "json_extract_path_text", "jsonb_extract_path_text", "normalize", "is_normalized", "to_ascii",
    "array_length", "array_lower", "array_upper", "generate_subscripts", "digest", "hmac", "crypt",
    "pgp_sym_encrypt", "encrypt", "regexp_replace", "regexp_match", "regexp_matches",
    "regexp_count", "regexp_instr", "regexp_like", "regexp_substr", "regexp_split_to_array",
    "regexp_split_to_table", "trim_array", "jsonb_set", "jsonb_set_lax", "ts_delete", "ts_filter",
    "setweight", "array_fill", "slice", "pg_get_expr", "format_type",
];

/// Functions that do so as long as their first argument is given: a format, a field, a zone.
#[rustfmt::skip]
const BY_REST: &[&str] = &["date_trunc", "date_part", "extract", "timezone"];

impl Walk<'_> {
    /// What a function's result tells that no mask hides: how many rows there are, whether it is
    /// NULL, whether it fails.
    pub(super) fn tells(
        &mut self,
        function: &Function,
        arguments: &Arguments,
        flow: &Flow,
        counts: bool,
    ) {
        let name = function.name.as_str();
        if function.returns_set {
            // The number of rows tells of the value, even where nobody takes the rows.
            let counted = || arguments.values.iter().all(|(_, value)| value.is_counted());
            let usage = match (flow.sized, builtin::spreads(name)) {
                (true, _) => Use::Exported,
                (false, true) if counted() => Use::Tested,
                (false, _) => Use::Inferred,
            };
            self.facts.uses(flow, usage);
        } else if is_pattern(function, arguments)
            || builtin::asks(name) && !is_plain_path(name, arguments)
        {
            self.facts.uses(flow, Use::Inferred);
        }
        if name.contains("json") {
            arguments.values.iter().for_each(|(_, value)| self.shows_shape(value));
        }
        let is_text = |flow: &Flow| {
            let ty = flow.ty.and_then(|ty| self.catalog.type_by_id(ty));
            ty.is_none_or(|ty| ty.category == 'S')
        };
        let over_rows = matches!(function.kind, FunctionKind::Aggregate | FunctionKind::Window);
        let total = counts || over_rows || is_total(name, arguments, is_text);
        if !total || flow.growth >= ABSURD {
            self.facts.uses(flow, Use::Inferred);
        }
    }
}

impl Walk<'_> {
    /// What a result's mask keeps: how many elements an array or a string of bits has.
    /// Where that is computed of a value it tells the value.
    pub(crate) fn shows_shape(&mut self, flow: &Flow) {
        if let Some(fields) = &flow.fields {
            fields.iter().for_each(|field| self.shows_shape(&field.flow));
        }
        let ty = self.base_type(flow.ty);
        let category = ty.and_then(|ty| self.catalog.type_by_id(ty)).map(|ty| ty.category);
        if !matches!(category, Some('A' | 'V')) || flow.is_counted() {
            return;
        }
        self.facts.uses(flow, if flow.sized { Use::Exported } else { Use::Inferred });
    }
}

/// True if a function fails on none of the values that these arguments can have.
fn is_total(name: &str, arguments: &Arguments, is_text: impl Fn(&Flow) -> bool) -> bool {
    if TOTAL.contains(&name) || name.starts_with("st_") {
        return true;
    }
    if CASTS.contains(&name) {
        return arguments.values.len() == 1
            && !arguments.values.iter().any(|(_, flow)| flow.carries() && is_text(flow));
    }
    let values = &arguments.values;
    let given = |index: usize| values.get(index).is_none_or(|(_, flow)| !flow.carries());
    if BY_FIRST.contains(&name) {
        return (1..values.len()).all(given);
    }
    match name {
        // What is no text of the encoding fails.
        "length" => values.len() == 1,
        // A length and whether it is short may be given, or else a text fails.
        "varchar" | "bpchar" => values.len() == 1,
        // A `*` takes a width from what is formatted, and names must not be empty.
        "format" => given(0) && arguments.text.as_deref().is_some_and(is_plain_format),
        // Of words that are too long it tells, and goes on.
        "to_tsvector" => !values.iter().any(is_long) && (values.len() == 1 || given(0)),
        // Weights and options are read, and fail.
        "ts_rank" | "ts_rank_cd" => values.len() == 2 || given(0),
        "ts_headline" => !values.iter().any(is_long) && given(values.len().saturating_sub(1)),
        "hstore" => values.iter().all(|(_, flow)| flow.fields.is_some()),
        // Other encodings do not have every letter.
        "convert_to" => arguments.last.as_deref().is_some_and(is_utf8),
        // Keys are never NULL where they are given.
        "json_build_object" | "jsonb_build_object" | "json_object" | "jsonb_object" => {
            (0..values.len()).step_by(2).all(given)
        }
        _ => {
            let rest = BY_REST.contains(&name) && given(0) && given(2);
            rest || is_plain_path(name, arguments)
        }
    }
}

/// A path of JSON that takes out what stands in one place and asks nothing of it: neither filters
/// nor methods, which fail, nor `strict`, which does where nothing stands there.
fn is_plain_path(name: &str, arguments: &Arguments) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"$._[]*\" ".contains(&byte);
    name.starts_with("jsonb_path_")
        && !name.starts_with("jsonb_path_match")
        && arguments.values.len() == 2
        && arguments
            .last
            .as_deref()
            .is_some_and(|path| path.trim_start().starts_with('$') && path.bytes().all(plain))
}

/// A format that only puts texts in: `%s` and `%L`, with a place and a width that it gives itself.
fn is_plain_format(format: &str) -> bool {
    let plain = |rest: &str| {
        let kind = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '$' || c == '-');
        kind.starts_with(['s', 'L'])
    };
    format.replace("%%", "").split('%').skip(1).all(plain)
}

/// True for what stands in a column of the client's own, as it stands there: many of these are as
/// long as many of any other column's.
fn is_stored(flow: &Flow) -> bool {
    let own = || flow.sources.iter().any(|source| stand(*source) == Stand::Set);
    let plain = flow.origin.is_some() || flow.distance <= Distance::Folded && own();
    flow.growth == PARAMETER && plain
}

fn is_long((_, flow): &(Option<String>, Flow)) -> bool {
    flow.length() >= PARAMETER && !is_stored(flow)
}

/// The greatest number in a format.
fn widest(format: &str) -> u32 {
    let numbers = format.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    numbers.map(|digits| digits.parse().unwrap_or(u32::MAX)).max().unwrap_or(0)
}

/// A constant argument that is a whole number.
pub(super) fn constant_number(node: Node<'_>) -> Option<u32> {
    let Node::A_Const(constant) = node else { return None };
    match constant.val()? {
        ConstValue::Integer(number) => number.try_into().ok(),
        _ => None,
    }
}

/// True for what has as many elements as what it is made of.
pub(super) fn is_listed(name: &str, arguments: &Arguments) -> bool {
    match name {
        "hstore" => arguments.values.iter().all(|(_, flow)| flow.fields.is_some()),
        "array_fill" => arguments.values.iter().skip(1).all(|(_, flow)| !flow.carries()),
        "avals" | "akeys" | "array_replace" | "array_append" | "array_prepend" | "array_cat" => {
            arguments.values.iter().all(|(_, flow)| flow.is_counted())
        }
        _ => false,
    }
}

/// About how long what a function of PostgreSQL's own makes can be: see [`Flow::growth`].
pub(super) fn growth(name: &str, arguments: &Arguments) -> u32 {
    let lengths = || arguments.values.iter().map(|(_, flow)| flow.length());
    let length = |index: usize| lengths().nth(index).unwrap_or(1);
    let sum = lengths().fold(0, u32::saturating_add);
    let stored = || {
        let length = |(_, flow): &(_, Flow)| if is_stored(flow) { 1 } else { flow.length() };
        arguments.values.iter().map(length).fold(0, u32::saturating_add)
    };
    match name {
        "replace" => length(0).saturating_mul(length(2).div_ceil(length(1))),
        "regexp_replace" => length(0).saturating_mul(length(2)),
        "array_to_string" => length(0).saturating_mul(length(1)),
        // A place can be as wide as it says.
        "format" => {
            let wide = arguments.text.as_deref().map_or(PARAMETER, widest);
            length(0).saturating_mul((sum - length(0)).max(wide))
        }
        "lpad" | "rpad" => length(0).max(arguments.second.unwrap_or(PARAMETER)),
        "to_char" => sum,
        // Letters that are taken apart, and those that are several in the other case.
        "normalize" => sum.saturating_mul(12),
        "upper" | "lower" | "initcap" | "unaccent" => sum.saturating_mul(3),
        "repeat" => sum.saturating_mul(arguments.number.unwrap_or(u32::MAX)),
        "array_fill" => sum.saturating_mul(PARAMETER),
        "string_agg" | "array_agg" | "xmlagg" | "json_agg" | "jsonb_agg" => {
            stored().saturating_mul(PARAMETER)
        }
        // What the client has written, now or before.
        "current_setting" | "current_query" | "lo_get" | "loread" | "obj_description"
        | "col_description" | "shobj_description" => sum.max(PARAMETER),
        name if name.starts_with("pg_get_") || name.starts_with("pg_read_") => sum.max(PARAMETER),
        // What they escape stands in it twice.
        "quote_literal" | "quote_nullable" | "quote_ident" | "to_json" | "to_jsonb" | "encode" => {
            sum.saturating_mul(2)
        }
        // As long as one of them.
        _ if arguments.values.len() == 1 => sum,
        "left" | "right" | "substr" | "substring" | "translate" | "split_part" | "btrim"
        | "ltrim" | "rtrim" | "date_trunc" | "round" => lengths().next().unwrap_or(1),
        _ => sum,
    }
}
