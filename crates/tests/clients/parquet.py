"""Reads a folder of Parquet files as a warehouse does, by DuckDB, which knows nothing of Weir: holds
each row's columns against its event, and prints the events in order, one a line. With a query as
the second argument it prints its rows instead; `events` are the files."""

import datetime
import glob
import json
import sys

import duckdb


def at(event, *path):
    for name in path:
        event = (event or {}).get(name)
    return event


def labelled(event, how):
    all_of_it = at(event, "unmapped", "disclosed")
    return None if all_of_it is None else sum(one[how] for one in all_of_it if one["labels"])


def of(kind, found):
    """What has another type in an event of another class is missing in the column."""
    return found if isinstance(found, kind) else None


def without_more(found, fields):
    """A list of objects with these fields alone, as they are in columns."""
    return found and [{name: one.get(name) for name in fields} for one in found]


def check(row):
    event = json.loads(row["event"])
    own = event.get("unmapped", {})
    groups = at(event, "actor", "user", "groups")
    time = row["time"].astimezone(datetime.timezone.utc)
    left = ("name", "origins", "labels", "raw", "masked", "unchanged", "nulls")
    pairs = {
        "sequence": int(event["metadata"]["uid"]),
        "type": event["metadata"]["event_code"],
        "class_uid": event["class_uid"],
        "severity": event["severity_id"],
        "identity": at(event, "actor", "user", "name"),
        "groups": groups and [group["name"] for group in groups],
        "database": at(event, "database", "name"),
        "statement": own.get("statement"),
        "operation": own.get("operation"),
        "policies": of(list, own.get("policies")),
        "text": at(event, "query_info", "query_string"),
        "rows": of(int, own.get("rows")),
        "duration_us": own.get("duration_us"),
        "effects": without_more(of(list, own.get("effects")), ("operation", "object")),
        "columns": without_more(of(list, own.get("columns")), ("column", "uses", "label")),
        "disclosed": without_more(of(list, own.get("disclosed")), left),
        "labelled_raw": labelled(event, "raw"),
        "labelled_masked": labelled(event, "masked"),
        "risk": of(int, own.get("risk")),
        "risk_parts": without_more(of(list, own.get("risk_parts")), ("part", "points")),
        "task": of(str, own.get("task")),
        "purpose": of(str, own.get("purpose")),
        "tainted": of(bool, own.get("tainted")),
        "preview": of(str, own.get("preview")),
        "day": time.date(),
    }
    for name, value in pairs.items():
        assert row[name] == value, (name, row[name], value, row["event"])
    assert row["id"].endswith("/" + event["metadata"]["uid"]), row["id"]
    assert int(time.timestamp() * 1000) == event["time"], (time, event["time"])


def main(folder, query=None):
    if not glob.glob(folder + "/*/*.parquet"):
        return
    duckdb.sql("SET TimeZone = 'UTC'")
    duckdb.sql(
        "CREATE VIEW events AS SELECT * FROM"
        f" read_parquet('{folder}/*/*.parquet', hive_partitioning = true)"
    )
    if query:
        for values in duckdb.sql(query).fetchall():
            print(json.dumps(values, default=str))
        return
    found = duckdb.sql("SELECT * FROM events ORDER BY sequence")
    names = found.columns
    for values in found.fetchall():
        row = dict(zip(names, values))
        check(row)
        print(row["event"])


main(*sys.argv[1:])
