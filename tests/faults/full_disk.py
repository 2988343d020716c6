"""Small disks that fill, and stations that run into them: what the tests of full disks share."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.errors import StoreError
from adapters.station import Station
from adapters.station_duties import StationDuties
from adapters.station_reports import DutyReport
from adapters.store.lease import lease_on
from cli.wiring import StationPlan, build_station
from domain.catalogue import payload_type_of
from domain.events import LetterDispatched
from domain.ids import Digest
from domain.reasons import Reason
from projections.projector import Projector
from projections.station_work import StationWork
from tests.eventful_exchange import Eventful
from tests.exchanges import TestExchange
from tests.ledger_places import eventually
from tests.submitting_process import PATIENCE_S


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


@contextlib.contextmanager
def small_disk(size: str) -> Iterator[Disk]:
    """Give a disk of a size, as `mount` writes it; where none can be mounted, skip the test and say so."""
    # A short path: the socket of a server lies on it, and its name has at most 107 bytes.
    with tempfile.TemporaryDirectory(prefix="ortoo-disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "none", folder]
        mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
        if mounted.returncode:
            pytest.skip(
                f"no disk of its own can be mounted here ({mounted.stderr.strip()}); elsewhere a file's limit stands for it"
            )
        try:
            yield Disk(Path(folder))
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def station_of(exchange: TestExchange, home: Path, store_url: str) -> Station:
    """Open a station of a home whose store lies elsewhere."""
    plan = StationPlan(
        home=home,
        location=exchange.location,
        identity=exchange.identity,
        station=None,
        store_url=store_url,
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


class Running:
    """A station on an eventful ledger that does its duties in a thread, its store and views where a test wants them."""

    def __init__(self, told: Eventful, home: Path, store_url: str, views_url: str) -> None:
        self.told: list[str] = []
        self.whys: list[str] = []
        self.error: StoreError | None = None
        self.station = station_of(told.exchange, home, store_url)
        self._projector = projector_of(self.station, views_url)
        self._lease = lease_on(store_url, told.clock)
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
        def tell(report: DutyReport) -> None:
            self.whys += [] if report.error is None else [str(report.error)]
            self.told.append(report.duty.value)

        duties = StationDuties(self.station, StationWork(self._projector), None, tell)
        try:
            duties.run(self._enough.wait, self._lease)
        except StoreError as error:
            self.error = error


def projector_of(station: Station, views_url: str) -> Projector:
    """Return what brings up a station's views in a database."""
    return Projector(views_url, station.parts.store, station.parts.codec, station.view)


def require_like(told: Eventful, station: Station, views_url: str) -> None:
    """Verify that a station and its views hold byte for byte what those hold that nothing befell."""
    with (
        contextlib.closing(projector_of(station, views_url)) as projector,
        contextlib.closing(Projector("sqlite://", told.station.parts.store, station.parts.codec, told.station.view)) as expected,
    ):
        expected.catch_up()
        assert station.parts.store.roots_at(told.end) == told.station.parts.store.roots_at(told.end)
        assert station.parts.store.canonical_dump() == told.station.parts.store.canonical_dump()
        assert {status.behind for status in projector.status()} == {0}
        assert projector.canonical_dump() == expected.canonical_dump()
