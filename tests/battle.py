"""A battle: honest traffic on a ledger, and between its records whatever a hostile neighbour appends.

It is written down before any ledger is there: what is said and when depends on keys and a clock alone, so the same battle
is fought in a file and in a topic. Each entry tells which reason it must get, or that it is honest and must be accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from domain.catalogue import payload_type_of
from domain.events import KeyResumed, KeyRevoked, KeySuspended, ReceiptAcknowledged
from domain.header import SignatureValue, SignedEvent
from domain.ids import Digest, LetterId, OfficerId, OrgId, sha256
from domain.reasons import Reason
from domain.signatures import pae
from tests.court import population
from tests.fixed_exchange import REGISTRAR, FixedExchange, Said

STEP_MS: Final = 1
"""Script time from one entry to the next: little, because in a topic it is real time."""
RECEIVERS: Final = (("mfy-001", "secretary"), ("mfy-002", "secretary-2"), ("mfy-003", "secretary-3"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A slot of the battle: the record (None: an empty slot), not before when, by which kind ("": honest), and its reason.

    `honest` is what stands there in a ledger without hostile neighbours: as a rule the record itself, or nothing.
    """

    kind: str
    record: bytes | None
    reason: Reason
    at_ms: int
    honest: bytes | None


class Battle:
    """Writes the entries down, on a ledger that its population stands on already; `clock` is that of the exchange."""

    def __init__(self, exchange: FixedExchange) -> None:
        self.exchange = exchange
        self.entries: list[Entry] = []
        self.kind = ""

    def honest(self, *said: Said) -> Digest:
        """Let honest people say something, and return the identity of the last."""
        for one in said:
            record = self.exchange.record(one)
            self._append("", record, Reason.ACCEPTED, honest=record)
        return self.exchange.identity_of(said[-1])

    def overtaken(self, said: Said, altered: bytes) -> None:
        """Let a neighbour append an honest event under other signatures that verify too, before its author does."""
        self._append(self.kind, altered, Reason.ACCEPTED, honest=self.exchange.record(said))

    def strike(self, record: bytes | None, reason: Reason) -> None:
        """Let the neighbour append something."""
        self._append(self.kind, record, reason, honest=None)

    def letter(self, *to: str, by: str = "deputy", **changes: Any) -> LetterId:
        """Let a letter be sent."""
        return LetterId(self.honest(self.exchange.letter(by, to=to or ("mfy-001",), **changes)))

    def employ(self, officer: str, organisation: str, *roles: str) -> None:
        """Let one more officer be appointed and his key be enrolled."""
        appointment = self.exchange.appointment(officer, organisation, *roles)
        self.honest(appointment, self.exchange.enrolled(officer, organisation))

    def stop_key(self, event: type[KeySuspended | KeyRevoked | KeyResumed], officer: str, **changes: Any) -> None:
        """Let the registrar suspend, revoke or resume an officer's key."""
        fields = {"officer": OfficerId(officer), "key": sha256(self.exchange.signers[officer].signer.spki), **changes}
        self.honest(self.exchange.say(event, REGISTRAR, **fields))

    def traffic(self) -> None:
        """Let a letter go to all committees, and one of them acknowledge it."""
        organisation, officer = RECEIVERS[len(self.entries) % len(RECEIVERS)]
        letter = self.letter(*(receiver for receiver, _ in RECEIVERS))
        self.honest(self.exchange.say(ReceiptAcknowledged, officer, letter=letter, recipient=OrgId(organisation)))

    def pass_time(self, milliseconds: int) -> None:
        """Let nothing happen for a while."""
        self.exchange.clock.at_ms += milliseconds

    def _append(self, kind: str, record: bytes | None, reason: Reason, *, honest: bytes | None) -> None:
        self.exchange.clock.at_ms += STEP_MS
        self.entries.append(Entry(kind=kind, record=record, reason=reason, at_ms=self.exchange.clock(), honest=honest))


Strike = Callable[[Battle], Iterable[bytes | None]]
"""Brings about what it needs, all of it honest, and yields what is hostile; what follows a yield comes after that record."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HostileKind:
    """A kind of hostile record: its name, the reason that the rules document for it, and what makes such records."""

    name: str
    reason: Reason
    strike: Strike

    def join(self, battle: Battle) -> None:
        """Append this kind's records to the battle."""
        battle.kind = self.name
        for record in self.strike(battle):
            battle.strike(record, self.reason)


def gets(reason: Reason) -> Callable[[Strike], HostileKind]:
    """Make a kind of a function whose name says what it is."""
    return lambda strike: HostileKind(name=getattr(strike, "__name__", ""), reason=reason, strike=strike)


def fought(exchange: FixedExchange, kinds: Iterable[HostileKind]) -> Iterator[tuple[Entry, ...]]:
    """Yield the battle of an exchange against these kinds, one after the other, as it is written down."""
    battle, told = Battle(exchange), 0
    battle.honest(exchange.opening, *population(exchange))
    battle.traffic()
    for kind in kinds:
        yield tuple(battle.entries[told:])
        told = len(battle.entries)
        kind.join(battle)
        battle.traffic()
    yield tuple(battle.entries[told:])


def signed_payload(exchange: FixedExchange, payload_type: str, payload: bytes, signer: str = "deputy") -> bytes:
    """Return a record of any payload under any type, with a right signature."""
    key = exchange.signers[signer].signer
    value = SignatureValue(algorithm=key.algorithm, signature=key.sign(pae(payload_type, payload)))
    return exchange.codec.encode_envelope(SignedEvent(payload_type=payload_type, payload=payload, signatures=(value,)))


def payload_of(exchange: FixedExchange, said: Said) -> tuple[str, bytes]:
    """Return the payload type of something said, and its payload."""
    return payload_type_of(type(said.body)), exchange.codec.encode_body(said.body)
