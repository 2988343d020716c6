"""Requests for approval: what was asked of whom, who may decide in a place of the route, and what was decided.

Aggregate `approval:<identity of approval.requested>`. How it stands is derived by `domain.approval_routes`; nothing of that
is kept. The rules of the events stand in `domain.approval_rules`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Final, cast

from domain import directory
from domain.approval_routes import Decision, RouteState, decision_in, route_state
from domain.changes import Change, State, View
from domain.directory import Role
from domain.events_approvals import Approver, Stage
from domain.header import Ref
from domain.ids import Digest, OfficerId, OrgId, kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Delegation:
    """An officer (`by`, speaking for `organisation`) lets another decide in his place between two ledger times, both inclusive.

    It counts as long as he could decide there himself.
    """

    stage: int
    place: int
    by: OfficerId
    organisation: OrgId
    to: OfficerId
    from_at: int
    until_at: int
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StageMissed:
    """It is recorded at `position` that the time of a stage passed."""

    stage: int
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Request(State):
    """A request for approval. `route` names the approvers as they are now, after reassignments; their number never changes.

    `documents` are the digests of what is to be approved, sorted, without the cover. `organisation` is the requester.
    """

    request: Digest
    position: int
    organisation: OrgId
    documents: tuple[Digest, ...]
    letter: Ref | None
    follows: Digest | None
    route: tuple[Stage, ...]
    decisions: tuple[Decision, ...]
    delegations: tuple[Delegation, ...]
    missed: tuple[StageMissed, ...]
    withdrawn_position: int | None

    @property
    def state(self) -> RouteState:
        """How the request stands."""
        return route_state(self.route, self.decisions, self.withdrawn_position)

    def approver(self, stage: int, place: int) -> Approver | None:
        """Return who is to decide in a place, None if the route has no such place."""
        if not 1 <= stage <= len(self.route):
            return None
        approvers = self.route[stage - 1].approvers
        return approvers[place - 1] if 1 <= place <= len(approvers) else None

    def decision(self, stage: int, place: int) -> Decision | None:
        """Return what was decided in a place, None if nothing was yet."""
        return decision_in(self.decisions, stage, place)

    def delegations_of(self, stage: int, place: int) -> tuple[Delegation, ...]:
        """Return the delegations of a place: of each delegator only his last."""
        return tuple(one for one in self.delegations if (one.stage, one.place) == (stage, place))

    def missed_position(self, stage: int) -> int | None:
        """Return where it is recorded that a stage's time passed, None if it is not."""
        return next((one.position for one in self.missed if one.stage == stage), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestEntered(Change):
    """Approval was requested."""

    TOPIC: ClassVar[str] = "approval.entered.v1"
    request: Digest
    position: int
    organisation: OrgId
    documents: tuple[Digest, ...]
    letter: Ref | None
    follows: Digest | None
    route: tuple[Stage, ...]

    def mutate(self, aggregate: None) -> Request:  # noqa: ARG002 - the first change has nothing before it
        """Return the request, on which nothing is decided."""
        return Request(
            id=self.originator_id,
            version=self.originator_version,
            request=self.request,
            position=self.position,
            organisation=self.organisation,
            documents=self.documents,
            letter=self.letter,
            follows=self.follows,
            route=self.route,
            decisions=(),
            delegations=(),
            missed=(),
            withdrawn_position=None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceDecided(Change):
    """An approver decided in a place."""

    TOPIC: ClassVar[str] = "approval.decided.v1"
    decision: Decision

    def mutate(self, aggregate: Request) -> Request:
        """Return the request with this decision."""
        decisions = (*aggregate.decisions, self.decision)
        return replace(aggregate, version=self.originator_version, decisions=decisions)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceDelegated(Change):
    """An approver delegated his place; his earlier delegation of it ends."""

    TOPIC: ClassVar[str] = "approval.delegated.v1"
    delegation: Delegation

    def mutate(self, aggregate: Request) -> Request:
        """Return the request with this delegation."""
        new = self.delegation
        others = tuple(one for one in aggregate.delegations if (one.stage, one.place, one.by) != (new.stage, new.place, new.by))
        return replace(aggregate, version=self.originator_version, delegations=(*others, new))


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceReassigned(Change):
    """The requester put another approver into a place; what was delegated there ends."""

    TOPIC: ClassVar[str] = "approval.reassigned.v1"
    stage: int
    place: int
    to: Approver

    def mutate(self, aggregate: Request) -> Request:
        """Return the request with this approver."""
        old = aggregate.route[self.stage - 1]
        approvers = (*old.approvers[: self.place - 1], self.to, *old.approvers[self.place :])
        stage = replace(old, approvers=approvers)
        return replace(
            aggregate,
            version=self.originator_version,
            route=(*aggregate.route[: self.stage - 1], stage, *aggregate.route[self.stage :]),
            delegations=tuple(one for one in aggregate.delegations if (one.stage, one.place) != (self.stage, self.place)),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestWithdrawn(Change):
    """The requester withdrew the request."""

    TOPIC: ClassVar[str] = "approval.withdrawn.v1"
    position: int

    def mutate(self, aggregate: Request) -> Request:
        """Return the request, withdrawn."""
        return replace(aggregate, version=self.originator_version, withdrawn_position=self.position)


@dataclass(frozen=True, kw_only=True, slots=True)
class StageTermMissed(Change):
    """It was recorded that the time of a stage passed."""

    TOPIC: ClassVar[str] = "approval.stage_missed.v1"
    stage: int
    position: int

    def mutate(self, aggregate: Request) -> Request:
        """Return the request with this stage missed."""
        missed = (*aggregate.missed, StageMissed(stage=self.stage, position=self.position))
        return replace(aggregate, version=self.originator_version, missed=missed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Right:
    """By what right an officer may decide in a place: his own, or for the officer who delegated it, or granted a mandate."""

    for_officer: OfficerId | None


OWN_RIGHT: Final = Right(for_officer=None)


@kept
def request_key(request: Digest) -> str:
    """Return the id of the aggregate of a request for approval."""
    return f"approval:{request.hex()}"


def request(view: View, identity: Digest) -> Request | None:
    """Return a request for approval, None if there is no such."""
    return cast("Request | None", view.get(request_key(identity)))


def right_of(  # noqa: PLR0913 - who asks for which place, when
    view: View, asked: Request, stage: int, place: int, *, officer: OfficerId, organisation: OrgId, at: int
) -> Right | None:
    """Return by what right an officer who speaks for an organisation may decide in a place at a ledger time, None if by none.

    It says nothing of whether the place can still be decided: `Request.state` and `Request.decision` do.
    """
    approver = asked.approver(stage, place)
    if approver is None:
        return None
    if has_own_right(view, approver, officer, organisation):
        return OWN_RIGHT
    if not _is_appointed(view, officer, organisation):
        return None
    for one in asked.delegations_of(stage, place):
        lent = one.to == officer and one.from_at <= at <= one.until_at
        if lent and has_own_right(view, approver, one.by, one.organisation):
            return Right(for_officer=one.by)
    return None


def has_own_right(view: View, approver: Approver, officer: OfficerId, organisation: OrgId) -> bool:
    """Tell whether an officer who speaks for an organisation is this approver.

    For an organisation (or, if it is closed, its last successor) each signatory in office is; a named officer is, for any
    organisation in which he is appointed to more than running a station.
    """
    if approver.organisation is None:
        return approver.officer == officer and _is_appointed(view, officer, organisation)
    speaks = directory.last_successor(view, approver.organisation) == organisation
    return speaks and _is_open(view, organisation) and directory.has_role(view, officer, organisation, Role.SIGNATORY)


def _is_appointed(view: View, officer: OfficerId, organisation: OrgId) -> bool:
    found = directory.appointment(view, officer, organisation)
    return found is not None and bool({*found.roles} - {Role.STATION.value}) and _is_open(view, organisation)


def _is_open(view: View, organisation: OrgId) -> bool:
    return directory.open_organisation(view, organisation) is not None
