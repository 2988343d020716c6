"""The projection `outbox`: one row for each letter, with its recipients counted by what they are asked for and where they stand.

Only recipients who decided or answered have a row of their own; all others are counted, so a circular begins as one row.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, String, Table, bindparam, case, select

from adapters.store.dialect import insert_rows
from domain.consignments import COUNTED_STATES, TRANSITIONS, ConsignmentAct, ConsignmentState
from domain.events import (
    LetterDispatched,
    LetterRecalled,
    RecallAccepted,
    RecallDeclined,
    ReceiptAcknowledged,
    ReceiptRefused,
)
from domain.events_office import ConsignmentTransferred, ReceiptWithdrawn
from domain.header import Ref
from domain.ids import LetterId, OrgId
from domain.letters import ACTION, INFORMATION, addressed_capacity, letter
from projections.columns import BIG, METADATA, NAME, row_of
from projections.happenings import Batch, Happening
from projections.transitions import moves_of


def count_name(capacity: str, state: ConsignmentState) -> str:
    """Return the column that counts the recipients of a capacity in a state."""
    return f"{capacity}_{state.value}"


SENT: Final = Table(
    "outbox_letters",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("position", BIG, nullable=False),
    Column("sender", NAME, nullable=False),
    Column("only_recipient", NAME, nullable=True),
    Column("acknowledge_by", BIG, nullable=True),
    *(Column(count_name(c, s), Integer, nullable=False) for c in (ACTION, INFORMATION) for s in COUNTED_STATES),
    Column("late", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Index("outbox_letters_sender", "sender", "position"),
    Index("outbox_letters_position", "position"),
    comment="every letter with its recipients counted by capacity and state, late receipts and answers",
)

DECIDED: Final = Table(
    "outbox_decided",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("recipient", NAME, primary_key=True),
    Column("capacity", String, nullable=False),
    Column("state", String, nullable=False),
    Column("answered", Integer, nullable=False),
    comment="where the recipients stand who decided or answered, so that their next act is counted right",
)

_S: Final = SENT.c
_ACTS: Final[dict[type, ConsignmentAct]] = {
    ReceiptAcknowledged: ConsignmentAct.ACKNOWLEDGE,
    ReceiptRefused: ConsignmentAct.REFUSE,
    RecallAccepted: ConsignmentAct.ACCEPT_RECALL,
    RecallDeclined: ConsignmentAct.DECLINE_RECALL,
    ReceiptWithdrawn: ConsignmentAct.WITHDRAW,
}
_RECALLED_COUNTS: Final[dict[str, Any]] = {
    count_name(capacity, state): sum(
        (
            _S[count_name(capacity, before)]
            for before in COUNTED_STATES
            if moves_of(ConsignmentAct.RECALL).get(before, before) is state
        ),
        start=0,
    )
    for capacity in (ACTION, INFORMATION)
    for state in COUNTED_STATES
}
_RECALL: Final = SENT.update().where(_S.letter == bindparam("b_letter")).values(**_RECALLED_COUNTS)
_RECALL_DECIDED: Final = (
    DECIDED.update()
    .where(DECIDED.c.letter == bindparam("b_letter"))
    .values(
        state=case(
            {before.value: to.value for before, to in moves_of(ConsignmentAct.RECALL).items()},
            value=DECIDED.c.state,
            else_=DECIDED.c.state,
        )
    )
)
_FOUND: Final = select(DECIDED).where(
    (DECIDED.c.letter == bindparam("b_letter")) & (DECIDED.c.recipient == bindparam("b_recipient"))
)
_MOVED: Final = (
    DECIDED.update()
    .where((DECIDED.c.letter == bindparam("b_letter")) & (DECIDED.c.recipient == bindparam("b_recipient")))
    .values(state=bindparam("b_state"), answered=bindparam("b_answered"))
)


class OutboxProjection:
    """Keeps `outbox_letters` and `outbox_decided`."""

    name = "outbox"
    version = 1
    tables = (SENT, DECIDED)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write the letters of a batch, and count what happened to consignments, in the order of the ledger."""
        sent = [(one, one.accepted) for one in batch.happenings if isinstance(one.accepted, LetterDispatched)]
        insert_rows(connection, SENT, [_row(one, body, batch) for one, body in sent])
        for one in batch.happenings:
            match one.accepted:
                case LetterDispatched() as body if body.references.answers:
                    _answer(connection, one, body, batch)
                case ReceiptAcknowledged() | ReceiptRefused() | RecallAccepted() | RecallDeclined() | ReceiptWithdrawn() as body:
                    _decide(connection, one, body, batch)
                case ConsignmentTransferred() as body:
                    _pass_on(connection, body, batch)
                case LetterRecalled() as body:
                    connection.execute(_RECALL, {"b_letter": body.letter})
                    connection.execute(_RECALL_DECIDED, {"b_letter": body.letter})
                case _:
                    pass


def _row(one: Happening, body: LetterDispatched, batch: Batch) -> tuple[Any, ...]:
    letter_id = LetterId(one.verdict.identity)
    everybody = batch.recipients(letter_id)
    for_action = sum(recipient.capacity == ACTION for recipient in everybody)
    counts = dict.fromkeys((count_name(c, s) for c in (ACTION, INFORMATION) for s in COUNTED_STATES), 0)
    counts[count_name(ACTION, ConsignmentState.OPEN)] = for_action
    counts[count_name(INFORMATION, ConsignmentState.OPEN)] = len(everybody) - for_action
    return row_of(
        SENT,
        letter=letter_id,
        position=one.position,
        sender=body.header.organisation,
        only_recipient=everybody[0].organisation if len(everybody) == 1 else None,
        acknowledge_by=body.acknowledge_by,
        **counts,
        late=0,
        answered=0,
    )


def _decide(
    connection: Connection,
    one: Happening,
    body: ReceiptAcknowledged | ReceiptRefused | RecallAccepted | RecallDeclined | ReceiptWithdrawn,
    batch: Batch,
) -> None:
    found = _stands(connection, body.letter, body.recipient)
    capacity = found.capacity if found else _capacity(batch, body.letter, body.recipient)
    before = ConsignmentState(found.state) if found else ConsignmentState.OPEN
    after = ConsignmentState(str(TRANSITIONS[before, _ACTS[type(body)]]))
    _write(connection, found, body.letter, body.recipient, capacity=capacity, state=after.value)
    counts: dict[str, Any] = {
        count_name(capacity, before): _S[count_name(capacity, before)] - 1,
        count_name(capacity, after): _S[count_name(capacity, after)] + 1,
    }
    if isinstance(body, ReceiptAcknowledged | ReceiptRefused):
        counts["late"] = case((_S.acknowledge_by < one.at, _S.late + 1), else_=_S.late)
    connection.execute(SENT.update().where(_S.letter == body.letter).values(**counts))


def _pass_on(connection: Connection, body: ConsignmentTransferred, batch: Batch) -> None:
    """Count the new recipient, as open, in the place of the old one."""
    found = _stands(connection, body.letter, body.recipient)
    capacity = found.capacity if found else _capacity(batch, body.letter, body.recipient)
    before = ConsignmentState(found.state) if found else ConsignmentState.OPEN
    _write(connection, found, body.letter, body.recipient, capacity=capacity, state=ConsignmentState.TRANSFERRED.value)
    _write(connection, None, body.letter, body.to, capacity=capacity, state=ConsignmentState.OPEN.value)
    if before is not ConsignmentState.OPEN:
        left, opens = count_name(capacity, before), count_name(capacity, ConsignmentState.OPEN)
        moved = {left: _S[left] - 1, opens: _S[opens] + 1}
        connection.execute(SENT.update().where(_S.letter == body.letter).values(**moved))


def _answer(connection: Connection, one: Happening, body: LetterDispatched, batch: Batch) -> None:
    for ref in body.references.answers:
        if ref.ledger is None:
            for recipient in batch.acted_for(body.header.organisation, one.position):
                _count_answer(connection, ref, recipient, batch)


def _count_answer(connection: Connection, ref: Ref, recipient: OrgId, batch: Batch) -> None:
    """Count the first answer of a recipient, whoever speaks for it."""
    answered = LetterId(ref.identity)
    found = _stands(connection, answered, recipient)
    sent = letter(batch.view, answered)
    capacity = found.capacity if found else addressed_capacity(batch.view, sent, recipient) if sent else None
    if capacity is None or (found is not None and found.answered):
        return
    state = found.state if found else _untouched(connection, answered)
    _write(connection, found, answered, recipient, capacity=capacity, state=state, answered=1)
    connection.execute(SENT.update().where(_S.letter == answered).values(answered=_S.answered + 1))


def _untouched(connection: Connection, letter_id: LetterId) -> str:
    """Return where a recipient stands who has no row: open, or, if nobody is open any more, recalled."""
    opens = [_S[count_name(capacity, ConsignmentState.OPEN)] for capacity in (ACTION, INFORMATION)]
    left = connection.execute(select(opens[0] + opens[1]).where(_S.letter == letter_id)).scalar()
    return (ConsignmentState.OPEN if left else ConsignmentState.RECALLED).value


def _capacity(batch: Batch, letter_id: LetterId, recipient: OrgId) -> str:
    sent = letter(batch.view, letter_id)
    return (addressed_capacity(batch.view, sent, recipient) if sent else None) or INFORMATION


def _stands(connection: Connection, letter_id: LetterId, recipient: OrgId) -> Any:
    return connection.execute(_FOUND, {"b_letter": letter_id, "b_recipient": recipient}).first()


def _write(  # noqa: PLR0913 - the columns of a row
    connection: Connection,
    found: Any,
    letter_id: LetterId,
    recipient: OrgId,
    *,
    capacity: str,
    state: str,
    answered: int | None = None,
) -> None:
    answers = answered if answered is not None else found.answered if found else 0
    if found is None:
        insert_rows(connection, DECIDED, [(letter_id, recipient, capacity, state, answers)])
    else:
        here = {"b_letter": letter_id, "b_recipient": recipient}
        connection.execute(_MOVED, here | {"b_state": state, "b_answered": answers})
