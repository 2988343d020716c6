"""Questions about mandates: who acts for whom, and for whom what stands at a position was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select

from domain.ids import Digest, OfficerId, OrgId
from projections.mandates import MANDATES, SPOKEN
from projections.names import ASKED_AT_ONCE


@dataclass(frozen=True, kw_only=True, slots=True)
class MandateRow:
    """A mandate as the views have it; times in milliseconds, `until_at` the first instant at which it is over."""

    mandate: Digest
    position: int
    at: int
    organisation: OrgId
    officer: OfficerId
    deputy: OfficerId
    deputy_organisation: OrgId
    event_types: tuple[str, ...]
    from_at: int
    until_at: int
    basis_number: str
    basis_at: int
    granted_by: OfficerId
    revoked_position: int | None
    revoked_at: int | None
    revoked_by: OfficerId | None
    reason: str | None
    cover: Digest | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenFor:
    """For whom an event was said under which mandate, and the deputy who said it, with where he is appointed."""

    officer: OfficerId
    mandate: Digest
    deputy: OfficerId
    deputy_organisation: OrgId


def mandates_of(
    connection: Connection, *, who: OfficerId | None = None, open_at: int | None = None, after: int = -1, limit: int
) -> tuple[MandateRow, ...]:
    """Return mandates in the order of the ledger, those after a position, at most `limit`.

    With `who` only those that he granted or holds; with `open_at` only those that are neither revoked nor over at that time.
    """
    column = MANDATES.c
    chosen = select(MANDATES).where(column.position > after).order_by(column.position).limit(limit)
    if who is not None:
        chosen = chosen.where(or_(column.officer == who, column.deputy == who))
    if open_at is not None:
        chosen = chosen.where(column.revoked_position.is_(None) & (column.until_at > open_at))
    return tuple(_row(one) for one in connection.execute(chosen))


def mandates_beginning(connection: Connection, digits: str) -> tuple[MandateRow, ...]:
    """Return the mandates whose identities begin with some hexadecimal digits, in the order of the ledger."""
    known = connection.execute(select(MANDATES.c.mandate).order_by(MANDATES.c.position)).scalars()
    wanted = [found for one in known if digits and (found := bytes(one)).hex().startswith(digits)]
    rows = (connection.execute(select(MANDATES).where(MANDATES.c.mandate == one)).one() for one in wanted[:ASKED_AT_ONCE])
    return tuple(_row(row) for row in rows)


def spoken_at(connection: Connection, positions: Iterable[int]) -> Mapping[int, SpokenFor]:
    """Return for whom the events at some positions were said, without those that were said under no mandate."""
    wanted = sorted(set(positions))
    found: dict[int, SpokenFor] = {}
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        here = SPOKEN.c.position.in_(wanted[start : start + ASKED_AT_ONCE])
        chosen = select(SPOKEN, MANDATES.c.deputy, MANDATES.c.deputy_organisation)
        for row in connection.execute(chosen.join(MANDATES, MANDATES.c.mandate == SPOKEN.c.mandate).where(here)):
            found[row.position] = SpokenFor(
                officer=OfficerId(row.officer),
                mandate=Digest(bytes(row.mandate)),
                deputy=OfficerId(row.deputy),
                deputy_organisation=OrgId(row.deputy_organisation),
            )
    return found


def _row(row: Any) -> MandateRow:
    values = {name: getattr(row, name) for name in MandateRow.__slots__}
    values["mandate"] = Digest(bytes(row.mandate))
    values["cover"] = None if row.cover is None else Digest(bytes(row.cover))
    values["event_types"] = tuple(row.event_types.split())
    return MandateRow(**values)
