"""The projection `approvals`: every request with its route, what was decided in each place, and the letters that named it.

How a request stands is derived by `domain.approval_routes`, here as everywhere; the rows only keep what it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, String, Table

from adapters.store.dialect import insert_rows
from domain.approval_routes import Outcome, needed
from domain.approvals import Request, request
from domain.changes import View
from domain.events import Body, LetterDispatched
from domain.events_approvals import (
    ApprovalDelegated,
    ApprovalGiven,
    ApprovalReassigned,
    ApprovalRefused,
    ApprovalRequested,
    ApprovalReturned,
    ApprovalStageMissed,
    ApprovalWithdrawn,
)
from domain.ids import Digest
from projections.columns import BIG, METADATA, NAME, row_of
from projections.happenings import Batch, Happening

REQUESTS: Final = Table(
    "approval_requests",
    METADATA,
    Column("request", LargeBinary, primary_key=True),
    Column("position", BIG, nullable=False),
    Column("at", BIG, nullable=False),
    Column("organisation", NAME, nullable=False),
    Column("officer", NAME, nullable=False),
    Column("cover", LargeBinary, nullable=False),
    Column("letter", LargeBinary, nullable=True),
    Column("letter_ledger", LargeBinary, nullable=True),
    Column("follows", LargeBinary, nullable=True),
    Column("outcome", NAME, nullable=False),
    Column("current_stage", Integer, nullable=True),
    Column("ended_position", BIG, nullable=True),
    Column("ended_at", BIG, nullable=True),
    Column("withdrawal_reason", String, nullable=True),
    Column("withdrawal_cover", LargeBinary, nullable=True),
    Index("approval_requests_organisation", "organisation", "position"),
    Index("approval_requests_outcome", "outcome", "position"),
    Index("approval_requests_follows", "follows"),
    Index("approval_requests_letter", "letter"),
    comment="every request for approval, and how it stands: outcome, and the stage whose turn it is",
)

STAGES: Final = Table(
    "approval_stages",
    METADATA,
    Column("request", LargeBinary, primary_key=True),
    Column("stage", Integer, primary_key=True, autoincrement=False),
    Column("rule", String, nullable=False),
    Column("quorum", Integer, nullable=True),
    Column("due_at", BIG, nullable=True),
    Column("places", Integer, nullable=False),
    Column("needed", Integer, nullable=False),
    Column("given", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("returned", Integer, nullable=False),
    Column("outcome", NAME, nullable=False),
    Column("missed_position", BIG, nullable=True),
    Column("missed_at", BIG, nullable=True),
    Index("approval_stages_due_at", "due_at"),
    comment="the stages of each request in order, with their tally, and where it is recorded that their time passed",
)

PLACES: Final = Table(
    "approval_places",
    METADATA,
    Column("request", LargeBinary, primary_key=True),
    Column("stage", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("organisation", NAME, nullable=True),
    Column("officer", NAME, nullable=True),
    Column("reassigned_position", BIG, nullable=True),
    Column("answer", NAME, nullable=True),
    Column("decided_by", NAME, nullable=True),
    Column("decided_for", NAME, nullable=True),
    Column("for_officer", NAME, nullable=True),
    Column("position", BIG, nullable=True),
    Column("at", BIG, nullable=True),
    Column("reason", String, nullable=True),
    Column("cover", LargeBinary, nullable=True),
    Index("approval_places_organisation", "organisation", "answer"),
    Index("approval_places_officer", "officer", "answer"),
    comment="who is to decide in each place, an organisation or an officer, and what was decided there, by whom and for whom",
)

DELEGATIONS: Final = Table(
    "approval_delegations",
    METADATA,
    Column("request", LargeBinary, primary_key=True),
    Column("stage", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("by", NAME, primary_key=True),
    Column("organisation", NAME, nullable=False),
    Column("to", NAME, nullable=False),
    Column("from_at", BIG, nullable=False),
    Column("until_at", BIG, nullable=False),
    Column("position", BIG, nullable=False),
    Index("approval_delegations_to", "to"),
    comment="who may decide in another's place between two times; of each delegator of a place his last delegation",
)

DOCUMENTS: Final = Table(
    "approval_documents",
    METADATA,
    Column("request", LargeBinary, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("role", String, nullable=False),
    Column("size_bytes", BIG, nullable=False),
    Column("media_type", String, nullable=False),
    comment="the documents to be approved in the order in which each request names them, without its cover",
)

USES: Final = Table(
    "approval_uses",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("request", LargeBinary, primary_key=True),
    Index("approval_uses_request", "request"),
    comment="which accepted letters named which approvals of this ledger",
)

_R: Final = REQUESTS.c
_S: Final = STAGES.c
_P: Final = PLACES.c
_D: Final = DELEGATIONS.c
_Decided = ApprovalGiven | ApprovalRefused | ApprovalReturned


class ApprovalsProjection:
    """Keeps requests, stages, places, delegations, documents, and which letters named an approval."""

    name = "approvals"
    version = 1
    tables = (REQUESTS, STAGES, PLACES, DELEGATIONS, DOCUMENTS, USES)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write what a batch says of approvals, in the order of the ledger."""
        for one in batch.happenings:
            if one.accepted is not None:
                _tell(connection, batch.view, one, one.accepted)


def _tell(connection: Connection, view: View, one: Happening, said: Body) -> None:
    match said:
        case ApprovalRequested():
            _enter(connection, one, said)
        case ApprovalGiven() | ApprovalRefused() | ApprovalReturned():
            _decide(connection, view, one, said)
        case ApprovalDelegated():
            _delegate(connection, one, said)
        case ApprovalReassigned():
            _reassign(connection, one, said)
        case ApprovalWithdrawn():
            why = {"withdrawal_reason": said.reason, "withdrawal_cover": said.cover.sha256 if said.cover else None}
            connection.execute(REQUESTS.update().where(_R.request == said.request).values(**why))
            _restate(connection, view, one, said.request)
        case ApprovalStageMissed():
            here = (_S.request == said.request) & (_S.stage == said.stage)
            connection.execute(STAGES.update().where(here).values(missed_position=one.position, missed_at=one.at))
        case LetterDispatched() if said.approvals:
            named = dict.fromkeys(ref.identity for ref in said.approvals if ref.ledger is None)
            insert_rows(connection, USES, [(one.verdict.identity, identity) for identity in named])
        case _:
            pass


def _enter(connection: Connection, one: Happening, body: ApprovalRequested) -> None:
    identity = one.verdict.identity
    row = row_of(
        REQUESTS,
        request=identity,
        position=one.position,
        at=one.at,
        organisation=body.header.organisation,
        officer=body.header.officer,
        cover=body.cover.sha256,
        letter=body.letter.identity if body.letter else None,
        letter_ledger=body.letter.ledger if body.letter else None,
        follows=body.follows,
        outcome=Outcome.PENDING.value,
        current_stage=1,
    )
    insert_rows(connection, REQUESTS, [row])
    insert_rows(connection, STAGES, list(_stage_rows(identity, body)))
    insert_rows(connection, PLACES, list(_place_rows(identity, body)))
    documents = [
        (identity, number, named.sha256, named.role, named.size_bytes, named.media_type)
        for number, named in enumerate(body.documents, 1)
    ]
    insert_rows(connection, DOCUMENTS, documents)


def _stage_rows(identity: Digest, body: ApprovalRequested) -> Iterator[tuple[Any, ...]]:
    for number, stage in enumerate(body.route, 1):
        yield row_of(
            STAGES,
            request=identity,
            stage=number,
            rule=stage.rule,
            quorum=stage.quorum,
            due_at=stage.due_at,
            places=len(stage.approvers),
            needed=needed(stage),
            given=0,
            refused=0,
            returned=0,
            outcome=Outcome.PENDING.value,
        )


def _place_rows(identity: Digest, body: ApprovalRequested) -> Iterator[tuple[Any, ...]]:
    for number, stage in enumerate(body.route, 1):
        for place, approver in enumerate(stage.approvers, 1):
            yield row_of(
                PLACES,
                request=identity,
                stage=number,
                place=place,
                organisation=approver.organisation,
                officer=approver.officer,
            )


def _decide(connection: Connection, view: View, one: Happening, body: _Decided) -> None:
    asked = _asked(view, body.request)
    decision = asked.decision(body.stage, body.place)
    assert decision is not None  # noqa: S101 - the event was accepted, and a decision never goes away
    here = (_P.request == body.request) & (_P.stage == body.stage) & (_P.place == body.place)
    values = {
        "answer": decision.answer.value,
        "decided_by": decision.officer,
        "decided_for": decision.organisation,
        "for_officer": decision.for_officer,
        "position": one.position,
        "at": one.at,
        "reason": None if isinstance(body, ApprovalGiven) else body.reason,
        "cover": body.cover.sha256 if body.cover else None,
    }
    connection.execute(PLACES.update().where(here).values(**values))
    _restate(connection, view, one, body.request)


def _delegate(connection: Connection, one: Happening, body: ApprovalDelegated) -> None:
    here = (_D.request == body.request) & (_D.stage == body.stage) & (_D.place == body.place)
    connection.execute(DELEGATIONS.delete().where(here & (_D.by == body.header.officer)))
    row = row_of(
        DELEGATIONS,
        request=body.request,
        stage=body.stage,
        place=body.place,
        by=body.header.officer,
        organisation=body.header.organisation,
        to=body.to,
        from_at=body.from_at,
        until_at=body.until_at,
        position=one.position,
    )
    insert_rows(connection, DELEGATIONS, [row])


def _reassign(connection: Connection, one: Happening, body: ApprovalReassigned) -> None:
    here = (_P.request == body.request) & (_P.stage == body.stage) & (_P.place == body.place)
    values = {"organisation": body.to.organisation, "officer": body.to.officer, "reassigned_position": one.position}
    connection.execute(PLACES.update().where(here).values(**values))
    gone = (_D.request == body.request) & (_D.stage == body.stage) & (_D.place == body.place)
    connection.execute(DELEGATIONS.delete().where(gone))


def _restate(connection: Connection, view: View, one: Happening, identity: Digest) -> None:
    """Write how a request stood after a position."""
    asked = _as_of(_asked(view, identity), one.position)
    state = asked.state
    values = {
        "outcome": state.outcome.value,
        "current_stage": state.current_stage,
        "ended_position": state.ended_position,
        "ended_at": None if state.ended_position is None else one.at,
    }
    connection.execute(REQUESTS.update().where(_R.request == identity).values(**values))
    for stage in state.stages:
        tally = {name: getattr(stage, name) for name in ("given", "refused", "returned")}
        here = (_S.request == identity) & (_S.stage == stage.stage)
        connection.execute(STAGES.update().where(here).values(**tally, outcome=stage.outcome.value))


def _as_of(asked: Request, position: int) -> Request:
    """Return a request without what was decided after a position: the view may be further on. The tally asks for no more."""
    withdrawn = asked.withdrawn_position
    return replace(
        asked,
        decisions=tuple(one for one in asked.decisions if one.position <= position),
        withdrawn_position=withdrawn if withdrawn is not None and withdrawn <= position else None,
    )


def _asked(view: View, identity: Digest) -> Request:
    found = request(view, identity)
    assert found is not None  # noqa: S101 - an accepted event is about a request that was accepted before it
    return found
