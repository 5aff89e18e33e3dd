//! `[[workload]]`: who vouches for services. Knows no protocol.

use super::providers::{check_algorithms, is_encrypted};
use crate::{
    kind::{Fault, FilePath, Text, Texts, Time, Word},
    settings::{Provider, Workload, WorkloadKeys, WorkloadRule},
    table::Table,
};
use std::{ops::Range, time::Duration};

pub(super) const WORKLOAD: &str = "Who vouches for services: an issuer of signed tokens, as \
Kubernetes, CI systems and clouds have one. The section stands once for each. Changes take effect \
at the next start. See docs/identity.md.";

pub(super) const RULE: &str = "Which tokens of the `[[workload]]` above it are whose; the section \
stands once for each identity. A token that no rule is for is nobody's, and one that two are for, \
too.";

pub(super) const REPLAY: &[(&str, bool)] = &[("refuse", true), ("allow", false)];

pub(super) fn workloads(table: &mut Table<'_>, providers: &[Provider]) -> Vec<Workload> {
    let mut workloads: Vec<Workload> = Vec::new();
    for section in table.tables("workload", "[[workload]]", WORKLOAD) {
        let span = section.span();
        let reader = section.reader();
        let workload = workload(section);
        let names = |other: &Workload| other.name == workload.name;
        if workloads.iter().any(names) || providers.iter().any(|one| one.name == workload.name) {
            let message = format!("there are two that vouch named \"{}\"", workload.name);
            reader.fault(span.clone(), Fault::new(message));
        }
        // Whose keys count is told by the issuer, so it must tell one from the other.
        let issues = |other: &Workload| other.issuer == workload.issuer;
        let provides = |other: &Provider| other.issuer == workload.issuer;
        if workloads.iter().any(issues) || providers.iter().any(provides) {
            reader.fault(span, Fault::new("there are two that vouch with this issuer"));
        }
        workloads.push(workload);
    }
    workloads
}

/// One of them; also read empty, for the reference page.
pub(super) fn workload(mut table: Table<'_>) -> Workload {
    let spans = ["name", "issuer", "algorithms", "keys_url"].map(|key| table.span_of(key));
    let mut workload = Workload {
        name: table.required(
            "name",
            &Text { what: "a name" },
            "What Weir calls it: letters, digits and dashes.",
        ),
        issuer: table.required(
            "issuer",
            &Text { what: "a URL" },
            "What it calls itself, letter by letter. Without `keys_url` and `keys_file` its keys \
             are found from there.",
        ),
        audience: table.required(
            "audience",
            &Text { what: "an audience" },
            "For whom its tokens must be, and for nobody else: a name that is yours alone, for a \
             token is good wherever its audience is accepted.",
        ),
        keys: WorkloadKeys::Discovery,
        algorithms: Vec::new(),
        rules: Vec::new(),
        once: true,
        lifetime: Duration::ZERO,
        skew: Duration::ZERO,
        ca: None,
    };
    more(&mut table, &mut workload);
    judge(&table, &workload, &spans);
    workload.rules =
        table.tables("rule", "[[workload.rule]]", RULE).into_iter().map(rule).collect();
    if workload.rules.is_empty() {
        let fault = Fault::new("without a [[workload.rule]] its tokens are nobody's");
        table.fault(table.span(), fault);
    }
    table.finish();
    workload
}

fn more(table: &mut Table<'_>, workload: &mut Workload) {
    workload.keys = keys(table);
    workload.algorithms = table.or(
        "algorithms",
        &Texts { what: "algorithms" },
        "[\"RS256\", \"PS256\", \"ES256\", \"EdDSA\"]",
        "How its tokens may be signed. Only signatures with a public key are possible.",
    );
    workload.once = table.or(
        "replay",
        &Word(REPLAY, true),
        "\"refuse\"",
        "Whether a token is exchanged again that was exchanged before. `allow` for tokens that \
         stand in a file for an hour, as in Kubernetes.",
    );
    let minute = Duration::from_secs(60);
    workload.lifetime = table.or(
        "lifetime",
        &Time { range: Duration::from_secs(1)..=minute * 60 * 24 },
        "\"15m\"",
        "How long a token for databases is good that is given for one of its own. A session ends \
         with its token.",
    );
    workload.skew = table.or(
        "clock_skew",
        &Time { range: Duration::ZERO..=minute * 5 },
        "\"30s\"",
        "How far its clock may be from this one.",
    );
    workload.ca = table.optional(
        "ca",
        &FilePath,
        "PEM file of the certificates to believe it by; the system's unless given.",
    );
}

/// Where keys are.
pub(super) fn keys(table: &mut Table<'_>) -> WorkloadKeys {
    let url = table.optional(
        "keys_url",
        &Text { what: "a URL" },
        "Where its keys are, if it does not say so itself: a JSON Web Key Set.",
    );
    let file = table.optional("keys_file", &FilePath, "The same in a file.");
    match (url, file) {
        (None, None) => WorkloadKeys::Discovery,
        (Some(url), None) => WorkloadKeys::Url(url),
        (url, Some(file)) => {
            if url.is_some() {
                let fault = Fault::new("`keys_url` and `keys_file` do not go together");
                table.fault(table.span(), fault);
            }
            WorkloadKeys::File(file)
        }
    }
}

/// One rule; also read empty, for the reference page.
pub(super) fn rule(mut table: Table<'_>) -> WorkloadRule {
    let span = table.span_of("claims");
    let identity = table.required(
        "identity",
        &Text { what: "a name" },
        "Who it is: a service or an agent that was added before.",
    );
    let claims = table.required(
        "claims",
        &Texts { what: "claims as name=value" },
        "What the token must say, all of it: `repository=acme/shop`, \
         `sub=system:serviceaccount:shop:*`. A `*` stands for one or more characters without `/` \
         and `:`.",
    );
    let pair = |text: &String| {
        let (name, value) = text.split_once('=')?;
        (!name.is_empty() && !value.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    };
    let pairs: Vec<_> = claims.iter().map(pair).collect();
    if let Some(span) = span
        && (pairs.is_empty() || pairs.iter().any(Option::is_none))
    {
        let fault = Fault::new("a rule names one claim at least, each written name=value");
        table.fault(span, fault);
    }
    let databases = table.or(
        "databases",
        &Texts { what: "a database" },
        "[]",
        "The databases that it may use, by Weir's names; all if empty.",
    );
    table.finish();
    WorkloadRule { identity, claims: pairs.into_iter().flatten().collect(), databases }
}

/// What only shows when keys are looked at together.
fn judge(table: &Table<'_>, workload: &Workload, spans: &[Option<Range<usize>>; 4]) {
    let [name, issuer, algorithms, keys_url] = spans;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if let Some(span) = name
        && !workload.name.chars().all(word)
    {
        table.fault(span.clone(), Fault::new("its name has letters, digits and dashes"));
    }
    match &workload.keys {
        WorkloadKeys::Discovery if !is_encrypted(&workload.issuer) => {
            if let Some(span) = issuer {
                table.fault(span.clone(), Fault::new("`issuer` begins with https://"));
            }
        }
        WorkloadKeys::Url(url) if !is_encrypted(url) => {
            if let Some(span) = keys_url {
                table.fault(span.clone(), Fault::new("`keys_url` begins with https://"));
            }
        }
        _ => {}
    }
    check_algorithms(table, &workload.algorithms, algorithms.clone());
}
