"""What the directory says of signatures: which events are contested, and how well their signers are identified."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection, select

from projections.archive import SIGNERS
from projections.directory_tables import CERTIFICATES, KEYS

ASKED_AT_ONCE: Final = 500
"""Values in one statement."""


def contested_among(connection: Connection, positions: Iterable[int | None]) -> frozenset[int]:
    """Return those of the positions whose event is contested; None is passed over."""
    wanted = sorted({position for position in positions if position is not None})
    found: set[int] = set()
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        chosen = (
            select(SIGNERS.c.position)
            .join(CERTIFICATES, CERTIFICATES.c.certificate == SIGNERS.c.signer)
            .join(KEYS, KEYS.c.key == CERTIFICATES.c.key)
            .where(SIGNERS.c.position.in_(wanted[start : start + ASKED_AT_ONCE]) & (KEYS.c.contested_from <= SIGNERS.c.position))
        )
        found.update(connection.execute(chosen).scalars())
    return frozenset(found)


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
