"""Groups of organisations: versions defined in parts, of which only complete ones are addressed.

Aggregates: `group:<owner>:<id>` (the last complete version and the one under way), and for each version
`group-members:<owner>:<id>:<version>` (its members by part, and the summary once it is complete).
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import ClassVar, Final, cast

from domain import directory
from domain.authority import role, speaks_for_no_unit
from domain.changes import Change, State, View
from domain.directory import Role
from domain.errors import RejectedError
from domain.events import GroupDefined
from domain.ids import Digest, OrgId
from domain.reasons import Reason
from domain.rules import Case, Rule, Signers, forbids, requires, stamp
from domain.tree import Frontier, leaf_hash


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupSummary:
    """What stands for all members of a version: their count, and the RFC 6962 root over their ids in order."""

    count: int
    root: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class UnfinishedVersion:
    """A version under way: its parts so far, the last member, and the tree over all members so far."""

    group_version: int
    parts: int
    last_part: int
    last_member: OrgId
    tree: Frontier


@dataclass(frozen=True, kw_only=True, slots=True)
class Group(State):
    """One of an organisation's groups: its last complete version (0: none yet), and the next if it was begun."""

    complete_version: int
    unfinished: UnfinishedVersion | None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupMembers(State):
    """The members of one version by part; `summary` is None until the version is complete."""

    parts: tuple[tuple[OrgId, ...], ...]
    summary: GroupSummary | None

    def __contains__(self, organisation: OrgId) -> bool:
        """Tell whether the organisation is a member; members are sorted across parts, so two bisections tell."""
        index = bisect_left(self.parts, organisation, key=lambda part: part[-1])
        if index == len(self.parts):
            return False
        part = self.parts[index]
        return part[bisect_left(part, organisation)] == organisation


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupAdvanced(Change):
    """A part of a group's next version was accepted: the version is under way, or complete."""

    TOPIC: ClassVar[str] = "group.advanced.v1"
    complete_version: int
    unfinished: UnfinishedVersion | None

    def mutate(self, aggregate: Group | None) -> Group:  # noqa: ARG002 - it says all there is to say
        """Return the group as it stands after this part."""
        return Group(
            id=self.originator_id,
            version=self.originator_version,
            complete_version=self.complete_version,
            unfinished=self.unfinished,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupPartEntered(Change):
    """The members of one part of a version; part 1 discards what was begun before under the same version."""

    TOPIC: ClassVar[str] = "group.part_entered.v1"
    part: int
    members: tuple[OrgId, ...]
    summary: GroupSummary | None

    def mutate(self, aggregate: GroupMembers | None) -> GroupMembers:
        """Return the version's members with this part."""
        before = aggregate.parts if aggregate is not None and self.part > 1 else ()
        parts = (*before, self.members)
        return GroupMembers(id=self.originator_id, version=self.originator_version, parts=parts, summary=self.summary)


def group_id(owner: OrgId, group: OrgId) -> str:
    """Return the id of the aggregate of a group."""
    return f"group:{owner}:{group}"


def members_id(owner: OrgId, group: OrgId, group_version: int) -> str:
    """Return the id of the aggregate of the members of one version of a group."""
    return f"group-members:{owner}:{group}:{group_version}"


def group_of(view: View, owner: OrgId, group: OrgId) -> Group | None:
    """Return a group, None if its owner never began to define it."""
    return cast("Group | None", view.get(group_id(owner, group)))


def complete(view: View, owner: OrgId, group: OrgId, group_version: int) -> GroupSummary | None:
    """Return count and root of a version of a group, None unless that version is complete."""
    found = _members(view, owner, group, group_version)
    return found.summary if found else None


def members(view: View, owner: OrgId, group: OrgId, group_version: int) -> tuple[OrgId, ...]:
    """Return the members of a complete version in their order; none if that version is not complete."""
    found = _members(view, owner, group, group_version)
    return tuple(chain.from_iterable(found.parts)) if found and found.summary else ()


def is_member(view: View, owner: OrgId, group: OrgId, group_version: int, organisation: OrgId) -> bool:
    """Tell whether an organisation is a member of a complete version, without going through its members."""
    found = _members(view, owner, group, group_version)
    return found is not None and found.summary is not None and organisation in found


def _members(view: View, owner: OrgId, group: OrgId, group_version: int) -> GroupMembers | None:
    return cast("GroupMembers | None", view.get(members_id(owner, group, group_version)))


def _group(case: Case) -> Group | None:
    return group_of(case.view, case.body.header.organisation, case.body.group)


def _continued(case: Case) -> UnfinishedVersion | None:
    """Return what this part continues: nothing if it is the first, else the version under way."""
    now = _group(case)
    return now.unfinished if now and case.body.part > 1 else None


def _tree_with_part(case: Case) -> Frontier:
    before = _continued(case)
    tree = before.tree if before else Frontier()
    for member in case.body.members:
        tree, _ = tree.append(leaf_hash(member.encode("ascii")))
    return tree


def _version_is_next(case: Case) -> bool:
    """The version is the last complete one plus one (the first is 1)."""
    now = _group(case)
    return bool(case.body.version == (now.complete_version if now else 0) + 1)


def _part_is_next(case: Case) -> bool:
    """The part is the first, which discards an unfinished version, or follows the last accepted one of as many parts."""
    body, before = case.body, _continued(case)
    if body.part > body.parts:
        return False
    if body.part == 1:
        return True
    return before is not None and (before.parts, before.last_part + 1) == (body.parts, body.part)


def _members_are_known(case: Case) -> None:
    """Each member is a registered organisation, closed or not, and no unit."""
    for member in case.body.members:
        found = directory.organisation(case.view, member)
        if found is None or found.is_unit:
            raise RejectedError(Reason.GROUP_MEMBER_UNKNOWN, f"{member} is {'a unit' if found else 'not registered'}")


def _members_are_sorted(case: Case) -> bool:
    """Members are sorted bytewise and unique, also across the parts."""
    before = _continued(case)
    ordered = (*((before.last_member,) if before else ()), *case.body.members)
    return all(one < other for one, other in pairwise(ordered))


def _total_is_right(case: Case) -> bool:
    """The last part, and no other, states the total count and the root, and both agree with all members."""
    body = case.body
    if body.part < body.parts:
        return body.total is None and body.root is None
    tree = _tree_with_part(case)
    return bool((body.total, body.root) == (tree.size, tree.root()))


def _enter_part(case: Case) -> tuple[Change, ...]:
    body, owner = case.body, case.body.header.organisation
    now = _group(case)
    is_last = body.part == body.parts
    advanced = GroupAdvanced(
        **stamp(case, group_id(owner, body.group), now),
        complete_version=body.version if is_last else body.version - 1,
        unfinished=None if is_last else _unfinished(case),
    )
    members_before = _members(case.view, owner, body.group, body.version)
    entered = GroupPartEntered(
        **stamp(case, members_id(owner, body.group, body.version), members_before),
        part=body.part,
        members=body.members,
        summary=GroupSummary(count=body.total, root=body.root) if is_last else None,
    )
    return (advanced, entered)


def _unfinished(case: Case) -> UnfinishedVersion:
    body = case.body
    return UnfinishedVersion(
        group_version=body.version,
        parts=body.parts,
        last_part=body.part,
        last_member=body.members[-1],
        tree=_tree_with_part(case),
    )


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=GroupDefined,
        signers=Signers.ONE,
        authority=role(Role.CLERK),
        preconditions=(
            requires(Reason.UNIT_HAS_NONE, speaks_for_no_unit),
            requires(Reason.GROUP_VERSION_WRONG, _version_is_next),
            requires(Reason.GROUP_PART_OUT_OF_ORDER, _part_is_next),
            forbids((Reason.GROUP_MEMBER_UNKNOWN,), _members_are_known),
            requires(Reason.GROUP_NOT_SORTED, _members_are_sorted),
            requires(Reason.GROUP_TOTAL_WRONG, _total_is_right),
        ),
        changes=_enter_part,
    ),
)
