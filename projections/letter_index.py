"""Looking letters up by what people call them: the beginning of their identity, their mark, a registration number."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select, union_all

from domain.ids import LetterId, OrgId
from domain.verdicts import RegisterKind
from projections.covers import COVERS
from projections.letters import LETTERS
from projections.outside import OUTSIDE_LETTERS
from projections.outside_pages import outside_facts
from projections.registers import ENTRIES

DIGEST_BITS: Final = 256


def letters_with_prefix(connection: Connection, prefix: str, limit: int) -> tuple[LetterId, ...]:
    """Return at most `limit` letters, also from outside, whose identity begins with these hexadecimal digits, in their order."""
    free_bits = DIGEST_BITS - 4 * len(prefix)
    first = int(prefix, 16) << free_bits
    last = first | ((1 << free_bits) - 1)
    least, most = (number.to_bytes(DIGEST_BITS // 8, "big") for number in (first, last))
    within = (select(one.c.letter).where((one.c.letter >= least) & (one.c.letter <= most)) for one in (LETTERS, OUTSIDE_LETTERS))
    chosen = union_all(*within).order_by("letter").limit(limit)
    return tuple(LetterId(bytes(letter)) for letter in connection.execute(chosen).scalars())


def letters_with_mark(connection: Connection, mark: str) -> tuple[LetterId, ...]:
    """Return the letters, also from outside, that bear a temporary mark: one, or none, or by rare chance more."""
    bearing = (select(one.c.letter, one.c.position).where(one.c.mark == mark) for one in (LETTERS, OUTSIDE_LETTERS))
    chosen = union_all(*bearing).order_by("position")
    return tuple(LetterId(bytes(letter)) for letter in connection.execute(chosen).scalars())


def letters_with_number(
    connection: Connection, organisation: OrgId, register: RegisterKind, year: int, serial: int
) -> tuple[tuple[LetterId, OrgId | None], ...]:
    """Return the letter with a registration number, and the recipient whose incoming number it is (None: outgoing)."""
    entry = ENTRIES.c
    chosen = select(entry.letter, entry.recipient).where(
        (entry.organisation == organisation) & (entry.register == int(register)) & (entry.year == year) & (entry.serial == serial)
    )
    found = connection.execute(chosen)
    return tuple((LetterId(bytes(row.letter)), None if row.recipient is None else OrgId(row.recipient)) for row in found)


def described(connection: Connection, letter: LetterId) -> str:
    """Return an accepted letter in one line: its sender, his number, its subject; "" if these views do not have it."""
    chosen = (
        select(LETTERS.c.sender, LETTERS.c.printed, COVERS.c.subject)
        .outerjoin(COVERS, COVERS.c.cover == LETTERS.c.cover)
        .where(LETTERS.c.letter == letter)
    )
    row = connection.execute(chosen).first()
    if row is not None:
        return f"{row.sender}  № {row.printed}  {row.subject or '…'}"
    entered = outside_facts(connection, letter)
    return "" if entered is None else f"{entered.written_by or '…'}  № {entered.their_number or '…'}  {entered.subject or '…'}"
