//! Words of streets and around them, by where they stand. Data, and how it is looked up.

use crate::{
    lexicon,
    scan::{
        sieve::{Ends, Heads},
        table::{Key, Table},
    },
};
use std::sync::LazyLock;

/// What a word is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sort {
    /// Stands before the name of a street whose number comes behind (`calle`); means much else too
    /// (`via`).
    pub(super) opens: bool,
    pub(super) may_open: bool,
    /// Stands between the number and the name (`rue`); means much else too (`place`).
    pub(super) precedes: bool,
    pub(super) may_precede: bool,
    /// Stands behind number and name (`Street`); means much else too (`Point`).
    pub(super) follows: bool,
    pub(super) may_follow: bool,
    /// A flat, a floor; `flat`: of a house alone.
    pub(super) unit: bool,
    pub(super) flat: bool,
    /// `de`, `la`, `von`.
    pub(super) particle: bool,
    /// A place follows: `at`, `wohnt in der`.
    pub(super) at_place: bool,
    /// Begins what follows an address, with a capital or without.
    pub(super) ordinary: bool,
    /// A ship or an office of soldiers.
    pub(super) soldiers: bool,
}

const OPENS: &str = "calle avenida avda paseo rambla carretera glorieta callejón callejon \
    travesía pasaje pasadizo urbanización viale vicolo piazza contrada rua travessa praça estrada \
    rodovia alameda ulica ul aleja улица ул проспект переулок шоссе бульвар strada bulevardul \
    prolongación andador ladeira";

const MAY_OPEN: &str = "c av via corso largo borgo piano al plac pl os osiedle plaza camino cuesta \
    ronda canale rotonda incrocio stretto parque setor vila sítio campo morro praia feira \
    residencial condomínio conjunto fazenda jardim favela núcleo colônia chácara esplanada lago \
    lagoa loteamento quadra trecho trevo vale vereda viela viaduto pátio passarela área aeroporto \
    distrito estação recanto acceso acequia arroyo barranco cañada carrer circunvalación corredor \
    costanera diagonal jardines mirador parque privada ramal retorno sendero vial circuito calzada \
    eje cerrada pr б-р просп пл";

const PRECEDES: &str = "rue impasse allée boulevard ruelle chemin";

const MAY_PRECEDE: &str = "avenue place quai route cours square passage sentier bd voie montée";

const FOLLOWS: &str = "street st avenue ave road rd lane ln boulevard blvd terrace crescent \
    highway hwy parkway pkwy turnpike expressway mews stravenue marg chowk motorway \
    throughway ganj";

/// Beside those of [`lexicon::WAYS`].
const MAY_FOLLOW: &str = "dr ct cir trl nagar path zila brae riviera outlook rotary concourse \
    strand underpass triangle stairs promenade quadrant wharf";

const UNITS: &str = "apt apartment suite ste unit flat studio level floor appartamento piano \
    interno puerta piso esc escalera portal bajo apartamento apto bloco lägenhet lgh lejlighed";

const FLATS: &str = "flat apt apartment";

const PARTICLES: &str = "de del della dello delle degli dei di da do dos das du des d la le les \
    los las lo el y e van von der den het 't ter ten sur sous en aux à al na am an im upon of the \
    i maja sul sull'adda lès";

const AT_PLACE: &str = "at near lives address der dem am im adresse anschrift wohnt unter \
    dirección domicilio vive indirizzo adres endereço morada adress bor på lives in";

const ORDINARY: &str = "the please thanks order invoice call tel phone fax email size total on by \
    we i he she they it if and or but for with from until after before today monday tuesday \
    wednesday thursday friday saturday sunday";

const SOLDIERS: &str = "usns uss uscgc usnv psc unit cmr";

static WORDS: LazyLock<Table<Sort>> = LazyLock::new(|| {
    let none = Sort::default();
    let lists: [(&'static str, Sort); 13] = [
        (OPENS, Sort { opens: true, ..none }),
        (MAY_OPEN, Sort { may_open: true, ..none }),
        (PRECEDES, Sort { precedes: true, ..none }),
        (MAY_PRECEDE, Sort { may_precede: true, ..none }),
        (FOLLOWS, Sort { follows: true, ..none }),
        (MAY_FOLLOW, Sort { may_follow: true, ..none }),
        (lexicon::WAYS, Sort { may_follow: true, ..none }),
        (UNITS, Sort { unit: true, ..none }),
        (FLATS, Sort { flat: true, ..none }),
        (PARTICLES, Sort { particle: true, ..none }),
        (AT_PLACE, Sort { at_place: true, ..none }),
        (ORDINARY, Sort { ordinary: true, ..none }),
        (SOLDIERS, Sort { soldiers: true, ..none }),
    ];
    let listed = lists
        .into_iter()
        .flat_map(|(words, sort)| words.split_whitespace().map(move |word| (word, sort)));
    Table::new(listed, Sort::default(), |a, b| Sort {
        opens: a.opens | b.opens,
        may_open: a.may_open | b.may_open,
        precedes: a.precedes | b.precedes,
        may_precede: a.may_precede | b.may_precede,
        follows: a.follows | b.follows,
        may_follow: a.may_follow | b.may_follow,
        unit: a.unit | b.unit,
        flat: a.flat | b.flat,
        particle: a.particle | b.particle,
        at_place: a.at_place | b.at_place,
        ordinary: a.ordinary | b.ordinary,
        soldiers: a.soldiers | b.soldiers,
    })
});

/// What these end in.
static KNOWN: LazyLock<Ends> = LazyLock::new(|| {
    let lists = [
        OPENS,
        MAY_OPEN,
        PRECEDES,
        MAY_PRECEDE,
        FOLLOWS,
        MAY_FOLLOW,
        lexicon::WAYS,
        UNITS,
        FLATS,
        PARTICLES,
        AT_PLACE,
        ORDINARY,
        SOLDIERS,
    ];
    Ends::of(lists.into_iter().flat_map(str::split_whitespace))
});

/// What these begin with that stand between number and name.
static PRECEDING: LazyLock<Heads> = LazyLock::new(|| {
    Heads::of([PRECEDES, MAY_PRECEDE].into_iter().flat_map(str::split_whitespace))
});

/// False if no word that stands between the number and the name of a street begins here.
#[inline(always)]
pub(super) fn may_precede(text: &[u8], at: usize) -> bool {
    PRECEDING.may_begin(text, at)
}

/// What compounds end in.
static ENDINGS: LazyLock<Ends> = LazyLock::new(|| Ends::of(ENDS.iter().chain(MAY_END).copied()));

/// False if the word that ends here is none of these.
#[inline(always)]
pub(super) fn may_be_known(text: &[u8], end: usize) -> bool {
    KNOWN.may_end(text, end)
}

/// False if the word that ends here is no compound.
#[inline(always)]
pub(super) fn may_end(text: &[u8], end: usize) -> bool {
    ENDINGS.may_end(text, end)
}

/// What a word in small letters is for.
pub(super) fn sort(word: &Key) -> Sort {
    WORDS.get(word)
}

/// The end of a compound.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// Nothing else ends so.
    pub(super) sure: bool,
    /// It is the whole word.
    pub(super) whole: bool,
}

/// What compounds end in that are streets and nothing else.
const ENDS: &[&str] = &[
    "straße", "strasse", "str", "straat", "gatan", "gracht", "laan", "singel", "dreef", "steeg",
    "vägen", "gränd", "torget", "vej", "vænget", "veien", "allee", "gasse", "weg", "plein",
];

/// What other words end in too.
const MAY_END: &[&str] = &[
    "platz",
    "ring",
    "damm",
    "ufer",
    "steig",
    "kade",
    "baan",
    "pad",
    "boulevard",
    "gade",
    "gata",
    "gate",
    "katu",
    "kuja",
    "tie",
    "stigen",
    "backen",
    "hof",
    "park",
    "berg",
    "promenade",
    "allé",
    "stræde",
    "polku",
    "kaari",
    "utca",
];

/// Compounds that are no streets.
const NONE: &[&str] = &[
    "umweg",
    "ausweg",
    "rückweg",
    "hinweg",
    "heimweg",
    "dienstweg",
    "postweg",
    "rechtsweg",
    "arbeitsplatz",
    "parkplatz",
    "stellplatz",
    "sitzplatz",
    "bahnsteig",
    "monitoring",
    "spring",
    "string",
    "hiring",
    "engineering",
    "arbeitsweg",
    "lernweg",
    "fahrweg",
    "reitweg",
    "radweg",
];

/// Letters before an end, so that it is a compound.
const LEAST: usize = 3;

/// How a word in small letters ends, if a street's may end so.
pub(super) fn ending(word: &Key) -> Option<Ending> {
    let (bytes, length) = word.bytes();
    let text = bytes.get(..length).and_then(|text| std::str::from_utf8(text).ok())?;
    let compound = |end: &&str| {
        let before = text.strip_suffix(*end);
        before.is_some_and(|before| before.is_empty() || before.len() >= LEAST)
    };
    let found = |list: &[&'static str]| list.iter().find(|end| compound(end)).copied();
    let (end, sure) =
        found(ENDS).map(|end| (end, true)).or_else(|| found(MAY_END).map(|end| (end, false)))?;
    let known = NONE.contains(&text);
    (!known).then_some(Ending { sure, whole: end.len() == text.len() })
}

/// States that are written before a postcode, by the digits of it.
pub(super) fn is_state(state: &[u8], digits: usize) -> bool {
    const AMERICAN: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI \
        MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR \
        VI GU AS MP FM MH PW";
    const AUSTRALIAN: &str = "NSW VIC QLD WA SA TAS ACT NT";
    let states = match digits {
        5 => AMERICAN,
        4 => AUSTRALIAN,
        _ => return false,
    };
    states.split_ascii_whitespace().any(|known| known.as_bytes() == state)
}
