//! The words around names, in eleven languages, all in lower case. Data, and how it is looked up.

use crate::{
    lexicon,
    scan::{
        sieve::{Ends, Heads},
        table::{Key, Table},
    },
};
use std::sync::LazyLock;

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

/// Bytes of the longest of these.
pub(super) const LONGEST_PARTICLE: usize = 5;

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
    october november december monday tuesday wednesday thursday friday saturday sunday bill summer \
    autumn art rusty max pat sue rob page chance prudence patience sun moon war \
    der die das ein eine einer er sie es wir ihr ihre ihren ich und oder aber nicht bitte der \
    den dem bestellung rechnung lieferung guten tag herr frau termin paket termin montag dienstag \
    mittwoch donnerstag freitag samstag sonntag januar februar märz mai juni juli oktober \
    dezember mit freundlichen grüßen grüße überweisung rückfragen kunde kundin \
    le les un une il elle nous vous je et ou mais merci monsieur madame bonjour commande \
    el los uno una yo o pero por hola señor señora pedido gracias \
    lo gli ma buongiorno pacco os as um uma eu olá het een ik wij en maar hallo jest nie i dzień \
    dobry paczka pan pani hej";

/// Ordinary words by which persons are called too: names behind another name and behind what
/// announces one.
const BOTH: &str = "mark grant chase rose grace hope faith joy dawn ivy lily daisy ruby amber \
    crystal sterling frank rich drew miles dale glen cliff brook heath iris violet olive pearl \
    jade ginger melody harmony mercy hunter mason carter";

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
    /// It is a name too, where another name or an announcement stands before it.
    pub(super) called: bool,
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
    called: false,
    harmless: false,
    place: false,
    particle: false,
    given: false,
    says: Before::Nothing,
    pairs: false,
};

/// Every word that is known: one look for each word of a text.
static KNOWN: LazyLock<Table<Known>> = LazyLock::new(|| {
    let lists: [(&'static str, Known); 11] = [
        (ORDINARY, Known { ordinary: true, ..NOTHING }),
        (BOTH, Known { ordinary: true, called: true, ..NOTHING }),
        (HARMLESS, Known { harmless: true, ..NOTHING }),
        (PLACES, Known { place: true, ..NOTHING }),
        (PARTICLES, Known { particle: true, ..NOTHING }),
        (lexicon::GIVEN, Known { given: true, ..NOTHING }),
        (PLACE_MARKS, Known { says: Before::Place, ..NOTHING }),
        (ROLES, Known { says: Before::Role, ..NOTHING }),
        (GREETINGS, Known { says: Before::Greeting, ..NOTHING }),
        (INTRODUCTIONS, Known { says: Before::Introduction, ..NOTHING }),
        (TITLES, Known { says: Before::Title, ..NOTHING }),
    ];
    let listed = lists
        .into_iter()
        .flat_map(|(words, known)| words.split_whitespace().map(move |word| (word, known)));
    let pairs = PAIRS.split_whitespace().chain(LOOSE_PAIRS.split_whitespace());
    let seconds = pairs.filter_map(|pair| pair.split('_').next_back());
    let seconds = seconds.map(|word| (word, Known { pairs: true, ..NOTHING }));
    Table::new(listed.chain(seconds), NOTHING, |known, more| Known {
        ordinary: known.ordinary | more.ordinary,
        called: known.called | more.called,
        harmless: known.harmless | more.harmless,
        place: known.place | more.place,
        particle: known.particle | more.particle,
        given: known.given | more.given,
        says: if more.says == Before::Nothing { known.says } else { more.says },
        pairs: known.pairs | more.pairs,
    })
});

static PAIRED: LazyLock<Table<Before>> = LazyLock::new(|| {
    let sure = PAIRS.split_whitespace().map(|pair| (pair, Before::Introduction));
    let loose = LOOSE_PAIRS.split_whitespace().map(|pair| (pair, Before::Role));
    Table::new(sure.chain(loose), Before::Nothing, |_, last| last)
});

/// What the words end in that say something of the word behind them.
static ANNOUNCING: LazyLock<Ends> = LazyLock::new(|| {
    let lists = [PLACE_MARKS, ROLES, GREETINGS, INTRODUCTIONS, TITLES];
    let seconds = PAIRS.split_whitespace().chain(LOOSE_PAIRS.split_whitespace());
    let seconds = seconds.filter_map(|pair| pair.split('_').next_back());
    Ends::of(lists.into_iter().flat_map(str::split_whitespace).chain(seconds))
});

static GIVEN: LazyLock<Heads> = LazyLock::new(|| Heads::of(lexicon::GIVEN.split_whitespace()));

/// False if the word that ends here says nothing of the one behind it.
#[inline(always)]
pub(super) fn may_announce(text: &[u8], end: usize) -> bool {
    ANNOUNCING.may_end(text, end)
}

/// False if the word that begins here is no given name.
#[inline(always)]
pub(super) fn may_be_given(text: &[u8], at: usize) -> bool {
    GIVEN.may_begin(text, at)
}

/// What a word is by itself.
#[inline]
pub(super) fn known(word: &Key) -> Known {
    KNOWN.get(word)
}

/// True for a common given name; a double one counts by its first part.
pub(super) fn is_given(word: &Key, known: Known) -> bool {
    if !word.holds(b'-') {
        return known.given && word.length() >= 3;
    }
    let (bytes, length) = word.bytes();
    let text = bytes.get(..length).unwrap_or_default();
    match text.iter().position(|byte| *byte == b'-') {
        None => false,
        Some(hyphen) => {
            let first = text.get(..hyphen).and_then(Key::of);
            hyphen >= 3 && first.is_some_and(|first| KNOWN.get(&first).given)
        }
    }
}

/// What two words announce together.
pub(super) fn pair(first: &Key, second: &Key) -> Before {
    first.joined(b'_', second).map_or(Before::Nothing, |both| PAIRED.get(&both))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_particle_is_longer() {
        let longest = PARTICLES.split_whitespace().map(str::len).max();
        assert_eq!(longest, Some(LONGEST_PARTICLE));
    }
}
