"""Following a ledger: read slots, verify their signatures beside that, judge them in order, store each batch at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.errors import ClockBehindLedgerError, ForeignLedgerError, StoreMovedError
from adapters.ledger import Ledger, Slot
from adapters.store.holdings import pin_ledger
from adapters.store.ledger_store import LedgerStore
from adapters.verifying import CHUNK_SIZE, Verifications, Verifier
from adapters.view import StoreView
from domain.certificates import CertificateRefusedError, parse_certificate
from domain.errors import UpgradeNeededError
from domain.events import KeyEnrolled
from domain.genesis import judge_genesis
from domain.ids import Digest, sha256
from domain.judge import Bench, check_of, judge, signer_keys
from domain.ledger_time import is_ahead, ledger_time
from domain.reading import Opened, Reading, read_record
from domain.signatures import Check
from domain.verdicts import Judged, Verdict
from schemas.codec import RULES_VERSIONS, LedgerCodec, schema_set_digest

BATCH_LIMIT: Final = 500
"""Records judged and stored in one transaction: large enough that a sync costs little, small enough to see progress."""

Progress = Callable[[int, int], None]
"""Told (next position, end) after each batch."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeAlarm:
    """A record's stored time lay more than ten minutes before that of the record before it."""

    position: int
    stored_at_ms: int
    previous_ms: int


class Follower:
    """Brings a store up to a ledger's end. Several processes may follow into one store: who comes second reads again."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        store: LedgerStore,
        codec: LedgerCodec,
        verifier: Verifier,
        identity: Digest | None,
        now_ms: Callable[[], int],
    ) -> None:
        """Follow `ledger` into `store`; `identity` is the ledger's pinned identity (None: trust the first one seen)."""
        self._ledger = ledger
        self._store = store
        self._codec = codec
        self._verifier = verifier
        self._identity = identity
        self._now_ms = now_ms
        self._digests = held_schema_digests()
        self.view = StoreView(store)
        self._last: Verdict | None = None
        self.alarms: list[TimeAlarm] = []

    @property
    def bench(self) -> Bench:
        """What the judge works with, for rehearsals."""
        return Bench(codec=self._codec, schema_digests=self._digests)

    def catch_up(
        self,
        *,
        until: int | None = None,
        proceed: Callable[[], bool] = lambda: True,
        progress: Progress | None = None,
        trust_times_ahead: bool = False,
    ) -> int:
        """Judge and store everything up to the ledger's end (or `until`) while `proceed()`; return the next position.

        Raises, after storing what stands before it: `ClockBehindLedgerError` before a record that is stamped more than ten
        minutes ahead of this machine's clock (unless `trust_times_ahead`), and `UpgradeNeededError` before one that is to be
        judged by rules which this program does not hold.
        """
        while proceed():
            start = self._store.next_position()
            self.view.stand_at(start)
            limit = BATCH_LIMIT if until is None else min(BATCH_LIMIT, until - start)
            slots = self._ledger.read(start, limit) if limit > 0 else ()
            if not slots:
                return start
            try:
                self._judge_and_store(slots, trust_times_ahead=trust_times_ahead)
            except BaseException as error:
                # Nothing may be judged upon what was judged and not stored.
                self.view.forget()
                # If another process of this station stored these records first, go on from where it is now.
                if not isinstance(error, StoreMovedError) or self._store.next_position() <= start:
                    raise
            if progress is not None:
                progress(self._store.next_position(), self._ledger.end())
        return self._store.next_position()

    def _judge_and_store(self, slots: Sequence[Slot], *, trust_times_ahead: bool) -> None:
        last = self._last_verdict(slots[0].position)
        stopped: ClockBehindLedgerError | UpgradeNeededError | None = None
        previous = last.at if last else None
        with self._verifier.ahead() as verifications:
            readings = self._read(slots, verifications, known_before=last is not None)
            bench = Bench(codec=self._codec, schema_digests=self._digests, verify=verifications.verify)
            try:
                for slot, reading in zip(slots, readings, strict=True):
                    if not trust_times_ahead:
                        self._require_time_passed(slot)
                    judged = self._judge(bench, slot, reading, previous)
                    previous = judged.verdict.at
                    self.view.add(judged)
            except (ClockBehindLedgerError, UpgradeNeededError) as error:
                stopped = error
        if self.view.pending:
            if last is None:
                # Before the batch, so that no store with records is ever without it, whenever this process ends.
                pin_ledger(self._store, self._ledger.identity(), self.view.pending[0].verdict.identity)
            self._store.write(self.view.pending, self.view.changed_states(), self.view.committed_inboxes())
            self._last = self.view.pending[-1].verdict
            self.view.settle()
        if stopped is not None:
            raise stopped

    def _last_verdict(self, position: int) -> Verdict | None:
        """Return the verdict before a position; raise `StoreMovedError` if the store does not end there."""
        if self._last is None or self._last.position + 1 != position:
            self._last = self._store.last_verdict()
        if (self._last.position + 1 if self._last else 0) != position:
            raise StoreMovedError(position)
        return self._last

    def _require_time_passed(self, slot: Slot) -> None:
        now_ms = self._now_ms()
        if is_ahead(slot.stored_at_ms, now_ms):
            raise ClockBehindLedgerError(slot.position, slot.stored_at_ms or 0, now_ms)

    def _judge(self, bench: Bench, slot: Slot, reading: Reading, previous: int | None) -> Judged:
        if previous is None:
            judged = judge_genesis(bench, self.view, reading, slot.stored_at_ms)
            if self._identity is not None and judged.verdict.identity != self._identity:
                raise ForeignLedgerError(self._identity.hex(), judged.verdict.identity.hex())
            return judged
        time = ledger_time(slot.stored_at_ms, previous)
        if time.jumped_back:
            self.alarms.append(TimeAlarm(position=slot.position, stored_at_ms=time.at, previous_ms=previous))
        return judge(bench, self.view, reading, position=slot.position, at=time.at)

    def _read(self, slots: Sequence[Slot], verifications: Verifications, *, known_before: bool) -> list[Reading]:
        """Read records, have their signatures verified meanwhile, and fetch in one go what judging them will ask for."""
        readings: list[Reading] = []
        enrolled_here: dict[Digest, bytes] = {}
        for slot in slots:
            reading = read_record(slot.record, self._codec)
            readings.append(reading)
            opened = reading.opened
            if opened is not None:
                keys = signer_keys(self.view, opened) if known_before else [None] * len(opened.body.header.signers)
                for check in _expected_checks(opened, keys, enrolled_here):
                    verifications.expect(check)
                if isinstance(opened.body, KeyEnrolled):
                    enrolled_here.update(_key_in(opened.body.certificate))
        if len(readings) > CHUNK_SIZE:
            verifications.begin()
        self.view.fetch([reading.opened for reading in readings if reading.opened is not None])
        return readings


def _expected_checks(opened: Opened, keys: Sequence[bytes | None], enrolled_here: Mapping[Digest, bytes]) -> Iterator[Check]:
    """Yield the verifications that the judge will probably ask for; the others it asks for one by one."""
    signers, signatures = opened.body.header.signers, opened.event.signatures
    if len(signatures) != len(signers):
        return
    for digest, known, value in zip(signers, keys, signatures, strict=True):
        spki = known or enrolled_here.get(digest)
        if spki is not None:
            yield check_of(spki, value, opened.message)


def _key_in(certificate: bytes) -> dict[Digest, bytes]:
    try:
        return {sha256(certificate): parse_certificate(certificate).spki}
    except CertificateRefusedError:
        return {}


@functools.cache
def held_schema_digests() -> dict[int, Digest]:
    """Return the digest of the schema set of each version of the rules that this program holds."""
    return {version: schema_set_digest(version) for version in RULES_VERSIONS}
