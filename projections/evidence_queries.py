"""Which records a bundle of evidence takes: what was said about a letter, its answers, and its groups."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, or_, select

from domain.events import GroupDefined
from domain.events_office import ConsignmentTransferred
from domain.ids import LetterId, OrgId
from domain.reasons import Reason
from projections.archive import EVENTS
from projections.letters import HERE, LETTERS, REFERENCES

_E = EVENTS.c
_ACCEPTED = _E.reason == int(Reason.ACCEPTED)


def positions_about_letter(connection: Connection, letter: LetterId, recipient: OrgId | None) -> tuple[int, ...]:
    """Return where everything accepted about a letter stands, in order: what its sender did, and one recipient or everybody."""
    chosen = select(_E.position).where(_E.letter == letter, _ACCEPTED).order_by(_E.position)
    if recipient is not None:
        chosen = chosen.where(or_(_E.recipient.is_(None), _E.recipient == recipient))
    return tuple(connection.execute(chosen).scalars())


def positions_of_transfers(connection: Connection, letter: LetterId) -> tuple[int, ...]:
    """Return where recipients passed a letter on, in order."""
    chosen = (_E.letter == letter, _E.type == ConsignmentTransferred.TYPE, _ACCEPTED)
    return tuple(connection.execute(select(_E.position).where(*chosen).order_by(_E.position)).scalars())


def positions_of_answers(connection: Connection, letter: LetterId, senders: Collection[OrgId] | None) -> tuple[int, ...]:
    """Return where the letters stand that answer a letter, in order; of these senders, or of anybody."""
    answers = LETTERS.join(REFERENCES, REFERENCES.c.letter == LETTERS.c.letter)
    chosen = (
        select(LETTERS.c.position)
        .select_from(answers)
        .where(REFERENCES.c.other == letter, REFERENCES.c.relation == "answers", REFERENCES.c.ledger == HERE)
        .order_by(LETTERS.c.position)
    )
    if senders is not None:
        chosen = chosen.where(LETTERS.c.sender.in_(senders))
    return tuple(connection.execute(chosen).scalars())


def positions_of_types(connection: Connection, types: Collection[str], start: int, stop: int) -> tuple[int, ...]:
    """Return where everything accepted of these types stands from one position to before another, in order."""
    chosen = (_E.type.in_(types), _ACCEPTED, _E.position >= start, _E.position < stop)
    return tuple(connection.execute(select(_E.position).where(*chosen).order_by(_E.position)).scalars())


def positions_of_groups(connection: Connection, owner: OrgId, before: int) -> tuple[int, ...]:
    """Return where an organisation defined its groups before a position, in order."""
    mine = (_E.organisation == owner, _E.type == GroupDefined.TYPE, _ACCEPTED, _E.position < before)
    return tuple(connection.execute(select(_E.position).where(*mine).order_by(_E.position)).scalars())
