//! Functions that yield something for every value. Whether any other one fails is an answer to a
//! question about its arguments, and no mask hides an error. Data only.

use super::call::Arguments;

/// Functions that take every value. Generous where only absurd lengths fail.
#[rustfmt::skip]
const TOTAL: &[&str] = &[
    // Text.
    "length", "char_length", "character_length", "octet_length", "bit_length", "lower", "upper",
    "initcap", "btrim", "ltrim", "rtrim", "concat", "concat_ws", "reverse", "md5", "sha224",
    "sha256", "sha384", "sha512", "strpos", "position", "starts_with", "replace", "translate",
    "left", "right", "ascii", "quote_literal", "quote_ident", "quote_nullable", "normalize",
    "is_normalized", "text", "varchar", "bpchar", "name", "textcat", "string_to_array",
    "string_to_table", "array_to_string", "to_hex", "to_ascii", "convert_to", "unaccent", "soundex",
    "difference", "dmetaphone", "dmetaphone_alt", "daitch_mokotoff", "levenshtein",
    "levenshtein_less_equal", "similarity", "word_similarity", "strict_word_similarity",
    "show_trgm",
    // Hashes and ciphers that take any text.
    "hashtext", "hashtextextended", "hashbpchar", "hashint4", "hashint8", "crc32", "crc32c",
    // Numbers.
    "round", "trunc", "ceil", "ceiling", "floor", "abs", "sign", "scale", "min_scale",
    "trim_scale", "cbrt", "degrees", "radians", "pi", "sin", "cos", "tan", "atan", "atan2",
    "numeric", "float8", "float4", "money",
    // Dates and times.
    "age", "isfinite", "justify_days", "justify_hours", "justify_interval", "date", "time",
    "timestamp", "timestamptz", "interval", "now",
    // Arrays, ranges and rows.
    "array_length", "array_ndims", "array_lower", "array_upper", "cardinality", "array_append",
    "array_prepend", "array_cat", "array_remove", "array_replace", "array_position",
    "array_positions", "array_dims", "array_shuffle", "array_sample", "unnest", "isempty",
    "lower_inc", "upper_inc", "lower_inf", "upper_inf", "range_merge", "row", "num_nulls",
    "num_nonnulls", "pg_typeof", "pg_column_size", "pg_collation_for", "format_type",
    // Documents.
    "to_json", "to_jsonb", "row_to_json", "array_to_json", "json_build_array",
    "jsonb_build_array", "json_typeof", "jsonb_typeof", "json_strip_nulls", "jsonb_strip_nulls",
    "json_each", "jsonb_each", "json_each_text", "jsonb_each_text", "json_array_elements",
    "jsonb_array_elements", "json_array_elements_text", "jsonb_array_elements_text",
    "json_object_keys", "jsonb_object_keys", "json_array_length", "jsonb_array_length",
    "jsonb_pretty", "json_extract_path", "jsonb_extract_path", "json_extract_path_text",
    "jsonb_extract_path_text", "jsonb_exists", "jsonb_concat", "jsonb_contains", "hstore",
    "hstore_to_json", "hstore_to_jsonb", "akeys", "avals", "skeys", "svals", "xml_is_well_formed",
    "xml_is_well_formed_document", "xml_is_well_formed_content",
    // Search.
    "plainto_tsquery", "phraseto_tsquery", "websearch_to_tsquery", "strip", "numnode",
    "querytree", "ts_rank", "ts_rank_cd", "ts_headline", "tsvector_to_array",
    // The server's own catalogs.
    "pg_options_to_table", "aclexplode", "pg_get_expr",
    // Types' own.
    "citext", "each", "generate_subscripts", "textin", "textout", "varcharin", "varcharout",
    "citextin", "citextout", "bpcharin", "bpcharout", "record_out", "array_out", "int4out",
    "numeric_out", "date_out", "jsonb_out", "json_out",
    // Addresses.
    "host", "family", "masklen", "netmask", "network", "hostmask", "broadcast", "abbrev",
    "inet_same_family", "macaddr8_set7bit",
    // Bytes.
    "bit_count",
];

/// Functions that do so as long as all but their first argument is given.
#[rustfmt::skip]
const BY_FIRST: &[&str] = &[
    "substr", "substring", "overlay", "lpad", "rpad", "repeat", "split_part", "encode", "to_char",
    "json_array_element", "jsonb_array_element", "digest", "hmac", "crypt",
    "metaphone", "pgp_sym_encrypt", "encrypt", "regexp_replace",
    "regexp_match", "regexp_matches", "regexp_count", "regexp_instr", "regexp_like",
    "regexp_substr", "regexp_split_to_array", "regexp_split_to_table", "trim_array", "date_bin",
    "jsonb_set", "jsonb_set_lax", "jsonb_path_exists", "jsonb_path_match", "jsonb_path_query",
    "jsonb_path_query_array", "jsonb_path_query_first", "jsonb_path_exists_tz", "set_masklen",
    "ts_delete", "ts_filter", "setweight", "array_fill", "slice",
];

/// Functions that do so as long as their first argument is given: a format, a field, a zone.
#[rustfmt::skip]
const BY_REST: &[&str] = &[
    "format", "date_trunc", "date_part", "extract", "timezone", "to_tsvector",
    "json_to_tsvector", "jsonb_to_tsvector", "array_to_tsvector",
];

/// True if a function fails on none of the values that these arguments can have.
pub(super) fn is_total(name: &str, arguments: &Arguments) -> bool {
    if TOTAL.contains(&name) || name.starts_with("st_") {
        return true;
    }
    let values = &arguments.values;
    let given = |index: usize| values.get(index).is_none_or(|(_, flow)| !flow.carries());
    if BY_FIRST.contains(&name) {
        return (1..values.len()).all(given);
    }
    match name {
        "to_tsvector" | "array_to_tsvector" if values.len() == 1 => true,
        // Keys are never NULL where they are given.
        "json_build_object" | "jsonb_build_object" | "json_object" | "jsonb_object" => {
            (0..values.len()).step_by(2).all(given)
        }
        _ => BY_REST.contains(&name) && given(0),
    }
}
