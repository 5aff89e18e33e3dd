//! Starts and ends what carries records to other systems. Knows settings and secrets, and nothing
//! of events.

use super::Shared;
use crate::layout;
use anyhow::Context;
use config::{Export, ExportFormat, ExportTo, SecretSource};
use export::{About, Begin, Exports, Format, Key, Settings, To};
use ledger::{Time, record::Administered};
use std::{borrow::Cow, sync::Arc, time::SystemTime};

/// Starts them all. A secret that cannot be read keeps Weir from starting: a record that was
/// promised to somebody must not wait unnoticed.
pub(super) fn start(shared: &Shared) -> anyhow::Result<Arc<Exports>> {
    let config = shared.config.load();
    let sinks = config.exports.iter().map(settings).collect::<anyhow::Result<Vec<_>>>()?;
    for sink in &sinks {
        tracing::info!(export = sink.name, "records are exported");
        // Who gets copies of the record stands in it.
        let what = format!("records are exported to {}, {}", sink.name, kind(&sink.to));
        let (time, by) = (Time::from(SystemTime::now()), Cow::Borrowed("start"));
        let record = Administered { time, by, what: Cow::Owned(what) };
        shared.ledger.append(&record.into())?;
    }
    let about = About { node: super::node(), version: env!("CARGO_PKG_VERSION").to_owned() };
    let folder = layout::exports(&config);
    let exports = Exports::start(&shared.ledger, &about, &folder, sinks)
        .context("the exports cannot be started")?;
    let exports = Arc::new(exports);
    shared.metrics.exports.store(Some(Arc::clone(&exports)));
    Ok(exports)
}

/// Ends them. What is not delivered yet is delivered after the next start.
pub(super) async fn stop(exports: Arc<Exports>) {
    // It waits for threads.
    if tokio::task::spawn_blocking(move || exports.stop()).await.is_err() {
        tracing::error!("the exports did not end in good order");
    }
}

/// A sink's kind, without where it is: a URL may hold what is secret.
const fn kind(to: &To) -> &'static str {
    match to {
        To::File { .. } => "a file",
        To::Parquet { .. } => "Parquet files",
        To::Syslog { .. } => "a syslog server",
        To::Webhook { .. } => "a webhook",
        To::Otlp { .. } => "a collector of spans",
        To::Nats { .. } => "NATS",
    }
}

fn settings(export: &Export) -> anyhow::Result<Settings> {
    let secret = |source: &SecretSource| {
        let secret = source.read().with_context(|| format!("export \"{}\"", export.name))?;
        anyhow::Ok(Key::new(secret.expose()))
    };
    let to = match &export.to {
        ExportTo::File { path, rotate, keep } => {
            To::File { path: path.clone(), rotate_bytes: *rotate, keep: *keep }
        }
        ExportTo::Parquet { path, rotate, every } => {
            To::Parquet { path: path.clone(), rotate_bytes: *rotate, every: *every }
        }
        ExportTo::Syslog { host, port, tls, ca, message } => To::Syslog {
            host: host.clone(),
            port: *port,
            tls: *tls,
            ca: ca.clone(),
            message_bytes: *message,
        },
        ExportTo::Webhook { url, ca, secret: source } => {
            To::Webhook { url: url.clone(), ca: ca.clone(), secret: secret(source)? }
        }
        ExportTo::Otlp { url, ca, token } => To::Otlp {
            url: url.clone(),
            ca: ca.clone(),
            token: token.as_ref().map(secret).transpose()?,
        },
        ExportTo::Nats { url, ca, subject, user } => To::Nats {
            url: url.clone(),
            ca: ca.clone(),
            subject: subject.clone(),
            user: match user {
                Some((name, source)) => Some((name.clone(), secret(source)?)),
                None => None,
            },
        },
    };
    let begin = if export.from_start { Begin::Start } else { Begin::Now };
    let format = match &export.format {
        ExportFormat::Ocsf => Format::Ocsf,
        ExportFormat::Spans => Format::Spans,
        ExportFormat::OpenLineage { namespace } => {
            Format::OpenLineage { namespace: namespace.clone() }
        }
    };
    Ok(Settings { name: export.name.clone(), to, format, begin })
}
