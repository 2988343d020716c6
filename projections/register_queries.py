"""Questions to the registers: the entries of one organisation's book of one direction and year, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, literal, select

from domain.consignments import COUNTED_STATES
from domain.ids import Digest, LetterId, OfficerId, OrgId
from domain.letters import CAPACITIES
from domain.outside import CORRESPONDENT
from domain.verdicts import RegisterKind
from projections.covers import COVERS, TEXTS
from projections.handling import REMARKS
from projections.letters import LETTERS
from projections.mandates import SPOKEN
from projections.outbox import SENT, count_name
from projections.outside import OUTSIDE_LETTERS
from projections.registers import ENTRIES
from projections.word_search import Searched, first_rows

_LETTER: Final = (
    func.coalesce(LETTERS.c.at, OUTSIDE_LETTERS.c.arrived_at).label("arrived_at"),
    COVERS.c.subject,
    OUTSIDE_LETTERS.c.channel,
    TEXTS.c.text.label("written_by"),
)
_SAID: Final = TEXTS.alias("said")
_FIRST_ABOUT: Final = (
    select(func.min(_SAID.c.place))
    .where((_SAID.c.cover == OUTSIDE_LETTERS.c.cover) & (_SAID.c.about == CORRESPONDENT))
    .correlate(OUTSIDE_LETTERS)
    .scalar_subquery()
)
"""A cover may say twice who wrote it: the first counts, and the register has one row."""
_EVERYBODY: Final = sum((SENT.c[count_name(c, s)] for c in CAPACITIES for s in COUNTED_STATES), start=literal(0))
_ROWS: Final = (
    select(ENTRIES, *_LETTER, _EVERYBODY.label("recipients"), SPOKEN.c.officer.label("acting_for"), SPOKEN.c.mandate)
    .select_from(ENTRIES)
    .outerjoin(SPOKEN, SPOKEN.c.position == ENTRIES.c.position)
    .outerjoin(SENT, SENT.c.letter == ENTRIES.c.letter)
    .outerjoin(LETTERS, LETTERS.c.letter == ENTRIES.c.letter)
    .outerjoin(OUTSIDE_LETTERS, OUTSIDE_LETTERS.c.letter == ENTRIES.c.letter)
    .outerjoin(COVERS, COVERS.c.cover == func.coalesce(LETTERS.c.cover, OUTSIDE_LETTERS.c.cover))
    .outerjoin(TEXTS, (TEXTS.c.cover == OUTSIDE_LETTERS.c.cover) & (TEXTS.c.place == _FIRST_ABOUT))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterRemark:
    """What was said later of a number: the type of the event, when, by whom, why, and a case index if it corrects that."""

    type: str
    position: int
    at: int
    officer: OfficerId
    case_index: str | None
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterRow:
    """An entry of a register. It has two dates: arrived (the dispatch's ledger time) and registered.

    `correspondent` None: several recipients, as many as `recipients` says (0: an incoming letter); `subject` None: the cover
    has not arrived; `acting_for`: for whom the officer signed, if he did under a mandate.
    `channel`: how a letter from outside came, whose sender's signature is not in the system, and `written_by` who wrote it, in
    words of its cover; None for every other.
    `remarks` were made later, in ledger order: what stands beside them is the first entry, which stays as it was.
    """

    serial: int
    printed: str
    letter: LetterId
    correspondent: OrgId | None
    recipients: int
    arrived_at: int
    registered_at: int
    position: int
    officer: OfficerId
    acting_for: OfficerId | None
    mandate: Digest | None
    subject: str | None
    channel: str | None
    written_by: str | None
    remarks: tuple[RegisterRemark, ...]


def register_entries(  # noqa: PLR0913 - which book, and which of its entries
    connection: Connection,
    organisation: OrgId,
    register: RegisterKind,
    year: int,
    *,
    after: int = 0,
    limit: int | None = None,
    words: str | None = None,
) -> tuple[RegisterRow, ...]:
    """Return the entries of a register in the order of their numbers, those after the serial `after`, at most `limit`.

    All `words` must occur in the subject or the names of one correspondent, in whatever script (`projections.word_search`).
    """
    own = ENTRIES.c
    here = (own.organisation == organisation) & (own.register == int(register)) & (own.year == year) & (own.serial > after)
    searched = Searched(
        key=(own.serial,),
        text=func.coalesce(COVERS.c.subject, "") + " " + func.coalesce(TEXTS.c.text, ""),
        organisation=own.correspondent,
        letter=own.letter if register is RegisterKind.OUTGOING else None,
    )
    rows = first_rows(connection, _ROWS.where(here).order_by(own.serial), words, limit, searched)
    remarks = _remarks(connection, rows)
    return tuple(
        RegisterRow(
            serial=row.serial,
            printed=row.printed,
            letter=LetterId(bytes(row.letter)),
            correspondent=None if row.correspondent is None else OrgId(row.correspondent),
            recipients=row.recipients if row.recipient is None and row.recipients else 0,
            arrived_at=row.arrived_at,
            registered_at=row.registered_at,
            position=row.position,
            officer=OfficerId(row.officer),
            acting_for=None if row.acting_for is None else OfficerId(row.acting_for),
            mandate=None if row.mandate is None else Digest(bytes(row.mandate)),
            subject=row.subject,
            channel=row.channel,
            written_by=row.written_by,
            remarks=remarks.get(row.position, ()),
        )
        for row in rows
    )


def _remarks(connection: Connection, rows: Sequence[Any]) -> dict[int, tuple[RegisterRemark, ...]]:
    """Return what was said later of these entries, by their positions; a withdrawn receipt voids the last number before it."""
    if not rows:
        return {}
    remark, own = REMARKS.c, ENTRIES.c
    given = (
        select(func.max(own.position))
        .where((own.letter == remark.letter) & (own.recipient == remark.recipient) & (own.position < remark.position))
        .scalar_subquery()
    )
    positions = [row.position for row in rows]
    about = func.coalesce(remark.entry_position, given).label("about")
    found: dict[int, tuple[RegisterRemark, ...]] = {}
    chosen = select(REMARKS, about).where(about.between(min(positions), max(positions))).order_by(remark.position)
    for row in connection.execute(chosen):
        said = RegisterRemark(
            type=row.type,
            position=row.position,
            at=row.at,
            officer=OfficerId(row.officer),
            case_index=row.case_index,
            reason=row.reason,
        )
        found[row.about] = (*found.get(row.about, ()), said)
    return found
