"""Key files: made, imported and opened. A private key never lies on the disk unencrypted, nor readable by others."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from adapters.errors import KeyFileError
from domain.signatures import ECDSA_P256, ED25519

PrivateKey = ec.EllipticCurvePrivateKey | Ed25519PrivateKey
KEY_FILE_LIMIT_BYTES: Final = 64 * 1024
"""A key with a chain of certificates has a few kilobytes; what is larger is something else."""
PASSPHRASE_LEAST_CHARACTERS: Final = 8
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def create_key(path: Path, algorithm: str, passphrase: bytes) -> PrivateKey:
    """Make a key and write it encrypted to a new file with mode 0600; raise `KeyFileError` if one is there already."""
    key: PrivateKey = Ed25519PrivateKey.generate() if algorithm == ED25519 else ec.generate_private_key(ec.SECP256R1())
    if algorithm not in {ED25519, ECDSA_P256}:
        msg = f"No key was made: {algorithm} is not an algorithm of this exchange; use {ECDSA_P256} or {ED25519}."
        raise KeyFileError(msg)
    write_key(path, key, passphrase)
    return key


def write_key(path: Path, key: PrivateKey, passphrase: bytes) -> None:
    """Write a private key as encrypted PKCS #8 PEM to a new file with mode 0600."""
    if len(passphrase) < PASSPHRASE_LEAST_CHARACTERS:
        msg = f"No key was written to {path}: the passphrase is shorter than {PASSPHRASE_LEAST_CHARACTERS} characters."
        raise KeyFileError(msg)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    write_new_file(path, pem, mode=0o600)


def load_key(path: Path, passphrase: Callable[[], bytes]) -> tuple[PrivateKey, bytes | None]:
    """Return the private key in a PKCS #8 PEM or PKCS #12 file, and the certificate (DER) that lies with it, if any.

    Raises `KeyFileError` if the file is missing, open to others, wrongly locked, or holds another kind of key.
    """
    raw = _read(path)
    try:
        if path.suffix == ".p12":
            return _from_pkcs12(path, raw, passphrase())
        secret = passphrase() if b"ENCRYPTED" in raw[:80] else None
        return _supported(path, load_pem_private_key(raw, secret)), None
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        msg = f"The key {path} was not opened: the passphrase is wrong, or the file holds no private key. Try again."
        raise KeyFileError(msg) from error


def import_pkcs12(source: Path, target: Path, source_passphrase: bytes, passphrase: bytes) -> bytes | None:
    """Copy the key of a PKCS #12 file into a new key file of ours; return the certificate (DER) that lay with it, if any."""
    try:
        key, certificate = _from_pkcs12(source, _read(source), source_passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        msg = f"Nothing was imported from {source}: the passphrase is wrong, or it is no PKCS #12 file."
        raise KeyFileError(msg) from error
    write_key(target, key, passphrase)
    return certificate


def write_new_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that must not exist yet, durably; raise `KeyFileError` if it does or cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        msg = f"{path} exists already and was left as it is; name another file, or move that one away."
        raise KeyFileError(msg) from error
    except OSError as error:
        msg = f"{path} was not written ({error.strerror}); check the folder and its permissions."
        raise KeyFileError(msg) from error


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if status.st_mode & _OTHERS and os.name == "posix":
            msg = f"The key {path} was not opened: others on this machine may read it. Run `chmod 600 {path}`."
            raise KeyFileError(msg)
        if status.st_size > KEY_FILE_LIMIT_BYTES:
            msg = f"The key {path} was not opened: it has {status.st_size:,} bytes and is no key file."
            raise KeyFileError(msg)
        return path.read_bytes()
    except OSError as error:
        msg = f"The key {path} cannot be read ({error.strerror}). Check the path and its permissions."
        raise KeyFileError(msg) from error


def _from_pkcs12(path: Path, raw: bytes, passphrase: bytes) -> tuple[PrivateKey, bytes | None]:
    bundle = load_pkcs12(raw, passphrase)
    certificate = bundle.cert.certificate.public_bytes(Encoding.DER) if bundle.cert else None
    return _supported(path, bundle.key), certificate


def _supported(path: Path, key: object) -> PrivateKey:
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    msg = f"The key {path} is neither P-256 nor Ed25519, and only these sign here. Make one with `ortoo key create`."
    raise KeyFileError(msg)
