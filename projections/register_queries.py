"""Questions to the registers: the entries of one organisation's book of one direction and year, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, literal, select

from domain.consignments import COUNTED_STATES
from domain.ids import Digest, LetterId, OfficerId, OrgId
from domain.letters import CAPACITIES
from domain.verdicts import RegisterKind
from projections.covers import COVERS
from projections.letters import LETTERS
from projections.mandates import SPOKEN
from projections.outbox import SENT, count_name
from projections.registers import ENTRIES

_SPOKEN: Final = (SPOKEN.c.officer.label("acting_for"), SPOKEN.c.mandate)


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterRow:
    """An entry of a register. It has two dates: arrived (the dispatch's ledger time) and registered.

    `correspondent` None: several recipients, as many as `recipients` says (0: an incoming letter); `subject` None: the cover
    has not arrived; `acting_for`: for whom the officer signed, if he did under a mandate.
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


def register_entries(
    connection: Connection,
    organisation: OrgId,
    register: RegisterKind,
    year: int,
    *,
    after: int = 0,
    limit: int | None = None,
) -> tuple[RegisterRow, ...]:
    """Return the entries of a register in the order of their numbers, those after the serial `after`, at most `limit`."""
    own = ENTRIES.c
    here = (own.organisation == organisation) & (own.register == int(register)) & (own.year == year) & (own.serial > after)
    everybody = sum((SENT.c[count_name(c, s)] for c in CAPACITIES for s in COUNTED_STATES), start=literal(0))
    chosen = (
        select(ENTRIES, LETTERS.c.at.label("arrived_at"), COVERS.c.subject, everybody.label("recipients"), *_SPOKEN)
        .outerjoin(SPOKEN, SPOKEN.c.position == own.position)
        .outerjoin(SENT, SENT.c.letter == own.letter)
        .outerjoin(LETTERS, LETTERS.c.letter == own.letter)
        .outerjoin(COVERS, COVERS.c.cover == LETTERS.c.cover)
        .where(here)
        .order_by(own.serial)
        .limit(limit)
    )
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
        )
        for row in connection.execute(chosen)
    )
