"""For any interleaving of honest and hostile appends, all readers conclude the same (events.md, "Things that must stay true")."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.ledger_sqlite import SqliteLedger
from domain.events import LetterDispatched, ReceiptAcknowledged
from domain.reasons import Reason
from domain.tree import root_of
from domain.verdicts import Verdict
from tests.addressed import inboxes_of
from tests.court import ARCHIVE, LEDGER_FILE, Court
from tests.faults.provoked_proof import committing
from tests.fixed_exchange import Clock, FixedExchange
from tests.hostile_records import KINDS
from tests.ledger_readers import Ground, Reader, Written, body_of, ground_of, in_memory, require_registers_without_gaps
from tests.property.strategies import MEMBERS, Scene, Stock, interleavings, kinds_in, scenes_of, stock_of

LONGER: Final = int(os.environ.get("HUNT", "1"))
"""How many times as many are tried: `make hunt` has time."""
JUDGED: Final = 60 * LONGER
SHOWN: Final = 20 * LONGER
"""Interleavings that are read into stores, and into views besides, which costs three times as much."""
GROUPS: Final = 10
"""All kinds of hostile records are divided into so many groups, and every ledger has one group of them."""
MOST_REASONS: Final = 20
"""The stock provokes more reasons than this."""
BATCHES: Final = st.lists(st.integers(1, 25), min_size=1, max_size=4)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arena(Ground):
    """A populated court whose store and views lie in a folder, and what may be appended to its ledger."""

    stock: Stock
    scenes: tuple[Scene, ...]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Arena:
    court = Court.founded(tmp_path_factory.mktemp("court"))
    court.employ("second", "mfy-001", "clerk")
    stock = stock_of(court.exchange, FixedExchange(Clock(), name="other"), committing(court, court.ledger.end()))
    made = ground_of(court)
    return Arena(court=court, prefix=made.prefix, stock=stock, scenes=tuple(scenes_of(court.exchange)))


def write_all(path: Path, start: int, slots: Sequence[Written]) -> None:
    """Write slots into a ledger's file as a foreign program may: with any time, or none."""
    rows = [(start + i, slot.stored_at_ms, slot.record) for i, slot in enumerate(slots)]
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("INSERT INTO ledger_slots VALUES (?, ?, ?)", rows)


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
    ground: Arena, way: Way, count: int, record_property: Callable[[str, object], None]
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
