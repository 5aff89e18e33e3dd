"""What columns hold: kinds of values, with the label that is true of them and names for columns.

A kind without a label is a decoy: masking one of its values is a defect. `form` says what a kind
can be known by: `check` (check digits), `fixed` (a form nothing else has), `shape` (what values look
like together), `word` (only the column's name or the words before it).
"""

import base64
import datetime
import hashlib
import json
import string
from collections import namedtuple

import ids

Kind = namedtuple("Kind", "label form names make locales type")

TUNED = ["en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_BR", "ja_JP",
         "zh_CN", "ko_KR", "en_IN", "en_CA", "en_AU"]
# Not looked at while the recognisers were made better.
HELD = ["sv_SE", "es_MX", "pt_PT", "de_AT", "fr_CA", "da_DK", "fi_FI", "en_NZ"]
LOCALES = TUNED + HELD

# Around the part of a value that is secret, where not all of it is; taken out again.
SECRET = ("\x01", "\x02")

HEX = "0123456789abcdef"
WORD = string.ascii_letters + string.digits


def pick(rng, alphabet, count):
    return "".join(rng.choice(alphabet) for _ in range(count))


def b64(rng, count, url=True):
    data = bytes(rng.randrange(256) for _ in range(count))
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    return encode(data).decode().rstrip("=")


def one_line(text):
    return ", ".join(part.strip() for part in text.split("\n") if part.strip())


def name(f, rng):
    return f.name()


def plain_name(f, rng):
    """Without titles and degrees, which need not be hidden."""
    first, last = f.first_name(), f.last_name()
    return f"{last}{first}" if first and ord(first[0]) > 0x2FF else f"{first} {last}"


def reversed_name(f, rng):
    return f"{f.last_name()}, {f.first_name()}"


def address(f, rng):
    return one_line(f.address())


def international_phone(f, rng):
    code, sizes = rng.choice([("1", [3, 3, 4]), ("44", [4, 6]), ("49", [3, 8]), ("33", [1, 2, 2, 2, 2]),
                              ("34", [3, 3, 3]), ("39", [3, 7]), ("31", [2, 3, 4]), ("48", [3, 3, 3]),
                              ("55", [2, 5, 4]), ("91", [5, 5]), ("81", [2, 4, 4]), ("82", [2, 4, 4]),
                              ("86", [3, 4, 4]), ("61", [3, 3, 3])])
    body = ids.grouped(ids.lead(rng, sum(sizes), "23456789"), sizes, rng.choice(["", " ", " ", "-"]))
    return f"+{code}{rng.choice(['', ' ']) if ' ' not in body else ' '}{body}"


def birth(f, rng):
    return f.date_of_birth(minimum_age=18, maximum_age=90).isoformat()


def birth_local(f, rng):
    date = f.date_of_birth(minimum_age=18, maximum_age=90)
    return date.strftime(rng.choice(["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"]))


def mrz_passport(f, rng):
    return rng.choice(string.ascii_uppercase) + ids.digits(rng, 8)


def licence(f, rng):
    return rng.choice(string.ascii_uppercase) + ids.digits(rng, rng.choice([7, 12]))


def hashed_password(f, rng):
    crypt = "./" + WORD
    return rng.choice([
        f"$2b$12${pick(rng, crypt, 53)}",
        f"$2y$10${pick(rng, crypt, 53)}",
        f"$argon2id$v=19$m=65536,t=3,p=4${b64(rng, 16, False)}${b64(rng, 32, False)}",
        f"pbkdf2_sha256$600000${pick(rng, WORD, 22)}${b64(rng, 32, False)}=",
        f"SCRAM-SHA-256$4096:{b64(rng, 16, False)}==${b64(rng, 32, False)}=:{b64(rng, 32, False)}=",
        f"$6${pick(rng, crypt, 16)}${pick(rng, crypt, 86)}",
        f"$5$rounds=5000${pick(rng, crypt, 16)}${pick(rng, crypt, 43)}",
        f"$1${pick(rng, crypt, 8)}${pick(rng, crypt, 22)}",
        f"{{SSHA}}{b64(rng, 24, False)}==",
        f"md5{pick(rng, HEX, 32)}",
    ])


def api_key(f, rng):
    up = string.ascii_uppercase + "234567"
    return rng.choice([
        "AKIA" + pick(rng, up, 16), "ghp_" + pick(rng, WORD, 36), "gho_" + pick(rng, WORD, 36),
        "github_pat_" + pick(rng, WORD, 22) + "_" + pick(rng, WORD, 59),
        "glpat-" + pick(rng, WORD, 20), "sk_live_" + pick(rng, WORD, 24),
        "rk_live_" + pick(rng, WORD, 24), "whsec_" + pick(rng, WORD, 32),
        f"xoxb-{ids.digits(rng, 11)}-{ids.digits(rng, 12)}-{pick(rng, WORD, 24)}",
        "AIza" + pick(rng, WORD + "-_", 35), "sk-proj-" + pick(rng, WORD, 48),
        "sk-ant-api03-" + pick(rng, WORD + "-_", 93) + "AA", "npm_" + pick(rng, WORD, 36),
        "pypi-AgEIcHlwaS5vcmc" + pick(rng, WORD, 60), "hf_" + pick(rng, string.ascii_letters, 34),
        "SG." + pick(rng, WORD, 22) + "." + pick(rng, WORD, 43), "dop_v1_" + pick(rng, HEX, 64),
        "shpat_" + pick(rng, HEX, 32), "SK" + pick(rng, HEX, 32), "key-" + pick(rng, HEX, 32),
        "AC" + pick(rng, HEX, 32), "hvs." + pick(rng, WORD, 24),
        f"{ids.digits(rng, 10)}:AA{pick(rng, WORD + '-_', 33)}", "lin_api_" + pick(rng, WORD, 40),
        "pk_live_" + pick(rng, WORD, 24), "dapi" + pick(rng, HEX, 32),
        "glsa_" + pick(rng, WORD, 32) + "_" + pick(rng, HEX, 8), "PMAK-" + pick(rng, HEX, 24) + "-" + pick(rng, HEX, 34),
    ])


def jwt(f, rng):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    head = part({"alg": rng.choice(["HS256", "RS256"]), "typ": "JWT"})
    return f"{head}.{part({'sub': ids.digits(rng, 10), 'iat': 1700000000})}.{b64(rng, 32)}"


def pem(f, rng):
    kind = rng.choice(["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"])
    lines = "\n".join(pick(rng, WORD + "+/", 64) for _ in range(6))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"


def connection(f, rng):
    user, host = f.domain_word()[:8].encode("ascii", "ignore").decode() or "app", "db.internal"
    word = SECRET[0] + pick(rng, WORD, 12) + SECRET[1]
    return rng.choice([
        f"postgres://{user}:{word}@{host}:5432/shop", f"mysql://{user}:{word}@{host}/shop",
        f"mongodb+srv://{user}:{word}@cluster0.mongodb.net/test", f"redis://:{word}@{host}:6379/0",
        f"amqp://{user}:{word}@{host}:5672/", f"host={host} user={user} password={word} dbname=shop",
        f"Server={host};Database=shop;User Id={user};Password={word};",
        f"DefaultEndpointsProtocol=https;AccountName={user};AccountKey={SECRET[0]}{b64(rng, 64, False)}=={SECRET[1]}",
        f"jdbc:postgresql://{host}/shop?user={user}&password={word}",
    ])


def password(f, rng):
    """As people choose them and as generators make them, with digits; letters alone are told from
    no other word."""
    word = f.word().encode("ascii", "ignore").decode() or "river"
    year, sign = rng.randint(1, 2029), rng.choice("!#$%&*?@_-+")
    return rng.choice([
        f"{word}{year}", f"{word.capitalize()}{sign}{year}", f"{word.capitalize()}{year}{sign}",
        pick(rng, WORD, 9) + ids.digits(rng, 2), pick(rng, WORD, 5) + sign + pick(rng, WORD, 5) + "7",
    ]).ljust(8, "9")


def token(f, rng):
    """A token of a maker that nobody knows."""
    return "Qa7" + pick(rng, WORD, rng.randint(24, 48))


def basic(f, rng):
    login = f"{f.user_name()}:{password(f, rng)}".encode("ascii", "ignore")
    return base64.b64encode(login).decode()


def log_line(f, rng):
    stamp = f.date_time_between("-2y").strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return rng.choice([
        f"{stamp} INFO order {order(f, rng)} took {rng.randint(1, 900)} ms, status {rng.choice([200, 204, 404])}",
        f"{stamp} WARN pool: {rng.randint(1, 99)} of 100 connections in use, queue={rng.randint(0, 50)}",
        f"{stamp} DEBUG GET /api/v2/items/{rng.randint(1, 99999)}?page={rng.randint(1, 9)} {rng.randint(1, 99999)}",
        f"[{rng.randint(1, 9999)}.{ids.digits(rng, 6)}] kernel: task {rng.randint(1, 99999)} blocked for {rng.randint(1, 300)} seconds",
    ])


def order(f, rng):
    return rng.choice([f"ORD-{rng.randint(2019, 2026)}-{rng.randint(1, 999999):06}",
                       f"SO{rng.randint(10**7, 10**8)}", f"#{rng.randint(1000, 99999)}",
                       f"PO-{ids.digits(rng, 8)}", f"INV-{rng.randint(2019, 2026)}/{rng.randint(1, 9999):04}"])


def long_order(f, rng):
    return ids.digits(rng, rng.choice([10, 12, 14, 16]))


def tracking(f, rng):
    return rng.choice([f"1Z{pick(rng, string.ascii_uppercase + string.digits, 6)}{ids.digits(rng, 10)}",
                       f"RR{ids.digits(rng, 9)}DE", f"9400{ids.digits(rng, 18)}",
                       f"JJD{ids.digits(rng, 18)}", ids.digits(rng, 12)])


def sku(f, rng):
    up = string.ascii_uppercase
    return rng.choice([f"{pick(rng, up, 3)}-{ids.digits(rng, 4)}-{pick(rng, up, 2)}", f"SKU{ids.digits(rng, 6)}",
                       f"{pick(rng, up, 2)}{ids.digits(rng, 5)}", f"{ids.digits(rng, 3)}-{ids.digits(rng, 4)}"])


PRODUCTS = {
    "en": ("Wireless Steel Wooden Classic Compact Deluxe Organic Heavy-Duty Smart Folding", "Keyboard Lamp Chair Bottle Backpack Headphones Table Kettle Blanket Charger"),
    "de": ("Kabellose Kompakte Klassische Robuste Leichte", "Tastatur Lampe Flasche Tasche Decke"),
    "fr": ("sans fil compact classique pliable robuste", "Clavier Lampe Chaise Bouteille Sac"),
    "es": ("inalámbrico compacto clásico plegable robusto", "Teclado Bolso Termo Cargador Escritorio"),
}


def product(f, rng):
    language = rng.choice(sorted(PRODUCTS))
    adjectives, nouns = (part.split(" ") for part in PRODUCTS[language])
    first, second = rng.choice(adjectives), rng.choice(nouns)
    return f"{second} {first}" if language in ("fr", "es") else f"{first} {second}"


def version(f, rng):
    return rng.choice([f"v{rng.randint(0, 20)}.{rng.randint(0, 99)}.{rng.randint(0, 99)}",
                       f"{rng.randint(0, 9)}.{rng.randint(0, 40)}.{rng.randint(0, 9)}-beta.{rng.randint(1, 9)}+build.{ids.digits(rng, 8)}",
                       f"{rng.randint(1, 9)}.{rng.randint(0, 9)}.{rng.randint(0, 9)}.{rng.randint(0, 999)}"])


def price(f, rng):
    return rng.choice([f"${rng.randint(1, 9999):,}.{rng.randint(0, 99):02}", f"{rng.randint(1, 9999)},{rng.randint(0, 99):02} €",
                       f"{rng.randint(1, 99999)}.{rng.randint(0, 99):02}", f"EUR {rng.randint(1, 999)}.{rng.randint(0, 99):02}"])


# What else is written with capitals, one or several words of it.
BRANDS = """Samsung|Apple|Sony|Philips|Siemens|Bosch|Miele|Braun|Dell|Lenovo|Asus|Nokia|Canon|Nikon|Logitech|Nestlé|
Danone|Nivea|Adidas|Puma|Nike|Zara|Gucci|Prada|Lego|Ford|Toyota|Volvo|Renault|Fiat|Peugeot|Opel|Audi|Skoda|Seat|
Heineken|Lavazza|Barilla|Ferrero|Kellogg's|Colgate|Gillette|Oral-B|Michelin|Pirelli|Makita|Kärcher|Rowenta|Tefal|
Electrolux|Whirlpool|Panasonic|Garmin|Fitbit|Intel|Nvidia|Cisco|Oracle|Adobe|Spotify""".replace("\n", "").split("|")
DEPARTMENTS = """Human Resources|Sales|Marketing|Finance|Legal|Customer Support|Engineering|Quality Assurance|Logistics|
Purchasing|Research|Product Management|Facilities|Vertrieb|Einkauf|Buchhaltung|Personal|Forschung|Ventes|Achats|
Ressources Humaines|Comptabilité|Ventas|Compras|Contabilidad|Recursos Humanos|Security|Design|Data Science|
Operations""".replace("\n", "").split("|")
FILMS = """The Long Night|Silent River|Return of the King|Dark Water|City Lights|Golden Years|The Last Train|Red Desert|
Blue Velvet Sky|Northern Star|A Winter Tale|Summer Rain|Broken Mirror|The Glass House|Paper Moon|Wild Horses|Sweet Home|
Night Shift|Deep Impact Zone|Lost Highway|The Green Mile Road|Big Fish|Little Women|Iron Valley|Stone Garden|
Morning Glory|Sea of Trees|Heart of Gold|Black Swan Lake|The Third Man""".replace("\n", "").split("|")
WORDS = """Amplifier|Anchor|Basket|Bearing|Blender|Bracket|Candle|Compass|Cushion|Drawer|Faucet|Filter|Funnel|Gasket|
Grinder|Hammer|Helmet|Hinge|Ladder|Lantern|Magnet|Mattress|Needle|Notebook|Pillow|Piston|Pulley|Ribbon|Saddle|Scarf|
Shovel|Sprinkler|Stapler|Thermostat|Toaster|Tripod|Valve|Wrench|Zipper|Socket""".replace("\n", "").split("|")
TOWNS = """Berlin|Hamburg|Köln|Leipzig|Lyon|Nantes|Toulouse|Lille|Madrid|Valencia|Sevilla|Bilbao|Milano|Torino|Bologna|
Utrecht|Eindhoven|Gent|Kraków|Gdańsk|Poznań|Porto|Coimbra|Malmö|Uppsala|Aarhus|Odense|Tampere|Turku|Bergen|Bristol|
Leeds|Norwich|Swansea|Chicago|Boston|Austin|Denver|Portland|Tucson|Osaka|Nagoya|Pune|Jaipur|Toronto|Halifax|Perth|
Hobart|Wellington|Salzburg""".replace("\n", "").split("|")


def grade(f, rng):
    return f"{rng.randint(0, 4)}.{ids.digits(rng, 4)}"


def day_of(first, last):
    """A day of an ordinary business: more of them the later it is."""
    def make(f, rng):
        days = int((last - first) * 365.25 * max(rng.random(), rng.random()))
        return (datetime.date(first, 1, 1) + datetime.timedelta(days=days)).isoformat()
    return make


def url(f, rng):
    return f"https://{rng.choice(['shop', 'www', 'cdn'])}.example.com/p/{rng.randint(1, 10**7)}?ref={pick(rng, HEX, 8)}"


def filename(f, rng):
    return f"{rng.choice(['report', 'IMG', 'scan', 'export'])}_{f.date_between('-3y').strftime('%Y%m%d')}_{ids.digits(rng, 6)}.{rng.choice(['pdf', 'jpg', 'csv'])}"


def hashed(name, size):
    return lambda f, rng: pick(rng, HEX, size)


def plain(make):
    return lambda f, rng: make(rng)


def oneof(*values):
    return lambda f, rng: rng.choice(values)


def number(low, high):
    return lambda f, rng: str(rng.randint(low, high))


def stamp(form):
    return lambda f, rng: f.date_time_between("-3y").strftime(form)


ANY = LOCALES
EN = ["en_US"]

SENSITIVE = {
    "person/full": Kind("person_name", "shape", ["full_name", "customer_name", "contact_name"], name, ANY, "text"),
    "person/first last": Kind("person_name", "shape", ["full_name", "holder_name"], plain_name, ANY, "text"),
    "person/first": Kind("person_name", "shape", ["first_name", "vorname", "prenom"], lambda f, rng: f.first_name(), ANY, "text"),
    "person/last": Kind("person_name", "shape", ["last_name", "surname", "apellido"], lambda f, rng: f.last_name(), ANY, "text"),
    "person/last, first": Kind("person_name", "shape", ["cardholder", "legal_name"], reversed_name, ANY, "text"),
    "email": Kind("email", "fixed", ["email", "e_mail", "contact_email"], lambda f, rng: f.email(), ANY, "text"),
    "phone/international": Kind("phone", "fixed", ["phone", "mobile_no", "telefon"], plain(lambda rng: international_phone(None, rng)), EN, "text"),
    "phone/national": Kind("phone", "shape", ["phone", "tel", "telefon_nr"], lambda f, rng: f.phone_number(), ANY, "text"),
    "address/whole": Kind("postal_address", "shape", ["address", "shipping_address", "anschrift"], address, ANY, "text"),
    "address/street": Kind("postal_address", "shape", ["street", "address_line1", "strasse"], lambda f, rng: f.street_address(), ANY, "text"),
    "address/postcode": Kind("postal_address", "word", ["postcode", "zip_code", "plz"], lambda f, rng: f.postcode(), ANY, "text"),
    "birth date/iso": Kind("birth_date", "word", ["birth_date", "dob", "geburtsdatum"], birth, EN, "date"),
    "birth date/local": Kind("birth_date", "word", ["date_of_birth", "fecha_nacimiento"], birth_local, EN, "text"),
    "us ssn": Kind("national_id", "fixed", ["ssn", "social_security_number"], plain(ids.us_ssn), EN, "text"),
    "us itin": Kind("national_id", "fixed", ["itin", "tax_id"], plain(ids.us_itin), EN, "text"),
    "us ssn, bare": Kind("national_id", "word", ["ssn", "socsec"], lambda f, rng: ids.us_ssn(rng).replace("-", ""), EN, "text"),
    "uk nino": Kind("national_id", "fixed", ["nino", "national_insurance_no"], plain(ids.uk_nino), EN, "text"),
    "uk nhs": Kind("health", "check", ["nhs_number"], plain(ids.uk_nhs), EN, "text"),
    "de steuer-id": Kind("national_id", "check", ["steuer_id", "steuerliche_idnr"], plain(ids.de_steuer_id), EN, "text"),
    "fr nir": Kind("national_id", "check", ["nir", "numero_secu"], plain(ids.fr_nir), EN, "text"),
    "es dni": Kind("national_id", "check", ["dni", "nif"], plain(ids.es_dni), EN, "text"),
    "es nie": Kind("national_id", "check", ["nie", "dni_nie"], plain(ids.es_nie), EN, "text"),
    "it codice fiscale": Kind("national_id", "check", ["codice_fiscale", "cod_fisc"], plain(ids.it_codice), EN, "text"),
    "nl bsn": Kind("national_id", "check", ["bsn", "burgerservicenummer"], plain(ids.nl_bsn), EN, "text"),
    "pl pesel": Kind("national_id", "check", ["pesel", "nr_pesel"], plain(ids.pl_pesel), EN, "text"),
    "se personnummer": Kind("national_id", "check", ["personnummer"], plain(ids.se_personnummer), EN, "text"),
    "fi hetu": Kind("national_id", "check", ["henkilotunnus", "hetu"], plain(ids.fi_hetu), EN, "text"),
    "br cpf": Kind("national_id", "check", ["cpf", "nr_cpf"], plain(ids.br_cpf), EN, "text"),
    "br cpf, bare": Kind("national_id", "check", ["cpf"], lambda f, rng: pure(ids.br_cpf(rng)), EN, "text"),
    "br cnpj": Kind("national_id", "check", ["cnpj"], plain(ids.br_cnpj), EN, "text"),
    "in aadhaar": Kind("national_id", "check", ["aadhaar", "aadhaar_no"], plain(ids.in_aadhaar), EN, "text"),
    "in pan": Kind("national_id", "fixed", ["pan", "pan_number"], plain(ids.in_pan), EN, "text"),
    "cn resident id": Kind("national_id", "check", ["id_card_no", "resident_id"], plain(ids.cn_resident), EN, "text"),
    "kr rrn": Kind("national_id", "check", ["rrn", "resident_number"], plain(ids.kr_rrn), EN, "text"),
    "jp my number": Kind("national_id", "check", ["my_number"], plain(ids.jp_my_number), EN, "text"),
    "ca sin": Kind("national_id", "check", ["sin", "sin_number"], plain(ids.ca_sin), EN, "text"),
    "au tfn": Kind("national_id", "check", ["tfn", "tax_file_number"], plain(ids.au_tfn), EN, "text"),
    "au medicare": Kind("national_id", "check", ["medicare_no"], plain(ids.au_medicare), EN, "text"),
    "za id": Kind("national_id", "check", ["sa_id_number", "rsa_id"], plain(ids.za_id), EN, "text"),
    "mx curp": Kind("national_id", "check", ["curp"], plain(ids.mx_curp), EN, "text"),
    "passport": Kind("passport", "word", ["passport_no", "reisepass_nr"], mrz_passport, EN, "text"),
    "driving licence": Kind("driving_licence", "word", ["driving_licence_no", "fuehrerschein_nr"], licence, EN, "text"),
    "card": Kind("payment_card", "check", ["card_number", "cc_no", "kreditkarte"], plain(ids.card), EN, "text"),
    "card, printed": Kind("payment_card", "check", ["card_number", "pan_printed"], plain(ids.card_printed), EN, "text"),
    "card, bigint": Kind("payment_card", "check", ["card_no"], plain(ids.card), EN, "int8"),
    "card code": Kind("card_security", "word", ["cvv", "cvc"], lambda f, rng: ids.digits(rng, 3), EN, "text"),
    "iban": Kind("bank_account", "check", ["iban", "bank_account"], plain(ids.iban), EN, "text"),
    "us account": Kind("bank_account", "word", ["account_number", "bank_account_no"], lambda f, rng: ids.lead(rng, rng.choice([9, 10, 12])), EN, "text"),
    "ipv4": Kind("network_address", "fixed", ["ip_address", "client_ip"], lambda f, rng: f.ipv4_public(), EN, "text"),
    "ipv6": Kind("network_address", "fixed", ["ipv6", "remote_addr"], lambda f, rng: f.ipv6(), EN, "text"),
    "mac": Kind("network_address", "fixed", ["mac_address", "mac"], lambda f, rng: f.mac_address(), EN, "text"),
    "location": Kind("location", "shape", ["coordinates", "gps"], lambda f, rng: f"{f.latitude()}, {f.longitude()}", EN, "text"),
    "latitude": Kind("location", "word", ["latitude", "lat"], lambda f, rng: str(f.latitude()), EN, "numeric"),
    "salary": Kind("income", "word", ["salary", "gehalt", "annual_income"], number(20000, 180000), EN, "numeric"),
    "diagnosis": Kind("health", "shape", ["diagnosis_code", "icd10"], lambda f, rng: f"{rng.choice('ABCDEFGHIJKLMNRSTZ')}{rng.randint(0, 99):02}.{rng.randint(0, 9)}", EN, "text"),
    "password hash": Kind("credential", "fixed", ["password_hash", "pwd"], hashed_password, EN, "text"),
    "api key": Kind("credential", "fixed", ["api_key", "access_token"], api_key, EN, "text"),
    "jwt": Kind("credential", "fixed", ["id_token", "jwt"], jwt, EN, "text"),
    "private key": Kind("credential", "fixed", ["private_key", "ssh_key"], pem, EN, "text"),
    "connection string": Kind("credential", "fixed", ["connection_string", "dsn"], connection, EN, "text"),
}


# What only words in running text tell: there alone.
SPOKEN = {
    "password": Kind("credential", "word", [], password, EN, "text"),
    "token": Kind("credential", "word", [], token, EN, "text"),
    "basic login": Kind("credential", "fixed", [], basic, EN, "text"),
}


def pure(text):
    return "".join(char for char in text if char.isdigit())


DECOYS = {
    "order number": Kind(None, None, ["order_no", "order_ref"], order, EN, "text"),
    "long order number": Kind(None, None, ["order_number", "invoice_no"], long_order, EN, "text"),
    "tracking number": Kind(None, None, ["tracking_no", "shipment_ref"], tracking, EN, "text"),
    "ean": Kind(None, None, ["ean", "gtin"], plain(ids.ean13), EN, "text"),
    "sku": Kind(None, None, ["sku", "article_no"], sku, EN, "text"),
    "product": Kind(None, None, ["product_name", "item"], product, EN, "text"),
    "uuid": Kind(None, None, ["id", "request_id"], lambda f, rng: f.uuid4(), EN, "uuid"),
    "uuid as text": Kind(None, None, ["correlation_id", "trace"], lambda f, rng: f.uuid4(), EN, "text"),
    "git commit": Kind(None, None, ["commit", "revision"], hashed("git", 40), EN, "text"),
    "md5": Kind(None, None, ["etag", "checksum"], hashed("md5", 32), EN, "text"),
    "sha256": Kind(None, None, ["sha256", "content_hash"], hashed("sha256", 64), EN, "text"),
    "version": Kind(None, None, ["version", "release"], version, EN, "text"),
    "price": Kind(None, None, ["price", "unit_price"], price, EN, "text"),
    "amount": Kind(None, None, ["amount", "total"], lambda f, rng: f"{rng.randint(1, 99999)}.{rng.randint(0, 99):02}", EN, "numeric"),
    "timestamp": Kind(None, None, ["created_at", "updated_at"], stamp("%Y-%m-%d %H:%M:%S"), EN, "timestamp"),
    "timestamp as text": Kind(None, None, ["logged_at", "synced"], stamp("%Y-%m-%dT%H:%M:%SZ"), EN, "text"),
    "date": Kind(None, None, ["order_date", "shipped_on"], stamp("%Y-%m-%d"), EN, "date"),
    "unix time": Kind(None, None, ["ts", "epoch_ms"], lambda f, rng: str(rng.randint(1_600_000_000_000, 1_760_000_000_000)), EN, "int8"),
    "unix time as text": Kind(None, None, ["event_ts"], lambda f, rng: str(rng.randint(1_600_000_000_000, 1_760_000_000_000)), EN, "text"),
    "row id": Kind(None, None, ["id", "line_no"], number(1, 5_000_000), EN, "int8"),
    "row id as text": Kind(None, None, ["external_ref"], number(100_000_000, 999_999_999), EN, "text"),
    "quantity": Kind(None, None, ["quantity", "stock"], number(0, 500), EN, "int4"),
    "status": Kind(None, None, ["status", "state"], oneof("open", "paid", "shipped", "Cancelled", "Pending Review"), EN, "text"),
    "country": Kind(None, None, ["country", "land"], lambda f, rng: f.country(), ["en_US", "de_DE", "fr_FR"], "text"),
    "city": Kind(None, None, ["city", "stadt"], lambda f, rng: f.city(), ["en_GB", "de_DE", "fr_FR"], "text"),
    "company": Kind(None, None, ["company", "vendor"], lambda f, rng: f.company(), ["en_US", "de_DE", "it_IT"], "text"),
    "job": Kind(None, None, ["job_title", "position"], lambda f, rng: f.job(), ["en_US"], "text"),
    "color": Kind(None, None, ["color", "farbe"], lambda f, rng: f.hex_color(), EN, "text"),
    "color name": Kind(None, None, ["colour"], lambda f, rng: f.color_name(), EN, "text"),
    "url": Kind(None, None, ["url", "link"], url, EN, "text"),
    "file name": Kind(None, None, ["file_name", "attachment"], filename, EN, "text"),
    "user agent": Kind(None, None, ["user_agent"], lambda f, rng: f.user_agent(), EN, "text"),
    "log line": Kind(None, None, ["log", "line"], log_line, EN, "text"),
    "currency": Kind(None, None, ["currency"], lambda f, rng: f.currency_code(), EN, "text"),
    "locale": Kind(None, None, ["locale", "lang"], lambda f, rng: f.locale(), EN, "text"),
    "sentence": Kind(None, None, ["description", "summary"], lambda f, rng: f.sentence(12), ["en_US", "de_DE", "fr_FR", "es_ES"], "text"),
    "percent": Kind(None, None, ["discount", "tax_rate"], lambda f, rng: f"{rng.randint(0, 100)}%", EN, "text"),
    "mime type": Kind(None, None, ["content_type"], lambda f, rng: f.mime_type(), EN, "text"),
    "cron": Kind(None, None, ["schedule"], lambda f, rng: f"{rng.randint(0, 59)} {rng.randint(0, 23)} * * {rng.randint(0, 6)}", EN, "text"),
    "dimensions": Kind(None, None, ["dimensions", "size"], lambda f, rng: f"{rng.randint(1, 300)} x {rng.randint(1, 300)} x {rng.randint(1, 300)} mm", EN, "text"),
    "brand": Kind(None, None, ["brand", "make"], oneof(*BRANDS), EN, "text"),
    "department": Kind(None, None, ["department", "abteilung"], oneof(*DEPARTMENTS), EN, "text"),
    "film": Kind(None, None, ["film_title", "title"], oneof(*FILMS), EN, "text"),
    "part": Kind(None, None, ["part", "component"], oneof(*WORDS), EN, "text"),
    "town": Kind(None, None, ["town", "ville"], oneof(*TOWNS), EN, "text"),
    "language": Kind(None, None, ["language"], lambda f, rng: f.language_name(), EN, "text"),
    "month": Kind(None, None, ["month"], lambda f, rng: f.month_name(), ["en_US", "de_DE", "fr_FR"], "text"),
    "name of a currency": Kind(None, None, ["currency_name"], lambda f, rng: f.currency_name(), EN, "text"),
    "article number": Kind(None, None, ["article_no", "part_number"], number(10000, 99999), EN, "text"),
    "branch number": Kind(None, None, ["branch", "counter"], lambda f, rng: f"{rng.randint(1, 320):03}", EN, "text"),
    "serial number": Kind(None, None, ["serial_no"], lambda f, rng: f"SN{ids.digits(rng, 9)}", EN, "text"),
    "batch": Kind(None, None, ["batch", "lot"], lambda f, rng: f"L{ids.digits(rng, 8)}", EN, "text"),
    "shelf": Kind(None, None, ["shelf", "bin_location"], lambda f, rng: f"{rng.choice('ABCDEF')}{rng.randint(1, 40):02}-{rng.randint(1, 9)}", EN, "text"),
    "since": Kind(None, None, ["member_since", "founded_on"], day_of(1985, 2025), EN, "date"),
    "measure": Kind(None, None, ["grade", "factor"], grade, EN, "numeric"),
    "mileage": Kind(None, None, ["mileage", "population"], number(20000, 180000), EN, "numeric"),
    "ip range, private": Kind(None, None, ["subnet"], lambda f, rng: f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.0/24", EN, "text"),
}

# Tables whose columns say nothing by their names, but stand beside each other. Of persons, in every
# locale; of things, in one.
PEOPLE = [
    ["row id", "person/first", "person/last", "email", "phone/national", "address/street",
     "address/postcode", "town", "birth date/iso", "timestamp", "status"],
    ["row id as text", "person/last, first", "birth date/local", "uk nhs", "diagnosis", "date",
     "department"],
    ["uuid", "person/full", "department", "job", "salary", "since", "us ssn, bare", "us account"],
    ["person/first last", "passport", "driving licence", "birth date/iso", "language", "country"],
    ["order number", "person/first last", "card", "card code", "amount", "date", "currency", "ipv4"],
    ["long order number", "person/full", "email", "sku", "product", "quantity", "price", "date",
     "tracking number", "article number"],
    ["tracking number", "address/whole", "date", "status", "latitude", "mileage", "shelf"],
    ["branch number", "person/last", "address/street", "address/postcode", "company", "month"],
]
THINGS = [
    ["sku", "product", "brand", "article number", "price", "quantity", "version", "color name"],
    ["part", "batch", "serial number", "measure", "shelf", "since", "branch number", "mileage"],
    ["film", "month", "language", "row id", "amount", "name of a currency", "country", "company"],
]
