"""An audit: a ledger from its location and a trust file, held against everything that anybody signed about it.

A full audit judges every record anew. One that trusts a cosigned checkpoint only recomputes hashes up to it
(`adapters.audit_hashes`). Each says what it checked and what it did not; nothing is concluded from what was not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from adapters.audit_checkpoints import Checkpoints, Standing
from adapters.audit_findings import FindingCode, Report
from adapters.audit_hashes import Hashed, Sample, hash_ledger
from adapters.audit_replay import Replay, check_place
from adapters.audit_store import AuditedStore
from adapters.audit_timestamps import check_stamped_times
from adapters.errors import HistoryError, LedgerRefusedError, LedgerUnreachableError, StoreError
from adapters.follower import Progress
from adapters.ledger import Ledger
from adapters.trust_files import Trust
from domain.forks import Fork, claims_of
from domain.header import Seen
from domain.ids import sha256
from domain.notes import NoteInvalidError
from domain.reasons import Reason
from schemas.codec import LedgerCodec

OTHER_STORE_FILE: Final = "store-compared.sqlite"
NOWHERE: Final = Standing(covered=0, final=0, final_at_ms=None)


class Check(StrEnum):
    """What an audit checks, or says that it did not."""

    GENESIS = "genesis"
    RECORDS = "records"
    SIGNATURES = "signatures"
    SAMPLE = "sample"
    VERDICTS = "verdicts"
    NUMBERS = "numbers"
    TIMES = "times"
    TIMESTAMPS = "timestamps"
    CHECKPOINTS = "checkpoints"
    STORE = "store"
    VIEWS = "views"
    COVERS = "covers"
    DOCUMENTS = "documents"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What an auditor brings: the trust file, his own pairs of checkpoints by the file they lie in, and the published ones."""

    trust: Trust
    held: Mapping[str, bytes]
    published: Iterable[bytes]


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What an audit came to: the ledger's end, how far it was audited, what was checked, how far it is vouched for.

    `forks` are evidence for anybody that the operator signed two histories.
    """

    end: int
    audited: int = 0
    at_ms: int | None = None
    reasons: Mapping[Reason, int] = field(default_factory=dict)
    standing: Standing = NOWHERE
    checkpoints: int = 0
    sampled: int = 0
    checked: list[Check] = field(default_factory=list)
    forks: list[Fork] = field(default_factory=list)


class FullAudit:
    """Judges a whole ledger anew, and holds it against checkpoints, the times of witnesses, and a station's store."""

    def __init__(self, ledger: Ledger, replay: Replay, evidence: Evidence, report: Report) -> None:
        self._ledger = ledger
        self._replay = replay
        self._evidence = evidence
        self._report = report

    def run(self, store: AuditedStore | None, now_ms: int, progress: Progress | None = None) -> Outcome:
        """Do all of it; raises what the ledger raises when it is asked for its end."""
        check_place(self._ledger, self._report)
        outcome = Outcome(end=self._ledger.end())
        whole = self._replay_beside(store, outcome, progress)
        replay = self._replay
        outcome.audited = replay.next_position
        trusted = Checkpoints(self._evidence.trust, replay.checkpoint_keys if outcome.audited else (), self._report)
        collect(trusted, self._evidence)
        outcome.standing = trusted.check(end=outcome.audited, roots_at=replay.roots_at, whole=whole)
        outcome.checkpoints = trusted.taken
        outcome.checked.append(Check.CHECKPOINTS)
        outcome.forks += trusted.forks(replay.store.node, outcome.audited)
        if outcome.audited:
            self._look_back(trusted, outcome, now_ms)
        return outcome

    def _replay_beside(self, store: AuditedStore | None, outcome: Outcome, progress: Progress | None) -> bool:
        """Replay to the end, and compare the store where it stands; tell whether the end was reached."""
        size = self._size_of(store)
        if store is None or size is None:
            return self._replay.run(outcome.end, self._report, progress)
        if size < outcome.end:
            self._report(FindingCode.STORE_BEHIND, size, f"{store.name} holds {size} of {outcome.end} positions")
        if not self._replay.next_position <= size <= outcome.end:
            whole = self._replay.run(outcome.end, self._report, progress)
            if whole:
                self._compare_elsewhere(store, size, outcome, progress)
            return whole
        if size and not self._replay.run(size, self._report, progress):
            return False
        if size:
            self._compare(store, self._replay, outcome)
        return self._replay.run(outcome.end, self._report, progress)

    def _size_of(self, store: AuditedStore | None) -> int | None:
        try:
            return None if store is None else store.next_position()
        except StoreError as error:
            self._report(FindingCode.STORE_UNREADABLE, None, str(error))
            return None

    def _compare_elsewhere(self, store: AuditedStore, size: int, outcome: Outcome, progress: Progress | None) -> None:
        """Compare a store that holds more than the ledger, or less than was replayed already: then beside another replay."""
        if size > outcome.end:
            what = f"{store.name} holds {size} positions, and the ledger ends at {outcome.end}"
            self._report(FindingCode.STORE_AHEAD, outcome.end, what)
            self._compare(store, self._replay, outcome)
        elif size:
            with closing(self._replay.another(OTHER_STORE_FILE)) as shorter:
                if shorter.run(size, self._report, progress):
                    self._compare(store, shorter, outcome)

    def _compare(self, store: AuditedStore, replay: Replay, outcome: Outcome) -> None:
        if store.compare(replay, self._report):
            outcome.checked.append(Check.STORE)

    def _look_back(self, trusted: Checkpoints, outcome: Outcome, now_ms: int) -> None:
        """Check what a replay makes possible: numbers, times, roots that changed, histories that others were shown."""
        replay = self._replay
        replay.check_numbers(self._report)
        replay.check_times(trusted.sightings, now_ms, self._report)
        if not check_stamped_times(replay, trusted.sightings, self._report):
            outcome.checked.append(Check.TIMESTAMPS)
        last = replay.store.last_verdict()
        outcome.at_ms = last.at if last else None
        outcome.reasons = replay.reasons()
        outcome.checked += [Check.GENESIS, Check.RECORDS, Check.SIGNATURES, Check.VERDICTS, Check.NUMBERS, Check.TIMES]
        self._check_trust()
        for position, seen in replay.seen_elsewhere():
            self._check_seen(trusted, outcome, position, seen)

    def _check_trust(self) -> None:
        """Note what the roots changed since the trust file was made."""
        trust, now = self._evidence.trust, self._replay.exchange
        in_force = {one.anchor.digest for one in trust.anchors if one.withdrawn_at_ms is None}
        changed = {
            "roots": {one.digest for one in trust.roots} != {one.digest for one in now.roots} or trust.threshold != now.threshold,
            "anchors": in_force != {one.digest for one in now.anchors},
            "checkpoint keys": not set(now.checkpoint_keys) <= set(trust.checkpoint_keys),
        }
        if names := [name for name, differs in changed.items() if differs]:
            self._report(FindingCode.TRUST_OLDER, None, f"the ledger names other {', '.join(names)} now")

    def _check_seen(self, trusted: Checkpoints, outcome: Outcome, position: int, seen: Seen) -> None:
        """Report an event whose station was shown another history, if the operator signed that one."""
        trust, replay = self._evidence.trust, self._replay
        key = next((one.ed25519 for one in trusted.keys if sha256(one.ed25519) == seen.key), None)
        if key is None:
            return
        try:
            claimed = claims_of(seen, trust.name, trust.identity, key)
        except NoteInvalidError:
            return
        self._report(FindingCode.FORK, position, f"its station was shown another history of {seen.size} positions")
        fork = trusted.fork(claimed, key, replay.store.node) if 0 < seen.size <= outcome.audited else None
        outcome.forks += [fork] if fork else []


class HashAudit:
    """Recomputes hashes only, for an auditor who trusts a checkpoint that operator and witnesses signed."""

    def __init__(self, ledger: Ledger, evidence: Evidence, report: Report) -> None:
        self._ledger = ledger
        self._evidence = evidence
        self._report = report

    def run(self, store: AuditedStore | None, *, sample: int, seed: int, progress: Progress | None = None) -> Outcome:
        """Do all of it; `sample` events have their signatures verified besides. Raises what the ledger raises at first."""
        check_place(self._ledger, self._report)
        outcome = Outcome(end=self._ledger.end())
        trusted = Checkpoints(self._evidence.trust, (), self._report)
        collect(trusted, self._evidence)
        cosigned = max((one.head.size for one in trusted.heads if one.final_at_ms is not None), default=0)
        if not cosigned:
            self._report(FindingCode.NO_COSIGNED_CHECKPOINT, None, f"{trusted.taken} checkpoints were looked at")
        codec = LedgerCodec()
        chosen = Sample(codec, self._report, size=min(cosigned, outcome.end), count=sample, seed=seed) if sample else None
        hashed = self._hash(codec, outcome, trusted, chosen, store, progress)
        outcome.audited = hashed.end
        outcome.standing = trusted.check(end=hashed.end, roots_at=hashed.roots_at, whole=hashed.end == outcome.end)
        outcome.checkpoints = trusted.taken
        outcome.checked += [Check.CHECKPOINTS, Check.RECORDS]
        if hashed.identity == self._evidence.trust.identity:
            outcome.checked.append(Check.GENESIS)
        self._check_verdicts(trusted, outcome, hashed)
        if chosen is not None:
            outcome.sampled = chosen.verified
            outcome.checked.append(Check.SAMPLE)
        return outcome

    def _check_verdicts(self, trusted: Checkpoints, outcome: Outcome, hashed: Hashed) -> None:
        """Hold the verdicts that a store gave, as far as it did, against the root that operator and witnesses signed."""
        final = next((one.head for one in trusted.agreeing if one.head.size == outcome.standing.final), None)
        given = hashed.verdict_roots.get(outcome.standing.final)
        if final is None or given is None:
            return
        outcome.checked.append(Check.VERDICTS)
        if given != final.verdicts:
            what = f"the store's verdicts have another root at size {final.size} than the one that was signed"
            self._report(FindingCode.STORE_DIFFERS, None, what)

    def _hash(
        self,
        codec: LedgerCodec,
        outcome: Outcome,
        trusted: Checkpoints,
        sample: Sample | None,
        store: AuditedStore | None,
        progress: Progress | None,
    ) -> Hashed:
        hashed = Hashed()
        try:
            hash_ledger(
                self._ledger,
                codec,
                hashed,
                end=outcome.end,
                sizes=[one.head.size for one in trusted.heads],
                sample=sample,
                verdicts=store.verdicts() if store else None,
                progress=progress,
            )
        except HistoryError as error:
            self._report(FindingCode.HISTORY_CHANGED, None, str(error))
        except (LedgerUnreachableError, LedgerRefusedError) as error:
            self._report(FindingCode.UNREACHABLE, hashed.end, str(error))
        identity = self._evidence.trust.identity
        if hashed.end and hashed.identity != identity:
            found = hashed.identity.hex() if hashed.identity else "no event"
            self._report(FindingCode.OTHER_LEDGER, 0, f"position 0 holds {found}, not {identity.hex()}")
        elif not hashed.end and not outcome.end:
            self._report(FindingCode.NOT_A_LEDGER, 0, "nothing stands on it")
        return hashed


def collect(checkpoints: Checkpoints, evidence: Evidence) -> None:
    """Take all pairs that the auditor brings, his own first."""
    for file, raw in evidence.held.items():
        checkpoints.hold(raw, file)
    for raw in evidence.published:
        checkpoints.publish(raw)
