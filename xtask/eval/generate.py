"""Writes labelled data with a fixed seed: columns, texts and documents, one JSON object a line.

    python generate.py FOLDER SEED ROWS [tune]

With `tune`, what is held back (locales, templates) is left out. Offsets are bytes of UTF-8.
"""

import json
import random
import sys
from pathlib import Path

from faker import Faker

import ids
import kinds
import prose

HOLES = {
    "name": "person/first last", "first": "person/first", "last": "person/last", "email": "email",
    "phone": "phone/national", "phone_int": "phone/international", "address": "address/whole",
    "street": "address/street", "postcode": "address/postcode", "dob": "birth date/local",
    "card": "card", "card_printed": "card, printed", "iban": "iban", "ssn": "us ssn", "ip": "ipv4",
    "connection": "connection string", "key": "api key", "jwt": "jwt", "steuer_id": "de steuer-id",
    "nir": "fr nir", "dni": "es dni", "codice": "it codice fiscale", "bsn": "nl bsn",
    "pesel": "pl pesel", "cpf": "br cpf", "personnummer": "se personnummer",
    "resident": "cn resident id", "rrn": "kr rrn", "nhs": "uk nhs", "salary": "salary",
    "password": "password", "token": "token", "basic": "basic login",
}
HARMLESS = {
    "order": "order number", "product": "product", "date": "date", "stamp": "timestamp as text",
    "price": "price", "tracking": "tracking number", "version": "version", "git": "git commit",
    "sku": "sku", "uuid": "uuid as text", "md5": "md5", "sha256": "sha256", "rowid": "row id",
    "status": "status", "quantity": "quantity", "amount": "amount", "currency": "currency",
    "agent": "user agent", "unix": "unix time", "url": "url", "ean": "ean",
}


MARKED = {**kinds.SENSITIVE, **kinds.SPOKEN}


class Source:
    """One random stream for all, so that a seed says everything."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.fakers = {}
        for place, locale in enumerate(kinds.LOCALES):
            self.fakers[locale] = Faker(locale, use_weighting=False)
            self.fakers[locale].seed_instance(seed * 1000 + place)

    def marked(self, kind, locale):
        return str(kind.make(self.fakers[locale], self.rng))

    def value(self, kind, locale):
        return without_marks(self.marked(kind, locale))

    def hole(self, hole, locale):
        """A value for a hole, and the kind's name if it is sensitive."""
        if hole.startswith("!"):
            return self.value(kinds.DECOYS[HARMLESS[hole[1:]]], "en_US"), None
        kind = HOLES[hole]
        return self.marked(MARKED[kind], locale), kind


def without_marks(text):
    return text.replace(kinds.SECRET[0], "").replace(kinds.SECRET[1], "")


def secret_part(marked):
    """Where the secret stands in a value without its marks: all of it, unless it is marked."""
    before, opened, rest = marked.partition(kinds.SECRET[0])
    if not opened:
        return 0, len(marked.encode())
    start = len(before.encode())
    return start, start + len(rest.partition(kinds.SECRET[1])[0].encode())


def columns(source, rows, locales):
    """Every kind in its locales, each with a telling name and, over the same values, with none."""
    number = 0
    for named, group in (("sensitive", kinds.SENSITIVE), ("decoy", kinds.DECOYS)):
        for kind, spec in group.items():
            for locale in [locale for locale in spec.locales if locale in locales]:
                marked = [source.marked(spec, locale) for _ in range(rows)]
                values = [without_marks(value) for value in marked]
                secrets = [secret_part(value) for value in marked] if spec.label else None
                number += 1
                telling = source.rng.choice(spec.names)
                people = ["customers", "users", "employees", "patients"]
                things = ["orders", "products", "events", "shipments"]
                relation = source.rng.choice(people if spec.label else things)
                for form, relation, column in (("telling", relation, telling),
                                               ("opaque", f"t_{number}", f"c{number % 17}")):
                    yield {"id": f"{form}/{number}", "kind": kind, "label": spec.label,
                           "form": spec.form, "group": named, "naming": form, "locale": locale,
                           "held": locale in kinds.HELD, "relation": relation, "column": column,
                           "type": spec.type, "values": values, "secrets": secrets}


def tables(source, rows, locales):
    """Columns that stand beside each other and whose names say nothing; two tables of persons for
    each locale, so that every one of them comes up, and those of things."""
    wanted = [(locale, shape) for place, locale in enumerate(locales)
              for shape in (kinds.PEOPLE[0], kinds.PEOPLE[1 + place % (len(kinds.PEOPLE) - 1)])]
    wanted += [("en_US", shape) for shape in kinds.THINGS for _ in range(3)]
    for number, (locale, shape) in enumerate(wanted):
        for place, kind in enumerate(shape):
            spec = kinds.SENSITIVE.get(kind) or kinds.DECOYS[kind]
            marked = [source.marked(spec, locale) for _ in range(rows)]
            secrets = [secret_part(value) for value in marked] if spec.label else None
            yield {"id": f"beside/{number}/{place}", "kind": kind, "label": spec.label,
                   "form": spec.form, "group": "table", "naming": "beside", "locale": locale,
                   "held": locale in kinds.HELD, "relation": f"u_{number}", "column": f"c{place}",
                   "type": spec.type, "values": [without_marks(value) for value in marked],
                   "secrets": secrets}


def filled(source, template, locale):
    """The template with its holes filled, and the spans of what is sensitive, in bytes: what of it
    must be hidden, its label and kind, and all of the value in which it stands."""
    text, spans, rest = "", [], template
    while True:
        before, opened, rest = rest.partition("{")
        text += before
        hole, closed, after = rest.partition("}")
        known = hole in HOLES or (hole.startswith("!") and hole[1:] in HARMLESS)
        if not opened:
            return text, spans
        if not known:
            text += "{"
            continue
        value, kind = source.hole(hole, locale)
        if kind:
            begin = len(text.encode())
            start, end = secret_part(value)
            value = without_marks(value)
            spans.append([begin + start, begin + end, MARKED[kind].label, kind, begin,
                          begin + len(value.encode())])
        text, rest = text + value, after


def texts(source, count, tune):
    for language, (locales, tuned, held) in prose.LANGUAGES.items():
        for locale in locales:
            far = locale in kinds.HELD
            if tune and far:
                continue
            for is_held, templates in ((far, tuned), (True, held)):
                if tune and is_held:
                    continue
                for template in templates:
                    for _ in range(count):
                        text, spans = filled(source, template, locale)
                        yield {"kind": "text", "locale": locale, "held": is_held, "text": text,
                               "spans": spans}
    for template in prose.HARMLESS:
        for _ in range(count):
            text, _ = filled(source, template, "en_US")
            yield {"kind": "harmless", "locale": "en_US", "held": False, "text": text, "spans": []}


def fill_document(source, shape, locale, path, leaves):
    if isinstance(shape, dict):
        return {key: fill_document(source, below, locale, f"{path}/{key}", leaves)
                for key, below in shape.items()}
    if isinstance(shape, list):
        return [fill_document(source, below, locale, f"{path}/{place}", leaves)
                for place, below in enumerate(shape)]
    if shape == "text":
        text, spans = filled(source, "Please write to {email} about {!order}.", locale)
        leaves[path] = spans
        return text
    value, kind = source.hole(shape, locale)
    start, end = secret_part(value)
    value = without_marks(value)
    whole = [0, len(value.encode())]
    leaves[path] = [[start, end, kinds.SENSITIVE[kind].label, kind, *whole]] if kind else []
    return float(value) if shape in ("!amount", "salary") else value


def documents(source, count, locales):
    for shape in prose.DOCUMENTS:
        for locale in locales:
            for _ in range(count):
                leaves = {}
                document = fill_document(source, shape, locale, "", leaves)
                yield {"locale": locale, "held": locale in kinds.HELD, "leaves": leaves,
                       "document": json.dumps(document, ensure_ascii=False)}


def write(path, items):
    with path.open("w", encoding="utf-8") as file:
        for place, item in enumerate(items):
            item.setdefault("id", str(place))
            file.write(json.dumps(item, ensure_ascii=False) + "\n")


def main():
    folder, seed, rows = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    tune = sys.argv[4:] == ["tune"]
    locales = kinds.TUNED if tune else kinds.LOCALES
    source = Source(seed)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "columns.jsonl", [*columns(source, rows, locales), *tables(source, rows, locales)])
    write(folder / "texts.jsonl", texts(source, max(2, rows // 10), tune))
    write(folder / "documents.jsonl", documents(source, max(1, rows // 50), locales))


if __name__ == "__main__":
    main()
