"""What fails step 9 for the directory: organisations, officers, groups and registers."""

from __future__ import annotations

from typing import Any

from domain.directory import UNIT
from domain.events import (
    GroupDefined,
    OfficerRelieved,
    OrganisationChanged,
    OrganisationClosed,
    RegisterDefined,
)
from domain.ids import OfficerId, OrgId
from domain.reasons import Reason
from domain.tree import root_of
from tests.court import Court
from tests.faults.provocation import Record, provokes
from tests.fixed_exchange import MINISTRY, REGISTRAR, Said, entry

THIS_YEAR = 2026


def closing(court: Court, organisation: str, successor: str | None = None) -> Said:
    """Return the closing of an organisation."""
    to = OrgId(successor) if successor else None
    return court.exchange.say(OrganisationClosed, REGISTRAR, organisation=OrgId(organisation), successor=to)


def changing(court: Court, organisation: str, parent: str | None = MINISTRY, **changes: Any) -> Said:
    """Return the change of an organisation."""
    return court.exchange.say(OrganisationChanged, REGISTRAR, entry=entry(organisation, parent, **changes))


def group(court: Court, *members: str, by: str = "clerk", **changes: Any) -> Said:
    """Return the definition of a group in one part, but for the changes."""
    whole = {"total": len(members), "root": root_of(one.encode() for one in members)}
    fields = {"group": OrgId("all"), "version": 1, "part": 1, "parts": 1, "members": tuple(OrgId(one) for one in members)}
    return court.exchange.say(GroupDefined, by, **{**fields, **whole, **changes})


def first_part(court: Court, *members: str) -> Said:
    """Return the first of two parts of a group."""
    return group(court, *members, parts=2, total=None, root=None)


def register(court: Court, by: str = "clerk", **changes: Any) -> Said:
    """Return the definition of an outgoing register, but for the changes."""
    fields = {"direction": "outgoing", "year_from": THIS_YEAR, "format": "{serial}/{case}", "first_serial": 1}
    return court.exchange.say(RegisterDefined, by, **{**fields, **changes})


@provokes(Reason.ROOT_IS_NO_OFFICER)
def an_officer_called_root(court: Court) -> Record:
    return court.exchange.appointment("root", "mfy-001", "clerk")


@provokes(Reason.CODE_UNKNOWN)
def a_role_that_nobody_knows(court: Court) -> Record:
    return court.exchange.appointment("new", "mfy-001", "king")


@provokes(Reason.CODE_UNKNOWN)
def a_kind_of_organisation_that_nobody_knows(court: Court) -> Record:
    return court.exchange.registration("mfy-201", kind="empire")


@provokes(Reason.ORGANISATION_EXISTS)
def an_organisation_registered_twice(court: Court) -> Record:
    return court.exchange.registration("mfy-001")


@provokes(Reason.ORGANISATION_NOT_FOUND)
def a_change_of_an_organisation_that_is_not_there(court: Court) -> Record:
    return changing(court, "mfy-201")


@provokes(Reason.ORGANISATION_NOT_FOUND)
def an_officer_for_an_organisation_that_is_not_there(court: Court) -> Record:
    return court.exchange.appointment("new", "mfy-201", "clerk")


@provokes(Reason.ORGANISATION_ALREADY_CLOSED)
def an_organisation_closed_twice(court: Court) -> Record:
    court.accept(closing(court, "mfy-004"))
    return closing(court, "mfy-004")


@provokes(Reason.ORGANISATION_ALREADY_CLOSED)
def an_officer_for_a_closed_organisation(court: Court) -> Record:
    court.accept(closing(court, "mfy-004"))
    return court.exchange.appointment("new", "mfy-004", "clerk")


@provokes(Reason.PARENT_UNKNOWN)
def an_organisation_without_a_parent(court: Court) -> Record:
    return court.exchange.registration("mfy-201", parent=None)


@provokes(Reason.PARENT_UNKNOWN)
def a_unit_as_a_parent(court: Court) -> Record:
    return changing(court, "mfy-001", "office")


@provokes(Reason.PARENT_CYCLE)
def a_parent_that_stands_below(court: Court) -> Record:
    return changing(court, "agency", "mfy-101", kind="agency")


@provokes(Reason.KIND_FIXED)
def a_committee_that_becomes_a_unit(court: Court) -> Record:
    return changing(court, "mfy-001", kind=UNIT)


@provokes(Reason.SUCCESSOR_NEEDED)
def closed_with_an_open_letter_and_without_a_successor(court: Court) -> Record:
    court.sent("mfy-002")
    return closing(court, "mfy-002")


@provokes(Reason.SUCCESSOR_UNFIT)
def its_own_successor(court: Court) -> Record:
    return closing(court, "mfy-002", "mfy-002")


@provokes(Reason.SUCCESSOR_UNFIT)
def a_closed_successor(court: Court) -> Record:
    court.accept(closing(court, "mfy-004"))
    return closing(court, "mfy-002", "mfy-004")


@provokes(Reason.FIRST_ORGANISATION_STAYS)
def the_first_organisation_closed(court: Court) -> Record:
    return closing(court, "ministry", "mfy-001")


@provokes(Reason.FIRST_ORGANISATION_STAYS)
def a_parent_for_the_first_organisation(court: Court) -> Record:
    return changing(court, "ministry", "agency", kind="ministry")


@provokes(Reason.OFFICER_NOT_FOUND)
def an_officer_relieved_who_is_not_appointed_there(court: Court) -> Record:
    secretary = OfficerId("secretary")
    return court.exchange.say(OfficerRelieved, REGISTRAR, organisation=OrgId("mfy-002"), officer=secretary)


@provokes(Reason.OFFICER_NOT_FOUND)
def a_key_of_an_officer_who_was_never_appointed(court: Court) -> Record:
    return court.exchange.enrolled("stranger", "ministry")


@provokes(Reason.GROUP_VERSION_WRONG)
def the_second_version_of_a_group_first(court: Court) -> Record:
    return group(court, "mfy-001", version=2)


@provokes(Reason.GROUP_PART_OUT_OF_ORDER)
def the_second_part_of_a_group_first(court: Court) -> Record:
    return group(court, "mfy-001", part=2, parts=2)


@provokes(Reason.GROUP_PART_OUT_OF_ORDER)
def a_second_part_of_another_number_of_parts(court: Court) -> Record:
    court.accept(first_part(court, "mfy-001"))
    return group(court, "mfy-002", part=2, parts=3, total=None, root=None)


@provokes(Reason.GROUP_MEMBER_UNKNOWN)
def a_member_that_nobody_registered(court: Court) -> Record:
    return group(court, "mfy-001", "nowhere")


@provokes(Reason.GROUP_MEMBER_UNKNOWN)
def a_unit_as_a_member(court: Court) -> Record:
    return group(court, "office")


@provokes(Reason.GROUP_NOT_SORTED)
def members_out_of_order(court: Court) -> Record:
    return group(court, "mfy-002", "mfy-001")


@provokes(Reason.GROUP_NOT_SORTED)
def a_member_repeated_in_the_next_part(court: Court) -> Record:
    court.accept(first_part(court, "mfy-001", "mfy-002"))
    return group(court, "mfy-002", "mfy-003", part=2, parts=2)


@provokes(Reason.GROUP_TOTAL_WRONG)
def a_total_that_is_not_the_members(court: Court) -> Record:
    return group(court, "mfy-001", "mfy-002", total=3)


@provokes(Reason.GROUP_TOTAL_WRONG)
def a_root_that_is_not_the_members(court: Court) -> Record:
    return group(court, "mfy-001", "mfy-002", root=root_of([b"mfy-001"]))


@provokes(Reason.GROUP_TOTAL_WRONG)
def a_total_before_the_last_part(court: Court) -> Record:
    return group(court, "mfy-001", parts=2)


@provokes(Reason.REGISTER_YEAR_PAST)
def a_register_of_last_year(court: Court) -> Record:
    return register(court, year_from=THIS_YEAR - 1)


@provokes(Reason.REGISTER_IN_USE)
def a_register_that_has_given_a_number(court: Court) -> Record:
    court.sent()
    return register(court)


@provokes(Reason.REGISTER_FORMAT_WRONG)
def a_number_without_a_serial(court: Court) -> Record:
    return register(court, format="{year}")


@provokes(Reason.REGISTER_FORMAT_WRONG)
def a_number_with_an_unknown_placeholder(court: Court) -> Record:
    return register(court, format="{serial}-{colour}")


@provokes(Reason.CODE_UNKNOWN)
def a_register_of_a_third_direction(court: Court) -> Record:
    return register(court, direction="sideways")


@provokes(Reason.UNIT_HAS_NONE)
def a_register_of_a_unit(court: Court) -> Record:
    return register(court, by="office-clerk")


@provokes(Reason.UNIT_HAS_NONE)
def a_letter_of_a_unit(court: Court) -> Record:
    return court.exchange.letter("office-clerk")
