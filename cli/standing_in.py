"""Standing in: the mandate under which somebody acts, the ones that he could name, and how "X, acting for Y" is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from adapters.station import Station
from cli.errors import UsageError
from cli.languages import Language
from cli.local_names import acting_words, officer_words
from cli.session import Session
from domain.changes import View
from domain.directory import Role, appointment, has_role
from domain.ids import Digest, OfficerId, OrgId
from domain.mandates import Mandate, mandate, mandates_held

MANDATE_ROLES: Final = (Role.CLERK, Role.SIGNATORY)
"""Whose events can be said under a mandate."""
MANDATE_SHOWN: Final = 12
"""As many digits of a mandate's identity as are shown, and as find it again."""


def named_mandate(session: Session, station: Station, who: OfficerId) -> Mandate | None:
    """Return the mandate of who acts that `--mandate` names, None if none was named.

    Raises `UsageError` if he was never given such a mandate, or several begin so.
    """
    text = session.chosen.get("mandate")
    if text is None:
        return None
    begin = str(text).strip().rstrip("…").lower()
    found = [one for one in mandates_held(station.view, who) if begin and one.mandate.hex().startswith(begin)]
    if len(found) != 1:
        several = f"{len(found)} mandates of {who} begin with {begin}." if found else f"{who} was given no mandate {begin}."
        raise UsageError(f"{several} `ortoo mandate list --officer {who}` shows those that he was given; copy more digits.")
    return found[0]


def fitting_mandates(station: Station, who: OfficerId, role: Role, act: str | None) -> tuple[Mandate, ...]:
    """Return the mandates under which an officer could say a type of event (None: any) now that needs a role."""
    view, now = station.view, station.rehearsal_time
    if role not in MANDATE_ROLES:
        return ()
    return tuple(
        one
        for one in mandates_held(view, who)
        if one.revoked_position is None
        and one.from_at <= now < one.until_at
        and (act is None or act in one.event_types)
        and has_role(view, one.officer, one.organisation, role)
        and _is_appointed(view, one)
    )


def offer(who: OfficerId, fitting: Sequence[Mandate]) -> str:
    """Return a sentence that names the mandates with which somebody could go on; empty if there are none."""
    if not fitting:
        return ""
    named = "; ".join(
        f"for {one.officer} in {one.organisation}: --mandate {one.mandate.hex()[:MANDATE_SHOWN]}" for one in fitting
    )
    return f" {who} could act under a mandate ({named})."


def signer_words(view: View, language: Language, officer: OfficerId, organisation: OrgId, mandate_id: Digest | None) -> str:
    """Return who signs for an organisation, with name and post, and for whom he acts if he does under a mandate."""
    named = None if mandate_id is None else mandate(view, mandate_id)
    if named is None:
        return officer_words(view, officer, organisation, language)
    deputy = officer_words(view, officer, named.deputy_organisation, language)
    return acting_words(language, deputy, officer_words(view, named.officer, organisation, language))


def standing_in_data(view: View, mandate_id: Digest | None) -> dict[str, Any]:
    """Return the mandate and for whom it lets somebody act, as fields; both null without one."""
    named = None if mandate_id is None else mandate(view, mandate_id)
    return {"mandate": mandate_id, "acting_for": None if named is None else named.officer}


def _is_appointed(view: View, one: Mandate) -> bool:
    found = appointment(view, one.deputy, one.deputy_organisation)
    return found is not None and bool(found.roles)
