//! What goes to standard error, and in which form. Knows no events: those never hold a value, a
//! literal or a secret by the rule that fields are names, counts and error texts made for logs.
//! Names can be what a client chose without signing in: one event is one line, whatever it says.

use crate::visible::in_line;
use config::{LogFormat, LogLevel};
use std::{
    io::{self, Write},
    panic, thread,
};
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
        // It would be said on standard error, by a macro that panics where that cannot be written:
        // a full disk would end whoever logs.
        .log_internal_errors(false);
    match log.format {
        LogFormat::Text => {
            let lines = || Lines(io::stderr());
            builder.with_writer(lines).with_ansi(false).with_target(false).try_init()
        }
        // JSON has no line end within an object: a string writes it out.
        LogFormat::Json => builder.with_writer(io::stderr).json().flatten_event(true).try_init(),
    }
    .map_err(|error| anyhow::anyhow!("logging cannot start: {error}"))?;
    panic::set_hook(Box::new(tell));
    Ok(())
}

/// Takes one event at a time, as the subscriber writes them, and makes one line of each: a name or
/// an error's text with a line end in it would look like another event.
struct Lines<W>(W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut line = in_line(text.strip_suffix('\n').unwrap_or(&text));
        line.push('\n');
        self.0.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
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

#[cfg(test)]
mod tests {
    use super::Lines;
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_whatever_clients_call_things() {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let writer = {
            let kept = Arc::clone(&kept);
            move || Lines(Kept(Arc::clone(&kept)))
        };
        let subscriber =
            tracing_subscriber::fmt().with_writer(writer).with_ansi(false).with_target(false);
        tracing::subscriber::with_default(subscriber.finish(), || {
            let error = "no database \"a\n2026-11-28T00:00:00Z ERROR forged\u{1b}[31m\u{202e}\"";
            tracing::warn!(%error, database = "x\ny", "upstream refused\r\na session");
            tracing::info!("Zürich is fine");
        });
        let text = String::from_utf8(kept.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = text.split_terminator('\n').collect();
        assert_eq!(lines.len(), 2, "{text}");
        let said = "upstream refused\\u{d}\\na session error=no database \
                    \"a\\n2026-11-28T00:00:00Z ERROR forged\\u{1b}[31m\\u{202e}\" \
                    database=\"x\\ny\"";
        assert!(lines[0].ends_with(said), "{text}");
        assert!(lines[1].ends_with("INFO Zürich is fine"), "{text}");
    }
}
