"""Submitting: sign, keep in the queue, append, and read one's own record back until its verdict is known.

A crash or a time-out at any moment loses nothing: what is in the queue is sent again, in order, and a record that is on
the ledger already is only read back. A second copy would be judged a duplicate of the first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from adapters.documents import DocumentError
from adapters.errors import AppendUncertainError, LedgerRefusedError, LedgerUnreachableError, QueueError
from adapters.follower import Follower
from adapters.ledger import Headers, Ledger
from adapters.queue import Queue, Submission
from adapters.store.ledger_store import LedgerStore
from domain.catalogue import payload_type_of
from domain.events import Body
from domain.header import SignatureValue, SignedEvent
from domain.ids import Digest, sha256
from domain.reasons import Reason
from domain.signatures import pae
from domain.verdicts import Verdict
from schemas.codec import LedgerCodec

SUBMIT_WAIT_S: Final = 20.0
"""How long a command waits for the ledger before it says "queued": longer than a broker's change of leader usually takes."""
APPENDED_AT_ONCE: Final = 500
"""Records on their way at once: as many as are judged and stored in one transaction."""


class SigningKey(Protocol):
    """A key that signs bytes, and nothing else."""

    @property
    def algorithm(self) -> str:
        """The name of its signature algorithm, as in the envelope."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature over a message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deposited:
    """The ledger holds the event and this is its verdict: of the original, if the same event was there before."""

    identity: Digest
    verdict: Verdict
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Queued:
    """The event is signed and in the queue; `why` it is not known to be on the ledger yet."""

    identity: Digest
    why: str


Outcome = Deposited | Queued


def sign_payload(codec: LedgerCodec, body: Body, keys: Sequence[SigningKey]) -> SignedEvent:
    """Return the envelope of a body signed by each key in the order of the header's signers."""
    payload, payload_type = codec.encode_body(body), payload_type_of(type(body))
    message = pae(payload_type, payload)
    values = tuple(SignatureValue(algorithm=key.algorithm, signature=key.sign(message)) for key in keys)
    return SignedEvent(payload_type=payload_type, payload=payload, signatures=values)


def submission_of(  # noqa: PLR0913 - the fields of a submission
    codec: LedgerCodec,
    event: SignedEvent,
    *,
    intention: str,
    act: str,
    officer: str,
    documents: tuple[Digest, ...],
    queued_at: int,
) -> Submission:
    """Return a signed event as a submission for the queue."""
    return Submission(
        intention=intention,
        identity=sha256(pae(event.payload_type, event.payload)),
        act=act,
        officer=officer,
        record=codec.encode_envelope(event),
        documents=documents,
        queued_at=queued_at,
    )


class Submitter:
    """Brings what is in the queue to the ledger, and each submission to its verdict."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        follower: Follower,
        queue: Queue,
        publish: Callable[[tuple[Digest, ...]], tuple[tuple[str, bytes], ...]],
        headers: Callable[[Submission], tuple[tuple[str, bytes], ...]],
    ) -> None:
        """`publish` puts documents where the ledger's readers find them, and returns hints for the record's headers."""
        self._ledger = ledger
        self._store = store
        self._follower = follower
        self._queue = queue
        self._publish = publish
        self._headers = headers

    def submit(self, submissions: Sequence[Submission], *, wait_s: float = SUBMIT_WAIT_S) -> tuple[Outcome, ...]:
        """Queue submissions durably, send everything that waits, and return the outcome of each of these.

        One whose intention is in the queue or done already is not sent again: its first outcome is returned.
        """
        fresh = self._queue.add(submissions)
        why = self.send(wait_s=wait_s, fresh=fresh)
        return tuple(self.outcome(one.intention, why) for one in submissions)

    def settle(self) -> None:
        """Note in the queue whatever has its verdict now, without sending anything: what another run of this station sent."""
        self._note({})

    def outcome(self, intention: str, why: str = "the ledger has not answered yet") -> Outcome:
        """Return what became of an intention that was queued, at its last attempt; `why` explains one that still waits.

        Raises `QueueError` if it was dropped.
        """
        found = self._queue.find(intention) or self._queue.find_rejected(intention)
        if found is None:
            raise QueueError(f"{intention} is not in the queue: somebody took it out meanwhile. Nothing of it will be sent.")
        if found.position is None:
            return Queued(identity=found.identity, why=why)
        return self._deposited(found.identity, found.position)

    def send(self, *, wait_s: float = SUBMIT_WAIT_S, fresh: frozenset[Digest] = frozenset()) -> str:
        """Send everything in the queue, in order, and wait for the verdicts; return why something still waits ("": nothing).

        What is `fresh` was put into the queue just now, so it cannot be on the ledger already.
        """
        deadline = time.monotonic() + wait_s
        appended: dict[Digest, int] = {}
        try:
            waiting = self._queue.unfinished()
            if any(submission.identity not in fresh for submission in waiting):
                self._follower.catch_up(proceed=lambda: time.monotonic() < deadline)
                self._note(appended)
                waiting = self._queue.unfinished()
            for start in range(0, len(waiting), APPENDED_AT_ONCE):
                self._append(waiting[start : start + APPENDED_AT_ONCE], appended)
        except (LedgerUnreachableError, LedgerRefusedError, AppendUncertainError, DocumentError) as error:
            # What certainly was not written will not appear, however long one waits.
            if appended or isinstance(error, AppendUncertainError):
                self._read_back(appended, deadline)
            return str(error) if self._queue.unfinished() else ""
        return "the ledger did not show the record in time" if self._read_back(appended, deadline) else ""

    def _append(self, submissions: Sequence[Submission], appended: dict[Digest, int]) -> None:
        """Append records and note where they stand, also if it fails in their middle."""
        records: list[tuple[bytes, Headers]] = []
        failed: DocumentError | None = None
        for submission in submissions:
            try:
                hints = self._publish(submission.documents)
            except DocumentError as error:
                # What comes before it goes to the ledger all the same, and nothing that comes after it.
                failed = error
                break
            records.append((submission.record, (*self._headers(submission), *hints)))
        for number, position in enumerate(self._ledger.append_all(records)):
            appended[submissions[number].identity] = position
        if failed is not None:
            raise failed

    def _read_back(self, appended: dict[Digest, int], deadline: float) -> bool:
        """Follow the ledger until every submission has its verdict or the time is up; return whether something still waits."""
        # Usually everything stands below this; asking for the ledger's end as well would cost another question to a broker.
        until = max(appended.values()) + 1 if appended else None
        try:
            while True:
                self._follower.catch_up(until=until, proceed=lambda: time.monotonic() < deadline)
                until = None
                if not self._note(appended):
                    return False
                if time.monotonic() >= deadline:
                    return True
                self._ledger.wait(self._store.next_position(), min(1.0, max(0.0, deadline - time.monotonic())))
        except LedgerUnreachableError:
            return bool(self._queue.unfinished())

    def _note(self, appended: dict[Digest, int]) -> bool:
        """Note in the queue whatever has its verdict now; return whether something still waits."""
        done: list[tuple[Digest, int, bool]] = []
        waiting = self._queue.unfinished()
        for submission in waiting:
            position = appended.get(submission.identity)
            if position is None:
                position = self._store.position_of(submission.identity)
            verdict = self._store.verdict(position) if position is not None else None
            if verdict is None:
                continue
            counts = self._counting(verdict)
            done.append((submission.identity, counts.position, counts.is_accepted))
        if done:
            self._queue.finish(done)
        return len(done) < len(waiting)

    def _counting(self, verdict: Verdict) -> Verdict:
        if verdict.reason is Reason.DUPLICATE:
            return self._store.verdict(verdict.original) or verdict
        return verdict

    def _deposited(self, identity: Digest, position: int) -> Deposited:
        entry = self._store.entries(position, 1)[0]
        return Deposited(identity=identity, verdict=entry.verdict, detail=entry.detail)
