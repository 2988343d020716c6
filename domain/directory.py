"""The directory: organisations, and the appointments of officers and stations in them.

Aggregates: `organisation:<id>`, `officer:<id>` (his home), `appointment:<officer>:<organisation>`, and `directory`,
which keeps the few facts that concern all letters at once: who is closed, and who is outside the exchange.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Final, cast

from domain.changes import Change, State, View
from domain.events import OrganisationEntry
from domain.header import LocalName
from domain.ids import OfficerId, OrgId, kept

DIRECTORY_ID: Final = "directory"
UNIT: Final = "unit"
OUTSIDE: Final = "outside"
CONNECTED: Final = "connected"
KINDS: Final = frozenset(
    {"ministry", "agency", "secretariat", "governors-office", "committee", "soum-office", "company", UNIT, "other"},
)
CONNECTIONS: Final = frozenset({CONNECTED, OUTSIDE})


class Role(StrEnum):
    """What an officer may do in an organisation. No role implies another."""

    REGISTRAR = "registrar"
    CLERK = "clerk"
    SIGNATORY = "signatory"
    CONTROLLER = "controller"
    ARCHIVIST = "archivist"
    STATION = "station"


ROLES: Final = frozenset(role.value for role in Role)


@dataclass(frozen=True, kw_only=True, slots=True)
class Organisation(State):
    """What the directory says of an organisation, since which position, whether it is closed, and whom it succeeds."""

    entry: OrganisationEntry
    registered_position: int
    closed_position: int | None
    successor: OrgId | None
    predecessors: tuple[OrgId, ...]

    @property
    def is_unit(self) -> bool:
        """Whether it is a unit: part of its parent, without register or letters of its own."""
        return self.entry.kind == UNIT


@dataclass(frozen=True, kw_only=True, slots=True)
class Officer(State):
    """A person or a station that was ever appointed; `home` is where first."""

    officer: OfficerId
    home: OrgId


@dataclass(frozen=True, kw_only=True, slots=True)
class Appointment(State):
    """An officer's appointment in one organisation; `roles` is empty once he is relieved."""

    officer: OfficerId
    organisation: OrgId
    names: tuple[LocalName, ...]
    posts: tuple[LocalName, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Directory(State):
    """Which organisations are closed, and which are outside the exchange."""

    closed: frozenset[OrgId]
    outside: frozenset[OrgId]


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationEntered(Change):
    """An organisation was registered or its entry replaced."""

    TOPIC: ClassVar[str] = "organisation.entered.v1"
    entry: OrganisationEntry
    position: int

    def mutate(self, aggregate: Organisation | None) -> Organisation:
        """Return the organisation with this entry."""
        if aggregate is not None:
            return replace(aggregate, version=self.originator_version, entry=self.entry)
        return Organisation(
            id=self.originator_id,
            version=self.originator_version,
            entry=self.entry,
            registered_position=self.position,
            closed_position=None,
            successor=None,
            predecessors=(),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationShut(Change):
    """An organisation was closed."""

    TOPIC: ClassVar[str] = "organisation.shut.v1"
    position: int
    successor: OrgId | None

    def mutate(self, aggregate: Organisation) -> Organisation:
        """Return the organisation, closed."""
        return replace(aggregate, version=self.originator_version, closed_position=self.position, successor=self.successor)


@dataclass(frozen=True, kw_only=True, slots=True)
class PredecessorGained(Change):
    """An organisation that was closed named this one as its successor."""

    TOPIC: ClassVar[str] = "organisation.predecessor_gained.v1"
    predecessor: OrgId

    def mutate(self, aggregate: Organisation) -> Organisation:
        """Return the organisation with one more predecessor."""
        predecessors = (*aggregate.predecessors, self.predecessor)
        return replace(aggregate, version=self.originator_version, predecessors=predecessors)


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficerEntered(Change):
    """An officer was appointed for the first time: this is his home."""

    TOPIC: ClassVar[str] = "officer.entered.v1"
    officer: OfficerId
    home: OrgId

    def mutate(self, aggregate: None) -> Officer:  # noqa: ARG002 - the first and only change
        """Return the officer."""
        return Officer(id=self.originator_id, version=self.originator_version, officer=self.officer, home=self.home)


@dataclass(frozen=True, kw_only=True, slots=True)
class Appointed(Change):
    """An officer was appointed in an organisation, or appointed anew with other roles."""

    TOPIC: ClassVar[str] = "appointment.made.v1"
    officer: OfficerId
    organisation: OrgId
    names: tuple[LocalName, ...]
    posts: tuple[LocalName, ...]
    roles: tuple[str, ...]

    def mutate(self, aggregate: Appointment | None) -> Appointment:  # noqa: ARG002 - it replaces what was
        """Return the appointment."""
        return Appointment(
            id=self.originator_id,
            version=self.originator_version,
            officer=self.officer,
            organisation=self.organisation,
            names=self.names,
            posts=self.posts,
            roles=self.roles,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Relieved(Change):
    """An officer's appointment in an organisation ended."""

    TOPIC: ClassVar[str] = "appointment.ended.v1"

    def mutate(self, aggregate: Appointment) -> Appointment:
        """Return the appointment without roles."""
        return replace(aggregate, version=self.originator_version, roles=())


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryMarked(Change):
    """An organisation became closed, outside the exchange, or connected again."""

    TOPIC: ClassVar[str] = "directory.marked.v1"
    organisation: OrgId
    closed: bool
    outside: bool

    def mutate(self, aggregate: Directory | None) -> Directory:
        """Return the marks of all organisations."""
        closed = aggregate.closed if aggregate else frozenset()
        outside = aggregate.outside if aggregate else frozenset()
        one = {self.organisation}
        return Directory(
            id=self.originator_id,
            version=self.originator_version,
            closed=closed | one if self.closed else closed - one,
            outside=outside | one if self.outside else outside - one,
        )


def organisation_key(organisation: OrgId) -> str:
    """Return the id of an organisation's aggregate."""
    return f"organisation:{organisation}"


def officer_key(officer: OfficerId) -> str:
    """Return the id of an officer's aggregate."""
    return f"officer:{officer}"


@kept
def appointment_key(officer: OfficerId, organisation: OrgId) -> str:
    """Return the id of the aggregate of an officer's appointment in an organisation."""
    return f"appointment:{officer}:{organisation}"


def organisation(view: View, organisation_id: OrgId) -> Organisation | None:
    """Return an organisation, None if it was never registered."""
    return cast("Organisation | None", view.get(organisation_key(organisation_id)))


def open_organisation(view: View, organisation_id: OrgId) -> Organisation | None:
    """Return an organisation that is registered and not closed, else None."""
    found = organisation(view, organisation_id)
    return found if found is not None and found.closed_position is None else None


def officer(view: View, officer_id: OfficerId) -> Officer | None:
    """Return an officer, None if he was never appointed."""
    return cast("Officer | None", view.get(officer_key(officer_id)))


def appointment(view: View, officer_id: OfficerId, organisation_id: OrgId) -> Appointment | None:
    """Return an officer's appointment in an organisation, None if there was never one; relieved: without roles."""
    return cast("Appointment | None", view.get(appointment_key(officer_id, organisation_id)))


def has_role(view: View, officer_id: OfficerId, organisation_id: OrgId, role: Role) -> bool:
    """Tell whether an officer is appointed in an organisation with a role."""
    found = appointment(view, officer_id, organisation_id)
    return found is not None and role.value in found.roles


def marks(view: View) -> Directory:
    """Return who is closed and who is outside."""
    found = view.get(DIRECTORY_ID)
    return cast("Directory", found) if found else Directory(id=DIRECTORY_ID, version=0, closed=frozenset(), outside=frozenset())


def is_same_or_above(view: View, upper: OrgId, lower: OrgId) -> bool:
    """Tell whether `upper` is `lower` or stands above it in the tree of parents (which has no cycles)."""
    step: OrgId | None = lower
    while step is not None:
        if step == upper:
            return True
        found = organisation(view, step)
        step = found.entry.parent if found else None
    return False


def last_successor(view: View, organisation_id: OrgId) -> OrgId:
    """Return who speaks for an organisation: itself, or if it is closed the last in the chain of its successors.

    The chain ends, because a successor is open when it is named.
    """
    found = organisation(view, organisation_id)
    while found is not None and found.closed_position is not None and found.successor is not None:
        organisation_id = found.successor
        found = organisation(view, organisation_id)
    return organisation_id


def speaks_for(view: View, organisation_id: OrgId) -> Iterator[OrgId]:
    """Yield the organisation itself and everyone it succeeds, directly or in a chain.

    An open organisation's officers act for exactly these: `last_successor` of each is the organisation.
    """
    pending = [organisation_id]
    while pending:
        one = pending.pop()
        yield one
        found = organisation(view, one)
        pending.extend(found.predecessors if found else ())
