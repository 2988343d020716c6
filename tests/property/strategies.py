"""Interleavings of honest and hostile appends: a stock of signed records, and ledgers that hold any of them in any order.

Letters are named by identity and signatures cover bytes, so a record may stand anywhere: where it stands decides what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any, Final

from hypothesis import strategies as st

from domain.events import (
    AcknowledgementMissed,
    Addressee,
    Body,
    ConsignmentOpened,
    GroupDefined,
    GroupVersion,
    KeyResumed,
    KeyRevoked,
    KeySuspended,
    LetterRecalled,
    LetterSuperseded,
    OfficerRelieved,
    OrganisationClosed,
    RecallAccepted,
    RecallDeclined,
    ReceiptAcknowledged,
    ReceiptRefused,
    RegisterDefined,
)
from domain.events_proof import EventReaffirmed, EventRepudiated
from domain.header import Ref, Seen
from domain.ids import Digest, LetterId, OfficerId, OrgId, sha256
from domain.tree import root_of
from tests.battle import Battle
from tests.fixed_exchange import (
    DAY_MS,
    HOUR_MS,
    NO_REFERENCES,
    REGISTRAR,
    START_MS,
    FixedExchange,
    Said,
    addressee,
)
from tests.hostile_records import KINDS
from tests.ledger_readers import Written

TERM_MS: Final = START_MS + 2 * HOUR_MS
"""When the letters of the stock are to be acknowledged."""
STEPS_MS: Final = (0, 1_000, HOUR_MS, 3 * HOUR_MS, -HOUR_MS, 40 * DAY_MS)
"""What the ledger's clock does from one record to the next; the last leaves everything signed before behind."""
MEMBERS: Final = ("mfy-001", "mfy-002", "mfy-003", "mfy-004")
SOME: Final = 3
"""So many records of one kind of hostile neighbours are on one ledger at the most: some kinds have hundreds."""
CLERKS: Final = {"mfy-001": "secretary", "mfy-002": "secretary-2", "mfy-003": "secretary-3"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What one kind of hostile neighbour does: slots in their order, and which of them are hostile; the others prepare them."""

    kind: str
    slots: tuple[bytes | None, ...]
    hostile: tuple[int, ...]

    def with_some(self, chosen: Sequence[int]) -> tuple[bytes | None, ...]:
        """Return the slots with only some of the hostile ones, chosen by any numbers."""
        kept = {self.hostile[number % len(self.hostile)] for number in chosen}
        return tuple(slot for place, slot in enumerate(self.slots) if place in kept or place not in self.hostile)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """Signed records of honest people in the order of a story, and of hostile ones."""

    honest: tuple[bytes, ...]
    hostile: tuple[bytes, ...]

    @property
    def everything(self) -> tuple[bytes, ...]:
        """All records."""
        return self.honest + self.hostile


class Scribe:
    """Writes the stock of an exchange."""

    def __init__(self, exchange: FixedExchange) -> None:
        self.exchange = exchange
        self.letters: list[LetterId] = []

    def letter(self, *who: str, **changes: Any) -> Said:
        """Return a letter, and note its name."""
        said = self.exchange.letter(*who, acknowledge_by=TERM_MS, **changes)
        self.letters.append(LetterId(self.exchange.identity_of(said)))
        return said

    def refers(self, kind: str, number: int) -> dict[str, Any]:
        """Return a reference to a letter written before."""
        ref = Ref(ledger=None, identity=Digest(self.letters[number]))
        return {"references": replace(NO_REFERENCES, **{kind: (ref,)})}

    def part(self, number: int) -> Said:
        """Return one of two parts of the ministry's group of all committees."""
        members = tuple(OrgId(one) for one in (MEMBERS[:2] if number == 1 else MEMBERS[2:]))
        whole = {"total": len(MEMBERS), "root": root_of(one.encode() for one in MEMBERS)} if number > 1 else {}
        fields: dict[str, Any] = {"group": OrgId("all"), "version": 1, "part": number, "parts": 2, "members": members}
        return self.exchange.say(GroupDefined, "clerk", **{**fields, "total": None, "root": None, **whole})

    def by(self, event: type[Body], who: str, letter: LetterId, recipient: str, **fields: Any) -> Said:
        """Return what a recipient says of a letter."""
        return self.exchange.say(event, who, letter=letter, recipient=OrgId(recipient), **fields)

    def key(self, event: type[Body], officer: str, by: str = REGISTRAR, **fields: Any) -> Said:
        """Return what is done to an officer's key."""
        digest = sha256(self.exchange.signers[officer].signer.spki)
        return self.exchange.say(event, by, officer=OfficerId(officer), key=digest, **fields)

    def dispatches(self) -> list[Said]:
        """Return the definitions that letters need, and the letters."""
        version = GroupVersion(group=OrgId("all"), version=1, count=4, root=root_of(one.encode() for one in MEMBERS))
        everybody = Addressee(organisation=None, group=version, capacity="information", attention=None)
        register: dict[str, Any] = {"direction": "outgoing", "year_from": 2026, "format": "{serial}-{case}", "first_serial": 100}
        return [
            self.exchange.say(RegisterDefined, "clerk", **register),
            self.part(1),
            self.part(2),
            self.letter("deputy", to=("mfy-001", "mfy-002")),
            self.letter("deputy", addressees=(everybody, addressee("mfy-001"))),
            self.letter("deputy", "head", to=("mfy-001", "mfy-003"), **self.refers("replaces", 0)),
            self.letter("chair", to=("ministry",), **self.refers("answers", 0)),
        ]

    def fates(self) -> list[Said]:
        """Return what may become of the letters: races of receipts, refusals, recalls and answers to them."""
        said: list[Said] = []
        for letter in self.letters[:2]:
            for committee, clerk in CLERKS.items():
                said.append(self.by(ReceiptAcknowledged, clerk, letter, committee))
            said.append(self.by(ReceiptAcknowledged, "second", letter, "mfy-001"))
            said.append(self.by(ReceiptRefused, "second", letter, "mfy-001", reason="MALWARE", duplicate_of=None, cover=None))
            said.append(self.exchange.say(LetterRecalled, "deputy", letter=letter, reason="WRONG_TEXT", cover=None))
            said.append(self.by(RecallAccepted, "secretary", letter, "mfy-001"))
            said.append(self.by(RecallDeclined, "secretary-2", letter, "mfy-002", reason=None, cover=None))
            said.append(self.by(ConsignmentOpened, "post", letter, "mfy-001", officer=OfficerId("secretary")))
            said.append(self.exchange.say(AcknowledgementMissed, "machine", letter=letter))
        first, _, later, answer = self.letters
        said.append(self.exchange.say(LetterSuperseded, "head", letter=first, by=later, cover=None))
        said.append(self.exchange.say(ReceiptAcknowledged, "clerk", letter=answer, recipient=OrgId("ministry")))
        return said

    def changes(self) -> list[Said]:
        """Return what changes who may speak."""
        merged: dict[str, Any] = {"organisation": OrgId("mfy-002"), "successor": OrgId("mfy-001")}
        relieved: dict[str, Any] = {"organisation": OrgId("mfy-003"), "officer": OfficerId("secretary-3")}
        return [
            self.key(KeySuspended, "deputy", reason="OTHER", since=None),
            self.key(KeyResumed, "deputy", reason="CLEARED"),
            self.key(KeyRevoked, "deputy", reason="COMPROMISED", since=0),
            self.key(KeyRevoked, "secretary", by="secretary", reason="LOST", since=None),
            self.exchange.say(OrganisationClosed, REGISTRAR, **merged),
            self.exchange.say(OfficerRelieved, REGISTRAR, **relieved),
            self.exchange.appointment("secretary-3", "mfy-003", "clerk"),
        ]

    def settlements(self) -> list[Said]:
        """Return what the deputy says of his letters with a new key, once the old one is compromised or before."""
        new, first, second = "deputy's new key", *map(Digest, self.letters[:2])
        return [
            self.exchange.enrolled("deputy", "ministry", name=new),
            self.exchange.say(EventReaffirmed, new, event=first),
            self.exchange.say(EventRepudiated, new, event=first),
            self.exchange.say(EventRepudiated, new, event=second),
        ]

    def hostile(self, other: FixedExchange) -> list[bytes]:
        """Return what people sign who may not, and what nobody signed."""
        exchange = self.exchange
        first = exchange.letter("deputy")
        squatted = {"event_id": first.body.header.event_id}
        seen = Seen(
            size=5,
            root=sha256(b"r"),
            verdict_root=sha256(b"v"),
            key=sha256(b"k"),
            signature=bytes(64),
            verdict_signature=bytes(64),
        )
        said = [
            first,
            exchange.letter("deputy", to=("mfy-002",), header=squatted),
            exchange.letter("head", to=("mfy-002",), header=squatted),
            replace(exchange.letter("deputy"), signers=(exchange.signers["clerk"],)),
            replace(exchange.letter("deputy", header=squatted), signers=(exchange.signers["clerk"],)),
            exchange.letter("clerk"),
            exchange.letter("deputy", header={"organisation": OrgId("mfy-001")}),
            exchange.letter("root-1", "root-2"),
            exchange.letter("deputy", header={"seen": seen}),
            exchange.letter("deputy", to=("nowhere",)),
            self.by(ReceiptAcknowledged, "secretary-2", self.letters[0], "mfy-001"),
            exchange.say(LetterRecalled, "chair", letter=self.letters[0], reason="WRONG_TEXT", cover=None),
            exchange.opening,
        ]
        return [exchange.record(one) for one in said] + [other.record(other.letter(REGISTRAR)), other.record(other.opening)]


def stock_of(exchange: FixedExchange, other: FixedExchange, *more: Said) -> Stock:
    """Return the stock of a populated exchange in which `second` is one more clerk of the first committee; `more` is honest."""
    scribe = Scribe(exchange)
    honest = [*scribe.dispatches(), *more, *scribe.fates(), *scribe.changes(), *scribe.settlements()]
    return Stock(honest=tuple(exchange.record(one) for one in honest), hostile=tuple(scribe.hostile(other)))


def scenes_of(exchange: FixedExchange) -> Iterator[Scene]:
    """Yield the scene of every kind of hostile records, on a populated exchange, whose people sign with other keys afterwards."""
    battle = Battle(exchange)
    for kind in KINDS:
        start = len(battle.entries)
        kind.join(battle)
        told = battle.entries[start:]
        hostile = tuple(place for place, entry in enumerate(told) if entry.kind)
        yield Scene(kind=kind.name, slots=tuple(entry.record for entry in told), hostile=hostile)


def kinds_in(slots: Iterable[Written], scenes: Iterable[Scene]) -> set[str]:
    """Return the kinds of hostile records of which one stands in a ledger."""
    written = {slot.record for slot in slots}
    return {scene.kind for scene in scenes if written & {scene.slots[place] for place in scene.hostile}}


def interleavings(stock: Stock, scenes: Sequence[Scene]) -> st.SearchStrategy[tuple[Written, ...]]:
    """Return ledgers: the honest story with parts left out and out of place, and anything hostile between its records.

    Some scenes of kinds of hostile records are played in between: what these need, and some of them.
    """
    places = st.integers(0, len(stock.honest) - 1)
    step = st.one_of(st.none(), st.sampled_from(STEPS_MS))
    signed = st.sampled_from(stock.everything)
    intruder = st.one_of(
        st.sampled_from(stock.hostile),
        signed,
        st.builds(_truncated, signed, st.integers(0, 400)),
        st.builds(_flipped, signed, st.integers(0, 10_000)),
        st.binary(max_size=40),
        st.none(),
    )
    left_out = st.sets(places, max_size=20)
    moved = st.lists(st.tuples(places, places), max_size=12)
    intruders = st.lists(st.tuples(places, intruder), max_size=6)
    some = st.lists(st.integers(0, 2**16), min_size=1, max_size=SOME)
    played = st.tuples(*(st.tuples(places, st.integers(1, 4), some.map(one.with_some)) for one in scenes))
    steps = st.dictionaries(places, step, max_size=6)
    return st.tuples(left_out, moved, intruders, played, steps).map(lambda drawn: _written(stock.honest, *drawn))


def _truncated(record: bytes, cut: int) -> bytes:
    return record[: max(0, len(record) - 1 - cut)]


def _flipped(record: bytes, bit: int) -> bytes:
    changed = bytearray(record)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    return bytes(changed)


def _written(
    story: Sequence[bytes],
    left_out: Set[int],
    moved: Sequence[tuple[int, int]],
    intruders: Sequence[tuple[int, bytes | None]],
    scenes: Sequence[tuple[int, int, Sequence[bytes | None]]],
    steps: Mapping[int, int | None],
) -> tuple[Written, ...]:
    told: list[bytes | None] = [record for place, record in enumerate(story) if place not in left_out]
    for source, target in moved:
        told.insert(target, told.pop(source % len(told)))
    for place, record in intruders:
        told.insert(place, record)
    for place, apart, slots_of_scene in scenes:
        for number, record in enumerate(slots_of_scene):
            told.insert(place + number * apart, record)
    at_ms, slots = START_MS + 60_000, []
    for place, record in enumerate(told):
        step = steps.get(place, 1_000)
        at_ms += step or 0
        stored = None if step is None or record is None else at_ms
        slots.append(Written(record=record, stored_at_ms=stored))
    return tuple(slots)
