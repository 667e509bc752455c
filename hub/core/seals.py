"""Seals make the journal tamper-evident: each holds a hash over a stretch of one partition and over the seal before it.

The writers of the journal are many, so not they make the chain but a sealer that reads each partition in order. Where a
seal ends follows from the records alone (`MOST` of them, or one of a later minute); only the end of a quiet stretch is
sealed by the clock. So whoever seals a stretch again, after a crash or beside another, makes the same seal.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from hub.core.records import Out, Record
from hub.core.topics import SEALS

MOST = 1000
"""Records of one seal."""

SLOT_MS = 60_000
_MARK = 8


class Seal(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Over the records from offset `start` up to `end`, which is not among them. `previous` is the hash of the seal
    before, "" for the first; `marks` the first eight bytes of the digest of each record, base64, by which the one that
    was changed is found. `signature` (Ed25519, base64) is over all the rest, "" when the sealer has no key."""

    partition: int
    start: int
    end: int
    previous: str
    hash: str
    marks: str
    signature: str = ""

    @property
    def signed(self) -> bytes:
        """What the signature is over."""
        return _encode(msgspec.structs.replace(self, signature=""))

    @property
    def each(self) -> list[bytes]:
        """The mark of each record."""
        raw = base64.b64decode(self.marks)
        return [raw[at : at + _MARK] for at in range(0, len(raw), _MARK)]


Sign = Callable[[bytes], str]
_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Seal)


def unsigned(_: bytes) -> str:
    """The signature of a sealer without a key."""
    return ""


def record(seal: Seal, topic: str = SEALS) -> Out:
    """As it stands in Kafka. Made again it has the same key."""
    return Out(topic, f"{seal.partition}/{seal.start}-{seal.end}".encode(), _encode(seal))


def load(raw: bytes) -> Seal:
    """Raises msgspec.ValidationError on anything that is no seal."""
    return _decoder.decode(raw)


def digest(given: Record) -> bytes:
    """Of all that a record says; not of where it stands, so that what was moved is known again."""
    parts = [
        given.key,
        given.value or b"",
        *(part for name, value in given.headers for part in (name.encode(), value)),
    ]
    made = hashlib.sha256(struct.pack(">q?", given.timestamp, given.value is None))
    for part in parts:
        made.update(struct.pack(">I", len(part)) + part)
    return made.digest()


class _Stretch:
    """Records that one seal is over, as they come."""

    def __init__(self, partition: int, start: int, previous: str) -> None:
        self.partition, self.start, self.end, self.previous = partition, start, start, previous
        self.marks = bytearray()
        self._hash = hashlib.sha256(f"{previous}/{partition}/{start}".encode())

    def add(self, given: Record) -> None:
        made = digest(given)
        self._hash.update(struct.pack(">q", given.offset) + made)
        self.marks += made[:_MARK]
        self.end = given.offset + 1

    def seal(self) -> Seal:
        return Seal(
            partition=self.partition,
            start=self.start,
            end=self.end,
            previous=self.previous,
            hash=self._hash.hexdigest(),
            marks=base64.b64encode(self.marks).decode(),
        )


class Sealing:
    """Goes on with the chain of one partition, from offset `start`, after the seal with hash `previous`."""

    def __init__(
        self, partition: int, start: int, previous: str = "", sign: Sign = unsigned, most: int = MOST
    ) -> None:
        self._stretch = _Stretch(partition, start, previous)
        self._sign, self._most = sign, most
        self._slot = 0

    @property
    def next(self) -> int:
        """Offset of the record that comes next."""
        return self._stretch.end

    @property
    def waiting(self) -> bool:
        """Whether there are records that no seal is over yet."""
        return bool(self._stretch.marks)

    def add(self, given: Record) -> list[Seal]:
        """Takes in the next record, and gives the seals that are complete with it."""
        slot = given.timestamp // SLOT_MS
        made = self.close() if self.waiting and slot > self._slot else []
        if not self.waiting:
            self._slot = slot
        self._stretch.add(given)
        return made + self.close() if len(self._stretch.marks) >= self._most * _MARK else made

    def close(self) -> list[Seal]:
        """Seals what waits."""
        if not self.waiting:
            return []
        made = self._stretch.seal()
        self._stretch = _Stretch(made.partition, made.end, made.hash)
        return [msgspec.structs.replace(made, signature=self._sign(made.signed))]


class Fault(NamedTuple):
    """What is wrong at `offset` of `partition`: the record there was `changed` or `inserted`; the one that stood there
    was `removed`; it is covered by no seal though later ones are (`unsealed`); or the seal that begins there is not
    what the sealer wrote (`seal`)."""

    partition: int
    offset: int
    what: str


class Verdict(NamedTuple):
    """Of one partition: the records from offset `start` up to `sealed` agree with the seals; `waiting` more wait for
    theirs, the oldest since `since` (its timestamp, 0 when there are none). `hash` is that of the last seal: who notes
    it down can tell later whether what lies before it is still what it was."""

    partition: int
    start: int
    sealed: int
    waiting: int
    since: int
    hash: str
    fault: Fault | None


def chain(seals: Iterable[Seal]) -> list[Seal]:
    """Of the seals of one partition those that lead to the furthest one, in order. There may be others: two sealers at
    once, where something came late."""
    by_hash = {one.hash: one for one in seals}
    found: list[Seal] = []
    at = max(by_hash.values(), key=lambda one: (one.end, one.hash), default=None)
    while at is not None:
        found.append(at)
        at = by_hash.pop(at.previous, None)
    return found[::-1]


class Verifier:
    """Holds the records of one partition, from `start` on, the oldest that is kept, against its seals. `genuine` tells
    whether the signature of a seal is ours. What comes after the first fault is not looked at."""

    def __init__(
        self, partition: int, seals: Iterable[Seal], start: int, genuine: Callable[[Seal], bool]
    ) -> None:
        told = {one: genuine(one) for one in seals}
        kept = chain(one for one, ours in told.items() if ours)
        forged = next((one for one, ours in told.items() if not ours), None)
        self._fault = Fault(partition, forged.start, "seal") if forged else None
        self._partition, self._start, self._sealed = partition, start, start
        self._hash = kept[-1].hash if kept else ""
        self._todo = [one for one in kept if one.end > start]
        self._held: list[Record] = []
        self._waiting = self._since = 0

    def feed(self, given: Record) -> None:
        """The next record."""
        if self._fault:
            return
        self._held.append(given)
        # One more than the seal is over: what comes next tells a record that was removed from one that was changed.
        while self._todo and not self._fault and len(self._held) > len(self._todo[0].each):
            self._judge(self._todo.pop(0))
        if not self._todo:
            self._wait()

    def done(self) -> Verdict:
        """After the last record."""
        while self._todo and not self._fault:
            self._judge(self._todo.pop(0))
        self._wait()
        return Verdict(
            self._partition, self._start, self._sealed, self._waiting, self._since, self._hash, self._fault
        )

    def _wait(self) -> None:
        if self._held and not self._waiting:
            self._since = self._held[0].timestamp
        self._waiting += len(self._held)
        self._held.clear()

    def _judge(self, seal: Seal) -> None:
        if seal.start > self._sealed:
            self._fault = Fault(self._partition, self._sealed, "unsealed")
            return
        gone = self._sealed - seal.start
        wanted = seal.each[gone:]
        here, self._held = self._held[: len(wanted)], self._held[len(wanted) :]
        found = [digest(one)[:_MARK] for one in (*here, *self._held[:1])]
        after = self._todo[0].each[:1] if self._todo else []
        self._fault = self._compare(here, [*wanted, *after], found, len(wanted))
        # Of a stretch that retention has cut, only the marks can be held against what is left.
        if not self._fault and not gone and _sealed(seal, here) != seal.hash:
            self._fault = Fault(self._partition, seal.start, "seal")
        self._sealed = seal.end

    def _compare(
        self, here: Sequence[Record], wanted: Sequence[bytes], found: Sequence[bytes], count: int
    ) -> Fault | None:
        """The first of `count` records that is not as `wanted`; both go one further, as far as there is more."""
        for at in range(count):
            if at < len(found) and found[at] == wanted[at]:
                continue
            place = self._sealed + at
            if at >= len(found) or found[at : at + 1] == wanted[at + 1 : at + 2]:
                return Fault(self._partition, place, "removed")
            inserted = found[at + 1 : at + 2] == wanted[at : at + 1]
            offset = here[at].offset if at < len(here) else place
            return Fault(self._partition, offset, "inserted" if inserted else "changed")
        return None


def _sealed(seal: Seal, records: Iterable[Record]) -> str:
    """The hash that the seal over these records must have."""
    stretch = _Stretch(seal.partition, seal.start, seal.previous)
    for one in records:
        stretch.add(one)
    return stretch.seal().hash
