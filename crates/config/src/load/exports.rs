//! `[[export]]`: where records go as events, and which keys each kind of sink takes. Knows no sink.

use crate::{
    kind::{Count, Fault, FilePath, SecretRef, Size, Text, Time, Word},
    secret::SecretSource,
    settings::{Export, ExportFormat, ExportTo},
    table::{Reader, Table},
};
use std::{path::PathBuf, time::Duration};

pub(super) const EXPORT: &str = "Where records go as events (OCSF or OpenLineage, JSON) or spans \
(OpenTelemetry), next to the ledger; the section stands once for each. A sink that is down delays \
nobody and misses nothing. Changes take effect at the next start. See docs/export.md.";

const MIB: u64 = 1 << 20;

/// The kinds, and the keys that each takes beside `name`, `kind` and `from`: first those that it
/// needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SinkKind {
    File,
    Parquet,
    Syslog,
    Webhook,
    Nats,
    Otlp,
}

impl SinkKind {
    const fn needs(self) -> &'static [&'static str] {
        match self {
            Self::File | Self::Parquet => &["path"],
            Self::Syslog => &["host"],
            Self::Webhook => &["url", "secret"],
            Self::Nats | Self::Otlp => &["url"],
        }
    }

    const fn takes(self) -> &'static [&'static str] {
        match self {
            Self::File => &["rotate", "keep"],
            Self::Parquet => &["rotate", "every"],
            Self::Syslog => &["port", "tls", "ca", "message"],
            Self::Webhook => &["ca"],
            Self::Otlp => &["token", "ca"],
            Self::Nats => &["subject", "user", "password", "ca"],
        }
    }
}

/// Every key that only some kinds take.
const OWN: [&str; 15] = [
    "path", "rotate", "keep", "host", "port", "tls", "message", "url", "secret", "subject", "user",
    "password", "token", "ca", "every",
];

pub(super) fn exports(table: &mut Table<'_>) -> Vec<Export> {
    let mut exports: Vec<Export> = Vec::new();
    for section in table.tables("export", "[[export]]", EXPORT) {
        let span = section.span_of("name").unwrap_or(section.span());
        let reader = section.reader();
        let Some(export) = export(section) else { continue };
        if exports.iter().any(|one| one.name == export.name) {
            let message = format!("there are two exports named \"{}\"", export.name);
            reader.fault(span, Fault::new(message));
        }
        exports.push(export);
    }
    exports
}

/// `None` if something is wrong with it, which then is reported.
pub(super) fn export(mut table: Table<'_>) -> Option<Export> {
    let before = table.reader().problems();
    let name_span = table.span_of("name").unwrap_or(table.span());
    let name = table.required(
        "name",
        &Text { what: "a name" },
        "Its name in the log, in metrics and of its cursor's file: letters, digits, - and _.",
    );
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if !name.chars().all(plain) || name.len() > 64 {
        let help = "write at most 64 letters, digits, - and _";
        table.fault(name_span, Fault::help("the name becomes part of a file's name", help));
    }
    let kind = table.required(
        "kind",
        &Word(
            &[
                ("file", SinkKind::File),
                ("parquet", SinkKind::Parquet),
                ("syslog", SinkKind::Syslog),
                ("webhook", SinkKind::Webhook),
                ("nats", SinkKind::Nats),
                ("otlp", SinkKind::Otlp),
            ],
            SinkKind::File,
        ),
        "What it is. It says which of the keys below it takes.",
    );
    let formatted = table.span_of("format").is_some();
    let (format, format_span) = format(&mut table);
    let present: Vec<_> = OWN.iter().map(|key| (*key, table.span_of(key))).collect();
    let from_start = table.or(
        "from",
        &Word(&[("start", true), ("now", false)], true),
        "\"start\"",
        "Where it begins when it is new: with the first record of the ledger, or with what comes.",
    );
    let (keys, span, reader) = (keys(&mut table), table.span(), table.reader());
    let good = reader.problems() == before;
    table.finish();
    if !good {
        return None;
    }
    for (key, place) in present {
        let (needed, taken) = (kind.needs().contains(&key), kind.takes().contains(&key));
        match place {
            None if needed => {
                let message = format!("an [[export]] of this kind needs `{key}`");
                reader.fault(span.clone(), Fault::new(message));
            }
            Some(place) if !needed && !taken => {
                let known = [kind.needs(), kind.takes()].concat().join(", ");
                let message = format!("`{key}` is nothing that this kind of export takes");
                reader.fault(place, Fault::help(message, format!("it takes {known}")));
            }
            _ => {}
        }
    }
    let format = fitting(kind, format, formatted, format_span, reader);
    match to(kind, keys) {
        Ok(to) => Some(Export { name, to, format, from_start }),
        // What is missing was reported above.
        Err(None) => None,
        Err(Some(fault)) => {
            reader.fault(span, fault);
            None
        }
    }
}

/// The format that this kind of export has; a collector has one of its own.
fn fitting(
    kind: SinkKind,
    format: ExportFormat,
    formatted: bool,
    span: std::ops::Range<usize>,
    reader: &Reader,
) -> ExportFormat {
    match kind {
        SinkKind::Otlp => {
            if formatted {
                let message = "a collector of OpenTelemetry takes spans, and no other `format`";
                reader.fault(span, Fault::new(message));
            }
            ExportFormat::Spans
        }
        SinkKind::Syslog if format != ExportFormat::Ocsf => {
            let help = "send runs to a file, a webhook or nats";
            reader.fault(span, Fault::help("a syslog server takes OCSF events only", help));
            format
        }
        SinkKind::Parquet if format != ExportFormat::Ocsf => {
            let help = "send runs to a file, a webhook or nats";
            reader.fault(span, Fault::help("rows of Parquet are OCSF events", help));
            format
        }
        _ => format,
    }
}

/// What records leave as, and where that stands.
fn format(table: &mut Table<'_>) -> (ExportFormat, std::ops::Range<usize>) {
    let span = table.span_of("format").unwrap_or(table.span());
    let lineage = table.or(
        "format",
        &Word(&[("ocsf", false), ("openlineage", true)], false),
        "\"ocsf\"",
        "What records leave as: OCSF events of everything, or OpenLineage runs of sessions and of \
         statements that write data.",
    );
    let namespace_span = table.span_of("namespace").unwrap_or(table.span());
    let namespace = table.optional(
        "namespace",
        &Text { what: "a namespace" },
        "openlineage: the namespace of datasets, as other producers name the database's server \
         (postgres://db.internal:5432). Without it, one of Weir's own.",
    );
    if namespace.is_some() && !lineage {
        let help = "write format = \"openlineage\", or leave it out";
        table.fault(namespace_span, Fault::help("OCSF events have no `namespace`", help));
    }
    match lineage {
        true => (ExportFormat::OpenLineage { namespace }, span),
        false => (ExportFormat::Ocsf, span),
    }
}

/// The keys that only some kinds take, as they were read.
struct Keys {
    path: Option<PathBuf>,
    rotate: u64,
    keep: u64,
    every: Duration,
    host: Option<String>,
    port: u64,
    tls: bool,
    message: u64,
    url: Option<String>,
    secret: Option<SecretSource>,
    token: Option<SecretSource>,
    subject: String,
    user: Option<String>,
    password: Option<SecretSource>,
    ca: Option<PathBuf>,
}

/// Where files go, and when one is over.
fn files(table: &mut Table<'_>) -> (Option<PathBuf>, u64, Duration) {
    let path = table.optional("path", &FilePath, "file: where the lines go. parquet: the folder.");
    let rotate = table.or(
        "rotate",
        &Size(64 << 10..=1 << 40),
        "\"100MiB\"",
        "file: one that is at least this long is renamed to `path`.1, and another begun. \
         parquet: files are finished when together they are at least this long.",
    );
    let every = table.or(
        "every",
        &Time { range: Duration::from_secs(1)..=Duration::from_secs(24 * 60 * 60) },
        "\"5m\"",
        "parquet: files are finished when they are this old, if they are not long enough before.",
    );
    (path, rotate, every)
}

fn keys(table: &mut Table<'_>) -> Keys {
    let (path, rotate, every) = files(table);
    Keys {
        path,
        rotate,
        every,
        keep: table.or(
            "keep",
            &Count(1..=10_000),
            "10",
            "file: how many renamed ones are kept. The ledger keeps everything.",
        ),
        host: table.optional(
            "host",
            &Text { what: "a host" },
            "syslog: host name or IP address of the server.",
        ),
        port: table.or("port", &Count(1..=65_535), "6514", "syslog: its TCP port."),
        tls: table.or(
            "tls",
            &Word(&[("verify-full", true), ("disable", false)], true),
            "\"verify-full\"",
            "syslog: TLS, with a certificate by a known authority and the right host name in it, \
             or no TLS.",
        ),
        message: table.or(
            "message",
            &Size(2048..=MIB),
            "\"8KiB\"",
            "syslog: the longest message that the server takes. Longer ones are shortened and say \
             so.",
        ),
        url: table.optional(
            "url",
            &Text { what: "a URL" },
            "webhook: where to POST, https:// or http://. nats: the server, tls:// or nats://. otlp: the \
             collector, https:// or http://; without a path it is asked at `/v1/traces`.",
        ),
        secret: table.optional(
            "secret",
            &SecretRef,
            "webhook: where the key is that signs each batch (HMAC-SHA-256, Standard Webhooks).",
        ),
        token: table.optional(
            "token",
            &SecretRef,
            "otlp: where the token is that the collector asks for (`Authorization: Bearer`).",
        ),
        subject: table.or(
            "subject",
            &Text { what: "a subject" },
            "\"weir.events\"",
            "nats: what events are published as. A JetStream stream has to take it.",
        ),
        user: table.optional("user", &Text { what: "a user" }, "nats: who signs in."),
        password: table.optional("password", &SecretRef, "nats: where the user's password is."),
        ca: table.optional(
            "ca",
            &FilePath,
            "syslog, webhook, nats, otlp: PEM file of certificate authorities. Without it, the \
             system's.",
        ),
    }
}

/// `Err(None)` if a needed key is missing.
fn to(kind: SinkKind, keys: Keys) -> Result<ExportTo, Option<Fault>> {
    let Keys { rotate, keep, ca, subject, .. } = keys;
    let url = |url: Option<String>, schemes: [&str; 2]| {
        let url = url.ok_or(None)?;
        let begins = |scheme: &str| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty());
        if schemes.into_iter().any(begins) {
            return Ok(url);
        }
        let [one, other] = schemes;
        let help = format!("write {one}HOST or {other}HOST");
        Err(Some(Fault::help(format!("\"{url}\" is not a URL that this kind takes"), help)))
    };
    Ok(match kind {
        SinkKind::File => ExportTo::File { path: keys.path.ok_or(None)?, rotate, keep },
        SinkKind::Parquet => {
            ExportTo::Parquet { path: keys.path.ok_or(None)?, rotate, every: keys.every }
        }
        SinkKind::Syslog => ExportTo::Syslog {
            host: keys.host.ok_or(None)?,
            port: u16::try_from(keys.port).unwrap_or(0),
            tls: keys.tls,
            ca,
            message: usize::try_from(keys.message).unwrap_or(usize::MAX),
        },
        SinkKind::Webhook => ExportTo::Webhook {
            url: url(keys.url, ["https://", "http://"])?,
            ca,
            secret: keys.secret.ok_or(None)?,
        },
        SinkKind::Otlp => {
            ExportTo::Otlp { url: url(keys.url, ["https://", "http://"])?, ca, token: keys.token }
        }
        SinkKind::Nats => ExportTo::Nats {
            url: url(keys.url, ["tls://", "nats://"])?,
            ca,
            subject,
            user: match (keys.user, keys.password) {
                (Some(user), Some(password)) => Some((user, password)),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => {
                    let message = "`user` and `password` stand together or not at all";
                    return Err(Some(Fault::new(message)));
                }
            },
        },
    })
}

/// What is allowed but deserves a second look.
pub(super) fn warnings(exports: &[Export], warn: &mut impl FnMut(String, &str)) {
    for Export { name, to, .. } in exports {
        let secret = match to {
            ExportTo::Webhook { secret, .. } => Some(secret),
            ExportTo::Nats { user, .. } => user.as_ref().map(|(_, password)| password),
            ExportTo::Otlp { token, .. } => token.as_ref(),
            ExportTo::File { .. } | ExportTo::Parquet { .. } | ExportTo::Syslog { .. } => None,
        };
        if let Some(Err(error)) = secret.map(SecretSource::read) {
            warn(format!("export \"{name}\": {error}"), "`weir serve` does not start until it is");
        }
        let open = match to {
            ExportTo::File { .. } | ExportTo::Parquet { .. } => None,
            ExportTo::Syslog { host, tls, .. } => (!tls).then(|| host.clone()),
            ExportTo::Webhook { url, .. } | ExportTo::Otlp { url, .. } => {
                url.strip_prefix("http://").map(host)
            }
            ExportTo::Nats { url, .. } => url.strip_prefix("nats://").map(host),
        };
        if let Some(host) = open.filter(|host| !is_own(host)) {
            warn(
                format!("export \"{name}\": records go to {host} without TLS"),
                "they say who asked for what; use TLS unless the network itself encrypts",
            );
        }
    }
}

/// The host of what follows a URL's scheme.
pub(super) fn host(rest: &str) -> String {
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    match authority.strip_prefix('[').and_then(|six| six.split_once(']')) {
        Some((six, _)) => six.to_owned(),
        None => authority.split(':').next().unwrap_or_default().to_owned(),
    }
}

/// Whether it is this machine.
pub(super) fn is_own(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
