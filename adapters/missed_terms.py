"""What a running station says of terms that passed: that letters were not acknowledged, that stages of approval were not decided.

That somebody else said so first is as good.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from adapters.approvals import stage_missed
from adapters.correspondence import missed
from adapters.errors import StationError
from adapters.keyring import OfficerSigner
from adapters.station import Station, Utterance
from adapters.station_reports import Duty, DutyReport
from adapters.submitting import Deposited, Outcome
from adapters.token_errors import TokenError
from domain.errors import RejectedError
from domain.ids import Digest, LetterId, OfficerId, OrgId
from domain.reasons import Reason

TERMS_AT_ONCE: Final = 500
SEND_WAIT_S: Final = 5.0
"""How long one round waits for the verdicts of what it sent; the next one reads them."""
RETRY_S: Final = 60.0
"""When a key that could not be used, a term that the ledger's clock had not reached, or a waiting one's queue is tried again."""

_SUCCESS: Final = frozenset(
    {Reason.ALREADY_MISSED, Reason.NOBODY_SILENT, Reason.STAGE_ALREADY_MISSED, Reason.REQUEST_ENDED, Reason.STAGE_NOT_CURRENT}
)
_TOO_EARLY: Final = frozenset({Reason.NOT_YET_DUE, Reason.STAGE_NOT_YET_DUE})
"""The ledger's clock is behind this machine's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PassedTerm:
    """A letter whose term has passed while somebody is silent, and the organisation that says so."""

    letter: LetterId
    speaker: OrgId
    acknowledge_by: int

    def said(self, station: Station, signer: OfficerSigner) -> Utterance:
        """Return what a station says of it."""
        return missed(station, signer, self.speaker, self.letter)

    def report(self, position: int | None = None, reason: Reason | None = None) -> DutyReport:
        """Return the report that it was recorded at a position, or why it could not be."""
        return DutyReport(
            duty=Duty.MISSED if reason is None else Duty.REFUSED, letter=self.letter, position=position, reason=reason
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class PassedStage:
    """A stage of a request for approval whose time has passed while it is undecided, and the organisation that says so."""

    request: Digest
    stage: int
    speaker: OrgId

    def said(self, station: Station, signer: OfficerSigner) -> Utterance:
        """Return what a station says of it."""
        return stage_missed(station, signer, self.speaker, self.request, self.stage)

    def report(self, position: int | None = None, reason: Reason | None = None) -> DutyReport:
        """Return the report that it was recorded at a position, or why it could not be."""
        duty = Duty.STAGE_MISSED if reason is None else Duty.STAGE_REFUSED
        return DutyReport(duty=duty, request=self.request, stage=self.stage, position=position, reason=reason)


Passed = PassedTerm | PassedStage


class TermViews(Protocol):
    """What this duty asks of the views; raises `StoreUnreachableError` if the views' database cannot be used."""

    def passed_terms(self, station: OfficerId, *, after: int, before: int, limit: int) -> Sequence[PassedTerm]:
        """Return terms in this span that passed without anybody having recorded it, the earliest first."""

    def passed_stages(self, station: OfficerId, *, before: int, limit: int) -> Sequence[PassedStage]:
        """Return stages whose turn it is and whose time passed without anybody having recorded it, the earliest first."""


class MissedTerms:
    """Records missed terms in the rounds of a station; `officer` is its own id."""

    def __init__(
        self,
        station: Station,
        views: TermViews,
        officer: OfficerId,
        tell: Callable[[DutyReport], None],
        *,
        signer: Callable[[], OfficerSigner | None],
        put_off: Callable[[StationError], None],
    ) -> None:
        """Take what is worked with: `signer` gives the station's key if it can be used, `put_off` is told why it cannot."""
        self._station = station
        self._views = views
        self._officer = officer
        self._tell = tell
        self._signer = signer
        self._put_off = put_off
        self._terms_done = 0
        self._settled: set[Passed] = set()
        self._retry_at_s: dict[Passed, float] = {}

    def round(self) -> None:
        """Say of each term that passed that it was missed."""
        now, last = self._station.rehearsal_time, self._station.last_time
        terms = self._views.passed_terms(self._officer, after=self._terms_done, before=now, limit=TERMS_AT_ONCE)
        stages = self._views.passed_stages(self._officer, before=now, limit=TERMS_AT_ONCE)
        passed: tuple[Passed, ...] = (*terms, *stages)
        due = [one for one in passed if one not in self._settled and self._is_time(one)]
        signer = self._signer() if due else None
        if signer is not None:
            self._say(signer, due)
        if all(term in self._settled for term in terms) and len(terms) < TERMS_AT_ONCE:
            # Of a letter that comes later the term is later than the last record, whatever this machine's clock says.
            self._terms_done = last
        if not terms and not stages:
            self._settled.clear()

    def _say(self, signer: OfficerSigner, due: Sequence[Passed]) -> None:
        said = list(self._utterances(signer, due))
        try:
            outcomes = self._station.submit([utterance for _, utterance in said], wait_s=SEND_WAIT_S) if said else ()
        except TokenError as error:
            # The token was pulled out since the last round: nothing was signed.
            self._put_off(error)
            return
        for (term, _), outcome in zip(said, outcomes, strict=True):
            self._settle(term, outcome)

    def _utterances(self, signer: OfficerSigner, due: Sequence[Passed]) -> Iterator[tuple[Passed, Utterance]]:
        for term in due:
            utterance = term.said(self._station, signer)
            try:
                self._station.rehearse(utterance.body)
            except RejectedError as error:
                self._settle_rejection(term, error.reason)
            else:
                yield term, utterance

    def _settle(self, term: Passed, outcome: Outcome) -> None:
        if not isinstance(outcome, Deposited):
            # It is in the queue, which is sent in the rounds to come.
            self._settled.add(term)
        elif outcome.verdict.is_accepted:
            self._settled.add(term)
            self._tell(term.report(outcome.verdict.position))
        else:
            self._settle_rejection(term, outcome.verdict.reason)

    def _settle_rejection(self, term: Passed, reason: Reason) -> None:
        if reason in _TOO_EARLY:
            self._retry_at_s[term] = time.monotonic() + RETRY_S
            return
        self._settled.add(term)
        if reason not in _SUCCESS:
            self._tell(term.report(reason=reason))

    def _is_time(self, term: Passed) -> bool:
        return self._retry_at_s.get(term, 0.0) <= time.monotonic()
