"""Reading the archive: every position in the order of the ledger, with its verdict and what is said there about what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from domain.ids import Digest, LetterId, OfficerId, OrgId
from domain.ledger_time import JUMP_LIMIT_MS
from domain.reasons import Reason, reason_of
from projections.archive import EVENTS
from projections.contested import Contests, contests_among
from projections.filters import PageWanted, position_cursor

_E: Final = EVENTS.c
ALARMS_LIMIT: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryFilters:
    """What events have in common; None: anything. Positions are inclusive."""

    letter: LetterId | None = None
    organisation: OrgId | None = None
    officer: OfficerId | None = None
    first: int | None = None
    last: int | None = None
    rejected: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryLine:
    """A position: its verdict and, if the event is authentic, who said what about what."""

    position: int
    at: int
    reason: Reason
    because: int | None
    detail: str
    size_bytes: int
    record_hash: Digest
    identity: Digest
    type: str | None
    organisation: OrgId | None
    officer: OfficerId | None
    signed_at: int | None
    letter: LetterId | None
    recipient: OrgId | None
    about_organisation: OrgId | None
    about_officer: OfficerId | None
    contested: bool
    repudiated: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryPage:
    """Lines of the history, and the cursor with which it goes on (None: it ends here)."""

    lines: tuple[HistoryLine, ...]
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeJump:
    """A position whose time lies more than ten minutes before that of the one before it: a clock was wrong."""

    position: int
    at: int
    previous_at: int


def history_page(connection: Connection, filters: HistoryFilters, page: PageWanted) -> HistoryPage:
    """Return positions in the order of the ledger; raise `CursorError` if the page begins after something that is no line."""
    conditions = _conditions(filters)
    if page.after is not None:
        conditions.append(_E.position > position_cursor(page.after))
    chosen = select(EVENTS).where(and_(True, *conditions)).order_by(_E.position).limit(page.limit + 1)
    rows = connection.execute(chosen).all()
    shown = rows[: page.limit]
    contests = contests_among(connection, (row.position for row in shown))
    lines = tuple(_line(row, contests) for row in shown)
    return HistoryPage(lines=lines, after=str(lines[-1].position) if len(rows) > page.limit else None)


def time_jumps(connection: Connection) -> tuple[TimeJump, ...]:
    """Return where ledger time went back, the newest first."""
    before = EVENTS.alias("before")
    chosen = (
        select(_E.position, _E.at, before.c.at.label("previous_at"))
        .join(before, before.c.position == _E.position - 1)
        .where(_E.at < before.c.at - JUMP_LIMIT_MS)
        .order_by(_E.position.desc())
        .limit(ALARMS_LIMIT)
    )
    return tuple(TimeJump(position=row.position, at=row.at, previous_at=row.previous_at) for row in connection.execute(chosen))


def _conditions(filters: HistoryFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.letter is not None:
        conditions.append(_E.letter == filters.letter)
    if filters.organisation is not None:
        who = filters.organisation
        conditions.append(or_(_E.organisation == who, _E.about_organisation == who, _E.recipient == who))
    if filters.officer is not None:
        conditions.append(or_(_E.officer == filters.officer, _E.about_officer == filters.officer))
    if filters.first is not None:
        conditions.append(_E.position >= filters.first)
    if filters.last is not None:
        conditions.append(_E.position <= filters.last)
    if filters.rejected:
        conditions.append(_E.reason != int(Reason.ACCEPTED))
    return conditions


def _line(row: Any, contests: Contests) -> HistoryLine:
    return HistoryLine(
        position=row.position,
        at=row.at,
        reason=reason_of(row.reason),
        because=row.because,
        detail=row.detail,
        size_bytes=row.size_bytes,
        record_hash=Digest(row.record_hash),
        identity=Digest(row.identity),
        type=row.type,
        organisation=row.organisation,
        officer=row.officer,
        signed_at=row.signed_at,
        letter=None if row.letter is None else LetterId(row.letter),
        recipient=row.recipient,
        about_organisation=row.about_organisation,
        about_officer=row.about_officer,
        contested=row.position in contests.contested,
        repudiated=row.position in contests.repudiated,
    )
