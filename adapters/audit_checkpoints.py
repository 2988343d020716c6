"""Checkpoints as an audit takes them: from the auditor's own files and from where the operator publishes them.

Whatever is published may have been written by anybody, so a pair counts only if the operator's lines verify; a witness's line
counts only if it verifies, and another one beside it does no harm. What an auditor holds himself is held to more: a file that
does not verify is a finding.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from adapters.audit_findings import FindingCode, Report
from adapters.store.tiles import Log
from adapters.trust_files import Trust
from domain.auditing import Conflict, Head, RootsAt, Sighting, contradictions
from domain.checkpoint_signatures import VerifiedPair, verify_pair
from domain.checkpoints import CheckpointPair, parse_pair, record_origin
from domain.cosignatures import WitnessKey, cosignatures
from domain.events import CheckpointKey
from domain.forks import Fork, fork_between
from domain.ids import Digest
from domain.ledger_time import MS_PER_S
from domain.notes import Note, NoteInvalidError, SignatureType, key_id
from domain.proofs import ProofInvalidError
from domain.tree import TreeError

PUBLISHED: Final = "published"
_CODES: Final = {
    Conflict.TOO_SHORT: FindingCode.TOO_SHORT,
    Conflict.RECORDS: FindingCode.RECORDS_DIFFER,
    Conflict.VERDICTS: FindingCode.VERDICTS_DIFFER,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class VouchedHead:
    """A head that the operator signed: where it was found, and when enough witnesses had cosigned it (None: too few have).

    `verified` is the pair itself, kept of those that the auditor holds and of the newest one that was published.
    """

    head: Head
    source: str
    final_at_ms: int | None
    verified: VerifiedPair | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How far a ledger is vouched for: sizes 0 where it is not.

    `covered` is the largest size of which the auditor holds a checkpoint of his own, `final` the largest that enough witnesses
    cosigned, at `final_at_ms`; both only if the ledger agrees with it.
    """

    covered: int
    final: int
    final_at_ms: int | None


class Checkpoints:
    """Collects pairs, each verified as it comes; heads are kept, notes are not."""

    def __init__(self, trust: Trust, keys: Iterable[CheckpointKey], report: Report) -> None:
        """Take pairs signed by these keys or by those that the trust file names."""
        self._trust = trust
        self.keys: Final = tuple(dict.fromkeys((*trust.checkpoint_keys, *keys)))
        self._report = report
        self._heads: dict[Head, VouchedHead] = {}
        self._held: set[Head] = set()
        self.sightings: list[Sighting] = []
        self._newest: Head | None = None
        self.agreeing: tuple[VouchedHead, ...] = ()
        self.proven: list[Fork] = []
        self.ignored = 0
        self.taken = 0

    @property
    def heads(self) -> tuple[VouchedHead, ...]:
        """Every head once, the smallest first."""
        return tuple(sorted(self._heads.values(), key=lambda one: one.head.size))

    def hold(self, raw: bytes, file: str) -> None:
        """Take a pair from a file of the auditor's own; report one that is none, or that no known key of the operator signed."""
        try:
            pair = parse_pair(raw)
            if self._bears_a_known_key(pair):
                self._take(pair, file, held=True)
            else:
                self._report(FindingCode.CHECKPOINT_UNKNOWN, None, f"{file} is of {pair.heads[0].origin} at size {pair.size}")
        except NoteInvalidError as error:
            self._report(FindingCode.CHECKPOINT_INVALID, None, f"{file}: {error}")

    def publish(self, raw: bytes) -> None:
        """Take a pair that somebody published; one that does not verify is counted and ignored."""
        try:
            self._take(parse_pair(raw), PUBLISHED, held=False)
        except NoteInvalidError:
            self.ignored += 1

    def check(self, *, end: int, roots_at: RootsAt, whole: bool = True) -> Standing:
        """Report what the heads contradict, of each other and of a ledger of `end` positions; return what is left standing.

        Of a ledger that was not read as a whole, heads beyond `end` are neither here nor there.
        """
        self._check_forks()
        wrong = {head for head in self._heads if head.size > end and not whole}
        heads = [head for head in self._heads if head not in wrong]
        for found in contradictions(heads, end=end, roots_at=roots_at):
            wrong.add(found.head)
            vouched, size = self._heads[found.head], found.head.size
            what = f"the checkpoint at size {size} ({vouched.source})"
            if found.conflict is Conflict.TOO_SHORT:
                self._report(FindingCode.TOO_SHORT, end, f"the ledger ends at position {end}, and {what} counts more")
                continue
            roots = "records" if found.conflict is Conflict.RECORDS else "verdicts"
            self._report(
                _CODES[found.conflict],
                found.agreed,
                f"{what} has another root of the {roots}; what differs lies from position {found.agreed} to {size - 1}",
            )
        if self.ignored:
            self._report(
                FindingCode.CHECKPOINTS_IGNORED, None, f"{self.ignored} published ones bear no signature of the operator"
            )
        self.agreeing = tuple(one for one in self.heads if one.head not in wrong)
        return self._standing(self.agreeing, end)

    def fork(self, claimed: tuple[Note, Note], key: Digest, node: Callable[[Log, int, int], Digest]) -> Fork | None:
        """Return evidence that notes which an operator's key signed are of another history than this one, None without any.

        `node` gives the trees of this history, which are as large as the notes say at least. It needs a pair of this history
        at their size or later.
        """
        for held in reversed(self.agreeing):
            if held.verified is None:
                continue
            notes = (held.verified.pair.records, held.verified.pair.verdicts)
            for log, note, other in zip(Log, claimed, notes, strict=True):
                with contextlib.suppress(NoteInvalidError, ProofInvalidError, TreeError):
                    return fork_between((note, key), (other, held.verified.key.ed25519), partial(node, log))
        return None

    def forks(self, node: Callable[[Log, int, int], Digest], end: int) -> Iterator[Fork]:
        """Yield evidence for the auditor's own pairs that this history of `end` positions, or another of them, contradicts."""
        yield from self.proven
        for one in self.heads:
            if one.verified is not None and one not in self.agreeing and one.head.size <= end:
                pair = one.verified.pair
                fork = self.fork((pair.records, pair.verdicts), one.verified.key.ed25519, node)
                if fork is not None:
                    yield fork

    def _standing(self, agreeing: tuple[VouchedHead, ...], end: int) -> Standing:
        covered = max((one.head.size for one in agreeing if one.head in self._held), default=0)
        final = max((one for one in agreeing if one.final_at_ms is not None), key=lambda one: one.head.size, default=None)
        if final is None:
            quorum, known = self._trust.quorum, len(self._trust.witnesses)
            asked = f"no checkpoint that the ledger agrees with bears {quorum} cosignatures of {known} witnesses"
            what = asked if quorum else "the trust file asks for no witnesses"
            self._report(FindingCode.NOTHING_FINAL, 0, what)
        if not self._held:
            self._report(FindingCode.NOTHING_HELD, None, "the auditor holds no checkpoint of this ledger")
        if covered < end:
            self._report(FindingCode.NOT_COVERED, covered, f"no checkpoint that the auditor holds reaches beyond size {covered}")
        return Standing(covered=covered, final=final.head.size if final else 0, final_at_ms=final.final_at_ms if final else None)

    def _check_forks(self) -> None:
        first: dict[int, VouchedHead] = {}
        for one in self.heads:
            other = first.setdefault(one.head.size, one)
            if other is not one:
                what = f"two pairs at size {one.head.size} differ: {other.source} and {one.source}"
                self._report(FindingCode.FORK, one.head.size, what)
                self.proven += _forks_of_one_size(other.verified, one.verified)

    def _bears_a_known_key(self, pair: CheckpointPair) -> bool:
        origin = record_origin(self._trust.name, self._trust.identity)
        ids = (key_id(origin, SignatureType.ED25519, key.ed25519) for key in self.keys)
        return pair.heads[0].origin == origin and any(pair.records.line_of(origin, one) for one in ids)

    def _take(self, pair: CheckpointPair, source: str, *, held: bool) -> None:
        verified = verify_pair(pair, self._trust.name, self._trust.identity, self.keys)
        self.taken += 1
        (records, verdicts), witnesses = pair.heads, self._trust.witnesses
        head = Head(size=records.size, records=records.root, verdicts=verdicts.root)
        times = [_times(note, witnesses) for note in (pair.records, pair.verdicts)]
        self.sightings.extend(Sighting(size=head.size, at_ms=at_ms) for at_ms in times[0])
        final = [_quorum_at(found, self._trust.quorum) for found in times]
        final_at_ms = None if None in final else max(one for one in final if one is not None)
        if held:
            self._held.add(head)
        elif self._newest is None or self._newest.size <= head.size:
            self._forget(self._newest)
            self._newest = head
        self._remember(VouchedHead(head=head, source=source, final_at_ms=final_at_ms, verified=verified))

    def _remember(self, found: VouchedHead) -> None:
        """Keep a head with the earliest time at which it was final, and its pair only where that may be needed."""
        known = self._heads.get(found.head, found)
        times = [one for one in (known.final_at_ms, found.final_at_ms) if one is not None]
        keeps = found.head in self._held or found.head == self._newest
        verified = (known.verified or found.verified) if keeps else None
        source = known.source if found.source == PUBLISHED else found.source
        self._heads[found.head] = replace(found, source=source, final_at_ms=min(times, default=None), verified=verified)

    def _forget(self, head: Head | None) -> None:
        if head is not None and head not in self._held:
            self._heads[head] = replace(self._heads[head], verified=None)


def _forks_of_one_size(claimed: VerifiedPair | None, held: VerifiedPair | None) -> Iterator[Fork]:
    """Yield what proves to anybody that two pairs of one size are of two histories; none of a pair that was not kept."""
    if claimed is None or held is None:
        return
    notes = ((claimed.pair.records, held.pair.records), (claimed.pair.verdicts, held.pair.verdicts))
    for (one, other), root in zip(notes, held.pair.roots, strict=True):
        if one.text != other.text:
            keys = {"claimed_key": claimed.key.ed25519, "held_key": held.key.ed25519}
            yield Fork(**keys, claimed=one, held=other, root=root, path=())


def _times(note: Note, witnesses: Iterable[WitnessKey]) -> list[int]:
    """Return when each witness cosigned a note (milliseconds UTC), those whose line does not verify left out."""
    found: dict[bytes, int] = {}
    for witness in witnesses:
        try:
            for one in cosignatures(note, (witness,)):
                found[witness.ed25519] = one.at_s * MS_PER_S
        except NoteInvalidError:
            continue
    return sorted(found.values())


def _quorum_at(times: list[int], quorum: int) -> int | None:
    return times[quorum - 1] if 1 <= quorum <= len(times) else None
