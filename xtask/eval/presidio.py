"""What Microsoft Presidio finds in the same data, by its pattern recognisers alone.

    python presidio.py FOLDER

All recognisers that come with it and need no model, of all countries, run as English. There is no
language model: words stand for their lemmas, so that words of context are still seen. A column's
name and a document's key are given as context. Writes beside the data what is found, and the time.
"""

import inspect
import json
import logging
import sys
import time
from pathlib import Path

import spacy
from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, predefined_recognizers
from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine
from spacy.language import Language

# What Presidio calls it, and our label; what is missing here has no label of ours.
LABELS = {
    "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "CREDIT_CARD": "payment_card",
    "IBAN_CODE": "bank_account", "US_BANK_NUMBER": "bank_account", "IP_ADDRESS": "network_address",
    "MAC_ADDRESS": "network_address", "PERSON": "person_name", "LOCATION": "postal_address",
    "CRYPTO": "credential", "US_PASSPORT": "passport", "UK_PASSPORT": "passport",
    "DE_PASSPORT": "passport", "ES_PASSPORT": "passport", "IT_PASSPORT": "passport",
    "IN_PASSPORT": "passport", "KR_PASSPORT": "passport", "ZA_PASSPORT": "passport",
    "PH_PASSPORT": "passport", "US_DRIVER_LICENSE": "driving_licence",
    "UK_DRIVING_LICENCE": "driving_licence", "IT_DRIVER_LICENSE": "driving_licence",
    "KR_DRIVER_LICENSE": "driving_licence", "DE_FUEHRERSCHEIN": "driving_licence",
    "ZA_DRIVER_LICENSE": "driving_licence", "UK_NHS": "health", "US_MBI": "health",
    "US_HEALTH_INSURANCE_MEMBER_ID": "health", "DE_HEALTH_INSURANCE": "health",
    "MEDICAL_LICENSE": "health", "UK_POSTCODE": "postal_address", "DE_PLZ": "postal_address",
    "CA_POSTAL_CODE": "postal_address", "ZA_PHONE_NUMBER": "phone",
}
# Neither sensitive here nor meant to be: not counted for or against.
IGNORED = {"DATE_TIME", "URL", "NRP", "UUID", "ORGANIZATION"}
# The least score of a finding; a pattern without context often has less.
THRESHOLD = 0.35
REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "PL", "SE", "BR", "IN", "CN", "KR", "JP", "CA",
           "AU", "MX", "PT", "AT", "DK", "FI", "NZ")


@Language.component("words_as_lemmas")
def words_as_lemmas(doc):
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class Words(SpacyNlpEngine):
    """Tokens and nothing else."""

    def __init__(self):
        super().__init__(models=[{"lang_code": "en", "model_name": "blank"}],
                         ner_model_configuration=NerModelConfiguration())
        blank = spacy.blank("en")
        blank.add_pipe("words_as_lemmas")
        self.nlp = {"en": blank}

    def load(self):
        pass

    def is_loaded(self):
        return True


def registry():
    found = RecognizerRegistry(recognizers=[], supported_languages=["en"])
    for name, kind in inspect.getmembers(predefined_recognizers, inspect.isclass):
        base = issubclass(kind, EntityRecognizer) and not inspect.isabstract(kind)
        if not base or any(part in kind.__module__ for part in (".ner", "nlp_engine", "third_party")):
            continue
        more = {"supported_regions": REGIONS} if name == "PhoneRecognizer" else {}
        try:
            found.add_recognizer(kind(supported_language="en", **more))
        except Exception as error:
            print(f"left out: {name}: {error}", file=sys.stderr)
    print(f"presidio: {len(found.recognizers)} recognisers", file=sys.stderr)
    return found


class Analyzer:
    def __init__(self):
        self.engine = AnalyzerEngine(registry=registry(), nlp_engine=Words(),
                                     supported_languages=["en"], default_score_threshold=THRESHOLD)

    def spans(self, text, context=None):
        """Spans in bytes, the best of those that overlap."""
        found = self.engine.analyze(text=text, language="en", context=context)
        found = [one for one in found if one.entity_type not in IGNORED]
        found.sort(key=lambda one: (-one.score, one.start - one.end))
        taken = []
        for one in found:
            if all(one.end <= other.start or one.start >= other.end for other in taken):
                taken.append(one)
        place = lambda at: len(text[:at].encode())
        return sorted([place(one.start), place(one.end), LABELS.get(one.entity_type, "national_id")]
                      for one in taken)


def leaves(value, path, key):
    if isinstance(value, dict):
        for name, below in value.items():
            yield from leaves(below, f"{path}/{name}", name)
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from leaves(below, f"{path}/{place}", key)
    elif value is not None and not isinstance(value, bool):
        yield path, str(value), key


def words(name):
    return [word for word in name.replace("-", "_").lower().split("_") if word]


def each(folder, name, answer):
    lines = (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    with (folder / f"{name}.presidio.jsonl").open("w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(answer(json.loads(line))) + "\n")


def main():
    logging.disable(logging.WARNING)
    folder = Path(sys.argv[1])
    analyzer = Analyzer()
    spent = {"bytes": 0, "seconds": 0.0}

    def timed(text):
        begin = time.perf_counter()
        found = analyzer.spans(text)
        spent["seconds"] += time.perf_counter() - begin
        spent["bytes"] += len(text.encode())
        return found

    def column(item):
        context = words(item["column"]) if item["naming"] == "telling" else None
        return {"label": None, "cells": [analyzer.spans(v, context) for v in item["values"]]}

    def document(item):
        below = leaves(json.loads(item["document"]), "", "")
        found = {path: analyzer.spans(text, words(key)) for path, text, key in below}
        return {"found": {path: spans for path, spans in found.items() if spans}}

    analyzer.spans("warm up")
    each(folder, "texts", lambda item: {"spans": timed(item["text"])})
    each(folder, "documents", document)
    each(folder, "columns", column)
    (folder / "speed.presidio.json").write_text(json.dumps(spent))


if __name__ == "__main__":
    main()
