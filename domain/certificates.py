"""Certificates: the admission check of `key.enrolled`, done once (formats.md, "Signatures and certificates").

The reasons are given in the order of their numbers. A certificate's subject is not judged: whom a key belongs to is said by
the registrar, on the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.errors import DomainError
from domain.ids import Digest, sha256
from domain.reasons import Reason
from domain.signatures import SignatureInvalidError, algorithm_of_key

DOCUMENT_SIGNING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")
"""The extended key usage id-kp-documentSigning (RFC 9336, section 3.1)."""
JUDGED_EXTENSIONS: Final = frozenset(
    {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.ExtendedKeyUsage.oid,
    },
)
RSA_MINIMUM_BITS: Final = 2048
DER_DEPTH_LIMIT: Final = 24
"""A certificate nests some ten deep; more is made to exhaust a stack."""

_X509_VERSION: Final = x509.Version.v3
_CONSTRUCTED: Final = 0x20
_HIGH_TAG: Final = 0x1F
_LONG_LENGTH: Final = 0x80
_LENGTH_SIZE_LIMIT: Final = 4
_UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)


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


def parse_certificate(der: bytes) -> Certificate:
    """Return what counts of a certificate; raise `CertificateRefusedError` (malformed, or a key of another kind).

    Neither its issuer, nor its validity, nor its uses are checked.
    """
    return _certificate(der, _parse(der))


def parse_anchor(der: bytes) -> Certificate:
    """Return what counts of a trust anchor; raise `CertificateRefusedError` (ANCHOR_UNFIT) if it cannot be one.

    It is an X.509 v3 certificate of a certification authority whose key is P-256, P-384, Ed25519 or RSA from 2048 bits.
    Its validity is judged when it is used. `algorithm` is empty: an anchor signs no events.
    """
    try:
        anchor = _parse(der)
        authority = _is_authority(anchor)
        key = anchor.public_key()
    except (CertificateRefusedError, *_UNREADABLE) as error:
        raise CertificateRefusedError(Reason.ANCHOR_UNFIT, str(error)) from error
    if not authority or not _is_anchor_key(key):
        raise CertificateRefusedError(Reason.ANCHOR_UNFIT)
    return Certificate(
        digest=sha256(der),
        spki=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        algorithm="",
        not_before_ms=_milliseconds(anchor.not_valid_before_utc),
        not_after_ms=_milliseconds(anchor.not_valid_after_utc),
    )


def admit_certificate(der: bytes, *, anchors: tuple[bytes, ...], at_ms: int) -> Certificate:
    """Return what counts of a certificate that an anchor in force issued directly and that is fit to sign documents.

    Raises `CertificateRefusedError`. Signatures of anchors may be ECDSA with SHA-256 or SHA-384, Ed25519, or RSA PKCS #1
    v1.5 with SHA-256 or SHA-384.
    """
    found = _parse(der)
    anchor = _issuing_anchor(found, anchors)
    _require_valid(found, at_ms, Reason.CERTIFICATE_NOT_VALID_NOW)
    _require_valid(anchor, at_ms, Reason.ANCHOR_NOT_VALID_NOW)
    if _is_authority(found):
        raise CertificateRefusedError(Reason.CERTIFICATE_IS_CA)
    if DOCUMENT_SIGNING not in _uses(found):
        raise CertificateRefusedError(Reason.CERTIFICATE_USE_MISSING)
    for extension in found.extensions:
        if extension.critical and extension.oid not in JUDGED_EXTENSIONS:
            raise CertificateRefusedError(Reason.CERTIFICATE_CRITICAL_EXTENSION, extension.oid.dotted_string)
    return _certificate(der, found)


def _parse(der: bytes) -> x509.Certificate:
    """Return a strict X.509 v3 certificate, with everything of it read once so that nothing fails later."""
    try:
        _require_strict_der(der)
        found = x509.load_der_x509_certificate(der)
        if found.version is not _X509_VERSION:
            raise CertificateRefusedError(Reason.CERTIFICATE_MALFORMED, "not version 3")
        _read_everything(found)
    except _UNREADABLE as error:
        raise CertificateRefusedError(Reason.CERTIFICATE_MALFORMED, str(error)) from error
    return found


def _read_everything(found: x509.Certificate) -> None:
    _ = (found.extensions, found.issuer, found.subject, found.not_valid_before_utc, found.not_valid_after_utc)
    _ = (found.signature_algorithm_oid, found.tbs_certificate_bytes, found.signature)


def _certificate(der: bytes, found: x509.Certificate) -> Certificate:
    try:
        spki = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        algorithm = algorithm_of_key(spki)
    except (*_UNREADABLE, SignatureInvalidError) as error:
        raise CertificateRefusedError(Reason.CERTIFICATE_KEY_UNSUPPORTED, str(error)) from error
    if spki not in der:
        # The key was written in another form than the canonical one, say as a compressed point.
        raise CertificateRefusedError(Reason.CERTIFICATE_KEY_UNSUPPORTED, "not in canonical form")
    return Certificate(
        digest=sha256(der),
        spki=spki,
        algorithm=algorithm,
        not_before_ms=_milliseconds(found.not_valid_before_utc),
        not_after_ms=_milliseconds(found.not_valid_after_utc),
    )


def _issuing_anchor(found: x509.Certificate, anchors: tuple[bytes, ...]) -> x509.Certificate:
    issuer = found.issuer.public_bytes()
    named = [anchor for anchor in map(_parse, anchors) if anchor.subject.public_bytes() == issuer]
    if not named:
        raise CertificateRefusedError(Reason.CERTIFICATE_NOT_FROM_ANCHOR, found.issuer.rfc4514_string())
    for anchor in named:
        if _is_issued_by(found, anchor):
            return anchor
    raise CertificateRefusedError(Reason.CERTIFICATE_SIGNATURE_WRONG)


def _is_issued_by(found: x509.Certificate, anchor: x509.Certificate) -> bool:
    """Tell whether the anchor's key verifies the certificate's signature, by an algorithm that is allowed."""
    hashed = found.signature_hash_algorithm
    ed25519 = isinstance(anchor.public_key(), Ed25519PublicKey)
    if not _is_anchor_key(anchor.public_key()) or not (ed25519 or isinstance(hashed, SHA256 | SHA384)):
        return False
    if found.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSASSA_PSS:
        return False
    try:
        found.verify_directly_issued_by(anchor)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True


def _is_anchor_key(key: object) -> bool:
    if isinstance(key, ec.EllipticCurvePublicKey):
        return isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1)
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= RSA_MINIMUM_BITS
    return isinstance(key, Ed25519PublicKey)


def _is_authority(found: x509.Certificate) -> bool:
    try:
        return found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _uses(found: x509.Certificate) -> tuple[x509.ObjectIdentifier, ...]:
    try:
        return tuple(found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return ()


def _require_valid(found: x509.Certificate, at_ms: int, reason: Reason) -> None:
    first, last = _milliseconds(found.not_valid_before_utc), _milliseconds(found.not_valid_after_utc)
    if not first <= at_ms <= last:
        raise CertificateRefusedError(reason, f"valid from {found.not_valid_before_utc} to {found.not_valid_after_utc}")


def _milliseconds(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp()) * 1000


def _require_strict_der(der: bytes) -> None:
    """Raise `ValueError` unless `der` is one value with definite, minimal lengths at every depth (X.690, section 10.1)."""
    if _walk(der, 0, len(der), 0) != len(der):
        msg = "bytes follow the certificate"
        raise ValueError(msg)


def _walk(der: bytes, start: int, end: int, depth: int) -> int:
    if depth > DER_DEPTH_LIMIT or end - start < 2:  # noqa: PLR2004 - a tag and a length
        msg = "not DER: cut short or nested too deep"
        raise ValueError(msg)
    tag = der[start]
    if tag & _HIGH_TAG == _HIGH_TAG:
        msg = "not DER of a certificate: a tag above 30"
        raise ValueError(msg)
    content, after = _length(der, start + 1, end)
    if tag & _CONSTRUCTED:
        at = content
        while at < after:
            at = _walk(der, at, after, depth + 1)
    return after


def _length(der: bytes, at: int, end: int) -> tuple[int, int]:
    """Return where the content begins and where it ends; raise `ValueError` for a length that is not minimal."""
    first = der[at]
    if first < _LONG_LENGTH:
        content, size = at + 1, first
    else:
        octets = first - _LONG_LENGTH
        content = at + 1 + octets
        size = int.from_bytes(der[at + 1 : content], "big")
        minimal = 1 <= octets <= _LENGTH_SIZE_LIMIT and size >= _LONG_LENGTH and der[at + 1 : at + 2] != b"\x00"
        if content > end or not minimal:
            msg = "not DER: a length is indefinite or not minimal"
            raise ValueError(msg)
    if content + size > end:
        msg = "not DER: a length reaches beyond its value"
        raise ValueError(msg)
    return content, content + size
