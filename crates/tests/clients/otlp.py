"""Reads bodies of OTLP/HTTP in JSON (one a line) as strictly as protobuf does, and prints each span
as one line of JSON with its attributes by name."""

import base64
import json
import pathlib
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

IDS = ("traceId", "spanId", "parentSpanId")


def encoded(value):
    """OTLP writes ids in hexadecimal where the JSON of protobuf has base64."""
    if isinstance(value, list):
        return [encoded(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, one in value.items():
        if name in IDS:
            raw = bytes.fromhex(one)
            assert len(raw) == (16 if name == "traceId" else 8) and any(raw), one
            found[name] = base64.b64encode(raw).decode()
        else:
            found[name] = encoded(one)
    return found


def plain(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(one) for one in value.array_value.values]
    return getattr(value, kind)


def attributes(pairs):
    names = [pair.key for pair in pairs]
    assert len(names) == len(set(names)), names
    return {pair.key: plain(pair.value) for pair in pairs}


for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
    # A name that the definition does not have is an error, and so is a value of another type.
    request = json_format.ParseDict(encoded(json.loads(line)), ExportTraceServiceRequest())
    for resource in request.resource_spans:
        of = attributes(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                assert span.start_time_unix_nano <= span.end_time_unix_nano
                print(json.dumps({
                    "service": of["service.name"],
                    "scope": scope.scope.name,
                    "trace": span.trace_id.hex(),
                    "span": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "flags": span.flags,
                    "kind": span.kind,
                    "name": span.name,
                    "status": span.status.code,
                    "message": span.status.message,
                    "nanos": span.end_time_unix_nano - span.start_time_unix_nano,
                    "attributes": attributes(span.attributes),
                }))
print("done")
