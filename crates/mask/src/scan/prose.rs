//! Free text under its own label: everything the scan finds, and beyond it numbers and words that
//! could be names. Knows no language's grammar, so it errs on the side of hiding.

use super::find;
use crate::text::{self, CONSTANT};
use unicode_segmentation::UnicodeSegmentation;

/// Digits in a row from which on a number is hidden.
const LEAST_DIGITS: usize = 3;

/// Words before a name, in lower case.
const TITLES: &[&str] = &[
    "mr", "mrs", "ms", "miss", "dr", "prof", "sir", "madam", "herr", "frau", "hr", "fr", "mme",
    "mlle", "monsieur", "madame", "sr", "sra", "señor", "señora", "don", "doña", "sig", "signor",
    "signora", "dott", "dona", "dhr", "mevr", "mevrouw", "pan", "pani",
];

/// Words that begin or end a letter, or announce a name.
const GREETINGS: &[&str] = &[
    "dear",
    "hi",
    "hello",
    "hey",
    "regards",
    "sincerely",
    "cheers",
    "thanks",
    "liebe",
    "lieber",
    "hallo",
    "grüße",
    "gruß",
    "gruss",
    "bonjour",
    "cher",
    "chère",
    "cordialement",
    "hola",
    "estimado",
    "estimada",
    "saludos",
    "ciao",
    "gentile",
    "caro",
    "cara",
    "saluti",
    "olá",
    "prezado",
    "prezada",
    "beste",
    "geachte",
    "groeten",
    "cześć",
    "szanowny",
    "szanowna",
    "named",
    "called",
];

/// Words that begin sentences and are no names, in lower case.
const COMMON: &str = " a about account after again all also an and any are as at be been but by \
    can card cannot could customer did do does each email error every fixed for from get got had \
    has have he her here him his how i if in invoice is issue it its just last left let like \
    mailed may me more my need new next no none not note now of off ok on once one only or order \
    our out over package paid payment phone please product question re refund reply said sent she \
    should since so some still subject support thank that the their them then there these they \
    this ticket to today tomorrow tried until up update us use used user very was we well went \
    were what when where which while who why will with would yes yesterday yet you your \
    der die das ein eine er sie es wir ihr ich und oder aber nicht bitte le la les un une il elle \
    nous vous je et ou mais el los las uno una yo y o pero por il lo gli e ma o a os as um uma \
    eu de het een ik wij en maar to jest nie i ";

/// The value with everything hidden that may name somebody. `None` where the script has no
/// capitals to go by.
pub(crate) fn free_text(value: &str) -> Option<String> {
    if value.chars().any(is_caseless) {
        return None;
    }
    let mut out = String::with_capacity(value.len());
    let mut done = 0;
    for found in find(value.as_bytes()) {
        hide_words(value.get(done..found.start)?, &mut out);
        out.push_str(&text::partial(&found.label, value.get(found.start..found.end)?));
        done = found.end;
    }
    hide_words(value.get(done..)?, &mut out);
    Some(out)
}

/// True if nothing in a text is left that [`free_text`] hides, but for what shows of a mask: an
/// initial, a country, the end of a number.
pub(crate) fn is_hidden(value: &str) -> bool {
    let mut words = value.split_word_bounds().peekable();
    while let Some(word) = words.next() {
        // The first letter of what is starred may be there.
        let shows =
            word.chars().count() == 1 && words.peek().is_some_and(|next| next.starts_with('*'));
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let starts_upper = word.chars().next().is_some_and(char::is_uppercase);
        if !shows && (digits >= LEAST_DIGITS || starts_upper && !is_common(word)) {
            return false;
        }
    }
    true
}

/// Letters of scripts without upper case, in which names cannot be told from other words.
fn is_caseless(c: char) -> bool {
    c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase() && u32::from(c) > 0x2FF
}

fn hide_words(piece: &str, out: &mut String) {
    for word in piece.split_word_bounds() {
        let digits = word.chars().filter(char::is_ascii_digit).count();
        let starts_upper = word.chars().next().is_some_and(char::is_uppercase);
        if digits >= LEAST_DIGITS {
            out.extend(word.chars().map(|c| if c.is_alphanumeric() { '*' } else { c }));
        } else if starts_upper && !is_common(word) {
            out.push_str(CONSTANT);
        } else {
            out.push_str(word);
        }
    }
}

fn is_common(word: &str) -> bool {
    let lower = word.to_lowercase();
    COMMON.contains(&format!(" {lower} ")) || is_opening(&lower)
}

fn is_opening(lower: &str) -> bool {
    TITLES.contains(&lower) || GREETINGS.contains(&lower)
}

/// True if a title or a greeting stands before a capitalised word: the text names people.
pub(crate) fn holds_names(value: &str) -> bool {
    let mut opened = false;
    for word in value.split_word_bounds() {
        let lower = word.to_lowercase();
        if word.chars().all(|c| !c.is_alphanumeric()) {
            // A full stop after a title belongs to it; a line end after a greeting does too.
            continue;
        }
        if opened
            && word.chars().next().is_some_and(char::is_uppercase)
            && word.chars().nth(1).is_some_and(char::is_lowercase)
            && !is_common(word)
        {
            return true;
        }
        opened = is_opening(&lower);
    }
    false
}
