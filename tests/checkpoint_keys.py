"""Keys for checkpoints and witnesses with fixed seeds, and pairs of checkpoints that they sign; for tests only."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.checkpoint_signatures import CheckpointSigner, operator_lines
from domain.checkpoints import Checkpoint, CheckpointPair, checkpoint_text, record_origin, verdict_origin
from domain.cosignatures import WitnessKey, cosignature_line
from domain.events import CheckpointKey
from domain.ids import Digest
from domain.notes import Note

AT_S = 1_765_000_000


class SeededOperator:
    """An operator's key pair from one byte: what signs checkpoints in tests."""

    def __init__(self, seed: int) -> None:
        self._elliptic = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self._lattice = MLDSA44PrivateKey.from_seed_bytes(bytes([seed]) * 32)

    @property
    def public(self) -> CheckpointKey:
        elliptic = self._elliptic.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return CheckpointKey(ed25519=Digest(elliptic), ml_dsa_44=self._lattice.public_key().public_bytes_raw())

    def sign_ed25519(self, message: bytes) -> bytes:
        return self._elliptic.sign(message)

    def sign_ml_dsa_44(self, message: bytes) -> bytes:
        return self._lattice.sign(message)


class SeededWitness:
    """A witness's key from one byte."""

    def __init__(self, seed: int, name: str | None = None) -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.key = WitnessKey(name=name or f"witness.example/w{seed}", ed25519=public)

    def cosigned(self, note: Note, at_s: int = AT_S) -> Note:
        """Return a note with one line more, this witness's."""
        line = cosignature_line(note.text, self.key, self.private.sign, at_s)
        return Note(text=note.text, lines=(*note.lines, line))


def signed_note(checkpoint: Checkpoint, operator: CheckpointSigner, at_s: int = AT_S) -> Note:
    """Return a checkpoint's note with the operator's two lines."""
    text = checkpoint_text(checkpoint)
    return Note(text=text, lines=operator_lines(text, checkpoint.origin, operator, at_s))


def signed_pair(
    name: str,
    identity: Digest,
    size: int,
    roots: tuple[Digest, Digest],
    operator: CheckpointSigner,
    *,
    witnesses: Sequence[SeededWitness] = (),
) -> CheckpointPair:
    """Return a pair of checkpoints with the operator's lines, cosigned by witnesses."""
    records = signed_note(Checkpoint(origin=record_origin(name, identity), size=size, root=roots[0]), operator)
    verdicts = signed_note(Checkpoint(origin=verdict_origin(name, identity), size=size, root=roots[1]), operator)
    for witness in witnesses:
        records, verdicts = witness.cosigned(records), witness.cosigned(verdicts)
    return CheckpointPair(records=records, verdicts=verdicts)
