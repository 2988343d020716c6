"""The rule of `letter.dispatched`: signatories of an organisation send a letter, to one or to twenty thousand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from domain import directory, groups
from domain.approval_routes import Outcome
from domain.approvals import request
from domain.authority import role, speaks_for_no_unit
from domain.changes import Change, View
from domain.directory import Role
from domain.documents import DOCUMENT_ROLES, documents_are_right, require_plain
from domain.errors import RejectedError
from domain.events import Addressee, LetterDispatched
from domain.header import Ref
from domain.ids import LetterId, OrgId
from domain.letters import (
    ACTION,
    CAPACITIES,
    GroupAddressed,
    Letter,
    LetterEntered,
    Recipient,
    TallyBegun,
    capacity_of,
    letter,
    letter_key,
    recipients,
    tally_key,
)
from domain.outside_letters import outside_letter
from domain.reasons import Reason
from domain.registers import give_number
from domain.rules import Case, Rule, Signers, forbids, requires, stamp
from domain.verdicts import RegisterKind

KINDS: Final = frozenset({"letter", "reply", "instruction", "report", "notice", "invitation", "request"})
URGENCIES: Final = frozenset({"ordinary", "urgent", "immediate"})
OPEN_ACCESS: Final = "open"
NAMED_LIMIT: Final = 500
"""More organisations than that are named as a group, whose definition is written once instead of in every letter."""
RECIPIENTS_LIMIT: Final = 20_000
"""Twice the organisations of a whole exchange; it bounds what one record makes every reader write."""


def _is_within_these_rules(case: Case) -> None:
    """Access is open, no document is encrypted, and no approval on this ledger is named: these rules have none yet."""
    _require_open(case)
    if any(_local(case.body.approvals)):
        raise RejectedError(Reason.NOT_IN_THESE_RULES, "the letter names an approval")
    require_plain((case.body.cover, *case.body.documents))


def _is_open_and_plain(case: Case) -> None:
    """Access is open, and no document is encrypted: these rules have none yet."""
    _require_open(case)
    require_plain((case.body.cover, *case.body.documents))


def _require_open(case: Case) -> None:
    if case.body.access.level != OPEN_ACCESS:
        raise RejectedError(Reason.NOT_IN_THESE_RULES, "the letter's access is not open")


def _approvals_are_complete(case: Case) -> None:
    """Each approval on this ledger is this organisation's, or of one it succeeds, and complete over exactly these documents."""
    documents = tuple(sorted(document.sha256 for document in case.body.documents))
    for named in _local(case.body.approvals):
        asked = request(case.view, named.identity)
        if asked is None:
            raise RejectedError(Reason.REQUEST_UNKNOWN, f"no accepted request for approval {named.identity.hex()}")
        if directory.last_successor(case.view, asked.organisation) != case.body.header.organisation:
            raise RejectedError(Reason.APPROVAL_NOT_OWN, f"it is {asked.organisation}'s", because=asked.position)
        state = asked.state
        if state.outcome is not Outcome.APPROVED:
            raise RejectedError(Reason.APPROVAL_NOT_COMPLETE, f"it is {state.outcome}", because=state.ended_position)
        if asked.documents != documents:
            raise RejectedError(Reason.APPROVAL_NOT_COMPLETE, "it is over other documents", because=asked.position)


def _codes_are_known(case: Case) -> bool:
    """Kind, urgency, the addressees' capacities and the documents' roles are codes of these rules."""
    body = case.body
    return (
        body.kind in KINDS
        and body.urgency in URGENCIES
        and all(addressee.capacity in CAPACITIES for addressee in body.addressees)
        and all(document.role in DOCUMENT_ROLES for document in body.documents)
    )


def _addressees_exist(case: Case) -> None:
    """Each addressee is named once: an open organisation, no unit, at most 500 of them; or a complete group of the sender."""
    body = case.body
    named = [addressee.organisation for addressee in body.addressees if addressee.organisation is not None]
    groups_named = [addressee.group.group for addressee in body.addressees if addressee.group is not None]
    for organisation in named:
        _require_addressable(case.view, organisation)
    if len(set(named)) != len(named) or len(set(groups_named)) != len(groups_named):
        raise RejectedError(Reason.ADDRESSEE_REPEATED)
    if len(named) > NAMED_LIMIT:
        raise RejectedError(Reason.TOO_MANY_NAMED)
    for addressee in body.addressees:
        if addressee.group is not None:
            _require_group(case, addressee)


def _require_addressable(view: View, organisation: OrgId) -> None:
    found = directory.organisation(view, organisation)
    if found is None:
        raise RejectedError(Reason.ADDRESSEE_UNKNOWN, f"{organisation} is not registered")
    if found.is_unit:
        raise RejectedError(Reason.ADDRESSEE_IS_UNIT, f"{organisation} is a unit of {found.entry.parent}")
    if found.closed_position is not None:
        detail = f"{organisation} is closed; its successor is {found.successor or 'not named'}"
        raise RejectedError(Reason.ADDRESSEE_CLOSED, detail, because=found.closed_position)


def _require_group(case: Case, addressee: Addressee) -> None:
    wanted = addressee.group
    if wanted is None:
        return
    found = groups.complete(case.view, case.body.header.organisation, wanted.group, wanted.version)
    if found is None or (found.count, found.root) != (wanted.count, wanted.root):
        raise RejectedError(Reason.GROUP_UNKNOWN, f"group {wanted.group}, version {wanted.version}")


def _somebody_receives_it(case: Case) -> None:
    """The recipients (all addressees without repetition, closed members and the sender) are 1 to 20,000."""
    count, _ = _counts(case, _rehearsed(case))
    if count == 0:
        raise RejectedError(Reason.NO_RECIPIENTS)
    if count > RECIPIENTS_LIMIT:
        raise RejectedError(Reason.TOO_MANY_RECIPIENTS, f"{count:,} recipients")


def _terms_are_ahead(case: Case) -> bool:
    """The times to acknowledge and to reply are after this record's ledger time."""
    terms = (case.body.acknowledge_by, case.body.reply_by)
    return all(term is None or term > case.at for term in terms)


def _references_are_known(case: Case) -> bool:
    """Each reference to this ledger names a letter accepted at an earlier position."""
    return all(letter(case.view, LetterId(ref.identity)) is not None for ref in _local(_all_references(case)))


def _references_are_known_or_outside(case: Case) -> bool:
    """Each reference to this ledger names a letter accepted earlier; to answer or relate to, one from outside will do."""
    references = case.body.references
    own = (LetterId(ref.identity) for ref in _local((*references.follows, *references.replaces)))
    others = (LetterId(ref.identity) for ref in _local((*references.answers, *references.relates)))
    return all(letter(case.view, one) is not None for one in own) and all(
        letter(case.view, one) is not None or outside_letter(case.view, one) is not None for one in others
    )


def _own_letters_are_own(case: Case) -> bool:
    """The letters that this one follows or replaces were sent by this organisation, or by one that it succeeds."""
    speaker, references = case.body.header.organisation, case.body.references
    letters = _letters(case.view, (*references.follows, *references.replaces))
    return all(directory.last_successor(case.view, own.sender) == speaker for own in letters)


def _answers_fit(case: Case) -> bool:
    """An answered letter went to this organisation, or to one that it succeeds, and its sender is addressed here."""
    return all(_answers(case, answered) for answered in _letters(case.view, case.body.references.answers))


def _answers_outside_fit(case: Case) -> bool:
    """An answered letter from outside was entered by this organisation, or by one that it succeeds."""
    named = (LetterId(ref.identity) for ref in _local(case.body.references.answers))
    entered = (outside_letter(case.view, one) for one in named if letter(case.view, one) is None)
    speaker = case.body.header.organisation
    return all(one is not None and directory.last_successor(case.view, one.organisation) == speaker for one in entered)


def _answers(case: Case, answered: Letter) -> bool:
    speaker = case.body.header.organisation
    here = _rehearsed(case)
    if capacity_of(case.view, here, directory.last_successor(case.view, answered.sender)) is None:
        return False
    recipients_here = directory.speaks_for(case.view, speaker)
    return any(capacity_of(case.view, answered, recipient) is not None for recipient in recipients_here)


def _all_references(case: Case) -> tuple[Ref, ...]:
    references = case.body.references
    return (*references.answers, *references.follows, *references.replaces, *references.relates)


def _local(references: tuple[Ref, ...]) -> Iterator[Ref]:
    return (ref for ref in references if ref.ledger is None)


def _letters(view: View, references: tuple[Ref, ...]) -> Iterator[Letter]:
    found = (letter(view, LetterId(ref.identity)) for ref in _local(references))
    return (known for known in found if known is not None)


def _entered(case: Case) -> LetterEntered:
    body = case.body
    named = (
        Recipient(organisation=addressee.organisation, capacity=addressee.capacity, attention=addressee.attention)
        for addressee in body.addressees
        if addressee.organisation is not None
    )
    letter_id = LetterId(case.identity)
    return LetterEntered(
        **stamp(case, letter_key(letter_id), None),
        letter=letter_id,
        position=case.position,
        sender=body.header.organisation,
        named=tuple(sorted(named, key=lambda one: one.organisation)),
        groups=tuple(
            GroupAddressed(group=a.group.group, version=a.group.version, capacity=a.capacity)
            for a in body.addressees
            if a.group is not None
        ),
        acknowledge_by=body.acknowledge_by,
        replaces=body.references.replaces,
    )


def _rehearsed(case: Case) -> Letter:
    return _entered(case).mutate(None)


def _counts(case: Case, sent: Letter) -> tuple[int, int]:
    """Return how many receive the letter, and how many of them for action."""
    everybody = [one.capacity for one in recipients(case.view, sent)]
    return len(everybody), everybody.count(ACTION)


def _dispatch(case: Case) -> tuple[Change, ...]:
    entered = _entered(case)
    count, for_action = _counts(case, entered.mutate(None))
    letter_id = LetterId(case.identity)
    _, numbered = give_number(case, case.body.header.organisation, RegisterKind.OUTGOING)
    begun = TallyBegun(**stamp(case, tally_key(letter_id), None), recipients=count, for_action=for_action)
    return (entered, begun, numbered)


_PRECONDITIONS: Final = (
    requires(Reason.CODE_UNKNOWN, _codes_are_known),
    forbids((Reason.DOCUMENTS_WRONG,), documents_are_right),
    requires(Reason.UNIT_HAS_NONE, speaks_for_no_unit),
    forbids(
        (
            Reason.ADDRESSEE_UNKNOWN,
            Reason.ADDRESSEE_IS_UNIT,
            Reason.ADDRESSEE_CLOSED,
            Reason.ADDRESSEE_REPEATED,
            Reason.TOO_MANY_NAMED,
            Reason.GROUP_UNKNOWN,
        ),
        _addressees_exist,
    ),
    forbids((Reason.NO_RECIPIENTS, Reason.TOO_MANY_RECIPIENTS), _somebody_receives_it),
    requires(Reason.DUE_IN_THE_PAST, _terms_are_ahead),
)
_OWN_AND_ANSWERED: Final = (requires(Reason.REFERENCE_NOT_OWN, _own_letters_are_own), requires(Reason.ANSWER_UNFIT, _answers_fit))

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=LetterDispatched,
        signers=Signers.ONE_TO_EIGHT,
        authority=role(Role.SIGNATORY),
        preconditions=(
            forbids((Reason.NOT_IN_THESE_RULES,), _is_within_these_rules),
            *_PRECONDITIONS,
            requires(Reason.REFERENCE_UNKNOWN, _references_are_known),
            *_OWN_AND_ANSWERED,
        ),
        changes=_dispatch,
    ),
)

RULES_3: Final[tuple[Rule, ...]] = (
    Rule(
        event=LetterDispatched,
        signers=Signers.ONE_TO_EIGHT,
        authority=role(Role.SIGNATORY),
        preconditions=(
            forbids((Reason.NOT_IN_THESE_RULES,), _is_open_and_plain),
            *_PRECONDITIONS,
            requires(Reason.REFERENCE_UNKNOWN, _references_are_known_or_outside),
            *_OWN_AND_ANSWERED,
            requires(Reason.ANSWER_UNFIT, _answers_outside_fit),
            forbids((Reason.REQUEST_UNKNOWN, Reason.APPROVAL_NOT_OWN, Reason.APPROVAL_NOT_COMPLETE), _approvals_are_complete),
        ),
        changes=_dispatch,
    ),
)
"""What rules 3 say instead: a letter may name approvals, each of which is complete, and answer one from outside."""
