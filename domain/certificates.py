"""Certificates: the admission check of `key.enrolled`, done once (formats.md, "Signatures and certificates").

The reasons are given in the order of their numbers. A certificate's subject is not judged: whom a key belongs to is said by
the registrar, on the ledger. Nor is its revocation by whoever issued it: revocation is an event of the ledger.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from domain.der import INTEGER, SEQUENCE, DerError, Element, dotted, expect, members_of, read_der, whole_bytes
from domain.errors import DomainError
from domain.ids import Digest, sha256
from domain.reasons import Reason
from domain.signatures import (
    ED25519,
    P256_ORDER,
    SignatureInvalidError,
    algorithm_of_key,
    require_strict_ecdsa,
    verify_signature,
)
from domain.x509 import BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, KEY_USAGE, X509, read_x509

DOCUMENT_SIGNING: Final = bytes.fromhex("2b06010505070324")
"""Content of the object identifier 1.3.6.1.5.5.7.3.36, id-kp-documentSigning (RFC 9336, section 3.1)."""
JUDGED_EXTENSIONS: Final = frozenset({BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE})
"""Only these may be critical: whoever marks another so forbids us to go on without understanding it (RFC 5280, 4.2)."""
RSA_LEAST_BITS: Final = 2048
RSA_MOST_BITS: Final = 8192
"""A verification by a longer key would cost as much as thousands by ours."""
RSA_EXPONENT_LIMIT: Final = 1 << 32
"""A larger exponent costs time and gives nothing; libraries disagree from here on."""
P384_ORDER: Final = int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16)
"""Order of the group of P-384 (NIST SP 800-186, section 3.2.1.4)."""
CACHED_ANCHORS: Final = 64
"""A ledger has a handful of anchors, and each enrolment asks for all of them."""

_P256: Final = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
_P384: Final = bytes.fromhex("301006072a8648ce3d020106052b81040022")
_ED25519: Final = bytes.fromhex("300506032b6570")
_RSA: Final = bytes.fromhex("300d06092a864886f70d0101010500")
_UNCOMPRESSED: Final = b"\x04"
_RSA_SHA256: Final = bytes.fromhex("300d06092a864886f70d01010b0500")
_ECDSA_HASHES: Final[dict[bytes, SHA256 | SHA384]] = {
    bytes.fromhex("300a06082a8648ce3d040302"): SHA256(),
    bytes.fromhex("300a06082a8648ce3d040303"): SHA384(),
}
"""The algorithm identifiers, whole, of keys (RFC 5480, 8410, 3279) and of signatures (RFC 5758, 8410, 4055)."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

AnchorKey = ec.EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey


class CertificateRefusedError(DomainError):
    """A certificate fails the admission check; `reason` says at what."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        """Name the reason, and what people may want to know besides."""
        super().__init__(f"{reason.sentence}{f' ({detail})' if detail else ''}")
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """What counts of a certificate: its SHA-256, its key (SubjectPublicKeyInfo, DER), its validity, bounds inclusive."""

    digest: Digest
    spki: bytes
    algorithm: str
    not_before_ms: int
    not_after_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Anchor:
    """What counts of a trust anchor: its SHA-256, its subject's name (DER), its key, its validity, bounds inclusive."""

    digest: Digest
    subject: bytes
    spki: bytes
    not_before_ms: int
    not_after_ms: int


def parse_certificate(der: bytes) -> Certificate:
    """Return what counts of a certificate; raise `CertificateRefusedError` (malformed, or a key of another kind).

    Neither its issuer, nor its validity, nor its uses are checked.
    """
    return _certificate(der, _read(der))


@functools.lru_cache(maxsize=CACHED_ANCHORS)
def parse_anchor(der: bytes) -> Anchor:
    """Return what counts of a trust anchor; raise `CertificateRefusedError` (ANCHOR_UNFIT) if it cannot be one.

    It is an X.509 version 3 certificate in strict DER, of a certification authority, whose key is P-256 or P-384 as an
    uncompressed point, Ed25519, or RSA of 2048 to 8192 bits. Its validity is judged when it is used; who issued it, and
    its other extensions, are for those to judge who name it as an anchor.
    """
    try:
        found = read_x509(der)
        _anchor_key(found.spki)
    except (DerError, SignatureInvalidError) as error:
        raise CertificateRefusedError(Reason.ANCHOR_UNFIT, str(error)) from error
    if not found.is_authority:
        raise CertificateRefusedError(Reason.ANCHOR_UNFIT, "it is not of a certification authority")
    return Anchor(
        digest=sha256(der),
        subject=found.subject,
        spki=found.spki.raw,
        not_before_ms=found.not_before_ms,
        not_after_ms=found.not_after_ms,
    )


def admit_certificate(der: bytes, *, anchors: tuple[bytes, ...], at_ms: int) -> Certificate:
    """Return what counts of a certificate that an anchor in force issued directly and that is fit to sign documents.

    An anchor's signature is ECDSA by P-256 or P-384 with SHA-256 or SHA-384, Ed25519, or RSA (PKCS #1 v1.5) with SHA-256.
    Of several anchors with one name and key, one that is valid at `at_ms` suffices. Raises `CertificateRefusedError` with
    the first reason that applies, in the order of their numbers; of `anchors`, those that `parse_anchor` refuses count as
    none.
    """
    found = _read(der)
    issuers = _issuers(found, anchors)
    if not _is_valid(found, at_ms):
        raise CertificateRefusedError(Reason.CERTIFICATE_NOT_VALID_NOW, _validity(found))
    if not any(_is_valid(anchor, at_ms) for anchor in issuers):
        raise CertificateRefusedError(Reason.ANCHOR_NOT_VALID_NOW, ", ".join(map(_validity, issuers)))
    if found.is_authority:
        raise CertificateRefusedError(Reason.CERTIFICATE_IS_CA)
    if DOCUMENT_SIGNING not in found.extended_uses:
        raise CertificateRefusedError(Reason.CERTIFICATE_USE_MISSING)
    for extension in found.extensions:
        if extension.critical and extension.identifier not in JUDGED_EXTENSIONS:
            raise CertificateRefusedError(Reason.CERTIFICATE_CRITICAL_EXTENSION, dotted(extension.identifier))
    return _certificate(der, found)


def _read(der: bytes) -> X509:
    try:
        return read_x509(der)
    except DerError as error:
        raise CertificateRefusedError(Reason.CERTIFICATE_MALFORMED, str(error)) from error


def _certificate(der: bytes, found: X509) -> Certificate:
    try:
        algorithm = algorithm_of_key(found.spki.raw)
    except SignatureInvalidError as error:
        raise CertificateRefusedError(Reason.CERTIFICATE_KEY_UNSUPPORTED, str(error)) from error
    return Certificate(
        digest=sha256(der),
        spki=found.spki.raw,
        algorithm=algorithm,
        not_before_ms=found.not_before_ms,
        not_after_ms=found.not_after_ms,
    )


def _issuers(found: X509, anchors: tuple[bytes, ...]) -> list[Anchor]:
    """Return the anchors that issued a certificate: name and signature agree."""
    named = [anchor for anchor in _fit(anchors) if anchor.subject == found.issuer]
    if not named:
        raise CertificateRefusedError(Reason.CERTIFICATE_NOT_FROM_ANCHOR)
    issuers = [anchor for anchor in named if _has_issued(anchor, found)]
    if not issuers:
        raise CertificateRefusedError(Reason.CERTIFICATE_SIGNATURE_WRONG)
    return issuers


def _fit(anchors: tuple[bytes, ...]) -> list[Anchor]:
    fit = []
    for der in anchors:
        try:
            fit.append(parse_anchor(der))
        except CertificateRefusedError:
            continue
    return fit


def _has_issued(anchor: Anchor, found: X509) -> bool:
    try:
        _verify_issued(anchor, found)
    except (SignatureInvalidError, InvalidSignature):
        return False
    return True


def _verify_issued(anchor: Anchor, found: X509) -> None:
    """Raise unless the anchor's key made the certificate's signature, by an algorithm that is allowed for it."""
    key = _anchor_key(read_der(anchor.spki))
    if isinstance(key, RSAPublicKey) and found.algorithm == _RSA_SHA256:
        key.verify(found.signature, found.signed, PKCS1v15(), SHA256())
    elif isinstance(key, Ed25519PublicKey) and found.algorithm == _ED25519:
        verify_signature(algorithm=ED25519, spki=anchor.spki, signature=found.signature, message=found.signed)
    elif isinstance(key, ec.EllipticCurvePublicKey) and found.algorithm in _ECDSA_HASHES:
        require_strict_ecdsa(found.signature, P256_ORDER if isinstance(key.curve, ec.SECP256R1) else P384_ORDER)
        key.verify(found.signature, found.signed, ec.ECDSA(_ECDSA_HASHES[found.algorithm]))
    else:
        msg = "the signature's algorithm is not allowed for the anchor's key"
        raise SignatureInvalidError(msg)


def _anchor_key(spki: Element) -> AnchorKey:
    """Return an anchor's public key; raise `DerError` or `SignatureInvalidError` if it is of another kind."""
    algorithm, key = spki.members
    point = whole_bytes(key, "the public key")
    if algorithm.raw == _RSA:
        return _rsa_key(point)
    if algorithm.raw == _ED25519:
        algorithm_of_key(spki.raw)
        return Ed25519PublicKey.from_public_bytes(point)
    curves: dict[bytes, ec.EllipticCurve] = {_P256: ec.SECP256R1(), _P384: ec.SECP384R1()}
    if algorithm.raw not in curves or not point.startswith(_UNCOMPRESSED):
        msg = "its key is of a kind that an anchor cannot have"
        raise SignatureInvalidError(msg)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curves[algorithm.raw], point)
    except ValueError as error:
        msg = "its key is no point of its curve"
        raise SignatureInvalidError(msg) from error


def _rsa_key(encoded: bytes) -> RSAPublicKey:
    """Return an RSA key (RFC 8017, appendix A.1.1): modulus and exponent, positive, odd and within the limits."""
    numbers = members_of(read_der(encoded), SEQUENCE, "the RSA key")
    if len(numbers) != 2:  # noqa: PLR2004 - these two
        msg = "its RSA key is not a modulus and an exponent"
        raise SignatureInvalidError(msg)
    modulus, exponent = (int.from_bytes(expect(number, INTEGER, "the RSA key").content, "big", signed=True) for number in numbers)
    fits = RSA_LEAST_BITS <= modulus.bit_length() <= RSA_MOST_BITS and modulus > 0 and modulus & exponent & 1
    if not fits or not 1 < exponent < RSA_EXPONENT_LIMIT:
        msg = f"its RSA key is not of {RSA_LEAST_BITS} to {RSA_MOST_BITS} bits with an odd exponent of at most 32 bits"
        raise SignatureInvalidError(msg)
    return RSAPublicNumbers(exponent, modulus).public_key()


def _is_valid(found: X509 | Anchor, at_ms: int) -> bool:
    """Tell whether a moment lies within the validity; certificates count whole seconds, and the last one ends as it begins."""
    return found.not_before_ms <= at_ms <= found.not_after_ms


def _validity(found: X509 | Anchor) -> str:
    first, last = (_EPOCH + timedelta(milliseconds=at) for at in (found.not_before_ms, found.not_after_ms))
    return f"valid from {_written(first)} to {_written(last)} UTC"


def _written(moment: datetime) -> str:
    # By no format of the system, which writes the year 1 in one digit or in four.
    return moment.replace(tzinfo=None).isoformat(" ", "seconds")
