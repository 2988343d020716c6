"""What a recipient says of a letter: acknowledged, refused, a recall accepted or declined, opened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from domain import directory
from domain.authority import role
from domain.changes import Change
from domain.consignments import (
    TRANSITIONS,
    ConsignmentAct,
    ConsignmentState,
    Decided,
    Opened,
    consignment,
    consignment_key,
    effective,
)
from domain.directory import Role
from domain.errors import RejectedError
from domain.events import (
    Body,
    ConsignmentOpened,
    RecallAccepted,
    RecallDeclined,
    ReceiptAcknowledged,
    ReceiptRefused,
)
from domain.letters import ACTION, Tallied, capacity_of, letter, tally
from domain.reasons import Reason
from domain.registers import give_number
from domain.rules import Case, Precondition, Rule, Signers, forbids, requires, stamp
from domain.senders import COVER_IS_PLAIN, LETTER_IS_KNOWN, OTHER, named_letter
from domain.verdicts import RegisterKind

DUPLICATE: Final = "DUPLICATE"
REFUSAL_REASONS: Final = frozenset(
    {
        "WRONG_ADDRESSEE",
        "NOT_IN_COMPETENCE",
        "ATTACHMENT_MISSING",
        "ATTACHMENT_UNREADABLE",
        "DOCUMENTS_DIFFER_FROM_LIST",
        "REQUIRED_SIGNATURE_MISSING",
        "SIGNATORY_WITHOUT_POWER",
        "MALWARE",
        DUPLICATE,
        OTHER,
    },
)
DECLINE_REASONS: Final = frozenset({"ALREADY_EXECUTED", "ALREADY_ANSWERED", "NEEDED_AS_RECORD", OTHER})


def speaker_is_the_recipient(case: Case) -> bool:
    """`recipient` received the letter, and the organisation is it or, if it is closed, its last successor."""
    recipient = case.body.recipient
    if capacity_of(case.view, named_letter(case), recipient) is None:
        return False
    return bool(directory.last_successor(case.view, recipient) == case.body.header.organisation)


def _refusal_reason_is_known(case: Case) -> bool:
    """The reason is a code of these rules."""
    return case.body.reason in REFUSAL_REASONS


def _decline_reason_is_known(case: Case) -> bool:
    """The reason, if one is given, is a code of these rules."""
    return case.body.reason is None or case.body.reason in DECLINE_REASONS


def _duplicate_is_named(case: Case) -> bool:
    """Refused as a duplicate, it names the other letter, accepted earlier if it is on this ledger; otherwise none."""
    other = case.body.duplicate_of
    if case.body.reason != DUPLICATE or other is None:
        return bool((case.body.reason == DUPLICATE) == (other is not None))
    if other.ledger is not None:
        return True
    return other.identity != case.body.letter and letter(case.view, other.identity) is not None


def text_is_there(case: Case) -> bool:
    """Refused for another reason, a cover holds the reason."""
    return bool(case.body.reason != OTHER or case.body.cover is not None)


def _state(case: Case) -> ConsignmentState:
    return effective(case.view, case.body.letter, case.body.recipient)


def table_allows(act: ConsignmentAct) -> Precondition:
    """Return the precondition that the table of consignments allows an act."""
    reasons = tuple(dict.fromkeys(to for (_, of), to in TRANSITIONS.items() if of is act and isinstance(to, Reason)))

    def check(case: Case) -> None:
        """The table of consignments allows it in the state where the letter stands with this recipient."""
        outcome = TRANSITIONS[_state(case), act]
        if isinstance(outcome, Reason):
            _reject(case, outcome)

    return forbids(reasons, check)


def _reject(case: Case, reason: Reason) -> None:
    if reason is Reason.ALREADY_RECALLED:
        raise RejectedError(reason, because=tally(case.view, case.body.letter).last_recall)
    before = consignment(case.view, case.body.letter, case.body.recipient)
    if before is None or before.decided_position is None:
        raise RejectedError(reason)
    detail = f"{before.state} by {before.decided_by} at position {before.decided_position}"
    raise RejectedError(reason, detail, because=before.decided_position)


def decided(case: Case, act: ConsignmentAct) -> tuple[Change, ...]:
    """Return what follows from an act of a recipient that the table allows: his new state, counted."""
    body, before = case.body, _state(case)
    after = TRANSITIONS[before, act]
    if isinstance(after, Reason):
        raise RejectedError(after)
    key, counts = consignment_key(body.letter, body.recipient), tally(case.view, body.letter)
    for_action = capacity_of(case.view, named_letter(case), body.recipient) == ACTION
    return (
        Decided(
            **stamp(case, key, case.view.get(key)),
            state=after,
            position=case.position,
            officer=body.header.officer,
            at=case.at,
        ),
        Tallied(**stamp(case, counts.id, counts), before=before.value, after=after.value, for_action=for_action),
    )


def _acknowledge(case: Case) -> tuple[Change, ...]:
    _, numbered = give_number(case, case.body.header.organisation, RegisterKind.INCOMING)
    return (*decided(case, ConsignmentAct.ACKNOWLEDGE), numbered)


def _refuse(case: Case) -> tuple[Change, ...]:
    return decided(case, ConsignmentAct.REFUSE)


def _accept_recall(case: Case) -> tuple[Change, ...]:
    return decided(case, ConsignmentAct.ACCEPT_RECALL)


def _decline_recall(case: Case) -> tuple[Change, ...]:
    return decided(case, ConsignmentAct.DECLINE_RECALL)


def _officer_is_appointed_there(case: Case) -> bool:
    """The officer who opened it is appointed in the organisation that speaks."""
    found = directory.appointment(case.view, case.body.officer, case.body.header.organisation)
    return found is not None and bool(found.roles)


def _was_not_opened(case: Case) -> None:
    """It is not recorded already that this recipient opened the letter."""
    before = consignment(case.view, case.body.letter, case.body.recipient)
    if before is not None and before.opened_position is not None:
        raise RejectedError(Reason.ALREADY_OPENED, because=before.opened_position)


def _open(case: Case) -> tuple[Change, ...]:
    key = consignment_key(case.body.letter, case.body.recipient)
    return (Opened(**stamp(case, key, case.view.get(key)), position=case.position),)


BY_THE_RECIPIENT: Final[tuple[Precondition, ...]] = (
    LETTER_IS_KNOWN,
    requires(Reason.NOT_A_RECIPIENT, speaker_is_the_recipient),
)


def _clerk_rule(
    event: type[Body],
    changes: Callable[[Case], tuple[Change, ...]],
    act: ConsignmentAct,
    *preconditions: Precondition,
) -> Rule:
    return Rule(
        event=event,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(*preconditions, *BY_THE_RECIPIENT, table_allows(act)),
        changes=changes,
    )


RULES: Final[tuple[Rule, ...]] = (
    _clerk_rule(ReceiptAcknowledged, _acknowledge, ConsignmentAct.ACKNOWLEDGE),
    _clerk_rule(
        ReceiptRefused,
        _refuse,
        ConsignmentAct.REFUSE,
        requires(Reason.CODE_UNKNOWN, _refusal_reason_is_known),
        COVER_IS_PLAIN,
        requires(Reason.OTHER_LETTER_NEEDED, _duplicate_is_named),
        requires(Reason.TEXT_NEEDED, text_is_there),
    ),
    _clerk_rule(RecallAccepted, _accept_recall, ConsignmentAct.ACCEPT_RECALL),
    _clerk_rule(
        RecallDeclined,
        _decline_recall,
        ConsignmentAct.DECLINE_RECALL,
        requires(Reason.CODE_UNKNOWN, _decline_reason_is_known),
        COVER_IS_PLAIN,
    ),
    Rule(
        event=ConsignmentOpened,
        signers=Signers.ONE,
        authority=role(Role.STATION),
        preconditions=(
            *BY_THE_RECIPIENT,
            requires(Reason.OFFICER_NOT_FOUND, _officer_is_appointed_there),
            forbids((Reason.ALREADY_OPENED,), _was_not_opened),
        ),
        changes=_open,
    ),
)
