"""What became of a letter that was sent, now or by an earlier command: so that nothing is said twice."""

from __future__ import annotations

from adapters.correspondence import letter_intention
from adapters.station import Station
from adapters.submitting import Deposited, Outcome, Queued
from adapters.travelling_drafts import TravellingDraft
from cli.dispatching import identity_of, set_aside
from cli.fates import Fate, conclude
from cli.labels import label
from cli.letter_freezing import GivenDraft
from cli.session import Session
from domain.ids import Digest
from domain.letters import mark_of


def outcome_so_far(station: Station, letter: TravellingDraft) -> Outcome | None:
    """Return what is known of a letter's sending: its verdict, or that it is queued; None if it was not sent yet."""
    identity = Digest(identity_of(letter))
    position = station.parts.store.position_of(identity)
    entry = station.parts.store.entry(position) if position is not None else None
    if entry is not None:
        return Deposited(identity=identity, verdict=entry.verdict, detail=entry.detail)
    waiting = station.parts.queue.find(letter_intention(letter.body))
    return Queued(identity=waiting.identity, why="it waits in the queue") if waiting is not None else None


def known_outcome(session: Session, station: Station, given: GivenDraft, *, dry_run: bool) -> tuple[GivenDraft, Outcome | None]:
    """Return a draft and what became of the letter that it was frozen into.

    A letter that the ledger has rejected is set aside in its folder, and the draft is returned as one that nobody signed.
    """
    outcome = outcome_so_far(station, given.frozen) if given.frozen is not None else None
    if given.folder is None or given.frozen is None or not isinstance(outcome, Deposited) or outcome.verdict.is_accepted:
        return given, outcome
    if not dry_run:
        set_aside(given.frozen)
        session.note(label("note.set_aside", session.language, reason=outcome.verdict.reason.name))
    return GivenDraft(folder=given.folder, frozen=None), None


def tell_again(session: Session, station: Station, letter: TravellingDraft, outcome: Outcome, *, dry_run: bool) -> Outcome:
    """Tell what became of a letter that was sent before, a queued one after trying once more to send it, and return that."""
    session.note(label("note.sent_before", session.language))
    if isinstance(outcome, Queued) and not dry_run:
        why = station.parts.submitter.send(wait_s=session.settings.submit_wait_s)
        outcome = station.parts.submitter.outcome(letter_intention(letter.body), why)
    conclude_letter(session, station, letter, outcome)
    return outcome


def conclude_letter(session: Session, station: Station, letter: TravellingDraft, outcome: Outcome) -> None:
    """Tell the proof of deposit of a letter, or the temporary mark under which it is found until the ledger answers."""
    mark = mark_of(identity_of(letter))
    if isinstance(outcome, Queued):
        session.note(label("note.temporary_mark", session.language, mark=mark))
    fate = Fate(about=mark, act=letter.body.TYPE, outcome=outcome, more={"mark": mark, "file": letter.path})
    conclude(session, station, (fate,))
