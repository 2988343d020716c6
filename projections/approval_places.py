"""Who may decide in which place of a route, as the ledger stands: for one officer, and whether there is anybody at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from domain.approvals import Request, Right, has_own_right, request, right_of
from domain.changes import View
from domain.directory import last_successor
from domain.events_approvals import Approver
from domain.ids import Digest, OfficerId, OrgId
from projections.directory_tables import APPOINTMENTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """Who looks: the officer (None: nobody in particular), the organisations whose requests are his, and the time now, in ms.

    `view` says who may decide as the ledger stands.
    """

    view: View
    officer: OfficerId | None
    own: tuple[OrgId, ...]
    now: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceOpen:
    """A place in which an officer has a right to decide, for which organisation, and by what right."""

    stage: int
    place: int
    organisation: OrgId
    right: Right


def places_of(connection: Connection, asking: Asking, identity: Digest) -> tuple[PlaceOpen, ...]:
    """Return the places of a route, of every stage and decided or not, in which the officer has a right now, with that right."""
    asked = request(asking.view, identity)
    if asked is None or asking.officer is None:
        return ()
    organisations = connection.execute(
        select(APPOINTMENTS.c.organisation)
        .where(APPOINTMENTS.c.officer == asking.officer)
        .order_by(APPOINTMENTS.c.appointed_position, APPOINTMENTS.c.organisation)
    ).scalars()
    speaking = [OrgId(one) for one in organisations]
    places = [(stage, place) for stage, one in enumerate(asked.route, 1) for place in range(1, len(one.approvers) + 1)]
    found = []
    for stage, place in places:
        rights = (
            (one, right_of(asking.view, asked, stage, place, officer=asking.officer, organisation=one, at=asking.now))
            for one in speaking
        )
        first = next(((one, right) for one, right in rights if right is not None), None)
        if first is not None:
            found.append(PlaceOpen(stage=stage, place=place, organisation=first[0], right=first[1]))
    return tuple(found)


def is_open(asked: Request, one: PlaceOpen) -> bool:
    """Tell whether a place can be decided now: it is its stage's turn, and nothing is decided in it."""
    return one.stage == asked.state.current_stage and asked.decision(one.stage, one.place) is None


def is_his(connection: Connection, asking: Asking, identity: Digest) -> bool:
    """Tell whether the officer may decide now in some place of a request."""
    asked = request(asking.view, identity)
    return asked is not None and any(is_open(asked, one) for one in places_of(connection, asking, identity))


def has_nobody(connection: Connection, view: View, place: Any) -> bool:
    """Tell whether nobody could decide in a place: its officer is relieved, or its organisation has no signatory in office."""
    approver = Approver(
        organisation=None if place.organisation is None else OrgId(place.organisation),
        officer=None if place.officer is None else OfficerId(place.officer),
    )
    column = APPOINTMENTS.c
    whose = (
        column.officer == approver.officer
        if approver.organisation is None
        else column.organisation == last_successor(view, approver.organisation)
    )
    appointed = connection.execute(select(column.officer, column.organisation).where(whose)).all()
    return not any(has_own_right(view, approver, OfficerId(one.officer), OrgId(one.organisation)) for one in appointed)
