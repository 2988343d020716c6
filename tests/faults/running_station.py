"""A station that runs in a process of its own, as `ortoo station run` does, to be killed by a test."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Final

from adapters import follower
from adapters.clock import system_clock_ms
from adapters.station import Station
from adapters.station_duties import StationDuties
from adapters.station_reports import Duty, DutyReport
from adapters.store.lease import lease_on
from cli.wiring import StationPlan, build_station
from domain.ids import Digest, OfficerId
from projections import projector
from projections.projector import Projector
from projections.station_work import StationWork
from tests.homes import PASSPHRASE

BATCH: Final = 6
"""Records in one transaction of store and views: few, so that there are many moments to die at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A station's place: its home with the key of its `officer`, the ledger that it follows, where its store and views lie."""

    home: Path
    location: str
    identity: Digest
    station: str | None
    officer: str
    store: str
    views: str

    def open(self) -> Station:
        """Open the station; nothing is read yet."""
        return build_station(
            StationPlan(
                home=self.home,
                location=self.location,
                identity=self.identity,
                station=self.station,
                store_url=self.store,
                passphrase=lambda _: PASSPHRASE.encode(),
                now_ms=system_clock_ms,
            )
        )

    def projector(self, station: Station) -> Projector:
        """Open what brings the station's views up."""
        return Projector(self.views, station.parts.store, station.parts.codec, station.view)

    def duties(self, station: Station, views: Projector, tell: Callable[[DutyReport], None]) -> StationDuties:
        """Return the duties of the station: all of them, and it says too which letters are here whole."""
        return StationDuties(station, StationWork(views), OfficerId(self.officer), tell, record_fetched=True)


def run_for_ever(post: Post, ready: Event, awaited: Duty | None) -> None:
    """Do a station's duties until killed: what a child's process runs.

    `ready` is set when it begins, or as soon as it tells of the duty that is awaited.
    """
    follower.BATCH_LIMIT = BATCH  # type: ignore[misc] # a constant of the program; here everything would be one batch
    projector.BATCH_LIMIT = BATCH  # type: ignore[misc] # as above
    with contextlib.closing(post.open()) as station, contextlib.closing(post.projector(station)) as views:
        duties = post.duties(station, views, lambda report: ready.set() if report.duty is awaited else None)
        if awaited is None:
            ready.set()
        duties.run(_never, lease_on(post.store, system_clock_ms))


def _never(pause_s: float) -> bool:
    time.sleep(pause_s)
    return False
