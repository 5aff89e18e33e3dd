//! Relations and parameters of the server itself: which of them hold what is not theirs. Data only.

use model::{Operation, catalog::Relation};

/// True for columns of system relations that hold values of other tables or other sessions, which
/// the statement does not name: column statistics, statement texts, credentials.
pub(crate) fn holds_others(schema: &str, relation: &str, column: &str) -> bool {
    if schema.starts_with("pg_toast") {
        return column == "chunk_data";
    }
    if !matches!(schema, "pg_catalog" | "information_schema" | "public" | "extensions") {
        return false;
    }
    match relation {
        "pg_statistic" => column.starts_with("stavalues") || column.starts_with("stanumbers"),
        "pg_stats" | "pg_stats_ext" | "pg_stats_ext_exprs" => matches!(
            column,
            "most_common_vals"
                | "histogram_bounds"
                | "most_common_elems"
                | "range_bounds_histogram"
                | "range_length_histogram"
                | "most_common_val_nulls"
        ),
        "pg_statistic_ext_data" => column != "stxoid" && column != "stxdinherit",
        "pg_stat_activity" | "pg_stat_statements" => column == "query",
        "pg_prepared_statements" | "pg_cursors" => column == "statement",
        "pg_largeobject" => column == "data",
        "pg_authid" => column == "rolpassword",
        "pg_shadow" => column == "passwd",
        "pg_subscription" => column == "subconninfo",
        "pg_user_mapping" | "pg_user_mappings" | "_pg_user_mappings" => column == "umoptions",
        "pg_foreign_server" => column == "srvoptions",
        "_pg_foreign_servers" => column == "foreign_server_options",
        "pg_foreign_table" | "_pg_foreign_tables" => column == "ftoptions",
        "_pg_foreign_table_columns" => column == "attfdwoptions",
        "user_mapping_options" | "foreign_server_options" => column == "option_value",
        "pg_hba_file_rules" | "pg_file_settings" | "pg_ident_file_mappings" => true,
        // What a function gave when a column was added, kept for the rows that were there.
        "pg_attribute" => column == "attmissingval",
        "pg_attrdef" | "pg_stat_wal_receiver" => column == "conninfo",
        _ => false,
    }
}

/// True for parameters of the server that hold passwords, or commands with what they need.
pub(crate) fn secret_parameter(name: &str) -> bool {
    matches!(
        name,
        "primary_conninfo"
            | "ssl_passphrase_command"
            | "archive_command"
            | "archive_cleanup_command"
            | "restore_command"
            | "recovery_end_command"
    )
}

/// The effect of reading a system relation, where it is more than reading.
pub(crate) fn reading(schema: &str, relation: &str) -> Option<Operation> {
    // Long values of other tables, as they are stored.
    if schema.starts_with("pg_toast") {
        return Some(Operation::ServerFile);
    }
    if schema != "pg_catalog" {
        return None;
    }
    Some(match relation {
        "pg_largeobject" => Operation::LargeObject,
        "pg_hba_file_rules" | "pg_file_settings" | "pg_ident_file_mappings" => {
            Operation::ServerFile
        }
        _ => return None,
    })
}

/// System views are judged by their own columns ([`holds_others`]), not by the functions they
/// stand on. What somebody moved among them is none: oids from 16,384 on are given to what is made
/// after initdb (`FirstNormalObjectId` in access/transam.h).
pub(crate) fn opaque_view(relation: &Relation) -> bool {
    is_system(&relation.schema) && relation.id.0 < 16_384
}

/// True for a schema whose objects are the server's own.
pub(crate) fn is_system(schema: &str) -> bool {
    matches!(schema, "pg_catalog" | "information_schema")
}
