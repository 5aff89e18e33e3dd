//! Keys, tokens, private keys and passwords by the marks their makers put on them. Knows no other
//! kinds.

use super::Find;
use aho_corasick::packed;
use model::Label;
use std::sync::LazyLock;

/// What follows a marker for it to be a secret.
#[derive(Clone, Copy)]
enum Follow {
    /// At least this many letters, digits, `_`, `-`.
    Key(usize),
    /// As `Key`, and dots.
    Dotted(usize),
    /// A JSON web token: three parts with dots.
    Jwt,
    /// A private key in PEM armour.
    Pem,
    /// `user:password@` behind `://`.
    Url,
    /// A hash of a password: `$`-separated parts.
    Crypt,
    /// `=` or `:` and a value.
    Assigned,
    /// A scheme of HTTP authorisation and a token.
    Bearer,
}

/// Marks of well-known makers (their own documentation; GitHub's list of scanned patterns).
static MARKERS: &[(&str, Follow)] = &[
    ("AKIA", Follow::Key(16)),
    ("ASIA", Follow::Key(16)),
    ("AIza", Follow::Key(35)),
    ("ya29.", Follow::Dotted(20)),
    ("ghp_", Follow::Key(30)),
    ("gho_", Follow::Key(30)),
    ("ghu_", Follow::Key(30)),
    ("ghs_", Follow::Key(30)),
    ("ghr_", Follow::Key(30)),
    ("github_pat_", Follow::Key(30)),
    ("glpat-", Follow::Key(20)),
    ("xoxb-", Follow::Key(10)),
    ("xoxp-", Follow::Key(10)),
    ("xoxa-", Follow::Key(10)),
    ("xoxr-", Follow::Key(10)),
    ("xoxs-", Follow::Key(10)),
    ("xapp-", Follow::Key(10)),
    ("sk_live_", Follow::Key(10)),
    ("sk_test_", Follow::Key(10)),
    ("rk_live_", Follow::Key(10)),
    ("rk_test_", Follow::Key(10)),
    ("whsec_", Follow::Key(16)),
    ("sk-", Follow::Key(20)),
    ("SG.", Follow::Dotted(40)),
    ("npm_", Follow::Key(30)),
    ("pypi-", Follow::Key(40)),
    ("hf_", Follow::Key(30)),
    ("dop_v1_", Follow::Key(40)),
    ("shpat_", Follow::Key(30)),
    ("shpss_", Follow::Key(30)),
    ("sq0csp-", Follow::Key(20)),
    ("sq0atp-", Follow::Key(20)),
    ("EAAA", Follow::Key(40)),
    ("AGE-SECRET-KEY-1", Follow::Key(50)),
    ("hvs.", Follow::Key(20)),
    ("eyJ", Follow::Jwt),
    ("-----BEGIN ", Follow::Pem),
    ("://", Follow::Url),
    ("$2a$", Follow::Crypt),
    ("$2b$", Follow::Crypt),
    ("$2y$", Follow::Crypt),
    ("$argon2", Follow::Crypt),
    ("$scrypt$", Follow::Crypt),
    ("$pbkdf2", Follow::Crypt),
    ("pbkdf2_sha256$", Follow::Crypt),
    ("SCRAM-SHA-256$", Follow::Crypt),
    ("assword", Follow::Assigned),
    ("ASSWORD", Follow::Assigned),
    ("passwd", Follow::Assigned),
    ("asswort", Follow::Assigned),
    ("pwd", Follow::Assigned),
    ("Pwd", Follow::Assigned),
    ("PWD", Follow::Assigned),
    ("ecret", Follow::Assigned),
    ("ECRET", Follow::Assigned),
    ("api_key", Follow::Assigned),
    ("apikey", Follow::Assigned),
    ("API_KEY", Follow::Assigned),
    ("_token", Follow::Assigned),
    ("_TOKEN", Follow::Assigned),
    ("AccountKey", Follow::Assigned),
    ("Bearer ", Follow::Bearer),
];

/// A vectorised searcher where the machine has one; the automaton of the same patterns else.
enum Searcher {
    Packed(packed::Searcher),
    Automaton(Option<aho_corasick::AhoCorasick>),
}

static SEARCHER: LazyLock<Searcher> = LazyLock::new(|| {
    let patterns = || MARKERS.iter().map(|(marker, _)| marker);
    let mut builder = packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).builder();
    match builder.extend(patterns()).build() {
        Some(searcher) => Searcher::Packed(searcher),
        None => Searcher::Automaton(aho_corasick::AhoCorasick::new(patterns()).ok()),
    }
});

/// The next marker at or after `from`: where it starts, where it ends, what must follow.
fn next(value: &[u8], from: usize) -> Option<(usize, usize, Follow)> {
    let (pattern, start, end) = match &*SEARCHER {
        Searcher::Packed(searcher) => {
            let found = searcher.find_in(value, (from..value.len()).into())?;
            (found.pattern().as_usize(), found.start(), found.end())
        }
        Searcher::Automaton(automaton) => {
            let input = aho_corasick::Input::new(value).range(from..);
            let found = automaton.as_ref()?.find(input)?;
            (found.pattern().as_usize(), found.start(), found.end())
        }
    };
    MARKERS.get(pattern).map(|(_, follow)| (start, end, *follow))
}

/// The shortest thing found here: `pwd=x`.
const LEAST: usize = 5;

pub(super) fn may_hold(value: &[u8]) -> bool {
    value.len() >= LEAST && next(value, 0).is_some()
}

/// Finds secrets behind markers.
pub(super) fn find(value: &[u8], finds: &mut Vec<Find>) {
    let mut from = 0;
    while let Some((start, end, follow)) = next(value, from) {
        let found = span(value, start, end, follow);
        from = match found {
            Some((start, end)) => {
                finds.push(Find { start, end, label: Label::CREDENTIAL });
                end.max(from + 1)
            }
            None => start + 1,
        };
    }
}

fn span(value: &[u8], start: usize, end: usize, follow: Follow) -> Option<(usize, usize)> {
    let run = |at: usize, extra: &[u8]| {
        let rest = value.get(at..).unwrap_or_default();
        rest.iter().take_while(|b| b.is_ascii_alphanumeric() || extra.contains(b)).count()
    };
    let before = start.checked_sub(1).and_then(|at| value.get(at));
    let inside = before.is_some_and(|byte| byte.is_ascii_alphanumeric());
    match follow {
        Follow::Key(least) => {
            let length = run(end, b"_-");
            (!inside && length >= least && is_random(value.get(end..end + length)?))
                .then_some((start, end + length))
        }
        Follow::Dotted(least) => {
            let length = run(end, b"_-.");
            (!inside && length >= least).then_some((start, end + length))
        }
        Follow::Jwt => {
            let length = run(start, b"_-.");
            let token = value.get(start..start + length)?;
            let parts = token.split(|byte| *byte == b'.').filter(|part| part.len() >= 10).count();
            (!inside && parts >= 2).then_some((start, start + length))
        }
        Follow::Pem => pem(value, start, end),
        Follow::Url => url_password(value, end),
        Follow::Crypt => {
            let length = run(start, b"$./=,_-+:");
            (!inside && length >= 20).then_some((start, start + length))
        }
        Follow::Assigned => assigned(value, end),
        Follow::Bearer => {
            let length = run(end, b"_-.~+/=");
            (length >= 16).then_some((end, end + length))
        }
    }
}

/// A key mixes digits with capitals, or is one unbroken run with several digits;
/// `sk-learn-version-2024-01-02` is neither.
fn is_random(text: &[u8]) -> bool {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let mixed = digits >= 1 && text.iter().any(u8::is_ascii_uppercase);
    mixed || (digits >= 4 && digits < text.len() && !text.contains(&b'-'))
}

fn pem(value: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    let rest = value.get(end..)?;
    let kind = rest.get(..rest.len().min(40))?;
    memchr::memmem::find(kind, b"PRIVATE KEY")?;
    // Up to the end of the armour, or of the value where it was cut.
    let stop = memchr::memmem::find(rest, b"-----END").map_or(value.len(), |found| {
        let tail = rest.get(found + 8..).unwrap_or_default();
        let close = memchr::memmem::find(tail, b"-----").map_or(tail.len(), |at| at + 5);
        end + found + 8 + close
    });
    Some((start, stop))
}

/// The password in `scheme://user:password@host`.
fn url_password(value: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = value.get(from..)?;
    let stop = rest
        .iter()
        .take(300)
        .position(|byte| byte.is_ascii_whitespace() || b"/?#\"'<>".contains(byte));
    let authority = rest.get(..stop.unwrap_or(rest.len().min(300)))?;
    let at = memchr::memrchr(b'@', authority)?;
    let colon = memchr::memchr(b':', authority.get(..at)?)?;
    let password = authority.get(colon + 1..at)?;
    let hidden = password.is_empty() || password.iter().all(|byte| *byte == b'*');
    (!hidden).then_some((from + colon + 1, from + at))
}

/// The value in `password=…`, `"secret": "…"`, `API_KEY: …`; not prose such as `password reset`.
fn assigned(value: &[u8], from: usize) -> Option<(usize, usize)> {
    let rest = value.get(from..)?;
    // The word may go on: `secret_key`, `password_hash`.
    let word = rest.iter().take(24).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_');
    let mut at = word.count();
    let skip = |at: &mut usize, set: &[u8], most: usize| {
        let gap = rest.get(*at..).unwrap_or_default().iter().take(most);
        *at += gap.take_while(|byte| set.contains(byte)).count();
    };
    skip(&mut at, b"\"' ", 3);
    if !matches!(rest.get(at), Some(b'=' | b':')) {
        return None;
    }
    at += 1;
    skip(&mut at, b"=> \"'", 4);
    let body = rest.get(at..)?;
    let length = body
        .iter()
        .take_while(|byte| !byte.is_ascii_whitespace() && !b"\"'<>,;&)}]".contains(byte))
        .count();
    let secret = body.get(..length)?;
    let telling = length >= 4 && !secret.contains(&b'*') && !is_plain(secret);
    telling.then_some((from + at, from + at + length))
}

/// Words that stand where a password would: `password: required`.
fn is_plain(secret: &[u8]) -> bool {
    let words: [&[u8]; 10] = [
        b"null",
        b"none",
        b"true",
        b"false",
        b"required",
        b"optional",
        b"string",
        b"changed",
        b"reset",
        b"expired",
    ];
    words.iter().any(|word| secret.eq_ignore_ascii_case(word))
}
