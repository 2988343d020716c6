"""A small ledger and all that is signed about it: what an auditor, a court or a committee gets to read in files.

Its operator signed two pairs of checkpoints and one of another history, three witnesses cosigned, its roots signed a trust
file; there are proofs of every leaf, evidence of the fork, and bundles of evidence.
"""

from __future__ import annotations

import functools
import io
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from adapters.documents_folder import FolderDocuments
from adapters.evidence_bundle import OlderTree, encode_older
from adapters.evidence_export import Sources, write_bundle
from adapters.follower import Follower
from adapters.ledger import Slot
from adapters.ledger_memory import MemoryLedger
from adapters.store.ledger_store import LedgerStore
from adapters.store.tiles import Log
from adapters.trust_files import Trust, TrustedAnchor, encode_trust, sign_trust
from adapters.verifying import Verifier
from domain.checkpoints import Checkpoint, CheckpointPair, parse_checkpoint
from domain.cosignatures import cosignatures
from domain.exchange import exchange
from domain.forks import Fork, fork_between
from domain.ids import Digest, sha256
from domain.log_proofs import LogProof
from tests.checkpoint_keys import SeededOperator, SeededWitness, signed_pair
from tests.court import population
from tests.fixed_exchange import DAY_MS, THRESHOLD, Clock, FixedExchange, shared_codec

OPERATOR: Final = SeededOperator(1)
WITNESSES: Final = tuple(SeededWitness(seed) for seed in (2, 3, 4))
STRANGER: Final = SeededWitness(5)
QUORUM: Final = 2
EARLIER: Final = 13


class Papers:
    """The ledger as it was followed, and what was signed."""

    def __init__(self) -> None:
        said = FixedExchange(Clock())
        records = [said.record(one) for one in (said.opening, *population(said))]
        self.now_ms = said.clock() + DAY_MS
        self.store = LedgerStore("sqlite://")
        self._follower = self._followed(records, said.clock())
        self.size = len(records)
        self.exchange = exchange(self._follower.view)
        self.pairs = tuple(self._pair(size, self.store.roots_at(size)) for size in (EARLIER, self.size))
        self.trust = self._trust(said)
        self.notes = tuple(note for pair in self.pairs for note in (pair.records, pair.verdicts))
        self.heads = frozenset(parse_checkpoint(note.text) for note in self.notes)
        keys = [witness.key for witness in WITNESSES]
        self.sightings = frozenset((note.text, one) for note in self.notes for one in cosignatures(note, keys))
        self.fork = self._fork()

    def log_of(self, head: Checkpoint) -> Log:
        """Return which log a head is of."""
        return Log.VERDICTS if head.origin.endswith("/verdicts") else Log.RECORDS

    def proofs(self) -> Iterator[LogProof]:
        """Yield proofs of some leaves of both logs, at both sizes."""
        for pair in self.pairs:
            for log, note in zip(Log, (pair.records, pair.verdicts), strict=True):
                for index in range(0, pair.size, 5):
                    yield LogProof(index=index, path=self.store.inclusion(log, index, pair.size), note=note)

    def older(self) -> tuple[bytes, ...]:
        """Return how both logs grew, as bundles tell it."""
        return tuple(encode_older(OlderTree(size=EARLIER, path=self.store.consistency(log, EARLIER, self.size))) for log in Log)

    def trust_file(self) -> bytes:
        """Return the trust file's bytes."""
        return encode_trust(self.trust)

    def bundle(self, *positions: int, older_size: int | None = None) -> bytes:
        """Return the bundle of some events, which name no documents."""
        target = io.BytesIO()
        with tempfile.TemporaryDirectory() as folder:
            sources = Sources(
                store=self.store,
                view=self._follower.view,
                documents=FolderDocuments(Path(folder)),
                codec=shared_codec(),
                pair=self.pairs[-1],
                anchors=tuple(anchor.certificate for anchor in self.exchange.anchors),
                root_changes=(),
            )
            write_bundle(target, sources, positions, single=len(positions) == 1, older_size=older_size)
        return target.getvalue()

    def _followed(self, records: Sequence[bytes], at_ms: int) -> Follower:
        ledger = MemoryLedger()
        ledger._slots.extend(Slot(position=at, record=record, stored_at_ms=at_ms) for at, record in enumerate(records))
        follower = Follower(
            ledger=ledger,
            store=self.store,
            codec=shared_codec(),
            verifier=Verifier(1),
            identity=None,
            now_ms=lambda: self.now_ms,
        )
        assert follower.catch_up() == len(records)
        return follower

    def _pair(self, size: int, roots: tuple[Digest, Digest]) -> CheckpointPair:
        name, identity = self.exchange.name, self.exchange.identity
        return signed_pair(name, identity, size, roots, OPERATOR, witnesses=(*WITNESSES, STRANGER))

    def _trust(self, said: FixedExchange) -> Trust:
        trust = Trust(
            version=1,
            identity=self.exchange.identity,
            name=self.exchange.name,
            valid_until_ms=self.now_ms + DAY_MS,
            roots=self.exchange.roots,
            threshold=self.exchange.threshold,
            checkpoint_keys=(OPERATOR.public,),
            witnesses=tuple(witness.key for witness in WITNESSES),
            quorum=QUORUM,
            anchors=tuple(TrustedAnchor(anchor=anchor, withdrawn_at_ms=None) for anchor in self.exchange.anchors),
        )
        for number in range(THRESHOLD):
            trust = sign_trust(trust, said.signers[f"root-{number + 1}"].signer)
        return trust

    def _fork(self) -> Fork:
        other = self._pair(EARLIER, (sha256(b"another history"), sha256(b"and its verdicts")))
        key = OPERATOR.public.ed25519
        return fork_between((other.records, key), (self.pairs[-1].records, key), functools.partial(self.store.node, Log.RECORDS))
