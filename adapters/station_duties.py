"""What a station does when nobody is at it: follow, bring the views up, send the queue, record missed terms, fetch documents.

One round does all of it once; the loop repeats rounds until it is told to stop. A ledger that contradicts what is held, or
that is unsafe, ends the loop with its error; one that does not answer is tried again, less and less often.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from adapters.correspondence import letter_body, missed, require_documents
from adapters.documents import DocumentError, DocumentsUnreachableError
from adapters.errors import ClockBehindLedgerError, KeyFileError, KeyringError, LedgerUnreachableError, StationError
from adapters.keyring import OfficerSigner
from adapters.station import Behind, Station, Utterance
from adapters.submitting import Deposited, Outcome
from adapters.token_errors import TokenError
from domain.errors import RejectedError
from domain.ids import LetterId, OfficerId, OrgId
from domain.reasons import Reason

WAIT_S: Final = 1.0
"""How long a round waits for new records: a term that passes is recorded about so much later."""
LONGEST_PAUSE_S: Final = 60.0
"""A ledger that comes back is noticed within a minute; asking more often would not bring it back sooner."""
CLOCK_PAUSE_S: Final = 5.0
"""How often the clock is compared with the record that is ahead of it."""
SEND_WAIT_S: Final = 5.0
"""How long one round waits for the verdicts of what it sent; the next one reads them."""
RETRY_S: Final = 60.0
"""When a key that could not be used, or a term that the ledger's clock had not reached, is tried again."""
TERMS_AT_ONCE: Final = 500
LETTERS_AT_ONCE: Final = 100
MISSING_AT_ONCE: Final = 20
"""So many letters are looked for anew in one round, so that those that never come do not keep the others waiting."""

_SUCCESS: Final = frozenset({Reason.ALREADY_MISSED, Reason.NOBODY_SILENT})


class Duty(StrEnum):
    """What a report is about."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    PAUSED = "paused"
    PROJECTED = "projected"
    WARNING = "warning"
    TIME_JUMP = "time_jump"
    SENT = "sent"
    WAITING = "waiting"
    MISSED = "missed"
    REFUSED = "refused"
    CANNOT_SIGN = "cannot_sign"
    FETCHED = "fetched"
    NOT_FETCHED = "not_fetched"


@dataclass(frozen=True, kw_only=True, slots=True)
class DutyReport:
    """Something that a person who watches the station is told; of the fields only those are set that the duty has."""

    duty: Duty
    letter: LetterId | None = None
    position: int | None = None
    count: int | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PassedTerm:
    """A letter whose term has passed while somebody is silent, and the organisation that says so."""

    letter: LetterId
    speaker: OrgId
    acknowledge_by: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedLetter:
    """A letter that waits for somebody whom the station serves, and where it stands."""

    letter: LetterId
    position: int


class StationViews(Protocol):
    """What the duties ask of the views."""

    def project(self) -> int:
        """Bring the views up to the store's end, and return the next position."""

    def passed_terms(self, station: OfficerId, *, after: int, before: int, limit: int) -> Sequence[PassedTerm]:
        """Return terms in this span that passed without anybody having recorded it, the earliest first."""

    def letters_received(self, station: OfficerId, *, after: int, limit: int) -> Sequence[ReceivedLetter]:
        """Return letters behind a position that wait for those whom the station serves, in the order of the ledger."""


class StationDuties:
    """The duties of one station; `officer` is its own id, None for a home that belongs to no station and signs nothing."""

    def __init__(
        self,
        station: Station,
        views: StationViews,
        officer: OfficerId | None,
        tell: Callable[[DutyReport], None],
        *,
        trust_ledger_time: bool = False,
    ) -> None:
        """Take what is worked with, and whom to tell; `trust_ledger_time` believes records stamped ahead of the clock."""
        self._station = station
        self._views = views
        self._officer = officer
        self._tell = tell
        self._trust_ledger_time = trust_ledger_time
        self._pause_s = 0.0
        self._told: dict[Duty, str] = {}
        self._position = -1
        self._alarms = 0
        self._terms_done = 0
        self._settled: set[LetterId] = set()
        self._retry_at_s: dict[LetterId, float] = {}
        self._key_retry_at_s = 0.0
        self._received_to = -1
        self._missing: dict[LetterId, None] = {}

    def run(self, stopped: Callable[[float], bool]) -> None:
        """Do rounds until `stopped`, which waits so many seconds at most, says so.

        Raises `HistoryError`, `LedgerUnsafeError`, and what else keeps a station from working on.
        """
        while not stopped(self._pause_s):
            if self.round():
                self._wait()

    def round(self) -> bool:
        """Do every duty once, and return whether the ledger was read to its end."""
        try:
            if not self._follow():
                self._project()
                return False
            self._project()
            self._send()
            self._record_missed_terms()
        except ClockBehindLedgerError as error:
            self._once(Duty.PAUSED, str(error))
            self._pause_s = CLOCK_PAUSE_S
            self._project()
            return False
        self._told.pop(Duty.PAUSED, None)
        self._fetch()
        return True

    def _follow(self) -> bool:
        freshness = self._station.catch_up(trust_times_ahead=self._trust_ledger_time)
        if freshness.behind is Behind.UNREACHABLE:
            self._once(Duty.UNREACHABLE, freshness.why)
            self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s or WAIT_S)
            return False
        if self._told.pop(Duty.UNREACHABLE, None) is not None:
            self._tell(DutyReport(duty=Duty.REACHABLE))
        self._pause_s = 0.0
        self._tell_alarms()
        return True

    def _tell_alarms(self) -> None:
        warnings = self._station.parts.ledger.warnings
        told = "".join(f"\n- {finding.what} ({finding.remedy})" for finding in warnings)
        if told:
            self._once(Duty.WARNING, told)
        alarms = self._station.parts.follower.alarms
        for alarm in alarms[self._alarms :]:
            self._tell(DutyReport(duty=Duty.TIME_JUMP, position=alarm.position))
        self._alarms = len(alarms)

    def _project(self) -> None:
        position = self._views.project() - 1
        if position != self._position:
            self._position = position
            self._tell(DutyReport(duty=Duty.PROJECTED, position=position))

    def _send(self) -> None:
        waiting = len(self._station.parts.queue.unfinished())
        if not waiting:
            self._told.pop(Duty.WAITING, None)
            return
        why = self._station.parts.submitter.send(wait_s=SEND_WAIT_S)
        left = len(self._station.parts.queue.unfinished())
        if left < waiting:
            self._tell(DutyReport(duty=Duty.SENT, count=waiting - left))
        if left:
            self._once(Duty.WAITING, why, count=left)

    def _record_missed_terms(self) -> None:
        """Say of each letter whose term passed that it was missed; that somebody else said so first is as good."""
        now = self._station.rehearsal_time
        last = self._station.last_time
        if self._officer is None:
            return
        terms = self._views.passed_terms(self._officer, after=self._terms_done, before=now, limit=TERMS_AT_ONCE)
        due = [term for term in terms if term.letter not in self._settled and self._is_time(term.letter)]
        signer = self._signer() if due else None
        if signer is not None:
            self._say_missed(signer, due)
        if all(term.letter in self._settled for term in terms) and len(terms) < TERMS_AT_ONCE:
            # Of a letter that comes later the term is later than the last record, whatever this machine's clock says.
            self._terms_done = last
        if not terms:
            self._settled.clear()

    def _say_missed(self, signer: OfficerSigner, due: Sequence[PassedTerm]) -> None:
        said = list(self._utterances(signer, due))
        try:
            outcomes = self._station.submit([utterance for _, utterance in said], wait_s=SEND_WAIT_S) if said else ()
        except TokenError as error:
            # The token was pulled out since the last round: nothing was signed.
            self._put_signing_off(error)
            return
        for (term, _), outcome in zip(said, outcomes, strict=True):
            self._settle(term.letter, outcome)

    def _utterances(self, signer: OfficerSigner, due: Sequence[PassedTerm]) -> Iterator[tuple[PassedTerm, Utterance]]:
        for term in due:
            utterance = missed(self._station, signer, term.speaker, term.letter)
            try:
                self._station.rehearse(utterance.body)
            except RejectedError as error:
                self._settle_rejection(term.letter, error.reason)
            else:
                yield term, utterance

    def _settle(self, letter: LetterId, outcome: Outcome) -> None:
        if not isinstance(outcome, Deposited):
            # It is in the queue, which is sent in the rounds to come.
            self._settled.add(letter)
        elif outcome.verdict.is_accepted:
            self._settled.add(letter)
            self._tell(DutyReport(duty=Duty.MISSED, letter=letter, position=outcome.verdict.position))
        else:
            self._settle_rejection(letter, outcome.verdict.reason)

    def _settle_rejection(self, letter: LetterId, reason: Reason) -> None:
        if reason is Reason.NOT_YET_DUE:
            # The ledger's clock is behind this machine's.
            self._retry_at_s[letter] = time.monotonic() + RETRY_S
            return
        self._settled.add(letter)
        if reason not in _SUCCESS:
            self._tell(DutyReport(duty=Duty.REFUSED, letter=letter, why=reason.sentence))

    def _is_time(self, letter: LetterId) -> bool:
        return self._retry_at_s.get(letter, 0.0) <= time.monotonic()

    def _signer(self) -> OfficerSigner | None:
        if self._officer is None or time.monotonic() < self._key_retry_at_s:
            return None
        try:
            return self._station.signer(self._officer)
        except (KeyringError, KeyFileError, TokenError) as error:
            self._put_signing_off(error)
            return None

    def _put_signing_off(self, error: StationError) -> None:
        self._once(Duty.CANNOT_SIGN, str(error))
        self._key_retry_at_s = time.monotonic() + RETRY_S

    def _fetch(self) -> None:
        """Bring the documents of letters here before anybody asks for them: the link may be weak when he does."""
        if self._officer is None:
            return
        try:
            for letter in tuple(self._missing)[:MISSING_AT_ONCE]:
                self._fetch_one(letter)
            received = self._views.letters_received(self._officer, after=self._received_to, limit=LETTERS_AT_ONCE)
            for one in received:
                self._fetch_one(one.letter)
                self._received_to = one.position
        except DocumentsUnreachableError:
            # Each further one would wait as long for nobody to answer.
            return

    def _fetch_one(self, letter: LetterId) -> None:
        """Fetch the documents of a letter; raise `DocumentsUnreachableError` if nobody answers."""
        body, documents = letter_body(self._station, letter), self._station.parts.documents
        was_here = all(documents.is_here(document.sha256) for document in (body.cover, *body.documents))
        was_missing = letter in self._missing
        self._missing.pop(letter, None)
        try:
            require_documents(self._station, letter)
        except DocumentsUnreachableError:
            raise
        except DocumentError as error:
            # At the end, so that the others have their turn.
            self._missing[letter] = None
            if not was_missing:
                self._tell(DutyReport(duty=Duty.NOT_FETCHED, letter=letter, why=str(error)))
        else:
            if not was_here:
                self._tell(DutyReport(duty=Duty.FETCHED, letter=letter))

    def _wait(self) -> None:
        try:
            self._station.parts.ledger.wait(self._station.parts.store.next_position(), WAIT_S)
        except LedgerUnreachableError as error:
            self._once(Duty.UNREACHABLE, str(error))
            self._pause_s = WAIT_S

    def _once(self, duty: Duty, why: str, *, count: int | None = None) -> None:
        """Tell something that lasts, once until it changes."""
        if self._told.get(duty) != why:
            self._told[duty] = why
            self._tell(DutyReport(duty=duty, why=why, count=count))
