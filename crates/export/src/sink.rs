//! The ways out. Each takes a batch and returns when the other side has it, or with an error and
//! then all of it is sent again. Knows no records.

mod file;
mod nats;
mod otlp;
mod parquet;
mod syslog;
mod webhook;

use crate::{
    connect,
    error::ExportError,
    event::Event,
    pump::BATCH_EVENTS,
    settings::{About, Format, Settings, To},
};
use std::time::Duration;

/// How long a sink may take for a batch.
pub(crate) const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);
/// How many events are read for a sink that takes them one by one: as many as one delivery has time
/// for.
const SINGLE_EVENTS: usize = 50;

/// A sink.
#[derive(Debug)]
pub(crate) enum Sink {
    File(file::File),
    Parquet(Box<parquet::Parquet>),
    Syslog(Box<syslog::Syslog>),
    Webhook(Box<webhook::Webhook>),
    Nats(Box<nats::Nats>),
    Otlp(Box<otlp::Otlp>),
}

impl Sink {
    /// Checks the settings; connects to nothing.
    pub(crate) fn new(settings: &Settings, about: &About) -> Result<Self, ExportError> {
        Ok(match &settings.to {
            To::File { path, rotate_bytes, keep } => {
                Self::File(file::File::new(path, *rotate_bytes, *keep))
            }
            To::Parquet { path, rotate_bytes, every } => {
                Self::Parquet(Box::new(parquet::Parquet::new(path, *rotate_bytes, *every)))
            }
            To::Syslog { host, port, tls, ca, message_bytes } => {
                let tls = connect::tls(*tls, ca.as_deref())?;
                let peer = connect::Peer { host: host.clone(), port: *port, tls };
                Self::Syslog(Box::new(syslog::Syslog::new(peer, &about.node, *message_bytes)))
            }
            To::Webhook { url, ca, secret } => {
                // Servers of lineage take one event at a time.
                let single = matches!(settings.format, Format::OpenLineage { .. });
                Self::Webhook(Box::new(webhook::Webhook::new(url, ca.as_deref(), secret, single)?))
            }
            To::Otlp { url, ca, token } => {
                Self::Otlp(Box::new(otlp::Otlp::new(url, ca.as_deref(), token.clone(), about)?))
            }
            To::Nats { url, ca, subject, user } => {
                Self::Nats(Box::new(nats::Nats::new(url, ca.as_deref(), subject, user.clone())?))
            }
        })
    }

    /// How many events it takes at a time.
    pub(crate) fn batch(&self) -> usize {
        match self {
            Self::Webhook(webhook) if webhook.is_single() => SINGLE_EVENTS,
            _ => BATCH_EVENTS,
        }
    }

    /// How many events were ever taken one by one: of a batch that failed, what this grew by was
    /// taken, from its first on.
    pub(crate) fn taken(&self) -> u64 {
        match self {
            Self::Webhook(webhook) => webhook.count(),
            _ => 0,
        }
    }

    /// How long to wait for more after a batch that was not full: a syslog server and a webhook
    /// get a connection for each.
    pub(crate) fn pause(&self) -> Duration {
        match self {
            Self::File(_) | Self::Nats(_) => Duration::from_millis(50),
            Self::Parquet(_) | Self::Webhook(_) | Self::Otlp(_) => Duration::from_millis(200),
            Self::Syslog(_) => Duration::from_millis(500),
        }
    }

    /// True if the other side has everything that was given: only then may a cursor go on.
    pub(crate) fn is_settled(&self) -> bool {
        match self {
            Self::Parquet(parquet) => parquet.is_settled(),
            _ => true,
        }
    }

    /// Whether what was given and is not settled is lost by a failure, so that it has to be given
    /// again from the last cursor on.
    pub(crate) fn gathers(&self) -> bool {
        matches!(self, Self::Parquet(_))
    }

    /// Looks whether it is time to settle, where nothing new comes.
    pub(crate) fn settle(&mut self) -> Result<(), ExportError> {
        match self {
            Self::Parquet(parquet) => parquet.settle(),
            _ => Ok(()),
        }
    }

    /// Settles, whether it is time or not.
    pub(crate) fn finish(&mut self) -> Result<(), ExportError> {
        match self {
            Self::Parquet(parquet) => parquet.complete(),
            _ => Ok(()),
        }
    }

    /// Sends a batch and waits for the other side's word that it has it.
    pub(crate) async fn deliver(&mut self, events: &[Event]) -> Result<(), ExportError> {
        let delivery = async {
            match self {
                Self::File(file) => file.deliver(events),
                Self::Parquet(parquet) => parquet.deliver(events),
                Self::Syslog(syslog) => syslog.deliver(events).await,
                Self::Webhook(webhook) => webhook.deliver(events).await,
                Self::Otlp(otlp) => otlp.deliver(events).await,
                Self::Nats(nats) => nats.deliver(events).await,
            }
        };
        tokio::time::timeout(DELIVERY_TIMEOUT, delivery).await.unwrap_or(Err(ExportError::Slow))
    }
}
