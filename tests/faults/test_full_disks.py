"""A disk that fills, and files that are deleted: the station says so, nothing acknowledged is lost, and all is made up for."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.errors import AdapterError, QueueError, StoreError, StoreGoneError, StoreUnreachableError
from adapters.registration import registered
from adapters.station import Station
from adapters.station_duties import StationDuties
from adapters.store.lease import lease_on
from adapters.submitting import Outcome, Queued
from cli.wiring import StationPlan, build_station
from domain.events import LetterDispatched, payload_type_of
from domain.ids import Digest
from domain.reasons import Reason
from projections.errors import ViewsUnreachableError
from projections.projector import Projector
from projections.station_work import StationWork
from tests.eventful_exchange import Clock, Eventful, eventful_exchange
from tests.exchanges import MINISTRY, REGISTRAR, TestExchange, accepted, entry_of
from tests.faults.test_killed_submitters import PATIENCE_S, require_one_letter_each, run, scene_at
from tests.ledger_places import eventually
from tests.submitting_process import Task, context, submit

LETTERS: Final = 4
SMALL: Final = "4m"
FILE_LIMIT_BYTES: Final = 400_000
"""More than anything has when a station is opened, less than what comes to it when some dozen letters are sent."""
DRAFTS: Final = 30


class Disk:
    """A small disk of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, left_bytes: int = 0) -> None:
        """Take all space but so much."""
        with contextlib.suppress(OSError), self._filler.open("ab", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        if left_bytes:
            os.truncate(self._filler, self._filler.stat().st_size - left_bytes)

    def free(self) -> None:
        """Give the space back."""
        self._filler.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "none", str(folder)], check=False, capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no disk of its own can be mounted here ({mounted.stderr.strip()}); a file's limit stands for it below")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


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


def station_of(exchange: TestExchange, home: Path, store: Path) -> Station:
    """Open a station of a home whose store lies elsewhere."""
    plan = StationPlan(
        home=home,
        location=exchange.location,
        identity=exchange.identity,
        station=None,
        store_url=f"sqlite:///{store}",
        passphrase=lambda _: b"",
        now_ms=exchange.now_ms,
    )
    station = build_station(plan)
    exchange._stack.callback(station.close)
    return station


def letters_on(exchange: TestExchange) -> list[tuple[Digest, Reason]]:
    """Return the letters on the ledger, in order, as one who reads it anew judges them."""
    kind, store = payload_type_of(LetterDispatched), exchange.station(f"reader-{os.urandom(4).hex()}").parts.store
    return [
        (entry.verdict.identity, entry.verdict.reason)
        for entry in store.each_entry()
        if entry.record is not None and exchange.codec.envelope(entry.record).payload_type == kind
    ]


def require_like_a_replay(exchange: TestExchange, station: Station) -> None:
    """Verify that a station holds byte for byte what one holds that reads everything anew."""
    station.catch_up()
    replay = exchange.station(f"replay-{os.urandom(4).hex()}").parts.store
    size = replay.next_position()
    assert station.parts.store.roots_at(size) == replay.roots_at(size)
    assert station.parts.store.canonical_dump() == replay.canonical_dump()


def test_a_full_disk_under_a_home_is_told_and_each_letter_is_sent_once_when_there_is_room(disk: Disk, tmp_path: Path) -> None:
    home = disk.folder / "home"
    with exchange_at(tmp_path, tmp_path / "ledger.sqlite") as exchange:
        station = station_of(exchange, home, home / "store.sqlite")
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
        station = station_of(exchange, disk.folder / "home", tmp_path / "elsewhere.sqlite")
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
        station = station_of(exchange, tmp_path / "home", tmp_path / "home" / "store.sqlite")
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


class Running:
    """A station on an eventful ledger that does its duties in a thread, its store and views where a test wants them."""

    def __init__(self, told: Eventful, home: Path, store: Path, views: Path) -> None:
        self.told: list[str] = []
        self.error: StoreError | None = None
        self.station = station_of(told.exchange, home, store)
        self._projector = projector_of(self.station, views)
        self._lease = lease_on(f"sqlite:///{store}", told.clock)
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        self._lease.close()
        self._projector.close()
        self.station.close()

    def has_told(self, duty: str) -> None:
        """Wait until it has told of a duty."""
        eventually(lambda: duty in self.told or not self._thread.is_alive())
        assert duty in self.told, self.told

    def stopped_by(self) -> StoreError | None:
        """Wait until it has stopped by itself, and return the error."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        return self.error

    def _run(self) -> None:
        duties = StationDuties(
            self.station, StationWork(self._projector), None, lambda report: self.told.append(report.duty.value)
        )
        try:
            duties.run(self._enough.wait, self._lease)
        except StoreError as error:
            self.error = error


def projector_of(station: Station, views: Path) -> Projector:
    """Return what brings up a station's views in a file."""
    return Projector(f"sqlite:///{views}", station.parts.store, station.parts.codec, station.view)


def require_like(told: Eventful, station: Station, views: Path) -> None:
    """Verify that a station and its views hold byte for byte what those hold that nothing befell."""
    with (
        contextlib.closing(projector_of(station, views)) as projector,
        contextlib.closing(Projector("sqlite://", told.station.parts.store, station.parts.codec, told.station.view)) as expected,
    ):
        expected.catch_up()
        assert station.parts.store.roots_at(told.end) == told.station.parts.store.roots_at(told.end)
        assert station.parts.store.canonical_dump() == told.station.parts.store.canonical_dump()
        assert {status.behind for status in projector.status()} == {0}
        assert projector.canonical_dump() == expected.canonical_dump()


@pytest.mark.parametrize("full", ["store", "views"])
def test_a_station_that_runs_into_a_full_disk_says_so_and_goes_on_when_there_is_room(
    told: Eventful, disk: Disk, tmp_path: Path, full: str
) -> None:
    places = {name: (disk.folder if name == full else tmp_path) / f"{name}.sqlite" for name in ("store", "views")}
    running = Running(told, tmp_path / "home", **places)
    disk.fill(left_bytes=64 * 1024)
    with running:
        running.has_told("store_unreachable")
        disk.free()
        running.has_told("store_reachable")
        eventually(lambda: running.station.parts.store.next_position() == told.end)
    assert running.error is None
    station = station_of(told.exchange, tmp_path / "home", places["store"])
    require_like(told, station, places["views"])


def test_views_that_cannot_be_written_are_told_of_as_such(told: Eventful, disk: Disk) -> None:
    with contextlib.closing(projector_of(told.station, disk.folder / "views.sqlite")) as projector:
        disk.fill(left_bytes=64 * 1024)
        with pytest.raises(ViewsUnreachableError, match=r"full.*Nothing was lost: they are rebuilt from the store at will"):
            projector.catch_up()
        disk.free()
        projector.catch_up()
    require_like(told, told.station, disk.folder / "views.sqlite")


@pytest.mark.parametrize("exchanged", [False, True], ids=["deleted", "exchanged"])
def test_a_station_whose_store_is_deleted_stops_and_its_next_start_makes_it_up(
    told: Eventful, tmp_path: Path, exchanged: bool
) -> None:
    store, views = tmp_path / "store.sqlite", tmp_path / "views.sqlite"
    with Running(told, tmp_path / "home", store, views) as running:
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
    with Running(told, tmp_path / "home", store, views) as running:
        running.has_told("projected")
        require_like(told, running.station, views)


def test_a_queue_whose_file_was_deleted_acknowledges_nothing(tmp_path: Path) -> None:
    with exchange_at(tmp_path, tmp_path / "ledger.sqlite") as exchange:
        home = tmp_path / "home"
        station = station_of(exchange, home, home / "store.sqlite")
        station.catch_up()
        letter = exchange.letter(station, "deputy", "mfy-001")
        for path in home.glob("queue.sqlite*"):
            path.unlink()
        end = station.parts.ledger.end()
        for attempt in (lambda: station.submit([letter]), station.parts.queue.unfinished):
            with pytest.raises(QueueError, match="deleted or exchanged"):
                attempt()
        assert station.parts.ledger.end() == end
        again = station_of(exchange, home, home / "store.sqlite")
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
