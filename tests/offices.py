"""Offices that write to each other: a ministry with a clerk and two signatories, and committees, each in a home of its own."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.correspondence import letter_body
from adapters.registration import group_defined
from adapters.station import Station
from domain.events import LetterDispatched
from domain.ids import Digest, LetterId, OrgId
from tests.exchanges import MINISTRY, TestExchange, tell
from tests.homes import Answer, Home, home_of

GROUP: Final = "all-mfy"
QUICK: Final = {"ORTOO_SUBMIT_WAIT_S": "1"}
"""A command that cannot reach the ledger says so after a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offices:
    """The exchange, its homes, and a station that looks on.

    `ministry` is the home of `deputy` (signatory) and `clerk`; `accounts` that of `accountant`, the ministry's second signatory;
    `first` and `second` those of the committees mfy-001 and mfy-002 with a `secretary` and a `chair` each (`chair-1`, …).
    """

    exchange: TestExchange
    onlooker: Station
    ministry: Home
    accounts: Home
    first: Home
    second: Home

    @property
    def folder(self) -> Path:
        """Where everything lies."""
        return self.exchange.folder

    def file(self, name: str, text: str = "Hurmatli hamkasblar!\n") -> str:
        """Make a file and return its path."""
        path = self.folder / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    def body(self, answer: Answer) -> LetterDispatched:
        """Return what the letter says that a command with `--json` has sent."""
        self.onlooker.catch_up()
        return letter_body(self.onlooker, LetterId(bytes.fromhex(answer.data["identity"])))

    def end(self) -> int:
        """Return how many records the ledger holds."""
        self.onlooker.catch_up()
        return self.onlooker.parts.store.next_position()

    def record_of(self, identity: str) -> bytes:
        """Return the record of an event on the ledger."""
        self.onlooker.catch_up()
        position = self.onlooker.parts.store.position_of(Digest(bytes.fromhex(identity)))
        assert position is not None
        entry = self.onlooker.parts.store.entry(position)
        assert entry is not None
        assert entry.record is not None
        return entry.record


@contextlib.contextmanager
def offices(folder: Path, committees: int = 2) -> Iterator[Offices]:
    """Found an exchange with so many committees in the group `all-mfy` of the ministry."""
    exchange = TestExchange(folder, f"sqlite:{folder / 'ledger.sqlite'}")
    station = exchange.station("onlooker")
    ids = [f"mfy-{number:03}" for number in range(1, committees + 1)]
    exchange.add_organisations(station, ids)
    exchange.add_officer(station, "deputy", MINISTRY, "clerk", "signatory")
    exchange.add_officer(station, "accountant", MINISTRY, "signatory")
    clerk = exchange.add_officer(station, "clerk", MINISTRY, "clerk")
    for number, committee in enumerate(ids[:2], 1):
        exchange.add_officer(station, f"secretary-{number}", committee, "clerk")
        exchange.add_officer(station, f"chair-{number}", committee, "clerk", "signatory")
    members = [OrgId(one) for one in ids]
    tell(station, list(group_defined(station, clerk, MINISTRY, group=OrgId(GROUP), version=1, members=members)))
    try:
        yield Offices(
            exchange=exchange,
            onlooker=station,
            ministry=home_of(exchange, "ministry", "deputy", "clerk"),
            accounts=home_of(exchange, "accounts", "accountant"),
            first=home_of(exchange, "first", "secretary-1", "chair-1"),
            second=home_of(exchange, "second", "secretary-2", "chair-2"),
        )
    finally:
        exchange.close()


@contextlib.contextmanager
def held_ledger(folder: Path) -> Iterator[None]:
    """Hold the ledger's file so that nobody can append to it, as a disk does that does not answer."""
    with contextlib.closing(sqlite3.connect(folder / "ledger.sqlite", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
