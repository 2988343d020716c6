"""What the rules of approvals say, once more and as plainly as can be: the oracle against which random routes are held.

It shares nothing with `domain.approval_routes`: whether a stage can still be met it finds by trying every way to fill it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Final

from domain.events_approvals import Approver, Stage

SIGNATORIES: Final[Mapping[str, tuple[str, ...]]] = {
    "ministry": ("deputy", "head"),
    "mfy-001": ("chair", "vice"),
    "mfy-002": ("chair-2",),
    "mfy-003": ("chair-3",),
}
HOMES: Final = {
    **{officer: office for office, officers in SIGNATORIES.items() for officer in officers},
    "secretary": "mfy-001",
    "secretary-2": "mfy-002",
    "clerk": "ministry",
    "machine": "ministry",
}
"""Where each officer is appointed: signatories, clerks, and a station."""
CLERKS: Final = frozenset({"clerk"})
"""Who may act for the requester."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """Something that somebody tries: `kind` is an answer, or what else is done; he speaks for `office`."""

    kind: str
    request: int
    who: str
    office: str
    stage: int = 1
    place: int = 1
    to: str = ""
    from_at: int = 0
    until_at: int = 0
    new: Approver | None = None


@dataclass(kw_only=True, slots=True)
class Asked:
    """A request as the oracle keeps it."""

    route: list[Stage]
    answers: dict[tuple[int, int], str] = field(default_factory=dict)
    lent: dict[tuple[int, int], dict[str, Act]] = field(default_factory=dict)
    is_withdrawn: bool = False

    def outcome(self) -> str:
        """Return what became of it."""
        if self.is_withdrawn:
            return "withdrawn"
        for number, stage in enumerate(self.route, 1):
            found = self._stage(number, stage)
            if found != "approved":
                return found
        return "approved"

    def current(self) -> int:
        """Return whose turn it is, 0 once it has ended."""
        if self.outcome() != "pending":
            return 0
        return next(number for number, stage in enumerate(self.route, 1) if self._stage(number, stage) != "approved")

    def _stage(self, number: int, stage: Stage) -> str:
        answers = [self.answers.get((number, place)) for place in range(1, len(stage.approvers) + 1)]
        if "return" in answers:
            return "returned"
        if _is_met(stage, [answer == "give" for answer in answers]):
            return "approved"
        open_places = [i for i, answer in enumerate(answers) if answer is None]
        for filling in product((True, False), repeat=len(open_places)):
            filled = [answer == "give" for answer in answers]
            for i, gives in zip(open_places, filling, strict=True):
                filled[i] = gives
            if _is_met(stage, filled):
                return "pending"
        return "refused"


def _is_met(stage: Stage, gives: Sequence[bool]) -> bool:
    if stage.rule == "all":
        return all(gives)
    return any(gives) if stage.rule == "any" else sum(gives) >= (stage.quorum or 0)


class Oracle:
    """Says of each act whether it is to be accepted, and what becomes of every request."""

    def __init__(self, routes: Sequence[Sequence[Stage]]) -> None:
        """Begin with requests by the ministry on which nothing is decided."""
        self.asked = [Asked(route=list(route)) for route in routes]
        self.relieved: set[str] = set()

    def accepts(self, act: Act, at: int) -> bool:
        """Tell whether an act is to be accepted at a ledger time, and remember what it does."""
        if act.kind == "relieve":
            known = act.to not in self.relieved
            self.relieved.add(act.to)
            return known
        asked = self.asked[act.request]
        if act.who in self.relieved or HOMES[act.who] != act.office or asked.outcome() != "pending":
            return False
        if act.kind == "withdraw":
            asked.is_withdrawn = act.who in CLERKS
            return asked.is_withdrawn
        return self._in_a_place(asked, act, at)

    def rightful(self, asked: Asked, act: Act, at: int) -> bool:
        """Tell whether somebody may decide in a place: himself, or because whoever may has lent it to him."""
        approver = asked.route[act.stage - 1].approvers[act.place - 1]
        if self.is_approver(approver, act.who):
            return True
        lent = asked.lent.get((act.stage, act.place), {}).values()
        ways = (one for one in lent if one.to == act.who and one.from_at <= at <= one.until_at)
        return act.who != "machine" and any(self.is_approver(approver, one.who) for one in ways)

    def is_approver(self, approver: Approver, who: str) -> bool:
        """Tell whether somebody is this approver himself."""
        if who in self.relieved or who == "machine":
            return False
        return who in SIGNATORIES[approver.organisation] if approver.organisation else who == approver.officer

    def _in_a_place(self, asked: Asked, act: Act, at: int) -> bool:
        here = (act.stage, act.place)
        exists = act.stage <= len(asked.route) and act.place <= len(asked.route[act.stage - 1].approvers)
        if not exists or here in asked.answers:
            return False
        if act.kind == "reassign":
            return self._reassigned(asked, act)
        if act.kind == "delegate":
            return self._lent(asked, act, at)
        if act.stage != asked.current() or not self.rightful(asked, act, at):
            return False
        asked.answers[here] = act.kind
        return True

    def _reassigned(self, asked: Asked, act: Act) -> bool:
        stage = asked.route[act.stage - 1]
        if act.who not in CLERKS or act.stage < asked.current() or act.new is None or act.new in stage.approvers:
            return False
        approvers = list(stage.approvers)
        approvers[act.place - 1] = act.new
        asked.route[act.stage - 1] = replace(stage, approvers=tuple(approvers))
        asked.lent.pop((act.stage, act.place), None)
        return True

    def _lent(self, asked: Asked, act: Act, at: int) -> bool:
        approver = asked.route[act.stage - 1].approvers[act.place - 1]
        if act.stage < asked.current() or not self.is_approver(approver, act.who) or act.to == act.who:
            return False
        if act.from_at > act.until_at or at > act.until_at:
            return False
        asked.lent.setdefault((act.stage, act.place), {})[act.who] = act
        return True
