"""The projection `handling`: what recipients said after their receipts, and what clerks said of numbers in their registers."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Connection, Index, LargeBinary, String, Table

from adapters.store.dialect import insert_rows
from domain.events_office import (
    ConsignmentClosed,
    ReceiptWithdrawn,
    RegistrationCorrected,
    RegistrationVoided,
)
from projections.columns import BIG, METADATA, NAME, row_of
from projections.happenings import Batch, Happening

CLOSINGS: Final = Table(
    "handling_closings",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("recipient", NAME, primary_key=True),
    Column("position", BIG, nullable=False),
    Column("at", BIG, nullable=False),
    Column("officer", NAME, nullable=False),
    Column("how", String, nullable=False),
    Column("by", LargeBinary, nullable=True),
    Column("case_index", NAME, nullable=True),
    comment="every consignment that its recipient closed: how, by which letter, under which case index",
)

REMARKS: Final = Table(
    "handling_register_remarks",
    METADATA,
    Column("position", BIG, primary_key=True, autoincrement=False),
    Column("at", BIG, nullable=False),
    Column("officer", NAME, nullable=False),
    Column("type", String, nullable=False),
    Column("entry_position", BIG, nullable=True),
    Column("letter", LargeBinary, nullable=True),
    Column("recipient", NAME, nullable=True),
    Column("case_index", NAME, nullable=True),
    Column("reason", String, nullable=False),
    Index("handling_register_remarks_entry", "entry_position"),
    Index("handling_register_remarks_letter", "letter", "recipient"),
    comment="corrected and voided numbers, by the position that gave them; withdrawn receipts, which void what came before",
)


class HandlingProjection:
    """Keeps `handling_closings` and `handling_register_remarks`."""

    name = "handling"
    version = 1
    tables = (CLOSINGS, REMARKS)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write what a batch says of closings and numbers."""
        closings, remarks = [], []
        for one in batch.happenings:
            match one.accepted:
                case ConsignmentClosed() as body:
                    closings.append(_closing_row(one, body))
                case RegistrationCorrected() as body:
                    remarks.append(_remark_row(one, body, batch, case_index=body.case_index))
                case RegistrationVoided() as body:
                    remarks.append(_remark_row(one, body, batch))
                case ReceiptWithdrawn() as body:
                    remarks.append(_remark_row(one, body, batch, letter=body.letter, recipient=body.recipient))
                case _:
                    pass
        insert_rows(connection, CLOSINGS, closings)
        insert_rows(connection, REMARKS, remarks)


def _closing_row(one: Happening, body: ConsignmentClosed) -> tuple[Any, ...]:
    return row_of(
        CLOSINGS,
        letter=body.letter,
        recipient=body.recipient,
        position=one.position,
        at=one.at,
        officer=body.header.officer,
        how=body.how,
        by=body.by.identity if body.by else None,
        case_index=body.case_index,
    )


def _remark_row(
    one: Happening, body: RegistrationCorrected | RegistrationVoided | ReceiptWithdrawn, batch: Batch, **more: Any
) -> tuple[Any, ...]:
    entry = None if isinstance(body, ReceiptWithdrawn) else batch.view.event(body.entry)
    return row_of(
        REMARKS,
        position=one.position,
        at=one.at,
        officer=body.header.officer,
        type=body.TYPE,
        entry_position=entry.position if entry else None,
        reason=body.reason,
        **more,
    )
