//! `[ca]`: an authority of Weir's own. Knows no certificate.

use crate::{
    kind::{Fault, Text, Time},
    settings::Authority,
    table::Table,
};
use std::{path::PathBuf, time::Duration};

pub(super) const CA: &str = "An authority of Weir's own, made by `weir ca init`, that signs \
short-lived certificates by which clients sign in. Changes take effect at the next start. See \
docs/certificates.md.";

/// Only one kind of authority signs: those of a bundle could sign names of this one's domain.
pub(super) fn alone(table: &Table<'_>, ca: Option<&Authority>, bundle: Option<&PathBuf>) {
    if ca.is_some() && bundle.is_some() {
        let help = "put its certificate into the bundle of `client_ca`, and say whose names count \
                    by [[tls.client]]";
        let fault = Fault::help("[ca] and `client_ca` of [tls] do not go together", help);
        table.fault(table.span(), fault);
    }
}

/// The authority, if there is one; also read empty, for the reference page.
pub(super) fn ca(mut table: Table<'_>, present: bool) -> Option<Authority> {
    let span = table.span_of("trust_domain");
    let domain = table.optional(
        "trust_domain",
        &Text { what: "a trust domain" },
        "The trust domain of its SPIFFE IDs, `spiffe://TRUST_DOMAIN/identity/NAME`: small letters, \
         digits and `.-_`. It must be there where the section is.",
    );
    let hour = Duration::from_secs(3_600);
    let range = hour / 60..=hour * 24 * 90;
    let lifetime = table.or(
        "lifetime",
        &Time { range: range.clone() },
        "\"8h\"",
        "How long a certificate is good that is issued without `--for`.",
    );
    let longest = table.or("longest", &Time { range }, "\"24h\"", "How long one is good at most.");
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
    let plain = |domain: &String| !domain.is_empty() && domain.chars().all(letter);
    if domain.as_ref().is_some_and(|domain| !plain(domain)) {
        let fault = Fault::new("a trust domain has small letters, digits and .-_");
        table.fault(span.unwrap_or(table.span()), fault);
    }
    if present && domain.is_none() {
        table.fault(table.span(), Fault::new("`trust_domain` is missing"));
    }
    if lifetime > longest {
        let fault = Fault::new("`lifetime` of certificates is longer than `longest`");
        table.fault(table.span(), fault);
    }
    table.finish();
    domain.map(|trust_domain| Authority { trust_domain, lifetime, longest })
}
