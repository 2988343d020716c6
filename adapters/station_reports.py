"""What a running station tells: reports of single happenings, and how it stands, for people, logs and monitors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from adapters.ledger import Finding
from adapters.store.lease import Holder
from domain.ids import Digest, LetterId
from domain.reasons import Reason


class Duty(StrEnum):
    """What a report is about."""

    SERVING = "serving"
    LEASE_TAKEN = "lease_taken"
    STANDING_BY = "standing_by"
    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    STORE_REACHABLE = "store_reachable"
    STORE_UNREACHABLE = "store_unreachable"
    PAUSED = "paused"
    RESUMED = "resumed"
    PROJECTED = "projected"
    WARNING = "warning"
    TIME_JUMP = "time_jump"
    SENT = "sent"
    WAITING = "waiting"
    MISSED = "missed"
    REFUSED = "refused"
    STAGE_MISSED = "stage_missed"
    STAGE_REFUSED = "stage_refused"
    CANNOT_SIGN = "cannot_sign"
    CHECKPOINT = "checkpoint"
    CHECKPOINT_FAILED = "checkpoint_failed"
    WITNESS_SILENT = "witness_silent"
    FORK = "fork"
    OTHER_HISTORY = "other_history"
    FETCHED = "fetched"
    NOT_FETCHED = "not_fetched"
    FETCHED_SAID = "fetched_said"
    FETCHED_REFUSED = "fetched_refused"
    STOPPED = "stopped"


ALARMS: Final = frozenset(
    {
        Duty.UNREACHABLE,
        Duty.STORE_UNREACHABLE,
        Duty.PAUSED,
        Duty.WARNING,
        Duty.TIME_JUMP,
        Duty.WAITING,
        Duty.REFUSED,
        Duty.STAGE_REFUSED,
        Duty.CANNOT_SIGN,
        Duty.CHECKPOINT_FAILED,
        Duty.WITNESS_SILENT,
        Duty.FORK,
        Duty.OTHER_HISTORY,
        Duty.NOT_FETCHED,
        Duty.FETCHED_REFUSED,
    }
)
"""The reports of something that is not as it should be."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DutyReport:
    """Something that happened; of the fields only those are set that the duty has. `why` tells people what has no code."""

    duty: Duty
    letter: LetterId | None = None
    request: Digest | None = None
    stage: int | None = None
    position: int | None = None
    count: int | None = None
    address: str | None = None
    holder: Holder | None = None
    reason: Reason | None = None
    error: Exception | None = None
    findings: tuple[Finding, ...] = ()
    why: str = ""


class Doing(StrEnum):
    """What a running station is at."""

    STARTING = "starting"
    WORKING = "working"
    STANDING_BY = "standing_by"
    PAUSED = "paused"
    UNREACHABLE = "unreachable"
    STORE_UNREACHABLE = "store_unreachable"
    STOPPED = "stopped"


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a running station stands.

    `position` is the last that it has read (-1: none), `end` the ledger's next one as last seen (None: not seen yet),
    `reached_at` when the store last held everything up to there (ms UTC), `queue` what waits to be sent, `warnings` how many
    settings of the ledger's place warn. `error` says why it does not work on.
    """

    doing: Doing = Doing.STARTING
    error: Exception | None = None
    position: int = -1
    end: int | None = None
    reached_at: int = 0
    queue: int = 0
    warnings: int = 0

    @property
    def behind(self) -> int | None:
        """How many records the ledger has more than the store, as far as that is known."""
        return None if self.end is None else max(0, self.end - 1 - self.position)


class StationWatch(Protocol):
    """Who watches a running station, such as from another thread; called by the station's own, and quick to return."""

    def alive(self) -> None:
        """Note that the station moves: it is called at least once a batch."""

    def stored(self, seconds: float) -> None:
        """Note how long a batch took, from asking the ledger for it to its commit."""

    def judged(self, reasons: Mapping[Reason, int]) -> None:
        """Note verdicts that came into the store since the last call."""

    def stands(self, standing: Standing) -> None:
        """Take over how the station stands now."""


class Unwatched:
    """Nobody watches."""

    def alive(self) -> None:
        """Do nothing."""

    def stored(self, seconds: float) -> None:
        """Do nothing."""

    def judged(self, reasons: Mapping[Reason, int]) -> None:
        """Do nothing."""

    def stands(self, standing: Standing) -> None:
        """Do nothing."""
