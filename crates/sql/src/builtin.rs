//! PostgreSQL's own functions and relations that are not what they seem: those that read tables,
//! files or text as SQL, keep state, or act on the server. Data only.
//!
//! Every other function of `pg_catalog` in `internal` or `c` computes from its arguments alone (or
//! from catalogs, settings and the clock), so its result carries its arguments' columns.

mod documents;
mod extensions;
mod settings;
mod system;

pub(crate) use self::{
    documents::{Collects, Keys, collects, documents, keys, writes_text},
    extensions::{computes, keeps_row},
    settings::{is_followed, own_path},
    system::{holds_others, is_system, opaque_view, reading, secret_parameter},
};

use model::Operation;
use std::{collections::HashMap, sync::LazyLock};

/// What calling a built-in function does beyond computing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// An effect; the result carries the arguments.
    Effect(Operation),
    /// An effect, and the result can hold anything.
    Opaque(Operation),
    /// It runs SQL that its text arguments are, or reads a table or a page that they name: whatever
    /// that is, it may do what no name here says.
    Runs,
    /// No effect, but the result can hold what other sessions or statements had.
    Hidden,
    /// An effect by which its arguments leave.
    Export(Operation),
    /// The same on all of an object.
    Whole(Operation),
    /// Changes what names mean for the session.
    Scope,
    /// Reads a parameter that a session may have filled with a value.
    Stash,
    /// Waits as its arguments say, or yields as many rows: nothing masks that.
    Measure,
    /// A count: the result is not a value of its argument.
    Count,
}

/// What the functions of each line do.
const ACTS: &[(Act, &[&str])] = &[
    (
        Act::Count,
        &["count", "pg_column_size", "pg_typeof", "num_nonnulls", "num_nulls", "regr_count"],
    ),
    (
        Act::Runs,
        &[
            "query_to_xml",
            "query_to_xmlschema",
            "query_to_xml_and_xmlschema",
            "table_to_xml",
            "table_to_xml_and_xmlschema",
            "schema_to_xml",
            "schema_to_xml_and_xmlschema",
            "database_to_xml",
            "database_to_xml_and_xmlschema",
            "cursor_to_xml",
            "ts_stat",
            "ts_rewrite",
            "xpath_table",
            "crosstab",
            "crosstab2",
            "crosstab3",
            "crosstab4",
            "crosstab_hash",
            "connectby",
            "connectby_text",
            "get_raw_page",
            "heap_page_items",
            "heap_page_item_attrs",
            "tuple_data_split",
            "bt_page_items",
            "brin_page_items",
            "gin_leafpage_items",
            "hash_page_items",
            "gist_page_items",
            "gist_page_items_bytea",
            "tuple_data_record",
            "pg_logical_slot_peek_changes",
            "pg_logical_slot_peek_binary_changes",
            "pg_get_wal_records_info",
            "pg_get_wal_block_info",
            "pg_get_wal_record_info",
        ],
    ),
    (
        Act::Hidden,
        &[
            "pg_stat_get_activity",
            "pg_prepared_statement",
            "pg_cursor",
            "pg_stat_statements",
            "pg_stat_get_backend_activity",
            "pg_show_all_file_settings",
        ],
    ),
    (
        Act::Opaque(Operation::ServerFile),
        &[
            "pg_read_file",
            "pg_read_binary_file",
            "pg_ls_dir",
            "pg_ls_logdir",
            "pg_ls_waldir",
            "pg_ls_tmpdir",
            "pg_ls_archive_statusdir",
            "pg_stat_file",
            "pg_read_file_old",
            "pg_current_logfile",
            "pg_logdir_ls",
            "pg_hba_file_rules",
            "pg_ident_file_mappings",
            "pg_ls_logicalsnapdir",
            "pg_ls_logicalmapdir",
            "pg_ls_replslotdir",
            "pg_ls_summariesdir",
            "lo_import",
        ],
    ),
    (
        Act::Export(Operation::ServerFile),
        &[
            "pg_file_write",
            "pg_file_rename",
            "pg_file_unlink",
            "pg_file_sync",
            "pg_file_settings",
            "lo_export",
        ],
    ),
    (Act::Opaque(Operation::LargeObject), &["lo_get", "loread", "lo_open"]),
    (Act::Export(Operation::LargeObject), &["lo_put", "lowrite", "lo_from_bytea"]),
    (
        Act::Effect(Operation::LargeObject),
        &[
            "lo_creat",
            "lo_create",
            "lo_unlink",
            "lo_close",
            "lo_lseek",
            "lo_lseek64",
            "lo_tell",
            "lo_tell64",
            "lo_truncate",
            "lo_truncate64",
        ],
    ),
    (Act::Stash, &["current_setting"]),
    (Act::Effect(Operation::Update), &["nextval"]),
    // The one row of a sequence, whatever it says.
    (Act::Whole(Operation::Update), &["setval"]),
    (Act::Scope, &["set_config"]),
    (Act::Export(Operation::Notify), &["pg_notify"]),
    // The session keeps what it is given, and shows it by what it answers later.
    (Act::Export(Operation::Set), &["setseed", "set_limit", "set_curcfg", "set_curdict"]),
    (
        Act::Effect(Operation::Server),
        &[
            "pg_terminate_backend",
            "pg_cancel_backend",
            "pg_reload_conf",
            "pg_rotate_logfile",
            "pg_rotate_logfile_old",
            "pg_log_backend_memory_contexts",
            "pg_promote",
            "pg_switch_wal",
            "pg_wal_replay_pause",
            "pg_wal_replay_resume",
            "pg_create_restore_point",
            "pg_start_backup",
            "pg_stop_backup",
            "pg_backup_start",
            "pg_backup_stop",
            "pg_stat_reset",
            "pg_stat_reset_shared",
            "pg_stat_reset_single_table_counters",
            "pg_stat_reset_single_function_counters",
            "pg_stat_reset_slru",
            "pg_stat_reset_replication_slot",
            "pg_stat_reset_subscription_stats",
            "pg_stat_clear_snapshot",
            "pg_stat_reset_backend_stats",
            "pg_stat_force_next_flush",
            "pg_import_system_collations",
            "pg_stat_statements_reset",
            "binary_upgrade_set_next_pg_type_oid",
            "pg_nextoid",
            "pg_stop_making_pinned_objects",
            "pg_restore_relation_stats",
            "pg_restore_attribute_stats",
            "pg_clear_relation_stats",
            "pg_clear_attribute_stats",
            "pg_prewarm",
            "pg_buffercache_evict",
        ],
    ),
    (
        Act::Effect(Operation::Replication),
        &[
            "pg_create_physical_replication_slot",
            "pg_create_logical_replication_slot",
            "pg_drop_replication_slot",
            "pg_copy_physical_replication_slot",
            "pg_copy_logical_replication_slot",
            "pg_replication_slot_advance",
            "pg_replication_origin_create",
            "pg_replication_origin_drop",
            "pg_replication_origin_session_setup",
            "pg_replication_origin_session_reset",
            "pg_replication_origin_xact_setup",
            "pg_replication_origin_xact_reset",
            "pg_replication_origin_advance",
            "pg_sync_replication_slots",
        ],
    ),
    (
        Act::Opaque(Operation::Replication),
        &["pg_logical_slot_get_changes", "pg_logical_slot_get_binary_changes"],
    ),
    (Act::Export(Operation::Replication), &["pg_logical_emit_message"]),
    (
        Act::Effect(Operation::Code),
        &[
            // Extensions that change rows and pages past every check, and jobs for later.
            "heap_force_kill",
            "heap_force_freeze",
            "pg_truncate_visibility_map",
            "schedule",
            "schedule_in_database",
            "unschedule",
            "alter_job",
            "add_job",
            "run_job",
            "drop_chunks",
            "pg_background_launch",
            "run_command_on_workers",
            "run_command_on_shards",
            "run_command_on_placements",
            "run_command_on_all_nodes",
            "query_export_to_s3",
        ],
    ),
    (Act::Measure, &["generate_series", "pg_sleep", "pg_sleep_for", "pg_sleep_until"]),
    (
        Act::Effect(Operation::Maintenance),
        &[
            "brin_summarize_new_values",
            "brin_summarize_range",
            "brin_desummarize_range",
            "gin_clean_pending_list",
        ],
    ),
];

/// The same by name.
static BY_NAME: LazyLock<HashMap<&str, Act>> = LazyLock::new(|| {
    let pairs = ACTS.iter().flat_map(|(act, names)| names.iter().map(|name| (*name, *act)));
    pairs.collect()
});

/// By name in `pg_catalog` or in a well-known extension, and the number of arguments.
pub(crate) fn act(name: &str, arguments: usize) -> Option<Act> {
    // With three arguments it rewrites a query by another; with two it runs one.
    if name == "ts_rewrite" && arguments == 3 {
        return None;
    }
    if let Some(act) = BY_NAME.get(name) {
        return Some(*act);
    }
    let starts = |prefix: &str| name.starts_with(prefix);
    if starts("pg_advisory_unlock") {
        // Giving back what one holds is no lock: a pool does it with each connection.
        Some(Act::Export(Operation::Session))
    } else if starts("pg_advisory") || starts("pg_try_advisory") {
        Some(Act::Export(Operation::Lock))
    } else if starts("dblink") {
        Some(Act::Opaque(Operation::Foreign))
    } else if starts("postgres_fdw") {
        Some(Act::Effect(Operation::Foreign))
    } else if starts("binary_upgrade") {
        Some(Act::Effect(Operation::Server))
    } else {
        None
    }
}

/// Functions under which equal values stay equal and different ones mostly stay different, so that
/// testing their result for equality is a look-up. Only with a single argument.
pub(crate) fn folds(name: &str) -> bool {
    matches!(name, "lower" | "upper" | "btrim" | "ltrim" | "rtrim" | "normalize" | "unaccent")
}

/// Functions whose NULL or number of elements answers a question about what stands in their first
/// argument.
pub(crate) fn asks(name: &str) -> bool {
    let listed = matches!(
        name,
        "regexp_match"
            | "regexp_matches"
            | "regexp_substr"
            | "regexp_split_to_array"
            | "regexp_split_to_table"
            | "array_position"
            | "array_positions"
            | "array_remove"
            | "string_to_array"
            | "string_to_table"
    );
    listed || name.starts_with("jsonb_path_")
}

/// Functions that yield a row for each element of an argument: how many there are tells its size,
/// as its mask does.
pub(crate) fn spreads(name: &str) -> bool {
    matches!(
        name,
        "unnest"
            | "json_each"
            | "jsonb_each"
            | "json_each_text"
            | "jsonb_each_text"
            | "json_array_elements"
            | "jsonb_array_elements"
            | "json_array_elements_text"
            | "jsonb_array_elements_text"
            | "json_object_keys"
            | "jsonb_object_keys"
            | "pg_options_to_table"
            | "aclexplode"
            | "each"
            | "skeys"
            | "svals"
            | "generate_subscripts"
            | "json_to_recordset"
            | "jsonb_to_recordset"
            | "json_populate_recordset"
            | "jsonb_populate_recordset"
    )
}

/// Operators that compare: their result is a truth value, not a value of an operand.
pub(crate) fn compares(operator: &str) -> bool {
    equals(operator)
        || matches!(
            operator,
            "<" | ">"
                | "<="
                | ">="
                | "~"
                | "~*"
                | "!~"
                | "!~*"
                | "~~"
                | "~~*"
                | "!~~"
                | "!~~*"
                | "^@"
                | "@>"
                | "<@"
                | "&&"
                | "@@"
                | "@@@"
                | "@?"
                | "?"
                | "?|"
                | "?&"
                | "-|-"
                | "<<="
                | ">>="
                | "&<"
                | "&>"
                | "~<~"
                | "~<=~"
                | "~>~"
                | "~>=~"
                | "<%"
                | "%>"
                | "<<%"
                | "%>>"
        )
}

/// Operators that test equality.
pub(crate) fn equals(operator: &str) -> bool {
    matches!(operator, "=" | "<>" | "!=")
}

/// Parameters that change what names or texts mean, or who the session is.
pub(crate) fn scope_parameter(name: &str) -> bool {
    matches!(
        name,
        "search_path"
            | "role"
            | "session_authorization"
            | "row_security"
            | "standard_conforming_strings"
            | "backslash_quote"
            | "client_encoding"
            | "names"
            | "transform_null_equals"
            | "temp_tablespaces"
    )
}

/// Parameters that weaken what protects or records.
pub(crate) fn protective_parameter(name: &str) -> bool {
    name.starts_with("log_")
        || name.starts_with("pgaudit.")
        || name.starts_with("pg_stat_statements.")
        || name.starts_with("auto_explain.")
        || name.starts_with("plpgsql.")
        || name.starts_with("local_preload")
        || name.starts_with("session_preload")
        || matches!(
            name,
            "session_replication_role"
                | "row_security"
                | "allow_system_table_mods"
                | "ignore_system_indexes"
                | "zero_damaged_pages"
                | "ignore_checksum_failure"
                | "synchronous_commit"
                | "check_function_bodies"
                | "track_activities"
                | "track_counts"
                | "compute_query_id"
                | "temp_file_limit"
                | "lo_compat_privileges"
                | "dynamic_library_path"
                | "event_triggers"
                | "commit_delay"
                | "deadlock_timeout"
                | "seq_page_cost"
                | "random_page_cost"
                | "cpu_tuple_cost"
                | "cpu_index_tuple_cost"
                | "cpu_operator_cost"
                | "parallel_setup_cost"
                | "parallel_tuple_cost"
                | "ignore_invalid_pages"
                | "allow_in_place_tablespaces"
                | "wal_consistency_checking"
                | "backtrace_functions"
                | "transform_null_equals"
        )
}
