"""Cosignatures: what a witness says of a checkpoint, and when (C2SP, tlog-cosignature).

A cosignature says: at this time, the largest head of this log that I saw, consistent with all that I saw before, is this.
Enough witnesses of the reader's own choice make a head one that nobody can hide another one behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from domain.checkpoints import CheckpointPair
from domain.errors import DomainError
from domain.ids import DIGEST_SIZE_BYTES
from domain.notes import (
    MAX_SIZE,
    Note,
    NoteInvalidError,
    SignatureLine,
    SignatureType,
    key_id,
    parse_verifier_key,
    verifier_key,
)
from domain.signatures import ED25519, SignatureInvalidError, ed25519_spki, verify_signature

TIME_SIZE_BYTES: Final = 8


class QuorumMissingError(DomainError):
    """Too few of the reader's witnesses have cosigned: nothing is wrong, but it is not verified either."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WitnessKey:
    """A witness as a reader knows it: its name and its Ed25519 key (32 bytes)."""

    name: str
    ed25519: bytes

    @property
    def key_id(self) -> bytes:
        """The id by which its lines are found."""
        return key_id(self.name, SignatureType.COSIGNATURE, self.ed25519)

    def encoded(self) -> str:
        """Return the key as a verifier key: `name+id+base64`."""
        return verifier_key(self.name, SignatureType.COSIGNATURE, self.ed25519)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cosignature:
    """A cosignature that has verified: which witness, and at what time in seconds UTC, as it says itself."""

    name: str
    at_s: int


def parse_witness_key(text: str) -> WitnessKey:
    """Return the witness of a verifier key (type 0x04); raise `NoteInvalidError` if it is not exactly that."""
    name, ed25519 = parse_verifier_key(text, SignatureType.COSIGNATURE, DIGEST_SIZE_BYTES)
    return WitnessKey(name=name, ed25519=ed25519)


def cosignature_message(text: str, at_s: int) -> bytes:
    """Return what a witness signs: two lines, and the text of the note (tlog-cosignature, "Ed25519 signed message")."""
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()


def cosignature_line(text: str, witness: WitnessKey, sign: Callable[[bytes], bytes], at_s: int) -> SignatureLine:
    """Return a witness's line under a note; `sign` is its Ed25519 key, `at_s` the time in seconds UTC."""
    signature = sign(cosignature_message(text, at_s))
    return SignatureLine(name=witness.name, key_id=witness.key_id, signature=encode_time(at_s) + signature)


def cosignatures(note: Note, witnesses: Iterable[WitnessKey]) -> tuple[Cosignature, ...]:
    """Return the cosignatures of these witnesses under a note, the earliest first; each has verified.

    Lines of other keys are passed over. A key that is named twice counts once, under its first name: the signature does not
    say the name. Raises `NoteInvalidError` if a line of one of the witnesses does not verify.
    """
    found: dict[bytes, Cosignature] = {}
    for witness in witnesses:
        line = note.line_of(witness.name, witness.key_id)
        if line is not None:
            cosignature = _verified(note.text, witness, line)
            found.setdefault(witness.ed25519, cosignature)
    return tuple(sorted(found.values(), key=lambda cosignature: (cosignature.at_s, cosignature.name)))


def require_quorum(note: Note, witnesses: Sequence[WitnessKey], k: int) -> int:
    """Return the time, in seconds UTC, of the k-th cosignature under a note by these witnesses.

    Raises `QuorumMissingError` if fewer than k have cosigned (or k is not positive: then no number of them would do), and
    `NoteInvalidError` if a line of one of them does not verify.
    """
    found = cosignatures(note, witnesses)
    if k < 1 or len(found) < k:
        msg = f"{len(found)} of {len(witnesses)} witnesses have cosigned this checkpoint, and {k or 'a number of them'} must have"
        raise QuorumMissingError(msg)
    return found[k - 1].at_s


def require_pair_quorum(pair: CheckpointPair, witnesses: Sequence[WitnessKey], k: int) -> int:
    """Return the time from which on both notes of a pair have had k cosignatures; raises as `require_quorum`."""
    return max(require_quorum(note, witnesses, k) for note in (pair.records, pair.verdicts))


def encode_time(at_s: int) -> bytes:
    """Return the time before a timestamped signature: u64, seconds UTC."""
    return at_s.to_bytes(TIME_SIZE_BYTES)


def parse_timestamped(line: SignatureLine, size_bytes: int) -> tuple[int, bytes]:
    """Return time and signature of a timestamped signature of this size; raise `NoteInvalidError` otherwise."""
    at_s, signature = int.from_bytes(line.signature[:TIME_SIZE_BYTES]), line.signature[TIME_SIZE_BYTES:]
    if len(line.signature) != TIME_SIZE_BYTES + size_bytes or not 0 < at_s <= MAX_SIZE:
        msg = f"the line of {line.name} holds no time and signature of {size_bytes} bytes"
        raise NoteInvalidError(msg)
    return at_s, signature


def _verified(text: str, witness: WitnessKey, line: SignatureLine) -> Cosignature:
    at_s, signature = parse_timestamped(line, 64)
    message = cosignature_message(text, at_s)
    try:
        verify_signature(algorithm=ED25519, spki=ed25519_spki(witness.ed25519), signature=signature, message=message)
    except SignatureInvalidError as error:
        msg = f"the cosignature of {witness.name} does not verify: {error}"
        raise NoteInvalidError(msg) from error
    return Cosignature(name=witness.name, at_s=at_s)
