"""Groups: parts in order, complete versions, and what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from domain import directory_rules, groups
from domain.events import GroupDefined, OrganisationClosed
from domain.groups import RULES, GroupSummary
from domain.header import Header
from domain.ids import ZERO_DIGEST, Digest, OrgId
from domain.reasons import Reason
from domain.tree import root_of
from tests.rules_view import (
    MemoryView,
    add_officer,
    add_organisation,
    case,
    header,
    opened_view,
    outcome,
    roots_header,
)

OWNER = OrgId("agency")
ALL = OrgId("all")
CLERK = header("clerk", OWNER)
MEMBERS = tuple(OrgId(f"mfy-{number}") for number in range(1, 7))


@pytest.fixture
def view() -> MemoryView:
    """An agency with a clerk, six committees below it, and a unit."""
    view = opened_view()
    add_organisation(view, OWNER, kind="agency")
    add_officer(view, "clerk", OWNER, "clerk")
    add_officer(view, "signatory", OWNER, "signatory")
    for member in MEMBERS:
        add_organisation(view, member, OWNER)
    add_organisation(view, "office", OWNER, kind="unit")
    add_officer(view, "unit-clerk", "office", "clerk")
    return view


def root(members: Sequence[str]) -> Digest:
    return root_of(member.encode() for member in members)


def part(
    members: Sequence[str],
    *,
    version: int = 1,
    part: int = 1,
    parts: int = 1,
    total: int | None = None,
    root: Digest | None = None,
    said_by: Header = CLERK,
) -> GroupDefined:
    named = tuple(OrgId(member) for member in members)
    return GroupDefined(
        header=said_by,
        group=ALL,
        version=version,
        part=part,
        parts=parts,
        members=named,
        total=total,
        root=root,
    )


def whole(members: Sequence[str], *, version: int = 1, said_by: Header = CLERK) -> GroupDefined:
    return part(members, version=version, total=len(members), root=root(members), said_by=said_by)


def define(view: MemoryView, body: GroupDefined) -> Reason:
    return outcome(RULES, case(view, body))


def test_a_group_in_one_part_is_complete_at_once(view: MemoryView) -> None:
    assert define(view, whole(MEMBERS)) is Reason.ACCEPTED
    assert groups.complete(view, OWNER, ALL, 1) == GroupSummary(count=6, root=root(MEMBERS))
    assert groups.members(view, OWNER, ALL, 1) == MEMBERS


def test_a_group_in_parts_is_complete_with_the_last_one_only(view: MemoryView) -> None:
    assert define(view, part(MEMBERS[:4], parts=2)) is Reason.ACCEPTED
    assert groups.complete(view, OWNER, ALL, 1) is None
    assert groups.members(view, OWNER, ALL, 1) == ()
    assert not groups.is_member(view, OWNER, ALL, 1, MEMBERS[0])
    assert define(view, part(MEMBERS[4:], part=2, parts=2, total=6, root=root(MEMBERS))) is Reason.ACCEPTED
    assert groups.complete(view, OWNER, ALL, 1) == GroupSummary(count=6, root=root(MEMBERS))
    assert groups.members(view, OWNER, ALL, 1) == MEMBERS


def test_earlier_complete_versions_stay(view: MemoryView) -> None:
    assert define(view, whole(MEMBERS[:2])) is Reason.ACCEPTED
    assert define(view, whole(MEMBERS[1:], version=2)) is Reason.ACCEPTED
    assert groups.members(view, OWNER, ALL, 1) == MEMBERS[:2]
    assert groups.members(view, OWNER, ALL, 2) == MEMBERS[1:]


def test_part_1_discards_an_unfinished_version(view: MemoryView) -> None:
    assert define(view, part(MEMBERS[:3], parts=3)) is Reason.ACCEPTED
    assert define(view, part(MEMBERS[1:2], parts=2)) is Reason.ACCEPTED
    assert define(view, part(MEMBERS[3:], part=2, parts=3)) is Reason.GROUP_PART_OUT_OF_ORDER
    kept = MEMBERS[1:3]
    assert define(view, part(kept[1:], part=2, parts=2, total=2, root=root(kept))) is Reason.ACCEPTED
    assert groups.members(view, OWNER, ALL, 1) == kept


def test_another_owners_group_of_the_same_name_is_another_group(view: MemoryView) -> None:
    add_officer(view, "other-clerk", "ministry", "clerk")
    assert define(view, whole(MEMBERS)) is Reason.ACCEPTED
    assert define(view, whole(MEMBERS[:1], said_by=header("other-clerk", "ministry"))) is Reason.ACCEPTED
    assert groups.members(view, OrgId("ministry"), ALL, 1) == MEMBERS[:1]
    assert groups.complete(view, OrgId("mfy-1"), ALL, 1) is None


def test_a_closed_organisation_may_be_a_member(view: MemoryView) -> None:
    # It drops out when a letter is dispatched; the list that an office keeps need not change on that day.
    closing = OrganisationClosed(header=header(), organisation=MEMBERS[0], successor=None)
    assert outcome(directory_rules.RULES, case(view, closing)) is Reason.ACCEPTED
    assert define(view, whole(MEMBERS)) is Reason.ACCEPTED


@pytest.mark.parametrize("version", [2, 3])
def test_the_first_version_is_1(view: MemoryView, version: int) -> None:
    assert define(view, whole(MEMBERS, version=version)) is Reason.GROUP_VERSION_WRONG


def test_the_next_version_follows_the_last_complete_one(view: MemoryView) -> None:
    assert define(view, whole(MEMBERS)) is Reason.ACCEPTED
    assert define(view, part(MEMBERS[:2], version=2, parts=2)) is Reason.ACCEPTED
    assert define(view, whole(MEMBERS, version=1)) is Reason.GROUP_VERSION_WRONG
    assert define(view, whole(MEMBERS, version=3)) is Reason.GROUP_VERSION_WRONG
    assert define(view, whole(MEMBERS, version=2)) is Reason.ACCEPTED


@pytest.mark.parametrize(
    ("number", "parts"),
    [(2, 3), (3, 4), (3, 2), (4, 3)],
    ids=["the same part again", "another number of parts", "fewer parts", "a part is skipped"],
)
def test_parts_follow_each_other(view: MemoryView, number: int, parts: int) -> None:
    assert define(view, part(MEMBERS[:1], parts=3)) is Reason.ACCEPTED
    assert define(view, part(MEMBERS[1:2], part=2, parts=3)) is Reason.ACCEPTED
    assert define(view, part(MEMBERS[2:3], part=number, parts=parts)) is Reason.GROUP_PART_OUT_OF_ORDER


@pytest.mark.parametrize(("number", "parts"), [(2, 2), (2, 1)])
def test_a_version_begins_with_part_1(view: MemoryView, number: int, parts: int) -> None:
    assert define(view, part(MEMBERS[:1], part=number, parts=parts)) is Reason.GROUP_PART_OUT_OF_ORDER


@pytest.mark.parametrize("stranger", ["nowhere", "office"])
def test_members_are_registered_and_no_units(view: MemoryView, stranger: str) -> None:
    assert define(view, whole(sorted((*MEMBERS, stranger)))) is Reason.GROUP_MEMBER_UNKNOWN


@pytest.mark.parametrize(
    "members",
    [("mfy-2", "mfy-1"), ("mfy-1", "mfy-1"), ("mfy-1", "mfy-2", "mfy-2")],
)
def test_members_are_sorted_and_unique(view: MemoryView, members: tuple[str, ...]) -> None:
    assert define(view, whole(members)) is Reason.GROUP_NOT_SORTED


@pytest.mark.parametrize("second", [("mfy-2", "mfy-3"), ("mfy-1", "mfy-3")])
def test_members_are_sorted_and_unique_across_parts(view: MemoryView, second: tuple[str, ...]) -> None:
    assert define(view, part(MEMBERS[:2], parts=2)) is Reason.ACCEPTED
    everybody = (*MEMBERS[:2], *second)
    assert define(view, part(second, part=2, parts=2, total=4, root=root(everybody))) is Reason.GROUP_NOT_SORTED


@pytest.mark.parametrize(
    ("total", "stated_root"),
    [(None, None), (6, None), (None, root(MEMBERS)), (5, root(MEMBERS)), (6, ZERO_DIGEST), (6, root(MEMBERS[::-1]))],
)
def test_the_last_part_states_a_total_and_root_that_agree(
    view: MemoryView,
    total: int | None,
    stated_root: Digest | None,
) -> None:
    assert define(view, part(MEMBERS, total=total, root=stated_root)) is Reason.GROUP_TOTAL_WRONG


@pytest.mark.parametrize(("total", "stated_root"), [(2, None), (None, root(MEMBERS[:2])), (2, root(MEMBERS[:2]))])
def test_no_other_part_states_them(view: MemoryView, total: int | None, stated_root: Digest | None) -> None:
    assert define(view, part(MEMBERS[:2], parts=2, total=total, root=stated_root)) is Reason.GROUP_TOTAL_WRONG


@pytest.mark.parametrize(
    ("said_by", "reason"),
    [
        (header("unit-clerk", "office"), Reason.UNIT_HAS_NONE),
        (header("signatory", OWNER), Reason.ROLE_MISSING),
        (header("clerk", "ministry"), Reason.NOT_APPOINTED),
        (roots_header(), Reason.NOT_FOR_ROOTS),
    ],
)
def test_only_a_clerk_of_an_organisation_defines_its_groups(view: MemoryView, said_by: Header, reason: Reason) -> None:
    assert define(view, whole(MEMBERS, said_by=said_by)) is reason
