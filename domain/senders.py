"""What a sender says of a letter already sent: recalled, superseded, the time to acknowledge missed."""

from __future__ import annotations

from typing import Final

from domain import directory
from domain.authority import role
from domain.changes import Change
from domain.consignments import ConsignmentState, effective
from domain.directory import Role
from domain.documents import cover_is_plain
from domain.errors import RejectedError
from domain.events import AcknowledgementMissed, LetterRecalled, LetterSuperseded
from domain.header import Ref
from domain.letters import ACTION, Letter, Missed, Recalled, Superseded, capacity_of, letter, tally
from domain.reasons import Reason
from domain.rules import Case, Precondition, Rule, Signers, forbids, requires, stamp

OTHER: Final = "OTHER"
RECALL_REASONS: Final = frozenset({"SENT_IN_ERROR", "WRONG_ADDRESSEE", "WRONG_TEXT", "REPLACED", OTHER})


def named_letter(case: Case) -> Letter:
    """Return the letter that the event is about; raise `RejectedError` (LETTER_UNKNOWN) if there is none."""
    found = letter(case.view, case.body.letter)
    if found is None:
        raise RejectedError(Reason.LETTER_UNKNOWN, f"no accepted letter {case.body.letter.hex()}")
    return found


def letter_is_known(case: Case) -> None:
    """The letter was accepted at an earlier position."""
    named_letter(case)


def _speaker_is_the_sender(case: Case) -> bool:
    """The organisation is the letter's sender or, if that is closed, its last successor."""
    sender = named_letter(case).sender
    return bool(directory.last_successor(case.view, sender) == case.body.header.organisation)


def _recall_reason_is_known(case: Case) -> bool:
    """The reason is a code of these rules."""
    return case.body.reason in RECALL_REASONS


def _recall_changes_something(case: Case) -> None:
    """Somebody has not decided yet, or has acknowledged."""
    counts = tally(case.view, case.body.letter)
    if counts.open + counts.acknowledged == 0:
        raise RejectedError(Reason.RECALL_CHANGES_NOTHING, because=counts.last_recall)


def _was_not_recalled(case: Case) -> None:
    """The letter is not recalled."""
    recalled = tally(case.view, case.body.letter).last_recall
    if recalled is not None:
        raise RejectedError(Reason.SUPERSEDES_RECALLED, because=recalled)


def _was_not_superseded(case: Case) -> None:
    """The letter is not superseded already."""
    before = tally(case.view, case.body.letter)
    if before.superseded_by is not None:
        raise RejectedError(Reason.ALREADY_SUPERSEDED, because=before.superseded_position)


def _later_letter_replaces_it(case: Case) -> bool:
    """The later letter was sent after this one, by the same organisation or one it succeeds, and names it in `replaces`."""
    earlier, later = named_letter(case), letter(case.view, case.body.by)
    return (
        later is not None
        and later.position > earlier.position
        and directory.last_successor(case.view, later.sender) == case.body.header.organisation
        and Ref(ledger=None, identity=case.body.letter) in later.replaces
    )


def _has_a_term(case: Case) -> bool:
    """The letter sets a time to acknowledge."""
    return named_letter(case).acknowledge_by is not None


def _was_not_missed(case: Case) -> None:
    """It is not recorded already."""
    missed = tally(case.view, case.body.letter).missed
    if missed is not None:
        raise RejectedError(Reason.ALREADY_MISSED, because=missed)


def _term_has_passed(case: Case) -> bool:
    """This record's ledger time is after the time to acknowledge."""
    term = named_letter(case).acknowledge_by
    return term is not None and case.at > term


def _somebody_is_silent(case: Case) -> bool:
    """A connected recipient for action has not decided."""
    sent = named_letter(case)
    silent = tally(case.view, sent.letter).open_action
    outside = directory.marks(case.view).outside
    # Only those outside the exchange are looked up one by one: they are few, and the tally counts the others.
    return silent > sum(
        capacity_of(case.view, sent, organisation) == ACTION
        and effective(case.view, sent.letter, organisation) is ConsignmentState.OPEN
        for organisation in (sorted(outside) if silent else ())
    )


def _recall(case: Case) -> tuple[Change, ...]:
    now = tally(case.view, case.body.letter)
    return (Recalled(**stamp(case, now.id, now), position=case.position),)


def _supersede(case: Case) -> tuple[Change, ...]:
    now = tally(case.view, case.body.letter)
    return (Superseded(**stamp(case, now.id, now), by=case.body.by, position=case.position),)


def _miss(case: Case) -> tuple[Change, ...]:
    now = tally(case.view, case.body.letter)
    return (Missed(**stamp(case, now.id, now), position=case.position),)


COVER_IS_PLAIN: Final = forbids((Reason.NOT_IN_THESE_RULES, Reason.DOCUMENTS_WRONG), cover_is_plain)
LETTER_IS_KNOWN: Final = forbids((Reason.LETTER_UNKNOWN,), letter_is_known)
BY_THE_SENDER: Final[tuple[Precondition, ...]] = (
    LETTER_IS_KNOWN,
    requires(Reason.NOT_THE_SENDER, _speaker_is_the_sender),
)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=LetterRecalled,
        signers=Signers.ONE,
        authority=role(Role.SIGNATORY),
        preconditions=(
            requires(Reason.CODE_UNKNOWN, _recall_reason_is_known),
            COVER_IS_PLAIN,
            *BY_THE_SENDER,
            forbids((Reason.RECALL_CHANGES_NOTHING,), _recall_changes_something),
        ),
        changes=_recall,
    ),
    Rule(
        event=LetterSuperseded,
        signers=Signers.ONE,
        authority=role(Role.SIGNATORY),
        preconditions=(
            COVER_IS_PLAIN,
            *BY_THE_SENDER,
            forbids((Reason.SUPERSEDES_RECALLED,), _was_not_recalled),
            forbids((Reason.ALREADY_SUPERSEDED,), _was_not_superseded),
            requires(Reason.NOT_REPLACED_BY_IT, _later_letter_replaces_it),
        ),
        changes=_supersede,
    ),
    Rule(
        event=AcknowledgementMissed,
        signers=Signers.ONE,
        authority=role(Role.STATION),
        preconditions=(
            *BY_THE_SENDER,
            requires(Reason.NO_TERM, _has_a_term),
            forbids((Reason.ALREADY_MISSED,), _was_not_missed),
            requires(Reason.NOT_YET_DUE, _term_has_passed),
            requires(Reason.NOBODY_SILENT, _somebody_is_silent),
        ),
        changes=_miss,
    ),
)
