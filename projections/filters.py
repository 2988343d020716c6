"""What lists of letters are narrowed by, and how they go on: by the position of the last line, never by counting lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, or_, select

from domain.consignments import ConsignmentState
from domain.ids import OrgId
from projections.directory_tables import ORGANISATIONS, REGIONS
from projections.errors import CursorError
from projections.letters import LETTERS

SUCCESSIONS_LIMIT: Final = 1_000
"""An organisation that took over more than these would be a whole country's; the bound keeps a statement readable."""
_SERIAL_DIGITS: Final = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Filters:
    """What the lines of a list have in common; None or empty: anything. Times are ledger time in milliseconds, inclusive.

    `overdue_at` is the time at which a term must have passed, `region` that of the correspondents.
    `unfinished`: only what its recipient has not closed, refused, passed on or given back.
    `words` must all occur in the subject or the names of one correspondent, in whatever script (`projections.word_search`).
    """

    states: tuple[ConsignmentState, ...] = ()
    overdue_at: int | None = None
    sender: OrgId | None = None
    recipient: OrgId | None = None
    region: str | None = None
    since: int | None = None
    until: int | None = None
    case_index: str | None = None
    number: str | None = None
    unfinished: bool = False
    words: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PageWanted:
    """At most `limit` lines, after the line that a cursor names (None: from the beginning)."""

    limit: int
    after: str | None = None


def letter_conditions(filters: Filters, column: Any = LETTERS.c) -> list[ColumnElement[bool]]:
    """Return the conditions on the letter itself, by the columns of its table: sender, time and case."""
    conditions = []
    if filters.sender is not None:
        conditions.append(column.sender == filters.sender)
    if filters.since is not None:
        conditions.append(column.at >= filters.since)
    if filters.until is not None:
        conditions.append(column.at <= filters.until)
    if filters.case_index is not None:
        conditions.append(column.case_index == filters.case_index)
    return conditions


def numbered(number: str, printed: Sequence[ColumnElement[Any]], serials: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    """Return the condition that a registration number is printed so, or has this serial."""
    conditions = [column == number for column in printed]
    if number.isascii() and number.isdigit() and len(number) <= _SERIAL_DIGITS:
        conditions += [column == int(number) for column in serials]
    return or_(*conditions)


def in_region(region: str) -> Any:
    """Return the organisations of a region, to be used after IN."""
    return select(REGIONS.c.organisation).where(REGIONS.c.region == region)


def acted_for(connection: Connection, organisation: OrgId) -> tuple[OrgId, ...]:
    """Return for whom an organisation's officers act: itself, and every closed one that it succeeded, directly or not."""
    found, pending = [organisation], [organisation]
    while pending and len(found) < SUCCESSIONS_LIMIT:
        closed = (ORGANISATIONS.c.successor == pending.pop()) & ORGANISATIONS.c.closed_position.is_not(None)
        before = connection.execute(select(ORGANISATIONS.c.organisation).where(closed).order_by("organisation")).scalars()
        new = [OrgId(one) for one in before if one not in found]
        found += new
        pending += new
    return tuple(found)


def position_cursor(after: str) -> int:
    """Return the position that a cursor names; raise `CursorError` if it names none."""
    if not (after.isascii() and after.isdigit() and len(after) <= _SERIAL_DIGITS):
        raise CursorError(after)
    return int(after)
