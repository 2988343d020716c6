"""Ratio 11: an audit that trusts a cosigned checkpoint and recomputes only hashes, by one that verifies every signature."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from adapters.audit import Evidence, FullAudit, HashAudit
from adapters.audit_findings import Findings, Gravity
from adapters.audit_replay import Replay
from adapters.ledger_sqlite import SqliteLedger
from adapters.trust_files import Trust, TrustedAnchor
from benchmarks.benchmark import Bench, Benchmark, Figure, scratch
from benchmarks.generator import NEVER_MS, Shape
from benchmarks.ledgers import generated_ledger, records_of
from benchmarks.pairing import LEAST_PAIRS, WALL, Direction, Pair, alternated, repeated, timed
from domain.checkpoints import encode_pair
from domain.ids import Digest
from domain.reading import read_record
from schemas.codec import LedgerCodec
from tests.checkpoint_keys import SeededOperator, SeededWitness, signed_pair

QUICK: Final = Shape(events=2_000, committees=20)
FULL: Final = Shape(events=10_000, committees=100)
OPERATOR: Final = SeededOperator(1)
WITNESS: Final = SeededWitness(2)


class Auditor:
    """Audits one ledger in a folder of his own, with a trust file and a checkpoint at the ledger's end."""

    def __init__(self, ledger: Path, folder: Path) -> None:
        """Make both out of a first replay."""
        self._folder = folder
        self._replays = itertools.count()
        self._identity = _identity_of(records_of(ledger)[0])
        self.ledger = SqliteLedger(ledger)
        with self._replay() as replay:
            replay.run(self.ledger.end(), Findings().report)
            exchange, roots = replay.exchange, replay.roots_at(replay.next_position)
        trust = Trust(
            version=1,
            identity=exchange.identity,
            name=exchange.name,
            valid_until_ms=NEVER_MS,
            roots=exchange.roots,
            threshold=exchange.threshold,
            checkpoint_keys=(OPERATOR.public,),
            witnesses=(WITNESS.key,),
            quorum=1,
            anchors=tuple(TrustedAnchor(anchor=anchor, withdrawn_at_ms=None) for anchor in exchange.anchors),
        )
        pair = signed_pair(exchange.name, exchange.identity, self.ledger.end(), roots, OPERATOR, witnesses=(WITNESS,))
        self._evidence = Evidence(trust=trust, held={"held.checkpoint": encode_pair(pair)}, published=())

    def full(self) -> float:
        """Audit with every signature and verdict; return how many events that were."""
        findings = Findings()
        with self._replay() as replay:
            outcome = FullAudit(self.ledger, replay, self._evidence, findings.report).run(None, NEVER_MS)
        return self._whole(outcome.audited, findings)

    def hashes(self) -> float:
        """Audit with hashes only; return how many events that were."""
        findings = Findings()
        outcome = HashAudit(self.ledger, self._evidence, findings.report).run(None, sample=0, seed=0)
        return self._whole(outcome.audited, findings)

    def _replay(self) -> contextlib.closing[Replay]:
        folder = self._folder / str(next(self._replays))
        return contextlib.closing(Replay(self.ledger, folder, identity=self._identity, threads=1, now_ms=lambda: NEVER_MS))

    def _whole(self, audited: int, findings: Findings) -> int:
        if audited != self.ledger.end() or findings.gravity is not Gravity.NOTED:
            msg = f"an audit of {audited} events found {dict(findings.counts)}"
            raise AssertionError(msg)
        return audited


def _identity_of(record: bytes) -> Digest:
    opened = read_record(record, LedgerCodec()).opened
    if opened is None:
        msg = "a generated ledger begins with its genesis"
        raise AssertionError(msg)
    return opened.identity


def _audit_hashes(bench: Bench) -> Iterator[Pair]:
    with scratch() as folder:
        auditor = Auditor(generated_ledger(FULL if bench.full else QUICK), folder)
        with contextlib.closing(auditor.ledger):
            yield from alternated(lambda: repeated(auditor.hashes, WALL), lambda: timed(auditor.full, WALL), LEAST_PAIRS)


AUDITS: Final = (
    Benchmark(
        figure=Figure(
            name="audit_hashes",
            what="events/s of an audit that recomputes only hashes by those of one that verifies every signature",
            goal=10,
            stretch=12,
            direction=Direction.HIGHER,
        ),
        pairs=_audit_hashes,
    ),
)
