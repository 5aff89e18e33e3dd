//! Parameters under which a function may run and is still what its text says.

use crate::names::listed;

/// The path that a function sets for itself, if it does; nothing in it if it cannot be read.
pub(crate) fn own_path(settings: &[String]) -> Option<Option<Vec<String>>> {
    let mut settings = settings.iter().filter_map(|setting| setting.split_once('='));
    let (_, value) = settings.find(|(name, _)| name.eq_ignore_ascii_case("search_path"))?;
    Some(listed(value))
}

/// True for a function's setting with which its text means what it says.
pub(crate) fn is_followed(setting: &str) -> bool {
    let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
    match name.to_ascii_lowercase().as_str() {
        "search_path" => listed(value).is_some(),
        "role" | "session_authorization" => true,
        name => harmless_parameter(name),
    }
}

/// True for a parameter that changes neither how text is read, nor what a name means, nor what is
/// run: how long it may take, how much memory, which plan, how values are written out.
fn harmless_parameter(name: &str) -> bool {
    name.starts_with("enable_")
        || name.starts_with("jit")
        || name.starts_with("geqo")
        || name.ends_with("_collapse_limit")
        || matches!(
            name,
            "application_name"
                | "bytea_output"
                | "client_min_messages"
                | "constraint_exclusion"
                | "cpu_index_tuple_cost"
                | "cpu_operator_cost"
                | "cpu_tuple_cost"
                | "cursor_tuple_fraction"
                | "datestyle"
                | "default_statistics_target"
                | "default_text_search_config"
                | "effective_cache_size"
                | "effective_io_concurrency"
                | "extra_float_digits"
                | "hash_mem_multiplier"
                | "idle_in_transaction_session_timeout"
                | "intervalstyle"
                | "lc_messages"
                | "lc_monetary"
                | "lc_numeric"
                | "lc_time"
                | "lock_timeout"
                | "maintenance_work_mem"
                | "max_parallel_workers"
                | "max_parallel_workers_per_gather"
                | "min_parallel_index_scan_size"
                | "min_parallel_table_scan_size"
                | "parallel_leader_participation"
                | "parallel_setup_cost"
                | "parallel_tuple_cost"
                | "plan_cache_mode"
                | "random_page_cost"
                | "seq_page_cost"
                | "statement_timeout"
                | "synchronous_commit"
                | "temp_buffers"
                | "timezone"
                | "work_mem"
        )
}
