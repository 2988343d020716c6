"""Several processes and one store: each position is written once, and a killed one leaves whole batches."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.errors import StoreMovedError
from adapters.store.ledger_store import LedgerStore
from domain.tree import root_of
from tests.judged_history import History, some_history


@pytest.fixture(scope="module")
def history() -> History:
    return some_history()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'store.sqlite'}"


def _write_for_ever(url: str) -> None:
    """Follow a history in small batches, as a station does, giving way to others."""
    judged = some_history().judged
    store = LedgerStore(url)
    for size in itertools.cycle((1, 3, 5, 8)):
        start = store.next_position()
        if start >= len(judged):
            break
        try:
            store.write(judged[start : start + size])
        except StoreMovedError:
            continue
    store.close()


def test_two_processes_that_follow_into_one_store_write_each_position_once(url: str, history: History) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_for_ever, args=(url,)) for _ in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    store, alone = LedgerStore(url), LedgerStore("sqlite://")
    alone.write(history.judged)
    assert store.canonical_dump() == alone.canonical_dump()
    store.close()
    alone.close()


def test_a_process_killed_while_writing_leaves_whole_batches(url: str, history: History) -> None:
    LedgerStore(url).close()
    context = multiprocessing.get_context("spawn")
    for reached in (10, 60, 110):
        writer = context.Process(target=_write_for_ever, args=(url,))
        writer.start()
        store = LedgerStore(url)
        deadline = time.monotonic() + 60
        while store.next_position() < reached and time.monotonic() < deadline:
            time.sleep(0.001)
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        size = store.next_position()
        assert size >= reached
        prefix = LedgerStore("sqlite://")
        prefix.write(history.judged[:size])
        assert store.canonical_dump() == prefix.canonical_dump()
        assert store.roots_at(size)[0] == root_of(one.record or b"" for one in history.judged[:size])
        prefix.close()
        store.close()


@pytest.mark.parametrize("attempt", range(10))
def test_stores_opened_at_the_moment_of_making_wait_for_each_other(url: str, attempt: int) -> None:
    """Connections of threads lock a database as those of processes do, and begin closer together."""
    del attempt
    together = threading.Barrier(4)

    def open_store() -> None:
        together.wait()
        LedgerStore(url).close()

    with ThreadPoolExecutor(max_workers=4) as pool:
        for opened in [pool.submit(open_store) for _ in range(4)]:
            opened.result()
