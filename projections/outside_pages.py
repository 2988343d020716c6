"""Reading letters from outside: what each of them is, and those that stand in an inbox among the letters of the exchange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, or_, select

from domain.consignments import ConsignmentState
from domain.ids import Digest, LetterId, OfficerId, OrgId
from domain.outside import CORRESPONDENT, ORIGINAL, THEIR_NUMBER
from projections.covers import COVERS, TEXTS
from projections.filters import Filters, numbered
from projections.handling import CLOSINGS
from projections.letters import ANSWERS, HERE, REFERENCES
from projections.outside import OUTSIDE_LETTERS

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


def outside_letters_of(recipients: Sequence[OrgId], filters: Filters) -> Select[Any] | None:
    """Return the statement of the letters from outside that organisations entered and that pass the filters, the newest first.

    None: by their filters there can be none. A letter from outside was received by being entered; nothing is owed for it by a
    time, and its correspondent is no organisation of the directory.
    """
    states = filters.states and ConsignmentState.ACKNOWLEDGED not in filters.states
    if states or filters.overdue_at is not None or filters.sender is not None or filters.region is not None:
        return None
    conditions: list[ColumnElement[bool]] = [_P.organisation.in_(recipients)]
    if filters.recipient is not None:
        conditions.append(_P.organisation == filters.recipient)
    if filters.since is not None:
        conditions.append(_P.at >= filters.since)
    if filters.until is not None:
        conditions.append(_P.at <= filters.until)
    if filters.case_index is not None:
        conditions.append(_P.case_index == filters.case_index)
    if filters.unfinished:
        conditions.append(CLOSINGS.c.position.is_(None))
    if filters.number is not None:
        conditions.append(or_(numbered(filters.number, (_P.printed,), (_P.serial,)), _word(THEIR_NUMBER) == filters.number))
    return _ENTERED.where(*conditions).order_by(_P.position.desc(), _P.organisation)


def _facts(row: Any) -> OutsideFacts:
    named = dict(row._mapping)  # noqa: SLF001 - the columns by name
    named["number"] = named["printed"]
    return OutsideFacts(**{field: named[field] for field in OutsideFacts.__slots__})


def correspondent_of() -> Any:
    """Return who wrote a letter from outside, in the words of its cover, as an expression over its table."""
    return _word(CORRESPONDENT)


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
