"""Logs to be witnessed, honest and forked, and a witness that watches them; for tests only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from adapters.fork_files import ForkFiles
from adapters.witness import Event, Witness, request_body
from adapters.witness_memory import WitnessMemory, create_memory
from domain.checkpoints import Checkpoint
from domain.cosignatures import cosignature_line
from domain.ids import Digest
from domain.notes import Note
from domain.proofs import consistency_path
from domain.tree import Frontier, leaf_hash
from tests.checkpoint_keys import AT_S, SeededOperator, SeededWitness, signed_note

OPERATOR = SeededOperator(1)
ORIGIN = "letters/" + "ab" * 32


class GrownLog:
    """A log of `size` leaves; two with another `story` share the first leaves only, up to `parts_at`."""

    def __init__(self, size: int, *, story: str = "", parts_at: int = 0, origin: str = ORIGIN) -> None:
        self.origin = origin
        leaves = [f"{'' if at < parts_at else story}{at}".encode() for at in range(size)]
        _, completed = Frontier().extend(leaf_hash(leaf) for leaf in leaves)
        self._nodes = {(level, index): digest for level, index, digest in completed}
        self._leaves = [leaf_hash(leaf) for leaf in leaves]

    def node(self, level: int, index: int) -> Digest:
        return self._nodes[level, index]

    def root(self, size: int) -> Digest:
        return Frontier().extend(self._leaves[:size])[0].root()

    def note(self, size: int, operator: SeededOperator = OPERATOR) -> Note:
        return signed_note(Checkpoint(origin=self.origin, size=size, root=self.root(size)), operator)

    def proof(self, old_size: int, size: int) -> tuple[Digest, ...]:
        return consistency_path(old_size, size, self.node)

    def request(self, old_size: int, size: int) -> bytes:
        """Return the body of an honest request."""
        return request_body(old_size, self.proof(old_size, size), self.note(size))


@dataclass
class TestWitness:
    """A witness with its files in a folder, and what it told of."""

    __test__ = False

    folder: Path
    key: SeededWitness = field(default_factory=lambda: SeededWitness(7))
    now_s: Callable[[], int] = lambda: AT_S
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.file, self.mark = self.folder / "witness.sqlite", self.folder / "witness.mark"
        if not self.file.exists():
            create_memory(self.file, self.mark)
        self.memory = WitnessMemory(self.file, self.mark)
        watched = dict.fromkeys((ORIGIN, f"{ORIGIN}/verdicts"), (OPERATOR.public,))
        self.evidence = ForkFiles(self.folder / "forks")
        self.witness = Witness(watched, self.memory, self.evidence, self.sign, self.now_s, self.events.append)

    def sign(self, text: str, at_s: int) -> bytes:
        return cosignature_line(text, self.key.key, self.key.private.sign, at_s).encoded().encode()
