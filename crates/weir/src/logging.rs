//! What goes to standard error, and in which form. Knows no events: those never hold a value, a
//! literal or a secret by the rule that fields are names, counts and error texts made for logs.

use config::{LogFormat, LogLevel};
use std::{io, panic, thread};
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
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        // It would be said on standard error, by a macro that panics where that cannot be written:
        // a full disk would end whoever logs.
        .log_internal_errors(false);
    match log.format {
        LogFormat::Text => builder.with_ansi(false).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow::anyhow!("logging cannot start: {error}"))?;
    panic::set_hook(Box::new(tell));
    Ok(())
}

/// Says where the program has a defect. What it was in words only if the program's text has them:
/// others can be made of what a statement carried.
fn tell(defect: &panic::PanicHookInfo<'_>) {
    let place = defect.location().map(ToString::to_string).unwrap_or_default();
    let what = defect.payload().downcast_ref::<&'static str>().copied().unwrap_or_default();
    let thread = thread::current();
    let thread = thread.name().unwrap_or_default();
    tracing::error!(place, thread, what, "a defect of the program");
}
