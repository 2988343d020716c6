"""Signatures: what is signed, and the one strict verification of both algorithms (formats.md, "Signatures and certificates").

What is signed is the pre-authentication encoding of DSSE (protocol, version 1). OpenSSL solves the equations; what it lets
pass and this exchange does not is refused here before.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from domain.errors import DomainError
from domain.ids import Digest, sha256

ECDSA_P256: Final = "ecdsa-p256-sha256"
ED25519: Final = "ed25519"

P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group of P-256 (NIST SP 800-186, section 3.2.1.3)."""
ED25519_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
"""Order of Ed25519's base point, L (RFC 8032, section 5.1)."""
ED25519_FIELD: Final = 2**255 - 19
ED25519_SIGNATURE_SIZE_BYTES: Final = 64
CACHED_KEYS: Final = 20_000
"""Loading a key costs as much as a tenth of a verification; twice the officers of a whole exchange are kept at hand."""

_SIGN_BIT: Final = 1 << 255
_SMALL_ORDER_Y: Final = frozenset(
    {
        0,
        1,
        ED25519_FIELD - 1,
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        55188659117513257062467267217118295137698188065244968500265048394206261417927,
    },
)
"""The y coordinates of the eight points whose order divides 8 (the torsion subgroup of edwards25519)."""


class SignatureInvalidError(DomainError):
    """These bytes are not a valid signature of this message by this key, or the key is not one this exchange supports."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One verification to be done: a value, so that the same one need not be done twice."""

    algorithm: str
    spki: bytes
    signature: bytes
    message: bytes


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding (DSSE protocol, version 1): lengths count bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def event_identity(payload_type: str, payload: bytes) -> Digest:
    """Return an event's identity: SHA-256 of its pre-authentication encoding."""
    return sha256(pae(payload_type, payload))


def algorithm_of_key(spki: bytes) -> str:
    """Return the algorithm that fits a SubjectPublicKeyInfo (DER); raise `SignatureInvalidError` if none is supported.

    Supported are P-256 as an uncompressed point and Ed25519 (RFC 5480, RFC 8410), each in exactly the canonical DER.
    """
    return ECDSA_P256 if isinstance(_load(spki), ec.EllipticCurvePublicKey) else ED25519


def verify_signature(*, algorithm: str, spki: bytes, signature: bytes, message: bytes) -> None:
    """Raise `SignatureInvalidError` unless `signature` is the key's signature over `message`.

    It does not check whose key it is, nor whether the key may sign.
    """
    key = _load(spki)
    if isinstance(key, ec.EllipticCurvePublicKey):
        _require(algorithm == ECDSA_P256, f"{algorithm} does not fit a P-256 key")
        _verify_ecdsa(key, signature, message)
    else:
        _require(algorithm == ED25519, f"{algorithm} does not fit an Ed25519 key")
        _verify_ed25519(key, signature, message)


def verify_check(check: Check) -> None:
    """Raise `SignatureInvalidError` unless the signature of `check` verifies."""
    verify_signature(
        algorithm=check.algorithm,
        spki=check.spki,
        signature=check.signature,
        message=check.message,
    )


def _verify_ecdsa(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> None:
    try:
        r, s = decode_dss_signature(signature)
    except ValueError as error:
        msg = "the signature is not DER"
        raise SignatureInvalidError(msg) from error
    _require(0 < r < P256_ORDER and 0 < s < P256_ORDER, "r or s is out of range")
    _require(encode_dss_signature(r, s) == signature, "the signature is not strict DER")
    try:
        key.verify(signature, message, ec.ECDSA(SHA256()))
    except InvalidSignature as error:
        msg = "the signature does not verify"
        raise SignatureInvalidError(msg) from error


def _verify_ed25519(key: Ed25519PublicKey, signature: bytes, message: bytes) -> None:
    _require(len(signature) == ED25519_SIGNATURE_SIZE_BYTES, "an Ed25519 signature has 64 bytes")
    _require_sound_point(signature[:32])
    _require(int.from_bytes(signature[32:], "little") < ED25519_ORDER, "s is out of range")
    try:
        key.verify(signature, message)
    except InvalidSignature as error:
        msg = "the signature does not verify"
        raise SignatureInvalidError(msg) from error


def _require_sound_point(encoded: bytes) -> None:
    """Raise unless a point is canonical and not of small order (RFC 8032, section 5.1.3, and formats.md)."""
    number = int.from_bytes(encoded, "little")
    y = number & ~_SIGN_BIT
    _require(y < ED25519_FIELD, "a point is not canonical")
    _require(y not in _SMALL_ORDER_Y, "a point is of small order")


@functools.lru_cache(maxsize=CACHED_KEYS)
def _load(spki: bytes) -> ec.EllipticCurvePublicKey | Ed25519PublicKey:
    try:
        key = load_der_public_key(spki)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        msg = "the public key cannot be read"
        raise SignatureInvalidError(msg) from error
    canonical = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    _require(canonical == spki, "the public key is not in canonical DER")
    if isinstance(key, Ed25519PublicKey):
        _require_sound_point(key.public_bytes_raw())
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    msg = "the public key is neither P-256 nor Ed25519"
    raise SignatureInvalidError(msg)


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - read as an assertion
    if not holds:
        raise SignatureInvalidError(otherwise)
