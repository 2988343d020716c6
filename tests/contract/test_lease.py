"""The lease on a store, in both databases: one holds it, it ends with its process, and who asks is told who that is."""

from __future__ import annotations

import contextlib
import os
import platform
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.errors import StoreGoneError, StoreUnreachableError
from adapters.store.lease import LEASE_SUFFIX, Holder, StoreLease, Work, lease_on
from adapters.store.ledger_store import LedgerStore
from tests.contract.test_postgres_followers import kill, start, until
from tests.postgres_server import PostgresServer

NOW_MS = 1_800_000_000_000
OWN = Holder(process=os.getpid(), machine=platform.node(), since=NOW_MS)


def now_ms() -> int:
    return NOW_MS


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store."""
    found = f"sqlite:///{tmp_path / 'store.sqlite'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    LedgerStore(found).close()
    return str(found)


@pytest.fixture
def lease(url: str) -> Iterator[Callable[[], StoreLease]]:
    """Return what makes one more lease on the store."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(contextlib.closing(lease_on(url, now_ms)))


def hold(url: str, told: str) -> None:
    """Hold the lease until this process is killed, and write a file once it is ours."""
    ours = lease_on(url, now_ms)
    assert ours.take()
    Path(told).touch()
    until(lambda: False)


def test_the_lease_for_checkpoints_is_one_of_its_own(url: str) -> None:
    with contextlib.ExitStack() as stack:
        works = (Work.STATION, Work.CHECKPOINTS, Work.CHECKPOINTS)
        station, first, second = (stack.enter_context(contextlib.closing(lease_on(url, now_ms, work))) for work in works)
        assert [station.take(), first.take(), second.take()] == [True, True, False]
        first.close()
        assert [second.holder(), second.take(), station.take()] == [None, True, True]


def test_one_has_it_and_the_other_gets_it_when_it_is_given_back(lease: Callable[[], StoreLease]) -> None:
    one, other = lease(), lease()
    assert one.holder() is other.holder() is None
    assert [one.take(), one.take(), other.take(), other.take(), one.take()] == [True, True, False, False, True]
    assert one.holder() == other.holder() == OWN
    one.close()
    # A server notices a moment later that a session is over.
    until(lambda: other.holder() is None)
    assert [other.take(), one.take()] == [True, False]


def test_it_ends_with_its_process(url: str, lease: Callable[[], StoreLease], tmp_path: Path) -> None:
    process = start(hold, url, str(tmp_path / "held"))
    until((tmp_path / "held").exists)
    other = lease()
    assert not other.take()
    assert other.holder() == Holder(process=process.pid, machine=platform.node(), since=NOW_MS)
    kill(process)
    until(other.take)
    assert other.holder() == OWN


def test_stores_that_lie_in_one_database_have_a_lease_each(postgres_url: str) -> None:
    urls = [f"{postgres_url}&options=-csearch_path%3D{name}" for name in ("one", "other")]
    with contextlib.closing(LedgerStore(postgres_url)) as store, store._database.engine.begin() as connection:
        for name in ("one", "other"):
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    for url in urls:
        LedgerStore(url).close()
    with contextlib.closing(lease_on(urls[0], now_ms)) as one, contextlib.closing(lease_on(urls[1], now_ms)) as other:
        assert one.take()
        assert other.holder() is None
        assert other.take()


def test_it_is_lost_with_the_server_and_asked_for_again(own_postgres: PostgresServer) -> None:
    url = own_postgres.new_database()
    LedgerStore(url).close()
    with contextlib.closing(lease_on(url, now_ms)) as one, contextlib.closing(lease_on(url, now_ms)) as other:
        assert one.take()
        own_postgres.stop()
        for ask in (one.take, one.take, one.holder, other.take, other.holder):
            with pytest.raises(StoreUnreachableError):
                ask()
        own_postgres.start()
        assert other.take()
        assert not one.take()


def test_who_holds_a_lease_whose_file_was_deleted_has_none(tmp_path: Path) -> None:
    url, file = f"sqlite:///{tmp_path / 'store.sqlite'}", tmp_path / f"store.sqlite{LEASE_SUFFIX}"
    LedgerStore(url).close()
    with contextlib.closing(lease_on(url, now_ms)) as one, contextlib.closing(lease_on(url, now_ms)) as other:
        assert one.take()
        file.unlink()
        assert other.take()
        assert not one.take()
        file.write_text("nothing that a station writes", "utf-8")
        assert one.holder() == Holder()


def test_nobody_goes_on_with_a_store_whose_file_was_deleted_or_exchanged(tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite"
    LedgerStore(f"sqlite:///{store}").close()
    with contextlib.closing(lease_on(f"sqlite:///{store}", now_ms)) as lease:
        assert lease.take()
        store.rename(tmp_path / "aside")
        for _ in range(2):
            with pytest.raises(StoreGoneError, match=f"{re.escape(str(store))} was deleted"):
                lease.take()
            store.touch()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.sqlite'}"
    LedgerStore(url).close()
    (tmp_path / f"store.sqlite{LEASE_SUFFIX}").mkdir()
    with contextlib.closing(lease_on(url, now_ms)) as lease, pytest.raises(StoreUnreachableError, match=r"directory"):
        lease.take()


def test_a_database_in_memory_is_ones_own() -> None:
    with contextlib.closing(lease_on("sqlite://", now_ms)) as lease:
        assert lease.take()
        assert lease.holder() is None
