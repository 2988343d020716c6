"""What every aggregate shares: a state that is a fold over changes, and the view of all states at one position.

An accepted event becomes a few *changes*, each of one aggregate; they are what the store keeps as the library's domain
events (`originator_id`, `originator_version`, `timestamp`, and `mutate`, which the library's repository calls).
States and changes are immutable, so judging an event and rehearsing one are the same call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, Final, Protocol

from domain.ids import Digest, EventId, LetterId, OfficerId, OrgId

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
KEPT_MOMENTS: Final = 64
"""All changes of one event have the same time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """The state of an aggregate: its id, and how many changes made it."""

    id: str
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One change of one aggregate. `TOPIC` is its literal name in the store; `timestamp` is always ledger time."""

    TOPIC: ClassVar[str]
    originator_id: str
    originator_version: int
    timestamp: datetime

    def mutate(self, aggregate: Any) -> Any:
        """Return the aggregate's state after this change (None in: it is the first)."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True, slots=True)
class Original:
    """The first authentic event that used an (officer, event id): where it stands and what it is."""

    position: int
    identity: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """An authentic event by its identity: where it stands first, its record, and whether it was accepted."""

    position: int
    record: bytes
    is_accepted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Inbox:
    """What was addressed to an organisation up to some size: how many accepted letters, and the chain over them.

    `position` is where it was registered, `head` SHA-256(previous ‖ letter) over the letters in ledger order, from zeros.
    """

    organisation: OrgId
    position: int
    letters: int
    head: Digest


class View(Protocol):
    """Everything that is known of the ledger before one position. Rules read it and nothing else."""

    def get(self, aggregate_id: str) -> State | None:
        """Return the state of an aggregate, None if nothing has happened to it."""

    def original(self, officer: OfficerId, event_id: EventId) -> Original | None:
        """Return the authentic event that consumed this (officer, event id), None if it is new."""

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return the roots of the record log and the verdict log when they had `size` leaves (0 < size <= position)."""

    def letters_addressed_to(self, organisation: OrgId) -> Iterable[LetterId]:
        """Yield the accepted letters that name the organisation, itself or in a group, in ledger order."""

    def latest_time(self, after: int) -> int:
        """Return the latest ledger time of the records behind a position (and before this one), -1 if there are none."""

    def time_at(self, position: int) -> int:
        """Return the ledger time of a record before this one."""

    def event(self, identity: Digest) -> Recorded | None:
        """Return an authentic event by its identity, None if there is none."""

    def inboxes_at(self, size: int) -> Sequence[Inbox]:
        """Return the inboxes of all organisations registered before position `size` (not beyond this one), in that order.

        `size` is not before that of the last accepted `inbox.committed`. `domain.inboxes.extended` makes them.
        """


@lru_cache(maxsize=KEPT_MOMENTS)
def moment(at_ms: int) -> datetime:
    """Return ledger time as the aware datetime that the library's events carry."""
    return EPOCH + timedelta(milliseconds=at_ms)
