"""A station's views beside views that an auditor makes afresh: every row that does not follow from the ledger.

The views are only read. Covers are not compared: they are made of documents, which an auditor need not have.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from adapters.audit_findings import FindingCode, Report
from adapters.audit_replay import Replay
from adapters.audit_rows import row_differences
from adapters.audit_store import require_database
from adapters.errors import StoreError
from domain.ids import Digest
from projections.database import Mark, ViewsDatabase, read_marks
from projections.errors import ViewsUnreachableError
from projections.happenings import Projection
from projections.projector import DUMPED, Progress, Projector
from schemas.codec import LedgerCodec


def compare_views(url: str, replay: Replay, fresh: Path, report: Report, progress: Progress | None = None) -> bool:
    """Report every row of the views at a URL that is another one in views made afresh of a replay, in the file `fresh`.

    Tells whether the views could be read.
    """
    try:
        require_database(url)
        given = ViewsDatabase(url)
    except StoreError as error:
        report(FindingCode.VIEWS_UNREADABLE, None, str(error))
        return False
    try:
        wanted = sorted(_by_position(given, replay, report).items())
        with contextlib.closing(_fresh_projector(fresh, replay, wanted[0][0] if wanted else 0)) as projector:
            for position, projections in wanted:
                projector.catch_up(progress, until=position, covers=0)
                for projection in projections:
                    _compare(projection, projector, given, report)
    except ViewsUnreachableError as error:
        report(FindingCode.VIEWS_UNREADABLE, None, str(error))
        return False
    finally:
        given.close()
    return True


def _fresh_projector(file: Path, replay: Replay, least: int) -> Projector:
    """Return a projector into a file that is made anew if it stands beyond the least position that is compared."""
    made = Projector(f"sqlite:///{file}", replay.store, LedgerCodec(), replay.view)
    if any(one.next_position > least for one in made.status()):
        made.close()
        file.unlink()
        made = Projector(f"sqlite:///{file}", replay.store, LedgerCodec(), replay.view)
    return made


def _by_position(given: ViewsDatabase, replay: Replay, report: Report) -> Mapping[int, list[Projection]]:
    """Return which projections stand at which position, those left out that are of another version, ledger or length."""
    found: dict[int, list[Projection]] = defaultdict(list)
    with given.reading() as connection:
        marks = read_marks(connection)
    for projection in DUMPED:
        mark = marks.get(projection.name)
        if mark is None or mark.version != projection.version:
            report(FindingCode.VIEWS_OUTDATED, None, f"{projection.name} is not of version {projection.version}")
        elif problem := _problem(mark, replay.exchange.identity, replay.next_position):
            report(FindingCode.VIEWS_DIFFER, None, f"{projection.name} {problem}")
        else:
            found[mark.next_position].append(projection)
    return found


def _problem(mark: Mark, identity: Digest, end: int) -> str | None:
    if mark.ledger != identity:
        return "is of another ledger"
    if type(mark.next_position) is not int:
        # SQLite keeps whatever somebody writes into a column.
        return "stands at no position"
    return f"stands at position {mark.next_position}, and the ledger ends at {end}" if mark.next_position > end else None


def _compare(projection: Projection, fresh: Projector, given: ViewsDatabase, report: Report) -> None:
    with fresh.database.reading() as right, given.reading() as connection:
        for table in projection.tables:
            for found in row_differences(table, right, connection):
                report(FindingCode.VIEWS_DIFFER, found.position, found.text)
