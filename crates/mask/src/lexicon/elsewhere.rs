//! What capitalised words in a column name when they name no person: countries, towns, languages,
//! colours, times, states of affairs. Data only; lower case, without accents.

/// Countries, languages and large towns, in the languages of the lexicon.
pub(super) const PLACES: &str = "afghanistan albania algeria andorra angola argentina armenia \
     australia austria azerbaijan bahamas bahrain bangladesh barbados belarus belgium belize \
     benin bhutan bolivia botswana brazil brunei bulgaria burundi cambodia cameroon canada \
     chad chile china colombia comoros congo croatia cuba cyprus czechia denmark djibouti \
     dominica ecuador egypt eritrea estonia eswatini ethiopia fiji finland france gabon gambia \
     georgia germany ghana greece grenada guatemala guinea guyana haiti honduras hungary \
     iceland india indonesia iran iraq ireland israel italy jamaica japan jordan kazakhstan \
     kenya kiribati kuwait kyrgyzstan laos latvia lebanon lesotho liberia libya liechtenstein \
     lithuania luxembourg madagascar malawi malaysia maldives mali malta mauritania mauritius \
     mexico micronesia moldova monaco mongolia montenegro morocco mozambique myanmar namibia \
     nauru nepal netherlands nicaragua niger nigeria norway oman pakistan palau panama \
     paraguay peru philippines poland portugal qatar romania russia rwanda samoa senegal \
     serbia seychelles singapore slovakia slovenia somalia spain sudan suriname sweden \
     switzerland syria taiwan tajikistan tanzania thailand togo tonga tunisia turkey \
     turkmenistan tuvalu uganda ukraine uruguay uzbekistan vanuatu venezuela vietnam yemen \
     zambia zimbabwe england scotland wales europe africa asia america deutschland osterreich \
     schweiz frankreich italien spanien polen niederlande belgien danemark schweden norwegen \
     finnland ungarn tschechien russland griechenland turkei allemagne autriche suisse espagne \
     italie belgique pologne suede norvege finlande grece russie hongrie alemania francia \
     espana inglaterra suiza italia brasil portogallo germania spagna svizzera polonia austria \
     suecia noruega english german french spanish italian portuguese dutch polish swedish \
     danish norwegian finnish russian chinese japanese korean arabic hindi turkish greek \
     danes sueco aleman ingles frances portugues japones chino ruso griego turco polaco checo \
     danisch schwedisch englisch franzosisch spanisch italienisch polnisch russisch chinesisch \
     japanisch anglais allemand espagnol neerlandais polonais russe chinois japonais arabe somali \
     swahili suajili urdu punjabi punyabi telugu marathi gujarati malayalam kannada nepali sinhala \
     khmer lao burmese tibetan mongolian kazakh uzbek tatar kurdish pashto persian farsi georgian \
     armenian azerbaijani basque catalan galician welsh irish gaelic icelandic faroese estonian \
     latvian lithuanian slovak slovenian croatian serbian bosnian macedonian bulgarian albanian \
     maltese esperanto latin yiddish afrikaans xhosa yoruba igbo hausa amharic malay indonesian \
     javanese tagalog hawaiian maori samoan sindhi \
     hebrew czech hungarian romanian ukrainian vietnamese thai bengali deutsch francais \
     espanol london berlin paris madrid rome roma milan milano vienna wien munich munchen \
     hamburg cologne koln frankfurt stuttgart dusseldorf dortmund essen leipzig dresden bremen \
     hannover nurnberg duisburg bochum wuppertal bielefeld bonn munster karlsruhe mannheim \
     augsburg wiesbaden aachen kiel lubeck erfurt mainz rostock kassel potsdam freiburg graz \
     linz salzburg innsbruck zurich geneva basel bern lausanne lyon marseille toulouse nice \
     nantes strasbourg montpellier bordeaux lille rennes reims barcelona sevilla zaragoza \
     malaga bilbao napoli torino palermo genova bologna firenze venezia verona amsterdam \
     rotterdam utrecht eindhoven antwerp brussels bruxelles warszawa krakow lodz wroclaw \
     poznan gdansk szczecin lublin katowice lisboa porto stockholm goteborg malmo copenhagen \
     kobenhavn aarhus oslo bergen helsinki tampere turku prague praha budapest bucharest \
     athens istanbul ankara moscow kyiv dublin belfast edinburgh glasgow manchester birmingham \
     liverpool leeds sheffield bristol cardiff nottingham leicester york boston chicago \
     houston phoenix philadelphia dallas seattle denver detroit atlanta miami portland \
     baltimore milwaukee albuquerque tucson fresno sacramento omaha minneapolis oakland tampa \
     tulsa toronto montreal vancouver calgary ottawa sydney melbourne brisbane perth adelaide \
     auckland tokyo osaka beijing shanghai seoul mumbai delhi bangalore chennai kolkata \
     hyderabad lima bogota santiago caracas havana cairo lagos nairobi texas florida \
     california ohio arizona nevada oregon washington colorado utah montana illinois michigan \
     indiana iowa bayern hessen sachsen bretagne normandie aquitaine cataluna galicia \
     lombardia toscana sicilia ontario quebec";

/// Words that are capitalised at the head of a value and name things, times or states.
pub(super) const THINGS: &str = "january february march april june july august september \
     october november december monday tuesday wednesday thursday friday saturday sunday januar \
     februar juni juli oktober dezember montag dienstag mittwoch donnerstag freitag samstag \
     sonntag janvier fevrier mars avril juin juillet aout lundi mardi mercredi jeudi vendredi \
     samedi dimanche enero febrero abril junio julio agosto lunes martes miercoles jueves \
     viernes sabado domingo red blue green yellow orange purple violet pink brown black white \
     grey gray silver gold beige ivory turquoise teal navy maroon olive cyan magenta crimson \
     indigo lavender coral salmon khaki plum orchid tan snow aquamarine azure rot blau grun \
     gelb schwarz weiss rouge bleu vert jaune noir blanc rojo azul verde amarillo negro blanco \
     rosso nero bianco open closed pending paid shipped cancelled canceled active inactive \
     enabled disabled new old draft done failed error success processing completed approved \
     rejected delivered returned refunded unknown other none yes no true false low medium high \
     normal critical urgent small large standard premium basic free pro sales marketing \
     finance engineering support legal operations research human resources administration \
     accounting logistics production purchasing security manager engineer officer assistant \
     director analyst designer developer consultant technician administrator teacher nurse \
     therapist scientist surveyor editor producer programmer psychologist horticulturist \
     electrical mechanical chemical civil clinical commercial public private keyboard lamp \
     chair bottle backpack headphones table kettle blanket charger tastatur lampe flasche \
     tasse decke clavier chaise bouteille sac teclado bolso termo cargador escritorio monitor \
     laptop phone tablet mouse cable printer camera watch shirt shoes jacket dress hat book \
     box bag set kit wireless steel wooden classic compact deluxe organic smart folding action \
     adventure comedy drama horror thriller documentary animation family music sports travel \
     games children science fiction history art food health home garden electronics clothing \
     furniture toys tools office north south east west central left right upper lower front \
     back top bottom first second third alpha beta gamma delta the and for with from der die \
     das und les des los las con per della";

/// Makers and their marks.
pub(super) const BRANDS: &str = "samsung apple sony philips siemens miele dell lenovo asus \
     acer nokia motorola huawei xiaomi canon nikon olympus fujifilm logitech microsoft google \
     amazon facebook netflix spotify twitter uber airbnb paypal visa mastercard intel nvidia \
     amd cisco oracle adobe ibm sap hp epson xerox brother panasonic toshiba hitachi sharp \
     sanyo lg haier whirlpool electrolux aeg tefal rowenta moulinex krups delonghi dyson \
     karcher makita dewalt stihl husqvarna gardena toyota honda nissan mazda subaru mitsubishi \
     suzuki hyundai kia volkswagen audi bmw porsche opel skoda fiat lancia volvo saab peugeot \
     renault citroen dacia tesla chevrolet cadillac chrysler jeep dodge yamaha kawasaki ducati \
     vespa michelin pirelli bridgestone goodyear continental nestle danone unilever kraft \
     barilla lavazza nescafe heineken carlsberg pepsi fanta sprite nutella haribo lindt \
     toblerone kinder colgate gillette nivea loreal dove pantene pampers huggies lego \
     playmobil mattel hasbro barbie nike adidas puma reebok asics converse zara mango gucci \
     prada armani chanel dior hermes rolex omega swatch casio seiko garmin fitbit ikea lidl \
     aldi carrefour tesco walmart starbucks bosch";

/// Words before or in the name of a town or a district.
pub(super) const MARKS: &str = "north south east west new lake port saint st ste sainte san \
     santa santo sankt bad los las el villa ciudad nueva nuevo mount fort upper lower great \
     little gross klein neu alt nord sud ouest est sur sous les lez di del bei am an ob";

/// What the names of towns end in (`Smithville`, `Davidmouth`).
pub(super) const TOWN_ENDS: &[&str] = &[
    "ville", "burgh", "mouth", "shire", "chester", "furt", "stadt", "hausen", "borough", "haven",
    "fort", "bury", "side", "stad", "dorf", "heim", "city", "town",
];

/// Words for ways that stand last in a line behind a number (`626 Dana Mission`), as the post of
/// the United States and of Britain knows them. Most mean other things too.
pub(crate) const WAYS: &str = "alley annex arcade avenue bayou beach bend bluff bluffs bottom \
     boulevard branch bridge brook brooks burg burgs bypass camp canyon cape causeway center \
     centers circle circles cliff cliffs close club common commons corner corners course court \
     courts cove coves creek crescent crest crossing crossroad curve dale dam divide drive \
     drives estate estates expressway extension extensions fall falls ferry field fields flat \
     flats ford fords forest forge forges fork forks fort freeway garden gardens gateway glen \
     glens green greens grove groves harbor harbors haven heights highway hill hills hollow \
     inlet island islands isle junction junctions key keys knoll knolls lake lakes land \
     landing lane light lights loaf lock locks lodge loop mall manor manors meadow meadows \
     mews mill mills mission motorway mount mountain mountains neck orchard oval overpass park \
     parks parkway parkways pass passage path pike pine pines place plain plains plaza point \
     points port ports prairie radial ramp ranch rapid rapids rest ridge ridges river road \
     roads route row rue run shoal shoals shore shores skyway spring springs spur square \
     squares station stravenue stream streets street summit terrace throughway trace track \
     trafficway trail trails tunnel turnpike underpass union unions valley valleys via viaduct \
     view views village villages ville vista walk walks wall way ways well wells parade quay \
     rise gate chase mead croft yard esplanade circuit";

/// Words of a column's name that say that something else than a person or an address stands in it.
pub(super) const NAMED_OTHERWISE: &str = "city town ville stadt ort ciudad citta cidade stad \
     miasto country land pays pais paese kraj state province region district county company \
     firm firma vendor supplier brand make maker manufacturer merchant model product produkt \
     produit item category kategorie status state type kind color colour farbe title titel \
     department abteilung team group role job position language sprache currency tag genre \
     film movie song album book course subject topic species branch store shop warehouse \
     project campaign plan school university hospital bank airline airport hotel restaurant \
     event venue file path url host domain version release level grade unit code key ref sku \
     article hersteller marke lieferant artikel fabricant marque fournisseur fabricante marca \
     proveedor produttore fornitore merk leverancier producent marka dostawca verein club \
     league liga station bahnhof gare estacion stazione tytul titulo titolo titre gattung \
     animal plant breed dish recipe ingredient drug";

/// Words that name a column and say nothing of what stands in it.
pub(super) const SAY_NOTHING: &str = "col column field fld feld attr attribute val value wert \
     data datum str string text txt num number var variable param prop custom udf uda misc \
     extra other info generic free flex spare temp tmp char varchar int date dt cell slot item \
     spalte campo valor dato champ donnee colonna kolom kolumna pole kolonne raw src source \
     import legacy unnamed f c x y z a b v k n s t d p q";

/// Words of a column's name that are short and say something all the same.
pub(super) const SHORT: &str =
    "id no nr pk fk ts tz at on by to of in is os ms kg cm mm pc db ok qt";
