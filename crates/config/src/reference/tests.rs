//! The definitions are complete and their defaults are valid.

use super::{reference, sections};

#[test]
fn every_default_is_valid() {
    // A default that its own kind refuses would show up as a problem of the shortest valid file.
    let text = "[[database]]\nname='a'\n[database.upstream]\nhost='h'\nuser='u'\n";
    assert_eq!(crate::parse("weir.toml".as_ref(), text).map(|_| ()), Ok(()));
}

#[test]
fn every_key_is_documented() {
    let sections = sections();
    let headings: Vec<_> = sections.iter().map(|section| section.heading).collect();
    let expected = [
        "",
        "[listen]",
        "[tls]",
        "[[tls.client]]",
        "[ca]",
        "[policies]",
        "[[database]]",
        "[[database.role]]",
        "[database.upstream]",
        "[vault]",
        "[aws]",
        "[gcp]",
        "[azure]",
        "[labels]",
        "[[labels.rule]]",
        "[[canary]]",
        "[ledger]",
        "[[ledger.witness]]",
        "[[ledger.git]]",
        "[[ledger.bucket]]",
        "[witness]",
        "[api]",
        "[console]",
        "[approvals]",
        "[[provider]]",
        "[[transmitter]]",
        "[[workload]]",
        "[[workload.rule]]",
        "[[end_user]]",
        "[keys]",
        "[[channel]]",
        "[limits]",
        "[[export]]",
        "[log]",
    ];
    assert_eq!(headings, expected);
    for key in sections.iter().flat_map(|section| &section.keys) {
        assert!(key.about.ends_with('.'), "{}: {}", key.name, key.about);
    }
    let page = reference();
    assert!(page.contains("| `idle_timeout` |"), "{page}");
}
