//! Names and surroundings that say outright that a column holds something else than its name or its
//! values seem to: an article's number, a brand, a key's fingerprint, an account of a ledger. Where
//! a name can mean either it says nothing here. Knows values by their counts alone.

use super::{
    ColumnEvidence, Kind, Survey,
    around::{self, People},
};
use crate::{lexicon, names::Words};
use model::Label;

fn is_of(word: &[u8], list: &str) -> bool {
    let one = |word: &[u8]| list.split_whitespace().any(|known| known.as_bytes() == word);
    one(word) || word.strip_suffix(b"s").is_some_and(one)
}

fn any(words: &Words, list: &str) -> bool {
    (0..words.len()).any(|at| is_of(words.gram(at, at + 1), list))
}

/// The word that says what a name is of: the last one, but for words that stand behind all names
/// (`brand_name`, `isbn_13`, `gtin_code`).
fn head<'w>(words: &'w Words, behind: &str) -> &'w [u8] {
    let mut all = (0..words.len()).rev().map(|at| words.gram(at, at + 1));
    let tail = |word: &[u8]| word.iter().all(u8::is_ascii_digit) || is_of(word, behind);
    all.find(|word| !tail(word)).unwrap_or_default()
}

/// Why values that look like the label are none.
pub(super) fn than_samples(evidence: &ColumnEvidence<'_>, label: &Label) -> Option<&'static str> {
    let words = Words::of(&evidence.column.name);
    let numbers = [Label::PHONE, Label::NATIONAL_ID, Label::BANK_ACCOUNT];
    if numbers.contains(label) && is_of(head(&words, "code number no nr num id"), lexicon::ARTICLES)
    {
        return Some("its name says that it numbers articles");
    }
    let made = || is_of(head(&words, lexicon::NAMES), lexicon::NAMESAKES);
    (*label == Label::PERSON_NAME && made()).then_some("its name says that it names things")
}

/// Why a column whose name is a label's holds something else.
pub(super) fn than_its_name(
    evidence: &ColumnEvidence<'_>,
    kind: Kind,
    label: &Label,
    survey: &Survey,
) -> Option<&'static str> {
    let words = Words::of(&evidence.column.name);
    let relation = Words::of(evidence.relation);
    if *label == Label::EMBEDDING && kind == Kind::Text && words.has("fingerprint") {
        let keys = any(&relation, lexicon::HOSTS);
        return (keys || survey.are_digests()).then_some("it is the fingerprint of a key");
    }
    if *label == Label::BANK_ACCOUNT && survey.are_ledger_accounts() {
        let beside = |list: &str| {
            let names = evidence.siblings.iter().map(|one| Words::of(&one.name));
            names.filter(|words| any(words, list)).count()
        };
        let ledger = any(&relation, lexicon::LEDGERS) || beside(lexicon::LEDGERS) > 0;
        return ledger.then_some("its values are short, as accounts of a ledger are");
    }
    let place = [Label::POSTAL_ADDRESS, Label::LOCATION].contains(label);
    let stored = place
        && (any(&words, lexicon::DEPOTS)
            || is_of(head(&relation, ""), lexicon::DEPOTS)
                && around::people(evidence) == People::Unsaid);
    if stored {
        return Some("it is where goods are kept");
    }
    if *label == Label::LOCATION && words.has("geo") && is_of(head(&words, ""), lexicon::REGIONS) {
        return Some("it is a country or a region");
    }
    let nickname = *label == Label::PERSON_NAME && (words.has("nickname") || words.has("nick"));
    let things = is_of(head(&relation, ""), lexicon::THINGS);
    (nickname && things && around::people(evidence) == People::Unsaid)
        .then_some("its relation holds things")
}
