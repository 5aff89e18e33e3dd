//! `[[provider]]`: who vouches for people. Knows no protocol.

use crate::{
    kind::{Fault, FilePath, SecretRef, Text, Texts, Time, Word},
    settings::Provider,
    table::Table,
};
use model::IdentityKind;
use std::time::Duration;

pub(super) const PROVIDER: &str = "Who vouches for people: a provider of OpenID Connect. The \
section stands once for each. People who sign in there are made when they first do, and are in the \
groups that it says. Changes take effect at the next start. See docs/identity.md.";

/// Signatures that whoever checks them cannot make.
const ALGORITHMS: [&str; 9] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

const KINDS: &[(&str, IdentityKind)] =
    &[("person", IdentityKind::Person), ("service", IdentityKind::Service)];

pub(super) fn providers(table: &mut Table<'_>) -> Vec<Provider> {
    let mut providers: Vec<Provider> = Vec::new();
    for section in table.tables("provider", "[[provider]]", PROVIDER) {
        let span = section.span();
        let reader = section.reader();
        let provider = provider(section);
        if providers.iter().any(|one| one.name == provider.name) {
            let message = format!("there are two providers named \"{}\"", provider.name);
            reader.fault(span.clone(), Fault::new(message));
        }
        if providers.iter().any(|one| one.issuer == provider.issuer) {
            reader.fault(span, Fault::new("there are two providers with this issuer"));
        }
        providers.push(provider);
    }
    providers
}

/// One of them; also read empty, for the reference page.
pub(super) fn provider(mut table: Table<'_>) -> Provider {
    let spans = ["name", "issuer", "algorithms", "require"].map(|key| table.span_of(key));
    let client_id = |table: &mut Table<'_>| {
        table.required(
            "client_id",
            &Text { what: "a client's name" },
            "The client that you registered for Weir there: a public one (native), with PKCE, the \
             redirect `http://127.0.0.1/callback` and, for `weir login --device`, device codes.",
        )
    };
    let mut provider = Provider {
        name: table.required(
            "name",
            &Text { what: "a name" },
            "What Weir calls it: letters, digits and dashes.",
        ),
        issuer: table.required(
            "issuer",
            &Text { what: "a URL" },
            "What it calls itself, letter by letter; the keys are found from there. https, or http \
             on this machine.",
        ),
        client_id: client_id(&mut table),
        audience: None,
        scopes: Vec::new(),
        name_claim: String::new(),
        name_suffix: String::new(),
        groups_claim: String::new(),
        groups_prefix: String::new(),
        algorithms: Vec::new(),
        require: Vec::new(),
        kind: IdentityKind::Person,
        lifetime: Duration::ZERO,
        longest: Duration::ZERO,
        skew: Duration::ZERO,
        ca: None,
        scim_token: None,
    };
    who(&mut table, &mut provider);
    times(&mut table, &mut provider);
    judge(&table, &provider, &spans);
    table.finish();
    provider
}

/// What its tokens say about people, and what they must say.
fn who(table: &mut Table<'_>, provider: &mut Provider) {
    provider.audience = table.optional(
        "audience",
        &Text { what: "an audience" },
        "For whom its tokens must be, if it is not `client_id`.",
    );
    provider.scopes = table.or(
        "scopes",
        &Texts { what: "scopes" },
        "[\"openid\", \"profile\", \"offline_access\"]",
        "What `weir login` asks it for. Without `offline_access` people sign in anew for each \
         token.",
    );
    provider.name_claim = table.or(
        "name_claim",
        &Text { what: "a claim" },
        "\"preferred_username\"",
        "The claim that names people who are new. With `email` only an address that it has \
         verified counts. Who is known is recognised by `sub`, whatever they are called later.",
    );
    let suffix = table.optional(
        "name_suffix",
        &Text { what: "a suffix" },
        "What its people's names end with here: `@corp` makes `alice` into `alice@corp`.",
    );
    provider.name_suffix = suffix.unwrap_or_default();
    provider.groups_claim = table.or(
        "groups_claim",
        &Text { what: "a claim" },
        "\"groups\"",
        "The claim with their groups: a list of names, or one name. Names that no group of Weir's \
         can have are left out. A token without it is refused; `none` if its tokens say no groups, \
         and operators alone decide about them.",
    );
    let prefix = table.optional(
        "groups_prefix",
        &Text { what: "a prefix" },
        "What its groups begin with here: `corp:` makes `support` into `corp:support`. It then \
         decides about these groups and no others; without it about all groups of its people.",
    );
    provider.groups_prefix = prefix.unwrap_or_default();
    provider.algorithms = table.or(
        "algorithms",
        &Texts { what: "algorithms" },
        "[\"RS256\", \"PS256\", \"ES256\", \"EdDSA\"]",
        "How its tokens may be signed. Only signatures with a public key are possible.",
    );
    let require = table.or(
        "require",
        &Texts { what: "claims as name=value" },
        "[]",
        "Claims that must be there, as `name=value`: `hd=example.com`, `acr=mfa`.",
    );
    let pair = |text: &String| {
        let (name, value) = text.split_once('=')?;
        Some((name.to_owned(), value.to_owned()))
    };
    let pairs: Vec<_> = require.iter().map(pair).collect();
    if pairs.iter().any(Option::is_none) {
        let span = table.span_of("require").unwrap_or(table.span());
        table.fault(span, Fault::new("a required claim is written name=value"));
    }
    provider.require = pairs.into_iter().flatten().collect();
    provider.kind = table.or(
        "kind",
        &Word(KINDS, IdentityKind::Person),
        "\"person\"",
        "What those are who sign in there.",
    );
}

fn times(table: &mut Table<'_>, provider: &mut Provider) {
    let minute = Duration::from_secs(60);
    provider.lifetime = table.or(
        "lifetime",
        &Time { range: Duration::from_secs(1)..=minute * 60 * 24 },
        "\"15m\"",
        "How long a token for databases is good. It can be prolonged by asking the provider again, \
         which `weir connect` does; a session ends with its token.",
    );
    provider.longest = table.or(
        "longest",
        &Time { range: minute..=minute * 60 * 24 * 7 },
        "\"12h\"",
        "For how long at most a token is prolonged.",
    );
    provider.skew = table.or(
        "clock_skew",
        &Time { range: Duration::ZERO..=minute * 5 },
        "\"30s\"",
        "How far its clock may be from this one.",
    );
    provider.scim_token = table.optional(
        "scim_token",
        &SecretRef,
        "The token with which it adds and removes people and groups at `/scim/v2` of the API: 32 \
         bytes at least. Who is in which group is then what it says there, `groups_claim` does not \
         count, and nobody signs in whom it has not added.",
    );
    provider.ca = table.optional(
        "ca",
        &FilePath,
        "PEM file of the certificates to believe it by; the system's unless given.",
    );
}

/// What only shows when keys are looked at together.
fn judge(table: &Table<'_>, provider: &Provider, spans: &[Option<std::ops::Range<usize>>; 4]) {
    let [name, issuer, algorithms, _] = spans;
    let word = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if let Some(span) = name
        && !provider.name.chars().all(word)
    {
        table.fault(span.clone(), Fault::new("a provider's name has letters, digits and dashes"));
    }
    if let Some(span) = issuer
        && !is_encrypted(&provider.issuer)
    {
        table.fault(span.clone(), Fault::new("`issuer` begins with https://"));
    }
    check_algorithms(table, &provider.algorithms, algorithms.clone());
}

/// An address that is asked over TLS, or on this machine.
pub(super) fn is_encrypted(url: &str) -> bool {
    let (scheme, rest) = url.split_once("://").unwrap_or_default();
    let own = ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| rest.starts_with(host));
    !rest.is_empty() && (scheme == "https" || scheme == "http" && own)
}

/// Only signatures that whoever checks them cannot make.
pub(super) fn check_algorithms(
    table: &Table<'_>,
    algorithms: &[String],
    span: Option<std::ops::Range<usize>>,
) {
    for one in algorithms.iter().filter(|one| !ALGORITHMS.contains(&one.as_str())) {
        let message = format!("\"{one}\" is no signature with a public key");
        let help = format!("one of {}", ALGORITHMS.join(", "));
        table.fault(span.clone().unwrap_or(table.span()), Fault::help(message, help));
    }
}
