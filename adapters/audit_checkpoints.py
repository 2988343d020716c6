"""Checkpoints as an audit takes them: from the auditor's own files and from where the operator publishes them.

Whatever is published may have been written by anybody, so a pair counts only if the operator's lines verify; a witness's line
counts only if it verifies, and another one beside it does no harm. What an auditor holds himself is held to more: a file that
does not verify is a finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from adapters.audit_findings import FindingCode, Report
from adapters.trust_files import Trust
from domain.auditing import Conflict, Head, RootsAt, Sighting, contradictions
from domain.checkpoint_signatures import verify_pair
from domain.checkpoints import CheckpointPair, parse_pair
from domain.cosignatures import WitnessKey, cosignatures
from domain.events import CheckpointKey
from domain.notes import Note, NoteInvalidError

PUBLISHED: Final = "published"
_CODES: Final = {
    Conflict.TOO_SHORT: FindingCode.TOO_SHORT,
    Conflict.RECORDS: FindingCode.RECORDS_DIFFER,
    Conflict.VERDICTS: FindingCode.VERDICTS_DIFFER,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class VouchedHead:
    """A head that the operator signed: where it was found, and when enough witnesses had cosigned it (None: too few have)."""

    head: Head
    source: str
    final_at_ms: int | None


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
        self._keys = tuple(dict.fromkeys((*trust.checkpoint_keys, *keys)))
        self._report = report
        self._heads: dict[Head, VouchedHead] = {}
        self._held: set[Head] = set()
        self.sightings: list[Sighting] = []
        self.ignored = 0
        self.taken = 0

    @property
    def heads(self) -> tuple[VouchedHead, ...]:
        """Every head once, the smallest first."""
        return tuple(sorted(self._heads.values(), key=lambda one: one.head.size))

    def hold(self, raw: bytes, file: str) -> None:
        """Take a pair from a file of the auditor's own; report one that is none, or that the operator did not sign."""
        try:
            self._take(parse_pair(raw), file, held=True)
        except NoteInvalidError as error:
            self._report(FindingCode.CHECKPOINT_INVALID, None, f"{file}: {error}")

    def publish(self, raw: bytes) -> None:
        """Take a pair that somebody published; one that does not verify is counted and ignored."""
        try:
            self._take(parse_pair(raw), PUBLISHED, held=False)
        except NoteInvalidError:
            self.ignored += 1

    def check(self, *, end: int, roots_at: RootsAt) -> Standing:
        """Report what the heads contradict, of each other and of a ledger of `end` positions; return what is left standing."""
        self._check_forks()
        wrong = set()
        for found in contradictions(self._heads, end=end, roots_at=roots_at):
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
        return self._standing([one for one in self.heads if one.head not in wrong], end)

    def _standing(self, agreeing: list[VouchedHead], end: int) -> Standing:
        covered = max((one.head.size for one in agreeing if one.head in self._held), default=0)
        final = max((one for one in agreeing if one.final_at_ms is not None), key=lambda one: one.head.size, default=None)
        if final is None:
            quorum, known = self._trust.quorum, len(self._trust.witnesses)
            self._report(FindingCode.NOTHING_FINAL, 0, f"no checkpoint bears {quorum or 'any'} cosignatures of {known} witnesses")
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

    def _take(self, pair: CheckpointPair, source: str, *, held: bool) -> None:
        verify_pair(pair, self._trust.name, self._trust.identity, self._keys)
        self.taken += 1
        (records, verdicts), witnesses = pair.heads, self._trust.witnesses
        head = Head(size=records.size, records=records.root, verdicts=verdicts.root)
        times = [_times(note, witnesses) for note in (pair.records, pair.verdicts)]
        self.sightings.extend(Sighting(size=head.size, at_ms=at_ms) for at_ms in times[0])
        final = [_quorum_at(found, self._trust.quorum) for found in times]
        final_at_ms = None if None in final else max(one for one in final if one is not None)
        known = self._heads.get(head)
        if held:
            self._held.add(head)
        if known is None or (final_at_ms is not None and (known.final_at_ms is None or final_at_ms < known.final_at_ms)):
            self._heads[head] = VouchedHead(head=head, source=source, final_at_ms=final_at_ms)


def _times(note: Note, witnesses: Iterable[WitnessKey]) -> list[int]:
    """Return when each witness cosigned a note (milliseconds UTC), those whose line does not verify left out."""
    found: dict[bytes, int] = {}
    for witness in witnesses:
        try:
            for one in cosignatures(note, (witness,)):
                found[witness.ed25519] = one.at_s * 1000
        except NoteInvalidError:
            continue
    return sorted(found.values())


def _quorum_at(times: list[int], quorum: int) -> int | None:
    return times[quorum - 1] if 1 <= quorum <= len(times) else None
