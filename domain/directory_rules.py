"""The rules for the directory: organisations are registered, changed and closed, officers appointed and relieved.

What the catalogue leaves open is decided here:
- Only the first organisation, which the genesis made, has no parent; every other is registered below one.
- A parent is judged when it is given: an organisation whose parent was closed since stays where it is, and the
  registrars above act for it, until a change gives it another parent.
- So an organisation may be closed while others stand below it, and its units stay open until they are closed.
- A successor takes over its predecessor's own predecessors too; it is open when named, so the chain has no cycles.
"""

from __future__ import annotations

from typing import Final

from domain import directory
from domain.authority import registrar_above, registrar_or_roots
from domain.changes import Change, View
from domain.consignments import is_open
from domain.directory import (
    CONNECTIONS,
    KINDS,
    OUTSIDE,
    ROLES,
    UNIT,
    Appointed,
    DirectoryMarked,
    OfficerEntered,
    OrganisationEntered,
    OrganisationShut,
    PredecessorGained,
    Relieved,
)
from domain.events import (
    FirstRegistrar,
    OfficerAppointed,
    OfficerRelieved,
    OrganisationChanged,
    OrganisationClosed,
    OrganisationEntry,
    OrganisationRegistered,
)
from domain.exchange import exchange
from domain.ids import ROOT, OrgId
from domain.reasons import Reason
from domain.rules import Case, Rule, Signers, requires, stamp


def entry_codes_are_known(entry: OrganisationEntry) -> bool:
    """Tell whether the kind and the connection of an entry are codes of these rules."""
    return entry.kind in KINDS and entry.connection in CONNECTIONS


def enter_organisation(case: Case, entry: OrganisationEntry) -> tuple[Change, ...]:
    """Return what follows from an entry, new or replaced; the marks change only where they differ."""
    now = directory.organisation(case.view, entry.organisation)
    aggregate_id = directory.organisation_key(entry.organisation)
    entered = OrganisationEntered(**stamp(case, aggregate_id, now), entry=entry, position=case.position)
    outside = entry.connection == OUTSIDE
    return (entered, *_mark(case, entry.organisation, closed=False, outside=outside))


Appointee = FirstRegistrar | OfficerAppointed


def appoint(case: Case, organisation: OrgId, whom: Appointee, roles: tuple[str, ...]) -> tuple[Change, ...]:
    """Return what follows from an appointment: the first one makes the organisation the officer's home."""
    known = directory.officer(case.view, whom.officer)
    entered = OfficerEntered(
        **stamp(case, directory.officer_key(whom.officer), None),
        officer=whom.officer,
        home=organisation,
    )
    appointment_id = directory.appointment_key(whom.officer, organisation)
    appointed = Appointed(
        **stamp(case, appointment_id, directory.appointment(case.view, whom.officer, organisation)),
        officer=whom.officer,
        organisation=organisation,
        names=whom.names,
        posts=whom.posts,
        roles=roles,
    )
    return (appointed,) if known else (entered, appointed)


def _mark(case: Case, organisation: OrgId, *, closed: bool, outside: bool) -> tuple[Change, ...]:
    now = directory.marks(case.view)
    if (organisation in now.closed, organisation in now.outside) == (closed, outside):
        return ()
    marked = stamp(case, now.id, now)
    return (DirectoryMarked(**marked, organisation=organisation, closed=closed, outside=outside),)


def _parent_given(case: Case) -> tuple[OrgId, ...]:
    parent = case.body.entry.parent
    return () if parent is None else (parent,)


def _organisations_moved(case: Case) -> tuple[OrgId, ...]:
    """Return whom a change concerns: the organisation, and if it gets another parent the old and the new one."""
    entry = case.body.entry
    now = directory.organisation(case.view, entry.organisation)
    if now is None or now.entry.parent == entry.parent:
        return (entry.organisation,)
    old = () if now.entry.parent is None else (now.entry.parent,)
    return (entry.organisation, *old, *_parent_given(case))


def _named(case: Case) -> tuple[OrgId, ...]:
    organisation: OrgId = case.body.organisation
    return (organisation,)


def _is_fit_superior(view: View, organisation: OrgId | None) -> bool:
    found = None if organisation is None else directory.open_organisation(view, organisation)
    return found is not None and not found.is_unit


def _entry_is_new(case: Case) -> bool:
    """No organisation with this id is registered."""
    return directory.organisation(case.view, case.body.entry.organisation) is None


def _codes_are_known(case: Case) -> bool:
    """Kind and connection are codes of these rules."""
    return entry_codes_are_known(case.body.entry)


def _parent_is_fit(case: Case) -> bool:
    """The parent is given, registered, open and no unit."""
    return _is_fit_superior(case.view, case.body.entry.parent)


def _entry_is_known(case: Case) -> bool:
    """The organisation is registered."""
    return directory.organisation(case.view, case.body.entry.organisation) is not None


def _entry_is_open(case: Case) -> bool:
    """The organisation is not closed."""
    return directory.open_organisation(case.view, case.body.entry.organisation) is not None


def _kind_is_kept(case: Case) -> bool:
    """A unit stays a unit, and what is not one does not become one."""
    now = directory.organisation(case.view, case.body.entry.organisation)
    return now is not None and now.is_unit == (case.body.entry.kind == UNIT)


def _first_keeps_no_parent(case: Case) -> bool:
    """The first organisation gets no parent."""
    entry = case.body.entry
    return entry.parent is None or entry.organisation != exchange(case.view).first_organisation


def _other_parent_is_fit(case: Case) -> bool:
    """Another parent than before is given, registered, open and no unit."""
    entry = case.body.entry
    now = directory.organisation(case.view, entry.organisation)
    return now is not None and (now.entry.parent == entry.parent or _is_fit_superior(case.view, entry.parent))


def _parent_is_not_below(case: Case) -> bool:
    """The parent is neither the organisation itself nor below it."""
    entry = case.body.entry
    return entry.parent is None or not directory.is_same_or_above(case.view, entry.organisation, entry.parent)


def _organisation_is_known(case: Case) -> bool:
    """The organisation is registered."""
    return directory.organisation(case.view, case.body.organisation) is not None


def _organisation_is_open(case: Case) -> bool:
    """The organisation is not closed."""
    return directory.open_organisation(case.view, case.body.organisation) is not None


def _is_not_first(case: Case) -> bool:
    """The organisation is not the first one."""
    return bool(case.body.organisation != exchange(case.view).first_organisation)


def _successor_is_fit(case: Case) -> bool:
    """The successor, if one is named, is registered, open, no unit and not the organisation itself."""
    successor = case.body.successor
    return successor is None or (successor != case.body.organisation and _is_fit_superior(case.view, successor))


def _successor_is_not_missed(case: Case) -> bool:
    """A successor is named, or nothing addressed to the organisation, or to those it succeeds, is still open."""
    return case.body.successor is not None or not _has_something_open(case.view, case.body.organisation)


def _has_something_open(view: View, organisation: OrgId) -> bool:
    recipients = directory.speaks_for(view, organisation)
    return any(is_open(view, letter, recipient) for recipient in recipients for letter in view.letters_addressed_to(recipient))


def _officer_is_no_root(case: Case) -> bool:
    """The officer's id is not `root`, which is the root keys' alone."""
    return bool(case.body.officer != ROOT)


def _roles_are_known(case: Case) -> bool:
    """Every role is a code of these rules."""
    return ROLES.issuperset(case.body.roles)


def _officer_is_appointed(case: Case) -> bool:
    """The officer is appointed in the organisation."""
    found = directory.appointment(case.view, case.body.officer, case.body.organisation)
    return found is not None and bool(found.roles)


def _register(case: Case) -> tuple[Change, ...]:
    return enter_organisation(case, case.body.entry)


def _close(case: Case) -> tuple[Change, ...]:
    view, organisation, successor = case.view, case.body.organisation, case.body.successor
    now = directory.organisation(view, organisation)
    shut = OrganisationShut(
        **stamp(case, directory.organisation_key(organisation), now),
        position=case.position,
        successor=successor,
    )
    marked = _mark(case, organisation, closed=True, outside=organisation in directory.marks(view).outside)
    if successor is None:
        return (shut, *marked)
    heir = stamp(case, directory.organisation_key(successor), directory.organisation(view, successor))
    return (shut, PredecessorGained(**heir, predecessor=organisation), *marked)


def _appoint(case: Case) -> tuple[Change, ...]:
    return appoint(case, case.body.organisation, case.body, case.body.roles)


def _relieve(case: Case) -> tuple[Change, ...]:
    officer, organisation = case.body.officer, case.body.organisation
    now = directory.appointment(case.view, officer, organisation)
    return (Relieved(**stamp(case, directory.appointment_key(officer, organisation), now)),)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=OrganisationRegistered,
        signers=Signers.ONE,
        authority=registrar_above(_parent_given),
        preconditions=(
            requires(Reason.ORGANISATION_EXISTS, _entry_is_new),
            requires(Reason.CODE_UNKNOWN, _codes_are_known),
            requires(Reason.PARENT_UNKNOWN, _parent_is_fit),
        ),
        changes=_register,
    ),
    Rule(
        event=OrganisationChanged,
        signers=Signers.ONE,
        authority=registrar_above(_organisations_moved),
        preconditions=(
            requires(Reason.ORGANISATION_NOT_FOUND, _entry_is_known),
            requires(Reason.ORGANISATION_ALREADY_CLOSED, _entry_is_open),
            requires(Reason.CODE_UNKNOWN, _codes_are_known),
            requires(Reason.KIND_FIXED, _kind_is_kept),
            requires(Reason.FIRST_ORGANISATION_STAYS, _first_keeps_no_parent),
            requires(Reason.PARENT_UNKNOWN, _other_parent_is_fit),
            requires(Reason.PARENT_CYCLE, _parent_is_not_below),
        ),
        changes=_register,
    ),
    Rule(
        event=OrganisationClosed,
        signers=Signers.ONE,
        authority=registrar_above(_named),
        preconditions=(
            requires(Reason.ORGANISATION_NOT_FOUND, _organisation_is_known),
            requires(Reason.ORGANISATION_ALREADY_CLOSED, _organisation_is_open),
            requires(Reason.FIRST_ORGANISATION_STAYS, _is_not_first),
            requires(Reason.SUCCESSOR_UNFIT, _successor_is_fit),
            requires(Reason.SUCCESSOR_NEEDED, _successor_is_not_missed),
        ),
        changes=_close,
    ),
    Rule(
        event=OfficerAppointed,
        signers=Signers.ONE_OR_ROOTS,
        authority=registrar_or_roots(_named),
        preconditions=(
            requires(Reason.ORGANISATION_NOT_FOUND, _organisation_is_known),
            requires(Reason.ORGANISATION_ALREADY_CLOSED, _organisation_is_open),
            requires(Reason.ROOT_IS_NO_OFFICER, _officer_is_no_root),
            requires(Reason.CODE_UNKNOWN, _roles_are_known),
        ),
        changes=_appoint,
    ),
    Rule(
        event=OfficerRelieved,
        signers=Signers.ONE_OR_ROOTS,
        authority=registrar_or_roots(_named),
        preconditions=(requires(Reason.OFFICER_NOT_FOUND, _officer_is_appointed),),
        changes=_relieve,
    ),
)
