"""Where a route of approval stands: derived from its stages and from what was decided, never asserted by anybody.

Pure arithmetic, the same for the judge, for every view and for whoever verifies a bundle. A stage of n places needs so many
that approve: `all` n, `any` one, `quorum` as many as it says. It is approved as soon as that many have, and fails as soon
as those who approved and those still undecided are fewer. Stages run in order; the last one approved approves the request,
the first one that fails refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from domain.events_approvals import Stage
from domain.ids import OfficerId, OrgId

ALL: Final = "all"
ANY: Final = "any"
QUORUM: Final = "quorum"
STAGE_RULES: Final = frozenset({ALL, ANY, QUORUM})


class Answer(StrEnum):
    """What was decided in a place."""

    GIVEN = "given"
    REFUSED = "refused"
    RETURNED = "returned"


class Outcome(StrEnum):
    """What became of a request, or of one of its stages."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What was decided in one place (both counted from 1): by whom, for which organisation, where, and at which ledger time.

    `for_officer` is the officer who had delegated his place, or granted a mandate, to the one who decided; None: his own right.
    """

    stage: int
    place: int
    answer: Answer
    officer: OfficerId
    organisation: OrgId
    for_officer: OfficerId | None
    position: int
    at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StageTally:
    """How a stage stands: places, how many must approve, what was decided in how many; `outcome` is never WITHDRAWN."""

    stage: int
    places: int
    needed: int
    given: int
    refused: int
    returned: int
    outcome: Outcome

    @property
    def undecided(self) -> int:
        """How many places have not decided."""
        return self.places - self.given - self.refused - self.returned


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteState:
    """How a request stands: its outcome, the stage whose turn it is (None once it ended), every stage, and what ended it.

    `ended_position` is that of the decision or the withdrawal with which the request ended; None while it is pending.
    """

    outcome: Outcome
    current_stage: int | None
    stages: tuple[StageTally, ...]
    ended_position: int | None


def needed(stage: Stage) -> int:
    """Return how many places of a stage must approve."""
    if stage.rule == ALL:
        return len(stage.approvers)
    return stage.quorum or 1


def decision_in(decisions: Iterable[Decision], stage: int, place: int) -> Decision | None:
    """Return what was decided in a place, None if nothing was yet."""
    return next((one for one in decisions if (one.stage, one.place) == (stage, place)), None)


def route_state(route: Sequence[Stage], decisions: Sequence[Decision], withdrawn_position: int | None = None) -> RouteState:
    """Return how a request with this route stands after these decisions, which the rules have accepted.

    `withdrawn_position` is where it was withdrawn, None if it was not. The order of `decisions` does not matter.
    """
    tallies = tuple(_tally(number, stage, decisions) for number, stage in enumerate(route, 1))
    last = max((one.position for one in decisions), default=None)
    if withdrawn_position is not None:
        return RouteState(outcome=Outcome.WITHDRAWN, current_stage=None, stages=tallies, ended_position=withdrawn_position)
    current = next((one for one in tallies if one.outcome is not Outcome.APPROVED), None)
    outcome = Outcome.APPROVED if current is None else current.outcome
    if current is None or outcome is not Outcome.PENDING:
        # Nothing is decided after an end, so the last decision is the one with which it ended.
        return RouteState(outcome=outcome, current_stage=None, stages=tallies, ended_position=last)
    return RouteState(outcome=outcome, current_stage=current.stage, stages=tallies, ended_position=None)


def _tally(number: int, stage: Stage, decisions: Sequence[Decision]) -> StageTally:
    answers = [one.answer for one in decisions if one.stage == number]
    given, refused, returned = (answers.count(answer) for answer in Answer)
    places, wanted = len(stage.approvers), needed(stage)
    if returned:
        outcome = Outcome.RETURNED
    elif given >= wanted:
        outcome = Outcome.APPROVED
    elif refused > places - wanted:
        outcome = Outcome.REFUSED
    else:
        outcome = Outcome.PENDING
    return StageTally(
        stage=number, places=places, needed=wanted, given=given, refused=refused, returned=returned, outcome=outcome
    )
