"""A court: a ledger in a file with a fixed exchange on it, and a station with its views, before which any record can be put."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from adapters.ledger_sqlite import SqliteLedger, create_sqlite_ledger
from adapters.station import Station
from cli.wiring import StationPlan, build_station
from domain.ids import Digest, LetterId
from domain.rulebook import NEWEST_RULES
from domain.verdicts import Verdict
from projections.projector import DUMPED, Projector
from tests.fixed_exchange import Clock, FixedExchange, Said

LEDGER_FILE: Final = "ledger.sqlite"
STEP_MS: Final = 1_000
"""Ledger time from one record to the next, unless a test sets the clock."""
ARCHIVE: Final = "archive"
COMMITTEES: Final = ("mfy-001", "mfy-002", "mfy-003", "mfy-004")
OFFICERS: Final = (
    ("deputy", "ministry", ("signatory",)),
    ("head", "ministry", ("signatory",)),
    ("clerk", "ministry", ("clerk",)),
    ("machine", "ministry", ("station",)),
    ("secretary", "mfy-001", ("clerk",)),
    ("chair", "mfy-001", ("signatory",)),
    ("post", "mfy-001", ("station",)),
    ("secretary-2", "mfy-002", ("clerk",)),
    ("secretary-3", "mfy-003", ("clerk",)),
    ("agency-registrar", "agency", ("registrar",)),
    ("office-clerk", "office", ("clerk", "signatory")),
)
"""Who is there to speak: the ministry, three committees, an agency with a committee of its own, a unit of the ministry."""


def population(exchange: FixedExchange) -> Iterator[Said]:
    """Yield what registers the organisations, appoints the officers and enrols a key of each."""
    yield exchange.registration("agency", kind="agency")
    yield exchange.registration("office", kind="unit")
    yield from (exchange.registration(committee) for committee in COMMITTEES)
    yield exchange.registration("mfy-101", parent="agency")
    for officer, organisation, roles in OFFICERS:
        yield exchange.appointment(officer, organisation, *roles)
        yield exchange.enrolled(officer, organisation)


class Court:
    """A founded and populated ledger, a station that follows it, and the station's views."""

    def __init__(self, folder: Path, exchange: FixedExchange) -> None:
        """Open what lies in a folder; `founded` and `copied` make one."""
        self.folder = folder
        self.exchange = exchange
        self.clock = exchange.clock
        self.path = folder / LEDGER_FILE
        self.ledger = SqliteLedger(self.path, clock_ms=self.clock)
        self.station = self.open_station(folder / "home")
        store = self.station.parts.store
        self.projector = Projector(f"sqlite:///{folder / 'views.sqlite'}", store, self.station.parts.codec, self.station.view)

    @classmethod
    def founded(cls, folder: Path, *, purpose: str = "training", rules: int = NEWEST_RULES) -> Court:
        """Return a court in a new folder, on a ledger that was opened under a version of the rules."""
        exchange = FixedExchange(Clock(), purpose=purpose, rules=rules)
        folder.mkdir(exist_ok=True)
        create_sqlite_ledger(folder / LEDGER_FILE, incarnation="fixed")
        court = cls(folder, exchange)
        court.ledger.append(exchange.record(exchange.opening))
        court.populate()
        return court

    def copied(self, folder: Path) -> Court:
        """Return a court that begins as this one stood when it was closed."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Court(folder, self.exchange.copied(Clock(self.clock())))

    def open_station(self, home: Path) -> Station:
        """Open a station that follows this ledger by this clock."""
        plan = StationPlan(
            home=home,
            location=f"sqlite:{self.path}",
            identity=self.exchange.identity,
            station=None,
            store_url=f"sqlite:///{home / 'store.sqlite'}",
            passphrase=lambda _: b"",
            now_ms=self.clock,
        )
        return build_station(plan)

    def populate(self) -> None:
        """Write the population, all within one step of the clock."""
        for said in population(self.exchange):
            self.ledger.append(self.exchange.record(said))
        self.follow()
        assert all(entry.verdict.is_accepted for entry in self.station.parts.store.each_entry())

    def employ(self, officer: str, organisation: str, *roles: str, days: int = 365) -> None:
        """Have one more officer appointed and his key enrolled."""
        enrolled = self.exchange.enrolled(officer, organisation, days=days)
        self.accept(self.exchange.appointment(officer, organisation, *roles), enrolled)

    def append(self, record: bytes | None) -> int:
        """Append a record, or leave an empty slot, one step later than the last; a foreign program may write any length."""
        self.clock.at_ms += STEP_MS
        if record is None:
            return self.ledger.append_empty()
        position = self.ledger.end()
        with contextlib.closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("INSERT INTO ledger_slots VALUES (?, ?, ?)", (position, self.clock(), record))
        return position

    def follow(self) -> None:
        """Let the station and its views follow to the end."""
        self.station.catch_up()
        assert self.station.parts.store.next_position() == self.ledger.end()
        self.projector.catch_up()

    def judge(self, record: bytes | None) -> Verdict:
        """Append a record, let the station follow, and return the verdict."""
        position = self.append(record)
        self.follow()
        verdict = self.station.parts.store.verdict(position)
        assert verdict is not None
        return verdict

    def accept(self, *said: Said) -> Digest:
        """Have things said accepted, one after the other, and return the identity of the last."""
        for one in said:
            position = self.append(self.exchange.record(one))
            self.follow()
            entry = self.station.parts.store.entry(position)
            assert entry is not None
            assert entry.verdict.is_accepted, (entry.verdict.reason, entry.detail)
        return self.exchange.identity_of(said[-1])

    def sent(self, *to: str, by: str = "deputy", **changes: Any) -> LetterId:
        """Have a letter of the ministry (or of another signatory) accepted, and return it."""
        return LetterId(self.accept(self.exchange.letter(by, to=to or ("mfy-001",), **changes)))

    def shown(self) -> dict[str, Digest]:
        """Return the canonical dumps of all views but the archive, which tells of every record."""
        return {view.name: self.projector.canonical_dump(view.name) for view in DUMPED if view.name != ARCHIVE}

    def close(self) -> None:
        """Close everything."""
        self.projector.close()
        self.station.close()
        self.ledger.close()
