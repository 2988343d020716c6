"""How a running station brings documents here before anybody asks for them, and says, if it is to, that they all came.

A letter is gone through again after each start, so a station that dies before it has said something says it then; what is on
the ledger already, or in the queue, is not said twice.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from adapters.correspondence import fetched, letter_body, require_documents
from adapters.documents import DocumentError, DocumentsUnreachableError
from adapters.errors import StationError
from adapters.keyring import OfficerSigner
from adapters.missed_terms import RETRY_S, SEND_WAIT_S
from adapters.station import Station, Utterance
from adapters.station_reports import Duty, DutyReport
from adapters.submitting import Deposited
from adapters.token_errors import TokenError
from domain.errors import RejectedError
from domain.ids import LetterId, OfficerId, OrgId
from domain.reasons import Reason

LETTERS_AT_ONCE: Final = 100
MISSING_AT_ONCE: Final = 20
"""So many letters are looked for anew in one round, so that those that never come do not keep the others waiting."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedLetter:
    """A letter that waits for somebody whom the station serves, and where it stands."""

    letter: LetterId
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingRecipient:
    """A recipient for whom a letter waits, and the organisation that speaks for it: itself, or its successor."""

    recipient: OrgId
    speaker: OrgId


class LetterViews(Protocol):
    """What this duty asks of the views; all raise `StoreUnreachableError` if the views' database cannot be used."""

    def letters_received(self, station: OfficerId, *, after: int, limit: int) -> Sequence[ReceivedLetter]:
        """Return letters behind a position that wait for those whom the station serves, in the order of the ledger."""

    def waiting_recipients(self, station: OfficerId, letter: LetterId) -> Sequence[WaitingRecipient]:
        """Return those whom the station serves and for whom a letter waits, by their ids."""


class Fetching:
    """Fetches documents in the rounds of a station; `officer` is its own id."""

    def __init__(  # noqa: PLR0913 - whom it works with, and how
        self,
        station: Station,
        views: LetterViews,
        officer: OfficerId,
        tell: Callable[[DutyReport], None],
        *,
        proceed: Callable[[], bool],
        record: bool,
        signer: Callable[[], OfficerSigner | None],
        put_off: Callable[[StationError], None],
    ) -> None:
        """Take what is worked with: `record` says on the ledger what is here, with `signer` and `put_off` as for missed terms."""
        self._station = station
        self._views = views
        self._officer = officer
        self._tell = tell
        self._proceed = proceed
        self._record = record
        self._signer = signer
        self._put_off = put_off
        self._received_to = -1
        self._missing: dict[LetterId, None] = {}
        self._unsaid: dict[LetterId, None] = {}
        self._say_at_s = 0.0

    def round(self) -> None:
        """Fetch what is not here, and say of which letters it all is."""
        # Each further one would wait as long for nobody to answer.
        with contextlib.suppress(DocumentsUnreachableError):
            self._fetch()
        if self._unsaid and self._say_at_s <= time.monotonic() and self._proceed():
            self._say(tuple(self._unsaid)[:LETTERS_AT_ONCE])

    def _fetch(self) -> None:
        for letter in tuple(self._missing)[:MISSING_AT_ONCE]:
            if not self._proceed():
                return
            self._fetch_one(letter)
        for one in self._views.letters_received(self._officer, after=self._received_to, limit=LETTERS_AT_ONCE):
            if not self._proceed():
                return
            self._fetch_one(one.letter)
            self._received_to = one.position

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
                self._tell(DutyReport(duty=Duty.NOT_FETCHED, letter=letter, error=error))
        else:
            if self._record:
                self._unsaid[letter] = None
            if not was_here:
                self._tell(DutyReport(duty=Duty.FETCHED, letter=letter))

    def _say(self, letters: Sequence[LetterId]) -> None:
        signer = self._signer()
        if signer is None:
            return
        try:
            said = [one for letter in letters for one in self._utterances(signer, letter)]
            outcomes = self._station.submit([utterance for _, utterance in said], wait_s=SEND_WAIT_S) if said else ()
        except RejectedError:
            # These rules do not know the event; later ones may.
            self._say_at_s = time.monotonic() + RETRY_S
            return
        except TokenError as error:
            # The token was pulled out since the last round: nothing was signed.
            self._put_off(error)
            return
        for letter in letters:
            del self._unsaid[letter]
        for (letter, _), outcome in zip(said, outcomes, strict=True):
            # What was not deposited is in the queue, which is sent in the rounds to come.
            if isinstance(outcome, Deposited):
                self._report(letter, outcome.verdict.reason, outcome.verdict.position)

    def _utterances(self, signer: OfficerSigner, letter: LetterId) -> Iterator[tuple[LetterId, Utterance]]:
        """Yield what is to be said of a letter; raise `RejectedError` if the rules in force know no such event."""
        for waiting in self._views.waiting_recipients(self._officer, letter):
            utterance = fetched(self._station, signer, waiting.speaker, letter, waiting.recipient)
            try:
                self._station.rehearse(utterance.body)
            except RejectedError as error:
                if error.reason is Reason.TYPE_UNKNOWN:
                    raise
                self._report(letter, error.reason)
            else:
                yield letter, utterance

    def _report(self, letter: LetterId, reason: Reason, position: int | None = None) -> None:
        if reason is Reason.ACCEPTED:
            self._tell(DutyReport(duty=Duty.FETCHED_SAID, letter=letter, position=position))
        elif reason is not Reason.ALREADY_FETCHED:
            self._tell(DutyReport(duty=Duty.FETCHED_REFUSED, letter=letter, reason=reason))
