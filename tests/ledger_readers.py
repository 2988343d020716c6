"""Readers of a ledger that anybody may have written: each follows it into a store and views of its own, and concludes."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from adapters.follower import Follower
from adapters.ledger import Ledger, Slot
from adapters.ledger_memory import MemoryLedger
from adapters.store.ledger_store import LedgerStore
from adapters.verifying import Verifier
from domain.changes import Inbox
from domain.events import AcknowledgementMissed, Body, ConsignmentOpened, ReceiptAcknowledged, ReceiptRefused
from domain.ids import Digest, sha256
from domain.verdicts import Verdict
from projections.inbox import CONSIGNMENTS
from projections.projector import DUMPED, Projector
from tests.court import Court
from tests.fixed_exchange import shared_codec

FAR_AHEAD_MS: Final = 4_000_000_000_000
"""By this clock no record comes from the future."""
FACTS: Final = (ReceiptAcknowledged, ReceiptRefused, ConsignmentOpened, AcknowledgementMissed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A slot as it is written: a record or none, and the time that is stored with it (None: no time of the ledger's)."""

    record: bytes | None
    stored_at_ms: int | None

    def __repr__(self) -> str:
        """Return as much as tells slots apart: a falsifying example has dozens."""
        said = "nothing" if self.record is None else f"{len(self.record)}:{sha256(self.record).hex()[:6]}"
        return f"{said}@{self.stored_at_ms}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """A populated court, and its records."""

    court: Court
    prefix: tuple[Written, ...]


def ground_of(court: Court) -> Ground:
    """Return a court, closed, and all that stands on its ledger."""
    prefix = tuple(Written(record=s.record, stored_at_ms=s.stored_at_ms) for s in court.ledger.read(0, court.ledger.end()))
    court.close()
    return Ground(court=court, prefix=prefix)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a reader concludes."""

    verdicts: tuple[Verdict, ...]
    dump: Digest
    roots: tuple[Digest, Digest]


class Reader:
    """Follows a ledger into a store of its own, and shows it in views of its own."""

    def __init__(self, ledger: Ledger, store_url: str, views_url: str) -> None:
        self.ledger = ledger
        self.store = LedgerStore(store_url)
        self.verifier = Verifier(1 if store_url == "sqlite://" else 2)
        self.follower = self.one_more_follower()
        self.views_url = views_url

    def one_more_follower(self) -> Follower:
        """Return another process's follower into the same store."""
        return Follower(
            ledger=self.ledger,
            store=self.store,
            codec=shared_codec(),
            verifier=self.verifier,
            identity=None,
            now_ms=lambda: FAR_AHEAD_MS,
        )

    def read(self, batches: Sequence[int]) -> Reading:
        """Follow to the end in batches of these sizes, two followers by turns, and return what is concluded."""
        turns, sizes = itertools.cycle((self.follower, self.one_more_follower())), itertools.cycle(batches)
        while self.store.next_position() < self.ledger.end():
            next(turns).catch_up(until=self.store.next_position() + next(sizes))
        return Reading(
            verdicts=tuple(entry.verdict for entry in self.store.each_entry()),
            dump=self.store.canonical_dump(),
            roots=self.store.roots_at(self.store.next_position()),
        )

    def inboxes(self) -> tuple[Inbox, ...]:
        """Return everybody's inbox at the end."""
        return self.one_more_follower().view.inboxes_at(self.ledger.end())

    def show(self, until: int = 0) -> dict[str, Digest]:
        """Bring the views up in two steps, and return their canonical dumps."""
        projector = Projector(self.views_url, self.store, shared_codec(), self.follower.view)
        with contextlib.closing(projector):
            projector.catch_up(until=until)
            projector.catch_up()
            with projector.database.reading() as connection:
                rows = connection.execute(select(CONSIGNMENTS)).all()
            require_late_evidence(self.store, rows)
            return {view.name: projector.canonical_dump(view.name) for view in DUMPED}

    def close(self) -> None:
        """Close all databases, and stop the threads."""
        self.verifier.close()
        self.store.close()
        self.ledger.close()


def in_memory(slots: Sequence[Written]) -> contextlib.closing[Reader]:
    """Return a reader of a ledger in memory, whose store and views are in memory too, from the beginning."""
    ledger = MemoryLedger()
    for slot in slots:
        ledger._slots.append(Slot(position=ledger.end(), record=slot.record, stored_at_ms=slot.stored_at_ms))
    return contextlib.closing(Reader(ledger, "sqlite://", "sqlite://"))


def require_late_evidence(store: LedgerStore, rows: Sequence[Any]) -> None:
    """Late evidence never disappears: missed, opened and received stay visible side by side, whatever came first."""
    for row in rows:
        if row.received_at is not None and row.acknowledge_by is not None:
            assert bool(row.late) == (row.received_at > row.acknowledge_by)
    kept = {position for row in rows for position in (row.received_position, row.missed_position, row.opened_position)}
    accepted = (entry for entry in store.each_entry() if entry.verdict.is_accepted)
    facts = (entry.verdict.position for entry in accepted if isinstance(body_of(entry.record), FACTS))
    assert set(facts) <= kept


def body_of(record: bytes | None) -> Body:
    """Return what an accepted record says."""
    event = shared_codec().envelope(record or b"")
    return shared_codec().body(event.payload_type, event.payload)


def require_registers_without_gaps(verdicts: Sequence[Verdict]) -> None:
    """Registers are gap-free: in ledger order each number is one more than the last of its register and year."""
    last: dict[tuple[str, int, int], int] = {}
    for number in (verdict.number for verdict in verdicts if verdict.number):
        register = (number.organisation, number.register.value, number.year)
        assert number.serial == last.get(register, number.serial - 1) + 1
        if register not in last:
            assert number.serial == 1 or (number.organisation, number.serial) == ("ministry", 100)
        last[register] = number.serial
    assert all(verdict.number is None or verdict.is_accepted for verdict in verdicts)
