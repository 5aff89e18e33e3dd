//! Words for ways and parts of houses, as addresses have them. Data only.

/// Whole words, lower case, without a full stop.
static WORDS: &str = "street st avenue ave road rd lane ln drive dr boulevard blvd \
     court ct terrace parkway pkwy circle trail highway hwy grove crescent mews plaza \
     square sq close alley ridge crossing turnpike expressway apt suite ste flat unit \
     rue chemin impasse allée quai ruelle bis calle avda avenida paseo ronda rambla \
     camino carretera glorieta callejón callejon cuesta alameda urbanización pasaje \
     travesía via viale piazza corso vicolo strada largo borgo contrada rotonda piano \
     rua travessa praça alameda estrada rodovia viela beco ladeira quadra viaduto aleja \
     ulica ul al plac pl osiedle os ulice náměstí utca sokak sokağı cadde caddesi \
     mahallesi bulvarı улица ул проспект пр переулок пер шоссе бульвар наб str strasse \
     straße platz gasse weg allee ufer damm ring steig chaussee laan plein gracht kade \
     dreef singel hof gata gränd torg vej gade alle allé katu tie gate veien loteamento \
     distrito lagoa trecho favela sítio campo morro fazenda jardim condomínio vila área \
     núcleo chácara aleea drumul intrarea strada splaiul bulevardul nr andador diagonal \
     prolongación circuito cerrada retorno privada calzada eje tér körút köz sétány zila \
     path nagar marg chowk ganj plaza house flats oblast";

/// What the words of some languages end in (`Hauptstraße`, `Kerkstraat`, `Storgatan`).
static ENDS: &str = "straße strasse str. weg gasse allee platz damm steig ufer \
     straat laan steeg gracht plein singel dreef kade baan ring gatan vägen gränd torget \
     stigen backen gata vej gade vænget katu kuja tie veien gata utca";

/// Shorter words than this are not taken apart.
const LEAST: usize = 6;

/// True for a word of an address, in any case.
pub(crate) fn is_street_word(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let ends = || ENDS.split_ascii_whitespace().any(|end| word.ends_with(end));
    WORDS.split_ascii_whitespace().any(|known| known == word)
        || word.chars().count() >= LEAST && ends()
}
