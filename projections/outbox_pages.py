"""Reading the outbox: pages of letters sent, newest first, each with its recipients counted; and who is silent, by region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, union

from domain.consignments import COUNTED_STATES, ConsignmentState
from domain.ids import LetterId, OrgId
from domain.letters import ACTION, INFORMATION
from projections.contested import Contests, contests_among
from projections.covers import AWAITED, COVERS, UNREADABLE
from projections.directory_tables import REGIONS
from projections.filters import Filters, PageWanted, in_region, letter_conditions, numbered, position_cursor
from projections.handling import CLOSINGS
from projections.inbox import CONSIGNMENTS, OUTSIDE
from projections.letters import LETTERS
from projections.moved_terms import ACKNOWLEDGE_DUE, REPLY_DUE, MovedLetter, moved_letters, with_moved
from projections.outbox import SENT, count_name
from projections.outside_queries import letters_to_deliver
from projections.word_search import Searched, first_rows

_C: Final = CONSIGNMENTS.c
_L: Final = LETTERS.c
_S: Final = SENT.c
_SILENT: Final = (_C.state == ConsignmentState.OPEN.value) & (_C.capacity == ACTION)
_CONNECTED: Final = _C.recipient.not_in(select(OUTSIDE.c.organisation))
TO_BE_DELIVERED: Final = "to_deliver"
"""The mark of a letter of which nobody said yet that some recipient outside got it."""
_ANSWERABLE: Final = (ConsignmentState.OPEN.value, ConsignmentState.ACKNOWLEDGED.value)
_OPEN_ACTION: Final = _S[count_name(ACTION, ConsignmentState.OPEN)]


@dataclass(frozen=True, kw_only=True, slots=True)
class SentLine:
    """A letter with its recipients counted by state. `silent` are the connected ones who were asked to act and have not decided.

    `only_recipient` is named if there is one alone; `marks` are codes. `acknowledge_by` and `reply_by` are the signed instants,
    the two `due` the latest to which outages moved them for any recipient. A letter from outside has no `sender` but a
    `written_by`, in the words of its cover; its number is the incoming one.
    """

    letter: LetterId
    position: int
    at: int
    sender: OrgId | None
    written_by: str | None
    number: str
    mark: str
    subject: str | None
    case_index: str | None
    only_recipient: OrgId | None
    recipients: int
    by_state: Mapping[str, int]
    silent: int
    late: int
    answered: int
    acknowledge_by: int | None
    reply_by: int | None
    acknowledge_due: int | None
    reply_due: int | None
    marks: tuple[str, ...]

    @property
    def acknowledged(self) -> int:
        """How many have acknowledged, those included of whom the letter is asked back."""
        return self.by_state[ConsignmentState.ACKNOWLEDGED.value] + self.by_state[ConsignmentState.RECALL_ASKED.value]


@dataclass(frozen=True, kw_only=True, slots=True)
class SentPage:
    """Lines of a list of letters, and the cursor with which it goes on (None: it ends here)."""

    lines: tuple[SentLine, ...]
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SilentRegion:
    """How many of a letter's recipients in a region ("": in none) are silent, and who, as far as was asked for."""

    region: str
    count: int
    organisations: tuple[OrgId, ...]


def sent_by(senders: Sequence[OrgId]) -> ColumnElement[bool]:
    """Return the scope of an outbox: letters of any of these senders."""
    return _L.sender.in_(senders)


def concerning(organisations: Sequence[OrgId]) -> ColumnElement[bool]:
    """Return the scope of everything that concerns organisations: letters that any of them sent or received."""
    sent = select(_L.position).where(_L.sender.in_(organisations))
    received = select(_C.position).where(_C.recipient.in_(organisations))
    return _L.position.in_(union(sent, received))


def somebody_is_silent() -> ColumnElement[bool]:
    """Return the condition on a letter that a connected recipient who was asked to act has not decided."""
    return _went_to(_SILENT & _CONNECTED)


def a_silent_one_has_time(until: int) -> ColumnElement[bool]:
    """Return the condition on a letter that outages leave a connected recipient who is silent time until then or later."""
    return _went_to(_SILENT & _CONNECTED & (until <= ACKNOWLEDGE_DUE))


def sent_page(
    connection: Connection,
    scope: ColumnElement[bool] | None,
    filters: Filters,
    page: PageWanted,
    *,
    now: int,
    senders_names: bool = False,
) -> SentPage:
    """Return letters of a scope (None: all), newest first; terms are over at `now`.

    Words are looked for in the subject and the names of every recipient, with `senders_names` also in those of the sender.
    Raises `CursorError` if the page begins after something that is no line.
    """
    conditions = [*letter_conditions(filters), *_conditions(filters)]
    if scope is not None:
        conditions.append(scope)
    if page.after is not None:
        conditions.append(_L.position < position_cursor(page.after))
    chosen = _LINES.where(and_(True, *conditions)).order_by(_L.position.desc())
    sender = _L.sender if senders_names else None
    searched = Searched(key=(_L.position,), text=COVERS.c.subject, organisation=sender, letter=_L.letter)
    rows = first_rows(connection, chosen, filters.words, page.limit + 1, searched)
    lines = _lines_of(connection, rows[: page.limit], now)
    return SentPage(lines=lines, after=str(lines[-1].position) if len(rows) > page.limit else None)


def sent_line(connection: Connection, letter: LetterId, *, now: int) -> SentLine | None:
    """Return the line of one letter, None if these views do not have it."""
    rows = connection.execute(_LINES.where(_L.letter == letter)).all()
    return _lines_of(connection, rows, now)[0] if rows else None


def silent_by_region(connection: Connection, letter: LetterId, limit: int) -> tuple[SilentRegion, ...]:
    """Return who is silent about a letter, by region (an organisation of several is told in its first); `limit` are named."""
    region = func.coalesce(
        select(func.min(REGIONS.c.region)).where(REGIONS.c.organisation == _C.recipient).scalar_subquery(), ""
    ).label("region")
    silent = select(_C.recipient, region).where((_C.letter == letter) & _SILENT & _CONNECTED).subquery()
    counted = select(silent.c.region, func.count()).group_by(silent.c.region).order_by(silent.c.region)
    named = select(silent).order_by(silent.c.region, silent.c.recipient).limit(limit)
    names: dict[str, list[OrgId]] = {}
    for row in connection.execute(named):
        names.setdefault(row.region, []).append(OrgId(row.recipient))
    return tuple(
        SilentRegion(region=row[0], count=row[1], organisations=tuple(names.get(row[0], ())))
        for row in connection.execute(counted)
    )


_LINES: Final = (
    select(LETTERS, SENT, COVERS.c.subject, COVERS.c.state.label("cover_state"))
    .select_from(LETTERS)
    .join(SENT, _S.letter == _L.letter)
    .outerjoin(COVERS, COVERS.c.cover == _L.cover)
)


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Return the conditions on what became of a letter: on some recipient of it, or on its counts."""
    conditions: list[ColumnElement[bool]] = []
    if filters.states:
        counts = [_S[count_name(c, state)] for c in (ACTION, INFORMATION) for state in filters.states]
        conditions.append(or_(*(count > 0 for count in counts)))
    if filters.overdue_at is not None:
        conditions.append(_overdue(filters.overdue_at))
    if filters.recipient is not None:
        conditions.append(_went_to(_C.recipient == filters.recipient))
    if filters.region is not None:
        conditions.append(_went_to(_C.recipient.in_(in_region(filters.region))))
    if filters.number is not None:
        conditions.append(numbered(filters.number, (_L.printed,), (_L.serial,)))
    return conditions


def _overdue(now: int) -> ColumnElement[bool]:
    """Some recipient in the exchange owes something whose time has passed: an acknowledgement, or an answer."""
    kept = _OPEN_ACTION + _S[count_name(ACTION, ConsignmentState.ACKNOWLEDGED)]
    owes_receipt = _SILENT & _CONNECTED & (now > ACKNOWLEDGE_DUE)
    closed = select(CLOSINGS.c.position).where((CLOSINGS.c.letter == _C.letter) & (CLOSINGS.c.recipient == _C.recipient)).exists()
    owes_answer = (_C.capacity == ACTION) & _C.answered_with.is_(None) & (now > REPLY_DUE) & ~closed
    return or_(
        (_L.acknowledge_by < now) & (_OPEN_ACTION > 0) & _went_to(owes_receipt),
        (_L.reply_by < now) & (_S.answered < kept) & _went_to(owes_answer & _CONNECTED & _C.state.in_(_ANSWERABLE)),
    )


def _went_to(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return with_moved(select(_C.letter).select_from(CONSIGNMENTS)).where((_C.letter == _L.letter) & condition).exists()


def _lines_of(connection: Connection, rows: Sequence[Any], now: int) -> tuple[SentLine, ...]:
    contests = contests_among(connection, (row.position for row in rows))
    letters = [row.letter for row in rows]
    outside, moved = _open_outside(connection, letters), moved_letters(connection, letters)
    lines = (
        _line(row, contests, outside.get(bytes(row.letter), 0), moved.get(bytes(row.letter), _NOT_MOVED), now) for row in rows
    )
    undelivered = letters_to_deliver(connection, letters)
    return tuple(replace(one, marks=(*one.marks, TO_BE_DELIVERED)) if one.letter in undelivered else one for one in lines)


def _open_outside(connection: Connection, letters: Sequence[bytes]) -> dict[bytes, int]:
    """Return how many open recipients of each letter are outside the exchange: they are never counted silent."""
    if not letters or connection.execute(select(OUTSIDE).limit(1)).first() is None:
        return {}
    counted = (
        select(_C.letter, func.count())
        .join(OUTSIDE, OUTSIDE.c.organisation == _C.recipient)
        .where(_C.letter.in_(letters) & _SILENT)
        .group_by(_C.letter)
    )
    return {bytes(row[0]): row[1] for row in connection.execute(counted)}


_NOT_MOVED: Final = MovedLetter(acknowledge_due=None, reply_due=None, first_silent=None, excused=0)


def _line(row: Any, contests: Contests, outside: int, moved: MovedLetter, now: int) -> SentLine:
    counts = row._mapping  # noqa: SLF001 - the public way to a column whose name is a value
    by_state = {
        state.value: counts[_S[count_name(ACTION, state)]] + counts[_S[count_name(INFORMATION, state)]]
        for state in COUNTED_STATES
    }
    silent = counts[_OPEN_ACTION] - outside
    return SentLine(
        letter=LetterId(counts[_L.letter]),
        position=counts[_L.position],
        at=row.at,
        sender=OrgId(counts[_L.sender]),
        written_by=None,
        number=row.printed,
        mark=row.mark,
        subject=row.subject,
        case_index=row.case_index,
        only_recipient=None if row.only_recipient is None else OrgId(row.only_recipient),
        recipients=sum(by_state.values()),
        by_state=by_state,
        silent=silent,
        late=row.late - moved.excused,
        answered=row.answered,
        acknowledge_by=counts[_L.acknowledge_by],
        reply_by=row.reply_by,
        acknowledge_due=_later(counts[_L.acknowledge_by], moved.acknowledge_due),
        reply_due=_later(row.reply_by, moved.reply_due),
        marks=_marks(row, contests, silent, moved, now),
    )


def _later(signed: int | None, moved: int | None) -> int | None:
    return signed if signed is None or moved is None else max(signed, moved)


def _marks(row: Any, contests: Contests, silent: int, moved: MovedLetter, now: int) -> tuple[str, ...]:
    counts = row._mapping  # noqa: SLF001 - as above
    due = counts[_L.acknowledge_by] if moved.first_silent is None else moved.first_silent
    told = {
        "recalled": row.recalled_position is not None,
        "superseded": row.superseded_position is not None,
        "missed": row.missed_position is not None,
        "moved": moved is not _NOT_MOVED,
        "overdue": due is not None and due < now and silent > 0,
        "contested": counts[_L.position] in contests.contested,
        "repudiated": counts[_L.position] in contests.repudiated,
        "document_awaited": row.cover_state == AWAITED,
        "cover_unreadable": row.cover_state == UNREADABLE,
    }
    return tuple(mark for mark, holds in told.items() if holds)
