"""A station: it follows one ledger into its own store, rehearses and signs what its officers say, and submits it.

It shares nothing with other stations but the ledger's location. `cli.wiring` puts one together.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from adapters.checkpoints import Checkpoints
from adapters.documents_shared import StationDocuments
from adapters.errors import AdapterError, LedgerUnreachableError
from adapters.follower import Follower, Progress
from adapters.keyring import Keyring, OfficerSigner
from adapters.ledger_guard import LedgerGuard
from adapters.queue import Queue
from adapters.store.ledger_store import LedgerStore
from adapters.submitting import SUBMIT_WAIT_S, Outcome, Submitter, sign_payload, submission_of
from adapters.view import StoreView
from domain.changes import Change
from domain.events import Body
from domain.exchange import EXCHANGE_ID, Exchange, exchange
from domain.header import Header
from domain.ids import ROOT, Digest, EventId, OfficerId, OrgId
from domain.judge import rehearse
from schemas.codec import LedgerCodec

NOT_AFTER_MS: Final = 30 * 24 * 3600 * 1000
"""How long an event may be under way: a month covers a station that was cut off in winter (formats.md, `not_after`)."""


class Behind(StrEnum):
    """Why a store may not reach the ledger's end."""

    UNREACHABLE = "unreachable"
    UNREAD = "behind"


@dataclass(frozen=True, kw_only=True, slots=True)
class Freshness:
    """How far the store reaches: the next position, ledger time of the last record, and why it may be behind (None: it is not).

    `error` tells more of what is in the way, if anything is.
    """

    position: int
    at: int
    behind: Behind | None
    error: AdapterError | None = None

    @property
    def why(self) -> str:
        """What is in the way, for people."""
        return "" if self.error is None else str(self.error)


class Signatory(Protocol):
    """Whose signature an event will bear: his key itself is not needed to write its header."""

    @property
    def officer(self) -> OfficerId:
        """Who he is."""

    @property
    def certificate(self) -> Digest:
        """The digest of the certificate under which he signs."""

    @property
    def mandate(self) -> Digest | None:
        """The mandate under which he acts, if he speaks for another."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Utterance:
    """Something to be said: the body, who signs it, what it is about (so that wanting it twice is once), its documents."""

    body: Body
    signers: tuple[OfficerSigner, ...]
    intention: str
    documents: tuple[Digest, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class StationParts:
    """What a station is made of."""

    ledger: LedgerGuard
    store: LedgerStore
    follower: Follower
    queue: Queue
    submitter: Submitter
    keyring: Keyring
    documents: StationDocuments
    checkpoints: Checkpoints
    codec: LedgerCodec
    now_ms: Callable[[], int]
    country: str | None = None


class Station:
    """Follows, rehearses, signs, submits."""

    def __init__(self, parts: StationParts) -> None:
        """Take over the parts; the station closes them."""
        self.parts = parts

    @property
    def view(self) -> StoreView:
        """Everything that is known of the ledger, as far as the store reaches."""
        return self.parts.follower.view

    @property
    def exchange(self) -> Exchange:
        """The exchange as the ledger says it is; only after the genesis was read."""
        return exchange(self.view)

    @property
    def last_time(self) -> int:
        """Ledger time of the last record that is stored, 0 before the genesis."""
        last = self.parts.store.last_verdict()
        return last.at if last else 0

    def catch_up(
        self,
        *,
        budget_s: float | None = None,
        proceed: Callable[[], bool] = lambda: True,
        progress: Progress | None = None,
        trust_times_ahead: bool = False,
    ) -> Freshness:
        """Follow the ledger to its end while `proceed()`, at most `budget_s` (None: any time), and say how far it came.

        An unreachable ledger is no error here: the store answers as of where it is. A `HistoryError` or an unsafe ledger is.
        """
        deadline = None if budget_s is None else time.monotonic() + budget_s
        behind, unreachable = None, None

        def within() -> bool:
            return proceed() and (deadline is None or time.monotonic() < deadline)

        try:
            position = self.parts.follower.catch_up(proceed=within, progress=progress, trust_times_ahead=trust_times_ahead)
            if position < self.parts.ledger.end():
                behind = Behind.UNREAD
            elif self.view.get(EXCHANGE_ID) is not None:
                self.parts.checkpoints.follow(self.exchange, within)
        except LedgerUnreachableError as error:
            behind, unreachable = Behind.UNREACHABLE, error
        return Freshness(position=self.parts.store.next_position(), at=self.last_time, behind=behind, error=unreachable)

    def signer(self, officer: OfficerId) -> OfficerSigner:
        """Return an officer's key at this station, in force now; raise `KeyringError` if there is none."""
        return self.parts.keyring.signer_for(officer, self.view, self.rehearsal_time)

    @property
    def rehearsal_time(self) -> int:
        """The ledger time that a record appended now would probably get."""
        return max(self.last_time, self.parts.now_ms())

    def header(self, organisation: OrgId | str, signers: Sequence[Signatory]) -> Header:
        """Return the header of something that the first signer says for an organisation ("": the roots)."""
        now = self.parts.now_ms()
        return Header(
            ledger=self.exchange.identity,
            event_id=new_event_id(now),
            organisation=OrgId(organisation),
            officer=signers[0].officer if organisation else ROOT,
            mandate=signers[0].mandate,
            signers=tuple(signer.certificate for signer in signers),
            signed_at=now,
            not_after=now + NOT_AFTER_MS,
            seen=self.parts.checkpoints.seen(self.exchange),
        )

    def witnessed_size(self) -> int:
        """Return how many records are covered by checkpoints that enough of this station's witnesses cosigned."""
        return self.parts.checkpoints.witnessed_size(self.exchange)

    def rehearse(self, body: Body) -> tuple[Change, ...]:
        """Return what a body would change if it were appended now; raise `RejectedError` with the verdict's reason."""
        position = self.parts.store.next_position()
        return rehearse(self.parts.follower.bench, self.view, body, position=position, at=self.rehearsal_time)

    def submit(self, said: Sequence[Utterance], *, wait_s: float = SUBMIT_WAIT_S) -> tuple[Outcome, ...]:
        """Sign each body, queue them all, bring them to the ledger, and return what became of each."""
        submissions = [
            submission_of(
                self.parts.codec,
                sign_payload(self.parts.codec, one.body, [signer.signer for signer in one.signers]),
                intention=one.intention,
                act=one.body.TYPE,
                officer=one.body.header.officer,
                documents=one.documents,
                queued_at=self.parts.now_ms(),
            )
            for one in said
        ]
        return self.parts.submitter.submit(submissions, wait_s=wait_s)

    def close(self) -> None:
        """Let go of files and connections."""
        self.parts.ledger.close()
        self.parts.checkpoints.board.close()
        self.parts.documents.close()
        self.parts.queue.close()
        self.parts.store.close()


def new_event_id(now_ms: int) -> EventId:
    """Return a new event id: UUID version 7 (RFC 9562, section 5.7) of a time in milliseconds and 74 random bits."""
    random = int.from_bytes(os.urandom(10), "big")
    value = (now_ms & (2**48 - 1)) << 80 | 0x7 << 76 | (random >> 68) << 64 | 0b10 << 62 | random & (2**62 - 1)
    return EventId(uuid.UUID(int=value).bytes)
