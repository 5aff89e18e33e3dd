//! Canaries: values that were planted where nobody has to look, so that whoever is sent one was
//! looking around. Knows bytes, and neither rows nor protocols.

use crate::session::Session;
use aho_corasick::AhoCorasick;
use ledger::{Time, record::Administered};
use model::Identity;
use std::{borrow::Cow, fmt, fmt::Write, time::SystemTime};

/// Patterns for each value.
const WAYS: usize = 3;

/// A planted value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// What people call it.
    pub name: String,
    /// What to look for, in any case of its letters, and as given or in small letters where
    /// bytes are written as hex.
    pub value: String,
    /// The database it is planted in; any if there is none.
    pub database: Option<String>,
    /// Members of this group may be sent it.
    pub spare: Option<String>,
}

/// All of them.
#[derive(Default)]
pub struct Canaries {
    all: Vec<Canary>,
    /// [`WAYS`] patterns for each: the value, and its bytes as hex, as given and in small letters.
    searcher: Option<AhoCorasick>,
}

impl fmt::Debug for Canaries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A log that has the values would be one more place to meet them.
        f.debug_tuple("Canaries").field(&self.all.len()).finish()
    }
}

/// Whoever was sent one, for who has to act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// The canary's name.
    pub canary: String,
    /// The identity whose session it was: it is to be suspended.
    pub identity: String,
    /// All that was said of it in the record.
    pub what: String,
}

impl Canaries {
    /// All of these. They cannot be too many to be searched for.
    pub fn new(all: Vec<Canary>) -> Result<Self, String> {
        if all.is_empty() {
            return Ok(Self::default());
        }
        let ways = |value: &str| -> [String; WAYS] {
            [value.to_owned(), hex(value), hex(&value.to_lowercase())]
        };
        let patterns = all.iter().flat_map(|canary| ways(&canary.value));
        let searcher = AhoCorasick::builder().ascii_case_insensitive(true).build(patterns);
        let searcher = Some(searcher.map_err(|error| error.to_string())?);
        Ok(Self { all, searcher })
    }

    /// The first that these bytes hold and that is not for this identity to see.
    fn find(&self, bytes: &[u8], database: &str, identity: &Identity) -> Option<&Canary> {
        let searcher = self.searcher.as_ref()?;
        searcher.find_overlapping_iter(bytes).find_map(|found| {
            let canary = self.all.get(found.pattern().as_usize() / WAYS)?;
            let here = canary.database.as_deref().is_none_or(|name| name == database);
            let spared = canary.spare.as_deref().is_some_and(|group| is_in(identity, group));
            (here && !spared).then_some(canary)
        })
    }
}

/// An agent is spared for its own groups, not for those of whom it acts for.
fn is_in(identity: &Identity, group: &str) -> bool {
    identity.groups.iter().any(|own| own == group)
}

fn hex(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Session {
    /// True if what leaves must be looked at.
    pub fn has_canaries(&self) -> bool {
        self.gate().canaries.load().searcher.is_some()
    }

    /// Looks for a canary in what is about to leave. If there is one the session must end, and
    /// nothing of it may leave: it is recorded, and who has to act is told.
    pub fn meets(&self, bytes: &[u8], statement: Option<&ledger::StatementId>) -> bool {
        let canaries = self.gate().canaries.load();
        let database = self.database().name.as_str();
        let Some(canary) = canaries.find(bytes, database, self.identity()) else { return false };
        let chain = self.identity().chain();
        let statement = statement.map(|id| format!(", by statement {id}")).unwrap_or_default();
        let what = format!(
            "{chain} met the canary \"{}\" in database {database}{statement}; the session {} ends, \
             and {} is suspended",
            canary.name,
            self.id(),
            self.identity().name
        );
        let time = Time::from(SystemTime::now());
        let record = Administered { time, by: Cow::Borrowed("weir"), what: Cow::Borrowed(&what) };
        self.gate().keep(&record.into());
        if let Some(alarm) = self.gate().alarm.get() {
            let identity = self.identity().name.to_string();
            alarm(Met { canary: canary.name.clone(), identity, what });
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::IdentityKind;

    fn canary(name: &str, value: &str) -> Canary {
        Canary { name: name.into(), value: value.into(), database: None, spare: None }
    }

    fn who(group: &str) -> Identity {
        let groups = vec![group.to_owned()];
        Identity { name: "x".into(), kind: IdentityKind::Person, groups, acts_for: None }
    }

    #[test]
    fn they_are_found_in_any_case_and_as_hex_but_not_by_who_is_spared() {
        let spared = Canary { spare: Some("dumps".into()), ..canary("b", "Sparrow-22") };
        let elsewhere = Canary { database: Some("other".into()), ..canary("c", "Finch-333") };
        let all = Canaries::new(vec![canary("a", "Robin-1111"), spared, elsewhere]).unwrap();
        let find = |text: &str, group: &str| {
            all.find(text.as_bytes(), "shop", &who(group)).map(|found| found.name.clone())
        };
        assert_eq!(find("xx rOBIN-1111 yy", "").as_deref(), Some("a"));
        assert_eq!(find("\\x00526F62696e2d313131312a", "").as_deref(), Some("a"));
        assert_eq!(find("\\x726f62696e2d31313131", "").as_deref(), Some("a"));
        assert_eq!(find("Sparrow-22", "").as_deref(), Some("b"));
        assert_eq!(find("Sparrow-22", "dumps"), None);
        assert_eq!(find("Sparrow-22 Robin-1111", "dumps").as_deref(), Some("a"));
        assert_eq!(find("Finch-333", ""), None);
        assert_eq!(find("Robin-111", ""), None);
        assert!(Canaries::new(Vec::new()).unwrap().find(b"x", "shop", &who("")).is_none());
    }
}
