"""The projection `registers`: every registration number that was given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, String, Table

from adapters.store.dialect import insert_rows
from domain.events import LetterDispatched, ReceiptAcknowledged
from domain.events_office import LetterReceivedOutside
from domain.ids import LetterId, OrgId
from domain.letters import letter
from domain.registers import printed
from projections.columns import BIG, METADATA, NAME, row_of
from projections.happenings import Batch, Happening

ENTRIES: Final = Table(
    "register_entries",
    METADATA,
    Column("organisation", NAME, primary_key=True),
    Column("register", Integer, primary_key=True, autoincrement=False),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("serial", BIG, primary_key=True, autoincrement=False),
    Column("printed", String, nullable=False),
    Column("letter", LargeBinary, nullable=False),
    Column("recipient", NAME, nullable=True),
    Column("correspondent", NAME, nullable=True),
    Column("position", BIG, nullable=False),
    Column("registered_at", BIG, nullable=False),
    Column("dispatched_position", BIG, nullable=False),
    Column("officer", NAME, nullable=False),
    Index("register_entries_letter", "letter", "recipient"),
    Index("register_entries_position", "position"),
    comment="every registration number: of which letter, with whom (null: several recipients), when registered and by whom",
)


class RegistersProjection:
    """Keeps `register_entries`."""

    name = "registers"
    version = 2
    tables = (ENTRIES,)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write the numbers that a batch's events got."""
        insert_rows(connection, ENTRIES, [row for one in batch.happenings for row in _rows(one, batch)])


def _rows(one: Happening, batch: Batch) -> Iterator[tuple[Any, ...]]:
    match one.accepted:
        case LetterDispatched() as body:
            everybody = batch.recipients(LetterId(one.verdict.identity))
            correspondent = everybody[0].organisation if len(everybody) == 1 else None
            yield from _row(one, batch, LetterId(one.verdict.identity), correspondent=correspondent, case=body.case_index)
        case ReceiptAcknowledged() as body:
            sent = letter(batch.view, body.letter)
            correspondent = sent.sender if sent else None
            yield from _row(one, batch, body.letter, correspondent=correspondent, recipient=body.recipient)
        case LetterReceivedOutside() as body:
            yield from _row(one, batch, LetterId(one.verdict.identity), correspondent=None, recipient=body.header.organisation)
        case _:
            pass


def _row(
    one: Happening,
    batch: Batch,
    letter_id: LetterId,
    *,
    correspondent: OrgId | None,
    recipient: OrgId | None = None,
    case: str | None = None,
) -> Iterator[tuple[Any, ...]]:
    number, sent = one.verdict.number, letter(batch.view, letter_id)
    if number is None or one.body is None:
        return
    yield row_of(
        ENTRIES,
        organisation=number.organisation,
        register=int(number.register),
        year=number.year,
        serial=number.serial,
        printed=printed(batch.view, number, case),
        letter=letter_id,
        recipient=recipient,
        correspondent=correspondent,
        position=one.position,
        registered_at=one.at,
        dispatched_position=sent.position if sent else one.position,
        officer=one.body.header.officer,
    )
