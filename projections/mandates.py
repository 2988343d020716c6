"""The projection `mandates`: every mandate with its end, and for every accepted event said under one, for whom it was said."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Connection, Index, LargeBinary, String, Table

from adapters.store.dialect import insert_rows
from domain.events_mandates import MandateGranted, MandateRevoked
from domain.mandates import spoken_for
from projections.columns import BIG, METADATA, NAME, row_of
from projections.happenings import Batch, Happening

MANDATES: Final = Table(
    "mandates",
    METADATA,
    Column("mandate", LargeBinary, primary_key=True),
    Column("position", BIG, nullable=False),
    Column("at", BIG, nullable=False),
    Column("organisation", NAME, nullable=False),
    Column("officer", NAME, nullable=False),
    Column("deputy", NAME, nullable=False),
    Column("deputy_organisation", NAME, nullable=False),
    Column("event_types", String, nullable=False),
    Column("from_at", BIG, nullable=False),
    Column("until_at", BIG, nullable=False),
    Column("basis_number", String, nullable=False),
    Column("basis_at", BIG, nullable=False),
    Column("cover", LargeBinary, nullable=True),
    Column("granted_by", NAME, nullable=False),
    Column("revoked_position", BIG, nullable=True),
    Column("revoked_at", BIG, nullable=True),
    Column("revoked_by", NAME, nullable=True),
    Column("reason", String, nullable=True),
    Index("mandates_position", "position"),
    comment="every mandate: who acts for whom, for which types of events (spaced), from when until when, on what basis",
)

SPOKEN: Final = Table(
    "mandates_spoken",
    METADATA,
    Column("position", BIG, primary_key=True),
    Column("mandate", LargeBinary, nullable=False),
    Column("officer", NAME, nullable=False),
    Index("mandates_spoken_mandate", "mandate", "position"),
    comment="every accepted event that was said under a mandate, and for whom (its grantor)",
)


class MandatesProjection:
    """Keeps mandates, and what was said under them."""

    name = "mandates"
    version = 1
    tables = (MANDATES, SPOKEN)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write what a batch says of mandates and under them, in the order of the ledger."""
        spoken = []
        for one in batch.happenings:
            body = one.accepted
            if body is None:
                continue
            if body.header.mandate is not None:
                spoken.append((one.position, body.header.mandate, spoken_for(batch.view, body.header)))
            match body:
                case MandateGranted():
                    insert_rows(connection, MANDATES, [_granted_row(one, body)])
                case MandateRevoked():
                    connection.execute(MANDATES.update().where(MANDATES.c.mandate == body.mandate).values(**_end(one, body)))
                case _:
                    pass
        insert_rows(connection, SPOKEN, spoken)


def _granted_row(one: Happening, body: MandateGranted) -> tuple[Any, ...]:
    return row_of(
        MANDATES,
        mandate=one.verdict.identity,
        position=one.position,
        at=one.at,
        organisation=body.organisation,
        officer=body.officer,
        deputy=body.deputy,
        deputy_organisation=body.deputy_organisation,
        event_types=" ".join(body.event_types),
        from_at=body.from_at,
        until_at=body.until_at,
        basis_number=body.basis_number,
        basis_at=body.basis_at,
        cover=body.cover.sha256 if body.cover else None,
        granted_by=body.header.officer,
    )


def _end(one: Happening, body: MandateRevoked) -> dict[str, Any]:
    return {
        "revoked_position": one.position,
        "revoked_at": one.at,
        "revoked_by": body.header.officer,
        "reason": body.reason,
    }
