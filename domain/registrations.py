"""What a clerk says later of a number in his register: corrected (another case index) or voided. The number always stays.

Aggregate `registration:<identity of the event that gave the number>`, which exists only once something was said. The number of a
receipt that was withdrawn is voided by that; it is known by the place of the withdrawal (`domain.consignments.Handling`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, cast

from domain import directory
from domain.authority import role
from domain.changes import Change, Recorded, State, View
from domain.consignments import handling
from domain.directory import Role
from domain.errors import RejectedError
from domain.events import Body, LetterDispatched, ReceiptAcknowledged
from domain.events_office import LetterReceivedOutside, RegistrationCorrected, RegistrationVoided
from domain.ids import Digest
from domain.reasons import Reason
from domain.receipts import text_is_there
from domain.rules import Case, Rule, Signers, forbids, requires, stamp
from domain.senders import COVER_IS_PLAIN, OTHER

CORRECTION_REASONS: Final = frozenset({"WRONG_CASE", "ENTERED_IN_ERROR", OTHER})
VOIDING_REASONS: Final = frozenset({"ENTERED_IN_ERROR", "ENTERED_TWICE", OTHER})
NUMBERED: Final = (LetterDispatched, ReceiptAcknowledged, LetterReceivedOutside)
"""The events that give a number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration(State):
    """What was said of a number: its case index as corrected last, where that was, and where it was voided."""

    case_index: str | None = None
    corrected: int | None = None
    voided: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CorrectionEntered(Change):
    """A clerk corrected the case index of a number."""

    TOPIC: ClassVar[str] = "registration.corrected.v1"
    case_index: str | None
    position: int

    def mutate(self, aggregate: Registration | None) -> Registration:
        """Return the registration, corrected."""
        return Registration(
            id=self.originator_id,
            version=self.originator_version,
            case_index=self.case_index,
            corrected=self.position,
            voided=aggregate.voided if aggregate else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class VoidingEntered(Change):
    """A clerk voided a number."""

    TOPIC: ClassVar[str] = "registration.voided.v1"
    position: int

    def mutate(self, aggregate: Registration | None) -> Registration:
        """Return the registration, voided."""
        return Registration(
            id=self.originator_id,
            version=self.originator_version,
            case_index=aggregate.case_index if aggregate else None,
            corrected=aggregate.corrected if aggregate else None,
            voided=self.position,
        )


def registration_key(identity: Digest) -> str:
    """Return the id of the aggregate of what was said of a number."""
    return f"registration:{identity.hex()}"


def registration(view: View, identity: Digest) -> Registration | None:
    """Return what was said of the number that an event gave, None if nothing was."""
    return cast("Registration | None", view.get(registration_key(identity)))


def _entry(case: Case) -> tuple[Recorded, Body]:
    found = case.view.event(case.body.entry)
    if found is not None and found.is_accepted:
        envelope = case.codec.envelope(found.record)
        body = case.codec.body(envelope.payload_type, envelope.payload)
        if isinstance(body, NUMBERED):
            return found, body
    raise RejectedError(Reason.ENTRY_UNKNOWN, f"no accepted event {case.body.entry.hex()} gave a number")


def _entry_is_known(case: Case) -> None:
    """The entry is an event that was accepted at an earlier position and gave a number."""
    _entry(case)


def _register_is_own(case: Case) -> bool:
    """The number is the organisation's own, or of one that it succeeds."""
    _, body = _entry(case)
    return bool(directory.last_successor(case.view, body.header.organisation) == case.body.header.organisation)


def _is_not_voided(case: Case) -> None:
    """The number is not voided, by a clerk or by the withdrawal of its receipt."""
    found, body = _entry(case)
    said = registration(case.view, case.body.entry)
    voided = said.voided if said else None
    if isinstance(body, ReceiptAcknowledged):
        kept = handling(case.view, body.letter, body.recipient)
        if kept is not None and kept.withdrawn is not None and kept.withdrawn > found.position:
            voided = kept.withdrawn
    if voided is not None:
        raise RejectedError(Reason.ALREADY_VOIDED, because=voided)


def _changes_something(case: Case) -> bool:
    """The case index is another one than the register has."""
    _, body = _entry(case)
    said = registration(case.view, case.body.entry)
    now = said.case_index if said and said.corrected is not None else getattr(body, "case_index", None)
    return bool(now != case.body.case_index)


def _correction_reason_is_known(case: Case) -> bool:
    """The reason is a code of these rules."""
    return case.body.reason in CORRECTION_REASONS


def _voiding_reason_is_known(case: Case) -> bool:
    """The reason is a code of these rules."""
    return case.body.reason in VOIDING_REASONS


def _correct(case: Case) -> tuple[Change, ...]:
    key = registration_key(case.body.entry)
    said = stamp(case, key, case.view.get(key))
    return (CorrectionEntered(**said, case_index=case.body.case_index, position=case.position),)


def _void(case: Case) -> tuple[Change, ...]:
    key = registration_key(case.body.entry)
    return (VoidingEntered(**stamp(case, key, case.view.get(key)), position=case.position),)


_OF_AN_OWN_NUMBER: Final = (
    COVER_IS_PLAIN,
    requires(Reason.TEXT_NEEDED, text_is_there),
    forbids((Reason.ENTRY_UNKNOWN,), _entry_is_known),
    requires(Reason.NOT_OWN_REGISTER, _register_is_own),
    forbids((Reason.ALREADY_VOIDED,), _is_not_voided),
)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=RegistrationCorrected,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            requires(Reason.CODE_UNKNOWN, _correction_reason_is_known),
            *_OF_AN_OWN_NUMBER,
            requires(Reason.CORRECTION_CHANGES_NOTHING, _changes_something),
        ),
        changes=_correct,
    ),
    Rule(
        event=RegistrationVoided,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(requires(Reason.CODE_UNKNOWN, _voiding_reason_is_known), *_OF_AN_OWN_NUMBER),
        changes=_void,
    ),
)
