//! Secrets that words announce: `the password is …`, `Kennwort lautet …`, `use the token …`. Knows
//! no makers' marks.
//!
//! A password may look like anything, so it counts behind its word alone, and only if it mixes
//! letters with digits; what keys and tokens are called is said of much else, so that a long
//! random run has to stand behind those words.

use crate::scan::{
    Hit, Hits, Kind, Look,
    prefilter::{self, BLOCK, Lane, Signs, one_of, range},
    runs::{self, Mixed},
    sieve::Ends,
    table::{Key, Table},
    word::{Text, Word},
};
use std::sync::LazyLock;

/// Words behind which a password stands.
const PASSWORDS: &str = "password passwort kennwort passphrase passcode pwd pass secret passe \
    contraseña contrasena clave senha wachtwoord hasło hasłem lösenord parola heslo jelszó \
    salasana adgangskode passord kodeord zugangscode geheimnis";

/// Words behind which a key or token may stand, or other things.
const KEYS: &str = "key token secret apikey credential schlüssel clé jeton chiave sleutel klucz \
    chave nyckel llave avain nøkkel ključ";

/// Words between a word for a secret and the secret.
const VERBS: &str = "is was lautet ist war est es era è é jest är er on";

/// Names of methods and codings that are no secrets.
const METHODS: [&[u8]; 10] = [
    b"base64", b"md5", b"sha1", b"sha2", b"sha3", b"sha5", b"argon2", b"pbkdf2", b"oauth2", b"utf8",
];

const IS_PASSWORD: u8 = 1;
const IS_KEY: u8 = 2;
const IS_VERB: u8 = 4;

fn words() -> impl Iterator<Item = (&'static str, u8)> {
    let lists = [(PASSWORDS, IS_PASSWORD), (KEYS, IS_KEY), (VERBS, IS_VERB)];
    lists.into_iter().flat_map(|(words, kind)| words.split_whitespace().map(move |w| (w, kind)))
}

static WORDS: LazyLock<Table<u8>> = LazyLock::new(|| Table::new(words(), 0, |a, b| a | b));

static ENDS: LazyLock<Ends> = LazyLock::new(|| Ends::of(words().map(|(word, _)| word)));

/// Bytes of a secret that a word announces.
const MAX_SECRET: usize = 256;
/// Bytes of the shortest password behind a verb, and of one right behind its word.
const LEAST_TOLD: usize = 6;
const LEAST_NAMED: usize = 8;

/// The search for secrets behind words.
#[derive(Default)]
pub(in crate::scan) struct Said {
    /// Where the last run of bytes without a space ended, as far as it was looked at.
    done: usize,
}

impl Said {
    /// Looks at the runs of bytes without a space, behind a word, in which digits and letters are.
    #[inline(always)]
    pub(in crate::scan) fn block(
        &mut self,
        look: Look<'_>,
        signs: &Signs,
        text: Text<'_>,
        hits: &mut Hits,
    ) {
        let masks = look.masks;
        let starts = masks.solid & !(masks.solid << 1);
        // Of a run at the beginning of a block it is not known here what stands before it.
        let word = (masks.letters | masks.high | signs.colon) << 2 | look.unknown(2);
        // Sums carry through the runs that begin there, and through the digits of such.
        let begun = starts & look.goes_through();
        let lettered = starts & word & !masks.digits | begun;
        let runs = masks.solid & !masks.solid.wrapping_add(lettered);
        let ends = masks.digits.wrapping_add(starts & word & masks.digits) & !masks.digits;
        // No secret is a number alone, and none goes on behind a comma.
        let mixed = ends & masks.solid & !signs.comma;
        let numbered = masks.digits & (runs | look.edge(1)) | mixed;
        if numbered != 0 {
            self.runs(look, text, starts, numbered, hits);
        }
    }

    /// Looks at the runs that hold these places.
    #[inline(never)]
    fn runs(
        &mut self,
        look: Look<'_>,
        text: Text<'_>,
        starts: u64,
        mut numbered: u64,
        hits: &mut Hits,
    ) {
        let masks = look.masks;
        while numbered != 0 {
            let low = numbered & numbered.wrapping_neg();
            let first = prefilter::highest(starts & (low | (low - 1)));
            let end = prefilter::run_end(masks.solid, first);
            let behind = u64::MAX.checked_shl(u32::try_from(end).unwrap_or(u32::MAX)).unwrap_or(0);
            numbered &= behind;
            let run = masks.letters & !prefilter::below(first) & !behind;
            if first > 0 && end < BLOCK && run == 0 {
                continue;
            }
            let start = look.base + first;
            let cut = first == 0 && look.base > 0 && look.goes_through() != 0;
            let start = if cut { self.beginning(look.value, start) } else { Some(start) };
            let begins = start.filter(|start| *start >= self.done);
            self.done = self.done.max(look.base + end);
            if let Some(start) = begins
                && let Some(word) = gap(look.value, start)
                && ENDS.may_end(look.value, word)
                && let Some((start, end)) = secret(text, start, word)
            {
                hits.push(Hit { start, end, kind: Kind::Credential });
            }
        }
    }

    /// Where the run begins that reaches to a place; `None` if it was looked at.
    fn beginning(&self, value: &[u8], at: usize) -> Option<usize> {
        let before = value.get(self.done..at)?;
        let back = before.iter().rev().take_while(|byte| **byte > b' ').count();
        let start = at - back;
        let seen = start == self.done && self.done > 0;
        let solid = || value.get(start - 1).is_some_and(|byte| *byte > b' ');
        (!seen || !solid()).then_some(start)
    }
}

/// Where the word before ends, if a space or a colon and one stand between.
#[inline(always)]
fn gap(value: &[u8], start: usize) -> Option<usize> {
    match value.get(..start)? {
        [.., b':', b' ' | b'\n'] => Some(start - 2),
        [.., word, b' ' | b'\n'] if word.is_ascii_alphabetic() || *word >= 0x80 => Some(start - 1),
        _ => None,
    }
}

/// What the word that ends here says follows, and whether a verb stands between.
fn said(value: Text<'_>, end: usize) -> Option<(u8, bool)> {
    let known = |word: Word<'_>| {
        let hyphen = word.text.iter().rposition(|byte| *byte == b'-');
        let key = match hyphen {
            // `API-Key`
            Some(hyphen) => word.text.get(hyphen + 1..).and_then(Key::of).map(Key::lowered),
            None => word.small(),
        };
        key.map(|key| WORDS.get(&key)).unwrap_or_default()
    };
    let last = Word::before(value, end)?;
    let kinds = known(last);
    if kinds & IS_VERB == 0 {
        return (kinds != 0).then_some((kinds, false));
    }
    let space = last.start.checked_sub(1).filter(|at| value.get(*at) == Some(&b' '))?;
    let kinds = known(Word::before(value, space)?) & !IS_VERB;
    (kinds != 0).then_some((kinds, true))
}

/// The secret in the run of bytes that begins here, if the word that ends before it announces one.
#[inline(never)]
fn secret(value: Text<'_>, start: usize, word: usize) -> Option<(usize, usize)> {
    let (kinds, verb) = said(value, word)?;
    let rest = value.get(start..)?;
    let lead = rest.iter().take(3).take_while(|byte| b"\"'`(<[".contains(byte)).count();
    let body = rest.get(lead..)?;
    let inner = |lane: Lane| range(lane, b'!', 94) & !one_of(lane, *b"\"'`<>,;");
    let length = runs::length(body.get(..=MAX_SECRET).unwrap_or(body), 0, inner);
    let body = body.get(..length)?;
    let trail = body.iter().rev().take_while(|byte| b".:)]}".contains(byte)).count();
    let body = body.get(..length - trail)?;
    let told = kinds & IS_PASSWORD != 0 && is_password(body, verb);
    let found = length <= MAX_SECRET && (told || kinds & IS_KEY != 0 && is_key(body));
    found.then_some((start + lead, start + lead + body.len()))
}

/// True for what may be a password: letters and digits, behind its word alone of both cases.
fn is_password(body: &[u8], verb: bool) -> bool {
    let least = if verb { LEAST_TOLD } else { LEAST_NAMED };
    let has = |is: fn(&u8) -> bool| body.iter().any(is);
    if body.len() < least || !has(u8::is_ascii_digit) {
        return false;
    }
    let (upper, lower) = (has(u8::is_ascii_uppercase), has(u8::is_ascii_lowercase));
    let mixed = if verb { upper || lower } else { upper && lower };
    mixed && !is_said_of_else(body)
}

/// True for what has letters and digits and is no password: `12characters`, `v1.2.3`, `SHA256`.
fn is_said_of_else(body: &[u8]) -> bool {
    let begins =
        |name: &[u8]| body.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    let digits = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = body.get(digits..).unwrap_or_default();
    let unit = || rest.iter().all(u8::is_ascii_lowercase);
    let version = || matches!(rest, [b'.', b'0'..=b'9', ..]);
    match body.first().map(u8::to_ascii_lowercase) {
        Some(b'0'..=b'9') if unit() || version() => return true,
        Some(b'v') if matches!(body, [_, b'0'..=b'9', ..]) => return true,
        Some(b'b' | b'm' | b's' | b'a' | b'p' | b'o' | b'u') if METHODS.into_iter().any(begins) => {
            return true;
        }
        _ => {}
    }
    body.contains(&b':') && memchr::memmem::find(body, b"://").is_some()
}

/// Bytes of a key that decide whether it is one.
const DECIDING: usize = runs::TOLD;

/// True if a part of letters and digits is as long and as mixed as only chance makes it.
pub(super) fn is_key(body: &[u8]) -> bool {
    let body = body.get(..DECIDING).unwrap_or(body);
    let (Mixed { lower, upper, digits }, block) = Mixed::of(body);
    let parts = lower | upper | digits;
    let between = block.pick(|lane| one_of(lane, *b"_-+/=.~:"));
    // What stands behind another sign, or is cut by it, decides nothing.
    let end = prefilter::run_end(parts | between, 0);
    let begins = parts & !(parts << 1);
    let first = |class: u64| class & !(class << 1);
    let changes = (first(lower) | first(upper) | first(digits)) & parts << 1;
    // Parts of sixteen and more.
    let mut long = parts & parts >> 1;
    long &= long >> 2;
    long &= long >> 4;
    long &= long >> 8;
    prefilter::places(begins & long & prefilter::upto(end)).any(|place| {
        let behind = prefilter::run_end(parts, place);
        let part = prefilter::upto(behind) & !prefilter::below(place);
        let all = lower & part != 0 && upper & part != 0 && digits & part != 0;
        let whole = behind < end || end >= body.len();
        whole && all && prefilter::count(changes & part) * 4 >= behind - place
    })
}
