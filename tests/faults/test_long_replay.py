"""A long ledger, mostly hostile: memory stays flat while it is replayed, and a letter to more than 20,000 is rejected."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import resource
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import pytest

from adapters.clock import system_clock_ms
from adapters.follower import Follower
from adapters.ledger_sqlite import SqliteLedger
from adapters.registration import PART_LIMIT
from adapters.store.ledger_store import LedgerStore
from adapters.verifying import Verifier
from domain.dispatch import RECIPIENTS_LIMIT
from domain.events import Addressee, GroupDefined, GroupVersion
from domain.ids import OrgId
from domain.reasons import Reason
from domain.tree import root_of
from tests.court import Court
from tests.fixed_exchange import FixedExchange, Said, addressee, shared_codec
from tests.submitting_process import context

pytestmark = pytest.mark.slow
LONGER: Final = int(os.environ.get("HUNT", "1"))
COMMITTEES: Final = tuple(OrgId(f"many-{number:05}") for number in range(RECIPIENTS_LIMIT + 1))
MIXED: Final = 20_000 * LONGER
"""Records after the directory: garbage, copies, honest letters."""
GROWTH_LIMIT_MB: Final = 48
"""What a replay may hold more after twice as many records: the cache of states, which has a limit. Holding the records
and what they changed would take more than 100 MB."""
_UNITS_PER_MB: Final = 1024 * 1024 if sys.platform == "darwin" else 1024


def directory(exchange: FixedExchange) -> Iterator[Said]:
    """Yield the registration of 20,001 committees, and a group of all but the last."""
    yield from (exchange.registration(committee) for committee in COMMITTEES)
    members = COMMITTEES[:RECIPIENTS_LIMIT]
    parts = [members[i : i + PART_LIMIT] for i in range(0, len(members), PART_LIMIT)]
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        yield exchange.say(
            GroupDefined,
            "clerk",
            group=OrgId("all"),
            version=1,
            part=number,
            parts=len(parts),
            members=part,
            total=len(members) if last else None,
            root=root_of(member.encode() for member in members) if last else None,
        )


def to_everybody(exchange: FixedExchange, *named: OrgId) -> Said:
    """Return a letter to the group and to named committees."""
    members = COMMITTEES[:RECIPIENTS_LIMIT]
    root = root_of(member.encode() for member in members)
    group = GroupVersion(group=OrgId("all"), version=1, count=len(members), root=root)
    everybody = Addressee(organisation=None, group=group, capacity="information", attention=None)
    return exchange.letter("deputy", addressees=(everybody, *(addressee(one) for one in named)))


def mixture(exchange: FixedExchange) -> Iterator[bytes]:
    """Yield garbage, copies of what was there, pieces of it, and an honest letter now and then."""
    chance, letters = random.Random(1), [exchange.record(exchange.letter("head"))]
    for number in itertools.count():
        if number % 20 == 0:
            letters.append(exchange.record(exchange.letter("head", to=("mfy-001", "mfy-002"))))
            yield letters[-1]
        elif number % 20 < 5:
            yield chance.choice(letters)
        elif number % 20 < 10:
            yield chance.choice(letters)[: chance.randrange(300)]
        else:
            yield chance.randbytes(chance.randrange(500))


def write_all(court: Court) -> int:
    """Write the ledger, and return where its mixture begins."""
    exchange, start = court.exchange, court.ledger.end()
    said = [*directory(exchange), to_everybody(exchange), to_everybody(exchange, COMMITTEES[-1])]
    records = itertools.chain(map(exchange.record, said), itertools.islice(mixture(exchange), MIXED))
    with contextlib.closing(sqlite3.connect(court.path)) as connection, connection:
        rows = ((start + i, court.clock() + i, record) for i, record in enumerate(records))
        connection.executemany("INSERT INTO ledger_slots VALUES (?, ?, ?)", rows)
    return start + len(said)


def replay(ledger_file: Path, store_file: Path, stops: tuple[int, ...], told: Connection) -> None:
    """Follow a ledger from its beginning in a process of its own; tell the most memory it has taken at each stop, in MB."""
    ledger, store = SqliteLedger(ledger_file), LedgerStore(f"sqlite:///{store_file}")
    follower = Follower(
        ledger=ledger, store=store, codec=shared_codec(), verifier=Verifier(2), identity=None, now_ms=system_clock_ms
    )
    for stop in stops:
        assert follower.catch_up(until=stop, trust_times_ahead=True) == stop
        told.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _UNITS_PER_MB)
    store.close()
    ledger.close()


def test_memory_stays_flat_and_nobody_writes_to_more_than_20_000(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    court = Court.founded(tmp_path / "court")
    mixed_from = write_all(court)
    end = court.ledger.end()
    court.close()
    store_file = tmp_path / "replayed.sqlite"
    telling, told = context().Pipe()
    child = context().Process(target=replay, args=(court.path, store_file, (mixed_from, end), told))
    child.start()
    child.join(900)
    assert child.exitcode == 0
    before_mb, after_mb = telling.recv(), telling.recv()
    assert after_mb - before_mb < GROWTH_LIMIT_MB

    with contextlib.closing(LedgerStore(f"sqlite:///{store_file}")) as store:
        everybody, one_more = store.verdict(mixed_from - 2), store.verdict(mixed_from - 1)
        reasons = Counter(entry.verdict.reason for entry in store.each_entry())
    assert everybody is not None
    assert everybody.reason is Reason.ACCEPTED
    assert one_more is not None
    assert one_more.reason is Reason.TOO_MANY_RECIPIENTS
    assert set(reasons) == {Reason.ACCEPTED, Reason.TOO_MANY_RECIPIENTS, Reason.DUPLICATE, Reason.MALFORMED}
    record_property(
        "memory of a replay",
        f"{before_mb:.0f} MB after {mixed_from:,} records, {after_mb:.0f} MB after {end:,}",
    )
