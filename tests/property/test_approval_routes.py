"""Random routes and orders of decisions, hostile signers: every reader concludes what a small oracle says (events.md)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.approvals import request
from domain.events_approvals import (
    ApprovalDelegated,
    ApprovalGiven,
    ApprovalReassigned,
    ApprovalRefused,
    ApprovalReturned,
    ApprovalWithdrawn,
    Stage,
)
from domain.ids import Digest, OfficerId, OrgId
from domain.reasons import Reason
from tests.court import Court
from tests.faults.provoked_approvals import asking, deciding, office, person, relieving
from tests.fixed_exchange import Clock, Said
from tests.ledger_readers import Ground, Written, ground_of, in_memory
from tests.property.approval_model import HOMES, SIGNATORIES, Act, Oracle

LONGER: Final = int(os.environ.get("HUNT", "1"))
LEDGERS: Final = 15 * LONGER
REQUESTS: Final = 6
ACTS: Final = 60
STEP_MS: Final = 1_000
FORE_MS: Final = 20_000
"""How far from now a delegation begins or ends at most: some are over before they are used."""
POOL: Final = (*map(office, SIGNATORIES), *map(person, ("head", "deputy", "secretary", "machine")))
RELIEVED: Final = 0.01
"""How often somebody is relieved: whoever was can do nothing any more."""
DECISIONS: Final = {"give": ApprovalGiven, "refuse": ApprovalRefused, "return": ApprovalReturned}
KINDS: Final = ("give",) * 10 + ("refuse",) * 4 + ("delegate",) * 4 + ("reassign",) * 2 + ("return", "withdraw", "again")


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    court = Court.founded(tmp_path_factory.mktemp("court"))
    for chair, committee in (("vice", "mfy-001"), ("chair-2", "mfy-002"), ("chair-3", "mfy-003")):
        court.employ(chair, committee, "signatory")
    return ground_of(court)


class Story:
    """Requests, and acts on them, written one after the other; the oracle says of each whether it is to be accepted."""

    def __init__(self, ground: Ground, rng: Random) -> None:
        self.rng = rng
        self.court = ground.court
        self.court.exchange = ground.court.exchange.copied(Clock(ground.court.clock() + STEP_MS))
        self.court.clock = self.court.exchange.clock
        self.slots: list[Written] = []
        self.expected: list[bool] = []
        routes = [tuple(self._stage() for _ in range(rng.randint(1, 3))) for _ in range(REQUESTS)]
        self.oracle = Oracle(routes)
        self.requests = [self._write(asking(self.court, *route), expected=True) for route in routes]
        for _ in range(ACTS):
            self._try(self._act())

    def _write(self, said: Said, *, expected: bool) -> Digest:
        record = self.court.exchange.record(said)
        self.slots.append(Written(record=record, stored_at_ms=self.court.clock()))
        self.expected.append(expected)
        self.court.clock.at_ms += STEP_MS
        return self.court.exchange.identity_of(said)

    def _stage(self) -> Stage:
        approvers = tuple(self.rng.sample(POOL, self.rng.randint(1, 4)))
        rule = self.rng.choice(("all", "any", "quorum"))
        quorum = self.rng.randint(1, len(approvers)) if rule == "quorum" else None
        return Stage(rule=rule, quorum=quorum, due_at=None, approvers=approvers)

    def _act(self) -> Act:
        """Return something that somebody tries: as often as not what he may, at his turn."""
        rng, number = self.rng, self.rng.randrange(REQUESTS)
        kind = "relieve" if rng.random() < RELIEVED else rng.choice(KINDS)
        asked = self.oracle.asked[number]
        stage = asked.current() if asked.current() and rng.random() < 0.8 else rng.randint(1, len(asked.route) + 1)
        who = rng.choice(sorted(HOMES))
        office_of = HOMES[who] if rng.random() < 0.95 else rng.choice(sorted(SIGNATORIES))
        places = len(asked.route[stage - 1].approvers) if stage <= len(asked.route) else 1
        now = self.court.clock()
        act = Act(
            kind=kind,
            request=number,
            who="clerk" if kind in {"reassign", "withdraw"} and rng.random() < 0.8 else who,
            office=office_of,
            stage=stage,
            place=rng.randint(1, places) if rng.random() < 0.95 else places + 1,
            to=rng.choice(sorted(SIGNATORIES["mfy-001"]) if kind == "relieve" else sorted(HOMES)),
            from_at=now + rng.randint(-FORE_MS, FORE_MS),
            until_at=now + rng.randint(-FORE_MS, 3 * FORE_MS),
            new=rng.choice(POOL),
        )
        return self._by_somebody_rightful(act) if rng.random() < 0.6 else act

    def _by_somebody_rightful(self, act: Act) -> Act:
        """Return an act in an open place of the current stage by whoever may, if anybody may anything there."""
        asked = self.oracle.asked[act.request]
        if not asked.current() or act.kind not in {*DECISIONS, "delegate"}:
            return act
        places = range(1, len(asked.route[asked.current() - 1].approvers) + 1)
        ways = [
            replace(act, who=who, office=HOMES[who], stage=asked.current(), place=place)
            for place in places
            for who in sorted(HOMES)
            if (asked.current(), place) not in asked.answers
        ]
        fit = [one for one in ways if self.oracle.rightful(asked, one, self.court.clock())]
        approvers = asked.route[asked.current() - 1].approvers
        lent = [one for one in fit if not self.oracle.is_approver(approvers[one.place - 1], one.who)]
        return self.rng.choice(lent or fit) if fit else act

    def _try(self, act: Act) -> None:
        if act.kind == "again":
            self.slots.append(Written(record=self.rng.choice(self.slots).record, stored_at_ms=self.court.clock()))
            self.expected.append(False)
            self.court.clock.at_ms += STEP_MS
            return
        if act.kind == "relieve":
            office_of = HOMES[act.to]
            self._write(relieving(self.court, act.to, office_of), expected=self.oracle.accepts(act, self.court.clock()))
            return
        said = self._said(act)
        self._write(said, expected=self.oracle.accepts(act, self.court.clock()))

    def _said(self, act: Act) -> Said:
        made, header = self.requests[act.request], {"organisation": OrgId(act.office)}
        if act.kind in DECISIONS:
            return deciding(self.court, DECISIONS[act.kind], made, act.who, act.stage, act.place, header=header)
        if act.kind == "withdraw":
            why = {"reason": "DOCUMENT_CHANGED", "cover": None}
            return self.court.exchange.say(ApprovalWithdrawn, act.who, header=header, request=made, **why)
        fields: dict[str, Any] = {"request": made, "stage": act.stage, "place": act.place}
        if act.kind == "reassign":
            return self.court.exchange.say(ApprovalReassigned, act.who, header=header, to=act.new, **fields)
        fields |= {"to": OfficerId(act.to), "from_at": act.from_at, "until_at": act.until_at}
        return self.court.exchange.say(ApprovalDelegated, act.who, header=header, **fields)


def conclude(ground: Ground, story: Story, batches: Sequence[int]) -> Counter[str]:
    """Let two readers read the story, hold them against each other and the oracle, and return what was counted."""
    whole = (*ground.prefix, *story.slots)
    with in_memory(whole) as reader:
        reading = reader.read([500])
        view = reader.follower.view
        kept = [request(view, made) for made in story.requests]
    with in_memory(whole) as other:
        assert other.read(batches) == reading
    verdicts = reading.verdicts[len(ground.prefix) :]
    assert [one.is_accepted for one in verdicts] == story.expected, [one.reason.name for one in verdicts]
    counted = Counter(one.reason.name for one in verdicts)
    for asked, found in zip(story.oracle.asked, kept, strict=True):
        assert found is not None
        answers = {(one.stage, one.place): one.answer.value for one in found.decisions}
        assert answers == {
            here: {"give": "given", "refuse": "refused", "return": "returned"}[a] for here, a in asked.answers.items()
        }
        assert len(found.decisions) == len(answers), "no place is decided twice"
        assert found.state.outcome == asked.outcome()
        assert (found.state.current_stage or 0) == asked.current()
        assert found.route == tuple(asked.route)
        counted[f"route {found.state.outcome}"] += 1
        counted["by delegates"] += sum(one.for_officer is not None for one in found.decisions)
    return counted


def test_all_readers_conclude_of_any_route_what_the_oracle_says(
    ground: Ground, record_property: Callable[[str, object], None]
) -> None:
    counted = Counter[str]()

    @settings(max_examples=LEDGERS, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rng=st.randoms(use_true_random=True), batches=st.lists(st.integers(1, 25), min_size=1, max_size=4))
    def read_by_all(rng: Random, batches: list[int]) -> None:
        counted.update(conclude(ground, Story(ground, rng), batches))

    read_by_all()
    outcomes = {name.removeprefix("route "): count for name, count in sorted(counted.items()) if name.startswith("route ")}
    reasons = {reason.name: counted[reason.name] for reason in Reason if counted[reason.name]}
    assert sum(outcomes.values()) >= REQUESTS * LEDGERS
    assert {"approved", "refused", "pending"} <= set(outcomes)
    assert counted["by delegates"]
    record_property("routes tried", f"{sum(outcomes.values()):,}: " + ", ".join(f"{n:,} {name}" for name, n in outcomes.items()))
    record_property("decided by delegates", f"{counted['by delegates']:,}")
    record_property("acts on routes", ", ".join(f"{count:,} {name}" for name, count in reasons.items()))
