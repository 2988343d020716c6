"""The projection `outside`: letters that came on paper."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Connection, LargeBinary, String, Table

from adapters.store.dialect import insert_rows
from domain.events_office import LetterReceivedOutside
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


class OutsideProjection:
    """Keeps `outside_letters`."""

    name = "outside"
    version = 1
    tables = (PAPER,)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write what a batch says of letters on paper."""
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
