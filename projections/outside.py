"""The projection `outside`: letters that came on paper, and how bodies outside the exchange got ours."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Connection, Index, LargeBinary, String, Table

from adapters.store.dialect import insert_rows
from domain.events_office import ConsignmentDeliveredOutside, LetterReceivedOutside
from projections.columns import BIG, METADATA, NAME, row_of
from projections.happenings import Batch

PAPER: Final = Table(
    "outside_letters",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("organisation", NAME, nullable=False),
    Column("position", BIG, nullable=False),
    Column("kind", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("written_at", BIG, nullable=True),
    Column("arrived_at", BIG, nullable=False),
    Column("cover", LargeBinary, nullable=False),
    comment="every letter that came on paper: who entered it, how and when it came; the sender's signature is not in the system",
)

DELIVERIES: Final = Table(
    "outside_deliveries",
    METADATA,
    Column("position", BIG, primary_key=True, autoincrement=False),
    Column("letter", LargeBinary, nullable=False),
    Column("recipient", NAME, nullable=False),
    Column("channel", String, nullable=False),
    Column("delivered_at", BIG, nullable=False),
    Index("outside_deliveries_letter", "letter", "recipient", "position"),
    comment="every statement of a sender how and when a recipient outside got a letter; of one consignment the last counts",
)


class OutsideProjection:
    """Keeps `outside_letters` and `outside_deliveries`."""

    name = "outside"
    version = 1
    tables = (PAPER, DELIVERIES)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write what a batch says of letters on paper and of deliveries outside."""
        rows = [
            row_of(
                PAPER,
                letter=one.verdict.identity,
                organisation=body.header.organisation,
                position=one.position,
                kind=body.kind,
                channel=body.channel,
                written_at=body.written_at,
                arrived_at=body.arrived_at,
                cover=body.cover.sha256,
            )
            for one in batch.happenings
            if isinstance(body := one.accepted, LetterReceivedOutside)
        ]
        insert_rows(connection, PAPER, rows)
        told = [
            row_of(
                DELIVERIES,
                position=one.position,
                letter=body.letter,
                recipient=body.recipient,
                channel=body.channel,
                delivered_at=body.delivered_at,
            )
            for one in batch.happenings
            if isinstance(body := one.accepted, ConsignmentDeliveredOutside)
        ]
        insert_rows(connection, DELIVERIES, told)
