"""What a station does when nobody is at it: follow, bring the views up, send the queue, record missed terms, see to documents.

One round does all of it once; the loop repeats rounds until it is told to stop, while the lease on the store is its own. A
ledger that contradicts what is held, or that is unsafe, ends the loop with its error; a ledger or a database that does not
answer is tried again, less and less often.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from adapters.checkpoint_duty import CheckpointDuty
from adapters.documents import DocumentError
from adapters.errors import (
    ClockBehindLedgerError,
    KeyFileError,
    KeyringError,
    LedgerUnreachableError,
    QueueError,
    QueueGoneError,
    StationError,
    StoreUnreachableError,
)
from adapters.fetching import Fetching, LetterViews
from adapters.keyring import OfficerSigner
from adapters.missed_terms import RETRY_S, SEND_WAIT_S, MissedTerms, TermViews
from adapters.station import Behind, Station
from adapters.station_reports import Doing, Duty, DutyReport, Standing, StationWatch, Unwatched
from adapters.store.lease import StoreLease
from adapters.token_errors import TokenError
from domain.ids import OfficerId

WAIT_S: Final = 1.0
"""How long a round waits for new records: a term that passes is recorded about so much later."""
LONGEST_PAUSE_S: Final = 60.0
"""A ledger that comes back is noticed within a minute; asking more often would not bring it back sooner."""
STANDING_BY_S: Final = 1.0
"""Another station that has died is noticed so much later."""
CLOCK_PAUSE_S: Final = 5.0
"""How often the clock is compared with the record that is ahead of it."""


class StationViews(TermViews, LetterViews, Protocol):
    """What the duties ask of the views; all raise `StoreUnreachableError` if the views' database cannot be used."""

    def project(self, proceed: Callable[[], bool]) -> int:
        """Bring the views up to the store's end while `proceed()`, and return the next position."""


class StationDuties:
    """The duties of one station; `officer` is its own id, None for a home that belongs to no station and signs nothing."""

    def __init__(  # noqa: PLR0913 - whom it works with, and how
        self,
        station: Station,
        views: StationViews,
        officer: OfficerId | None,
        tell: Callable[[DutyReport], None],
        *,
        watch: StationWatch | None = None,
        checkpoints: CheckpointDuty | None = None,
        trust_ledger_time: bool = False,
        record_fetched: bool = False,
    ) -> None:
        """Take what is worked with, and whom to tell.

        `trust_ledger_time` believes records stamped ahead of the clock; `record_fetched` says on the ledger of each letter that
        waits for somebody here that its documents are all here.
        """
        self._station = station
        self._views = views
        self._officer = officer
        self._tell = tell
        self._watch = watch or Unwatched()
        self._checkpoints = checkpoints
        self._trust_ledger_time = trust_ledger_time
        self._missed_terms = (
            MissedTerms(station, views, officer, tell, signer=self._signer, put_off=self._put_signing_off) if officer else None
        )
        self._fetching = (
            Fetching(
                station,
                views,
                officer,
                tell,
                proceed=self._proceed,
                record=record_fetched,
                signer=self._signer,
                put_off=self._put_signing_off,
            )
            if officer
            else None
        )
        self._stopped: Callable[[float], bool] = lambda _: False
        self._pause_s = 0.0
        self._is_ours = False
        self._told: dict[Duty, str] = {}
        self._counted = station.parts.store.next_position()
        self._standing = Standing(reached_at=station.last_time, position=self._counted - 1)
        self._position = -1
        self._alarms = 0
        self._key_retry_at_s = 0.0
        self._queue_retry_at_s = 0.0

    @property
    def position(self) -> int:
        """The last position that was read, -1 for none, as far as is known without asking the store."""
        return self._standing.position

    def run(self, stopped: Callable[[float], bool], lease: StoreLease | None = None) -> None:
        """Do rounds until `stopped`, which waits so many seconds at most, says so; while the lease is ours (None: no matter).

        A database that does not answer is waited for, as a ledger is. Raises `HistoryError`, `LedgerUnsafeError`,
        `StoreGoneError`, `QueueGoneError`, and what else keeps a station from working on.
        """
        self._stopped = stopped
        try:
            while not stopped(self._pause_s):
                self._turn(lease)
        except Exception as error:
            self._stop(error)
            raise
        self._stop()

    def round(self) -> bool:
        """Do every duty once, and return whether the ledger was read to its end."""
        try:
            if not self._follow():
                self._project()
                return False
            self._project()
            self._send()
            if self._missed_terms is not None:
                self._missed_terms.round()
            if self._checkpoints is not None:
                self._checkpoints.round()
            if self._fetching is not None:
                self._fetching.round()
        except ClockBehindLedgerError as error:
            self._once(DutyReport(duty=Duty.PAUSED, position=error.position, error=error))
            self._pause_s = CLOCK_PAUSE_S
            self._stand(Doing.PAUSED, error)
            self._project()
            return False
        self._over(Duty.PAUSED, Duty.RESUMED)
        self._finish_removals()
        self._stand(Doing.WORKING)
        return True

    def _stop(self, error: Exception | None = None) -> None:
        self._hand_over(Doing.STOPPED, error)
        self._tell(DutyReport(duty=Duty.STOPPED, position=self._standing.position, error=error))

    def _turn(self, lease: StoreLease | None) -> None:
        try:
            if self._works(lease) and self.round():
                self._wait()
        except QueueGoneError:
            raise
        except (StoreUnreachableError, QueueError) as error:
            self._once(DutyReport(duty=Duty.STORE_UNREACHABLE, error=error))
            self._pause_longer()
            self._hand_over(Doing.STORE_UNREACHABLE, error)
        else:
            self._over(Duty.STORE_UNREACHABLE, Duty.STORE_REACHABLE)

    def _works(self, lease: StoreLease | None) -> bool:
        """Return whether the lease is ours; if not, say who has it, and wait."""
        was_ours, self._is_ours = self._is_ours, lease is None or lease.take()
        if lease is None or self._is_ours:
            self._told.pop(Duty.STANDING_BY, None)
            if lease is not None and not was_ours:
                self._pause_s = 0.0
                self._counted = self._station.parts.store.next_position()
                self._tell(DutyReport(duty=Duty.LEASE_TAKEN))
            return True
        holder = lease.holder()
        if holder is not None:
            self._once(DutyReport(duty=Duty.STANDING_BY, holder=holder))
        self._pause_s = STANDING_BY_S
        self._standing = replace(self._standing, end=None)
        self._send_standing_by()
        self._stand(Doing.STANDING_BY)
        return False

    def _send_standing_by(self) -> None:
        """Send this home's own queue: that needs no lease, and whoever works on the store may have another home's."""
        if time.monotonic() < self._queue_retry_at_s:
            return
        try:
            left = self._send()
        except ClockBehindLedgerError as error:
            # Whoever works tells of it and waits for the clock.
            left = len(self._station.parts.queue.unfinished())
            self._once(DutyReport(duty=Duty.WAITING, count=left, why=str(error)))
        if left:
            # Each try may last as long as a broker is waited for, and meanwhile nobody notices that the lease is free.
            self._queue_retry_at_s = time.monotonic() + RETRY_S

    def _follow(self) -> bool:
        began_s = time.monotonic()

        def stored(_position: int, end: int) -> None:
            nonlocal began_s
            now_s = time.monotonic()
            self._watch.stored(now_s - began_s)
            began_s = now_s
            self._standing = replace(self._standing, end=end)
            self._stand(Doing.WORKING)

        freshness = self._station.catch_up(proceed=self._proceed, progress=stored, trust_times_ahead=self._trust_ledger_time)
        if freshness.behind is Behind.UNREACHABLE:
            self._unreachable(freshness.error)
            return False
        self._over(Duty.UNREACHABLE, Duty.REACHABLE)
        self._pause_s = 0.0
        if freshness.behind is None:
            self._standing = replace(self._standing, end=freshness.position, reached_at=self._station.parts.now_ms())
        self._tell_alarms()
        return not self._stopped(0.0)

    def _unreachable(self, error: Exception | None) -> None:
        self._once(DutyReport(duty=Duty.UNREACHABLE, error=error))
        self._pause_longer()
        self._stand(Doing.UNREACHABLE, error)

    def _proceed(self) -> bool:
        self._watch.alive()
        return not self._stopped(0.0)

    def _tell_alarms(self) -> None:
        warnings = self._station.parts.ledger.warnings
        if warnings:
            self._once(DutyReport(duty=Duty.WARNING, findings=warnings))
        else:
            self._told.pop(Duty.WARNING, None)
        self._standing = replace(self._standing, warnings=len(warnings))
        alarms = self._station.parts.follower.alarms
        for alarm in alarms[self._alarms :]:
            self._tell(DutyReport(duty=Duty.TIME_JUMP, position=alarm.position))
        self._alarms = len(alarms)

    def _project(self) -> None:
        position = self._views.project(self._proceed) - 1
        if position != self._position:
            self._position = position
            self._tell(DutyReport(duty=Duty.PROJECTED, position=position))

    def _send(self) -> int:
        """Send what waits, and return how much of it still does."""
        waiting = len(self._station.parts.queue.unfinished())
        left = 0
        if waiting:
            why = self._station.parts.submitter.send(wait_s=SEND_WAIT_S)
            left = len(self._station.parts.queue.unfinished())
            if left < waiting:
                self._tell(DutyReport(duty=Duty.SENT, count=waiting - left))
            if left:
                self._once(DutyReport(duty=Duty.WAITING, count=left, why=why))
        if not left:
            self._told.pop(Duty.WAITING, None)
        return left

    def _signer(self) -> OfficerSigner | None:
        if self._officer is None or time.monotonic() < self._key_retry_at_s:
            return None
        try:
            return self._station.signer(self._officer)
        except (KeyringError, KeyFileError, TokenError) as error:
            self._put_signing_off(error)
            return None

    def _put_signing_off(self, error: StationError) -> None:
        self._once(DutyReport(duty=Duty.CANNOT_SIGN, error=error))
        self._key_retry_at_s = time.monotonic() + RETRY_S

    def _finish_removals(self) -> None:
        # What cannot be done now is done later; a broker that does not answer, or refuses, is told of elsewhere.
        with contextlib.suppress(DocumentError):
            self._station.parts.documents.finish_removals(self._station.parts.now_ms())

    def _wait(self) -> None:
        try:
            self._station.parts.ledger.wait(self._station.parts.store.next_position(), WAIT_S)
        except LedgerUnreachableError as error:
            self._unreachable(error)

    def _pause_longer(self) -> None:
        self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s or WAIT_S)

    def _stand(self, doing: Doing, error: Exception | None = None) -> None:
        """Hand over how the station stands now, and the verdicts that came since the last time."""
        store = self._station.parts.store
        end = store.next_position()
        if end > self._counted:
            # Only what came while this process works: of the rest another one has told.
            self._watch.judged(store.reasons(self._counted, end) if self._is_ours else {})
            self._counted = end
        queue = len(self._station.parts.queue.unfinished())
        self._standing = replace(self._standing, position=end - 1, queue=queue)
        self._hand_over(doing, error)

    def _hand_over(self, doing: Doing, error: Exception | None) -> None:
        """Hand over what the station is at, asking nothing of the store, which may be what does not answer."""
        self._standing = replace(self._standing, doing=doing, error=error)
        self._watch.stands(self._standing)

    def _once(self, report: DutyReport) -> None:
        """Tell something that lasts, once until it changes; errors of one kind are the same, whatever figures they name."""
        said = f"{type(report.error).__name__}{report.position}{report.why}{report.holder}{report.findings}"
        if self._told.get(report.duty) != said:
            self._told[report.duty] = said
            self._tell(report)

    def _over(self, duty: Duty, then: Duty) -> None:
        """Tell that something which lasted is over, if it was told."""
        if self._told.pop(duty, None) is not None:
            self._tell(DutyReport(duty=then))
