"""Several processes and one PostgreSQL: turns for those who write, one state for those who read, nothing applied twice."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from adapters import follower
from adapters.errors import StoreUnreachableError
from adapters.station import Station
from adapters.store import dialect
from adapters.store.database import Database
from adapters.store.holdings import IDENTITY_FACT, INCARNATION_FACT
from adapters.store.ledger_store import LedgerStore
from adapters.store.tables import RECORDS
from adapters.view import StoreView
from cli.wiring import StationPlan, build_station
from domain.ids import Digest
from projections.projector import Projector
from schemas.codec import LedgerCodec
from tests.eventful_exchange import Eventful, eventful_exchange
from tests.judged_history import some_history

BATCH = 7
KILLS = 10
PATIENCE_S = 180.0
"""How long a test waits for a process on a busy machine."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_exchange(tmp_path_factory.mktemp("exchange")) as made:
        yield made


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """What a process needs to know to follow the ledger into the store."""

    home: Path
    location: str
    identity: Digest
    url: str
    now_ms: int


@pytest.fixture
def followed(told: Eventful, postgres_url: str, tmp_path: Path) -> Followed:
    LedgerStore(postgres_url).close()
    exchange = told.exchange
    return Followed(
        home=tmp_path, location=exchange.location, identity=exchange.identity, url=postgres_url, now_ms=told.clock.now_ms
    )


@contextlib.contextmanager
def _station(followed: Followed, name: str) -> Iterator[tuple[Station, Projector]]:
    """Give a station that stores small batches, and what brings up its views, as a process of its own would have them."""
    follower.BATCH_LIMIT = BATCH  # type: ignore[misc] # a constant of the program; here everything would be one batch
    plan = StationPlan(
        home=followed.home / name,
        location=followed.location,
        identity=followed.identity,
        station=None,
        store_url=followed.url,
        passphrase=lambda _: b"",
        now_ms=lambda: followed.now_ms,
    )
    with contextlib.closing(build_station(plan)) as station:
        store = station.parts.store
        with contextlib.closing(Projector(followed.url, store, LedgerCodec(), station.view)) as projector:
            yield station, projector


def _follow(followed: Followed, name: str) -> None:
    """Follow the ledger to its end, and bring the views up."""
    with _station(followed, name) as (station, projector):
        station.catch_up()
        projector.catch_up()


def _follow_and_rebuild_for_ever(followed: Followed, name: str) -> None:
    with _station(followed, name) as (station, projector):
        station.catch_up()
        while True:
            for view in projector.names():
                projector.rebuild(view)


def start(target: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    # Everything is imported once, in a process without connections, of which each of these is a copy.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def kill(process: ForkServerProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def plain(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("+psycopg", ""))


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def turns(connection: psycopg.Connection[Any]) -> list[bool]:
    """Return who has the turn (true) and who waits for it (false)."""
    found = connection.execute(
        "SELECT granted FROM pg_locks JOIN pg_database ON pg_database.oid = database "
        "WHERE locktype = 'advisory' AND datname = current_database()"
    )
    return sorted(row[0] for row in found)


def test_one_follower_works_and_the_other_takes_over_when_it_is_killed_in_the_middle_of_a_batch(
    told: Eventful, followed: Followed
) -> None:
    with plain(followed.url) as gate, plain(followed.url) as observer:
        observer.autocommit = True
        # Whoever writes comes as far as the trees, behind which a part of its batch is still to be written.
        gate.execute("LOCK TABLE tile_edges IN EXCLUSIVE MODE")
        first = start(_follow, followed, "first")
        until(lambda: turns(observer) == [True])
        second = start(_follow, followed, "second")
        until(lambda: turns(observer) == [False, True])
        waiting = "SELECT 1 FROM pg_locks WHERE relation = 'tile_edges'::regclass AND NOT granted"
        until(lambda: observer.execute(waiting).rowcount == 1)
        kill(first)
        with contextlib.closing(LedgerStore(followed.url)) as store:
            assert store.next_position() == 0
            # So that a store with records is never without them.
            assert store.fact(IDENTITY_FACT) == followed.identity.hex()
            assert store.fact(INCARNATION_FACT) is not None
        gate.commit()
        second.join(PATIENCE_S)
        assert second.exitcode == 0
    require_equal(told, followed.url)


def test_two_followers_at_once_apply_nothing_twice(told: Eventful, followed: Followed) -> None:
    both = [start(_follow, followed, name) for name in ("first", "second")]
    for process in both:
        process.join(PATIENCE_S)
    assert [process.exitcode for process in both] == [0, 0]
    require_equal(told, followed.url)


@pytest.mark.slow
def test_followers_killed_at_any_instant_leave_a_store_and_views_that_are_brought_up_again(
    told: Eventful, followed: Followed
) -> None:
    chance = random.Random(5)
    for attempt in range(KILLS):
        process = start(_follow_and_rebuild_for_ever, followed, f"{attempt}")
        # From here on it takes some tenths of a second to follow, and rebuilding never ends.
        until((followed.home / f"{attempt}").is_dir)
        time.sleep(0.6 * chance.random())
        kill(process)
        with contextlib.closing(LedgerStore(followed.url)) as store:
            size = store.next_position()
            assert store.roots_at(size) == told.station.parts.store.roots_at(size)
    _follow(followed, "last")
    require_equal(told, followed.url)


def require_equal(told: Eventful, url: str) -> None:
    """Compare store and views with those that were written at one go by nobody else."""
    with (
        contextlib.closing(LedgerStore(url)) as store,
        contextlib.closing(Projector(url, store, LedgerCodec(), StoreView(store))) as projector,
        contextlib.closing(Projector("sqlite://", told.station.parts.store, LedgerCodec(), told.station.view)) as expected,
    ):
        expected.catch_up()
        assert store.next_position() == told.end
        assert store.canonical_dump() == told.station.parts.store.canonical_dump()
        assert {status.behind for status in projector.status()} == {0}
        assert projector.canonical_dump() == expected.canonical_dump()


def count(connection: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(RECORDS)).scalar_one())


def test_readers_go_on_while_somebody_writes_and_see_one_state(postgres_url: str) -> None:
    history = some_history()
    with contextlib.closing(LedgerStore(postgres_url)) as store, contextlib.closing(Database(postgres_url)) as database:
        store.write(history.judged[:20])
        with database.reading() as reader:
            assert count(reader) == 20
            with database.writing() as writer:
                writer.execute(RECORDS.delete().where(RECORDS.c.position == 19))
                # Neither does the reader wait for the writer, nor does it see what is not committed.
                assert count(reader) == store.next_position() == 20
            assert store.next_position() == 19
            assert count(reader) == 20
        with database.reading() as reader:
            assert count(reader) == 19


def test_a_reader_cannot_write(postgres_url: str) -> None:
    with contextlib.closing(LedgerStore(postgres_url)) as store, store._database.reading() as reader:
        with pytest.raises(DBAPIError, match="read-only transaction"):
            reader.execute(RECORDS.delete())
        reader.rollback()


def test_who_writes_second_sees_what_the_first_has_committed(postgres_url: str) -> None:
    history = some_history()
    one, other = LedgerStore(postgres_url), LedgerStore(postgres_url)
    done = threading.Event()

    def write() -> None:
        other.write(history.judged[:10])
        done.set()

    waiting = threading.Thread(target=write)
    with one._database.writing():
        waiting.start()
        assert not done.wait(0.5)
    waiting.join(PATIENCE_S)
    assert one.next_position() == 10
    one.close()
    other.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait two seconds for a turn, and take it from a writer that says nothing for one."""
    impatient = dialect._TAKE_TURN.replace(f"'{dialect.BUSY_TIMEOUT_S}s'", "'2s'")
    monkeypatch.setattr(dialect, "_TAKE_TURN", impatient.replace(f"'{dialect.STALLED_WRITER_S}s'", "'1s'"))


@pytest.mark.usefixtures("impatient")
def test_a_writer_that_is_suspended_in_the_middle_of_its_batch_loses_its_turn(postgres_url: str) -> None:
    history = some_history()
    suspended, other = LedgerStore(postgres_url), LedgerStore(postgres_url)
    with suspended._database.writing() as connection:
        connection.execute(RECORDS.delete())
        other.write(history.judged[:10])
        with pytest.raises(DBAPIError, match="idle-in-transaction"):
            connection.execute(RECORDS.delete())
        connection.rollback()
    suspended.write(history.judged[10:])
    assert other.next_position() == history.position
    suspended.close()
    other.close()


@pytest.mark.usefixtures("impatient")
def test_a_turn_that_is_not_to_be_had_in_time_is_told(postgres_url: str) -> None:
    history = some_history()
    store = LedgerStore(postgres_url)
    with plain(postgres_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s::bigint)", (dialect._WRITE_LOCK,))
        with pytest.raises(StoreUnreachableError, match="another process has been writing to it for more than 30 seconds"):
            store.write(history.judged[:10])
    store.write(history.judged[:10])
    store.close()
