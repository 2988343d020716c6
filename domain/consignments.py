"""Consignments: one recipient's fate with one letter.

Aggregate `consignment:<letter>:<organisation>`, which exists only once the recipient has decided or opened. A recall
touches all consignments of a letter at once, so it is kept with the letter's tally, and a consignment's state is derived
from both (`effective`). Aggregate `handling:<letter>:<organisation>` keeps beside the state what rules 3 add: closed, fetched,
and where a receipt was last withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Final, cast

from domain.changes import Change, State, View
from domain.ids import LetterId, OfficerId, OrgId, kept
from domain.letters import capacity_of, letter, tally
from domain.reasons import Reason


class ConsignmentState(StrEnum):
    """Where a letter stands with one recipient. The values are also the names of the tally's counts."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    RECALL_ASKED = "recall_asked"
    RECALLED = "recalled"
    TRANSFERRED = "transferred"


COUNTED_STATES: Final = tuple(state for state in ConsignmentState if state is not ConsignmentState.TRANSFERRED)
"""What a tally counts: where a letter was passed on, the new recipient is counted in the place of the old one."""


class ConsignmentAct(StrEnum):
    """What moves a consignment: acts of the recipient, and one of the sender."""

    ACKNOWLEDGE = "receipt.acknowledged"
    REFUSE = "receipt.refused"
    RECALL = "letter.recalled"
    ACCEPT_RECALL = "recall.accepted"
    DECLINE_RECALL = "recall.declined"
    WITHDRAW = "receipt.withdrawn"
    TRANSFER = "consignment.transferred"
    CLOSE = "consignment.closed"


_S, _A = ConsignmentState, ConsignmentAct

TRANSITIONS: Final[Mapping[tuple[ConsignmentState, ConsignmentAct], ConsignmentState | Reason]] = {
    (_S.OPEN, _A.ACKNOWLEDGE): _S.ACKNOWLEDGED,
    (_S.OPEN, _A.REFUSE): _S.REFUSED,
    (_S.OPEN, _A.RECALL): _S.RECALLED,
    (_S.OPEN, _A.ACCEPT_RECALL): Reason.NO_RECALL_PENDING,
    (_S.OPEN, _A.DECLINE_RECALL): Reason.NO_RECALL_PENDING,
    (_S.ACKNOWLEDGED, _A.ACKNOWLEDGE): Reason.ALREADY_DECIDED,
    (_S.ACKNOWLEDGED, _A.REFUSE): Reason.ALREADY_DECIDED,
    (_S.ACKNOWLEDGED, _A.RECALL): _S.RECALL_ASKED,
    (_S.ACKNOWLEDGED, _A.ACCEPT_RECALL): Reason.NO_RECALL_PENDING,
    (_S.ACKNOWLEDGED, _A.DECLINE_RECALL): Reason.NO_RECALL_PENDING,
    (_S.REFUSED, _A.ACKNOWLEDGE): Reason.ALREADY_DECIDED,
    (_S.REFUSED, _A.REFUSE): Reason.ALREADY_DECIDED,
    (_S.REFUSED, _A.RECALL): _S.REFUSED,
    (_S.REFUSED, _A.ACCEPT_RECALL): Reason.NO_RECALL_PENDING,
    (_S.REFUSED, _A.DECLINE_RECALL): Reason.NO_RECALL_PENDING,
    (_S.RECALL_ASKED, _A.ACKNOWLEDGE): Reason.ALREADY_DECIDED,
    (_S.RECALL_ASKED, _A.REFUSE): Reason.ALREADY_DECIDED,
    (_S.RECALL_ASKED, _A.RECALL): _S.RECALL_ASKED,
    (_S.RECALL_ASKED, _A.ACCEPT_RECALL): _S.RECALLED,
    (_S.RECALL_ASKED, _A.DECLINE_RECALL): _S.ACKNOWLEDGED,
    (_S.RECALLED, _A.ACKNOWLEDGE): Reason.ALREADY_RECALLED,
    (_S.RECALLED, _A.REFUSE): Reason.ALREADY_RECALLED,
    (_S.RECALLED, _A.RECALL): _S.RECALLED,
    (_S.RECALLED, _A.ACCEPT_RECALL): Reason.NO_RECALL_PENDING,
    (_S.RECALLED, _A.DECLINE_RECALL): Reason.NO_RECALL_PENDING,
    (_S.OPEN, _A.WITHDRAW): Reason.NOT_ACKNOWLEDGED,
    (_S.OPEN, _A.TRANSFER): _S.TRANSFERRED,
    (_S.OPEN, _A.CLOSE): Reason.NOT_ACKNOWLEDGED,
    (_S.ACKNOWLEDGED, _A.WITHDRAW): _S.OPEN,
    (_S.ACKNOWLEDGED, _A.TRANSFER): _S.TRANSFERRED,
    (_S.ACKNOWLEDGED, _A.CLOSE): _S.ACKNOWLEDGED,
    (_S.REFUSED, _A.WITHDRAW): Reason.NOT_ACKNOWLEDGED,
    (_S.REFUSED, _A.TRANSFER): Reason.ALREADY_DECIDED,
    (_S.REFUSED, _A.CLOSE): Reason.NOT_ACKNOWLEDGED,
    (_S.RECALL_ASKED, _A.WITHDRAW): Reason.RECALL_PENDING,
    (_S.RECALL_ASKED, _A.TRANSFER): Reason.RECALL_PENDING,
    (_S.RECALL_ASKED, _A.CLOSE): Reason.RECALL_PENDING,
    (_S.RECALLED, _A.WITHDRAW): Reason.ALREADY_RECALLED,
    (_S.RECALLED, _A.TRANSFER): Reason.ALREADY_RECALLED,
    (_S.RECALLED, _A.CLOSE): Reason.ALREADY_RECALLED,
    (_S.TRANSFERRED, _A.ACKNOWLEDGE): Reason.ALREADY_TRANSFERRED,
    (_S.TRANSFERRED, _A.REFUSE): Reason.ALREADY_TRANSFERRED,
    (_S.TRANSFERRED, _A.RECALL): _S.TRANSFERRED,
    (_S.TRANSFERRED, _A.ACCEPT_RECALL): Reason.NO_RECALL_PENDING,
    (_S.TRANSFERRED, _A.DECLINE_RECALL): Reason.NO_RECALL_PENDING,
    (_S.TRANSFERRED, _A.WITHDRAW): Reason.ALREADY_TRANSFERRED,
    (_S.TRANSFERRED, _A.TRANSFER): Reason.ALREADY_TRANSFERRED,
    (_S.TRANSFERRED, _A.CLOSE): Reason.ALREADY_TRANSFERRED,
}
"""The table of events.md: what each act makes of each state, or why it is rejected.

Under rules 1 and 2 nothing is ever transferred, and the last three acts are unknown.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Consignment(State):
    """What the recipient did: the state it brought about, by whom, where and when; and where it was opened."""

    state: ConsignmentState
    decided_position: int | None
    decided_by: OfficerId | None
    decided_at: int | None
    opened_position: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided(Change):
    """The recipient acknowledged, refused, or answered a recall."""

    TOPIC: ClassVar[str] = "consignment.decided.v1"
    state: ConsignmentState
    position: int
    officer: OfficerId
    at: int

    def mutate(self, aggregate: Consignment | None) -> Consignment:
        """Return the consignment as the recipient left it."""
        return Consignment(
            id=self.originator_id,
            version=self.originator_version,
            state=self.state,
            decided_position=self.position,
            decided_by=self.officer,
            decided_at=self.at,
            opened_position=aggregate.opened_position if aggregate else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened(Change):
    """An officer of the recipient opened the letter; this decides nothing."""

    TOPIC: ClassVar[str] = "consignment.opened.v1"
    position: int

    def mutate(self, aggregate: Consignment | None) -> Consignment:
        """Return the consignment, opened."""
        if aggregate is not None:
            return replace(aggregate, version=self.originator_version, opened_position=self.position)
        return Consignment(
            id=self.originator_id,
            version=self.originator_version,
            state=ConsignmentState.OPEN,
            decided_position=None,
            decided_by=None,
            decided_at=None,
            opened_position=self.position,
        )


class HandlingAct(StrEnum):
    """What is kept beside a consignment's state: its receipt was withdrawn, it was closed, all its documents are held."""

    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    FETCHED = "fetched"


@dataclass(frozen=True, kw_only=True, slots=True)
class Handling(State):
    """Positions of the last withdrawal of a receipt, of the closing, and of the statement that every document is held."""

    withdrawn: int | None = None
    closed: int | None = None
    fetched: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HandlingTold(Change):
    """The recipient withdrew its receipt, closed the consignment, or its station holds every document."""

    TOPIC: ClassVar[str] = "handling.told.v1"
    act: HandlingAct
    position: int

    def mutate(self, aggregate: Handling | None) -> Handling:
        """Return what is kept, with this."""
        before = aggregate or Handling(id=self.originator_id, version=0)
        told: dict[str, Any] = {self.act.value: self.position}
        return replace(before, version=self.originator_version, **told)


@kept
def handling_key(letter_id: LetterId, organisation: OrgId) -> str:
    """Return the id of the aggregate of what is kept beside the state of a recipient's consignment."""
    return f"handling:{letter_id.hex()}:{organisation}"


def handling(view: View, letter_id: LetterId, organisation: OrgId) -> Handling | None:
    """Return what is kept beside the state of a recipient's consignment, None if nothing is."""
    return cast("Handling | None", view.get(handling_key(letter_id, organisation)))


@kept
def consignment_key(letter_id: LetterId, organisation: OrgId) -> str:
    """Return the id of the aggregate of one recipient's consignment."""
    return f"consignment:{letter_id.hex()}:{organisation}"


def consignment(view: View, letter_id: LetterId, organisation: OrgId) -> Consignment | None:
    """Return what a recipient did with a letter, None if nothing yet."""
    return cast("Consignment | None", view.get(consignment_key(letter_id, organisation)))


def effective(view: View, letter_id: LetterId, organisation: OrgId) -> ConsignmentState:
    """Return where the letter stands with a recipient: what he did last, and a recall if one came later."""
    found = consignment(view, letter_id, organisation)
    state = found.state if found else ConsignmentState.OPEN
    since = found.decided_position if found and found.decided_position is not None else -1
    recalled = tally(view, letter_id).last_recall
    if recalled is None or recalled < since:
        return state
    return cast("ConsignmentState", TRANSITIONS[state, ConsignmentAct.RECALL])


def is_open(view: View, letter_id: LetterId, organisation: OrgId) -> bool:
    """Tell whether a recipient still owes an answer: to the letter, or to its recall."""
    sent = letter(view, letter_id)
    if sent is None or capacity_of(view, sent, organisation) is None:
        return False
    return effective(view, letter_id, organisation) in {ConsignmentState.OPEN, ConsignmentState.RECALL_ASKED}
