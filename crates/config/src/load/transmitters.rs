//! `[[transmitter]]`: who says what happened to people. Knows no protocol.

use super::{
    providers::{check_algorithms, is_encrypted},
    workloads::keys,
};
use crate::{
    kind::{Fault, FilePath, SecretRef, Text, Texts, Time},
    settings::{Provider, Transmitter, WorkloadKeys},
    table::Table,
};
use std::time::Duration;

pub(super) const TRANSMITTER: &str = "Who says at once what happened to a provider's people, by \
security events (Shared Signals: CAEP, RISC) pushed to `/events` of the API. The section stands \
once for each. Changes take effect at the next start. See docs/identity.md.";

pub(super) fn transmitters(table: &mut Table<'_>, providers: &[Provider]) -> Vec<Transmitter> {
    let mut all: Vec<Transmitter> = Vec::new();
    for section in table.tables("transmitter", "[[transmitter]]", TRANSMITTER) {
        let (span, reader) = (section.span(), section.reader());
        let one = transmitter(section);
        if all.iter().any(|other| other.name == one.name || other.issuer == one.issuer) {
            let fault = Fault::new("there are two transmitters with this name or issuer");
            reader.fault(span.clone(), fault);
        }
        if !providers.iter().any(|provider| provider.name == one.provider) {
            let message = format!("there is no [[provider]] named \"{}\"", one.provider);
            reader.fault(span, Fault::new(message));
        }
        all.push(one);
    }
    all
}

/// One of them; also read empty, for the reference page.
pub(super) fn transmitter(mut table: Table<'_>) -> Transmitter {
    let spans = ["issuer", "algorithms", "keys_url"].map(|key| table.span_of(key));
    let one = Transmitter {
        name: table.required("name", &Text { what: "a name" }, "What Weir calls it."),
        issuer: table.required(
            "issuer",
            &Text { what: "a URL" },
            "What it calls itself, letter by letter.",
        ),
        audience: table.required(
            "audience",
            &Text { what: "an audience" },
            "For whom its events are, as it was told when the stream was made.",
        ),
        provider: table.required(
            "provider",
            &Text { what: "a provider's name" },
            "The `[[provider]]` whose people it speaks of, and of nobody else.",
        ),
        keys: keys(&mut table),
        algorithms: table.or(
            "algorithms",
            &Texts { what: "algorithms" },
            "[\"RS256\", \"PS256\", \"ES256\", \"EdDSA\"]",
            "How its events may be signed. Only signatures with a public key are possible.",
        ),
        token: table.optional(
            "token",
            &SecretRef,
            "What it shows as `Authorization: Bearer` beside the signature, if it is told to.",
        ),
        skew: table.or(
            "clock_skew",
            &Time { range: Duration::ZERO..=Duration::from_secs(300) },
            "\"30s\"",
            "How far its clock may be from this one.",
        ),
        ca: table.optional(
            "ca",
            &FilePath,
            "PEM file of the certificates to believe it by; the system's unless given.",
        ),
    };
    let [issuer, algorithms, keys_url] = spans;
    match (&one.keys, issuer, keys_url) {
        (WorkloadKeys::Discovery, Some(span), _) if !is_encrypted(&one.issuer) => {
            table.fault(span, Fault::new("`issuer` begins with https://"));
        }
        (WorkloadKeys::Url(url), _, Some(span)) if !is_encrypted(url) => {
            table.fault(span, Fault::new("`keys_url` begins with https://"));
        }
        _ => {}
    }
    check_algorithms(&table, &one.algorithms, algorithms);
    table.finish();
    one
}
