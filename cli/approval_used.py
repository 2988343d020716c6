"""The approvals that a letter names, before it is signed: how they stand, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

from cli.approval_naming import short
from cli.approval_routes import approver_words
from cli.labels import code_label
from cli.languages import Language
from cli.views import Views
from domain.approval_routes import Outcome
from domain.approvals import Request, request
from domain.errors import RejectedError
from domain.events import LetterDispatched
from domain.reasons import Reason
from projections.approval_pages import subject_of


def approval_words(views: Views, language: Language, body: LetterDispatched) -> Iterator[str]:
    """Yield each approval that a letter names, in one line: identity, how it stands, subject."""
    for asked in _named(views, body):
        with views.reading() as connection:
            subject = subject_of(connection, asked.request)
        outcome = code_label("approval_outcome", asked.state.outcome.value, language)
        yield f"{short(asked.request)}  {outcome}  {subject or ''}".rstrip()


def require_approved(views: Views, body: LetterDispatched) -> None:
    """Raise `RejectedError` (APPROVAL_NOT_COMPLETE) with what is missing if an approval that a letter names is not complete."""
    documents = {one.sha256 for one in body.documents}
    for asked in _named(views, body):
        state = asked.state
        if state.outcome is not Outcome.APPROVED:
            why = f"{short(asked.request)} is {state.outcome}" + _missing(asked, state.current_stage)
            raise RejectedError(Reason.APPROVAL_NOT_COMPLETE, why, because=state.ended_position)
        if set(asked.documents) != documents:
            differing = ", ".join(sorted(one.hex()[:16] for one in documents ^ set(asked.documents)))
            why = f"{short(asked.request)} is over other documents; these are in only one of both: {differing}"
            raise RejectedError(Reason.APPROVAL_NOT_COMPLETE, why, because=asked.position)


def _named(views: Views, body: LetterDispatched) -> Iterator[Request]:
    for ref in body.approvals:
        asked = request(views.station.view, ref.identity) if ref.ledger is None else None
        if asked is not None:
            yield asked


def _missing(asked: Request, stage: int | None) -> str:
    """Return who has not decided in the stage whose turn it is, as the end of a sentence."""
    if stage is None:
        return ""
    approvers = asked.route[stage - 1].approvers
    waited = [approver_words(one) for place, one in enumerate(approvers, 1) if asked.decision(stage, place) is None]
    tally = asked.state.stages[stage - 1]
    return f": stage {stage} of {len(asked.route)} has {tally.given} of {tally.needed}, and waits for {', '.join(waited)}"
