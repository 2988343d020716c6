"""Time stamps: what authorities outside the exchange say of when a checkpoint was there (RFC 3161).

The judge holds a time stamp against this history and against the ones before it; the token itself is a document, which
auditors verify. Aggregate `timestamps` keeps what later ones must agree with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, cast

from domain.changes import Change, State, View
from domain.documents import SIGNATURE_OF, require_plain
from domain.errors import RejectedError
from domain.events_proof import TimestampRecorded
from domain.ids import Digest
from domain.inboxes import FIRST_STATION
from domain.ledger_time import JUMP_LIMIT_MS
from domain.reasons import Reason
from domain.rules import Case, Rule, Signers, forbids, requires, stamp

TIMESTAMPS_ID: Final = "timestamps"


@dataclass(frozen=True, kw_only=True, slots=True)
class Timestamps(State):
    """The largest size that was stamped, the latest time stamped for it, and the latest for smaller ones (milliseconds)."""

    size: int
    latest_ms: int
    earlier_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TimestampEntered(Change):
    """A time stamp was recorded: an authority saw these roots at a time of its own."""

    TOPIC: ClassVar[str] = "timestamp.entered.v1"
    size: int
    authority: Digest
    stamped_at: int
    position: int

    def mutate(self, aggregate: Timestamps | None) -> Timestamps:
        """Return the bounds for the next one."""
        latest_ms, earlier_ms = self.stamped_at, 0
        if aggregate is not None:
            same = aggregate.size == self.size
            latest_ms = max(aggregate.latest_ms, self.stamped_at) if same else self.stamped_at
            earlier_ms = aggregate.earlier_ms if same else aggregate.latest_ms
        return Timestamps(
            id=self.originator_id,
            version=self.originator_version,
            size=self.size,
            latest_ms=latest_ms,
            earlier_ms=earlier_ms,
        )


def timestamps(view: View) -> Timestamps | None:
    """Return the bounds for the next time stamp, None if none was recorded yet."""
    return cast("Timestamps | None", view.get(TIMESTAMPS_ID))


def _token_is_plain(case: Case) -> None:
    """The token is a document in the role of a signature, and not encrypted."""
    token = case.body.token
    require_plain((token,))
    if token.role != SIGNATURE_OF:
        raise RejectedError(Reason.DOCUMENTS_WRONG, f"the token has the role {token.role}")


def _size_is_next(case: Case) -> bool:
    """The size is not beyond this position, nor below the one stamped last; two authorities may stamp the same."""
    before = timestamps(case.view)
    return bool((before.size if before else 1) <= case.body.size <= case.position)


def _roots_agree(case: Case) -> bool:
    """Both roots are those of this history at that size."""
    return bool(case.view.roots_at(case.body.size) == (case.body.root, case.body.verdict_root))


def _time_is_plausible(case: Case) -> bool:
    """The time is not before one stamped for a smaller size, and at most ten minutes after this record's ledger time."""
    before, body = timestamps(case.view), case.body
    earliest = 0 if before is None else before.earlier_ms if before.size == body.size else before.latest_ms
    return bool(earliest <= body.stamped_at <= case.at + JUMP_LIMIT_MS)


def _enter(case: Case) -> tuple[Change, ...]:
    body = case.body
    entered = stamp(case, TIMESTAMPS_ID, timestamps(case.view))
    said = {"size": body.size, "authority": body.authority, "stamped_at": body.stamped_at}
    return (TimestampEntered(**entered, **said, position=case.position),)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=TimestampRecorded,
        signers=Signers.ONE,
        authority=FIRST_STATION,
        preconditions=(
            forbids((Reason.NOT_IN_THESE_RULES, Reason.DOCUMENTS_WRONG), _token_is_plain),
            requires(Reason.SIZE_NOT_NEXT, _size_is_next),
            requires(Reason.CHECKPOINT_MISMATCH, _roots_agree),
            requires(Reason.TIMESTAMP_IMPLAUSIBLE, _time_is_plausible),
        ),
        changes=_enter,
    ),
)
