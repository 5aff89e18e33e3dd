"""Holds events (JSON lines) against the published OCSF schema, and the check against itself."""

import collections
import copy
import json
import sys

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

PUBLISHED = {}
VALIDATORS = {}


def validator(event):
    """Strict: what the class does not know is refused, and its profiles are the event's own."""
    version, profiles = event["metadata"]["version"], tuple(event["metadata"].get("profiles", ()))
    if version not in PUBLISHED:
        PUBLISHED[version] = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=version))
    key = (version, event["class_uid"], profiles)
    if key not in VALIDATORS:
        schema = PUBLISHED[version]
        name = schema.lookup_class_name_from_uid(event["class_uid"])
        VALIDATORS[key] = Draft202012Validator(schema.get_class_schema(name, list(profiles)))
    return VALIDATORS[key]


def complaints(event):
    found = [f"{error.json_path}: {error.message}" for error in validator(event).iter_errors(event)]
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        found.append("type_uid is not class_uid * 100 + activity_id")
    return found


def spoilt(event):
    """Ways to make it wrong, each of which must be noticed."""
    for name in validator(event).schema["required"]:
        other = copy.deepcopy(event)
        del other[name]
        if name not in ("class_uid", "metadata", "type_uid", "activity_id"):
            yield f"without {name}", other
    for name, value in (("severity_id", 42), ("time", "yesterday"), ("made_up", 1)):
        yield f"{name} = {value}", {**event, name: value}


def main():
    counts, bad = collections.Counter(), 0
    for line in open(sys.argv[1], encoding="utf-8"):
        event = json.loads(line)
        first = event["class_uid"] not in {uid for uid, _ in counts}
        counts[event["class_uid"], event["activity_name"]] += 1
        for complaint in complaints(event):
            bad += 1
            print(f"{event['metadata']['uid']} {event['class_name']}: {complaint}")
        if first:
            for what, other in spoilt(event):
                if not complaints(other):
                    bad += 1
                    print(f"{event['class_name']} {what}: not noticed")
    for (uid, activity), count in sorted(counts.items()):
        print(f"{uid} {activity}: {count}")
    print("bad" if bad else "done")


main()
