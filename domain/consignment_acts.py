"""What a recipient does with a letter after its receipt, under rules 3: receipt withdrawn, passed on, closed, fetched.

Closing and fetching change no state of the consignment; they are kept beside it (`domain.consignments.Handling`). A receipt that
is withdrawn leaves its number in the register, voided (domain.registrations); a later receipt gets a new one. Whoever receives
a letter by a transfer stands in it like one who was addressed, in the same capacity; nobody becomes a recipient twice, so a
letter never goes round in a circle. A letter from outside is entered already, so there is nothing to receive: its organisation
closes it, and does nothing else with it.
"""

from __future__ import annotations

from typing import Final, cast

from domain import directory
from domain.authority import role
from domain.changes import Change
from domain.consignments import (
    ConsignmentAct,
    ConsignmentState,
    Decided,
    HandlingAct,
    HandlingTold,
    consignment_key,
    effective,
    handling,
    handling_key,
)
from domain.directory import Role
from domain.errors import RejectedError
from domain.events import LetterDispatched
from domain.events_office import ConsignmentClosed, ConsignmentFetched, ConsignmentTransferred, ReceiptWithdrawn
from domain.header import Ref
from domain.ids import Digest, LetterId, OrgId
from domain.letters import (
    ACTION,
    PassedOn,
    TallyTransferred,
    TransferEntered,
    capacity_of,
    letter,
    tally,
    transfers_key,
)
from domain.outside_letters import OutsideLetter, outside_letter
from domain.reasons import Reason
from domain.receipts import BY_THE_RECIPIENT, decided, speaker_is_the_recipient, table_allows, text_is_there
from domain.rules import Case, Rule, Signers, forbids, requires, stamp
from domain.senders import COVER_IS_PLAIN, OTHER, named_letter

WITHDRAWAL_REASONS: Final = frozenset({"ENTERED_IN_ERROR", "DOCUMENTS_NOT_WHOLE", OTHER})
TRANSFER_REASONS: Final = frozenset({"NOT_IN_COMPETENCE", "WRONG_ADDRESSEE", OTHER})
ANSWERED: Final = "answered"
SUPERSEDED: Final = "superseded"
CLOSINGS: Final = frozenset({ANSWERED, "executed", "noted", "answered_otherwise", SUPERSEDED})
"""How a recipient is done with a letter."""


def _withdrawal_reason_is_known(case: Case) -> bool:
    """The reason is a code of these rules."""
    return case.body.reason in WITHDRAWAL_REASONS


def _transfer_reason_is_known(case: Case) -> bool:
    """The reason is a code of these rules."""
    return case.body.reason in TRANSFER_REASONS


def _closing_is_known(case: Case) -> bool:
    """How it is closed is a code of these rules."""
    return case.body.how in CLOSINGS


def _was_not_closed(case: Case) -> None:
    """This recipient has not closed the letter."""
    before = handling(case.view, case.body.letter, case.body.recipient)
    if before is not None and before.closed is not None:
        raise RejectedError(Reason.ALREADY_CLOSED, because=before.closed)


def _was_not_fetched(case: Case) -> None:
    """It is not recorded already that this recipient holds every document."""
    before = handling(case.view, case.body.letter, case.body.recipient)
    if before is not None and before.fetched is not None:
        raise RejectedError(Reason.ALREADY_FETCHED, because=before.fetched)


def _target_is_fit(case: Case) -> bool:
    """`to` is a registered, open organisation, no unit, and not the letter's sender."""
    to: OrgId = case.body.to
    found = directory.open_organisation(case.view, to)
    return found is not None and not found.is_unit and to != named_letter(case).sender


def _target_is_new(case: Case) -> bool:
    """`to` is not a recipient of the letter yet, by its dispatch or by a transfer."""
    return capacity_of(case.view, named_letter(case), case.body.to) is None


def _from_outside(case: Case) -> OutsideLetter | None:
    letter_id: LetterId = case.body.letter
    return None if letter(case.view, letter_id) is not None else outside_letter(case.view, letter_id)


def _letter_is_here(case: Case) -> None:
    """The letter was accepted at an earlier position, or entered there as one from outside."""
    if _from_outside(case) is None:
        named_letter(case)


def _closer_is_the_recipient(case: Case) -> bool:
    """`recipient` received the letter, or entered it from outside, and the organisation is it or its last successor."""
    entered = _from_outside(case)
    if entered is None:
        return speaker_is_the_recipient(case)
    recipient: OrgId = case.body.recipient
    return recipient == entered.organisation and directory.last_successor(case.view, recipient) == case.body.header.organisation


def _can_be_closed(case: Case) -> None:
    """The table of consignments allows it; a letter from outside can be closed from the first."""
    if _from_outside(case) is None:
        _TABLE_ALLOWS_CLOSING.check(case)


def _closing_letter_fits(case: Case) -> bool:
    """Answered names an own letter that answers this one, superseded one that replaces it; other closings name none."""
    how, by = case.body.how, case.body.by
    if how not in {ANSWERED, SUPERSEDED}:
        return by is None
    if by is None or by.ledger is not None:
        return False
    return _answers(case, by) if how == ANSWERED else _replaces(case, by)


def _answers(case: Case, by: Ref) -> bool:
    body = _dispatch(case, by.identity)
    if body is None:
        return False
    own = directory.last_successor(case.view, body.header.organisation) == case.body.header.organisation
    return own and Ref(ledger=None, identity=Digest(case.body.letter)) in body.references.answers


def _replaces(case: Case, by: Ref) -> bool:
    if _from_outside(case) is not None:
        return False  # Whoever wrote it does not write on this ledger.
    later, sender = letter(case.view, LetterId(by.identity)), named_letter(case).sender
    return (
        later is not None
        and directory.last_successor(case.view, later.sender) == directory.last_successor(case.view, sender)
        and Ref(ledger=None, identity=Digest(case.body.letter)) in later.replaces
    )


def _dispatch(case: Case, identity: Digest) -> LetterDispatched | None:
    if letter(case.view, LetterId(identity)) is None:
        return None
    found = case.view.event(identity)
    if found is None:
        return None
    envelope = case.codec.envelope(found.record)
    return cast("LetterDispatched", case.codec.body(envelope.payload_type, envelope.payload))


def _told(case: Case, act: HandlingAct) -> HandlingTold:
    key = handling_key(case.body.letter, case.body.recipient)
    return HandlingTold(**stamp(case, key, case.view.get(key)), act=act, position=case.position)


def _withdraw(case: Case) -> tuple[Change, ...]:
    return (*decided(case, ConsignmentAct.WITHDRAW), _told(case, HandlingAct.WITHDRAWN))


def _transfer(case: Case) -> tuple[Change, ...]:
    body, counts = case.body, tally(case.view, case.body.letter)
    capacity = capacity_of(case.view, named_letter(case), body.recipient) or ACTION
    before = effective(case.view, body.letter, body.recipient)
    transfers = transfers_key(body.letter)
    return (
        _decision(case, body.recipient, ConsignmentState.TRANSFERRED),
        # It begins here: a recall that came before the transfer does not touch it.
        _decision(case, body.to, ConsignmentState.OPEN),
        TallyTransferred(**stamp(case, counts.id, counts), before=before.value, for_action=capacity == ACTION),
        TransferEntered(
            **stamp(case, transfers, case.view.get(transfers)),
            letter=body.letter,
            to=PassedOn(organisation=body.to, capacity=capacity, position=case.position),
        ),
    )


def _decision(case: Case, organisation: OrgId, state: ConsignmentState) -> Decided:
    key = consignment_key(case.body.letter, organisation)
    now = stamp(case, key, case.view.get(key))
    return Decided(**now, state=state, position=case.position, officer=case.body.header.officer, at=case.at)


def _close(case: Case) -> tuple[Change, ...]:
    return (_told(case, HandlingAct.CLOSED),)


def _fetch(case: Case) -> tuple[Change, ...]:
    return (_told(case, HandlingAct.FETCHED),)


_TABLE_ALLOWS_CLOSING: Final = table_allows(ConsignmentAct.CLOSE)
_OPEN_STILL: Final = forbids((Reason.ALREADY_CLOSED,), _was_not_closed)
_TEXT_IS_THERE: Final = requires(Reason.TEXT_NEEDED, text_is_there)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=ReceiptWithdrawn,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            requires(Reason.CODE_UNKNOWN, _withdrawal_reason_is_known),
            COVER_IS_PLAIN,
            _TEXT_IS_THERE,
            *BY_THE_RECIPIENT,
            table_allows(ConsignmentAct.WITHDRAW),
            _OPEN_STILL,
        ),
        changes=_withdraw,
    ),
    Rule(
        event=ConsignmentTransferred,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            requires(Reason.CODE_UNKNOWN, _transfer_reason_is_known),
            COVER_IS_PLAIN,
            _TEXT_IS_THERE,
            *BY_THE_RECIPIENT,
            table_allows(ConsignmentAct.TRANSFER),
            _OPEN_STILL,
            requires(Reason.TRANSFER_UNFIT, _target_is_fit),
            requires(Reason.ALREADY_RECIPIENT, _target_is_new),
        ),
        changes=_transfer,
    ),
    Rule(
        event=ConsignmentClosed,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            requires(Reason.CODE_UNKNOWN, _closing_is_known),
            COVER_IS_PLAIN,
            forbids((Reason.LETTER_UNKNOWN,), _letter_is_here),
            requires(Reason.NOT_A_RECIPIENT, _closer_is_the_recipient),
            forbids(_TABLE_ALLOWS_CLOSING.reasons, _can_be_closed),
            _OPEN_STILL,
            requires(Reason.CLOSING_LETTER_WRONG, _closing_letter_fits),
        ),
        changes=_close,
    ),
    Rule(
        event=ConsignmentFetched,
        signers=Signers.ONE,
        authority=role(Role.STATION),
        preconditions=(*BY_THE_RECIPIENT, forbids((Reason.ALREADY_FETCHED,), _was_not_fetched)),
        changes=_fetch,
    ),
)
