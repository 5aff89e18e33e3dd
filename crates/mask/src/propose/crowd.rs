//! Whether the values of a column are names of persons: lone given names, family names, full names,
//! a family name before a comma. No list has all names, so it is the share of known ones that
//! decides, against that of words which mean something else.

use super::{forms, frame::Frame};
use crate::lexicon::{self, Fame};

/// Shares of the values: that have the shape of names; that end as companies do.
const SHAPED: f32 = 0.85;
const COMPANIES: f32 = 0.05;
/// The share that has to be known ones in scripts without capitals, where any two signs may be.
const EASTERN: f32 = 0.65;
/// How much of a column has to be known names, and how much to be sure of it without more.
const KNOWN: f32 = 0.17;
/// How much more of it has to end like names where fewer are known.
const LIKE: f32 = 0.3;
/// The part of [`KNOWN`] that is enough beside other columns about a person.
const BESIDE: f32 = 0.5;
/// Where the column's name says that it holds something else.
const OTHERWISE: f32 = 3.5;

/// Bytes of a name; what is longer is none.
const MAX_NAME: usize = 120;

/// Counts over the values of a column.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// One name (`Anna`, `van den Berg`), several, and several around a comma.
    lone: usize,
    full: usize,
    turned: usize,
    /// Of these: with a word that persons are called; that only ends like one; that means
    /// something else.
    known: usize,
    like: usize,
    otherwise: usize,
    titled: usize,
    companies: usize,
    /// In scripts without capitals.
    eastern: usize,
    eastern_known: usize,
}

/// What stands before or behind a name, in lower case without full stops.
const TITLES: &str = " dr prof mr mrs ms miss mx sir herr frau ing dipl-ing mag univprof \
     univ-prof dipl mba msc bsc beng meng phd md dds dvm jr sr sra srta d dna ii iii iv v pan \
     pani dhr mevr mw sig sigra dott dottssa m mme mlle me maitre hr fru señor señora don doña \
     ba ma mls bed med shri smt kum ";

/// Bytes of the longest of these words.
const MAX_SMALL: usize = 9;

/// Small words inside a name.
const PARTICLES: &str = " de da do dos das del della di du des la le van von den der het ter \
     ten te zu zur vom y e bin ibn al el st in op aan vander vanden af av ";

impl Crowd {
    pub(super) fn add(&mut self, value: &str) {
        if value.len() > MAX_NAME || value.bytes().any(|b| b.is_ascii_digit()) {
            return;
        }
        if forms::is_company(value) {
            self.companies += 1;
            return;
        }
        if value.chars().any(is_eastern) {
            return self.add_eastern(value);
        }
        let parts: Vec<&str> = value.split(", ").collect();
        let [words, behind] = match parts.as_slice() {
            [only] => [name_words(only), Some((Vec::new(), 0))],
            [before, behind] => [name_words(before), name_words(behind)],
            _ => return,
        };
        let (Some((mut words, titles)), Some((behind, more))) = (words, behind) else { return };
        let turned = !behind.is_empty();
        if words.is_empty() || parts.len() > 1 && !turned {
            return;
        }
        let names = words.len() + behind.len();
        words.extend(behind);
        self.turned += usize::from(turned);
        self.full += usize::from(!turned && names > 1);
        self.lone += usize::from(!turned && names == 1);
        self.titled += usize::from(titles + more > 0);
        self.weigh(&words, value);
    }

    fn weigh(&mut self, words: &[&str], value: &str) {
        let fames: Vec<Fame> =
            words.iter().flat_map(|word| word.split('-')).map(Fame::of).collect();
        // `da Cunha`, `van Dijk`: nothing but a name begins with such a word in small letters.
        let first = value.split(' ').next().filter(|first| is_of(PARTICLES, first));
        let known = first.is_some() || fames.iter().any(|fame| fame.is_name());
        let like = || {
            words.iter().any(|word| has_head(word) || lexicon::ends_like_family(word))
                || forms::has_slavic_name(value)
        };
        let means = fames.iter().any(|fame| fame.is_otherwise() && !fame.is_name());
        if means || lexicon::is_town(value) && !(fames.len() > 1 && known_twice(&fames)) {
            self.otherwise += 1;
        } else if known {
            self.known += 1;
        } else if like() {
            self.like += 1;
        }
    }

    fn add_eastern(&mut self, value: &str) {
        let signs: Vec<char> = value.chars().filter(|c| !" ,　".contains(*c)).collect();
        if signs.len() > 6 || !signs.iter().all(|c| is_eastern(*c)) {
            return;
        }
        self.eastern += 1;
        let compact: String = signs.iter().collect();
        let rests = rests_of(&compact);
        let given = signs.iter().filter(|c| lexicon::GIVEN_SIGNS.contains(**c)).count();
        let size = signs.len();
        let lone_family = rests.contains(&0) && size <= 3;
        let lone_given = size <= 3 && given == size;
        let ends = |count: usize| {
            signs.iter().rev().take(count).filter(|c| lexicon::GIVEN_SIGNS.contains(**c)).count()
        };
        let whole = rests.iter().any(|rest| (1..=3).contains(rest) && ends(*rest) > 0);
        let behind = size == 3 && ends(2) == 2;
        self.eastern_known += usize::from(lone_family || lone_given || whole || behind);
    }

    /// How many of `total` values, `distinct` of them different, are names, if the column is one
    /// of names.
    pub(super) fn names(&self, total: usize, distinct: usize, frame: Frame) -> Option<usize> {
        let share = |count: usize| count as f32 / total.max(1) as f32;
        let names = self.lone + self.full + self.turned;
        let vary = distinct >= 5 && distinct * 8 >= total;
        let few_companies = share(self.companies) < COMPANIES;
        if total < 5 || !vary || !few_companies {
            return None;
        }
        if share(self.eastern_known) >= EASTERN && !frame.otherwise {
            return Some(self.eastern);
        }
        let mut needed = KNOWN * if frame.people { BESIDE } else { 1.0 };
        if frame.otherwise {
            needed *= OTHERWISE;
        }
        let (known, like) = (share(self.known), share(self.like));
        let some = known >= needed / 5.0 || frame.people && self.otherwise == 0;
        let alike = some && known + like >= needed + LIKE;
        let sure = known * 2.0 >= needed && known + like / 2.0 >= needed || alike;
        let titled = share(self.titled) >= 0.1 && known + like >= needed;
        let means_it = known + like > 4.0 * share(self.otherwise);
        (share(names) >= SHAPED && means_it && (sure || titled)).then_some(names)
    }
}

/// How many signs follow the family names that a name may begin with.
fn rests_of(name: &str) -> Vec<usize> {
    let listed = lexicon::JAPANESE_FAMILIES.split_whitespace();
    let mut rests: Vec<usize> = listed
        .filter_map(|family| name.strip_prefix(family))
        .map(|rest| rest.chars().count())
        .collect();
    let one = name.chars().next().is_some_and(|first| {
        lexicon::EASTERN_FAMILIES.contains(first) || lexicon::RARER_FAMILIES.contains(first)
    });
    if one {
        rests.push(name.chars().count() - 1);
    }
    rests
}

fn known_twice(fames: &[Fame]) -> bool {
    let given = fames.iter().any(|fame| fame.is_given());
    given && fames.iter().filter(|fame| fame.is_family()).count() > 0 && fames.len() > 1
}

/// The words of a name without titles and small words, and how many titles there were. `None` if
/// it has not the shape of a name.
fn name_words(part: &str) -> Option<(Vec<&str>, usize)> {
    let (mut words, mut titles, mut others) = (Vec::new(), 0, 0);
    for word in part.split_whitespace() {
        let plain: String =
            word.chars().filter(|c| *c != '.').flat_map(char::to_lowercase).collect();
        let spelt = word.chars().all(|c| c.is_alphabetic() || ".'’-()".contains(c));
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        let initial = plain.chars().count() == 1 && capital;
        if !spelt {
            return None;
        }
        if is_of(TITLES, &plain) && (word.contains('.') || plain.chars().count() > 1) {
            titles += 1;
        } else if is_of(PARTICLES, &plain) || initial {
            others += 1;
        } else if !capital && !word.chars().nth(2).is_some_and(char::is_uppercase) {
            return None;
        } else if word.chars().filter(|c| c.is_uppercase()).count() > 1
            && word.chars().count() > 4
            && !word.contains(['-', '\'', '’'])
            && !has_head(word)
            && word.chars().any(char::is_lowercase)
        {
            // `DarkSlateBlue`
            return None;
        } else {
            words.push(word);
        }
    }
    (words.len() <= 4 && others <= 3 && titles <= 4).then_some((words, titles))
}

/// True if the word is one of the list's, in which a space stands before and behind each.
fn is_of(list: &str, word: &str) -> bool {
    word.len() <= MAX_SMALL
        && list.match_indices(word).any(|(at, _)| {
            let before = at.checked_sub(1).and_then(|before| list.as_bytes().get(before));
            before == Some(&b' ') && list.as_bytes().get(at + word.len()) == Some(&b' ')
        })
}

/// `McDonald`, `O'Neill`, `D'Angelo`, `DiMaggio`: a second capital behind a word of a name.
fn has_head(word: &str) -> bool {
    ["Mc", "Mac", "O'", "O’", "D'", "D’", "Di", "De", "La", "Le", "Van"].iter().any(|head| {
        let rest = word.strip_prefix(head);
        rest.is_some_and(|rest| rest.chars().next().is_some_and(char::is_uppercase))
    })
}

/// A sign of Chinese, Japanese or Korean.
fn is_eastern(c: char) -> bool {
    ('\u{3040}'..='\u{30ff}').contains(&c)
        || ('\u{4e00}'..='\u{9fff}').contains(&c)
        || ('가'..='힣').contains(&c)
        || c == '々'
}
