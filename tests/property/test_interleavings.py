"""For any interleaving of honest and hostile appends, all readers conclude the same (events.md, "Things that must stay true")."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from adapters.follower import Follower
from adapters.ledger import Ledger, Slot
from adapters.ledger_memory import MemoryLedger
from adapters.ledger_sqlite import SqliteLedger
from adapters.store.ledger_store import LedgerStore
from adapters.verifying import Verifier
from domain.changes import Inbox
from domain.events import (
    AcknowledgementMissed,
    Body,
    ConsignmentOpened,
    LetterDispatched,
    ReceiptAcknowledged,
    ReceiptRefused,
)
from domain.ids import Digest
from domain.reasons import Reason
from domain.tree import root_of
from domain.verdicts import Verdict
from projections.inbox import CONSIGNMENTS
from projections.projector import DUMPED, Projector
from tests.addressed import inboxes_of
from tests.court import ARCHIVE, LEDGER_FILE, Court
from tests.faults.provoked_proof import committing
from tests.fixed_exchange import Clock, FixedExchange, shared_codec
from tests.hostile_records import KINDS
from tests.property.strategies import MEMBERS, Scene, Stock, Written, interleavings, kinds_in, scenes_of, stock_of

LONGER: Final = int(os.environ.get("HUNT", "1"))
"""How many times as many are tried: `make hunt` has time."""
JUDGED: Final = 60 * LONGER
SHOWN: Final = 20 * LONGER
"""Interleavings that are read into stores, and into views besides, which costs three times as much."""
GROUPS: Final = 10
"""All kinds of hostile records are divided into so many groups, and every ledger has one group of them."""
FAR_AHEAD_MS: Final = 4_000_000_000_000
"""By this clock no record comes from the future."""
MOST_REASONS: Final = 20
"""The stock provokes more reasons than this."""
FACTS: Final = (ReceiptAcknowledged, ReceiptRefused, ConsignmentOpened, AcknowledgementMissed)
BATCHES: Final = st.lists(st.integers(1, 25), min_size=1, max_size=4)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """A populated ledger whose store and views lie in a folder, and what may be appended to it."""

    court: Court
    prefix: tuple[Written, ...]
    stock: Stock
    scenes: tuple[Scene, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a reader concludes."""

    verdicts: tuple[Verdict, ...]
    dump: Digest
    roots: tuple[Digest, Digest]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    court = Court.founded(tmp_path_factory.mktemp("court"))
    court.employ("second", "mfy-001", "clerk")
    prefix = tuple(Written(record=s.record, stored_at_ms=s.stored_at_ms) for s in court.ledger.read(0, 500))
    stock = stock_of(court.exchange, FixedExchange(Clock(), name="other"), committing(court, len(prefix)))
    court.close()
    return Ground(court=court, prefix=prefix, stock=stock, scenes=tuple(scenes_of(court.exchange)))


def write_all(path: Path, start: int, slots: Sequence[Written]) -> None:
    """Write slots into a ledger's file as a foreign program may: with any time, or none."""
    rows = [(start + i, slot.stored_at_ms, slot.record) for i, slot in enumerate(slots)]
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO ledger_slots VALUES (?, ?, ?)", rows)


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


@contextlib.contextmanager
def in_files(ground: Ground, slots: Sequence[Written]) -> Iterator[Reader]:
    """Give a reader of a ledger's file, who goes on from where a station stood."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "court"
        shutil.copytree(ground.court.folder, home)
        write_all(home / LEDGER_FILE, len(ground.prefix), slots)
        urls = (f"sqlite:///{home / 'home' / 'store.sqlite'}", f"sqlite:///{home / 'views.sqlite'}")
        with contextlib.closing(Reader(SqliteLedger(home / LEDGER_FILE), *urls)) as reader:
            yield reader


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


def require_dispatch_before_receipt(slots: Sequence[Written], verdicts: Sequence[Verdict]) -> None:
    """No acknowledgement without a dispatch to that recipient."""
    addressed: dict[bytes, set[str]] = {}
    for slot, verdict in zip(slots, verdicts, strict=True):
        if not verdict.is_accepted:
            continue
        body = body_of(slot.record)
        if isinstance(body, LetterDispatched):
            named = {one.organisation for one in body.addressees if one.organisation is not None}
            grouped = set(MEMBERS) if any(one.group is not None for one in body.addressees) else set()
            addressed[verdict.identity] = {*map(str, named), *grouped}
        elif isinstance(body, ReceiptAcknowledged):
            assert body.recipient in addressed[body.letter]


def without_what_is_not_authentic(slots: Sequence[Written], verdicts: Sequence[Verdict]) -> tuple[Written, ...]:
    """Return the same ledger with nothing in the place of every record that is not authentic."""
    return tuple(
        slot if verdict.is_authentic or slot.record is None else Written(record=b"", stored_at_ms=slot.stored_at_ms)
        for slot, verdict in zip(slots, verdicts, strict=True)
    )


def judge_every_way(ground: Ground, slots: tuple[Written, ...], batches: Sequence[int]) -> tuple[Verdict, ...]:
    """Let two readers read a ledger, hold their conclusions against each other and the rules, and return the new verdicts."""
    whole = (*ground.prefix, *slots)
    with in_memory(whole) as reader:
        reading = reader.read([500])
        inboxes = reader.inboxes()
    with in_files(ground, slots) as reader:
        assert reader.read(batches) == reading
        assert reader.inboxes() == inboxes
    assert [(one.organisation, one.letters, one.head) for one in inboxes] == inboxes_of(whole, reading.verdicts)
    records = [slot.record or b"" for slot in whole]
    assert reading.roots == (root_of(records), root_of(verdict.leaf() for verdict in reading.verdicts))
    require_registers_without_gaps(reading.verdicts)
    require_dispatch_before_receipt(whole, reading.verdicts)
    return reading.verdicts[len(ground.prefix) :]


def show_every_way(ground: Ground, slots: tuple[Written, ...], batches: Sequence[int]) -> tuple[Verdict, ...]:
    """Let readers show a ledger, hold their views against each other, and return the new verdicts.

    What is not authentic changes nothing: without it, all views but the archive, all verdicts and numbers are the same.
    """
    with in_memory((*ground.prefix, *slots)) as reader:
        reading, views = reader.read([500]), reader.show()
    verdicts = reading.verdicts[len(ground.prefix) :]
    with in_files(ground, slots) as reader:
        assert reader.read(batches) == reading
        assert reader.show(until=len(ground.prefix) + batches[0]) == views
    with in_memory((*ground.prefix, *without_what_is_not_authentic(slots, verdicts))) as reader:
        cleaned = reader.read([500])
        assert reader.show() | {ARCHIVE: views[ARCHIVE]} == views
    of_authentic = [(one.position, one.reason, one.number) for one in reading.verdicts if one.is_authentic]
    assert [(one.position, one.reason, one.number) for one in cleaned.verdicts if one.is_authentic] == of_authentic
    return verdicts


Way = Callable[[Ground, tuple[Written, ...], Sequence[int]], tuple[Verdict, ...]]


@pytest.mark.parametrize(("way", "count"), [(judge_every_way, JUDGED), (show_every_way, SHOWN)])
def test_all_readers_conclude_the_same_of_any_interleaving(
    ground: Ground, way: Way, count: int, record_property: Callable[[str, object], None]
) -> None:
    tried, kinds = Counter[str](), set[str]()

    def read_by_all(slots: tuple[Written, ...], batches: list[int]) -> None:
        verdicts = way(ground, slots, batches)
        tried["interleavings"] += 1
        tried["records"] += len(slots)
        kinds.update(kinds_in(slots, ground.scenes))
        tried.update(verdict.reason.name for verdict in verdicts)

    for group in range(GROUPS):
        drawn = given(slots=interleavings(ground.stock, ground.scenes[group::GROUPS]), batches=BATCHES)
        limits = settings(max_examples=count // GROUPS, deadline=None, suppress_health_check=list(HealthCheck))
        cast("Callable[[], None]", limits(drawn(read_by_all)))()
    reasons = {reason.name for reason in Reason} & set(tried)
    assert tried["interleavings"] >= count
    assert kinds == {kind.name for kind in KINDS}
    assert tried["ACCEPTED"] > 5 * count, "too few records are accepted to prove anything"
    assert len(reasons) > MOST_REASONS
    record_property(
        f"interleavings tried ({way.__name__})",
        f"{tried['interleavings']:,} of {tried['records']:,} records; {tried['ACCEPTED']:,} accepted; {len(reasons)} reasons; "
        f"{len(kinds)} of {len(KINDS)} hostile kinds",
    )
