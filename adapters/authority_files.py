"""The files of the exchange's own small authority, and certificates as files: PEM or DER, as other programs write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.certificate_authority import Authority, open_authority
from adapters.errors import StationError
from adapters.key_encryption import Stretching
from adapters.key_files import ANYBODY_READS, load_key, write_key, write_new_file

AUTHORITY_KEY_FILE: Final = "key.pem"
AUTHORITY_CERTIFICATE_FILE: Final = "certificate.pem"
CERTIFICATE_FILE_LIMIT_BYTES: Final = 64 * 1024
"""A certificate has one or two kilobytes; a file of many is no certificate for us."""
_DER: Final = b"\x30"


class CertificateFileError(StationError):
    """A file holds no certificate, or cannot be read."""


def authority_paths(folder: Path) -> tuple[Path, Path]:
    """Return where an authority's key and its certificate lie in a folder."""
    return folder / AUTHORITY_KEY_FILE, folder / AUTHORITY_CERTIFICATE_FILE


def write_authority(folder: Path, authority: Authority, passphrase: bytes, stretching: Stretching) -> None:
    """Write an authority's key (encrypted) and certificate into a folder; raise `KeyFileError` if one is there already."""
    key_path, certificate_path = authority_paths(folder)
    write_key(key_path, authority.key, passphrase, stretching)
    write_certificate_file(certificate_path, authority.certificate)


def load_authority(folder: Path, passphrase: Callable[[], bytes]) -> Authority:
    """Return the authority whose files lie in a folder.

    Raises `CertificateFileError`, `KeyFileError`, and what `open_authority` raises if they do not belong together.
    """
    key_path, certificate_path = authority_paths(folder)
    certificate = read_certificate_file(certificate_path)
    key, _ = load_key(key_path, passphrase)
    return open_authority(key, certificate)


def write_certificate_file(path: Path, certificate: bytes) -> None:
    """Write a certificate (DER) as PEM into a new file that everybody may read; raise `KeyFileError` if it exists."""
    pem = x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)
    write_new_file(path, pem, mode=ANYBODY_READS)


def read_certificate_file(path: Path) -> bytes:
    """Return the certificate (DER) in a PEM or DER file; raise `CertificateFileError`.

    Whether it is fit for anything is not checked.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(CERTIFICATE_FILE_LIMIT_BYTES + 1)
        if len(raw) > CERTIFICATE_FILE_LIMIT_BYTES:
            raise ValueError("it is too large")  # noqa: TRY301 - one message for whatever is no certificate
        return raw if raw.startswith(_DER) else x509.load_pem_x509_certificate(raw).public_bytes(Encoding.DER)
    except OSError as error:
        raise CertificateFileError(f"The certificate {path} cannot be read ({error.strerror}). Check the path.") from error
    except ValueError as error:
        raise CertificateFileError(
            f"The file {path} holds no certificate in PEM or DER ({error}). Name the file of one X.509 certificate."
        ) from error
