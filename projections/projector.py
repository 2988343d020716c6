"""The projector: brings the views up to what the store holds, each with its own position, in the transaction of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Row, func, select

from adapters.covers import Cover
from adapters.documents import DocumentsUnreachableError
from adapters.store.dump import canonical_dump_of
from adapters.store.entries import Entry
from domain.changes import View
from domain.codec import Codec
from domain.ids import ZERO_DIGEST, Digest
from domain.verdicts import Verdict
from projections.approvals import ApprovalsProjection
from projections.archive import ArchiveProjection
from projections.calendars import CalendarsProjection
from projections.covers import COVERS_AT_ONCE, CoverSource, CoversProjection, awaited, read_cover, write_cover
from projections.database import Mark, ViewsDatabase, read_marks, write_mark
from projections.directory import DirectoryProjection
from projections.errors import ProjectionUnknownError
from projections.handling import HandlingProjection
from projections.happenings import Batch, Projection, happening_of
from projections.inbox import InboxProjection
from projections.letters import LettersProjection
from projections.mandates import MandatesProjection
from projections.outbox import OutboxProjection
from projections.outside import OutsideProjection
from projections.registers import RegistersProjection

BATCH_LIMIT: Final = 500
"""Records in one transaction: large enough that a sync costs little, small enough to see progress."""
PROJECTIONS: Final[tuple[Projection, ...]] = (
    InboxProjection(),
    OutboxProjection(),
    LettersProjection(),
    RegistersProjection(),
    DirectoryProjection(),
    MandatesProjection(),
    CalendarsProjection(),
    HandlingProjection(),
    OutsideProjection(),
    ApprovalsProjection(),
    ArchiveProjection(),
    CoversProjection(),
)
BY_NAME: Final[Mapping[str, Projection]] = {projection.name: projection for projection in PROJECTIONS}
DUMPED: Final = tuple(projection for projection in PROJECTIONS if projection.name != CoversProjection.name)
"""The projections that are made of the ledger alone, so that two stations have them equal."""

Progress = Callable[[int, int], None]
"""Told (next position, end) after each batch."""


class Stored(Protocol):
    """What the projector reads of the store."""

    def next_position(self) -> int:
        """Return the position after the last one stored."""

    def entries(self, start: int, limit: int, *, until: int | None = None) -> Sequence[Entry]:
        """Return what is stored from a position on (and before `until`), in order, at most `limit`."""

    def verdict(self, position: int) -> Verdict | None:
        """Return the verdict on a position, None if it is not stored yet."""

    def position_at(self, at_ms: int) -> int | None:
        """Return the last position whose ledger time is not later than `at_ms`, None if all are."""


class StoredView(View, Protocol):
    """A view over the same store."""

    def stand_at(self, position: int) -> None:
        """Answer as of a store that ends at this position."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProjectionStatus:
    """How far a projection has come, how many records it is behind the store, and how many rows it has."""

    name: str
    next_position: int
    behind: int
    rows: int
    version: int


class Projector:
    """Brings views up to a store. Several processes may do so at once: who comes second goes on from where the first is."""

    def __init__(self, url: str, store: Stored, codec: Codec, view: StoredView, documents: CoverSource | None = None) -> None:
        """Open the views at a SQLAlchemy URL, making their tables if needed.

        `view` is one over the same store; without `documents` covers stay awaited. Raises `ViewsUnreachableError`.
        """
        self.database = ViewsDatabase(url)
        self.store = store
        self.codec = codec
        self.view = view
        self.documents = documents
        self.database.make_tables([table for projection in PROJECTIONS for table in projection.tables])

    def catch_up(
        self,
        progress: Progress | None = None,
        *,
        until: int | None = None,
        proceed: Callable[[], bool] = lambda: True,
        covers: int = COVERS_AT_ONCE,
        elsewhere: bool = True,
    ) -> int:
        """Bring every view up to the store's end (or `until`) while `proceed()`, then look for at most `covers` covers.

        Without `elsewhere` only those are looked for that the station holds itself. Returns the position up to which every
        view has come.
        """
        stored = self.store.next_position()
        # What the view has cached may be older: another process of this station writes the same store.
        self.view.stand_at(stored)
        end = stored if until is None else min(until, stored)
        reached = self._advance(end)
        while reached < end and proceed():
            reached = self._advance(end)
            if progress is not None:
                progress(reached, end)
        self.fill_covers(covers, proceed, elsewhere=elsewhere)
        return reached

    def rebuild(self, name: str, progress: Progress | None = None) -> int:
        """Empty one view and make it again from the store; raise `ProjectionUnknownError` if there is none of this name."""
        projection = _named(name)
        with self.database.writing() as connection:
            self._begin(connection, projection)
        return self.catch_up(progress)

    def fill_covers(
        self, limit: int = COVERS_AT_ONCE, proceed: Callable[[], bool] = lambda: True, *, elsewhere: bool = True
    ) -> int:
        """Look for covers that are not here yet, at most `limit` of them while `proceed()`; return how many were found."""
        if self.documents is None or limit <= 0:
            return 0
        with self.database.reading() as connection:
            wanted = awaited(connection, limit)
        # The documents are read before the database is locked: fetching one may take a while.
        found = list(_looked_for(self.documents, wanted, proceed, elsewhere=elsewhere))
        if found:
            with self.database.writing() as connection:
                for digest, cover in found:
                    write_cover(connection, digest, cover)
        return sum(not isinstance(cover, str) for _, cover in found)

    def status(self) -> tuple[ProjectionStatus, ...]:
        """Return how far each projection has come, in the order of `names`."""
        end = self.store.next_position()
        with self.database.reading() as connection:
            marks = read_marks(connection)
            return tuple(_status(connection, projection, marks.get(projection.name), end) for projection in PROJECTIONS)

    @staticmethod
    def names() -> tuple[str, ...]:
        """Return the names of the projections."""
        return tuple(BY_NAME)

    def canonical_dump(self, name: str | None = None) -> Digest:
        """Return the digest of a view (None: of all) that must be equal for equal ledgers; covers are in none.

        Raises `ProjectionUnknownError`.
        """
        chosen = DUMPED if name is None else (_named(name),)
        with self.database.reading() as connection:
            return canonical_dump_of(connection, [table for projection in chosen for table in projection.tables])

    def close(self) -> None:
        """Let go of the views' database; calling it again does nothing."""
        self.database.close()

    def _advance(self, end: int) -> int:
        """Let the projections that are furthest behind read one batch, and return up to where all have come then."""
        ledger = self._ledger()
        with self.database.reading() as connection:
            marks = read_marks(connection)
        positions = {projection.name: _position(projection, marks, ledger) for projection in PROJECTIONS}
        start = min(positions.values())
        # All that stand at the same place read the same batch, and it ends where the next of the others stands.
        stop = min([max(end, start), start + BATCH_LIMIT, *(other for other in positions.values() if other > start)])
        if start >= end:
            return start
        batch = self._read(start, stop)
        with self.database.writing() as connection:
            before = read_marks(connection)
            for projection in PROJECTIONS:
                if positions[projection.name] == start and before.get(projection.name) == marks.get(projection.name):
                    if start == 0:
                        self._begin(connection, projection)
                    projection.apply(connection, batch)
                    mark = Mark(next_position=stop, version=projection.version, ledger=ledger)
                    write_mark(connection, projection.name, mark)
            # Asked again: another process may have brought a view further meanwhile, or have begun to rebuild it.
            now = read_marks(connection)
        return min(_position(projection, now, ledger) for projection in PROJECTIONS)

    def _begin(self, connection: Connection, projection: Projection) -> None:
        for table in projection.tables:
            connection.execute(table.delete())
        write_mark(connection, projection.name, Mark(next_position=0, version=projection.version, ledger=self._ledger()))

    def _read(self, start: int, stop: int) -> Batch:
        happenings = []
        while start < stop:
            page = self.store.entries(start, stop - start, until=stop)
            happenings += [happening_of(entry, self.codec) for entry in page]
            start = page[-1].verdict.position + 1
        return Batch(happenings, self.view)

    def _ledger(self) -> Digest:
        genesis = self.store.verdict(0)
        return genesis.identity if genesis else ZERO_DIGEST


def _position(projection: Projection, marks: Mapping[str, Mark], ledger: Digest) -> int:
    """Return where a projection goes on: at the beginning if its rows are of another version or another ledger."""
    mark = marks.get(projection.name)
    if mark is None or mark.version != projection.version or mark.ledger != ledger:
        return 0
    return mark.next_position


def _status(connection: Connection, projection: Projection, mark: Mark | None, end: int) -> ProjectionStatus:
    rows = sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in projection.tables)
    position = mark.next_position if mark else 0
    return ProjectionStatus(
        name=projection.name,
        next_position=position,
        behind=max(0, end - position),
        rows=rows,
        version=projection.version,
    )


def _looked_for(
    source: CoverSource, wanted: Iterable[Row[Any]], proceed: Callable[[], bool], *, elsewhere: bool
) -> Iterator[tuple[bytes, Cover | str]]:
    for row in wanted:
        if not proceed():
            return
        if not elsewhere and not source.is_here(Digest(row.cover)):
            continue
        try:
            yield row.cover, read_cover(source, row)
        except DocumentsUnreachableError:
            # For each further one that is not here nobody would answer as long.
            elsewhere = False


def _named(name: str) -> Projection:
    try:
        return BY_NAME[name]
    except KeyError as error:
        raise ProjectionUnknownError(name, tuple(BY_NAME)) from error
