"""Signatures: what is signed, and the one strict verification of both algorithms (formats.md, "Signatures and certificates").

What is signed is the pre-authentication encoding of DSSE (protocol, version 1). OpenSSL solves the equations; everything that
libraries are known to disagree about (encodings, ranges, points of small order) is decided here, before it is asked.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

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
CACHED_KEYS: Final = 4096
"""Loading a key costs a seventh of a verification and holding it two kilobytes: those who wrote last are kept at hand."""

_ECDSA_SHA256: Final = ec.ECDSA(SHA256())
_P256_PREFIX: Final = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""All that comes before x and y in the SubjectPublicKeyInfo of an uncompressed point of P-256 (RFC 5480, section 2)."""
_P256_SPKI_SIZE_BYTES: Final = len(_P256_PREFIX) + 64
_ED25519_PREFIX: Final = bytes.fromhex("302a300506032b6570032100")
"""All that comes before the point in the SubjectPublicKeyInfo of Ed25519 (RFC 8410, section 4)."""
_ED25519_SPKI_SIZE_BYTES: Final = len(_ED25519_PREFIX) + 32
_POINT_MARK_SIZE_BYTES: Final = 1
"""The 0x04 of an uncompressed point stands at the end of the prefix and belongs to the point."""

_ED25519_D: Final = -121665 * pow(121666, -1, ED25519_FIELD) % ED25519_FIELD
"""The curve is -x² + y² = 1 + d x² y² (RFC 8032, section 5.1)."""
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


def ed25519_spki(point: bytes) -> bytes:
    """Return the SubjectPublicKeyInfo of an Ed25519 key of 32 bytes (RFC 8410, section 4); the key is not looked at."""
    return _ED25519_PREFIX + point


def algorithm_of_key(spki: bytes) -> str:
    """Return the algorithm that fits a SubjectPublicKeyInfo (DER); raise `SignatureInvalidError` if none is supported.

    Supported are P-256 as an uncompressed point and Ed25519 (RFC 5480, RFC 8410), each in exactly the canonical DER, and
    a point of its curve; of Ed25519 also canonical and not of small order.
    """
    return ECDSA_P256 if isinstance(_load(spki), ec.EllipticCurvePublicKey) else ED25519


def verify_signature(*, algorithm: str, spki: bytes, signature: bytes, message: bytes) -> None:
    """Raise `SignatureInvalidError` unless `signature` is the key's signature over `message`.

    ECDSA: strict DER, 1 <= r, s < n, a high s is accepted. Ed25519: canonical A and R, neither of small order, s < L, the
    equation without cofactor. It does not check whose key it is, nor whether the key may sign.
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


def require_strict_ecdsa(signature: bytes, order: int) -> None:
    """Raise `SignatureInvalidError` unless this is strict DER of r and s with 1 <= r, s < `order` (SEC 1, section C.8)."""
    try:
        r, s = decode_dss_signature(signature)
    except ValueError as error:
        msg = "the signature is not DER"
        raise SignatureInvalidError(msg) from error
    _require(0 < r < order and 0 < s < order, "r or s is out of range")
    # What the library reads leniently does not come out again as it went in.
    _require(encode_dss_signature(r, s) == signature, "the signature is not strict DER")


def _verify_ecdsa(key: ec.EllipticCurvePublicKey, signature: bytes, message: bytes) -> None:
    require_strict_ecdsa(signature, P256_ORDER)
    try:
        key.verify(signature, message, _ECDSA_SHA256)
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
    """Raise unless a point is canonical and not of small order (RFC 8032, section 5.1.3, and formats.md).

    No third encoding escapes: x = 0 with the sign bit set, the only other way of not being canonical, is of small order.
    """
    y = _y_of(encoded)
    _require(y < ED25519_FIELD, "a point is not canonical")
    _require(y not in _SMALL_ORDER_Y, "a point is of small order")


def _require_on_curve(encoded: bytes) -> None:
    """Raise unless x² = (y² - 1) / (d y² + 1) has a root, by Euler's criterion (RFC 8032, section 5.1.3)."""
    square = pow(_y_of(encoded), 2, ED25519_FIELD)
    product = (square - 1) * (_ED25519_D * square + 1) % ED25519_FIELD
    _require(pow(product, (ED25519_FIELD - 1) // 2, ED25519_FIELD) == 1, "the public key is no point of the curve")


def _y_of(encoded: bytes) -> int:
    return int.from_bytes(encoded, "little") & ~_SIGN_BIT


@functools.lru_cache(maxsize=CACHED_KEYS)
def _load(spki: bytes) -> ec.EllipticCurvePublicKey | Ed25519PublicKey:
    """Return a public key: each kind has one form only, so its bytes are compared and not parsed."""
    if len(spki) == _P256_SPKI_SIZE_BYTES and spki.startswith(_P256_PREFIX):
        return _load_p256(spki[len(_P256_PREFIX) - _POINT_MARK_SIZE_BYTES :])
    if len(spki) == _ED25519_SPKI_SIZE_BYTES and spki.startswith(_ED25519_PREFIX):
        point = spki[len(_ED25519_PREFIX) :]
        _require_sound_point(point)
        _require_on_curve(point)
        return Ed25519PublicKey.from_public_bytes(point)
    msg = "the public key is neither an uncompressed point of P-256 nor Ed25519 in canonical DER"
    raise SignatureInvalidError(msg)


def _load_p256(point: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        msg = "the public key is no point of P-256"
        raise SignatureInvalidError(msg) from error


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - read as an assertion
    if not holds:
        raise SignatureInvalidError(otherwise)
