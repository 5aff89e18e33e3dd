//! Policies for a purpose, ready to be copied into a policy folder: Cedar with comments, and the
//! cases that show what it means. Nothing here is in force by itself.

/// A pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pack {
    /// The word by which it is asked for, and the name of its files.
    pub name: &'static str,
    /// What it is for, in a line.
    pub what: &'static str,
    /// The policies.
    pub cedar: &'static str,
    /// Their cases.
    pub cases: &'static str,
}

macro_rules! packs {
    ($($name:literal: $what:literal;)*) => {
        /// Every pack.
        pub const PACKS: &[Pack] = &[$(Pack {
            name: $name,
            what: $what,
            cedar: include_str!(concat!("../packs/", $name, ".cedar")),
            cases: include_str!(concat!("../packs/", $name, ".md")),
        }),*];
    };
}

packs! {
    "application": "one service sees the data of its own database as it is, and copies none out";
    "production": "changes by hand wait for a second person, people read in pieces";
    "guardrails": "mass changes, runaway statements, harvests and the structure of production wait";
    "read-only": "group analysts reads pseudonyms and changes nothing";
    "agents": "agents see pseudonyms and a thousand rows; what they change waits for a person";
    "pci": "card numbers after PCI DSS 4.0: in full for group cardholder-data alone";
    "hipaa": "health data after HIPAA: for group treatment alone, a hundred records at a time";
    "gdpr": "personal data after the GDPR: pseudonyms, special categories apart";
}
