#!/usr/bin/env python3
"""Verifies a ledger of Weir, or a copy of it, without any of Weir's code.

    python3 verify_ledger.py LEDGER --key ledger.pub [--checkpoint FILE]... [--json]

Goes by docs/ledger-format.md and shares no code with Weir. Needs Python 3.9 and nothing else; with
the package `cryptography` signatures are checked many times faster. Keep `ledger.pub` and, now and
then, a checkpoint where nobody who can write the ledger can: without the first nobody knows whose
log it is, and without the second a log that was cut off at one of its seals looks whole.

Exits with 0 if nothing is wrong, with 3 if something is, each flaw with the first record that it
is about, and with 2 if it could not be verified at all.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import re
import sys
from datetime import datetime

SHORT = 65_535  # bytes of the longest entry; a longer record lies in payload/
LONGEST = 4 << 20  # bytes of the longest record
BACKLOG = 64 << 20  # bytes that may stand behind the last seal
MINUTE = 60.0  # seconds of statements that may
# Their time is that of what they tell of, which may be long before they were written.
DATED_BEFORE = {
    "administered", "grant_changed", "hold_changed", "identity_changed", "label_changed",
    "pruned", "task_changed",
}


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_of(entry):
    return sha256(b"\0", entry)


def node(left, right):
    return sha256(b"\1", left, right)


def u64(raw):
    return int.from_bytes(raw, "little")


# CRC-32C (Castagnoli), reflected.
TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(raw):
    crc, table = 0xFFFFFFFF, TABLE
    for byte in raw:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def body_of(raw):
    """What a file with a CRC-32C at its end says, or None."""
    if len(raw) < 12 or crc32c(raw[:-4]) != int.from_bytes(raw[-4:], "little"):
        return None
    return raw[:-4]


# Ed25519 (RFC 8032), by its definition.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else 0
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    return P - x if x & 1 != sign else x


def point(raw):
    number = int.from_bytes(raw, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    x = recover(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


def add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(scalar, a):
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, a)
        a, scalar = add(a, a), scalar >> 1
    return total


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = (recover(BASE_Y, 0), BASE_Y, 1, recover(BASE_Y, 0) * BASE_Y % P)


def is_signed_slowly(key, message, signature):
    if len(signature) != 64 or len(key) != 32:
        return False
    a, r = point(key), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= ORDER:
        return False
    challenge = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(challenge, "little") % ORDER
    one, two = times(s, BASE), add(r, times(challenge, a))
    same_x = (one[0] * two[2] - two[0] * one[2]) % P == 0
    return same_x and (one[1] * two[2] - two[1] * one[2]) % P == 0


def is_signed(key, message, signature):
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return is_signed_slowly(key, message, signature)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        return True
    except (InvalidSignature, ValueError):
        return False


def decoded(text):
    """What stands in base64 here, which has one form alone; nothing if it is none."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        return b""
    return raw if base64.b64encode(raw).decode() == text else b""


def moment(text):
    """When that is, or None."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except (ValueError, AttributeError):
        return None


class Keys:
    """`ledger.pub`: who signs checkpoints, and who signed the first seal."""

    def __init__(self, text):
        log, seal = text.splitlines()[:2]
        self.name, identity, key = log.strip().split("+", 2)
        raw = base64.b64decode(key, validate=True)
        if len(raw) != 33 or raw[0] != 1:
            raise ValueError("the log's key is not one of Ed25519")
        self.id = sha256(self.name.encode(), b"\n", raw)[:4]
        if self.id.hex() != identity:
            raise ValueError("the log's key has another id")
        self.key = raw[1:]
        prefix = "weir-seal+"
        if not seal.startswith(prefix):
            raise ValueError("there is no key of the first seal")
        self.seal = base64.b64decode(seal.strip()[len(prefix):], validate=True)
        if len(self.seal) != 32:
            raise ValueError("the first seal's key is not of 32 bytes")

    def open(self, note):
        """The size and root that a checkpoint says, or None if it is not the log's."""
        text, _, signatures = note.partition("\n\n")
        text += "\n"
        lines = text.split("\n")
        if not note.endswith("\n") or len(lines) < 4 or lines[0] != self.name:
            return None
        if not re.fullmatch("0|[1-9][0-9]*", lines[1]):
            return None
        for line in signatures.split("\n"):
            mark, _, rest = line.partition(" ")
            name, _, raw = rest.partition(" ")
            raw = decoded(raw)
            if mark == "\u2014" and name == self.name and raw[:4] == self.id:
                if is_signed(self.key, text.encode(), raw[4:]):
                    return int(lines[1]), decoded(lines[2])
        return None


def entry_of(payload):
    """What stands in the tree for a record."""
    if len(payload) <= SHORT:
        return payload
    found = re.match(rb'\{"type":"([^"]*)"', payload)
    word = found.group(1).decode() if found else ""
    digest, size = sha256(payload).hex(), len(payload)
    return f'{{"type":"{word}","sha256":"{digest}","bytes":{size}}}'.encode()


def tile_path(level, index, width=256):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return f"tile/{level}/{'/'.join(groups)}" + (f".p/{width}" if width < 256 else "")


def split_bundle(raw):
    entries, at = [], 0
    while at + 2 <= len(raw):
        size = int.from_bytes(raw[at:at + 2], "big")
        entries.append(raw[at + 2:at + 2 + size])
        at += 2 + size
    return entries if at == len(raw) else []


def seal_of(payload, records, chain):
    return {"number": u64(payload[:8]), "next": payload[8:40], "signature": payload[40:],
            "records": records, "chain": chain}


class Ledger:
    def __init__(self, folder, keys):
        self.dir, self.keys = pathlib.Path(folder), keys
        self.flaws, self.leaves, self.entries, self.seals = [], [], {}, []
        self.chain = bytes(32)
        self.sealed, self.torn, self.superseded = 0, 0, 0
        self.open, self.unknown, self.last_type = set(), [], None
        self.said, self.tail = 0, []
        self.loaded, self.bundle, self.hashes = None, [], b""
        self.before, self.kept = self.read_pruned()
        # First, so that a log that is being written has all that they cover.
        self.own, self.witnessed = self.read("checkpoint"), []
        for path in sorted(self.dir.glob("checkpoint.witnessed*")):
            if not path.name.endswith(".new"):
                self.witnessed.append((path.name, path.read_text(errors="replace")))

    def flaw(self, record, what):
        self.flaws.append((record, what))

    def read(self, name):
        try:
            return (self.dir / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_pruned(self):
        raw = body_of(self.read("pruned") or b"")
        if raw is None or raw[:7] != b"wrprune" or raw[7] not in (1, 2):
            return 0, {}
        before, at, kept = u64(raw[8:16]), 16, {}
        if raw[7] == 2:
            at += 4 + 64 * int.from_bytes(raw[16:20], "little")
        while at < len(raw):
            size = int.from_bytes(raw[at + 8:at + 10], "big")
            kept[u64(raw[at:at + 8])] = raw[at + 10:at + 10 + size]
            at += 10 + size
        return before, kept

    # -- the records, in order ---------------------------------------------------------------

    def walk(self):
        pieces = {}
        for path in self.dir.iterdir():
            if re.fullmatch(r"[0-9]{20}\.(segment|seals)", path.name):
                first = int(path.name[:20])
                if path.suffix == ".segment" or first not in pieces:
                    pieces[first] = path
        order = sorted(pieces)
        if not order or order[0] != 0:
            self.flaw(0, "the log does not begin with its first record")
        for place, first in enumerate(order):
            following = order[place + 1] if place + 1 < len(order) else None
            if first != len(self.leaves):
                what = f"the next record that is there is {first}"
                self.flaw(len(self.leaves), what)
                return
            read = self.segment if pieces[first].suffix == ".segment" else self.folded
            if not read(pieces[first], first, following):
                return

    def segment(self, path, first, following):
        raw = path.read_bytes()
        header = body_of(raw[:52])
        if header is None or header[:8] != b"weirlog\1" or u64(header[8:16]) != first:
            self.flaw(first, f"{path.name}: its header is damaged")
            return False
        if header[16:48] != self.chain:
            self.flaw(first, f"{path.name}: it does not continue the chain")
            return False
        at = 52
        while at < len(raw):
            frame = self.frame(raw, at)
            over = following is not None and len(self.leaves) >= following
            if over and not (frame and frame[0] and frame[1] == self.chain):
                self.superseded += len(raw) - at
                return True
            if frame is None:
                if following is None and not self.frame_follows(raw, at):
                    self.torn = len(raw) - at
                    return True
                self.flaw(len(self.leaves), f"{path.name}: damaged at byte {at}")
                return False
            is_seal, chain, payload = frame
            at += 40 + len(payload)
            if is_seal:
                if chain != self.chain:
                    self.flaw(len(self.leaves), "a seal stands where it does not belong")
                self.seal(seal_of(payload, len(self.leaves), self.chain))
                continue
            self.record(payload, entry_of(payload))
            if chain != self.chain:
                self.flaw(len(self.leaves) - 1, "its chain is not that of what comes before it")
                return False
        return True

    def frame(self, raw, at):
        size = int.from_bytes(raw[at:at + 4], "little")
        is_seal, size = bool(size >> 31), size & 0x7FFFFFFF
        end = at + 40 + size
        if not 0 < size <= LONGEST or end > len(raw) or (is_seal and size != 104):
            return None
        crc = int.from_bytes(raw[at + 4:at + 8], "little")
        if crc32c(raw[at:at + 4] + raw[at + 8:end]) != crc:
            return None
        return is_seal, raw[at + 8:at + 40], raw[at + 40:end]

    def frame_follows(self, raw, at):
        return any(self.frame(raw, later) for later in range(at + 1, len(raw)))

    def folded(self, path, first, following):
        raw = body_of(path.read_bytes())
        if raw is None or raw[:8] != b"wrseals\1" or u64(raw[8:16]) != first:
            self.flaw(first, f"{path.name} is damaged")
            return False
        if raw[16:48] != self.chain:
            self.flaw(first, f"{path.name}: it does not continue the chain")
            return False
        end, seals = u64(raw[48:56]), []
        for at in range(64, len(raw), 112):
            seals.append((u64(raw[at:at + 8]), raw[at + 8:at + 112]))
        for sequence in range(first, end + 1):
            while seals and seals[0][0] == sequence:
                _, payload = seals.pop(0)
                self.seal(seal_of(payload, sequence, self.chain))
            if sequence < end:
                self.from_bundle(sequence)
        if seals:
            self.flaw(end, f"{path.name}: seals out of order")
        return True

    def from_bundle(self, sequence):
        index, place = divmod(sequence, 256)
        if index != self.loaded:
            self.loaded = index
            self.bundle = split_bundle(self.read(tile_path("entries", index)) or b"")
            self.hashes = self.read(tile_path(0, index)) or b""
        leaf = self.hashes[32 * place:32 * place + 32]
        if sequence < self.before:
            entry = self.kept.get(sequence)
            if entry is None:
                self.push(leaf)
                return
        else:
            entry = self.bundle[place] if place < len(self.bundle) else None
        if entry is None or leaf_of(entry) != leaf:
            self.flaw(sequence, "it is missing, or not what was written")
            self.push(leaf)
            return
        payload = entry
        long = re.fullmatch(
            rb'\{"type":"[a-z_]*","sha256":"([0-9a-f]{64})","bytes":[0-9]+\}', entry)
        if long:
            name = long.group(1).decode()
            payload = self.read(f"payload/{name[:2]}/{name[2:]}") or b""
            if entry_of(payload) != entry:
                self.flaw(sequence, "the long record beside the tiles is missing or another")
        self.record(payload, entry)

    def record(self, payload, entry):
        self.entries[len(self.leaves)] = (len(payload), leaf_of(entry))
        self.look(len(self.leaves), payload)
        self.push(leaf_of(entry))

    def push(self, leaf):
        self.leaves.append(leaf)
        self.chain = sha256(b"\2", self.chain, leaf)

    # -- seals, and what the records say -------------------------------------------------------

    def seal(self, seal):
        last = self.seals[-1] if self.seals else None
        if seal == last:
            return  # A disk that failed may leave the same one twice.
        number = last["number"] + 1 if last else 0
        key = last["next"] if last else self.keys.seal
        message = b"weir seal v1\n" + seal["number"].to_bytes(8, "little")
        message += seal["records"].to_bytes(8, "little") + seal["chain"] + seal["next"]
        if seal["number"] != number:
            self.flaw(self.sealed, f"seal {number} is missing")
        elif not is_signed(key, message, seal["signature"]):
            self.flaw(self.sealed, f"seal {number} is not signed by the key that must sign it")
        self.seals.append(seal)
        self.sealed, self.tail = seal["records"], []

    def look(self, sequence, payload):
        try:
            said = json.loads(payload)
            word = said["type"]
        except (ValueError, KeyError, TypeError):
            self.flaw(sequence, "it is not JSON with a type")
            return
        self.last_type = word
        time = said.get("time")
        self.tail.append((len(payload), None if word in DATED_BEFORE else time))
        if word == "intent":
            self.open.add(said.get("statement"))
        elif word == "outcome":
            if said.get("statement") not in self.open and not self.before and not self.flaws:
                self.flaw(sequence, "an outcome of a statement that no record announced")
            self.open.discard(said.get("statement"))
        elif word == "started":
            told = said.get("unknown_outcomes", 0)
            if told != len(self.open) and not self.before and not self.flaws:
                what = f"{len(self.open)} statements have no outcome, and this start says {told}"
                self.flaw(sequence, what)
            self.unknown += sorted(self.open)
            self.open.clear()
        elif word == "pruned":
            self.said = max(self.said, said.get("before", 0))

    # -- the tree -------------------------------------------------------------------------------

    def root(self, size):
        stack = []
        for index in range(size):
            hashed, number = self.leaves[index], index
            while number & 1:
                hashed, number = node(stack.pop(), hashed), number >> 1
            stack.append(hashed)
        if not stack:
            return sha256(b"")
        hashed = stack.pop()
        while stack:
            hashed = node(stack.pop(), hashed)
        return hashed

    def tiles(self, size):
        level, hashes = 0, self.leaves[:size]
        while hashes:
            for first in range(0, len(hashes), 256):
                expected = b"".join(hashes[first:first + 256])
                found, wider = self.wide(level, first // 256, len(expected) // 32)
                if wider and found is not None:
                    found = found[:len(expected)]
                if found != expected:
                    where = first << (8 * level)
                    self.flaw(where, f"{tile_path(level, first // 256)} is missing or another")
            above = []
            for first in range(0, len(hashes) - 255, 256):
                row = hashes[first:first + 256]
                while len(row) > 1:
                    row = [node(row[at], row[at + 1]) for at in range(0, len(row), 2)]
                above += row
            level, hashes = level + 1, above
        self.bundles(size)

    def wide(self, level, index, width):
        """A tile, or, in the place of a partial one, the full one: then true."""
        found = self.read(tile_path(level, index, width))
        if found is None:
            return self.read(tile_path(level, index)), True
        return found, False

    def bundles(self, size):
        for first in range(0, size, 256):
            count = min(256, size - first)
            if first + 256 <= self.before:
                continue
            found, wider = self.wide("entries", first // 256, count)
            found = split_bundle(found or b"")
            if len(found) != count and not wider:
                found = []
            for place in range(count):
                length, leaf = self.entries.get(first + place, (0, None))
                if place >= len(found) or leaf_of(found[place]) != leaf:
                    self.flaw(first + place, "its entry beside the tiles is missing or another")
                    break
                if length > SHORT:
                    name = json.loads(found[place])["sha256"]
                    beside = self.read(f"payload/{name[:2]}/{name[2:]}")
                    if beside is None or sha256(beside).hex() != name:
                        self.flaw(first + place, "the long record beside the tiles is another")

    def heads(self, kept):
        notes = [("a checkpoint that was kept", note) for note in kept]
        own = self.own
        if own is None:
            self.flaw(0, "there is no checkpoint")
        for path in self.dir.glob("checkpoint.conflict*"):
            self.flaw(0, f"{path.name}: it did not fit the log and was set aside")
        for name, note in notes + self.witnessed:
            if note:
                self.head(name, note)
        head = self.head("checkpoint", own.decode(errors="replace")) if own is not None else None
        if head and head <= len(self.leaves):
            self.tiles(head)
            if head > self.sealed:
                self.flaw(self.sealed, "the checkpoint covers records that no seal covers")
        return head

    def head(self, name, note):
        opened = self.keys.open(note)
        if opened is None:
            self.flaw(0, f"{name} is not signed by the log's key")
            return None
        size, root = opened
        if size > len(self.leaves):
            self.flaw(len(self.leaves), f"{name} covers {size} records: more than there are")
        elif self.root(size) != root:
            self.flaw(0, f"{name}: the {size} records before it are others")
        return size

    def end(self, kept):
        head = self.heads(kept)
        if self.before > self.said:
            self.flaw(self.said, "entries were removed, and no record tells of it")
        times = [time for time in (moment(time) for _, time in self.tail) if time]
        if sum(size for size, _ in self.tail) > BACKLOG or (
                times and (max(times) - times[0]).total_seconds() > MINUTE):
            self.flaw(self.sealed, "more work stands behind the last seal than can")
        if self.last_type == "stopped":
            self.unknown += sorted(self.open)
            self.open.clear()
        removed = sum(1 for n in range(min(self.before, len(self.leaves))) if n not in self.kept)
        return {
            "ok": not self.flaws, "records": len(self.leaves) - removed, "pruned": self.before,
            "chain": self.chain.hex(), "sealed": self.sealed, "seals": len(self.seals),
            "checkpoint": head, "unknown": self.unknown, "under_way": sorted(self.open),
            "torn_bytes": self.torn, "superseded_bytes": self.superseded,
            "flaws": [{"record": record, "what": what} for record, what in sorted(self.flaws)],
        }


def main():
    parser = argparse.ArgumentParser(description="Verify a ledger of Weir, without Weir.")
    parser.add_argument("ledger", help="the ledger's folder, or a copy of it")
    parser.add_argument("--key", required=True, help="ledger.pub as it was kept elsewhere")
    parser.add_argument("--checkpoint", action="append", default=[], help="one that was kept")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    try:
        ledger = Ledger(given.ledger, Keys(pathlib.Path(given.key).read_text()))
        kept = [pathlib.Path(path).read_text() for path in given.checkpoint]
        ledger.walk()
        report = ledger.end(kept)
    except (OSError, ValueError) as error:
        print(f"not verified: {error}", file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps(report))
    else:
        for flaw in report["flaws"]:
            print(f"record {flaw['record']}: {flaw['what']}")
        print(f"{report['records']} records, {report['sealed']} under {report['seals']} seals, "
              f"{report['checkpoint']} under the checkpoint, pruned up to {report['pruned']}")
        print(f"{len(report['unknown'])} statements have no outcome: they may have run or not")
        print("Nothing is damaged." if report["ok"] else "The log is not sound.")
    return 0 if report["ok"] else 3


if __name__ == "__main__":
    sys.exit(main())
