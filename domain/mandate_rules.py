"""The rules of mandates: who grants and revokes one, and what step 8 asks of an act under one (rules 3).

Every event that a mandate can name is judged by its own rule, in which only the roles of the first signer are another's:
`with_mandates` is the whole difference.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from domain import directory
from domain.authority import SPEAKER, registrar_above
from domain.changes import Change
from domain.errors import RejectedError
from domain.events_mandates import MandateGranted, MandateRevoked
from domain.exchange import MANDATE_EMPTY
from domain.ids import OfficerId, OrgId
from domain.mandates import (
    MANDATE_TYPES,
    DeputyNamed,
    Mandate,
    MandateEnded,
    MandateEntered,
    deputy_key,
    mandate,
    mandate_key,
)
from domain.reasons import Reason
from domain.rules import Case, Rule, Signers, forbids, requires, stamp
from domain.senders import COVER_IS_PLAIN, OTHER

REVOCATION_REASONS: Final = frozenset({"RETURNED", "DEPUTY_UNAVAILABLE", "POST_CHANGED", "GRANTED_IN_ERROR", OTHER})


def _names_no_mandate(case: Case) -> bool:
    """The header names no mandate: this is not said for another."""
    return case.body.header.mandate is None


def _mandate_covers_it(case: Case) -> None:
    """If the header names a mandate, it lets this officer say this here, at this ledger time; its grantor does not sign too."""
    header = case.body.header
    if header.mandate is None:
        return
    named = mandate(case.view, header.mandate)
    if named is None:
        raise RejectedError(Reason.MANDATE_UNKNOWN, f"no accepted mandate {header.mandate.hex()}")
    _require_of_this(case, named)
    _require_in_force(case, named)
    if named.officer in case.officers[1:]:
        raise RejectedError(Reason.GRANTOR_SIGNS_TOO, f"{named.officer} signs beside the deputy")


def _require_of_this(case: Case, named: Mandate) -> None:
    header = case.body.header
    if named.deputy != header.officer:
        raise RejectedError(Reason.MANDATE_OF_ANOTHER, f"its deputy is {named.deputy}", because=named.position)
    if named.organisation != header.organisation:
        raise RejectedError(Reason.MANDATE_ELSEWHERE, f"it is for {named.organisation}", because=named.position)
    if case.body.TYPE not in named.event_types:
        raise RejectedError(Reason.MANDATE_NOT_FOR_THIS, f"{case.body.TYPE} is not in it", because=named.position)


def _require_in_force(case: Case, named: Mandate) -> None:
    if named.revoked_position is not None:
        raise RejectedError(Reason.MANDATE_REVOKED, because=named.revoked_position)
    if not named.from_at <= case.at < named.until_at:
        raise RejectedError(Reason.MANDATE_NOT_IN_FORCE, because=named.position)
    if not _is_appointed(case, named.deputy, named.deputy_organisation):
        detail = f"{named.deputy} is not appointed in {named.deputy_organisation}"
        raise RejectedError(Reason.DEPUTY_NOT_APPOINTED, detail)


def _is_appointed(case: Case, officer: OfficerId, organisation: OrgId) -> bool:
    found = directory.appointment(case.view, officer, organisation)
    return found is not None and bool(found.roles)


UNDER_NO_MANDATE: Final = requires(Reason.NOT_UNDER_A_MANDATE, _names_no_mandate)
MANDATE_COVERS_IT: Final = forbids(
    (
        Reason.MANDATE_UNKNOWN,
        Reason.MANDATE_OF_ANOTHER,
        Reason.MANDATE_ELSEWHERE,
        Reason.MANDATE_NOT_FOR_THIS,
        Reason.MANDATE_REVOKED,
        Reason.MANDATE_NOT_IN_FORCE,
        Reason.DEPUTY_NOT_APPOINTED,
        Reason.GRANTOR_SIGNS_TOO,
    ),
    _mandate_covers_it,
)


def with_mandates(rule: Rule) -> Rule:
    """Return a rule as rules 3 have it: where no mandate could be named, one that covers the event can, if its type may."""
    asked = MANDATE_COVERS_IT if rule.event.TYPE in MANDATE_TYPES else UNDER_NO_MANDATE
    return replace(rule, authority=tuple(asked if one is MANDATE_EMPTY else one for one in rule.authority))


def _granted(case: Case) -> tuple[OrgId, ...]:
    return (case.body.organisation,)


def _revoked(case: Case) -> tuple[OrgId, ...]:
    found = mandate(case.view, case.body.mandate)
    return () if found is None else (found.organisation,)


_TO_GRANT: Final = registrar_above(_granted)[1:]
_TO_REVOKE: Final = registrar_above(_revoked)[1:]


def _speaks_for_himself(case: Case, officer: OfficerId, organisation: OrgId) -> bool:
    header = case.body.header
    return (header.officer, header.organisation) == (officer, organisation)


def _may_grant(case: Case) -> None:
    """The officer grants it himself, for himself, where he is appointed; or a registrar above does, and not to himself."""
    body = case.body
    if _speaks_for_himself(case, body.officer, body.organisation):
        return
    for precondition in _TO_GRANT:
        precondition.check(case)
    if body.deputy == body.header.officer:
        raise RejectedError(Reason.NOT_FOR_ONESELF)


def _may_revoke(case: Case) -> None:
    """The officer whose mandate it is revokes it where it holds, or a registrar above does."""
    found = mandate(case.view, case.body.mandate)
    if found is not None and _speaks_for_himself(case, found.officer, found.organisation):
        return
    for precondition in _TO_REVOKE:
        precondition.check(case)


def _types_are_fit(case: Case) -> bool:
    """The types of events are sorted, each once, and each can be said for another."""
    types = case.body.event_types
    return tuple(sorted(set(types))) == types and set(types) <= MANDATE_TYPES


def _times_are_ahead(case: Case) -> bool:
    """It ends after it begins, and after this record's ledger time."""
    return bool(max(case.body.from_at, case.at) < case.body.until_at)


def _grantor_is_appointed(case: Case) -> bool:
    """The officer is appointed in the organisation."""
    return _is_appointed(case, case.body.officer, case.body.organisation)


def _deputy_is_fit(case: Case) -> bool:
    """The deputy is another officer, who is appointed in the organisation that is named as his."""
    body = case.body
    return body.deputy != body.officer and _is_appointed(case, body.deputy, body.deputy_organisation)


def _revocation_reason_is_known(case: Case) -> bool:
    """The reason is a code of these rules."""
    return case.body.reason in REVOCATION_REASONS


def _mandate_is_known(case: Case) -> None:
    """The mandate was accepted at an earlier position."""
    _named(case)


def _named(case: Case) -> Mandate:
    found = mandate(case.view, case.body.mandate)
    if found is None:
        raise RejectedError(Reason.MANDATE_NOT_FOUND, f"no accepted mandate {case.body.mandate.hex()}")
    return found


def _was_not_revoked(case: Case) -> None:
    """It is not revoked already."""
    revoked = _named(case).revoked_position
    if revoked is not None:
        raise RejectedError(Reason.MANDATE_ALREADY_REVOKED, because=revoked)


def _grant(case: Case) -> tuple[Change, ...]:
    body, deputy = case.body, deputy_key(case.body.deputy)
    entered = MandateEntered(
        **stamp(case, mandate_key(case.identity), None),
        mandate=case.identity,
        organisation=body.organisation,
        officer=body.officer,
        deputy=body.deputy,
        deputy_organisation=body.deputy_organisation,
        event_types=body.event_types,
        from_at=body.from_at,
        until_at=body.until_at,
        position=case.position,
    )
    return (entered, DeputyNamed(**stamp(case, deputy, case.view.get(deputy)), mandate=case.identity))


def _revoke(case: Case) -> tuple[Change, ...]:
    found = _named(case)
    return (MandateEnded(**stamp(case, found.id, found), position=case.position),)


_REGISTRARS_REASONS: Final = (Reason.ROLE_MISSING, Reason.OUT_OF_SCOPE)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=MandateGranted,
        signers=Signers.ONE,
        authority=(MANDATE_EMPTY, *SPEAKER, forbids((*_REGISTRARS_REASONS, Reason.NOT_FOR_ONESELF), _may_grant)),
        preconditions=(
            COVER_IS_PLAIN,
            requires(Reason.MANDATE_TYPES_WRONG, _types_are_fit),
            requires(Reason.MANDATE_TIMES_WRONG, _times_are_ahead),
            requires(Reason.OFFICER_NOT_FOUND, _grantor_is_appointed),
            requires(Reason.DEPUTY_UNFIT, _deputy_is_fit),
        ),
        changes=_grant,
    ),
    Rule(
        event=MandateRevoked,
        signers=Signers.ONE,
        authority=(MANDATE_EMPTY, *SPEAKER, forbids(_REGISTRARS_REASONS, _may_revoke)),
        preconditions=(
            requires(Reason.CODE_UNKNOWN, _revocation_reason_is_known),
            forbids((Reason.MANDATE_NOT_FOUND,), _mandate_is_known),
            forbids((Reason.MANDATE_ALREADY_REVOKED,), _was_not_revoked),
        ),
        changes=_revoke,
    ),
)
