"""A station's store beside an audit's own replay: every row that its operator changed, added or took away.

The store is only read. It may be edited by anybody who can write the database, so whatever it holds is compared, never used.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, select
from sqlalchemy.exc import DBAPIError

from adapters.audit_findings import FindingCode, Report
from adapters.audit_replay import Replay
from adapters.audit_rows import ROWS_AT_ONCE, row_differences
from adapters.errors import AdapterError, StoreUnreachableError
from adapters.store.database import Database
from adapters.store.dialect import complaint, name_of, open_engine, parse_url
from adapters.store.entries import entry_of
from adapters.store.holdings import IDENTITY_FACT
from adapters.store.tables import CHANGES, CHECKPOINTS, DUMPED, FACTS, RECORDS, SNAPSHOTS
from adapters.store.topics import change_mapper
from domain.changes import State
from domain.checkpoint_signatures import verify_pair
from domain.checkpoints import parse_pair
from domain.errors import DomainError
from domain.notes import NoteInvalidError
from domain.verdicts import Verdict


class AuditedStore:
    """A store that is looked at, and not written."""

    def __init__(self, url: str) -> None:
        """Open a store that is there; raise `StoreUrlError`, `StoreUnreachableError` or `StoreOutdatedError` if none is."""
        self.name = name_of(url)
        require_database(url)
        try:
            _require_store(url, self.name)
            self._database = Database(url)
        except DBAPIError as error:
            raise StoreUnreachableError(self.name, complaint(error)) from error

    def next_position(self) -> int:
        """Return how many positions it holds."""
        with self._reading() as connection:
            last = connection.execute(select(RECORDS.c.position).order_by(RECORDS.c.position.desc()).limit(1)).scalar()
        return 0 if last is None else int(last) + 1

    def verdicts(self) -> Iterator[Verdict]:
        """Yield its verdicts from position 0 on, as far as they can be read and have no gap."""
        with contextlib.suppress(StoreUnreachableError), self._reading() as connection:
            statement = select(RECORDS).order_by(RECORDS.c.position)
            for position, row in enumerate(connection.execution_options(yield_per=ROWS_AT_ONCE).execute(statement)):
                try:
                    verdict = entry_of(tuple(row)).verdict
                    verdict.leaf()
                except (struct.error, ValueError, TypeError, LookupError):
                    return
                if verdict.position != position:
                    return
                yield verdict

    def compare(self, replay: Replay, report: Report) -> bool:
        """Report every row that a store of the same positions should not hold so; tell whether all could be read.

        `replay` must stand where the store does.
        """
        try:
            with self._reading() as given, replay.reading() as right:
                if not self._of_this_ledger(given, replay, report):
                    return False
                for table in DUMPED:
                    for found in row_differences(table, right, given):
                        report(FindingCode.STORE_DIFFERS, found.position, found.text)
                for name, what in _wrong_snapshots(right, given):
                    report(FindingCode.STORE_DIFFERS, None, f"{SNAPSHOTS.name} {name}: {what}")
                for name, what in _wrong_checkpoints(replay, given):
                    report(FindingCode.STORE_DIFFERS, None, f"{CHECKPOINTS.name} {name}: {what}")
        except AdapterError as error:
            report(FindingCode.STORE_UNREADABLE, None, str(error))
            return False
        return True

    def close(self) -> None:
        """Let go of the store; calling it again does nothing."""
        self._database.close()

    def _of_this_ledger(self, given: Connection, replay: Replay, report: Report) -> bool:
        held = given.execute(select(FACTS.c.value).where(FACTS.c.name == IDENTITY_FACT)).scalar()
        wanted = replay.exchange.identity.hex()
        if held == wanted:
            return True
        report(FindingCode.STORE_FOREIGN, None, f"{self.name} says that its ledger is {held}, not {wanted}")
        return False

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._database.reading() as connection:
                yield connection
        except DBAPIError as error:
            raise StoreUnreachableError(self.name, complaint(error)) from error


def require_database(url: str) -> None:
    """Raise `StoreUnreachableError` if a URL names a file that is not there, which opening would make."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise StoreUnreachableError(name_of(url), "there is no such file")


def _require_store(url: str, name: str) -> None:
    """Raise `StoreUnreachableError` if a database holds no store: opening it as one would make its tables in it."""
    engine = open_engine(url)
    try:
        if not inspect(engine).has_table(FACTS.name):
            raise StoreUnreachableError(name, "it holds no store")
    finally:
        engine.dispose()


def _wrong_snapshots(right: Connection, given: Connection) -> Iterator[tuple[str, str]]:
    """Yield each snapshot that is not the state after the changes that the ledger makes, with what is wrong about it."""
    statement = select(SNAPSHOTS).order_by(SNAPSHOTS.c.originator_id)
    for row in given.execution_options(yield_per=ROWS_AT_ONCE).execute(statement):
        name, version, topic, raw = row
        try:
            wanted = _snapshot(right, name, version)
        except (DomainError, AdapterError) as error:
            yield f"{name}", f"extra ({error})"
            continue
        if wanted is None:
            yield name, "extra"
        elif wanted != (topic, raw):
            yield name, "changed"


def _wrong_checkpoints(replay: Replay, given: Connection) -> Iterator[tuple[str, str]]:
    """Yield each pair of checkpoints that its station cannot have verified, with what is wrong about it."""
    now, keys = replay.exchange, replay.checkpoint_keys
    for name, size, raw in given.execute(select(CHECKPOINTS).where(CHECKPOINTS.c.pair != b"")):
        try:
            pair = verify_pair(parse_pair(raw), now.name, now.identity, keys).pair
        except NoteInvalidError as error:
            yield name, str(error)
            continue
        if pair.size != size or pair.size > replay.next_position or replay.roots_at(pair.size) != pair.roots:
            yield name, f"its roots at size {pair.size} are not those of this ledger"


def _snapshot(right: Connection, name: str, version: int) -> tuple[str, bytes] | None:
    columns, mapper = CHANGES.c, change_mapper()
    statement = (
        select(CHANGES)
        .where((columns.originator_id == name) & (columns.originator_version <= version))
        .order_by(columns.originator_version)
    )
    state: State | None = None
    change: Any = None
    for row in right.execution_options(yield_per=ROWS_AT_ONCE).execute(statement):
        change = mapper.decode_change(row.topic, name, row.originator_version, row.state)
        state = change.mutate(state)
    if state is None or state.version != version:
        return None
    return mapper.encode_state(state, change.timestamp)
