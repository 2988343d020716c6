"""The projector: batches of any size, rebuilding, several at once, interruption at any instant."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from adapters.documents import DocumentMissingError, DocumentsUnreachableError
from adapters.store.ledger_store import LedgerStore
from adapters.view import StoreView
from cli.wiring import passing_projector
from domain.ids import Digest
from projections.covers import AWAITED, COVERS, HELD, UNREADABLE
from projections.database import POSITIONS
from projections.errors import ProjectionUnknownError, ViewsUnreachableError
from projections.projector import PROJECTIONS, Projector
from schemas.codec import LedgerCodec
from tests.eventful_exchange import Eventful, eventful_exchange

KILLS = 12


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_exchange(tmp_path_factory.mktemp("exchange")) as made:
        yield made


@pytest.fixture(scope="module")
def dumps(told: Eventful) -> dict[str, Digest]:
    """Return the dump of each view, projected at one go."""
    projector = passing_projector(told.station)
    projector.catch_up()
    found = {name: projector.canonical_dump(name) for name in projector.names()}
    projector.close()
    return found


@contextlib.contextmanager
def projector_over(told: Eventful, url: str) -> Iterator[Projector]:
    """Give a projector with a store object of its own, as another process would have."""
    store = LedgerStore(store_url(told))
    with (
        contextlib.closing(store),
        contextlib.closing(Projector(url, store, LedgerCodec(), StoreView(store), told.station.parts.documents)) as projector,
    ):
        yield projector


def store_url(told: Eventful) -> str:
    return f"sqlite:///{told.exchange.folder / 'ministry' / 'store.sqlite'}"


def dumps_of(projector: Projector) -> dict[str, Digest]:
    return {name: projector.canonical_dump(name) for name in projector.names()}


def test_nothing_is_done_twice(told: Eventful, dumps: dict[str, Digest]) -> None:
    projector = passing_projector(told.station)
    assert [projector.catch_up() for _ in range(3)] == [told.end] * 3
    assert dumps_of(projector) == dumps
    projector.close()


def test_a_rebuilt_view_equals_the_original(told: Eventful, dumps: dict[str, Digest], tmp_path: Path) -> None:
    with projector_over(told, f"sqlite:///{tmp_path / 'views.sqlite'}") as projector:
        projector.catch_up()
        for name in projector.names():
            projector.rebuild(name)
            assert dumps_of(projector) == dumps, name


def test_a_view_is_rebuilt_while_others_stand_in_the_middle(told: Eventful, dumps: dict[str, Digest], tmp_path: Path) -> None:
    with projector_over(told, f"sqlite:///{tmp_path / 'views.sqlite'}") as projector:
        projector.catch_up(until=41)
        projector.rebuild("inbox")
        assert dumps_of(projector) == dumps


def test_a_view_of_another_version_or_ledger_is_made_anew(told: Eventful, dumps: dict[str, Digest], tmp_path: Path) -> None:
    with projector_over(told, f"sqlite:///{tmp_path / 'views.sqlite'}") as projector:
        projector.catch_up()
        for changed in ({"version": 0}, {"ledger": b"another"}):
            with projector.database.writing() as connection:
                connection.execute(POSITIONS.update().where(POSITIONS.c.projection == "outbox").values(**changed))
            assert projector.catch_up() == told.end
            assert dumps_of(projector) == dumps


def test_each_view_says_how_far_it_has_come(told: Eventful) -> None:
    projector = passing_projector(told.station)
    assert [one.behind for one in projector.status()] == [told.end] * len(PROJECTIONS)
    projector.catch_up(until=40)
    assert {one.next_position for one in projector.status()} == {40}
    projector.catch_up()
    status = {one.name: one for one in projector.status()}
    assert {one.behind for one in status.values()} == {0}
    assert status["archive"].rows > told.end
    assert tuple(status) == projector.names()
    projector.close()


def test_a_stopped_projector_goes_on_where_it_was(told: Eventful, dumps: dict[str, Digest]) -> None:
    projector = passing_projector(told.station)
    assert projector.catch_up(until=13, proceed=lambda: False) == 13
    assert projector.catch_up() == told.end
    assert dumps_of(projector) == dumps
    projector.close()


def test_several_at_once_bring_the_views_to_the_same_rows(told: Eventful, dumps: dict[str, Digest], tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'views.sqlite'}"
    errors: list[BaseException] = []

    def project(step: int) -> None:
        try:
            with projector_over(told, url) as projector:
                for until in range(0, told.end + step, step):
                    projector.catch_up(until=until)
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=project, args=(step,)) for step in (1, 2, 3, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    with projector_over(told, url) as projector:
        assert dumps_of(projector) == dumps


def _rebuild_for_ever(store: str, url: str) -> None:
    opened = LedgerStore(store)
    projector = Projector(url, opened, LedgerCodec(), StoreView(opened))
    while True:
        for name in projector.names():
            projector.rebuild(name)
            for until in range(0, opened.next_position() + 1, 5):
                projector.catch_up(until=until)


def test_a_process_killed_at_any_instant_leaves_views_that_are_brought_up_again(
    told: Eventful,
    dumps: dict[str, Digest],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    url = f"sqlite:///{tmp_path / 'views.sqlite'}"
    chance = random.Random(3)
    for _ in range(KILLS):
        child = multiprocessing.get_context("fork").Process(target=_rebuild_for_ever, args=(store_url(told), url))
        child.start()
        time.sleep(0.02 + chance.random() * 0.2)
        assert child.pid is not None
        os.kill(child.pid, signal.SIGKILL)
        child.join()
        with projector_over(told, url) as projector:
            assert projector.catch_up() == told.end
            assert dumps_of(projector) == dumps
    record_property("kills of a projector survived", KILLS)


class _Awaited:
    """A document store in which nothing has arrived yet, or nobody answers; it counts who asks."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = 0

    def is_here(self, _digest: Digest) -> bool:
        return False

    def open(self, _digest: Digest) -> object:
        self.asked += 1
        raise self.error

    def learn(self, position: int) -> None:
        """There are no hints."""


def test_a_cover_that_has_not_arrived_is_shown_as_soon_as_it_has(told: Eventful, dumps: dict[str, Digest]) -> None:
    projector = passing_projector(told.station)
    projector.documents = missing = _Awaited(DocumentMissingError(Digest(bytes(32)), "nowhere"))  # type: ignore[assignment]
    projector.catch_up()
    assert states(projector) == {AWAITED: missing.asked}
    assert dumps_of(projector) | {"covers": b""} == dumps | {"covers": b""}
    projector.documents = told.station.parts.documents
    assert projector.fill_covers() == missing.asked
    assert states(projector) == {HELD: missing.asked}
    assert projector.fill_covers() == 0
    projector.close()


def test_where_nobody_answers_one_cover_is_asked_for_and_no_more(told: Eventful) -> None:
    projector = passing_projector(told.station)
    projector.documents = silent = _Awaited(DocumentsUnreachableError("nobody answers"))  # type: ignore[assignment]
    projector.catch_up()
    assert silent.asked == 1
    projector.fill_covers(proceed=lambda: False)
    assert silent.asked == 1
    projector.close()


def test_bytes_that_are_no_cover_are_looked_at_once(told: Eventful) -> None:
    projector = passing_projector(told.station)
    projector.documents = None
    projector.catch_up()
    own = told.station.parts.documents.own
    with projector.database.writing() as connection:
        stored = own.put(b"this is no cover")
        connection.execute(COVERS.update().where(COVERS.c.position == told.position("answered")).values(cover=stored.digest))
    projector.documents = told.station.parts.documents
    projector.catch_up()
    assert states(projector)[UNREADABLE] == 1
    assert AWAITED not in states(projector)
    projector.close()


def states(projector: Projector) -> dict[str, int]:
    with projector.database.reading() as connection:
        counted = select(COVERS.c.state, func.count()).group_by(COVERS.c.state)
        return {row.state: row[1] for row in connection.execute(counted)}


def test_an_unknown_view_is_named_with_those_that_there_are(told: Eventful) -> None:
    projector = passing_projector(told.station)
    with pytest.raises(ProjectionUnknownError, match="inbox, outbox, letters"):
        projector.rebuild("inboxes")
    projector.close()


def test_a_file_that_is_no_database_is_told_as_such(told: Eventful, tmp_path: Path) -> None:
    (tmp_path / "views.sqlite").write_bytes(b"no database at all, but long enough to be looked at")
    with pytest.raises(ViewsUnreachableError, match="rebuilt from the store"):
        Projector(f"sqlite:///{tmp_path / 'views.sqlite'}", told.station.parts.store, LedgerCodec(), told.station.view)
