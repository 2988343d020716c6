"""What the directory says of signatures: which events are contested, what became of that, and how well signers are identified."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, case, or_, select

from domain.contests import Outcome
from domain.ids import Digest, LetterId, OfficerId, OrgId
from domain.reasons import Reason
from projections.archive import EVENTS, SIGNERS
from projections.directory_tables import CERTIFICATES, KEYS, SETTLEMENTS

ASKED_AT_ONCE: Final = 500
"""Values in one statement."""
_SETTLING: Final = KEYS.alias("settling")
_STANDS: Final = or_(_SETTLING.c.contested_from.is_(None), _SETTLING.c.contested_from > SETTLEMENTS.c.settled_position)
"""A settlement counts unless its own key was declared compromised back to before it (domain.contests)."""
OUTCOME: Final = case((_STANDS, SETTLEMENTS.c.outcome), else_=None).label("outcome")
"""How a contested signature was settled, null while it is contested; in a statement made by `with_outcome`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contests:
    """Positions of events that are contested, and of those which an officer repudiated, among those asked for."""

    contested: frozenset[int]
    repudiated: frozenset[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class ContestedEvent:
    """An accepted event that is contested for one of its signers, and waits for him to reaffirm or repudiate it."""

    position: int
    at: int
    type: str
    organisation: OrgId
    identity: Digest
    letter: LetterId | None
    recipient: OrgId | None
    key: Digest


def with_outcome(chosen: Select[Any], position: Any) -> Select[Any]:
    """Join what an officer, of whose `KEYS` a statement tells, said of his event at a position."""
    here = (SETTLEMENTS.c.position == position) & (SETTLEMENTS.c.officer == KEYS.c.officer)
    return chosen.outerjoin(SETTLEMENTS, here).outerjoin(_SETTLING, _SETTLING.c.key == SETTLEMENTS.c.key)


def contests_among(connection: Connection, positions: Iterable[int | None]) -> Contests:
    """Return which events at these positions are contested or repudiated; None is passed over."""
    wanted = sorted({position for position in positions if position is not None})
    contested: set[int] = set()
    repudiated: set[int] = set()
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        chosen = _contested_signatures(SIGNERS.c.position, OUTCOME).where(
            SIGNERS.c.position.in_(wanted[start : start + ASKED_AT_ONCE])
        )
        for row in connection.execute(chosen):
            if row.outcome is None:
                contested.add(row.position)
            elif row.outcome == Outcome.REPUDIATED:
                repudiated.add(row.position)
    return Contests(contested=frozenset(contested), repudiated=frozenset(repudiated))


def contested_events(connection: Connection, officer: OfficerId, *, after: int = -1, limit: int) -> tuple[ContestedEvent, ...]:
    """Return the events behind a position that wait for an officer's word, in the order of the ledger, at most `limit`."""
    event = EVENTS.c
    chosen = (
        _contested_signatures(EVENTS, KEYS.c.key)
        .join(EVENTS, event.position == SIGNERS.c.position)
        .where((KEYS.c.officer == officer) & OUTCOME.is_(None) & (event.reason == int(Reason.ACCEPTED)))
        .where(event.position > after)
        .order_by(event.position)
        .limit(limit)
    )
    return tuple(
        ContestedEvent(
            position=row.position,
            at=row.at,
            type=row.type,
            organisation=OrgId(row.organisation),
            identity=Digest(row.identity),
            letter=None if row.letter is None else LetterId(row.letter),
            recipient=row.recipient,
            key=Digest(row.key),
        )
        for row in connection.execute(chosen)
    )


def assurances_at(connection: Connection, positions: Iterable[int]) -> dict[int, str]:
    """Return the assurance of the certificate under which each event was signed first; events of the roots have none."""
    wanted = sorted(set(positions))
    found: dict[int, str] = {}
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        chosen = (
            select(SIGNERS.c.position, CERTIFICATES.c.assurance)
            .join(CERTIFICATES, CERTIFICATES.c.certificate == SIGNERS.c.signer)
            .where(SIGNERS.c.position.in_(wanted[start : start + ASKED_AT_ONCE]) & (SIGNERS.c.place == 1))
        )
        found.update({row.position: row.assurance for row in connection.execute(chosen)})
    return found


def _contested_signatures(*columns: Any) -> Select[Any]:
    """Return the statement that finds signatures of keys which were declared compromised back to before the event."""
    signed = (
        select(*columns)
        .select_from(SIGNERS)
        .join(CERTIFICATES, CERTIFICATES.c.certificate == SIGNERS.c.signer)
        .join(KEYS, KEYS.c.key == CERTIFICATES.c.key)
    )
    return with_outcome(signed, SIGNERS.c.position).where(KEYS.c.contested_from <= SIGNERS.c.position)
