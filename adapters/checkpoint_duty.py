"""What a running station does about checkpoints: signs one every so often if a key is here, and raises the alarm at a fork.

It reads the board whenever it follows its ledger; that is no work of its own (adapters.checkpoints).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from adapters.checkpoint_errors import CheckpointSigningError
from adapters.checkpoint_signing import SignedPair, sign_checkpoints
from adapters.errors import HistoryError, KeyFileError, KeyringError, LedgerError, LedgerUnsafeError
from adapters.inboxes import commit_inboxes
from adapters.station import Station
from adapters.station_reports import Duty, DutyReport
from adapters.store.lease import StoreLease
from adapters.token_errors import TokenError
from domain.checkpoint_signatures import CheckpointSigner
from domain.exchange import Exchange
from domain.ids import OfficerId

REFRESH_S: Final = 24 * 3600.0
"""A ledger on which nothing is written is signed again so often, so that evidence of it does not look stale."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointSigning:
    """How a station signs: what opens the key that is here (None: there is none), whom it asks, how often, the lease."""

    open_key: Callable[[Exchange], CheckpointSigner | None]
    witnesses: tuple[str, ...]
    every_s: float
    lease: StoreLease


class CheckpointDuty:
    """Checkpoints in the rounds of a station; `officer` is its own id, None for a home that belongs to no station."""

    def __init__(
        self, station: Station, signing: CheckpointSigning, officer: OfficerId | None, tell: Callable[[DutyReport], None]
    ) -> None:
        """Take what is worked with, and whom to tell."""
        self._station = station
        self._signing = signing
        self._officer = officer
        self._tell = tell
        self._told: dict[str, str] = {}
        self._tried_at_s: float | None = None
        self._signed_at_s: float | None = None
        self._signed: SignedPair | None = None
        self._doubted: int | None = None

    def round(self) -> None:
        """Tell of forks, and sign if it is time; what is in the way is told and tried again. The ledger was just read.

        Raises `HistoryError`, `LedgerUnsafeError` and `StoreUnreachableError`.
        """
        self._raise_alarm()
        if not self._is_time():
            return
        self._tried_at_s = time.monotonic()
        try:
            key = self._signing.open_key(self._station.exchange)
            if key is not None:
                self._commit_inboxes()
                self._note(sign_checkpoints(self._station, key, self._signing.witnesses, self._signing.lease))
        except (HistoryError, LedgerUnsafeError):
            raise
        except (CheckpointSigningError, KeyFileError, LedgerError) as error:
            self._once(Duty.CHECKPOINT_FAILED, DutyReport(duty=Duty.CHECKPOINT_FAILED, error=error))

    def _raise_alarm(self) -> None:
        """Tell of evidence, and of a checkpoint that this history still does not have after the ledger was read once more."""
        checkpoints = self._station.parts.checkpoints
        files = checkpoints.forks()
        if files:
            self._once(Duty.FORK, DutyReport(duty=Duty.FORK, count=len(files), why=str(files[0].parent)))
        other = checkpoints.other_history
        if other is not None and other == self._doubted:
            self._once(Duty.OTHER_HISTORY, DutyReport(duty=Duty.OTHER_HISTORY, count=other))
        self._doubted = other

    def _is_time(self) -> bool:
        now_s = time.monotonic()
        if self._tried_at_s is not None and now_s - self._tried_at_s < self._signing.every_s:
            return False
        if self._signed is None or self._signed_at_s is None or now_s - self._signed_at_s >= REFRESH_S:
            return True
        # Of the same records a second signature says nothing new, but a witness that was silent may answer now.
        return self._signed.pair.size < self._station.parts.store.next_position() or bool(self._signed.problems)

    def _commit_inboxes(self) -> None:
        if self._officer is None:
            return
        try:
            commit_inboxes(self._station, self._officer, size=self._station.parts.store.next_position())
        except (KeyringError, KeyFileError, TokenError) as error:
            self._once(Duty.CANNOT_SIGN, DutyReport(duty=Duty.CANNOT_SIGN, error=error))

    def _note(self, signed: SignedPair) -> None:
        self._signed, self._signed_at_s = signed, time.monotonic()
        for known in (Duty.CHECKPOINT_FAILED, Duty.CANNOT_SIGN):
            self._told.pop(known, None)
        self._tell(DutyReport(duty=Duty.CHECKPOINT, position=signed.pair.size - 1))
        for url, error in signed.problems.items():
            self._once(url, DutyReport(duty=Duty.WITNESS_SILENT, address=url, error=error))
        for url in set(self._signing.witnesses) - signed.problems.keys():
            self._told.pop(url, None)

    def _once(self, what: str, report: DutyReport) -> None:
        """Tell something that lasts, once until it changes."""
        said = f"{type(report.error).__name__}{report.count}"
        if self._told.get(what) != said:
            self._told[what] = said
            self._tell(report)
