//! The words around names, in eleven languages, all in lower case. Data, and how it is looked up.

use crate::lexicon;
use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::LazyLock,
};

/// Bytes of a word that is looked up; longer ones are no announcement and no common name.
pub(super) const MAX_WORD: usize = 32;

/// What the words before a capitalised word say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// `Mrs`, `Herr`: a name follows, whatever it is.
    Title,
    /// `my name is`: a name follows, whatever it is.
    Introduction,
    /// `customer`, `titular`: a name may follow, or a thing.
    Role,
    /// `Dear`, `Hola`: a name may follow, or a common noun.
    Greeting,
    /// `San`, `São`: a place follows.
    Place,
    /// Nothing is known to follow.
    Nothing,
}

/// `M.` of French is a title too, but an initial everywhere else.
const TITLES: &str = "mr mrs ms miss mister mx dr prof professor herr herrn frau mme mlle madame \
    monsieur mademoiselle señor señora senor senora sr sra srta sig signor signora dott dhr mevr \
    mevrouw meneer pan pani pana panią senhor senhora dona fru fröken kollege kollegin fräulein";

const ROLES: &str = "name customer client patient patientin kunde kundin kunden nachbar nachbarin \
    holder cardholder titular titulaire titolare kontoinhaber kontoinhaberin karteninhaber \
    neighbour neighbor witness contact employee cliente paciente paziente klant klient pacjent \
    kund nom nombre nome naam intestato signed attn recipient sender empfänger absender \
    destinatario destinataire met soy sou sono";

const GREETINGS: &str = "dear hi hello hey regards sincerely cheers thanks liebe lieber hallo \
    grüße grüßen gruß bonjour cher chère cordialement hola estimado estimada saludos ciao caro \
    cara saluti olá prezado prezada beste groeten cześć hej";

const PLACE_MARKS: &str = "san são sao santa santo saint sainte st ste port porto puerto mount \
    lake cape fort new rio villa ville bad sankt";

const INTRODUCTIONS: &str = "heiße heisse m'appelle chiamo nazywam named ring";

/// Two words that announce a name together.
const PAIRS: &str = "name_is ich_bin mein_name name_ist me_llamo mi_chiamo nombre_es nome_é \
    naam_is jag_heter nazywam_się signed_by nome_de nom_de a_de on_behalf behalf_of namens_von \
    this_is spoke_with";

/// Of the pairs, those that are followed by other things as well.
const LOOSE_PAIRS: &str = "this_is ich_bin mein_name nome_de nom_de a_de spoke_with on_behalf \
    behalf_of signed_by";

const PARTICLES: &str = "de del della da di do dos das du des van von der den den ter ten te la \
    le el y e af av zu zum zur bin ibn al lo los las";

/// Words that begin sentences, months, days, and common nouns with a capital: no part of a name.
const ORDINARY: &str = "a about account address after again all also an and any are as at be been \
    but by call can card cannot case client code company contact could customer delivery \
    department did do does each email error every finance for from get got group had has have he \
    her here him his hello hi how i if in info invoice is issue it item its just last left let \
    like mail member message more my need new next no none not note now number of off office ok \
    on once one only or order our out over package page paid parcel payment phone platform please \
    price product question re refund regards reply report room said sale sent service shall she \
    should since sir so some status still store subject support system team thank thanks that the \
    their them then there these they this ticket to today tomorrow total tried until up update us \
    use user version very was we well went were what when where which while who why will with \
    would yes yesterday yet you your january february march april may june july august september \
    october november december monday tuesday wednesday thursday friday saturday sunday mark grant \
    chase bill rose grace hope faith joy art summer autumn dawn ivy lily daisy ruby amber crystal \
    sterling rusty frank rich max pat sue rob drew miles dale glen cliff brook heath iris violet \
    olive pearl jade ginger melody harmony mercy patience prudence page chance hunter mason carter \
    sun moon war \
    der die das ein eine einer er sie es wir ihr ihre ihren ich und oder aber nicht bitte der \
    den dem bestellung rechnung lieferung guten tag herr frau termin paket termin montag dienstag \
    mittwoch donnerstag freitag samstag sonntag januar februar märz mai juni juli oktober \
    dezember mit freundlichen grüßen grüße überweisung rückfragen kunde kundin \
    le les un une il elle nous vous je et ou mais merci monsieur madame bonjour commande \
    el los uno una yo o pero por hola señor señora pedido gracias \
    lo gli ma buongiorno pacco os as um uma eu olá het een ik wij en maar hallo jest nie i dzień \
    dobry paczka pan pani hej";

/// Words behind a title that make it no person.
const HARMLESS: &str = "team customer sir madam all everyone kunde kundin damen customers users \
    support user client colleagues";

/// Given names that are as often a place or a brand: without an announcement they are none.
const PLACES: &str = "paris london berlin sydney austin dallas madison charlotte victoria florence \
    georgia virginia carolina dakota savannah brooklyn jordan israel chelsea kent lincoln jackson \
    houston phoenix chad india asia kenya sofia francisco diego jose antonio francisco lourdes \
    santiago valencia lorena verona siena milan nice nancy lyon orlando windsor logan stanford \
    kyoto sakura yuki ming wei jing yan li mercedes alexa siri cortana java ruby jenkins jack \
    tesla porsche ford bam jan sem";

/// What a word is by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Begins sentences or names a common thing.
    pub(super) ordinary: bool,
    /// No name even behind a title.
    pub(super) harmless: bool,
    /// A given name that is as often a place or a thing.
    pub(super) place: bool,
    /// `van`, `de`, `von`.
    pub(super) particle: bool,
    /// A common given name.
    pub(super) given: bool,
    /// What it says of the word behind it.
    pub(super) says: Before,
    /// Together with the word before it, it may say something else.
    pub(super) pairs: bool,
}

const NOTHING: Known = Known {
    ordinary: false,
    harmless: false,
    place: false,
    particle: false,
    given: false,
    says: Before::Nothing,
    pairs: false,
};

/// Every word that is known: one look for each word of a text.
static KNOWN: LazyLock<HashMap<&'static str, Known, Quick>> = LazyLock::new(|| {
    let mut map: HashMap<&'static str, Known, Quick> = HashMap::default();
    let lists: [(&'static str, Note); 10] = [
        (ORDINARY, |known| known.ordinary = true),
        (HARMLESS, |known| known.harmless = true),
        (PLACES, |known| known.place = true),
        (PARTICLES, |known| known.particle = true),
        (lexicon::GIVEN, |known| known.given = true),
        (PLACE_MARKS, |known| known.says = Before::Place),
        (ROLES, |known| known.says = Before::Role),
        (GREETINGS, |known| known.says = Before::Greeting),
        (INTRODUCTIONS, |known| known.says = Before::Introduction),
        (TITLES, |known| known.says = Before::Title),
    ];
    for (words, note) in lists {
        for word in words.split_whitespace() {
            note(map.entry(word).or_insert(NOTHING));
        }
    }
    let seconds = PAIRED.keys().filter_map(|pair| pair.split('_').next_back());
    seconds.for_each(|word| map.entry(word).or_insert(NOTHING).pairs = true);
    map
});

static PAIRED: LazyLock<HashMap<&'static str, Before, Quick>> = LazyLock::new(|| {
    let sure = PAIRS.split_whitespace().map(|pair| (pair, Before::Introduction));
    sure.chain(LOOSE_PAIRS.split_whitespace().map(|pair| (pair, Before::Role))).collect()
});

/// What a word is by itself.
pub(super) fn known(word: &Lowered) -> Known {
    KNOWN.get(word.as_str()).copied().unwrap_or(NOTHING)
}

/// True for a common given name; a double one counts by its first part.
pub(super) fn is_given(word: &Lowered) -> bool {
    let first = word.as_str().split('-').next().unwrap_or_default();
    first.len() >= 3 && KNOWN.get(first).is_some_and(|known| known.given)
}

/// What two words announce together.
pub(super) fn pair(first: &Lowered, second: &Lowered) -> Before {
    let both = first.followed_by(second);
    both.and_then(|both| PAIRED.get(both.as_str()).copied()).unwrap_or(Before::Nothing)
}

/// Notes what a list of words says of a word.
type Note = fn(&mut Known);

type Quick = BuildHasherDefault<Mixed>;

/// Multiplies and rotates, eight bytes at a time. The words in the tables are fixed, so nobody can
/// crowd a place in them; what is looked up is compared whole.
#[derive(Clone, Copy, Debug, Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let word = chunk.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }
}

/// A word in small letters, kept without allocation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lowered {
    bytes: [u8; MAX_WORD],
    length: usize,
}

impl Lowered {
    /// `None` for what is too long to be known.
    pub(super) fn of(word: &str) -> Option<Self> {
        let mut lowered = Self { bytes: [0; MAX_WORD], length: 0 };
        if word.is_ascii() {
            lowered.push(word.as_bytes())?;
            lowered.bytes.make_ascii_lowercase();
            return Some(lowered);
        }
        for c in word.chars().flat_map(char::to_lowercase) {
            lowered.push(c.encode_utf8(&mut [0; 4]).as_bytes())?;
        }
        Some(lowered)
    }

    fn push(&mut self, more: &[u8]) -> Option<()> {
        let end = self.length + more.len();
        self.bytes.get_mut(self.length..end)?.copy_from_slice(more);
        self.length = end;
        Some(())
    }

    fn followed_by(mut self, other: &Self) -> Option<Self> {
        self.push(b"_")?;
        self.push(other.as_str().as_bytes())?;
        Some(self)
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}
