//! The query language of `weir audit search`: words with values. Knows no tables.
//!
//! ```text
//! question = { term }
//! term     = [ "-" ] word ":" value { "," value }  |  [ "-" ] text
//! ```
//!
//! Terms are all required, values of one term are alternatives, `-` excludes. A value or text with
//! spaces, commas or colons stands in double quotes. A text without a word is looked for in the
//! statements' texts.

use crate::error::IndexError;
use ledger::{Redactor, Time};

/// What can be asked for, with what it means.
pub const WORDS: &[(&str, &str)] = &[
    ("identity", "who: an identity, alone or anywhere in a chain of actors"),
    ("acts_for", "for whom"),
    ("agent", "an agent as the outermost actor"),
    ("group", "a group of the identity"),
    ("grant", "a grant that the session had, by its name"),
    ("hold", "ran by the consent that this request got; `any` of them"),
    ("approved_by", "ran by this person's consent, alone or with others'"),
    ("kind", "what the identity is: person, service, agent"),
    ("database", "a database, by Weir's name"),
    ("relation", "a relation that is touched: customers, public.customers"),
    (
        "changes",
        "a relation that is, or for all Weir understood could have been, changed; not by what was \
         undone, unless state:undone is asked for",
    ),
    ("column", "a column that is touched: email, customers.email, public.customers.email"),
    ("label", "a label of a column that is touched"),
    (
        "use",
        "how it is touched: returned, tested, looked_up, aggregated, inferred, written, exported, \
         copied",
    ),
    (
        "disclosure",
        "values left raw or masked; column: and label: then say which, else any that bears a label",
    ),
    ("operation", "an effect: select, insert, update, delete, copy_out, drop, …"),
    ("verdict", "allow, modify, hold, deny"),
    ("policy", "a policy that decided"),
    ("shadow", "a policy in shadow mode that would have decided otherwise; `any` of them"),
    ("state", "ended, refused, open, undone (a preview: all rolled back), unknown"),
    (
        "value",
        "a value that it names, as a literal or bound to it (the first 32 of each); asked by its \
         keyed hash, so that neither the record nor the index holds it",
    ),
    ("task", "the task that it was part of; `any` of them"),
    ("purpose", "what it was for, in the words of whoever said so"),
    ("tainted", "yes: the agent had been shown text that others can write; no"),
    ("risk", "at least so many points of 100"),
    ("sqlstate", "the error that the client was given"),
    ("session", "a session's id"),
    ("address", "where the client's packets came from"),
    ("application", "what the client called itself"),
    (
        "since",
        "from then on (UTC): 2026-06, 2026-06-01, 2026-06-01T08:30, today, yesterday; 30m, 24h, 7d \
         ago",
    ),
    ("until", "before then; a day or month that is named is in it"),
    ("text", "words of the statement's text; a phrase in quotes, ends with * for a beginning"),
];

/// One term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) not: bool,
    pub(crate) word: &'static str,
    pub(crate) values: Vec<String>,
}

/// A question, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    pub(crate) terms: Vec<Term>,
    /// Microseconds; the first that counts.
    pub(crate) since: Option<i64>,
    /// Microseconds; the first that does not count any more.
    pub(crate) until: Option<i64>,
    /// Only records before this one.
    pub(crate) before: Option<i64>,
    /// Values are hashes by now.
    pub(crate) keyed: bool,
}

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// The number by which the view `values_named` knows a value: half of its keyed hash.
pub fn value_number(redactor: &Redactor, value: &str) -> i64 {
    crate::fill::value_number(&redactor.value(value.as_bytes()))
}

impl Question {
    /// Understands a question; `now` is what times like `7d` are counted back from.
    pub fn parse(text: &str, now: Time) -> Result<Self, IndexError> {
        let mut question = Self::default();
        for token in tokens(text)? {
            question.term(token, now)?;
        }
        Ok(question)
    }

    /// The question with the hashes of the values that it asks for in their place. `redactor` is
    /// that of the ledger; without one, a question for values is refused.
    pub fn keyed(mut self, redactor: Option<&Redactor>) -> Result<Self, IndexError> {
        for term in self.terms.iter_mut().filter(|term| term.word == "value") {
            let Some(redactor) = redactor else {
                return Err(wrong(
                    "value: is asked by hashes that take the ledger's redaction.key, which is not \
                     here"
                        .into(),
                ));
            };
            for value in &mut term.values {
                *value = value_number(redactor, value).to_string();
            }
        }
        self.keyed = true;
        Ok(self)
    }

    /// True if it asks for values and does not have their hashes yet.
    pub(crate) fn lacks_key(&self) -> bool {
        !self.keyed && self.terms.iter().any(|term| term.word == "value")
    }

    /// The first moment that counts, if one is asked for: microseconds.
    pub fn begins(&self) -> Option<i64> {
        self.since
    }

    /// The same, of records before this one alone: what comes behind the last of an answer.
    pub fn before(self, sequence: u64) -> Self {
        Self { before: Some(i64::try_from(sequence).unwrap_or(i64::MAX)), ..self }
    }

    /// True if it asks for what comes behind the last of an answer.
    pub fn goes_on(&self) -> bool {
        self.before.is_some()
    }

    /// The question in words, without the texts that it looks for: whoever asks may have put a
    /// value there.
    pub fn told(&self) -> String {
        let terms = self.terms.iter().map(|term| {
            let not = if term.not { "-" } else { "" };
            let values = match term.word {
                "text" | "value" | "purpose" => "…".to_owned(),
                _ => term.values.join(","),
            };
            format!("{not}{}:{values}", term.word)
        });
        let time = |word: &str, time: Option<i64>| {
            time.map(|time| format!("{word}:{}", Time::from_micros(time)))
        };
        let times = [time("since", self.since), time("until", self.until)];
        terms.chain(times.into_iter().flatten()).collect::<Vec<_>>().join(" ")
    }

    fn term(&mut self, token: Token, now: Time) -> Result<(), IndexError> {
        let Token { not, word, values } = token;
        let Some(word) = word else {
            self.terms.push(Term { not, word: "text", values });
            return Ok(());
        };
        let known = WORDS.iter().map(|(known, _)| *known).find(|known| *known == word);
        let Some(word) = known else {
            let all: Vec<&str> = WORDS.iter().map(|(word, _)| *word).collect();
            let all = all.join(", ");
            return Err(wrong(format!(
                "there is no word \"{word}\"; the words are {all}. A text with a colon stands in \
                 quotes"
            )));
        };
        if values.iter().any(String::is_empty) {
            return Err(wrong(format!("{word}: has no value")));
        }
        if matches!(word, "since" | "until") {
            return self.time(not, word, &values, now);
        }
        if not && word == "disclosure" {
            return Err(wrong("-disclosure: is not understood; exclude columns or labels".into()));
        }
        one_of(word, &values)?;
        self.terms.push(Term { not, word, values });
        Ok(())
    }

    fn time(
        &mut self,
        not: bool,
        word: &'static str,
        values: &[String],
        now: Time,
    ) -> Result<(), IndexError> {
        let [value] = values else {
            return Err(wrong(format!("{word}: takes one time")));
        };
        if not {
            return Err(wrong(format!("-{word}: is not understood; use the other of the two")));
        }
        let (begin, end) = moment(value, now).ok_or_else(|| {
            wrong(format!(
                "{word}:{value} is no time; write 2026-06, 2026-06-01, 2026-06-01T08:30, today, \
                 yesterday, or 7d (days), 24h, 30m ago"
            ))
        })?;
        match word {
            "since" => self.since = Some(self.since.map_or(begin, |before| before.max(begin))),
            _ => self.until = Some(self.until.map_or(end, |before| before.min(end))),
        }
        Ok(())
    }

    /// True if both ends are at midnight, or open.
    pub(crate) fn whole_days(&self) -> bool {
        [self.since, self.until].into_iter().flatten().all(|time| time.rem_euclid(DAY) == 0)
    }
}

pub(crate) fn wrong(what: String) -> IndexError {
    IndexError::Question(what)
}

/// The values of a word that has few.
pub(crate) fn few(word: &str) -> Option<&'static [&'static str]> {
    Some(match word {
        "kind" => &["person", "service", "agent"],
        "use" => &[
            "returned",
            "tested",
            "looked_up",
            "aggregated",
            "inferred",
            "written",
            "exported",
            "copied",
        ],
        "disclosure" => &["raw", "masked"],
        "verdict" => &["allow", "modify", "hold", "deny"],
        "tainted" => &["yes", "no"],
        "state" => &["ended", "refused", "open", "undone", "unknown"],
        _ => return None,
    })
}

/// Checks words whose values are few, or numbers.
fn one_of(word: &str, values: &[String]) -> Result<(), IndexError> {
    if word == "risk" && !matches!(values, [only] if only.parse::<u8>().is_ok()) {
        return Err(wrong("risk: takes one number: risk:60 is 60 and more".into()));
    }
    let Some(known) = few(word) else { return Ok(()) };
    match values.iter().find(|value| !known.contains(&value.as_str())) {
        Some(value) => Err(wrong(format!("{word}:{value} is not one of {}", known.join(", ")))),
        None => Ok(()),
    }
}

/// A time in microseconds, twice; of a month or day that is named its first, and the first behind.
fn moment(value: &str, now: Time) -> Option<(i64, i64)> {
    let today = now.micros().div_euclid(DAY) * DAY;
    match value {
        "today" => return Some((today, today + DAY)),
        "yesterday" => return Some((today - DAY, today)),
        _ => {}
    }
    if let Some(unit @ ('m' | 'h' | 'd')) = value.chars().last()
        && let Ok(count) = value.trim_end_matches(unit).parse::<u32>()
    {
        let unit = match unit {
            'm' => MINUTE,
            'h' => 60 * MINUTE,
            _ => DAY,
        };
        let ago = now.micros().checked_sub(i64::from(count).checked_mul(unit)?)?;
        return Some((ago, ago));
    }
    let value = value.trim_end_matches('Z');
    let begin = at(value)?;
    let end = match value.len() {
        7 => {
            let (year, month) = value.split_once('-')?;
            let (year, month): (u32, u32) = (year.parse().ok()?, month.parse().ok()?);
            at(&format!("{:04}-{:02}", year + month / 12, month % 12 + 1))?
        }
        10 => begin + DAY,
        _ => begin,
    };
    Some((begin, end))
}

/// The moment at which what is written, as far as it is, begins.
fn at(value: &str) -> Option<i64> {
    const REST: &str = "0000-01-01T00:00:00.000000Z";
    if !matches!(value.len(), 7 | 10 | 16 | 19 | 26) {
        return None;
    }
    let whole = format!("{value}{}", REST.get(value.len()..)?);
    Some(whole.parse::<Time>().ok()?.micros())
}

#[derive(Debug, Default)]
struct Token {
    not: bool,
    word: Option<String>,
    values: Vec<String>,
}

/// Cuts a question into terms.
fn tokens(text: &str) -> Result<Vec<Token>, IndexError> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        while rest.next_if(|c| c.is_whitespace()).is_some() {}
        if rest.peek().is_none() {
            return Ok(tokens);
        }
        let mut token = Token { not: rest.next_if_eq(&'-').is_some(), ..Token::default() };
        let (mut value, mut quoted) = (String::new(), false);
        while let Some(c) = rest.next_if(|c| !c.is_whitespace()) {
            match c {
                '"' => {
                    quoted = true;
                    loop {
                        match rest.next() {
                            Some('"') => break,
                            Some(c) => value.push(c),
                            None => return Err(wrong("a quotation mark is missing".into())),
                        }
                    }
                }
                ':' if token.word.is_none() && !quoted => {
                    token.word = Some(std::mem::take(&mut value));
                }
                ',' if token.word.is_some() => token.values.push(std::mem::take(&mut value)),
                c => value.push(c),
            }
        }
        token.values.push(value);
        if token.word.is_none() && token.values.iter().all(String::is_empty) {
            return Err(wrong("a - or an empty text stands alone".into()));
        }
        tokens.push(token);
    }
}
