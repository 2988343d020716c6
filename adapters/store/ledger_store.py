"""The store's door for whole batches: records, verdicts, changes, both trees and the indexes, in one transaction.

Reading goes by aggregate, by position or by identity. Several processes of a station may use one store: whoever writes a
batch that another has written already is told so (`StoreMovedError`) and reads on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.exc import DBAPIError

from adapters.errors import StoreMovedError, StoreUnreachableError
from adapters.store.dialect import insert_rows, open_engine, writing
from adapters.store.dump import canonical_dump_of
from adapters.store.entries import Entry, entry_of, row_of
from adapters.store.indexes import index_batch
from adapters.store.tables import CHANGES, DUMPED, FACTS, METADATA, NODES, ORIGINALS, RECORDS, SNAPSHOTS
from adapters.store.topics import change_mapper
from domain.changes import Original, State
from domain.ids import Digest, EventId, LetterId, OfficerId, OrgId
from domain.reasons import Reason
from domain.tree import Frontier, Node, frontier_at, leaf_hash
from domain.verdicts import Judged, Verdict

SNAPSHOT_EVERY: Final = 64
"""No aggregate is folded from more changes than that: at some 5 µs each, what one more page of the database costs."""
_DUPLICATES: Final = frozenset({Reason.DUPLICATE, Reason.DUPLICATE_CONFLICT})

_STATE_SQL: Final = (
    "SELECT topic, originator_version, state FROM changes WHERE originator_id = {0} AND originator_version > {0} "
    "ORDER BY originator_version"
)
_SNAPSHOT_SQL: Final = (
    "SELECT topic, originator_version, state FROM snapshots WHERE originator_id = {0} ORDER BY originator_version DESC LIMIT 1"
)
_ORIGINAL_SQL: Final = "SELECT position, identity FROM originals WHERE officer = {0} AND event_id = {0}"
_NAMED_SQL: Final = "SELECT letter FROM letter_addressees WHERE organisation = {0} ORDER BY position"
_GROUPED_SQL: Final = (
    'SELECT g.letter FROM group_members m JOIN letter_groups g ON g.owner = m.owner AND g."group" = m."group" '
    "AND g.version = m.version WHERE m.organisation = {0} ORDER BY g.position"
)


class Log(IntEnum):
    """The two trees of equal size (formats.md, "Trees")."""

    RECORDS = 0
    VERDICTS = 1


class LedgerStore:
    """Everything that a station knows of its ledger. One object serves one thread."""

    def __init__(self, url: str) -> None:
        """Open the store at a SQLAlchemy URL, making its tables if needed; raise `StoreUnreachableError` if that fails."""
        self._url = url
        self._engine = open_engine(url)
        self._writing = writing(self._engine)
        self._mapper = change_mapper()
        self._trees: tuple[Frontier, Frontier] | None = None
        try:
            METADATA.create_all(self._writing)
            # Reading by key is what a replay does most; a connection taken anew for each would cost more than the query.
            self._reader = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except DBAPIError as error:
            raise self._unreachable(error) from error
        self._marker = "?" if self._reader.dialect.paramstyle == "qmark" else "%s"

    def next_position(self) -> int:
        """Return the position after the last one stored."""
        last = self._one(select(func.max(RECORDS.c.position)))
        return 0 if last is None or last[0] is None else int(last[0]) + 1

    def last_verdict(self) -> Verdict | None:
        """Return the verdict on the last position stored, None if there is none."""
        row = self._one(select(RECORDS).order_by(RECORDS.c.position.desc()).limit(1))
        return entry_of(row).verdict if row is not None else None

    def entry(self, position: int) -> Entry | None:
        """Return what is stored of a position, None if it is not yet."""
        row = self._one(select(RECORDS).where(RECORDS.c.position == position))
        return entry_of(row) if row is not None else None

    def verdict(self, position: int) -> Verdict | None:
        """Return the verdict on a position, None if it is not stored yet."""
        found = self.entry(position)
        return found.verdict if found else None

    def entries(self, start: int, limit: int) -> tuple[Entry, ...]:
        """Return what is stored from a position on, in order, at most `limit`."""
        chosen = select(RECORDS).where(RECORDS.c.position >= start).order_by(RECORDS.c.position).limit(limit)
        return tuple(entry_of(row) for row in self._all(chosen))

    def position_of(self, identity: Digest) -> int | None:
        """Return where an event first stands as an authentic one, None if it does not."""
        row = self._one(select(func.min(RECORDS.c.position)).where(RECORDS.c.identity == identity))
        return None if row is None or row[0] is None else int(row[0])

    def position_at(self, at_ms: int) -> int | None:
        """Return the last position whose ledger time is not later than `at_ms`, None if all are."""
        row = self._one(select(func.max(RECORDS.c.position)).where(RECORDS.c.at <= at_ms))
        return None if row is None or row[0] is None else int(row[0])

    def original(self, officer: OfficerId, event_id: EventId) -> Original | None:
        """Return the first authentic event that used this (officer, event id), None if it is new."""
        rows = self._raw(_ORIGINAL_SQL, officer, event_id)
        return Original(position=rows[0][0], identity=Digest(rows[0][1])) if rows else None

    def state(self, aggregate_id: str) -> State | None:
        """Return the state of an aggregate, None if nothing has happened to it."""
        state: State | None = None
        for topic, version, raw in self._raw(_SNAPSHOT_SQL, aggregate_id):
            state = self._mapper.decode_state(topic, aggregate_id, version, raw)
        for topic, version, raw in self._raw(_STATE_SQL, aggregate_id, state.version if state else 0):
            state = self._mapper.decode_change(topic, aggregate_id, version, raw).mutate(state)
        return state

    def letters_addressed_to(self, organisation: OrgId) -> Iterator[LetterId]:
        """Yield the accepted letters that name an organisation, itself or in a group."""
        for sql in (_NAMED_SQL, _GROUPED_SQL):
            yield from (LetterId(row[0]) for row in self._raw(sql, organisation))

    def node(self, log: Log, level: int, index: int) -> Digest:
        """Return the hash of a complete subtree of a log; raise `KeyError` if it is not complete yet."""
        key = (NODES.c.log == int(log)) & (NODES.c.level == level) & (NODES.c.index == index)
        row = self._one(select(NODES.c.hash).where(key))
        if row is None:
            raise KeyError((log, level, index))
        return Digest(row[0])

    def frontier(self, log: Log, size: int | None = None) -> Frontier:
        """Return a log's tree as it was at `size` (None: now)."""
        wanted = self.next_position() if size is None else size
        return frontier_at(wanted, lambda level, index: self.node(log, level, index))

    def trees(self) -> tuple[Frontier, Frontier]:
        """Return both trees, of the record log and of the verdict log, as stored."""
        size = self.next_position()
        if self._trees is None or self._trees[0].size != size:
            self._trees = (self.frontier(Log.RECORDS, size), self.frontier(Log.VERDICTS, size))
        return self._trees

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return the roots of both logs at a size that is stored."""
        return self.frontier(Log.RECORDS, size).root(), self.frontier(Log.VERDICTS, size).root()

    def write(self, batch: Sequence[Judged], states: Sequence[State] = ()) -> None:
        """Store a batch of consecutive positions, all of it or nothing.

        `states` are the states after the batch of what it changed; some become snapshots. Raises `StoreMovedError` if the
        batch does not begin where the store ends, because another process wrote meanwhile.
        """
        trees = self.trees()
        nodes, grown = _grow(batch, trees)
        try:
            with self._writing.begin() as connection:
                self._require_next(connection, batch[0].verdict.position)
                insert_rows(connection, RECORDS, [row_of(judged) for judged in batch])
                insert_rows(connection, ORIGINALS, _originals(batch))
                insert_rows(connection, CHANGES, self._change_rows(connection, batch))
                insert_rows(connection, SNAPSHOTS, self._snapshot_rows(batch, states))
                insert_rows(connection, NODES, nodes)
                index_batch(connection, batch)
        except DBAPIError as error:
            raise self._unreachable(error) from error
        self._trees = grown

    def fact(self, name: str) -> str | None:
        """Return a fact that this station pinned, None if it did not."""
        row = self._one(select(FACTS.c.value).where(FACTS.c.name == name))
        return None if row is None else str(row[0])

    def pin(self, name: str, value: str) -> None:
        """Pin a fact; what is pinned stays (the first value wins)."""
        try:
            with self._writing.begin() as connection:
                if connection.execute(select(FACTS.c.value).where(FACTS.c.name == name)).first() is None:
                    connection.execute(FACTS.insert().values(name=name, value=value))
        except DBAPIError as error:
            raise self._unreachable(error) from error

    def canonical_dump(self) -> Digest:
        """Return the digest of everything that must be equal after any replay (every table but snapshots and facts)."""
        with self._engine.connect() as connection:
            return canonical_dump_of(connection, DUMPED)

    def close(self) -> None:
        """Let go of the database; calling it again does nothing."""
        self._reader.close()
        self._engine.dispose()

    def _require_next(self, connection: Connection, position: int) -> None:
        last = connection.execute(select(func.max(RECORDS.c.position))).scalar()
        if position != (0 if last is None else last + 1):
            raise StoreMovedError(position)

    def _change_rows(self, connection: Connection, batch: Sequence[Judged]) -> list[tuple[Any, ...]]:
        last = connection.execute(select(func.max(CHANGES.c.notification_id))).scalar() or 0
        changes = [change for judged in batch for change in judged.changes]
        return [
            (number, change.originator_id, change.originator_version, change.TOPIC, self._mapper.encode_change(change))
            for number, change in enumerate(changes, last + 1)
        ]

    def _snapshot_rows(self, batch: Sequence[Judged], states: Sequence[State]) -> list[tuple[Any, ...]]:
        first: dict[str, int] = {}
        for judged in batch:
            for change in judged.changes:
                first.setdefault(change.originator_id, change.originator_version - 1)
        due = [
            state for state in states if state.version // SNAPSHOT_EVERY > first.get(state.id, state.version) // SNAPSHOT_EVERY
        ]
        return [(state.id, state.version, *self._mapper.encode_state(state)) for state in due]

    def _raw(self, sql: str, *values: Any) -> Sequence[Any]:  # noqa: ANN401 - what a column can hold
        try:
            return self._reader.exec_driver_sql(sql.format(self._marker), values).all()
        except DBAPIError as error:
            raise self._unreachable(error) from error

    def _one(self, statement: Any) -> Row[Any] | None:  # noqa: ANN401 - an SQL expression
        rows = self._all(statement)
        return rows[0] if rows else None

    def _all(self, statement: Any) -> Sequence[Row[Any]]:  # noqa: ANN401 - an SQL expression
        try:
            return self._reader.execute(statement).all()
        except DBAPIError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: DBAPIError) -> StoreUnreachableError:
        return StoreUnreachableError(self._reader_name(), str(error.orig))

    def _reader_name(self) -> str:
        return self._engine.url.render_as_string(hide_password=True)


def _originals(batch: Sequence[Judged]) -> list[tuple[Any, ...]]:
    return [
        (judged.body.header.officer, judged.body.header.event_id, judged.verdict.position, judged.verdict.identity)
        for judged in batch
        if judged.verdict.is_authentic and judged.body is not None and judged.verdict.reason not in _DUPLICATES
    ]


def _grow(batch: Sequence[Judged], trees: tuple[Frontier, Frontier]) -> tuple[list[tuple[Any, ...]], tuple[Frontier, Frontier]]:
    """Return the rows of the subtrees that a batch completes, and both trees after it."""
    records, verdicts = trees
    rows: list[tuple[Any, ...]] = []
    for judged in batch:
        records, completed = records.append(leaf_hash(judged.record or b""))
        rows.extend(_node_row(Log.RECORDS, node) for node in completed)
        verdicts, completed = verdicts.append(leaf_hash(judged.verdict.leaf()))
        rows.extend(_node_row(Log.VERDICTS, node) for node in completed)
    return rows, (records, verdicts)


def _node_row(log: Log, node: Node) -> tuple[Any, ...]:
    return int(log), node.level, node.index, node.hash
