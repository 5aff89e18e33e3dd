//! Functions of the extensions that PostgreSQL ships. Data only.

/// Volatile functions, written in C, of the extensions that PostgreSQL ships, that compute from
/// their arguments and chance or time alone, and keep nothing.
pub(crate) fn computes(name: &str) -> bool {
    matches!(
        name,
        "gen_random_bytes"
            | "gen_random_uuid"
            | "gen_salt"
            | "normal_rand"
            | "pgp_pub_encrypt"
            | "pgp_pub_encrypt_bytea"
            | "pgp_sym_encrypt"
            | "pgp_sym_encrypt_bytea"
            | "uuid_generate_v1"
            | "uuid_generate_v1mc"
            | "uuid_generate_v4"
    )
}

/// Trigger functions in C, of PostgreSQL's own and of extensions, that move no value of a row into
/// another column: they check, they stamp, or they copy the row elsewhere for those who set up the
/// extension.
pub(crate) fn keeps_row(name: &str) -> bool {
    name.starts_with("RI_FKey_")
        || matches!(
            name,
            "suppress_redundant_updates_trigger"
                | "unique_key_recheck"
                | "autoinc"
                | "check_foreign_key"
                | "check_primary_key"
                | "insert_username"
                | "lo_manage"
                | "moddatetime"
                | "insert_blocker"
                | "ts_insert_blocker"
                | "citus_truncate_trigger"
                | "repack_trigger"
        )
}
