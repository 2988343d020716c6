"""A disk that fills, and files that are deleted: the station says so, nothing acknowledged is lost, and all is made up for."""

from __future__ import annotations

import contextlib
import resource
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

from adapters.errors import AdapterError, QueueError, StoreGoneError, StoreUnreachableError
from adapters.kafka_topics import create_documents_topic
from adapters.registration import registered
from adapters.submitting import Outcome, Queued
from domain.reasons import Reason
from projections.errors import ViewsUnreachableError
from tests.conftest import _own_kafka, _own_postgres
from tests.eventful_exchange import Clock, Eventful, eventful_exchange
from tests.exchanges import MINISTRY, REGISTRAR, TestExchange, accepted, entry_of
from tests.faults.full_disk import (
    Disk,
    Running,
    letters_on,
    projector_of,
    require_like,
    require_like_a_replay,
    small_disk,
    station_of,
)
from tests.faults.test_killed_submitters import require_one_letter_each, run, scene_at
from tests.ledger_places import eventually
from tests.postgres_server import PostgresServer
from tests.submitting_process import PATIENCE_S, Task, context, submit

LETTERS: Final = 4
SERVERS: Final = "200m"
"""Three times what a server takes before anybody has written to it."""
SMALL: Final = "4m"
MOST_LETTERS: Final = 100
FILE_LIMIT_BYTES: Final = 400_000
"""More than anything has when a station is opened, less than what comes to it when some dozen letters are sent."""
DRAFTS: Final = 30


@pytest.fixture
def disk() -> Iterator[Disk]:
    with small_disk(SMALL) as made:
        yield made


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_exchange(tmp_path_factory.mktemp("exchange")) as made:
        yield made


@contextlib.contextmanager
def exchange_at(folder: Path, ledger: Path) -> Iterator[TestExchange]:
    """Give an exchange whose deputy signs, on a ledger in a file."""
    exchange = TestExchange(folder, f"sqlite:{ledger}", now_ms=Clock())
    ministry = exchange.station("ministry")
    exchange.add_organisations(ministry, ["mfy-001"])
    exchange.add_officer(ministry, "deputy", "ministry", "signatory")
    try:
        yield exchange
    finally:
        exchange.close()


def file_url(path: Path) -> str:
    """Return the URL of a database in a file."""
    return f"sqlite:///{path}"


def test_a_full_disk_under_a_home_is_told_and_each_letter_is_sent_once_when_there_is_room(disk: Disk, tmp_path: Path) -> None:
    home = disk.folder / "home"
    with exchange_at(tmp_path, tmp_path / "ledger.sqlite") as exchange:
        station = station_of(exchange, home, file_url(home / "store.sqlite"))
        station.catch_up()
        letters = [exchange.letter(station, "deputy", "mfy-001") for _ in range(LETTERS)]
        known = accepted(station.submit(letters[:1])[0])
        disk.fill()
        for letter in letters[1:]:
            with pytest.raises((QueueError, StoreUnreachableError), match=r"cannot be used .*full.*Check the disk"):
                station.submit([letter])
        assert station.parts.store.next_position() == known.verdict.position + 1
        disk.free()
        outcomes = [accepted(station.submit([letter])[0]) for letter in letters]
        assert outcomes[0] == known
        assert station.parts.queue.unfinished() == ()
        assert letters_on(exchange) == [(outcome.identity, Reason.ACCEPTED) for outcome in outcomes]
        require_like_a_replay(exchange, station)


@pytest.mark.parametrize("call", ["append_all", "read"])
def test_a_queue_whose_disk_fills_up_after_the_append_does_not_say_that_nothing_was_sent(
    disk: Disk, tmp_path: Path, call: str
) -> None:
    with exchange_at(tmp_path, tmp_path / "ledger.sqlite") as exchange:
        station = station_of(exchange, disk.folder / "home", file_url(tmp_path / "elsewhere.sqlite"))
        station.catch_up()
        letter = exchange.letter(station, "deputy", "mfy-001")
        setattr(station.parts.ledger, call, filling(disk, getattr(station.parts.ledger, call)))
        with pytest.raises(QueueError) as failed:
            station.submit([letter])
        assert "nothing was signed or sent" not in str(failed.value)
        assert "full" in str(failed.value)
        disk.free()
        del station.parts.ledger.__dict__[call]
        outcome = accepted(station.submit([letter])[0])
        assert letters_on(exchange) == [(outcome.identity, Reason.ACCEPTED)]
        require_like_a_replay(exchange, station)


def filling(disk: Disk, call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a call after which the disk is full."""

    def then_full(*values: Any) -> Any:
        answer = call(*values)
        answer = answer if isinstance(answer, tuple) else list(answer)
        disk.fill()
        return answer

    return then_full


def test_a_full_disk_under_the_ledger_leaves_letters_in_the_queue_and_history_readable(disk: Disk, tmp_path: Path) -> None:
    with exchange_at(tmp_path, disk.folder / "ledger.sqlite") as exchange:
        station = station_of(exchange, tmp_path / "home", file_url(tmp_path / "home" / "store.sqlite"))
        station.catch_up()
        committee = registered(station, exchange.signer(REGISTRAR), MINISTRY, entry_of("mfy-002"))
        letters = [exchange.letter(station, "deputy", "mfy-001") for _ in range(2)]
        disk.fill()
        said: list[Outcome] = [station.submit([one], wait_s=1)[0] for one in (committee, *letters)]
        assert all(isinstance(one, Queued) and "full" in one.why for one in said), said
        assert station.catch_up().behind is None
        assert exchange.station("newcomer").parts.store.next_position() == station.parts.store.next_position()
        disk.free()
        assert station.parts.submitter.send(wait_s=10) == ""
        assert letters_on(exchange) == [(one.identity, Reason.ACCEPTED) for one in said[1:]]
        require_like_a_replay(exchange, station)


@pytest.mark.parametrize("full", ["store", "views"])
def test_a_station_that_runs_into_a_full_disk_says_so_and_goes_on_when_there_is_room(
    told: Eventful, disk: Disk, tmp_path: Path, full: str
) -> None:
    store, views = (file_url((disk.folder if name == full else tmp_path) / f"{name}.sqlite") for name in ("store", "views"))
    running = Running(told, tmp_path / "home", store, views)
    disk.fill(left_bytes=64 * 1024)
    with running:
        running.has_told("store_unreachable")
        disk.free()
        running.has_told("store_reachable")
        eventually(lambda: running.station.parts.store.next_position() == told.end)
    assert running.error is None
    require_like(told, station_of(told.exchange, tmp_path / "home", store), views)


def test_views_that_cannot_be_written_are_told_of_as_such(told: Eventful, disk: Disk) -> None:
    with contextlib.closing(projector_of(told.station, file_url(disk.folder / "views.sqlite"))) as projector:
        disk.fill(left_bytes=64 * 1024)
        with pytest.raises(ViewsUnreachableError, match=r"full.*Nothing was lost: they are rebuilt from the store at will"):
            projector.catch_up()
        disk.free()
        projector.catch_up()
    require_like(told, told.station, file_url(disk.folder / "views.sqlite"))


def end_for_want_of_room(postgres: PostgresServer) -> None:
    """Let a server need one more file for its journal, for which there is no room: it ends at once, as if it were killed."""
    crumb = "CREATE TABLE IF NOT EXISTS crumbs (crumb int); SELECT pg_switch_wal(); INSERT INTO crumbs VALUES (1)"

    def write() -> None:
        for _ in range(10):
            postgres.run_sql(crumb)

    with pytest.raises(psycopg.OperationalError):
        write()


@pytest.mark.parametrize("full", ["tables", "journal"])
def test_a_station_whose_database_server_runs_into_a_full_disk_says_so_and_goes_on_when_there_is_room(
    told: Eventful, tmp_path: Path, full: str
) -> None:
    with small_disk(SERVERS) as disk, contextlib.contextmanager(_own_postgres)(disk.folder) as postgres:
        url = postgres.new_database()
        running = Running(told, tmp_path / "home", url, url)
        if full == "journal":
            disk.fill()
            end_for_want_of_room(postgres)
        else:
            disk.fill(left_bytes=64 * 1024)
        with running:
            running.has_told("store_unreachable")
            assert "No space left on device" in running.whys[0] or full == "journal", running.whys
            disk.free()
            if full == "journal":
                postgres.crash()
                postgres.start()
            running.has_told("store_reachable")
            eventually(lambda: running.station.parts.store.next_position() == told.end)
        assert running.error is None
        station = station_of(told.exchange, tmp_path / "home", url)
        require_like(told, station, url)
        station.close()


def test_a_broker_that_runs_into_a_full_disk_loses_nothing_and_all_is_sent_once_when_it_is_back(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with small_disk(SERVERS) as disk:
        settings = {"log.dirs": str(disk.folder / "kafka")}
        with contextlib.contextmanager(_own_kafka)(request, settings=settings) as broker:
            exchange = TestExchange(tmp_path, f"kafka://{broker.bootstrap}/full")
            create_documents_topic(broker.bootstrap, "full", "ministry")
            station = exchange.station("ministry", station_id="ministry")
            exchange.add_organisations(station, ["mfy-001"])
            exchange.add_officer(station, "deputy", "ministry", "signatory")
            said: list[Outcome] = []
            disk.fill()
            while not any(isinstance(one, Queued) for one in said):
                # For a while there is room in what the broker has taken already.
                assert len(said) < MOST_LETTERS
                said += station.submit([exchange.letter(station, "deputy", "mfy-001")], wait_s=1)
            eventually(broker.has_ended)
            disk.free()
            broker.kill()
            broker.start()
            assert station.parts.submitter.send(wait_s=PATIENCE_S) == ""
            found = letters_on(exchange)
            assert [identity for identity, reason in found if reason is Reason.ACCEPTED] == [one.identity for one in said]
            assert {reason for _, reason in found} <= {Reason.ACCEPTED, Reason.DUPLICATE}
            require_like_a_replay(exchange, station)
            exchange.close()


@pytest.mark.parametrize("exchanged", [False, True], ids=["deleted", "exchanged"])
def test_a_station_whose_store_is_deleted_stops_and_its_next_start_makes_it_up(
    told: Eventful, tmp_path: Path, exchanged: bool
) -> None:
    store, views = tmp_path / "store.sqlite", tmp_path / "views.sqlite"
    with Running(told, tmp_path / "home", file_url(store), file_url(views)) as running:
        running.has_told("projected")
        for suffix in ("", "-wal", "-shm"):
            if exchanged and not suffix:
                shutil.copy(store, tmp_path / "copy")
                (tmp_path / "copy").rename(store)
            else:
                store.with_name(store.name + suffix).unlink(missing_ok=True)
        error = running.stopped_by()
    assert isinstance(error, StoreGoneError)
    assert str(store) in str(error)
    with Running(told, tmp_path / "home", file_url(store), file_url(views)) as running:
        running.has_told("projected")
        require_like(told, running.station, file_url(views))


def test_a_queue_whose_file_was_deleted_acknowledges_nothing(tmp_path: Path) -> None:
    with exchange_at(tmp_path, tmp_path / "ledger.sqlite") as exchange:
        home = tmp_path / "home"
        station = station_of(exchange, home, file_url(home / "store.sqlite"))
        station.catch_up()
        letter = exchange.letter(station, "deputy", "mfy-001")
        for path in home.glob("queue.sqlite*"):
            path.unlink()
        end = station.parts.ledger.end()
        for attempt in (lambda: station.submit([letter]), station.parts.queue.unfinished):
            with pytest.raises(QueueError, match="deleted or exchanged"):
                attempt()
        assert station.parts.ledger.end() == end
        again = station_of(exchange, home, file_url(home / "store.sqlite"))
        accepted(again.submit([letter])[0])


def submit_within_limits(task: Task, ready: Event, said: Path) -> None:
    """Submit in a process whose files cannot grow beyond a limit, and write down what it says of that."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT_BYTES, FILE_LIMIT_BYTES))
    try:
        submit(task, ready)
    except AdapterError as error:
        said.write_text(f"{type(error).__name__}: {error}", "utf-8")


def test_files_that_cannot_grow_are_told_of_and_every_letter_is_sent_once_in_the_end(tmp_path: Path) -> None:
    scene = scene_at(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}")
    drafts, said = scene.drafts(DRAFTS), tmp_path / "said"
    task = replace(scene.task("home"), drafts=tuple(drafts))
    ready = context().Event()
    child = context().Process(target=submit_within_limits, args=(task, ready, said))
    child.start()
    child.join(PATIENCE_S)
    assert child.exitcode == 0
    assert "cannot be used" in said.read_text("utf-8")
    assert 0 < len(task.told.read_text("utf-8").splitlines()) < DRAFTS
    assert run(task) == 0
    require_one_letter_each(scene, [task], {"home": drafts})
    scene.exchange.close()
