"""Finding the request that a REQUEST argument means, and the place of its route in which somebody decides."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from cli.acting import Speaker, acting_officer, home_of_officer
from cli.approval_routes import approver_words
from cli.errors import LetterAmbiguousError, LetterNotFoundError, ReferenceFormError, UsageError
from cli.naming import home_if_known
from cli.session import Session
from cli.standing_in import named_mandate
from cli.views import Views
from domain.approvals import Request
from domain.approvals import request as known_request
from domain.ids import Digest, OfficerId, officer_id, organisation_id
from projections.approval_pages import requests_with_prefix
from projections.approval_places import Asking, PlaceOpen, is_open, places_of
from projections.filters import acted_for

SHOWN: Final = 12
"""As many digits of a request's identity as are shown, and as find it again."""
_PREFIX: Final = re.compile(r"[0-9a-f]{6,64}")
_CANDIDATES: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Deciding:
    """Who decides, in which stage and place, and for which officer whose place was delegated to him (None: in his own)."""

    speaker: Speaker
    place: tuple[int, int]
    for_officer: OfficerId | None = None


def named_request(views: Views, text: str) -> Request:
    """Return the request whose identity begins with these digits.

    Raises `ReferenceFormError`, `LetterNotFoundError`, `LetterAmbiguousError`.
    """
    prefix = text.strip().rstrip("…").lower()
    if not _PREFIX.fullmatch(prefix):
        raise ReferenceFormError(
            f"{text!r} names no request: write six or more digits of its identity, as `approval list` shows."
        )
    with views.reading() as connection:
        found = requests_with_prefix(connection, prefix, _CANDIDATES)
    if len(found) > 1:
        message = f"{len(found)} or more requests begin with {prefix}; write more of the one that is meant:"
        raise LetterAmbiguousError(message, [one.hex() for one in found])
    asked = known_request(views.station.view, found[0]) if found else None
    if asked is None:
        raise LetterNotFoundError(f"No request for approval known here begins with {prefix}. `ortoo approval list` shows them.")
    return asked


def asking_of(session: Session, views: Views, now: int, for_: str | None = None) -> Asking:
    """Return who looks: the acting officer if there is one, and his organisation or the one named, with what it succeeded."""
    organisation = organisation_id(for_) if for_ is not None else home_if_known(session, views)
    named = session.settings.officer
    with views.reading() as connection:
        own = acted_for(connection, organisation) if organisation is not None else ()
    return Asking(view=views.station.view, officer=officer_id(named) if named is not None else None, own=own, now=now)


def deciding(session: Session, views: Views, asked: Request, place: int | None, for_: str | None) -> Deciding:
    """Return who decides, for the organisation named or any of his, and where: in the place named, or the only one open to him.

    Under a mandate it is the grantor's place. Where none is open it is his place that comes next, then one that is decided,
    so that the ledger's rule tells why. Raises `UsageError` if several are open, or if he was never appointed.
    """
    station, who = views.station, acting_officer(session)
    mandate = named_mandate(session, station, who)
    entitled = mandate.officer if mandate is not None else who
    speaks_for = mandate.organisation if mandate is not None else for_
    asking = Asking(view=station.view, officer=entitled, own=(), now=station.rehearsal_time)
    with views.reading() as connection:
        his = places_of(connection, asking, asked.request)
    if speaks_for is not None:
        his = tuple(one for one in his if one.organisation == organisation_id(speaks_for))
    if place is not None:
        his = tuple(one for one in his if one.place == place)
    here = _nearest(asked, his, entitled)
    signer = station.signer(who)
    if mandate is not None:
        signer = replace(signer, mandate=mandate.mandate)
    if here is not None:
        speaker = Speaker(signer=signer, organisation=here.organisation)
        return Deciding(speaker=speaker, place=(here.stage, here.place), for_officer=here.right.for_officer)
    organisation = organisation_id(speaks_for) if speaks_for is not None else home_of_officer(station, who)
    return Deciding(speaker=Speaker(signer=signer, organisation=organisation), place=(asked.state.current_stage or 1, place or 1))


def _nearest(asked: Request, his: tuple[PlaceOpen, ...], who: OfficerId) -> PlaceOpen | None:
    """Return the one of his places that is open, else the next that is undecided, else the last, None if he has none."""
    open_ones = [one for one in his if is_open(asked, one)]
    if len(open_ones) > 1:
        places = ", ".join(f"{one.place} ({_named(asked, one.stage, one.place)})" for one in open_ones)
        raise UsageError(f"{who} may decide in several places: {places}. Say in which with --place.")
    undecided = [one for one in his if asked.decision(one.stage, one.place) is None]
    return next(iter([*open_ones, *undecided, *reversed(his)]), None)


def place_undecided(asked: Request, stage: int, place: int | None) -> tuple[int, int]:
    """Return a place of a stage: the one named, else the only one that has not decided; raise `UsageError` if there are more."""
    if place is not None or stage > len(asked.route):
        return stage, place or 1
    undecided = [one for one in range(1, len(asked.route[stage - 1].approvers) + 1) if asked.decision(stage, one) is None]
    if len(undecided) > 1:
        places = ", ".join(f"{one} ({_named(asked, stage, one)})" for one in undecided)
        raise UsageError(f"Several places of stage {stage} have not decided: {places}. Say which with --place.")
    return stage, undecided[0] if undecided else 1


def _named(asked: Request, stage: int, place: int) -> str:
    approver = asked.approver(stage, place)
    return approver_words(approver) if approver is not None else ""


def short(request: Digest) -> str:
    """Return the beginning of a request's identity, as lists show it and as finds it again."""
    return request.hex()[:SHOWN]
