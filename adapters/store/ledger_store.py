"""The store's door for whole batches: records, verdicts, changes, both trees and the indexes, in one transaction.

Reading goes by aggregate, by position or by identity. Several processes of a station may use one store: whoever writes a
batch that another has written already is told so (`StoreMovedError`) and reads on from there.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, Row, select
from sqlalchemy.exc import DBAPIError

from adapters.errors import StoreForeignError, StoreMovedError, StoreUnreachableError
from adapters.store.checkpoints import KeptCheckpoints
from adapters.store.database import Database
from adapters.store.dialect import complaint, first_value, insert_rows, marker, name_of, plain_sqlite
from adapters.store.dump import canonical_dump_of
from adapters.store.entries import Entry, entry_of, row_of
from adapters.store.indexes import index_batch, keep_inboxes
from adapters.store.snapshots import due_after
from adapters.store.tables import CHANGES, DUMPED, FACTS, ORIGINALS, RECORDS, SNAPSHOTS
from adapters.store.tiles import Log, Tiles, grow, store_growth
from adapters.store.topics import change_mapper
from domain.changes import Inbox, Original, Recorded, State
from domain.ids import ZERO_DIGEST, Digest, EventId, LetterId, OfficerId, OrgId
from domain.inboxes import InboxesCommitted
from domain.reasons import Reason, reason_of
from domain.tree import Frontier
from domain.verdicts import Judged, RegisterKind, Verdict

ENTRIES_AT_ONCE: Final = 200
"""Entries read at once while going through all of them: 13 MB of records of the largest size."""
LETTERS_AT_ONCE: Final = 500
_DUPLICATES: Final = frozenset({Reason.DUPLICATE, Reason.DUPLICATE_CONFLICT})

# Values stand as {0}: these statements go to the driver as they are, because a replay runs them for every record.
_NEXT_SQL: Final = "SELECT max(position) FROM records"
_ENTRY_COLUMNS: Final = ", ".join(f'"{column.name}"' for column in RECORDS.columns)
_LAST_SQL: Final = f"SELECT {_ENTRY_COLUMNS} FROM records ORDER BY position DESC LIMIT 1"  # noqa: S608 - our own columns
_ENTRY_SQL: Final = f"SELECT {_ENTRY_COLUMNS} FROM records WHERE position = {{0}}"  # noqa: S608 - as above
_ENTRIES_SQL: Final = f"SELECT {_ENTRY_COLUMNS} FROM records WHERE position >= {{0}} AND position < {{0}} ORDER BY position"  # noqa: S608 - as above
_REASONS_SQL: Final = "SELECT reason, count(*) FROM records WHERE position >= {0} AND position < {0} GROUP BY reason"
_POSITION_AT_SQL: Final = 'SELECT max(position) FROM records WHERE "at" <= {0}'
_LATEST_TIME_SQL: Final = 'SELECT max("at") FROM records WHERE position > {0}'
_FORGET_SNAPSHOT_SQL: Final = "DELETE FROM snapshots WHERE originator_id = {0}"
_LAST_CHANGE_SQL: Final = "SELECT max(notification_id) FROM changes"
_STATE_SQL: Final = (
    "SELECT topic, originator_version, state, 1 FROM snapshots WHERE originator_id = {0} "
    "UNION ALL SELECT topic, originator_version, state, 0 FROM changes WHERE originator_id = {0} AND originator_version > "
    "COALESCE((SELECT max(originator_version) FROM snapshots WHERE originator_id = {0}), 0) ORDER BY originator_version"
)
# For many aggregates at once; {ids} stands for as many values as there are. Snapshots come first, then changes in order.
_STATES_SQL: Final = (
    "SELECT originator_id, topic, originator_version, state, 1 FROM snapshots WHERE originator_id IN ({ids}) "
    "UNION ALL SELECT originator_id, topic, originator_version, state, 0 FROM changes WHERE originator_id IN ({ids}) "
    "AND originator_version > COALESCE((SELECT max(s.originator_version) FROM snapshots s "
    "WHERE s.originator_id = changes.originator_id), 0) ORDER BY originator_version"
)
_ORIGINAL_SQL: Final = "SELECT position, identity FROM originals WHERE officer = {0} AND event_id = {0}"
# Joined, because SQLite reads the whole table for `(officer, event_id) IN (...)`.
_ORIGINALS_SQL: Final = (
    "WITH said (officer, event_id) AS (VALUES {pairs}) SELECT o.officer, o.event_id, o.position, o.identity FROM said "
    "JOIN originals o ON o.officer = said.officer AND o.event_id = said.event_id"
)
_DISPATCHES_SQL: Final = (
    "SELECT position, identity FROM records WHERE position >= {0} AND position < {0} AND register = {0} "
    "ORDER BY position LIMIT {0}"
)
_INBOXES_SQL: Final = "SELECT organisation, position, letters, head FROM inboxes ORDER BY position"
_IDENTITY_SQL: Final = "SELECT min(position) FROM records WHERE identity = {0}"
_ADDRESSED_SQL: Final = (
    "SELECT position, letter FROM letter_addressees WHERE organisation = {0} AND position > {0} "
    'UNION SELECT g.position, g.letter FROM group_members m JOIN letter_groups g ON g.owner = m.owner AND g."group" = m."group" '
    "AND g.version = m.version WHERE m.organisation = {0} AND g.position > {0} ORDER BY position LIMIT {0}"
)


class LedgerStore:
    """Everything that a station knows of its ledger. One object serves one thread."""

    def __init__(self, url: str) -> None:
        """Open the store at a SQLAlchemy URL, making its tables if needed.

        Raises `StoreUrlError` if it names no database that can be used, `StoreUnreachableError` if it does not open,
        `StoreOutdatedError` if its tables are of another layout.
        """
        try:
            self._database = Database(url)
            # Reading by key is what a replay does most; a connection taken anew for each would cost more than the query.
            self._reader = self._database.newest()
            self._plain = plain_sqlite(self._reader)
        except DBAPIError as error:
            raise StoreUnreachableError(name_of(url), complaint(error)) from error
        self._marker = marker(self._database.engine)
        self._mapper = change_mapper()
        self._tiles = Tiles(self._raw)
        self.checkpoints = KeptCheckpoints(self._database, self._raw)

    def next_position(self) -> int:
        """Return the position after the last one stored."""
        last = self._raw(_NEXT_SQL)[0][0]
        return 0 if last is None else int(last) + 1

    def last_verdict(self) -> Verdict | None:
        """Return the verdict on the last position stored, None if there is none."""
        rows = self._raw(_LAST_SQL)
        return entry_of(rows[0]).verdict if rows else None

    def entry(self, position: int) -> Entry | None:
        """Return what is stored of a position, None if it is not yet."""
        rows = self._raw(_ENTRY_SQL, position)
        return entry_of(rows[0]) if rows else None

    def verdict(self, position: int) -> Verdict | None:
        """Return the verdict on a position, None if it is not stored yet."""
        found = self.entry(position)
        return found.verdict if found else None

    def record(self, position: int) -> bytes | None:
        """Return the record at a position, verbatim; None if it is not authentic or not stored yet."""
        found = self.entry(position)
        return found.record if found else None

    def entries(self, start: int, limit: int, *, until: int | None = None) -> tuple[Entry, ...]:
        """Return what is stored from a position on (and before `until`), in order, at most `limit`."""
        # Positions have no gaps, so both limits are one.
        stop = start + limit if until is None else min(start + limit, until)
        return tuple(entry_of(row) for row in self._raw(_ENTRIES_SQL, start, stop))

    def each_entry(self, start: int = 0, until: int | None = None) -> Iterator[Entry]:
        """Yield what is stored from a position on (and before `until`), in order, a page of it in memory at a time."""
        while page := self.entries(start, ENTRIES_AT_ONCE, until=until):
            yield from page
            start = page[-1].verdict.position + 1

    def reasons(self, start: int, stop: int) -> dict[Reason, int]:
        """Return how many verdicts on positions from `start` to before `stop` have each reason."""
        return {reason_of(row[0]): int(row[1]) for row in self._raw(_REASONS_SQL, start, stop)}

    def position_of(self, identity: Digest) -> int | None:
        """Return where an event first stands as an authentic one, None if it does not."""
        if identity == ZERO_DIGEST:
            return None
        found = self._raw(_IDENTITY_SQL, identity)[0][0]
        return None if found is None else int(found)

    def position_at(self, at_ms: int) -> int | None:
        """Return the last position whose ledger time is not later than `at_ms`, None if all are."""
        found = self._raw(_POSITION_AT_SQL, at_ms)[0][0]
        return None if found is None else int(found)

    def latest_time(self, after: int) -> int:
        """Return the latest ledger time of the records behind a position, -1 if there are none."""
        latest = self._raw(_LATEST_TIME_SQL, after)[0][0]
        return -1 if latest is None else int(latest)

    def original(self, officer: OfficerId, event_id: EventId) -> Original | None:
        """Return the first authentic event that used this (officer, event id), None if it is new."""
        rows = self._raw(_ORIGINAL_SQL, officer, event_id)
        return Original(position=rows[0][0], identity=Digest(rows[0][1])) if rows else None

    def originals(self, events: Sequence[tuple[OfficerId, EventId]]) -> dict[tuple[OfficerId, EventId], Original]:
        """Return the same for many (officer, event id) in one question, without those that are new."""
        pairs = ", ".join([f"({self._marker}, {self._marker})"] * len(events))
        rows = self._asked(_ORIGINALS_SQL.format(pairs=pairs), [value for event in events for value in event])
        return {(row[0], EventId(row[1])): Original(position=row[2], identity=Digest(row[3])) for row in rows}

    def state(self, aggregate_id: str) -> State | None:
        """Return the state of an aggregate, None if nothing has happened to it."""
        # One statement, so that a snapshot and the changes after it are of the same moment.
        state: State | None = None
        for topic, version, raw, whole in self._raw(_STATE_SQL, aggregate_id, aggregate_id, aggregate_id):
            if whole:
                state = self._mapper.decode_state(topic, aggregate_id, version, raw)
            else:
                state = self._mapper.decode_change(topic, aggregate_id, version, raw).mutate(state)
        return state

    def states(self, aggregate_ids: Sequence[str]) -> dict[str, State]:
        """Return the states of many aggregates in one question, without those to which nothing has happened."""
        ids = ", ".join([self._marker] * len(aggregate_ids))
        found: dict[str, State] = {}
        for name, topic, version, raw, whole in self._asked(_STATES_SQL.format(ids=ids), [*aggregate_ids, *aggregate_ids]):
            if whole:
                found[name] = self._mapper.decode_state(topic, name, version, raw)
            else:
                found[name] = self._mapper.decode_change(topic, name, version, raw).mutate(found.get(name))
        return found

    def letters_addressed_to(self, organisation: OrgId) -> Iterator[LetterId]:
        """Yield the accepted letters that name an organisation, itself or in a group, once each, in ledger order."""
        after = -1
        while rows := self._raw(_ADDRESSED_SQL, organisation, after, organisation, after, LETTERS_AT_ONCE):
            yield from (LetterId(row[1]) for row in rows)
            after = rows[-1][0]

    def dispatches(self, start: int, stop: int) -> Iterator[LetterId]:
        """Yield the letters that were accepted at positions from `start` to before `stop`, in ledger order."""
        while rows := self._raw(_DISPATCHES_SQL, start, stop, int(RegisterKind.OUTGOING), LETTERS_AT_ONCE):
            yield from (LetterId(row[1]) for row in rows)
            start = rows[-1][0] + 1

    def inboxes(self) -> tuple[Inbox, ...]:
        """Return every organisation's inbox as it was committed to last, in the order in which they were registered."""
        rows = self._raw(_INBOXES_SQL)
        return tuple(Inbox(organisation=OrgId(row[0]), position=row[1], letters=row[2], head=Digest(row[3])) for row in rows)

    def event(self, identity: Digest) -> Recorded | None:
        """Return an authentic event by its identity, None if it does not stand here."""
        position = self.position_of(identity)
        entry = None if position is None else self.entry(position)
        if entry is None or entry.record is None:
            return None
        verdict = entry.verdict
        return Recorded(position=verdict.position, record=entry.record, is_accepted=verdict.is_accepted)

    def node(self, log: Log, level: int, index: int) -> Digest:
        """Return the hash of a complete subtree of a log; raise `KeyError` if it is not complete yet."""
        return self._tiles.node(log, level, index)

    def frontier(self, log: Log, size: int | None = None) -> Frontier:
        """Return a log's tree as it was at `size` (None: now)."""
        return self._tiles.frontier(log, self.next_position() if size is None else size)

    def trees(self) -> tuple[Frontier, Frontier]:
        """Return both trees, of the record log and of the verdict log, as stored."""
        records, verdicts = self._tiles.edges(self.next_position())
        return records.tree, verdicts.tree

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return the roots of both logs at a size that is stored; raise `KeyError` for another."""
        return self._tiles.roots(size)

    def inclusion(self, log: Log, index: int, size: int) -> tuple[Digest, ...]:
        """Return the proof that leaf `index` is in a log of `size` leaves.

        Raises `TreeError` if such a log has no such leaf, `KeyError` if the log stored is not that large yet.
        """
        return self._tiles.inclusion(log, index, size)

    def consistency(self, log: Log, first: int, second: int) -> tuple[Digest, ...]:
        """Return the proof that a log of `second` leaves begins with that of `first` leaves.

        Raises `TreeError` if the first is the larger one, `KeyError` if the log stored is not that large yet.
        """
        return self._tiles.consistency(log, first, second)

    def write(self, batch: Sequence[Judged], states: Sequence[State] = (), inboxes: Sequence[Inbox] = ()) -> None:
        """Store a batch of consecutive positions, all of it or nothing.

        `states` are states after the batch, if the caller has them at hand; what is missing for a snapshot is folded.
        `inboxes` are those of the batch's last `inbox.committed`, which must come with it.
        Raises `StoreMovedError` if the batch does not begin where the store ends, because another process wrote meanwhile.
        """
        if not batch:
            return
        _require_consecutive(batch)
        _require_inboxes(batch, inboxes)
        try:
            growth = grow(batch, self._tiles.edges(batch[0].verdict.position))
        except KeyError as error:
            raise StoreMovedError(batch[0].verdict.position) from error
        try:
            with self._database.writing() as connection:
                _require_next(connection, batch[0].verdict.position)
                insert_rows(connection, RECORDS, [row_of(judged) for judged in batch])
                insert_rows(connection, ORIGINALS, _originals(batch))
                self._write_snapshots(connection, batch, states)
                insert_rows(connection, CHANGES, self._change_rows(connection, batch))
                store_growth(connection, growth)
                index_batch(connection, batch)
                keep_inboxes(connection, inboxes)
        except DBAPIError as error:
            raise self._unreachable(error) from error
        self._tiles.keep(growth.edges)

    def fact(self, name: str) -> str | None:
        """Return a fact that this station pinned, None if it did not."""
        row = self._one(select(FACTS.c.value).where(FACTS.c.name == name))
        return None if row is None else str(row[0])

    def pin(self, name: str, value: str) -> None:
        """Pin a fact; what is pinned stays, so another value of it raises `StoreForeignError`."""
        try:
            with self._database.writing() as connection:
                held = connection.execute(select(FACTS.c.value).where(FACTS.c.name == name)).scalar()
                if held is None:
                    connection.execute(FACTS.insert().values(name=name, value=value))
        except DBAPIError as error:
            raise self._unreachable(error) from error
        if held is not None and held != value:
            raise StoreForeignError(self._database.name, name, held=held, found=value)

    def canonical_dump(self) -> Digest:
        """Return the digest of everything that must be equal after any replay (every table but snapshots and facts)."""
        try:
            with self._database.reading() as connection:
                return canonical_dump_of(connection, DUMPED)
        except DBAPIError as error:
            raise self._unreachable(error) from error

    def close(self) -> None:
        """Let go of the database; calling it again does nothing."""
        # A connection to a server that is gone has nothing to give back.
        with contextlib.suppress(DBAPIError):
            self._reader.close()
        self._database.close()

    def _change_rows(self, connection: Connection, batch: Sequence[Judged]) -> list[tuple[Any, ...]]:
        # Numbered from 1 in the order of writing, so that no size of batches shows in a dump.
        last = first_value(connection, _LAST_CHANGE_SQL) or 0
        changes = [change for judged in batch for change in judged.changes]
        return [
            (number, change.originator_id, change.originator_version, change.TOPIC, self._mapper.encode_change(change))
            for number, change in enumerate(changes, last + 1)
        ]

    def _write_snapshots(self, connection: Connection, batch: Sequence[Judged], states: Sequence[State]) -> None:
        """Replace the snapshots that are due; before the batch's changes are written, because missing states are folded."""
        due = due_after(batch)
        if not due:
            return
        at_hand = {state.id: state for state in states if state.id in due}
        rows = []
        for aggregate_id, changed in due.items():
            state = at_hand.get(aggregate_id) or changed.state(self.state)
            rows.append((state.id, state.version, *self._mapper.encode_state(state, changed.last.timestamp)))
        connection.exec_driver_sql(_FORGET_SNAPSHOT_SQL.format(self._marker), [(aggregate_id,) for aggregate_id in due])
        insert_rows(connection, SNAPSHOTS, rows)

    def _raw(self, sql: str, *values: Any) -> Sequence[Any]:
        return self._asked(sql.format(self._marker), values)

    def _asked(self, sql: str, values: Sequence[Any]) -> Sequence[Any]:
        if self._plain is None:
            return self._read(lambda: self._reader.exec_driver_sql(sql, tuple(values)))
        try:
            return self._plain.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise StoreUnreachableError(self._database.name, " ".join(str(error).split())) from error

    def _one(self, statement: Any) -> Row[Any] | None:
        rows = self._all(statement)
        return rows[0] if rows else None

    def _all(self, statement: Any) -> Sequence[Row[Any]]:
        return self._read(lambda: self._reader.execute(statement))

    def _read(self, ask: Callable[[], CursorResult[Any]]) -> Sequence[Row[Any]]:
        try:
            return ask().all()
        except DBAPIError as error:
            self._reader.rollback()
            if not error.connection_invalidated:
                raise self._unreachable(error) from error
        # The connection was cut since it was used last, perhaps because the server was started anew: asked over another one.
        try:
            return ask().all()
        except DBAPIError as error:
            self._reader.rollback()
            raise self._unreachable(error) from error

    def _unreachable(self, error: DBAPIError) -> StoreUnreachableError:
        return StoreUnreachableError(self._database.name, complaint(error))


def _require_next(connection: Connection, position: int) -> None:
    last = first_value(connection, _NEXT_SQL)
    if position != (0 if last is None else last + 1):
        raise StoreMovedError(position)


def _require_consecutive(batch: Sequence[Judged]) -> None:
    for one, following in pairwise(batch):
        if following.verdict.position != one.verdict.position + 1:
            msg = f"position {following.verdict.position} follows {one.verdict.position} in a batch; a store has no gaps"
            raise ValueError(msg)


def _require_inboxes(batch: Sequence[Judged], inboxes: Sequence[Inbox]) -> None:
    committed = any(isinstance(change, InboxesCommitted) for judged in batch for change in judged.changes)
    if committed != bool(inboxes):
        msg = "a batch that commits to the inboxes brings them, and no other does: later ones are computed from what is kept"
        raise ValueError(msg)


def _originals(batch: Sequence[Judged]) -> list[tuple[Any, ...]]:
    return [
        (judged.body.header.officer, judged.body.header.event_id, judged.verdict.position, judged.verdict.identity)
        for judged in batch
        if judged.verdict.is_authentic and judged.body is not None and judged.verdict.reason not in _DUPLICATES
    ]
