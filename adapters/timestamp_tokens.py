"""Time stamps of RFC 3161: asked of an authority, and verified against the roots that the reader trusts.

A token here is an authority's whole answer (TimeStampResp, a `.tsr` file), as `openssl ts -verify -in` reads it too. Its
imprint is SHA-256, and the certificate that signed it lies in it.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.utils import CryptographyDeprecationWarning

from adapters.posting import NoAnswerError, PostingAddressError, PostingError, post, shown
from adapters.timestamp_errors import (
    TimestampInvalidError,
    TimestampRefusedError,
    TimestampRootsError,
    TimestampSupportMissingError,
    TimestampUnreachableError,
)
from domain.der import DerError, read_der
from domain.ids import Digest, sha256

MEDIA_TYPE: Final = "application/timestamp-reply"
TOKEN_LIMIT_BYTES: Final = 64 * 1024
"""A token with a chain of certificates has some kilobytes; what is larger is none."""
ROOTS_LIMIT_BYTES: Final = 1024 * 1024
ANSWER_LIMIT_S: Final = 15.0
REASON_LIMIT: Final = 200
SHA256_OID: Final = "2.16.840.1.101.3.4.2.1"
HTTP_OK: Final = 200
_UNREADABLE: Final = (
    *(ValueError, TypeError, OverflowError, UnsupportedAlgorithm, CryptographyDeprecationWarning),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
"""What the libraries raise on bytes that are not what they should be."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CERTIFICATES: Final = 0xA0
"""The tag of the certificates in signed data (RFC 5652, section 5.1)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifiedStamp:
    """What a token says that has verified: when (ms UTC), and SHA-256 of the certificate of the authority that signed it."""

    stamped_at: int
    authority: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamped:
    """A token that an authority gave just now, and what it says."""

    token: bytes
    stamp: VerifiedStamp


def read_timestamp_roots(file: Path | None) -> tuple[x509.Certificate, ...]:
    """Return the certificates that vouch for authorities, from a PEM file; raise `TimestampRootsError` if there are none."""
    if file is None:
        raise TimestampRootsError(file, "none was named")
    try:
        with file.open("rb") as stream:
            raw = stream.read(ROOTS_LIMIT_BYTES + 1)
        if len(raw) > ROOTS_LIMIT_BYTES:
            raise TimestampRootsError(file, f"it is larger than {ROOTS_LIMIT_BYTES} bytes")
        return tuple(x509.load_pem_x509_certificates(raw))
    except OSError as error:
        raise TimestampRootsError(file, error.strerror or str(error)) from error
    except ValueError as error:
        raise TimestampRootsError(file, f"it holds no certificates: {error}") from error


def ask_for_timestamp(url: str, message: bytes, roots: Sequence[x509.Certificate], *, limit_s: float = ANSWER_LIMIT_S) -> Stamped:
    """Ask an authority to stamp a message now, and return its token, verified.

    Raises `TimestampUnreachableError`, `TimestampRefusedError`, `TimestampInvalidError`, `TimestampSupportMissingError`.
    """
    library = _library()
    builder = library.TimestampRequestBuilder().data(message).hash_algorithm(library.HashAlgorithm.SHA256)
    request = builder.nonce(nonce=True).cert_request(cert_request=True).build()
    token = _answer_of(url, request.as_bytes(), limit_s)
    answer = _parsed(library, token)
    if answer.status:
        raise TimestampRefusedError(url, f"status {answer.status}: {'; '.join(answer.status_string)[:REASON_LIMIT]}")
    # An old token over the same message would bear an old time.
    if answer.tst_info.nonce != request.nonce:
        raise TimestampInvalidError("it answers another question")
    return Stamped(token=token, stamp=verify_timestamp(token, message, roots))


def verify_timestamp(token: bytes, message: bytes, roots: Sequence[x509.Certificate]) -> VerifiedStamp:
    """Return what a token over a message says.

    The certificate that signed it was valid at the time that it names, is for time stamps only, and a root vouches for it.
    Whether the time is true, and whether the certificate was revoked, this does not check. Raises `TimestampInvalidError`, and
    `TimestampSupportMissingError`.
    """
    library = _library()
    answer = _parsed(library, token)
    try:
        if answer.tst_info.message_imprint.hash_algorithm.dotted_string != SHA256_OID:
            raise TimestampInvalidError("its imprint is not SHA-256")
        with warnings.catch_warnings():
            # What is wrong in a certificate by RFC 5280, and read for the time being, is nothing to trust.
            warnings.simplefilter("error", CryptographyDeprecationWarning)
            library.VerifierBuilder(roots=list(roots)).build().verify(answer, sha256(message))
            signer = _signer_of(answer)
        return VerifiedStamp(stamped_at=_milliseconds(answer.tst_info.gen_time), authority=signer)
    except (library.VerificationError, *_UNREADABLE) as error:
        raise TimestampInvalidError(str(error)) from error


def _signer_of(answer: Any) -> Digest:
    """Return SHA-256 of the certificate that signed; the library has verified that it is one of those in the token."""
    (signer,) = answer.signed_data.signer_infos
    for raw in answer.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(raw)
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
            return sha256(certificate.public_bytes(Encoding.DER))
    raise TimestampInvalidError("the certificate that signed it does not lie in it")


def _milliseconds(when: datetime) -> int:
    return (when - _EPOCH) // timedelta(milliseconds=1)


def _parsed(library: Any, token: bytes) -> Any:
    if len(token) > TOKEN_LIMIT_BYTES:
        raise TimestampInvalidError(f"it has more than {TOKEN_LIMIT_BYTES} bytes")
    try:
        return library.decode_timestamp_response(_with_certificates_in_order(token))
    except _UNREADABLE as error:
        raise TimestampInvalidError(f"it is no token: {error}") from error


def _with_certificates_in_order(token: bytes) -> bytes:
    """Return a token whose certificates stand in the order of DER (X.690, section 11.6), as the library insists.

    Authorities put them as they like, openssl's among them; their order is not signed. What is no DER is left as it is.
    """
    try:
        _, signed = read_der(token).members
        _, explicit = signed.members
        certificates = next(one for one in explicit.members[0].members if one.tag == _CERTIFICATES)
    except (DerError, ValueError, IndexError, StopIteration):
        return token
    return token.replace(certificates.content, b"".join(sorted(one.raw for one in certificates.members)), 1)


def _answer_of(url: str, request: bytes, limit_s: float) -> bytes:
    headers = {"Content-Type": "application/timestamp-query", "Accept": MEDIA_TYPE}
    try:
        answer = post(url, request, headers, timeout_s=limit_s, limit_bytes=TOKEN_LIMIT_BYTES)
    except NoAnswerError as error:
        raise TimestampUnreachableError(url, str(error)) from error
    except PostingAddressError:
        raise
    except PostingError as error:
        raise TimestampRefusedError(url, str(error)) from error
    if answer.status != HTTP_OK or answer.kind != MEDIA_TYPE:
        raise TimestampRefusedError(url, f"HTTP {answer.status}, {answer.kind}: {shown(answer.body, REASON_LIMIT)}")
    return answer.body


def _library() -> Any:
    try:
        return importlib.import_module("rfc3161_client")
    except ImportError as error:
        raise TimestampSupportMissingError(f"the library rfc3161-client is missing ({error})") from error
