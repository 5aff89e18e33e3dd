//! What a sink needs to be told. Knows no file format that it is written in.

use std::{fmt, path::PathBuf, time::Duration};

/// Who exports: stands in every event.
#[derive(Clone, Debug)]
pub struct About {
    /// The node's name.
    pub node: String,
    /// Weir's version.
    pub version: String,
}

/// Where a sink begins that has no place in the log yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With the first record of the log.
    Start,
    /// With what is recorded from now on.
    Now,
}

/// One sink.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name: in logs, metrics, and of its cursor's file.
    pub name: String,
    /// Where to.
    pub to: To,
    /// What records leave as.
    pub format: Format,
    /// Where it begins.
    pub begin: Begin,
}

/// What records leave as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Events of the Open Cybersecurity Schema Framework, of everything.
    Ocsf,
    /// Spans of OpenTelemetry, of statements.
    Spans,
    /// Run events of OpenLineage, of sessions and of statements that write data.
    OpenLineage {
        /// The namespace of datasets, as other producers name the database's server; one of Weir's
        /// own without it.
        namespace: Option<String>,
    },
}

/// The kinds of sinks.
#[derive(Clone, Debug)]
pub enum To {
    /// A file of JSON lines.
    File {
        /// Where.
        path: PathBuf,
        /// A file that is at least this long is set aside.
        rotate_bytes: u64,
        /// So many that were set aside are kept.
        keep: u64,
    },
    /// A folder of Parquet files, by days.
    Parquet {
        /// Where.
        path: PathBuf,
        /// Files are finished when together they are at least this long,
        rotate_bytes: u64,
        /// or this old.
        every: Duration,
    },
    /// A syslog server, over TCP or TLS.
    Syslog {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// Over TLS, with the server's name verified.
        tls: bool,
        /// Who signs its certificate; the system's authorities without it.
        ca: Option<PathBuf>,
        /// The longest message that it takes.
        message_bytes: usize,
    },
    /// A server that takes batches by HTTP POST.
    Webhook {
        /// `https://host[:port]/path`, or `http:`.
        url: String,
        /// Who signs its certificate; the system's authorities without it.
        ca: Option<PathBuf>,
        /// Signs each batch.
        secret: Key,
    },
    /// A collector of OpenTelemetry, by OTLP over HTTP.
    Otlp {
        /// `https://host[:port]`, or `http:`; `/v1/traces` unless it has a path.
        url: String,
        /// Who signs its certificate; the system's authorities without it.
        ca: Option<PathBuf>,
        /// A bearer's token, if it asks for one.
        token: Option<Key>,
    },
    /// A stream of NATS JetStream.
    Nats {
        /// `nats://host[:port]`, or `tls:`.
        url: String,
        /// Who signs its certificate; the system's authorities without it.
        ca: Option<PathBuf>,
        /// What events are published as.
        subject: String,
        /// Name and password, if it asks for them.
        user: Option<(String, Key)>,
    },
}

/// A secret. Prints as `***`.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// Holds a secret's text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
