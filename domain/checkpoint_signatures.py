"""The operator's two lines under a checkpoint: Ed25519 (type 0x01), and ML-DSA-44 with a time (type 0x06).

Both are required always: the first is the one that a signed event can carry (`header.seen`), the second stays hard to forge
when elliptic curves no longer are. C2SP, signed-note and tlog-cosignature; FIPS 204.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from domain.checkpoints import Checkpoint, CheckpointPair, parse_checkpoint, record_origin
from domain.cosignatures import encode_time, parse_timestamped
from domain.events import CheckpointKey
from domain.header import Seen
from domain.ids import Digest, sha256
from domain.notes import Note, NoteInvalidError, SignatureLine, SignatureType, key_id
from domain.signatures import ED25519, SignatureInvalidError, ed25519_spki, verify_signature

ML_DSA_44_SIGNATURE_SIZE_BYTES: Final = 2420
_SUBTREE_LABEL: Final = b"subtree/v1\n\x00"


class CheckpointSigner(Protocol):
    """Both private keys of an operator, wherever they are kept."""

    @property
    def public(self) -> CheckpointKey:
        """Both public keys."""
        ...

    def sign_ed25519(self, message: bytes) -> bytes:
        """Return the Ed25519 signature over a message."""
        ...

    def sign_ml_dsa_44(self, message: bytes) -> bytes:
        """Return the ML-DSA-44 signature over a message, with an empty context."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedPair:
    """A pair whose four lines of the operator have verified, and the key that signed them."""

    pair: CheckpointPair
    key: CheckpointKey


def operator_lines(text: str, origin: str, key: CheckpointSigner, at_s: int) -> tuple[SignatureLine, SignatureLine]:
    """Return the operator's two lines under a checkpoint's text; `at_s` is the time in seconds UTC."""
    elliptic, lattice = _key_ids(origin, key.public)
    message = subtree_message(parse_checkpoint(text), origin, at_s)
    return (
        SignatureLine(name=origin, key_id=elliptic, signature=key.sign_ed25519(text.encode())),
        SignatureLine(name=origin, key_id=lattice, signature=encode_time(at_s) + key.sign_ml_dsa_44(message)),
    )


def subtree_message(checkpoint: Checkpoint, cosigner: str, at_s: int) -> bytes:
    """Return what an ML-DSA-44 line signs of a whole tree (tlog-cosignature, "ML-DSA-44 signed message")."""
    start = 0
    return b"".join(
        (
            _SUBTREE_LABEL,
            _short(cosigner),
            encode_time(at_s),
            _short(checkpoint.origin),
            start.to_bytes(8),
            checkpoint.size.to_bytes(8),
            checkpoint.root,
        )
    )


def verify_operator(note: Note, key: CheckpointKey) -> Checkpoint:
    """Return the checkpoint of a note that bears both lines of the operator's key, whose name is the origin.

    Raises `NoteInvalidError` if it is no checkpoint, or if one of the two lines is missing or wrong. It does not check that
    the origin is that of any ledger, nor that the key is one of an operator; other lines are not looked at.
    """
    checkpoint = parse_checkpoint(note.text)
    elliptic, lattice = _key_ids(checkpoint.origin, key)
    verify_ed25519(note.text, key.ed25519, _line(note, checkpoint.origin, elliptic).signature)
    line = _line(note, checkpoint.origin, lattice)
    at_s, signature = parse_timestamped(line, ML_DSA_44_SIGNATURE_SIZE_BYTES)
    try:
        public = MLDSA44PublicKey.from_public_bytes(key.ml_dsa_44)
        public.verify(signature, subtree_message(checkpoint, checkpoint.origin, at_s))
    except (InvalidSignature, ValueError) as error:
        msg = f"the operator's ML-DSA-44 signature under {checkpoint.origin} at {checkpoint.size} does not verify"
        raise NoteInvalidError(msg) from error
    return checkpoint


def verify_pair(pair: CheckpointPair, name: str, identity: Digest, keys: Iterable[CheckpointKey]) -> VerifiedPair:
    """Return a pair of this ledger as one of `keys` signed it, all four lines of it.

    Raises `NoteInvalidError` if it is of another ledger, of an empty one, or not signed so by one of the keys. It does not
    check that the roots are those of any history.
    """
    origin = record_origin(name, identity)
    found = pair.heads[0]
    if found.origin != origin or found.size == 0:
        msg = f"the checkpoint is of {found.origin!r} at size {found.size}, and not one of {origin!r}"
        raise NoteInvalidError(msg)
    signers = [key for key in keys if pair.records.line_of(origin, _key_ids(origin, key)[0])]
    if not signers:
        msg = f"no key in force has signed the checkpoint of {origin} at size {found.size}"
        raise NoteInvalidError(msg)
    for note in (pair.records, pair.verdicts):
        verify_operator(note, signers[0])
    return VerifiedPair(pair=pair, key=signers[0])


def seen_of(verified: VerifiedPair) -> Seen:
    """Return what an event's header says of a pair that its station has verified (formats.md, "Signed event")."""
    (records, verdicts), key = verified.pair.heads, verified.key
    signatures = (
        _line(note, head.origin, _key_ids(head.origin, key)[0]).signature
        for note, head in ((verified.pair.records, records), (verified.pair.verdicts, verdicts))
    )
    signature, verdict_signature = signatures
    return Seen(
        size=records.size,
        root=records.root,
        verdict_root=verdicts.root,
        key=sha256(key.ed25519),
        signature=signature,
        verdict_signature=verdict_signature,
    )


def signed_at_s(verified: VerifiedPair) -> int:
    """Return when the operator says that he signed a pair, in seconds UTC: nobody else vouches for it."""
    head = verified.pair.heads[0]
    line = _line(verified.pair.records, head.origin, _key_ids(head.origin, verified.key)[1])
    return parse_timestamped(line, ML_DSA_44_SIGNATURE_SIZE_BYTES)[0]


def ed25519_line(origin: str, ed25519: Digest, signature: bytes) -> SignatureLine:
    """Return an operator's Ed25519 line with a signature that was carried elsewhere, as in `header.seen`."""
    return SignatureLine(name=origin, key_id=key_id(origin, SignatureType.ED25519, ed25519), signature=signature)


def verify_ed25519(text: str, ed25519: bytes, signature: bytes) -> None:
    """Raise `NoteInvalidError` unless this is the key's Ed25519 signature over a note's text. One line of two: see above."""
    try:
        verify_signature(algorithm=ED25519, spki=ed25519_spki(ed25519), signature=signature, message=text.encode())
    except SignatureInvalidError as error:
        msg = f"the operator's Ed25519 signature under {text.partition(chr(10))[0]} does not verify: {error}"
        raise NoteInvalidError(msg) from error


def _key_ids(origin: str, key: CheckpointKey) -> tuple[bytes, bytes]:
    return (
        key_id(origin, SignatureType.ED25519, key.ed25519),
        key_id(origin, SignatureType.ML_DSA_44_COSIGNATURE, key.ml_dsa_44),
    )


def _line(note: Note, origin: str, wanted: bytes) -> SignatureLine:
    line = note.line_of(origin, wanted)
    if line is None:
        msg = f"the operator's line {wanted.hex()} under {origin} is missing, and both of his are needed"
        raise NoteInvalidError(msg)
    return line


def _short(text: str) -> bytes:
    """Return a text behind its length in one byte (RFC 8446, section 3.4, opaque<1..255>)."""
    raw = text.encode()
    if not 0 < len(raw) <= 255:  # noqa: PLR2004 - what one byte counts
        msg = f"an origin has 1 to 255 bytes, not {len(raw)}"
        raise NoteInvalidError(msg)
    return bytes([len(raw)]) + raw
