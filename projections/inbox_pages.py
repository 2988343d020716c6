"""Reading the inbox: pages of letters received, newest first, and the fates of one letter's recipients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from domain.consignments import ConsignmentState
from domain.events_office import ConsignmentFetched
from domain.ids import LetterId, OrgId
from domain.letters import ACTION
from domain.reasons import Reason
from projections.archive import EVENTS
from projections.contested import Contests, contests_among
from projections.covers import AWAITED, COVERS, UNREADABLE
from projections.errors import CursorError
from projections.filters import Filters, PageWanted, in_region, letter_conditions, numbered, position_cursor
from projections.handling import CLOSINGS
from projections.inbox import CONSIGNMENTS, OUTSIDE
from projections.letters import LETTERS
from projections.moved_terms import ACKNOWLEDGE_DUE, LATE, REPLY_DUE, with_moved
from projections.outside import OUTSIDE_LETTERS
from projections.outside_pages import outside_letters_of, outside_marks, searched_text
from projections.word_search import Searched, first_rows

_C: Final = CONSIGNMENTS.c
_L: Final = LETTERS.c
_FETCHED: Final = (
    select(EVENTS.c.position)
    .where((EVENTS.c.letter == _C.letter) & (EVENTS.c.recipient == _C.recipient))
    # Plus nothing: older views have an index of reasons, in which SQLite would go through all accepted events for each line.
    .where((EVENTS.c.type == ConsignmentFetched.TYPE) & (EVENTS.c.reason + 0 == int(Reason.ACCEPTED)))
    .exists()
)
_OUTSIDE: Final = _C.recipient.in_(select(OUTSIDE.c.organisation))
_ANSWERABLE: Final = (ConsignmentState.OPEN, ConsignmentState.ACKNOWLEDGED)
_UNFINISHED: Final = (*_ANSWERABLE, ConsignmentState.RECALL_ASKED)


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxLine:
    """A letter and one of its recipients. `marks` are codes; `number` is the recipient's own, `their_number` the sender's.

    `acknowledge_by` and `reply_by` are the signed instants, the two `due` those that outages moved them to. A letter from outside
    has no `sender` but a `written_by`, in the words of its cover; it arrived when the clerk says so.
    """

    letter: LetterId
    recipient: OrgId
    position: int
    arrived_at: int
    sender: OrgId | None
    written_by: str | None
    number: str | None
    their_number: str | None
    subject: str | None
    state: ConsignmentState
    capacity: str
    acknowledge_by: int | None
    reply_by: int | None
    acknowledge_due: int | None
    reply_due: int | None
    received_at: int | None
    refusal_reason: str | None
    marks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxPage:
    """Lines of an inbox, and the cursor with which it goes on (None: it ends here)."""

    lines: tuple[InboxLine, ...]
    after: str | None


def letters_to(connection: Connection, recipient: OrgId) -> tuple[tuple[LetterId, int], ...]:
    """Return every letter that was addressed to a recipient, with its position, in ledger order."""
    # What came by a transfer was addressed to another: it stands where it was passed on.
    addressed = (_L.letter == _C.letter) & (_L.position == _C.position)
    chosen = select(_C.letter, _C.position).join(LETTERS, addressed).where(_C.recipient == recipient).order_by(_C.position)
    return tuple((LetterId(row.letter), row.position) for row in connection.execute(chosen))


def letters_passed_on_to(connection: Connection, recipient: OrgId) -> int:
    """Return how many letters came to a recipient by a transfer, and were addressed to others."""
    passed_on = (_L.letter == _C.letter) & (_L.position != _C.position)
    chosen = select(func.count()).select_from(CONSIGNMENTS.join(LETTERS, passed_on)).where(_C.recipient == recipient)
    return connection.execute(chosen).scalar_one()


def inbox_page(connection: Connection, recipients: Sequence[OrgId], filters: Filters, page: PageWanted, *, now: int) -> InboxPage:
    """Return letters that went to any of the recipients, newest first; terms are over at `now`, the region is the senders'.

    Letters from outside stand among them, where they were entered. Raises `CursorError` if the page begins after something that
    is no line.
    """
    conditions = [_C.recipient.in_(recipients), *letter_conditions(filters), *_conditions(filters)]
    if filters.region is not None:
        conditions.append(_C.sender.in_(in_region(filters.region)))
    if page.after is not None:
        conditions.append(_after(page.after, _C.position, _C.recipient))
    chosen = _LINES.where(and_(*conditions)).order_by(_C.position.desc(), _C.recipient)
    searched = Searched(key=(_C.letter, _C.recipient), text=COVERS.c.subject, organisation=_C.sender)
    rows = first_rows(connection, chosen, filters.words, page.limit + 1, searched)
    found = (*_lines_of(connection, rows, now), *_entered(connection, recipients, filters, page))
    lines = sorted(found, key=lambda line: (-line.position, line.recipient))
    last = lines[page.limit - 1] if len(lines) > page.limit else None
    return InboxPage(lines=tuple(lines[: page.limit]), after=f"{last.position}/{last.recipient}" if last else None)


def recipients_page(connection: Connection, letter: LetterId, filters: Filters, page: PageWanted, *, now: int) -> InboxPage:
    """Return where a letter stands with its recipients (the region and the words are theirs), by id; the cursor is such an id."""
    conditions = [_C.letter == letter, *_conditions(filters)]
    if filters.region is not None:
        conditions.append(_C.recipient.in_(in_region(filters.region)))
    if page.after is not None:
        conditions.append(_C.recipient > page.after)
    chosen = _LINES.where(and_(*conditions)).order_by(_C.recipient)
    searched = Searched(key=(_C.recipient,), organisation=_C.recipient)
    rows = first_rows(connection, chosen, filters.words, page.limit + 1, searched)
    lines = _lines_of(connection, rows[: page.limit], now)
    return InboxPage(lines=lines, after=lines[-1].recipient if len(rows) > page.limit else None)


_LINES: Final = with_moved(
    select(
        CONSIGNMENTS,
        _L.printed.label("their_number"),
        _L.recalled_position,
        _L.superseded_position,
        COVERS.c.subject,
        COVERS.c.state.label("cover_state"),
        _OUTSIDE.label("outside"),
        _FETCHED.label("fetched"),
        ACKNOWLEDGE_DUE.label("acknowledge_due"),
        REPLY_DUE.label("reply_due"),
        LATE.label("came_late"),
        CLOSINGS.c.position.label("closed_position"),
    )
    .select_from(CONSIGNMENTS)
    .outerjoin(CLOSINGS, (CLOSINGS.c.letter == _C.letter) & (CLOSINGS.c.recipient == _C.recipient))
    .join(LETTERS, _L.letter == _C.letter)
    .outerjoin(COVERS, COVERS.c.cover == _L.cover)
)


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions on one recipient's fate."""
    conditions: list[ColumnElement[bool]] = []
    if filters.states:
        conditions.append(_C.state.in_([state.value for state in filters.states]))
    if filters.recipient is not None:
        conditions.append(_C.recipient == filters.recipient)
    if filters.unfinished:
        conditions += [_C.state.in_([state.value for state in _UNFINISHED]), CLOSINGS.c.position.is_(None)]
    if filters.overdue_at is not None:
        conditions.append(_overdue(filters.overdue_at))
    if filters.number is not None:
        conditions.append(numbered(filters.number, (_C.printed, _L.printed), (_C.serial, _L.serial)))
    return conditions


def _overdue(now: int) -> ColumnElement[bool]:
    """Somebody in the exchange owes something whose time has passed: an acknowledgement, or an answer, unless he closed it."""
    unanswered = _C.answered_with.is_(None) & CLOSINGS.c.position.is_(None)
    return (
        (_C.capacity == ACTION)
        & ~_OUTSIDE
        & or_(
            (_C.state == ConsignmentState.OPEN.value) & (now > ACKNOWLEDGE_DUE),
            _C.state.in_([state.value for state in _ANSWERABLE]) & (now > REPLY_DUE) & unanswered,
        )
    )


def _after(cursor: str, position: ColumnElement[Any], recipient: ColumnElement[Any]) -> ColumnElement[bool]:
    last_position, _, last_recipient = cursor.partition("/")
    if not last_recipient:
        raise CursorError(cursor)
    at = position_cursor(last_position)
    return (position <= at) & or_(position < at, recipient > last_recipient)


def _entered(connection: Connection, recipients: Sequence[OrgId], filters: Filters, page: PageWanted) -> tuple[InboxLine, ...]:
    """Return as many letters from outside as a page has lines, and one more."""
    chosen = outside_letters_of(recipients, filters)
    if chosen is None or filters.region is not None:
        return ()
    if page.after is not None:
        chosen = chosen.where(_after(page.after, OUTSIDE_LETTERS.c.position, OUTSIDE_LETTERS.c.organisation))
    searched = Searched(key=(OUTSIDE_LETTERS.c.letter,), text=searched_text())
    rows = first_rows(connection, chosen, filters.words, page.limit + 1, searched)
    contests = contests_among(connection, (row.position for row in rows))
    return tuple(_outside_line(row, contests) for row in rows)


def _lines_of(connection: Connection, rows: Sequence[Any], now: int) -> tuple[InboxLine, ...]:
    contests = contests_among(connection, (p for row in rows for p in (row.position, row.received_position)))
    return tuple(_line(row, contests, now) for row in rows)


def _line(row: Any, contests: Contests, now: int) -> InboxLine:
    return InboxLine(
        letter=LetterId(row.letter),
        recipient=OrgId(row.recipient),
        position=row.position,
        arrived_at=row.at,
        sender=OrgId(row.sender),
        written_by=None,
        number=row.printed,
        their_number=row.their_number,
        subject=row.subject,
        state=ConsignmentState(row.state),
        capacity=row.capacity,
        acknowledge_by=row.acknowledge_by,
        reply_by=row.reply_by,
        acknowledge_due=row.acknowledge_due,
        reply_due=row.reply_due,
        received_at=row.received_at,
        refusal_reason=row.refusal_reason,
        marks=_marks(row, contests, now),
    )


def _outside_line(row: Any, contests: Contests) -> InboxLine:
    return InboxLine(
        letter=LetterId(row.letter),
        recipient=OrgId(row.organisation),
        position=row.position,
        arrived_at=row.arrived_at,
        sender=None,
        written_by=row.written_by,
        number=row.printed,
        their_number=row.their_number,
        subject=row.subject,
        state=ConsignmentState.ACKNOWLEDGED,
        capacity=ACTION,
        acknowledge_by=None,
        reply_by=None,
        acknowledge_due=None,
        reply_due=None,
        received_at=row.at,
        refusal_reason=None,
        marks=outside_marks(row, contests),
    )


def _marks(row: Any, contests: Contests, now: int) -> tuple[str, ...]:
    told = {
        "fetched": bool(row.fetched),
        "opened": row.opened_position is not None,
        "missed": row.missed_position is not None,
        "late": bool(row.came_late),
        "moved": (row.acknowledge_due, row.reply_due) != (row.acknowledge_by, row.reply_by),
        "overdue": _is_overdue(row, now),
        "answered": row.answered_with is not None,
        "finished": row.closed_position is not None,
        "recalled": row.recalled_position is not None and row.state != ConsignmentState.RECALLED,
        "superseded": row.superseded_position is not None,
        "contested": not contests.contested.isdisjoint({row.position, row.received_position}),
        "repudiated": not contests.repudiated.isdisjoint({row.position, row.received_position}),
        "outside": bool(row.outside),
        "document_awaited": row.cover_state == AWAITED,
        "cover_unreadable": row.cover_state == UNREADABLE,
    }
    return tuple(mark for mark, holds in told.items() if holds)


def _is_overdue(row: Any, now: int) -> bool:
    """Tell of a row what the filter asks."""
    if row.capacity != ACTION or row.outside:
        return False
    acknowledgement = row.state == ConsignmentState.OPEN and row.acknowledge_due is not None and row.acknowledge_due < now
    unanswered = row.state in _ANSWERABLE and row.answered_with is None and row.closed_position is None
    answer = unanswered and row.reply_due is not None and row.reply_due < now
    return bool(acknowledgement or answer)
