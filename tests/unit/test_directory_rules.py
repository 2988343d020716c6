"""Organisations and officers: every precondition and every reason of their rules, without a ledger."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain import directory, directory_rules
from domain.directory import Role
from domain.directory_rules import RULES
from domain.events import (
    Body,
    OfficerRelieved,
    OrganisationChanged,
    OrganisationClosed,
    OrganisationEntry,
    OrganisationRegistered,
)
from domain.header import Header
from domain.ids import ZERO_DIGEST, LetterId, OfficerId, OrgId
from domain.reasons import Reason
from tests.rules_view import (
    MINISTRY,
    POSITION,
    REGISTRAR,
    ROOT_SPKIS,
    MemoryView,
    add_officer,
    add_organisation,
    appointment,
    case,
    decide,
    entry,
    header,
    opened_view,
    outcome,
    roots_header,
)


@pytest.fixture
def view() -> MemoryView:
    """A ministry with an agency and a governor's office; two committees and a unit stand below the agency."""
    view = opened_view()
    add_organisation(view, "agency", kind="agency")
    add_organisation(view, "governor", kind="governors-office")
    add_organisation(view, "mfy-1", "agency")
    add_organisation(view, "mfy-2", "agency")
    add_organisation(view, "office", "agency", kind="unit")
    add_officer(view, "agency-registrar", "agency", "registrar")
    add_officer(view, "governor-registrar", "governor", "registrar")
    add_officer(view, "clerk", "agency", "clerk")
    return view


AGENCY_REGISTRAR = header("agency-registrar", "agency")


def judged(view: MemoryView, body: Body) -> Reason:
    return outcome(RULES, case(view, body))


def register(view: MemoryView, new: OrganisationEntry, said_by: Header = AGENCY_REGISTRAR) -> Reason:
    return judged(view, OrganisationRegistered(header=said_by, entry=new))


def change(view: MemoryView, new: OrganisationEntry, said_by: Header | None = None) -> Reason:
    return judged(view, OrganisationChanged(header=said_by or header(), entry=new))


def close(view: MemoryView, organisation: str, successor: str | None = None, said_by: Header | None = None) -> Reason:
    named = None if successor is None else OrgId(successor)
    return judged(view, OrganisationClosed(header=said_by or header(), organisation=OrgId(organisation), successor=named))


def relieve(view: MemoryView, officer: str, organisation: str, said_by: Header | None = None) -> Reason:
    body = OfficerRelieved(header=said_by or header(), organisation=OrgId(organisation), officer=OfficerId(officer))
    return judged(view, body)


def leave_open(monkeypatch: pytest.MonkeyPatch, view: MemoryView, recipient: str) -> None:
    """Address a letter to an organisation that has not decided; letters themselves are not the subject here."""
    letter = LetterId(b"l" * 32)
    view.letters[OrgId(recipient)] = [letter]
    still_open = {(letter, OrgId(recipient))}
    monkeypatch.setattr(directory_rules, "is_open", lambda _, *consignment: consignment in still_open)


def test_a_registrar_registers_an_organisation_below_his_own(view: MemoryView) -> None:
    assert register(view, entry("mfy-3", "agency", connection="outside")) is Reason.ACCEPTED
    found = directory.organisation(view, OrgId("mfy-3"))
    assert found is not None
    assert (found.registered_position, found.closed_position, found.entry.parent) == (POSITION, None, "agency")
    assert directory.marks(view).outside == {"mfy-3"}


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (entry("mfy-1", "agency"), Reason.ORGANISATION_EXISTS),
        (entry("mfy-3", "agency", kind="ministery"), Reason.CODE_UNKNOWN),
        (entry("mfy-3", "agency", connection="fax"), Reason.CODE_UNKNOWN),
        (entry("mfy-3", None), Reason.PARENT_UNKNOWN),
        (entry("mfy-3", "nowhere"), Reason.PARENT_UNKNOWN),
        (entry("mfy-3", "mfy-3"), Reason.PARENT_UNKNOWN),
        (entry("mfy-3", "office"), Reason.PARENT_UNKNOWN),
        (entry("mfy-3", "governor"), Reason.OUT_OF_SCOPE),
        (entry("mfy-3", "ministry"), Reason.OUT_OF_SCOPE),
    ],
)
def test_a_wrong_registration_is_rejected(view: MemoryView, new: OrganisationEntry, reason: Reason) -> None:
    assert register(view, new) is reason


def test_nothing_is_registered_below_a_closed_organisation(view: MemoryView) -> None:
    assert close(view, "mfy-1") is Reason.ACCEPTED
    assert register(view, entry("mfy-3", "mfy-1")) is Reason.PARENT_UNKNOWN


@pytest.mark.parametrize(
    ("said_by", "reason"),
    [
        (header("clerk", "agency"), Reason.ROLE_MISSING),
        (header("clerk", "ministry"), Reason.NOT_APPOINTED),
        (header("registrar", "agency"), Reason.NOT_APPOINTED),
        (header("registrar", "nowhere"), Reason.ORGANISATION_UNKNOWN),
        (roots_header(), Reason.NOT_FOR_ROOTS),
        (header(mandate=ZERO_DIGEST), Reason.NOT_IN_THESE_RULES),
    ],
)
def test_only_a_registrar_registers(view: MemoryView, said_by: Header, reason: Reason) -> None:
    assert register(view, entry("mfy-3", "agency"), said_by) is reason


def test_a_closed_organisation_speaks_no_more(view: MemoryView) -> None:
    assert close(view, "agency") is Reason.ACCEPTED
    assert register(view, entry("mfy-3", "agency")) is Reason.ORGANISATION_CLOSED


def test_a_relieved_registrar_speaks_no_more(view: MemoryView) -> None:
    assert relieve(view, "agency-registrar", "agency") is Reason.ACCEPTED
    assert register(view, entry("mfy-3", "agency")) is Reason.NOT_APPOINTED


def test_a_change_replaces_the_entry_and_marks_only_what_differs(view: MemoryView) -> None:
    once = entry("mfy-1", "agency", connection="outside")
    assert change(view, once, AGENCY_REGISTRAR) is Reason.ACCEPTED
    assert directory.marks(view).outside == {"mfy-1"}
    again = decide(RULES, case(view, OrganisationChanged(header=header(), entry=replace(once, acknowledge_days=9))))
    assert [one.TOPIC for one in again] == ["organisation.entered.v1"]
    assert change(view, entry("mfy-1", "agency")) is Reason.ACCEPTED
    assert directory.marks(view).outside == frozenset()


@pytest.mark.parametrize(
    ("new", "reason"),
    [
        (entry("mfy-9", "agency"), Reason.ORGANISATION_NOT_FOUND),
        (entry("mfy-1", "agency", kind="ministery"), Reason.CODE_UNKNOWN),
        (entry("mfy-1", "agency", kind="unit"), Reason.KIND_FIXED),
        (entry("office", "agency", kind="agency"), Reason.KIND_FIXED),
        (entry("ministry", "agency", kind="ministry"), Reason.FIRST_ORGANISATION_STAYS),
        (entry("mfy-1", None), Reason.PARENT_UNKNOWN),
        (entry("mfy-1", "nowhere"), Reason.PARENT_UNKNOWN),
        (entry("mfy-1", "office"), Reason.PARENT_UNKNOWN),
        (entry("agency", "mfy-1", kind="agency"), Reason.PARENT_CYCLE),
        (entry("agency", "agency", kind="agency"), Reason.PARENT_CYCLE),
        (entry("mfy-1", "governor"), Reason.ACCEPTED),
        (entry("ministry", None, kind="ministry"), Reason.ACCEPTED),
    ],
)
def test_what_a_change_may_not_do(view: MemoryView, new: OrganisationEntry, reason: Reason) -> None:
    assert change(view, new) is reason


def test_a_closed_organisation_is_neither_changed_nor_closed_again(view: MemoryView) -> None:
    assert close(view, "mfy-1") is Reason.ACCEPTED
    assert change(view, entry("mfy-1", "agency")) is Reason.ORGANISATION_ALREADY_CLOSED
    assert close(view, "mfy-1") is Reason.ORGANISATION_ALREADY_CLOSED


def test_a_change_of_parent_needs_authority_over_the_old_and_the_new_one(view: MemoryView) -> None:
    moved = entry("mfy-1", "governor")
    assert change(view, moved, AGENCY_REGISTRAR) is Reason.OUT_OF_SCOPE
    assert change(view, moved, header("governor-registrar", "governor")) is Reason.OUT_OF_SCOPE
    assert change(view, entry("agency", "governor", kind="agency"), AGENCY_REGISTRAR) is Reason.OUT_OF_SCOPE
    assert change(view, moved) is Reason.ACCEPTED


def test_what_stands_below_a_closed_organisation_stays_and_can_still_be_changed(view: MemoryView) -> None:
    assert close(view, "agency") is Reason.ACCEPTED
    assert change(view, entry("mfy-1", "agency", connection="outside")) is Reason.ACCEPTED
    assert change(view, entry("mfy-1", "governor")) is Reason.ACCEPTED
    assert change(view, entry("mfy-1", "agency")) is Reason.PARENT_UNKNOWN


@pytest.mark.parametrize(
    ("organisation", "successor", "reason"),
    [
        ("nowhere", None, Reason.ORGANISATION_NOT_FOUND),
        ("ministry", None, Reason.FIRST_ORGANISATION_STAYS),
        ("mfy-1", "mfy-1", Reason.SUCCESSOR_UNFIT),
        ("mfy-1", "nowhere", Reason.SUCCESSOR_UNFIT),
        ("mfy-1", "office", Reason.SUCCESSOR_UNFIT),
        ("office", None, Reason.ACCEPTED),
        ("mfy-1", "mfy-2", Reason.ACCEPTED),
    ],
)
def test_what_closing_asks_for(view: MemoryView, organisation: str, successor: str | None, reason: Reason) -> None:
    assert close(view, organisation, successor) is reason


def test_a_closed_organisation_succeeds_nobody(view: MemoryView) -> None:
    assert close(view, "mfy-2") is Reason.ACCEPTED
    assert close(view, "mfy-1", "mfy-2") is Reason.SUCCESSOR_UNFIT


def test_closing_marks_the_organisation_and_keeps_who_is_outside(view: MemoryView) -> None:
    assert change(view, entry("mfy-1", "agency", connection="outside")) is Reason.ACCEPTED
    assert close(view, "mfy-1") is Reason.ACCEPTED
    found = directory.organisation(view, OrgId("mfy-1"))
    assert found is not None
    assert (found.closed_position, found.successor) == (POSITION, None)
    assert directory.marks(view).closed == {"mfy-1"}
    assert directory.marks(view).outside == {"mfy-1"}


def test_a_successor_is_needed_while_something_is_open(view: MemoryView, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_open(monkeypatch, view, "mfy-1")
    assert close(view, "mfy-1") is Reason.SUCCESSOR_NEEDED
    assert close(view, "mfy-2") is Reason.ACCEPTED
    assert close(view, "mfy-1", "governor") is Reason.ACCEPTED


def test_what_a_successor_took_over_keeps_it_from_closing_without_one(
    view: MemoryView,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    leave_open(monkeypatch, view, "mfy-1")
    assert close(view, "mfy-1", "mfy-2") is Reason.ACCEPTED
    assert close(view, "mfy-2") is Reason.SUCCESSOR_NEEDED


def test_a_chain_of_successors_ends_at_the_one_that_speaks_for_all(view: MemoryView) -> None:
    assert close(view, "mfy-1", "mfy-2") is Reason.ACCEPTED
    assert close(view, "mfy-2", "governor") is Reason.ACCEPTED
    assert directory.last_successor(view, OrgId("mfy-1")) == "governor"
    assert set(directory.speaks_for(view, OrgId("governor"))) == {"governor", "mfy-2", "mfy-1"}
    assert set(directory.speaks_for(view, OrgId("agency"))) == {"agency"}


def test_the_first_appointment_makes_a_home_and_another_does_not(view: MemoryView) -> None:
    assert judged(view, appointment(header(), "worker", "mfy-1", "clerk")) is Reason.ACCEPTED
    assert judged(view, appointment(header(), "worker", "mfy-2", "signatory")) is Reason.ACCEPTED
    found = directory.officer(view, OfficerId("worker"))
    assert found is not None
    assert found.home == "mfy-1"
    assert directory.has_role(view, OfficerId("worker"), OrgId("mfy-2"), Role.SIGNATORY)


def test_an_appointment_made_anew_replaces_the_roles(view: MemoryView) -> None:
    assert judged(view, appointment(header(), "clerk", "agency", "signatory")) is Reason.ACCEPTED
    assert directory.has_role(view, OfficerId("clerk"), OrgId("agency"), Role.SIGNATORY)
    assert not directory.has_role(view, OfficerId("clerk"), OrgId("agency"), Role.CLERK)


@pytest.mark.parametrize(
    ("officer", "organisation", "role", "reason"),
    [
        ("worker", "nowhere", "clerk", Reason.ORGANISATION_NOT_FOUND),
        ("worker", "mfy-1", "boss", Reason.CODE_UNKNOWN),
        ("root", "mfy-1", "clerk", Reason.ROOT_IS_NO_OFFICER),
        ("worker", "governor", "clerk", Reason.OUT_OF_SCOPE),
        ("worker", "ministry", "clerk", Reason.OUT_OF_SCOPE),
        ("agency-registrar", "mfy-1", "clerk", Reason.NOT_FOR_ONESELF),
        ("worker", "ministry", "registrar", Reason.ROOTS_NEEDED),
        ("registrar", "ministry", "clerk", Reason.ROOTS_NEEDED),
        ("registrar", "mfy-1", "clerk", Reason.ACCEPTED),
    ],
)
def test_what_an_appointment_asks_for(view: MemoryView, officer: str, organisation: str, role: str, reason: Reason) -> None:
    assert judged(view, appointment(AGENCY_REGISTRAR, officer, organisation, role)) is reason


def test_nobody_is_appointed_in_a_closed_organisation(view: MemoryView) -> None:
    assert close(view, "mfy-1") is Reason.ACCEPTED
    assert judged(view, appointment(header(), "worker", "mfy-1", "clerk")) is Reason.ORGANISATION_ALREADY_CLOSED


def test_the_roots_appoint_registrars_of_the_first_organisation_and_nobody_else(view: MemoryView) -> None:
    assert judged(view, appointment(roots_header(), "second", "ministry", "registrar")) is Reason.ACCEPTED
    assert judged(view, appointment(roots_header(), "worker", "ministry", "clerk")) is Reason.NOT_FOR_ROOTS
    assert judged(view, appointment(roots_header(), "worker", "agency", "registrar")) is Reason.NOT_FOR_ROOTS
    former = roots_header((*ROOT_SPKIS[:1], b"a root key of last year"))
    assert judged(view, appointment(former, "third", "ministry", "registrar")) is Reason.ROOT_NOT_IN_FORCE


def test_relieving_ends_an_appointment_once(view: MemoryView) -> None:
    assert relieve(view, "clerk", "agency") is Reason.ACCEPTED
    assert not directory.has_role(view, OfficerId("clerk"), OrgId("agency"), Role.CLERK)
    assert relieve(view, "clerk", "agency") is Reason.OFFICER_NOT_FOUND
    assert judged(view, appointment(header(), "clerk", "agency", "clerk")) is Reason.ACCEPTED


@pytest.mark.parametrize(
    ("officer", "organisation", "said_by", "reason"),
    [
        ("nobody", "agency", header(), Reason.OFFICER_NOT_FOUND),
        ("clerk", "mfy-1", header(), Reason.OFFICER_NOT_FOUND),
        ("clerk", "nowhere", header(), Reason.OFFICER_NOT_FOUND),
        ("clerk", "agency", header("governor-registrar", "governor"), Reason.OUT_OF_SCOPE),
        ("agency-registrar", "agency", AGENCY_REGISTRAR, Reason.NOT_FOR_ONESELF),
        (REGISTRAR, MINISTRY, header(), Reason.ROOTS_NEEDED),
        (REGISTRAR, MINISTRY, roots_header(), Reason.ACCEPTED),
        ("clerk", "agency", roots_header(), Reason.NOT_FOR_ROOTS),
    ],
)
def test_who_relieves_whom(view: MemoryView, officer: str, organisation: str, said_by: Header, reason: Reason) -> None:
    assert relieve(view, officer, organisation, said_by) is reason


def test_an_appointment_in_a_closed_organisation_can_be_ended(view: MemoryView) -> None:
    assert close(view, "agency") is Reason.ACCEPTED
    assert relieve(view, "clerk", "agency") is Reason.ACCEPTED
