"""Step 8 of the judge, Authority: the preconditions that rules share.

An officer speaks with a role of his appointment in `header.organisation`. A registrar speaks for his organisation and
those below it, never for himself. For registrars of the first organisation the root keys speak instead. Under a mandate
(rules 3, domain.mandate_rules) the first signer speaks with the roles of its grantor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from domain import directory
from domain.directory import Role
from domain.errors import RejectedError
from domain.exchange import MANDATE_EMPTY, exchange, roots_speak
from domain.ids import ROOT, OfficerId, OrgId
from domain.mandates import spoken_for
from domain.reasons import Reason
from domain.rules import Case, Precondition, forbids, requires

Concerned = Callable[[Case], tuple[OrgId, ...]]


def not_the_roots(case: Case) -> bool:
    """Root keys do not say this; an officer does."""
    return bool(case.body.header.officer != ROOT)


def speaker_is_registered(case: Case) -> bool:
    """The organisation that speaks is registered."""
    return directory.organisation(case.view, case.body.header.organisation) is not None


def speaker_is_open(case: Case) -> bool:
    """The organisation that speaks is not closed."""
    return directory.open_organisation(case.view, case.body.header.organisation) is not None


def speakers(case: Case) -> tuple[OfficerId, ...]:
    """Return whose roles the signers speak with: each his own, but the first one those of the grantor of a mandate."""
    if case.body.header.mandate is None:
        return case.officers
    return (spoken_for(case.view, case.body.header), *case.officers[1:])


def signers_are_appointed(case: Case) -> bool:
    """Every signer's officer is appointed in the organisation that speaks."""
    organisation = case.body.header.organisation
    appointments = (directory.appointment(case.view, who, organisation) for who in speakers(case))
    return all(found is not None and found.roles for found in appointments)


def _signers_have(role: Role) -> Precondition:
    def holds(case: Case) -> bool:
        organisation = case.body.header.organisation
        return all(directory.has_role(case.view, who, organisation, role) for who in speakers(case))

    holds.__doc__ = f"Every signer's officer has the role {role.value} there."
    return requires(Reason.ROLE_MISSING, holds)


SPEAKER: Final = (
    requires(Reason.NOT_FOR_ROOTS, not_the_roots),
    requires(Reason.ORGANISATION_UNKNOWN, speaker_is_registered),
    requires(Reason.ORGANISATION_CLOSED, speaker_is_open),
    requires(Reason.NOT_APPOINTED, signers_are_appointed),
)


def role(needed: Role) -> tuple[Precondition, ...]:
    """Return what must hold for an event that an officer with a role says for his organisation."""
    return (MANDATE_EMPTY, *SPEAKER, _signers_have(needed))


def registrar_above(concerned: Concerned) -> tuple[Precondition, ...]:
    """Return what must hold for an event that a registrar says about organisations of his own or below it."""

    def in_scope(case: Case) -> bool:
        """The registrar's organisation is each organisation concerned, or above it."""
        upper = case.body.header.organisation
        return all(directory.is_same_or_above(case.view, upper, lower) for lower in _registered(case, concerned))

    return (*role(Role.REGISTRAR), requires(Reason.OUT_OF_SCOPE, in_scope))


def _registered(case: Case, concerned: Concerned) -> tuple[OrgId, ...]:
    # Nobody stands above what is not registered; step 9 says then that it is unknown, which helps more than OUT_OF_SCOPE.
    return tuple(found for found in concerned(case) if directory.organisation(case.view, found) is not None)


def concerns_first_registrar(case: Case) -> bool:
    """Tell whether the event concerns a registrar of the first organisation, for whom only the roots act.

    An event about keys names no organisation: it concerns whoever is such a registrar now. An appointment concerns one
    if it is in the first organisation and makes, keeps or unmakes him that.
    """
    first = exchange(case.view).first_organisation
    if getattr(case.body, "organisation", first) != first:
        return False
    becomes_one = Role.REGISTRAR in getattr(case.body, "roles", ())
    return becomes_one or directory.has_role(case.view, case.body.officer, first, Role.REGISTRAR)


def registrar_or_roots(concerned: Concerned) -> tuple[Precondition, ...]:
    """Return what must hold for an event about an officer: his registrar says it, or the roots for a first registrar."""
    as_registrar = registrar_above(concerned)[1:]
    reasons = tuple(dict.fromkeys(reason for rule in as_registrar for reason in rule.reasons))

    def check(case: Case) -> None:
        """The roots say it of a registrar of the first organisation; of others a registrar above, not of himself."""
        if concerns_first_registrar(case):
            roots_speak(case)
            return
        for precondition in as_registrar:
            precondition.check(case)
        if speaks_of(case) == case.body.header.officer:
            raise RejectedError(Reason.NOT_FOR_ONESELF)

    all_reasons = (Reason.ROOTS_NEEDED, Reason.ROOT_NOT_IN_FORCE, *reasons, Reason.NOT_FOR_ONESELF)
    return (MANDATE_EMPTY, forbids(all_reasons, check))


def speaks_for_no_unit(case: Case) -> bool:
    """The organisation that speaks is no unit."""
    found = directory.organisation(case.view, case.body.header.organisation)
    return found is not None and not found.is_unit


def speaks_of(case: Case) -> OfficerId:
    """Return the officer whom the event is about."""
    who: OfficerId = case.body.officer
    return who
