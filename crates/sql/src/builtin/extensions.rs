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
