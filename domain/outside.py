"""The rules of the world outside the exchange: letters that came from outside, and deliveries to bodies that are not connected.

The claimed times are compared with ledger time once, here; nothing else is ever decided by them.
"""

from __future__ import annotations

from typing import Final

from domain import directory
from domain.authority import role, speaks_for_no_unit
from domain.changes import Change
from domain.directory import OUTSIDE, Role
from domain.dispatch import KINDS
from domain.documents import DOCUMENT_ROLES, documents_are_right, require_plain
from domain.errors import RejectedError
from domain.events_office import ConsignmentDeliveredOutside, LetterReceivedOutside
from domain.ids import LetterId
from domain.letters import capacity_of, letter
from domain.outside_letters import (
    OutsideDeliveryTold,
    OutsideLetterEntered,
    outside_delivery,
    outside_delivery_key,
    outside_letter,
    outside_letter_key,
)
from domain.reasons import Reason
from domain.registers import give_number
from domain.rules import Case, Rule, Signers, forbids, requires, stamp
from domain.senders import BY_THE_SENDER, COVER_IS_PLAIN, named_letter
from domain.verdicts import RegisterKind

CHANNELS: Final = frozenset({"post", "courier", "by_hand", "email", "fax", "other"})
"""How a letter travels outside the exchange."""
CORRESPONDENT: Final = "correspondent"
THEIR_NUMBER: Final = "their_number"
ORIGINAL: Final = "original"
"""What the texts of a cover of `letter.received_outside` are about: who wrote, under which number, where the paper lies."""


def _is_plain(case: Case) -> None:
    """No document is encrypted: these rules have no grants yet."""
    require_plain((case.body.cover, *case.body.documents))


def _codes_are_known(case: Case) -> bool:
    """Kind, channel and the documents' roles are codes of these rules."""
    body = case.body
    return body.kind in KINDS and body.channel in CHANNELS and all(one.role in DOCUMENT_ROLES for one in body.documents)


def _has_arrived(case: Case) -> bool:
    """It arrived not after this record's ledger time."""
    return bool(case.body.arrived_at <= case.at)


def _was_written_before(case: Case) -> bool:
    """It was written, if it is said when, not after it arrived."""
    return case.body.written_at is None or bool(case.body.written_at <= case.body.arrived_at)


def _references_are_known(case: Case) -> bool:
    """Each reference to this ledger names a letter accepted at an earlier position, or one from outside entered there."""
    named = (LetterId(ref.identity) for ref in case.body.references if ref.ledger is None)
    return all(letter(case.view, one) is not None or outside_letter(case.view, one) is not None for one in named)


def _enter(case: Case) -> tuple[Change, ...]:
    speaker = case.body.header.organisation
    entered = OutsideLetterEntered(
        **stamp(case, outside_letter_key(LetterId(case.identity)), None), organisation=speaker, position=case.position
    )
    _, numbered = give_number(case, speaker, RegisterKind.INCOMING)
    return (entered, numbered)


def _channel_is_known(case: Case) -> bool:
    """The channel is a code of these rules."""
    return case.body.channel in CHANNELS


def _was_sent_to_it(case: Case) -> bool:
    """`recipient` received the letter."""
    return capacity_of(case.view, named_letter(case), case.body.recipient) is not None


def _is_outside(case: Case) -> bool:
    """The recipient stands outside the exchange: one that is connected speaks for itself."""
    found = directory.organisation(case.view, case.body.recipient)
    return found is not None and found.entry.connection == OUTSIDE


def _time_fits(case: Case) -> bool:
    """It was delivered not before the letter was dispatched, and not after this record's ledger time."""
    return bool(case.view.time_at(named_letter(case).position) <= case.body.delivered_at <= case.at)


def _says_something_new(case: Case) -> None:
    """Nothing is recorded of this delivery yet, or something else, which this corrects."""
    before = outside_delivery(case.view, case.body.letter, case.body.recipient)
    if before is not None and (before.channel, before.delivered_at) == (case.body.channel, case.body.delivered_at):
        raise RejectedError(Reason.DELIVERY_ALREADY_RECORDED, because=before.position)


def _deliver(case: Case) -> tuple[Change, ...]:
    body = case.body
    key = outside_delivery_key(body.letter, body.recipient)
    told = OutsideDeliveryTold(
        **stamp(case, key, case.view.get(key)), channel=body.channel, delivered_at=body.delivered_at, position=case.position
    )
    return (told,)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=LetterReceivedOutside,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            forbids((Reason.NOT_IN_THESE_RULES,), _is_plain),
            requires(Reason.CODE_UNKNOWN, _codes_are_known),
            forbids((Reason.DOCUMENTS_WRONG,), documents_are_right),
            requires(Reason.UNIT_HAS_NONE, speaks_for_no_unit),
            requires(Reason.ARRIVED_LATER, _has_arrived),
            requires(Reason.WRITTEN_AFTER_ARRIVAL, _was_written_before),
            requires(Reason.REFERENCE_UNKNOWN, _references_are_known),
        ),
        changes=_enter,
    ),
    Rule(
        event=ConsignmentDeliveredOutside,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            requires(Reason.CODE_UNKNOWN, _channel_is_known),
            COVER_IS_PLAIN,
            *BY_THE_SENDER,
            requires(Reason.NOT_A_RECIPIENT, _was_sent_to_it),
            requires(Reason.NOT_OUTSIDE, _is_outside),
            requires(Reason.DELIVERY_TIME_WRONG, _time_fits),
            forbids((Reason.DELIVERY_ALREADY_RECORDED,), _says_something_new),
        ),
        changes=_deliver,
    ),
)
