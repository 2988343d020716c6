"""The projection `inbox`: one row for each recipient of each letter, with every fact of its fate kept apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, String, Table, Update, bindparam, case, select

from adapters.store.dialect import insert_rows, update_rows
from domain.consignments import ConsignmentAct, ConsignmentState
from domain.directory import OUTSIDE as NOT_CONNECTED
from domain.events import (
    AcknowledgementMissed,
    Body,
    ConsignmentOpened,
    LetterDispatched,
    LetterRecalled,
    OrganisationChanged,
    OrganisationEntry,
    OrganisationRegistered,
    RecallAccepted,
    RecallDeclined,
    ReceiptAcknowledged,
    ReceiptRefused,
)
from domain.events_office import ConsignmentTransferred, ReceiptWithdrawn
from domain.ids import LetterId, OrgId
from domain.letters import ACTION
from domain.registers import printed
from projections.columns import BIG, METADATA, NAME, row_of
from projections.happenings import Batch, Happening
from projections.transitions import after, is_moved_by

CONSIGNMENTS: Final = Table(
    "inbox_consignments",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("recipient", NAME, primary_key=True),
    Column("position", BIG, nullable=False),
    Column("at", BIG, nullable=False),
    Column("sender", NAME, nullable=False),
    Column("capacity", String, nullable=False),
    Column("attention", NAME, nullable=True),
    Column("acknowledge_by", BIG, nullable=True),
    Column("reply_by", BIG, nullable=True),
    Column("state", String, nullable=False),
    Column("received_position", BIG, nullable=True),
    Column("received_at", BIG, nullable=True),
    Column("received_by", NAME, nullable=True),
    Column("received_signed_at", BIG, nullable=True),
    Column("late", Integer, nullable=True),
    Column("refusal_reason", String, nullable=True),
    Column("duplicate_of", LargeBinary, nullable=True),
    Column("refusal_cover", LargeBinary, nullable=True),
    Column("holder", NAME, nullable=True),
    Column("year", Integer, nullable=True),
    Column("serial", BIG, nullable=True),
    Column("printed", String, nullable=True),
    Column("opened_position", BIG, nullable=True),
    Column("opened_at", BIG, nullable=True),
    Column("opened_by", NAME, nullable=True),
    Column("missed_position", BIG, nullable=True),
    Column("missed_at", BIG, nullable=True),
    Column("answered_with", LargeBinary, nullable=True),
    Column("answered_position", BIG, nullable=True),
    Column("answered_at", BIG, nullable=True),
    Column("recall_position", BIG, nullable=True),
    Column("recall_at", BIG, nullable=True),
    Column("recall_answer", String, nullable=True),
    Column("recall_answered_position", BIG, nullable=True),
    Column("recall_answered_at", BIG, nullable=True),
    Column("recall_answered_by", NAME, nullable=True),
    Column("decline_reason", String, nullable=True),
    Column("decline_cover", LargeBinary, nullable=True),
    Index("inbox_consignments_recipient", "recipient", "position"),
    Index("inbox_consignments_position", "position", "recipient"),
    Index("inbox_consignments_number", "holder", "year", "serial"),
    comment="every (letter, recipient): its state, and apart from it receipt and number, opened, missed, answered, recall",
)

OUTSIDE: Final = Table(
    "inbox_outside",
    METADATA,
    Column("organisation", NAME, primary_key=True),
    comment="organisations outside the exchange, who are never recorded as having missed a term",
)

ROWS_AT_ONCE: Final = 20_000
"""As many as one letter has recipients: a batch of such letters is not held in memory whole."""
_C: Final = CONSIGNMENTS.c
_HERE: Final = (_C.letter == bindparam("b_letter")) & (_C.recipient == bindparam("b_recipient"))
_LETTER: Final = _C.letter == bindparam("b_letter")
_AT: Final[Any] = bindparam("b_at", type_=BIG)
_RECEIVED: Final = {
    "received_position": bindparam("b_position"),
    "received_at": _AT,
    "received_by": bindparam("b_officer"),
    "received_signed_at": bindparam("b_signed_at"),
    # Without a term the comparison is null, so nothing is late.
    "late": case((_C.acknowledge_by < _AT, 1), else_=0),
    "holder": bindparam("b_organisation"),
}
_ACKNOWLEDGE: Final = (
    CONSIGNMENTS.update()
    .where(_HERE)
    .values(
        **_RECEIVED,
        state=after(ConsignmentAct.ACKNOWLEDGE, _C.state),
        year=bindparam("b_year"),
        serial=bindparam("b_serial"),
        printed=bindparam("b_printed"),
    )
)
_REFUSE: Final = (
    CONSIGNMENTS.update()
    .where(_HERE)
    .values(
        **_RECEIVED,
        state=after(ConsignmentAct.REFUSE, _C.state),
        refusal_reason=bindparam("b_reason"),
        duplicate_of=bindparam("b_duplicate_of"),
        refusal_cover=bindparam("b_cover"),
    )
)
_RECALL: Final = (
    CONSIGNMENTS.update()
    .where(_LETTER & is_moved_by(ConsignmentAct.RECALL, _C.state))
    .values(
        state=after(ConsignmentAct.RECALL, _C.state),
        recall_position=bindparam("b_position"),
        recall_at=_AT,
        # A letter that was kept once may be asked back again.
        recall_answer=None,
        recall_answered_position=None,
        recall_answered_at=None,
        recall_answered_by=None,
        decline_reason=None,
        decline_cover=None,
    )
)
_ANSWERED_RECALL: Final = {
    "recall_answer": bindparam("b_answer"),
    "recall_answered_position": bindparam("b_position"),
    "recall_answered_at": _AT,
    "recall_answered_by": bindparam("b_officer"),
    "decline_reason": bindparam("b_reason"),
    "decline_cover": bindparam("b_cover"),
}
_ACCEPT_RECALL: Final = (
    CONSIGNMENTS.update().where(_HERE).values(**_ANSWERED_RECALL, state=after(ConsignmentAct.ACCEPT_RECALL, _C.state))
)
_DECLINE_RECALL: Final = (
    CONSIGNMENTS.update().where(_HERE).values(**_ANSWERED_RECALL, state=after(ConsignmentAct.DECLINE_RECALL, _C.state))
)
_NOT_RECEIVED: Final = dict.fromkeys((*_RECEIVED, "year", "serial", "printed"))
_WITHDRAW: Final = CONSIGNMENTS.update().where(_HERE).values(**_NOT_RECEIVED, state=after(ConsignmentAct.WITHDRAW, _C.state))
_PASS_ON: Final = CONSIGNMENTS.update().where(_HERE).values(state=after(ConsignmentAct.TRANSFER, _C.state))
_OF_THE_LETTER: Final = ("letter", "sender", "capacity", "acknowledge_by", "reply_by")
"""What a consignment that begins by a transfer has from the one that ended there."""
_OPEN: Final = (
    CONSIGNMENTS.update()
    .where(_HERE)
    .values(opened_position=bindparam("b_position"), opened_at=_AT, opened_by=bindparam("b_opener"))
)
_MISS: Final = (
    CONSIGNMENTS.update()
    .where(
        _LETTER
        & (_C.state == ConsignmentState.OPEN.value)
        & (_C.capacity == ACTION)
        & _C.recipient.not_in(select(OUTSIDE.c.organisation)),
    )
    .values(missed_position=bindparam("b_position"), missed_at=_AT)
)
_ANSWER: Final = (
    CONSIGNMENTS.update()
    .where(_HERE & _C.answered_with.is_(None))
    .values(answered_with=bindparam("b_answer"), answered_position=bindparam("b_position"), answered_at=_AT)
)

_APART: Final = frozenset({_OPEN, _ANSWER})
"""Acts whose columns no other act on one consignment reads or writes."""


class InboxProjection:
    """Keeps `inbox_consignments`, and in `inbox_outside` whom a missed term does not concern."""

    name = "inbox"
    version = 1
    tables = (CONSIGNMENTS, OUTSIDE)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write the consignments of a batch's letters and what happened to consignments, in the order of the ledger."""
        writing = _Writing(connection)
        for one in batch.happenings:
            match one.accepted:
                case None:
                    continue
                case LetterDispatched() as body:
                    writing.enter(_rows(one, body, batch))
                    _answer(writing, one, body, batch)
                case OrganisationRegistered() | OrganisationChanged() as body:
                    writing.flush()
                    _enter(connection, body.entry)
                case body:
                    _tell(writing, one, body, batch)
        writing.flush()


class _Writing:
    """What a batch writes, held back so that statements of one kind go to the database together.

    Acts on different consignments may change places. So whatever finds its consignment in the hands of an act of another
    kind, or concerns a whole letter, lets everything before it be written first; opening and answering touch columns of
    their own.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[tuple[Any, ...]] = []
        self._acts: dict[Update, list[dict[str, Any]]] = {}
        self._act_on: dict[tuple[LetterId, OrgId], Update] = {}

    def enter(self, rows: Iterator[tuple[Any, ...]]) -> None:
        """Insert the consignments of a letter."""
        if len(self._rows) >= ROWS_AT_ONCE:
            self.flush()
        self._rows.extend(rows)

    def act(self, statement: Update, values: dict[str, Any]) -> None:
        """Do something to one consignment."""
        if statement not in _APART:
            here = (values["b_letter"], values["b_recipient"])
            if here in self._act_on:
                self.flush()
            self._act_on[here] = statement
        self._acts.setdefault(statement, []).append(values)

    def at_once(self, statement: Update, values: dict[str, Any]) -> None:
        """Do something that concerns more than one consignment."""
        self.flush()
        self._connection.execute(statement, values)

    def pass_on(self, body: ConsignmentTransferred, one: Happening) -> None:
        """Begin the consignment of the organisation to which a letter was passed on, where that happened."""
        before = self._connection.execute(
            select(*(_C[name] for name in _OF_THE_LETTER)).where((_C.letter == body.letter) & (_C.recipient == body.recipient))
        ).one()
        row = row_of(
            CONSIGNMENTS,
            **before._asdict(),
            recipient=body.to,
            position=one.position,
            at=one.at,
            state=ConsignmentState.OPEN.value,
        )
        insert_rows(self._connection, CONSIGNMENTS, [row])

    def flush(self) -> None:
        """Write everything that was held back."""
        insert_rows(self._connection, CONSIGNMENTS, self._rows)
        for statement, values in self._acts.items():
            update_rows(self._connection, statement, values)
        self._rows = []
        self._acts = {}
        self._act_on = {}


def _rows(one: Happening, body: LetterDispatched, batch: Batch) -> Iterator[tuple[Any, ...]]:
    letter_id = LetterId(one.verdict.identity)
    same = row_of(
        CONSIGNMENTS,
        letter=letter_id,
        position=one.position,
        at=one.at,
        sender=body.header.organisation,
        acknowledge_by=body.acknowledge_by,
        reply_by=body.reply_by,
        state=ConsignmentState.OPEN.value,
    )
    # The columns that differ between recipients are written into a copy: a circular has ten thousand of them.
    between, rest = same[2:5], same[7:]
    for recipient in batch.recipients(letter_id):
        yield letter_id, recipient.organisation, *between, recipient.capacity, recipient.attention, *rest


def _answer(writing: _Writing, one: Happening, body: LetterDispatched, batch: Batch) -> None:
    """A reply answers the consignments that its sender, or one that it succeeded, received; the first one counts."""
    for ref in body.references.answers:
        if ref.ledger is None:
            for recipient in batch.acted_for(body.header.organisation, one.position):
                values = {"b_letter": ref.identity, "b_recipient": recipient, "b_answer": one.verdict.identity}
                writing.act(_ANSWER, values | {"b_position": one.position, "b_at": one.at})


def _enter(connection: Connection, entry: OrganisationEntry) -> None:
    connection.execute(OUTSIDE.delete().where(OUTSIDE.c.organisation == entry.organisation))
    if entry.connection == NOT_CONNECTED:
        connection.execute(OUTSIDE.insert().values(organisation=entry.organisation))


def _tell(writing: _Writing, one: Happening, body: Body, batch: Batch) -> None:
    """Write what sender or recipient said of a letter."""
    values = {"b_position": one.position, "b_at": one.at}
    match body:
        case ReceiptAcknowledged() | ReceiptRefused() | RecallAccepted() | RecallDeclined():
            by = {"b_letter": body.letter, "b_recipient": body.recipient, "b_officer": body.header.officer}
            _decide(writing, one, body, batch, values | by)
        case ConsignmentOpened():
            here = {"b_letter": body.letter, "b_recipient": body.recipient, "b_opener": body.officer}
            writing.act(_OPEN, values | here)
        case ReceiptWithdrawn():
            writing.act(_WITHDRAW, values | {"b_letter": body.letter, "b_recipient": body.recipient})
        case ConsignmentTransferred():
            writing.at_once(_PASS_ON, values | {"b_letter": body.letter, "b_recipient": body.recipient})
            writing.pass_on(body, one)
        case LetterRecalled():
            writing.at_once(_RECALL, values | {"b_letter": body.letter})
        case AcknowledgementMissed():
            writing.at_once(_MISS, values | {"b_letter": body.letter})
        case _:
            pass


def _decide(writing: _Writing, one: Happening, body: Body, batch: Batch, values: dict[str, Any]) -> None:
    received = {"b_signed_at": body.header.signed_at, "b_organisation": body.header.organisation}
    match body:
        case ReceiptAcknowledged():
            writing.act(_ACKNOWLEDGE, values | received | _number(one, batch))
        case ReceiptRefused():
            why = {"b_reason": body.reason, "b_duplicate_of": body.duplicate_of.identity if body.duplicate_of else None}
            writing.act(_REFUSE, values | received | why | {"b_cover": body.cover.sha256 if body.cover else None})
        case RecallAccepted():
            writing.act(_ACCEPT_RECALL, values | {"b_answer": "accepted", "b_reason": None, "b_cover": None})
        case RecallDeclined():
            why = {"b_reason": body.reason, "b_cover": body.cover.sha256 if body.cover else None}
            writing.act(_DECLINE_RECALL, values | why | {"b_answer": "declined"})
        case _:
            pass


def _number(one: Happening, batch: Batch) -> dict[str, Any]:
    number = one.verdict.number
    if number is None:
        return {"b_year": None, "b_serial": None, "b_printed": None}
    return {"b_year": number.year, "b_serial": number.serial, "b_printed": printed(batch.view, number, None)}
