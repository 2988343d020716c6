"""Reminders: a sender chases those who owe something, with one event for all of them. It changes no due time and no state.

`silent` are the connected recipients for action who have not decided; `unanswered` those for action who hold the letter or have
not decided, and have not closed it: an interim answer leaves it open.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain import directory
from domain.authority import role
from domain.calendars import is_in_order
from domain.changes import Change, View
from domain.consignments import ConsignmentState, effective, handling
from domain.directory import OUTSIDE, Role
from domain.events_office import ReminderSent
from domain.ids import LetterId, OrgId
from domain.letters import ACTION, all_recipients, letter
from domain.reasons import Reason
from domain.rules import Case, Rule, Signers, requires
from domain.senders import BY_THE_SENDER, COVER_IS_PLAIN

SILENT: Final = "silent"
UNANSWERED: Final = "unanswered"
REMINDED_STATES: Final[Mapping[str, frozenset[ConsignmentState]]] = {
    SILENT: frozenset({ConsignmentState.OPEN}),
    UNANSWERED: frozenset({ConsignmentState.OPEN, ConsignmentState.ACKNOWLEDGED}),
}
"""In which states of its consignment a recipient is reminded."""


def is_reminded(view: View, letter_id: LetterId, organisation: OrgId, *, whom: str, regions: tuple[str, ...]) -> bool:
    """Tell whether a recipient for action is one of those whom a reminder is for, as things stand."""
    found = directory.organisation(view, organisation)
    if found is None or found.entry.connection == OUTSIDE:
        return False
    if regions and not set(regions) & set(found.entry.regions):
        return False
    if effective(view, letter_id, organisation) not in REMINDED_STATES[whom]:
        return False
    kept = handling(view, letter_id, organisation)
    return whom == SILENT or kept is None or kept.closed is None


def _whom_is_known(case: Case) -> bool:
    """Whom it is for is a code of these rules."""
    return case.body.whom in REMINDED_STATES


def _regions_are_in_order(case: Case) -> bool:
    """The regions are sorted, each once."""
    return is_in_order(case.body.regions)


def _somebody_is_reminded(case: Case) -> bool:
    """A connected recipient for action, in one of the regions if any is named, owes what it reminds of."""
    body, sent = case.body, letter(case.view, case.body.letter)
    return sent is not None and any(
        one.capacity == ACTION and is_reminded(case.view, body.letter, one.organisation, whom=body.whom, regions=body.regions)
        for one in all_recipients(case.view, sent)
    )


def _remind(case: Case) -> tuple[Change, ...]:  # noqa: ARG001 - a reminder stands on the ledger, and nowhere else
    return ()


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=ReminderSent,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            requires(Reason.CODE_UNKNOWN, _whom_is_known),
            COVER_IS_PLAIN,
            requires(Reason.REGIONS_NOT_SORTED, _regions_are_in_order),
            *BY_THE_SENDER,
            requires(Reason.NOBODY_TO_REMIND, _somebody_is_reminded),
        ),
        changes=_remind,
    ),
)
