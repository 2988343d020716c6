"""Due times with outages counted: what a statement over consignments compares with, and what was declared and adopted.

A statement uses `ACKNOWLEDGE_DUE`, `REPLY_DUE` and `LATE` after it has joined `MOVED` by `with_moved`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, select

from domain.calendars import Calendar, calendar_key
from domain.consignments import ConsignmentState
from domain.ids import Digest, OfficerId, OrgId
from domain.letters import ACTION
from projections.calendars import CALENDARS, MOVED, OUTAGES
from projections.inbox import CONSIGNMENTS
from projections.inbox import OUTSIDE as NOT_CONNECTED

_C: Final = CONSIGNMENTS.c
_M: Final = MOVED.c
_HERE: Final = (_M.letter == _C.letter) & (_M.recipient == _C.recipient)
ACKNOWLEDGE_DUE: Final[ColumnElement[Any]] = func.coalesce(_M.acknowledge_due, _C.acknowledge_by)
"""The instant that the recipient's acknowledgement is compared with, null without a term."""
REPLY_DUE: Final[ColumnElement[Any]] = func.coalesce(_M.reply_due, _C.reply_by)
"""The same for his reply."""
LATE: Final[ColumnElement[bool]] = and_(_C.late == 1, _M.acknowledge_due.is_(None) | (_C.received_at > _M.acknowledge_due))
"""Whether a receipt came after the instant that it is compared with (the column `late` tells of the signed one)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MovedLetter:
    """What outages moved of a letter: the latest due times of any recipient, the first of a silent one, receipts excused.

    None: nothing was moved. `first_silent` is the earliest instant at which a connected recipient, asked to act, who has not
    decided, owes it; `excused` counts receipts that are late by the signed time only.
    """

    acknowledge_due: int | None
    reply_due: int | None
    first_silent: int | None
    excused: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptedCalendar:
    """A version of a working calendar; `of` is what it says."""

    of: Calendar
    position: int
    at: int
    officer: OfficerId


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredOutage:
    """An outage as it was declared; both of `organisations` and `regions` empty: it touches everybody."""

    position: int
    at: int
    officer: OfficerId
    from_at: int
    until_at: int
    organisations: tuple[OrgId, ...]
    regions: tuple[str, ...]
    reason: str
    cover: Digest | None


def with_moved(chosen: Select[Any]) -> Select[Any]:
    """Join what outages moved to a statement over consignments."""
    return chosen.outerjoin(MOVED, _HERE)


def moved_letters(connection: Connection, letters: Sequence[bytes]) -> dict[bytes, MovedLetter]:
    """Return what outages moved of letters, without those of which they moved nothing."""
    if not letters or connection.execute(select(MOVED.c.letter).limit(1)).first() is None:
        return {}
    silent = (_C.state == ConsignmentState.OPEN.value) & (_C.capacity == ACTION)
    connected = _C.recipient.not_in(select(NOT_CONNECTED.c.organisation))
    counted = with_moved(
        select(
            _C.letter,
            func.max(_M.acknowledge_due).label("acknowledge_due"),
            func.max(_M.reply_due).label("reply_due"),
            func.min(case((silent & connected, ACKNOWLEDGE_DUE))).label("first_silent"),
            func.sum(case(((_C.late == 1) & ~LATE, 1), else_=0)).label("excused"),
        ).select_from(CONSIGNMENTS)
    ).where(_C.letter.in_(letters) & _C.letter.in_(select(MOVED.c.letter)))
    return {
        bytes(row.letter): MovedLetter(
            acknowledge_due=row.acknowledge_due, reply_due=row.reply_due, first_silent=row.first_silent, excused=int(row.excused)
        )
        for row in connection.execute(counted.group_by(_C.letter))
    }


def moved_at_most(connection: Connection) -> int:
    """Return by how many milliseconds all outages together can have moved a due time."""
    spans = connection.execute(select(func.coalesce(func.sum(OUTAGES.c.until_at - OUTAGES.c.from_at), 0)))
    return int(spans.scalar_one())


def adopted_calendars(
    connection: Connection, *, country: str | None = None, year: int | None = None, before: int | None = None
) -> tuple[AdoptedCalendar, ...]:
    """Return versions of calendars, by country, year and version; `before` a position, if given."""
    column = CALENDARS.c
    chosen = select(CALENDARS).order_by(column.country, column.year, column.version)
    for condition in (
        None if country is None else column.country == country,
        None if year is None else column.year == year,
        None if before is None else column.position < before,
    ):
        if condition is not None:
            chosen = chosen.where(condition)
    return tuple(_adopted(row) for row in connection.execute(chosen))


def calendar_at(connection: Connection, country: str | None, year: int, *, before: int) -> Calendar | None:
    """Return the calendar of a year in the version in force before a position; `country` None: the only one that has any.

    None where there is none, or where several countries have one and none of them was named.
    """
    found = adopted_calendars(connection, country=country, year=year, before=before)
    return found[-1].of if len({one.of.country for one in found}) == 1 else None


def declared_outages(connection: Connection) -> tuple[DeclaredOutage, ...]:
    """Return every outage that was declared, the newest first."""
    rows = connection.execute(select(OUTAGES).order_by(OUTAGES.c.position.desc()))
    return tuple(
        DeclaredOutage(
            position=row.position,
            at=row.at,
            officer=OfficerId(row.officer),
            from_at=row.from_at,
            until_at=row.until_at,
            organisations=tuple(OrgId(one) for one in row.organisations.split()),
            regions=tuple(row.regions.split()),
            reason=row.reason,
            cover=None if row.cover is None else Digest(row.cover),
        )
        for row in rows
    )


def _adopted(row: Any) -> AdoptedCalendar:
    return AdoptedCalendar(
        of=Calendar(
            id=calendar_key(row.country, row.year),
            version=row.version,
            country=row.country,
            year=row.year,
            last_version=row.version,
            rest_weekdays=_numbers(row.rest_weekdays),
            holidays=_numbers(row.holidays),
            working_days=_numbers(row.working_days),
        ),
        position=row.position,
        at=row.at,
        officer=OfficerId(row.officer),
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split()))
