//! `[[end_user]]`: which services say for whom they act. Knows no protocol.

use super::{
    providers::{check_algorithms, is_encrypted},
    workloads::{REPLAY, keys},
};
use crate::{
    kind::{Fault, FilePath, Text, Texts, Time, Word},
    settings::{EndUsers, WorkloadKeys},
    table::Table,
};
use std::time::Duration;

pub(super) const END_USER: &str = "A pooled application that says in each transaction for whom it \
acts, and whose word for that counts. The section stands once for each. Changes take effect at the \
next start. See docs/identity.md.";

pub(super) fn end_users(table: &mut Table<'_>) -> Vec<EndUsers> {
    let mut all: Vec<EndUsers> = Vec::new();
    for section in table.tables("end_user", "[[end_user]]", END_USER) {
        let (span, reader) = (section.span(), section.reader());
        let one = end_user(section);
        if all.iter().any(|other| other.service == one.service) {
            let message = format!("there are two [[end_user]] of service \"{}\"", one.service);
            reader.fault(span.clone(), Fault::new(message));
        }
        // What one application may show must not count for another.
        let same =
            |other: &EndUsers| (&other.issuer, &other.audience) == (&one.issuer, &one.audience);
        if all.iter().any(same) {
            reader.fault(span, Fault::new("two services have the same issuer and audience"));
        }
        all.push(one);
    }
    all
}

/// One of them; also read empty, for the reference page.
pub(super) fn end_user(mut table: Table<'_>) -> EndUsers {
    let spans = ["issuer", "algorithms", "keys_url"].map(|key| table.span_of(key));
    let mut one = EndUsers {
        service: table.required(
            "service",
            &Text { what: "a name" },
            "The service that says so; nobody else may.",
        ),
        issuer: table.required(
            "issuer",
            &Text { what: "a name or URL" },
            "Who signs the tokens, letter by letter: a name that you choose for the application, \
             or a provider of OpenID Connect, whose keys are found from there.",
        ),
        audience: table.required(
            "audience",
            &Text { what: "an audience" },
            "For whom the tokens must be, and for nobody else: `weir`, or the application's own \
             client at the provider.",
        ),
        keys: keys(&mut table),
        algorithms: table.or(
            "algorithms",
            &Texts { what: "algorithms" },
            "[\"RS256\", \"PS256\", \"ES256\", \"EdDSA\"]",
            "How the tokens may be signed. Only signatures with a public key are possible.",
        ),
        name_claim: table.or(
            "name_claim",
            &Text { what: "a claim" },
            "\"sub\"",
            "The claim that names the person, as Weir knows them.",
        ),
        name_suffix: String::new(),
        longest: Duration::ZERO,
        once: true,
        skew: Duration::ZERO,
        ca: None,
    };
    more(&mut table, &mut one);
    let [issuer, algorithms, keys_url] = spans;
    match (&one.keys, issuer, keys_url) {
        (WorkloadKeys::Discovery, Some(span), _) if !is_encrypted(&one.issuer) => {
            let help = "or say `keys_file` or `keys_url`";
            table.fault(span, Fault::help("`issuer` begins with https://", help));
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

fn more(table: &mut Table<'_>, one: &mut EndUsers) {
    let suffix = table.optional(
        "name_suffix",
        &Text { what: "a suffix" },
        "What the names end with here: `@corp` makes `alice` into `alice@corp`.",
    );
    one.name_suffix = suffix.unwrap_or_default();
    let minute = Duration::from_secs(60);
    one.longest = table.or(
        "longest",
        &Time { range: Duration::from_secs(1)..=minute * 60 * 24 },
        "\"5m\"",
        "From its making to its end, how long a token may be good; one that is good for longer is \
         refused. More for a provider's ID tokens.",
    );
    one.once = table.or(
        "replay",
        &Word(REPLAY, true),
        "\"refuse\"",
        "Whether a token is taken again, for another transaction, that was taken before. `allow` \
         where the application has one for the whole of a request, or shows a provider's.",
    );
    one.skew = table.or(
        "clock_skew",
        &Time { range: Duration::ZERO..=minute * 5 },
        "\"30s\"",
        "How far the signer's clock may be from this one.",
    );
    one.ca = table.optional(
        "ca",
        &FilePath,
        "PEM file of the certificates to believe the keys' address by; the system's unless given.",
    );
}
