"""The fast way through a ledger: only hashes, for an auditor who trusts a cosigned checkpoint up to its size.

Recomputed are the leaf of every record and the root over them, so that every byte of every record below the checkpoint is the
one that operator and witnesses signed for. Not recomputed are signatures and verdicts: whether an event was accepted is taken
from whoever signed. A station's store can add its verdicts, whose root must be the signed one too. A random sample of events
can have their signatures verified besides.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from adapters.audit_findings import FindingCode, Report
from adapters.follower import Progress
from adapters.ledger import READ_LIMIT_SLOTS, Ledger
from domain.certificates import CertificateRefusedError, parse_certificate
from domain.codec import Codec
from domain.events import KeyEnrolled, LedgerOpened, RootChanged
from domain.ids import Digest, sha256
from domain.judge import check_of
from domain.reading import Opened, read_record
from domain.signatures import SignatureInvalidError, verify_check
from domain.tree import Frontier, leaf_hash
from domain.verdicts import Verdict

TYPE_WITHIN_BYTES: Final = 128
"""An envelope begins with its type; of those not in the sample only events that name keys are opened."""
_NAMES_KEYS: Final = tuple(f".{event.TYPE}.v".encode() for event in (LedgerOpened, KeyEnrolled, RootChanged))


class Sample:
    """A random sample of records whose signatures are verified, by the keys that stand on the ledger before them.

    Whether a key was enrolled rightly is not judged; that is what the verdict of its enrolment says.
    """

    def __init__(self, codec: Codec, report: Report, *, size: int, count: int, seed: int) -> None:
        """Choose `count` of the positions below `size`; the same seed chooses the same."""
        self.positions: Final = frozenset(random.Random(seed).sample(range(size), min(count, size)))  # noqa: S311 - no secret
        self.verified = 0
        self._codec = codec
        self._report = report
        self._keys: dict[Digest, bytes] = {}

    def see(self, position: int, record: bytes, verdict: Verdict | None) -> None:
        """Learn the keys that a record names, and verify its signatures if it is in the sample; come in ledger order."""
        chosen = position in self.positions
        if not chosen and not any(name in record[:TYPE_WITHIN_BYTES] for name in _NAMES_KEYS):
            return
        opened = read_record(record, self._codec).opened
        if opened is not None:
            self._keys.update(_keys_named(opened))
        if not chosen:
            return
        problem = self._problem(opened)
        if problem is None:
            self.verified += 1
        elif verdict is None:
            self._report(FindingCode.SIGNATURE_UNVERIFIED, position, problem)
        elif verdict.is_authentic:
            self._report(FindingCode.SIGNATURE_WRONG, position, problem)

    def _problem(self, opened: Opened | None) -> str | None:
        if opened is None:
            return "it is no event"
        signers, signatures = opened.body.header.signers, opened.event.signatures
        if len(signers) != len(signatures):
            return "it has not one signature for each signer"
        for signer, value in zip(signers, signatures, strict=True):
            spki = self._keys.get(signer)
            if spki is None:
                return f"nothing before it names the key {signer.hex()}"
            try:
                verify_check(check_of(spki, value, opened.message))
            except SignatureInvalidError as error:
                return str(error)
        return None


@dataclass(kw_only=True, slots=True)
class Hashed:
    """What hashing found: how far it came, the identity of the first event, and roots at the sizes asked for.

    `verdict_roots` are those of verdicts that somebody gave, as far as he did; nobody judged anything here.
    """

    end: int = 0
    identity: Digest | None = None
    record_roots: dict[int, Digest] = field(default_factory=dict)
    verdict_roots: dict[int, Digest] = field(default_factory=dict)

    def roots_at(self, size: int) -> tuple[Digest, None]:
        """Return what was recomputed at a size that was asked for."""
        return self.record_roots[size], None


def hash_ledger(  # noqa: PLR0913 - what is hashed, what is asked of it, who is told
    ledger: Ledger,
    codec: Codec,
    found: Hashed,
    *,
    end: int,
    sizes: Collection[int],
    sample: Sample | None = None,
    verdicts: Iterator[Verdict] | None = None,
    progress: Progress | None = None,
) -> None:
    """Walk a ledger up to `end` and write its roots at these sizes; `verdicts` are those of a store, from position 0 on.

    A batch of records is in memory. Raises what the ledger raises; what was found until then stands.
    """
    records_tree, verdicts_tree = Frontier(), Frontier()
    for stop in sorted({one for one in sizes if 0 < one < end} | {end}):
        while found.end < stop:
            slots = ledger.read(found.end, min(READ_LIMIT_SLOTS, stop - found.end))
            if not slots:
                return
            records = [slot.record or b"" for slot in slots]
            if found.end == 0:
                opened = read_record(records[0], codec).opened
                found.identity = opened.identity if opened else None
            judged = _next(verdicts, len(records))
            if sample is not None:
                _show(sample, found.end, records, judged)
            records_tree, _ = records_tree.extend(map(leaf_hash, records))
            verdicts_tree, _ = verdicts_tree.extend(leaf_hash(verdict.leaf()) for verdict in judged)
            found.end = records_tree.size
            if progress is not None:
                progress(found.end, end)
        found.record_roots[stop] = records_tree.root()
        if verdicts_tree.size == stop:
            found.verdict_roots[stop] = verdicts_tree.root()


def _next(verdicts: Iterator[Verdict] | None, count: int) -> list[Verdict]:
    return [] if verdicts is None else list(islice(verdicts, count))


def _show(sample: Sample, start: int, records: Sequence[bytes], judged: Sequence[Verdict]) -> None:
    for place, record in enumerate(records):
        sample.see(start + place, record, judged[place] if place < len(judged) else None)


def _keys_named(opened: Opened) -> Iterator[tuple[Digest, bytes]]:
    """Yield the public keys that an event names, by the digests under which they sign."""
    body = opened.body
    certificates: tuple[bytes, ...] = ()
    if isinstance(body, LedgerOpened):
        certificates = (body.registrar.certificate,)
    elif isinstance(body, KeyEnrolled):
        certificates = (body.certificate,)
    if isinstance(body, LedgerOpened | RootChanged):
        yield from ((sha256(spki), spki) for spki in body.roots)
    for certificate in certificates:
        try:
            yield sha256(certificate), parse_certificate(certificate).spki
        except CertificateRefusedError:
            continue
