"""Reading how bodies outside the exchange got letters, and which of them nobody said so of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from domain.consignments import ConsignmentState
from domain.ids import LetterId, OrgId
from projections.covers import COVERS
from projections.inbox import CONSIGNMENTS, OUTSIDE
from projections.letters import LETTERS
from projections.outside import DELIVERIES

_C: Final = CONSIGNMENTS.c
_D: Final = DELIVERIES.c
_TOLD: Final = select(_D.position).where((_D.letter == _C.letter) & (_D.recipient == _C.recipient)).exists()
TO_DELIVER: Final = (
    (_C.state == ConsignmentState.OPEN.value)
    & _C.recipient.in_(select(OUTSIDE.c.organisation))
    & _C.letter.in_(select(LETTERS.c.letter).where(LETTERS.c.superseded_by.is_(None)))
    & ~_TOLD
)
"""The condition on a consignment that its recipient is outside, still to get the letter, and nobody said that he did."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What the sender said at `position` of how and when a recipient outside got a letter; `delivered_at` in ms UTC."""

    position: int
    channel: str
    delivered_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Undelivered:
    """A letter and a recipient outside of whom nobody said yet that he got it."""

    letter: LetterId
    recipient: OrgId
    mark: str
    subject: str | None


def deliveries_of(connection: Connection, letter: LetterId, recipient: OrgId) -> tuple[Delivery, ...]:
    """Return everything that a sender said of the delivery of a letter to a recipient, in the order of the ledger."""
    chosen = select(DELIVERIES).where((_D.letter == letter) & (_D.recipient == recipient)).order_by(_D.position)
    return tuple(_delivery(row) for row in connection.execute(chosen))


def last_deliveries(connection: Connection, letter: LetterId, recipients: Collection[OrgId]) -> Mapping[str, Delivery]:
    """Return what was said last of the delivery of a letter to some recipients, where anything was."""
    chosen = select(DELIVERIES).where((_D.letter == letter) & _D.recipient.in_(recipients)).order_by(_D.position)
    return {row.recipient: _delivery(row) for row in connection.execute(chosen)}


def is_outside(connection: Connection, organisation: OrgId) -> bool:
    """Tell whether an organisation is outside the exchange."""
    return connection.execute(select(OUTSIDE).where(OUTSIDE.c.organisation == organisation)).first() is not None


def letters_to_deliver(connection: Connection, letters: Collection[bytes]) -> frozenset[bytes]:
    """Return which of some letters are still to be delivered to somebody outside."""
    if not letters or connection.execute(select(OUTSIDE).limit(1)).first() is None:
        return frozenset()
    return frozenset(connection.execute(select(_C.letter).where(_C.letter.in_(letters) & TO_DELIVER)).scalars())


def undelivered(connection: Connection, senders: Sequence[OrgId], limit: int) -> tuple[Undelivered, ...]:
    """Return which letters of some senders are still to be delivered outside, and to whom, the oldest first."""
    chosen = (
        select(_C.letter, _C.recipient, LETTERS.c.mark, COVERS.c.subject)
        .join(LETTERS, LETTERS.c.letter == _C.letter)
        .outerjoin(COVERS, COVERS.c.cover == LETTERS.c.cover)
        .where(_C.sender.in_(senders) & TO_DELIVER)
        .order_by(_C.position, _C.recipient)
        .limit(limit)
    )
    return tuple(
        Undelivered(letter=LetterId(row.letter), recipient=OrgId(row.recipient), mark=row.mark, subject=row.subject)
        for row in connection.execute(chosen)
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(position=row.position, channel=row.channel, delivered_at=row.delivered_at)
