"""Holds OpenLineage run events (JSON lines) against the published schema, each facet against its
own, runs against each other, and the check against itself."""

import collections
import copy
import datetime
import json
import pathlib
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SITE = "https://openlineage.io/spec/"
FOLDER = pathlib.Path(__file__).parent.parent / "openlineage"
SCHEMAS = [json.loads(path.read_text()) for path in sorted(FOLDER.rglob("*.json"))]
REGISTRY = Registry().with_resources((one["$id"], Resource.from_contents(one)) for one in SCHEMAS)
VALIDATORS = {}


def validator(url):
    if url not in VALIDATORS:
        VALIDATORS[url] = Draft202012Validator(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": url},
            registry=REGISTRY,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
    return VALIDATORS[url]


def facets(event):
    """Every facet with its name."""
    for holder in (event["run"], event["job"]):
        yield from holder.get("facets", {}).items()
    for dataset in event.get("inputs", []) + event.get("outputs", []):
        for kind in ("facets", "inputFacets", "outputFacets"):
            yield from dataset.get(kind, {}).items()


def own_fields(url):
    """The fields that a facet's definition names, and the name by which events have it."""
    file, name = url.split("#/$defs/")
    schema = REGISTRY.contents(file)
    parts = schema["$defs"][name]["allOf"]
    fields = {field for part in parts for field in part.get("properties", {})}
    return fields | {"_producer", "_schemaURL"}, set(schema["properties"])


def complaints(event):
    found = [f"{error.json_path}: {error.message}"
             for error in validator(event.get("schemaURL", SITE)).iter_errors(event)]
    if found:
        return found
    try:
        moment = datetime.datetime.fromisoformat(event["eventTime"].replace("Z", "+00:00"))
        if moment.tzinfo is None:
            found.append("eventTime has no zone")
    except ValueError:
        found.append("eventTime is no time")
    for name, facet in facets(event):
        url = facet["_schemaURL"]
        if url.startswith("urn:weir:facet:"):
            if not name.startswith("weir_"):
                found.append(f"{name} is of Weir's own and does not say so")
            continue
        found += [f"{name}{error.json_path}: {error.message}"
                  for error in validator(url).iter_errors(facet)]
        fields, names = own_fields(url)
        found += [f"{name}.{field} is not known" for field in facet if field not in fields]
        if name not in names:
            found.append(f"{url} is not the schema of {name}")
    return found


def spoilt(event):
    """Ways to make it wrong, each of which must be noticed."""
    for path in (("eventTime",), ("producer",), ("run",), ("run", "runId"), ("job", "name")):
        other = copy.deepcopy(event)
        holder = other
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
        yield f"without {'.'.join(path)}", other
    for name, value in (("eventType", "DONE"), ("eventTime", "yesterday")):
        yield f"{name} = {value}", {**event, name: value}
    for index, (name, _) in enumerate(facets(event)):
        other = copy.deepcopy(event)
        facet = list(facets(other))[index][1]
        if not name.startswith("weir_"):
            facet["made_up"] = 1
            yield f"{name}.made_up", other
        other = copy.deepcopy(event)
        del list(facets(other))[index][1]["_schemaURL"]
        yield f"{name} without _schemaURL", other
    for output in range(len(event.get("outputs", []))):
        other = copy.deepcopy(event)
        lineage = other["outputs"][output].get("facets", {}).get("columnLineage")
        if lineage and lineage["fields"]:
            del next(iter(lineage["fields"].values()))["inputFields"][0]["field"]
            yield "an input field without a name", other


def once(events):
    """Without what came again, as it may after a crash: the same event, whole."""
    seen = {}
    for event in events:
        if seen.setdefault((event["run"]["runId"], event["eventType"]), event) is event:
            yield event
        elif event != seen[event["run"]["runId"], event["eventType"]]:
            yield event


def together(events):
    """What has to be true of runs: one START, at most one end, in order, and known parents."""
    runs = collections.defaultdict(list)
    for event in events:
        runs[event["run"]["runId"]].append(event)
    for run, its in runs.items():
        kinds = [event["eventType"] for event in its]
        if kinds[0] != "START" or kinds.count("START") != 1 or len(kinds) > 2:
            yield f"{run}: {kinds}"
        if len({(event["job"]["namespace"], event["job"]["name"]) for event in its}) != 1:
            yield f"{run} is of several jobs"
        if [event["eventTime"] for event in its] != sorted(event["eventTime"] for event in its):
            yield f"{run} ends before it begins"
        parent = its[0]["run"]["facets"].get("parent")
        if parent:
            above = runs.get(parent["run"]["runId"], [{}])[0].get("job", {})
            if (above.get("namespace"), above.get("name")) != (
                    parent["job"]["namespace"], parent["job"]["name"]):
                yield f"{run} has a parent that is not there"


def main():
    counts, bad = collections.Counter(), 0
    events = list(once(json.loads(line) for line in open(sys.argv[1], encoding="utf-8")))
    for event in events:
        kind = event["job"]["facets"]["jobType"]["jobType"]
        first = (kind, event["eventType"]) not in counts
        counts[kind, event["eventType"]] += 1
        for complaint in complaints(event):
            bad += 1
            print(f"{event['job']['name']}: {complaint}")
        for what, other in spoilt(event) if first else ():
            if not complaints(other):
                bad += 1
                print(f"{event['job']['name']} {what}: not noticed")
    for complaint in together(events):
        bad += 1
        print(complaint)
    for (kind, what), count in sorted(counts.items()):
        print(f"{kind} {what}: {count}")
    print("bad" if bad else "done")


main()
