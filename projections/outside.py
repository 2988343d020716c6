"""The projection `outside`: letters that came from outside, and how bodies outside the exchange got ours."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Connection, Index, LargeBinary, String, Table

from adapters.store.dialect import insert_rows
from domain.events_office import ConsignmentDeliveredOutside, LetterReceivedOutside
from domain.ids import LetterId
from domain.letters import mark_of
from domain.registers import printed
from projections.columns import BIG, METADATA, NAME, row_of
from projections.happenings import Batch, Happening

OUTSIDE_LETTERS: Final = Table(
    "outside_letters",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("organisation", NAME, nullable=False),
    Column("position", BIG, nullable=False),
    Column("at", BIG, nullable=False),
    Column("officer", NAME, nullable=False),
    Column("signed_at", BIG, nullable=False),
    Column("kind", String, nullable=False),
    Column("language", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("written_at", BIG, nullable=True),
    Column("arrived_at", BIG, nullable=False),
    Column("case_index", NAME, nullable=True),
    Column("serial", BIG, nullable=False),
    Column("printed", String, nullable=False),
    Column("mark", NAME, nullable=False),
    Column("cover", LargeBinary, nullable=False),
    Index("outside_letters_organisation", "organisation", "position"),
    Index("outside_letters_position", "position"),
    Index("outside_letters_mark", "mark"),
    comment="every letter from outside: who entered it, how and when it came; the sender's signature is not in the system",
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
    tables = (OUTSIDE_LETTERS, DELIVERIES)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write what a batch says of letters from outside and of deliveries outside."""
        entered = [(one, one.accepted) for one in batch.happenings if isinstance(one.accepted, LetterReceivedOutside)]
        insert_rows(connection, OUTSIDE_LETTERS, [_outside_row(one, body, batch) for one, body in entered])
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


def _outside_row(one: Happening, body: LetterReceivedOutside, batch: Batch) -> tuple[Any, ...]:
    letter, number = LetterId(one.verdict.identity), one.verdict.number
    return row_of(
        OUTSIDE_LETTERS,
        letter=letter,
        organisation=body.header.organisation,
        position=one.position,
        at=one.at,
        officer=body.header.officer,
        signed_at=body.header.signed_at,
        kind=body.kind,
        language=body.language,
        channel=body.channel,
        written_at=body.written_at,
        arrived_at=body.arrived_at,
        case_index=body.case_index,
        serial=number.serial if number else 0,
        printed=printed(batch.view, number, None) if number else "",
        mark=mark_of(letter),
        cover=body.cover.sha256,
    )
