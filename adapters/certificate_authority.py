"""The exchange's own small certification authority: for officers who have no certificate from elsewhere.

Its certificate is a trust anchor of the ledger; its key is the registrar's to guard.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from cryptography.x509.oid import NameOID

from adapters.errors import StationError
from adapters.key_files import PrivateKey
from domain.certificates import DOCUMENT_SIGNING, parse_anchor
from domain.der import dotted
from domain.ids import OfficerId, OrgId
from domain.signatures import SignatureInvalidError, algorithm_of_key

AUTHORITY_YEARS: Final = 10
CERTIFICATE_DAYS: Final = 730
"""Two years, after which an officer's key is renewed; a temporary one has 90 days."""
TEMPORARY_DAYS: Final = 90
BACKDATED: Final = timedelta(minutes=10)
"""Clocks differ: a certificate made now must be valid on a ledger whose clock is a little behind."""
_SERIAL_SIZE_BYTES: Final = 16
_NAME_LIMIT_BYTES: Final = 64
"""The longest common name (RFC 5280, appendix A, ub-common-name, says characters; the library counts bytes of UTF-8)."""


class CertificateIssueError(StationError):
    """The authority cannot issue the certificate that it was asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Authority:
    """The authority: its private key and its own certificate (DER)."""

    key: PrivateKey
    certificate: bytes


def new_serial() -> int:
    """Return a random serial number, positive and at most 16 bytes (RFC 5280, section 4.1.2.2)."""
    return int.from_bytes(os.urandom(_SERIAL_SIZE_BYTES), "big") >> 1 or 1


def create_authority(key: PrivateKey, *, name: str, at_ms: int, serial: int) -> Authority:
    """Return an authority of this name with a certificate of its own, valid for ten years from a moment."""
    short = name.encode()[:_NAME_LIMIT_BYTES].decode("utf-8", "ignore")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, short)])
    start = _moment(at_ms) - BACKDATED
    usage = _usage(signs_documents=False)
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key(), serial)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * AUTHORITY_YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Authority(key=key, certificate=_signed(builder, key))


def issue_certificate(  # noqa: PLR0913 - what a certificate says
    authority: Authority,
    *,
    spki: bytes,
    officer: OfficerId,
    organisation: OrgId,
    at_ms: int,
    days: int,
    serial: int,
) -> bytes:
    """Return a certificate (DER) for an officer's public key, fit for signing documents (RFC 9336) and nothing else.

    It ends with the authority's own at the latest. Raises `CertificateIssueError` if the key is of another kind, or the
    authority's certificate has ended.
    """
    issuer = x509.load_der_x509_certificate(authority.certificate)
    names = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        x509.NameAttribute(NameOID.COMMON_NAME, officer),
    ]
    start = _moment(at_ms) - BACKDATED
    end = min(start + timedelta(days=days), issuer.not_valid_after_utc)
    if end <= _moment(at_ms):
        msg = (
            f"No certificate was issued for {officer}: it would have ended on {end:%Y-%m-%d}. Give more days, or make a new "
            "authority and have it named a trust anchor."
        )
        raise CertificateIssueError(msg)
    builder = (
        x509.CertificateBuilder(issuer.subject, x509.Name(names), _supported_key(spki, officer), serial)
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_documents=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(dotted(DOCUMENT_SIGNING))]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    return _signed(builder, authority.key)


def open_authority(key: PrivateKey, certificate: bytes) -> Authority:
    """Return the authority of a private key and its certificate (DER).

    Raises `CertificateIssueError` if they do not belong together, `CertificateRefusedError` if it cannot be a trust anchor.
    """
    if parse_anchor(certificate).spki != key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        msg = "The authority was not opened: its certificate is of another key. Name the certificate that was made with this key."
        raise CertificateIssueError(msg)
    return Authority(key=key, certificate=certificate)


def _supported_key(spki: bytes, officer: OfficerId) -> ec.EllipticCurvePublicKey | Ed25519PublicKey:
    try:
        algorithm_of_key(spki)
    except SignatureInvalidError as error:
        msg = f"No certificate was issued for {officer}: {error}. Ask for a request made by `ortoo key create`."
        raise CertificateIssueError(msg) from error
    key = load_der_public_key(spki)
    if isinstance(key, ec.EllipticCurvePublicKey | Ed25519PublicKey):
        return key
    msg = "a key that verifies signatures here is one of these"
    raise AssertionError(msg)


def _signed(builder: x509.CertificateBuilder, key: PrivateKey) -> bytes:
    algorithm = None if isinstance(key, Ed25519PrivateKey) else SHA256()
    return builder.sign(key, algorithm).public_bytes(Encoding.DER)


def _usage(*, signs_documents: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_documents,
        content_commitment=signs_documents,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs_documents,
        crl_sign=not signs_documents,
        encipher_only=False,
        decipher_only=False,
    )


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, UTC)
