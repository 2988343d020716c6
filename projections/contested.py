"""Which events are contested: signed with a key from where on a compromise was declared."""

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
