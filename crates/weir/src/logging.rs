//! What goes to standard error, and in which form. Knows no events: those never hold a value, a
//! literal or a secret by the rule that fields are names, counts and error texts made for logs.

use config::{LogFormat, LogLevel};
use std::io;
use tracing::level_filters::LevelFilter;

/// Starts logging for this process.
pub(crate) fn start(log: config::Log) -> anyhow::Result<()> {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr);
    match log.format {
        LogFormat::Text => builder.with_ansi(false).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow::anyhow!("logging cannot start: {error}"))
}
