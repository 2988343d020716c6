"""Reading letters from outside: what each of them is, and those that stand in an inbox among the letters of the exchange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, true

from domain.consignments import ConsignmentState
from domain.ids import Digest, LetterId, OfficerId, OrgId
from domain.outside import CORRESPONDENT, ORIGINAL, THEIR_NUMBER
from projections.contested import Contests
from projections.covers import AWAITED, COVERS, TEXTS, UNREADABLE
from projections.filters import Filters, letter_conditions, numbered
from projections.handling import CLOSINGS
from projections.letters import ANSWERS, HERE, REFERENCES
from projections.outside import OUTSIDE_LETTERS

FROM_OUTSIDE: Final = "from_outside"
"""The mark of a letter whose sender's signature is not in the system."""
_P: Final = OUTSIDE_LETTERS.c


@dataclass(frozen=True, kw_only=True, slots=True)
class OutsideFacts:
    """A letter from outside as a clerk entered it; words are None until its cover is here (`cover_state` says whether it is).

    `at` is ledger time of the entry; `written_at` and `arrived_at` are what the clerk says, in milliseconds UTC. `number` is the
    incoming one, `written_by` its correspondent, `their_number` the one that the letter bears, `original` where the paper lies.
    `answered` tells whether a letter on the ledger answers it, `how` how it was closed (None: it is not).
    """

    letter: LetterId
    position: int
    at: int
    signed_at: int
    organisation: OrgId
    officer: OfficerId
    kind: str
    language: str
    channel: str
    written_at: int | None
    arrived_at: int
    case_index: str | None
    number: str
    mark: str
    cover: Digest
    cover_state: str
    subject: str | None
    written_by: str | None
    their_number: str | None
    original: str | None
    answered: bool
    how: str | None


def outside_facts(connection: Connection, letter: LetterId) -> OutsideFacts | None:
    """Return what a letter from outside is, None if these views have no such."""
    row = connection.execute(_ENTERED.where(_P.letter == letter)).first()
    return None if row is None else _facts(row)


def unfinished_from_outside(connection: Connection, organisations: Sequence[OrgId], limit: int) -> tuple[OutsideFacts, ...]:
    """Return at most `limit` letters from outside that organisations entered and have not closed, the oldest first."""
    chosen = _ENTERED.where(_P.organisation.in_(organisations) & CLOSINGS.c.position.is_(None))
    return tuple(_facts(row) for row in connection.execute(chosen.order_by(_P.position).limit(limit)))


def outside_letters_of(organisations: Sequence[OrgId] | None, filters: Filters) -> Select[Any] | None:
    """Return the statement of the letters from outside that organisations (None: any) entered and that pass all filters but two.

    They are the newest first; whose the region is and where words are looked for its caller knows. None: by their filters there
    can be none. A letter from outside was received by being entered; nothing is owed for it by a time, and its correspondent is
    no organisation of the directory.
    """
    states = filters.states and ConsignmentState.ACKNOWLEDGED not in filters.states
    if states or filters.overdue_at is not None or filters.sender is not None:
        return None
    conditions = [true(), *letter_conditions(filters, _P)]
    if organisations is not None:
        conditions.append(_P.organisation.in_(organisations))
    if filters.recipient is not None:
        conditions.append(_P.organisation == filters.recipient)
    if filters.unfinished:
        conditions.append(CLOSINGS.c.position.is_(None))
    if filters.number is not None:
        conditions.append(or_(numbered(filters.number, (_P.printed,), (_P.serial,)), _word(THEIR_NUMBER) == filters.number))
    return _ENTERED.where(*conditions).order_by(_P.position.desc())


def searched_text() -> ColumnElement[Any]:
    """Return the words of a letter from outside that are searched, of the statement above: its subject, and who wrote it."""
    return func.coalesce(COVERS.c.subject, "") + " " + func.coalesce(correspondent_of(), "")


def outside_marks(row: Any, contests: Contests) -> tuple[str, ...]:
    """Return the codes that are shown beside a letter from outside, of a row of the statement above."""
    told = {
        FROM_OUTSIDE: True,
        "answered": row.answered,
        "finished": row.how is not None,
        "contested": row.position in contests.contested,
        "repudiated": row.position in contests.repudiated,
        "document_awaited": row.cover_state == AWAITED,
        "cover_unreadable": row.cover_state == UNREADABLE,
    }
    return tuple(mark for mark, holds in told.items() if holds)


def correspondent_of() -> Any:
    """Return who wrote a letter from outside, in the words of its cover, as an expression over its table."""
    return _word(CORRESPONDENT)


def _facts(row: Any) -> OutsideFacts:
    named = dict(row._mapping)  # noqa: SLF001 - the columns by name
    named["number"] = named["printed"]
    return OutsideFacts(**{field: named[field] for field in OutsideFacts.__slots__})


def _word(about: str) -> Any:
    """Return the first text of a letter's cover about something, as an expression."""
    here = (TEXTS.c.cover == _P.cover) & (TEXTS.c.about == about)
    return select(TEXTS.c.text).where(here).order_by(TEXTS.c.place).limit(1).correlate(OUTSIDE_LETTERS).scalar_subquery()


_ANSWER: Final = (REFERENCES.c.other == _P.letter) & (REFERENCES.c.relation == ANSWERS) & (REFERENCES.c.ledger == HERE)
_ENTERED: Final = (
    select(
        OUTSIDE_LETTERS,
        COVERS.c.subject,
        COVERS.c.state.label("cover_state"),
        _word(CORRESPONDENT).label("written_by"),
        _word(THEIR_NUMBER).label("their_number"),
        _word(ORIGINAL).label("original"),
        select(REFERENCES.c.letter).where(_ANSWER).correlate(OUTSIDE_LETTERS).exists().label("answered"),
        CLOSINGS.c.how,
        CLOSINGS.c.position.label("closed_position"),
    )
    .select_from(OUTSIDE_LETTERS)
    .join(COVERS, COVERS.c.cover == _P.cover)
    .outerjoin(CLOSINGS, (CLOSINGS.c.letter == _P.letter) & (CLOSINGS.c.recipient == _P.organisation))
)
