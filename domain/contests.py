"""Contested events: once a key's compromise is declared, its officer says which of its events are his and which are not.

An event is contested for a signer whose key was declared compromised from a position on that is not after the event. He
settles it with a key enrolled after the old one was stopped: he reaffirms it or repudiates it. Verdict and number stay.
Aggregate `contest:<identity>:<officer>`. A settlement counts for nothing once its own key is declared compromised back to
before it; then the event is contested again and can be settled again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, cast

from domain.authority import SPEAKER
from domain.changes import Change, Recorded, State, View
from domain.errors import RejectedError
from domain.events import Body
from domain.events_proof import EventReaffirmed, EventRepudiated
from domain.exchange import MANDATE_EMPTY
from domain.ids import Digest, OfficerId
from domain.keys import Key, key, key_of_certificate
from domain.reasons import Reason
from domain.rules import Case, Rule, Signers, forbids, stamp


class Outcome(StrEnum):
    """What an officer said of an event that was contested."""

    REAFFIRMED = "reaffirmed"
    REPUDIATED = "repudiated"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement(State):
    """How an officer settled an event, where, and with which key (SHA-256 of its SubjectPublicKeyInfo)."""

    outcome: Outcome
    position: int
    key: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled(Change):
    """An officer reaffirmed or repudiated an event."""

    TOPIC: ClassVar[str] = "contest.settled.v1"
    outcome: Outcome
    position: int
    key: Digest

    def mutate(self, aggregate: Settlement | None) -> Settlement:  # noqa: ARG002 - it replaces what no longer counts
        """Return how the event is settled."""
        return Settlement(
            id=self.originator_id,
            version=self.originator_version,
            outcome=self.outcome,
            position=self.position,
            key=self.key,
        )


def contest_key(identity: Digest, officer: OfficerId) -> str:
    """Return the id of the aggregate of what an officer said of an event."""
    return f"contest:{identity.hex()}:{officer}"


def settlement(view: View, identity: Digest, officer: OfficerId) -> Settlement | None:
    """Return how an officer settled an event, None if he did not or if that counts for nothing any more."""
    found = _settlement(view, identity, officer)
    return None if found is None or is_contested(key(view, found.key), found.position) else found


def is_contested(signing: Key | None, position: int) -> bool:
    """Tell whether a key's compromise was declared back to an event at `position`, or to before it."""
    return signing is not None and signing.contested_from is not None and signing.contested_from <= position


def _settlement(view: View, identity: Digest, officer: OfficerId) -> Settlement | None:
    return cast("Settlement | None", view.get(contest_key(identity, officer)))


def _event(case: Case) -> Recorded:
    found = case.view.event(case.body.event)
    if found is None or not found.is_accepted:
        raise RejectedError(Reason.EVENT_UNKNOWN, f"no accepted event {case.body.event.hex()}")
    return found


def _signing_key(case: Case) -> Key:
    envelope = case.codec.envelope(_event(case).record)
    header = case.codec.body(envelope.payload_type, envelope.payload).header
    found = (key_of_certificate(case.view, signer) for signer in header.signers)
    own = next((one for one in found if one is not None and one.officer == case.body.header.officer), None)
    if own is None:
        raise RejectedError(Reason.NOT_THE_SIGNER)
    return own


def _event_is_known(case: Case) -> None:
    """The event was accepted at an earlier position."""
    _event(case)


def _officer_signed_it(case: Case) -> None:
    """A key of the officer signed the event, alone or with others."""
    _signing_key(case)


def _it_is_contested(case: Case) -> None:
    """A compromise of that key was declared from a position on that is not after the event."""
    if not is_contested(_signing_key(case), _event(case).position):
        raise RejectedError(Reason.NOT_CONTESTED)


def _it_is_not_settled(case: Case) -> None:
    """The officer has not settled it already with a key that was not compromised then."""
    before = settlement(case.view, case.body.event, case.body.header.officer)
    if before is not None:
        raise RejectedError(Reason.ALREADY_SETTLED, f"it was {before.outcome}", because=before.position)


def _key_is_newer(case: Case) -> None:
    """The key that says so was first enrolled after the event that last stopped or resumed the contested key."""
    stopped, own = _signing_key(case).status_position, _own_key(case)
    if own.certificates[0].position <= stopped:
        raise RejectedError(Reason.KEY_NOT_NEWER, because=stopped)


def _own_key(case: Case) -> Key:
    # The judge has found it in step 4.
    return cast("Key", key_of_certificate(case.view, case.body.header.signers[0]))


def _settle(case: Case, outcome: Outcome) -> tuple[Change, ...]:
    body = case.body
    said = stamp(case, contest_key(body.event, body.header.officer), _settlement(case.view, body.event, body.header.officer))
    return (Settled(**said, outcome=outcome, position=case.position, key=_own_key(case).digest),)


def _reaffirm(case: Case) -> tuple[Change, ...]:
    return _settle(case, Outcome.REAFFIRMED)


def _repudiate(case: Case) -> tuple[Change, ...]:
    return _settle(case, Outcome.REPUDIATED)


_PRECONDITIONS: Final = (
    forbids((Reason.EVENT_UNKNOWN,), _event_is_known),
    forbids((Reason.NOT_THE_SIGNER,), _officer_signed_it),
    forbids((Reason.NOT_CONTESTED,), _it_is_contested),
    forbids((Reason.ALREADY_SETTLED,), _it_is_not_settled),
    forbids((Reason.KEY_NOT_NEWER,), _key_is_newer),
)
_AUTHORITY: Final = (MANDATE_EMPTY, *SPEAKER)
"""He needs no role for it: it is about what was signed in his name."""

OUTCOMES: Final[dict[type[Body], Outcome]] = {EventReaffirmed: Outcome.REAFFIRMED, EventRepudiated: Outcome.REPUDIATED}

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=EventReaffirmed,
        signers=Signers.ONE,
        authority=_AUTHORITY,
        preconditions=_PRECONDITIONS,
        changes=_reaffirm,
    ),
    Rule(
        event=EventRepudiated,
        signers=Signers.ONE,
        authority=_AUTHORITY,
        preconditions=_PRECONDITIONS,
        changes=_repudiate,
    ),
)
