"""Any cut of a group into parts, hostile parts between them; any order of numbers and definitions."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain import groups, registers
from domain.events import GroupDefined, RegisterDefined
from domain.groups import GroupSummary
from domain.ids import ORGANISATION_FORM, OrgId
from domain.reasons import Reason
from domain.registers import give_number, printed
from domain.tree import root_of
from domain.verdicts import Number, RegisterKind
from tests.rules_view import NOW_MS, MemoryView, add_officer, add_organisation, case, header, opened_view, outcome

OWNER = OrgId("agency")
ALL = OrgId("all")
CLERK = header("clerk", OWNER)
YEAR_MS = 366 * 24 * 3600 * 1000
IDS = st.from_regex(ORGANISATION_FORM, fullmatch=True).map(OrgId).filter(lambda one: one not in {OWNER, "ministry"})
"""From the pattern's own alphabet, so that hyphen, full stop, digits and letters meet in the order of bytes."""


def agency() -> MemoryView:
    view = opened_view()
    add_organisation(view, OWNER, kind="agency")
    add_officer(view, "clerk", OWNER, "clerk")
    return view


@st.composite
def cut_groups(draw: st.DrawFn) -> list[tuple[OrgId, ...]]:
    members = sorted(draw(st.sets(IDS, min_size=1, max_size=40)))
    cuts = sorted(draw(st.sets(st.integers(1, len(members)), max_size=9)) | {0, len(members)})
    return [tuple(members[start:end]) for start, end in pairwise(cuts)]


def bodies(parts: list[tuple[OrgId, ...]]) -> list[GroupDefined]:
    everybody = [member for part in parts for member in part]
    root = root_of(member.encode() for member in everybody)
    return [
        GroupDefined(
            header=CLERK,
            group=ALL,
            version=1,
            part=number,
            parts=len(parts),
            members=members,
            total=len(everybody) if number == len(parts) else None,
            root=root if number == len(parts) else None,
        )
        for number, members in enumerate(parts, 1)
    ]


@given(parts=cut_groups(), strangers=st.lists(IDS, max_size=5))
def test_a_group_is_the_same_however_it_is_cut(parts: list[tuple[OrgId, ...]], strangers: list[OrgId]) -> None:
    view = agency()
    everybody = tuple(member for part in parts for member in part)
    for member in everybody:
        add_organisation(view, member)
    for body in bodies(parts):
        assert outcome(groups.RULES, case(view, body)) is Reason.ACCEPTED
    root = root_of(member.encode() for member in everybody)
    assert groups.complete(view, OWNER, ALL, 1) == GroupSummary(count=len(everybody), root=root)
    assert groups.members(view, OWNER, ALL, 1) == everybody
    for one in (*everybody, *strangers):
        assert groups.is_member(view, OWNER, ALL, 1, one) is (one in everybody)


@given(parts=cut_groups(), order=st.lists(st.integers(0, 9), max_size=25))
def test_whatever_arrives_only_whole_versions_count(parts: list[tuple[OrgId, ...]], order: list[int]) -> None:
    view = agency()
    everybody = tuple(member for part in parts for member in part)
    for member in everybody:
        add_organisation(view, member)
    offered = bodies(parts)
    following = 0
    for number in (one % len(offered) for one in order):
        reason = outcome(groups.RULES, case(view, offered[number]))
        if following == len(offered):
            assert reason is Reason.GROUP_VERSION_WRONG
        elif number in {0, following}:
            assert reason is Reason.ACCEPTED
            following = number + 1
        else:
            assert reason is Reason.GROUP_PART_OUT_OF_ORDER
        assert groups.members(view, OWNER, ALL, 1) == (everybody if following == len(offered) else ())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("give"), st.integers(0, 3), st.sampled_from([RegisterKind.OUTGOING, RegisterKind.INCOMING])),
        st.tuples(st.just("define"), st.integers(0, 3), st.sampled_from(["outgoing", "incoming"]), st.integers(1, 500)),
    ),
    max_size=40,
)


@given(steps=STEPS)
def test_registers_are_gap_free_and_a_printed_number_never_changes(steps: list[tuple[str, int, str | RegisterKind, int]]) -> None:
    view = agency()
    given_: dict[tuple[RegisterKind, int], list[int]] = defaultdict(list)
    prints: dict[Number, str] = {}
    for what, years_on, *rest in steps:
        at = NOW_MS + years_on * YEAR_MS
        body = RegisterDefined(
            header=CLERK,
            direction=str(rest[0]) if what == "define" else "outgoing",
            year_from=2025 + years_on,
            format=f"{rest[-1]}-{{serial}}",
            first_serial=int(rest[-1]),
        )
        if what == "define":
            outcome(registers.RULES, case(view, body))
        else:
            number, change = give_number(case(view, body, at=at), OWNER, RegisterKind(int(rest[0])))
            view.apply((change,))
            given_[number.register, number.year].append(number.serial)
            prints[number] = printed(view, number, None)
        assert all(printed(view, number, None) == text for number, text in prints.items())
    for serials in given_.values():
        assert serials == list(range(serials[0], serials[0] + len(serials)))
