"""Key files: made, imported and opened. A private key never lies on the disk unencrypted, nor readable by others."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from adapters.errors import KeyFileError
from adapters.key_encryption import Stretching, encrypt_key
from domain.signatures import ECDSA_P256, ED25519

PrivateKey = ec.EllipticCurvePrivateKey | Ed25519PrivateKey
KEY_FILE_LIMIT_BYTES: Final = 64 * 1024
"""A key with a chain of certificates has a few kilobytes; what is larger is something else."""
PASSPHRASE_LEAST_BYTES: Final = {Stretching.PERSON: 8, Stretching.MACHINE: 32}
"""A person's passphrase is stretched; a machine's is not, so it has to be long: 32 hexadecimal digits are 128 bits."""
ANYBODY_READS: Final = 0o644
"""The mode of a file with nothing secret in it, for `write_new_file`."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_LOCKED_PEM: Final = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"
_ANY_PEM: Final = b"PRIVATE KEY-----"
_DER: Final = b"\x30"
_UNREADABLE: Final = (ValueError, TypeError, UnsupportedAlgorithm)


class KeyExistsError(KeyFileError):
    """A file is there already; it was left as it is."""


class KeyExposedError(KeyFileError):
    """A private key lies where others can read it, or without a passphrase."""


class NotAKeyError(KeyFileError):
    """A file holds no private key, or one of a kind that does not sign here."""


class WrongPassphraseError(KeyFileError):
    """A passphrase does not open the key, or is too short to lock one."""


def create_key(path: Path, algorithm: str, passphrase: bytes, stretching: Stretching = Stretching.PERSON) -> PrivateKey:
    """Make a key and write it encrypted to a new file with mode 0600; raise `KeyFileError` if one is there already."""
    makers: dict[str, Callable[[], PrivateKey]] = {
        ECDSA_P256: lambda: ec.generate_private_key(ec.SECP256R1()),
        ED25519: Ed25519PrivateKey.generate,
    }
    if algorithm not in makers:
        msg = f"No key was made: {algorithm} is not an algorithm of this exchange; use {ECDSA_P256} or {ED25519}."
        raise NotAKeyError(msg)
    key = makers[algorithm]()
    write_key(path, key, passphrase, stretching)
    return key


def write_key(
    path: Path, key: PrivateKey | MLDSA44PrivateKey, passphrase: bytes, stretching: Stretching = Stretching.PERSON
) -> None:
    """Write a private key as encrypted PKCS #8 PEM to a new file with mode 0600.

    Raises `KeyFileError` if the file exists, cannot be written, or the passphrase is too short.
    """
    least = PASSPHRASE_LEAST_BYTES[stretching]
    if len(passphrase) < least:
        msg = f"No key was written to {path}: the passphrase is shorter than {least} characters. Choose a longer one."
        raise WrongPassphraseError(msg)
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    write_new_file(path, encrypt_key(plain, passphrase, stretching), mode=0o600)


def load_key(path: Path, passphrase: Callable[[], bytes]) -> tuple[PrivateKey, bytes | None]:
    """Return the private key in a PKCS #8 PEM or PKCS #12 file, and the certificate (DER) that lies with it, if any.

    Raises `KeyFileError` if the file is missing, open to others, locked with another passphrase or with none, or holds
    another kind of key. The passphrase is asked for when all else is in order.
    """
    raw = _read(path)
    if raw.startswith(_DER):
        return _from_pkcs12(path, raw, passphrase())
    return _supported(path, _unlocked(path, raw, passphrase)), None


def unlock_pem(path: Path, passphrase: Callable[[], bytes]) -> object:
    """Return the private key of any kind in a PKCS #8 PEM file; raise `KeyFileError` as `load_key` does."""
    return _unlocked(path, _read(path), passphrase)


def import_pkcs12(
    source: Path,
    target: Path,
    source_passphrase: bytes,
    passphrase: bytes,
    stretching: Stretching = Stretching.PERSON,
) -> bytes | None:
    """Copy the key of a PKCS #12 file into a new key file of ours; return the certificate (DER) that lay with it, if any.

    Raises `KeyFileError`; then nothing was written.
    """
    raw = _read(source)
    if not raw.startswith(_DER):
        msg = f"Nothing was imported from {source}: it is no PKCS #12 file (usually named .p12 or .pfx)."
        raise NotAKeyError(msg)
    key, certificate = _from_pkcs12(source, raw, source_passphrase)
    write_key(target, key, passphrase, stretching)
    return certificate


def write_new_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that must not exist yet, whole or not at all; raise `KeyFileError` if it does or cannot be written."""
    beside = path.with_name(f".{path.name}.{os.urandom(4).hex()}.new")
    try:
        _make_folder(path.parent)
        try:
            _write_durably(beside, content, mode)
            _link(beside, path, content, mode)
        finally:
            beside.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except FileExistsError as error:
        msg = f"{path} exists already and was left as it is; name another file, or move that one away."
        raise KeyExistsError(msg) from error
    except OSError as error:
        msg = f"{path} was not written ({error.strerror}); check the folder and its permissions."
        raise KeyFileError(msg) from error


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error


def _write_durably(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _link(beside: Path, path: Path, content: bytes, mode: int) -> None:
    """Give a file that is whole its name, unless something has that name; a rename would replace it."""
    try:
        os.link(beside, path)
    except FileExistsError:
        raise
    except OSError:
        # A memory stick for the root keys knows no second names; there a file can only be written in place.
        _write_durably(path, content, mode)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    try:
        status = path.stat()
        if os.name == "posix" and status.st_mode & _OTHERS:
            msg = f"The key {path} was not opened: others on this machine may read it. Run `chmod 600 {path}`."
            raise KeyExposedError(msg)
        if not stat.S_ISREG(status.st_mode) or status.st_size > KEY_FILE_LIMIT_BYTES:
            msg = (
                f"The key {path} was not opened: it has {status.st_size:,} bytes or is no file, so it is no key. Check the path."
            )
            raise NotAKeyError(msg)
        return path.read_bytes()
    except OSError as error:
        msg = f"The key {path} cannot be read ({error.strerror}). Check the path and its permissions."
        raise KeyFileError(msg) from error


def _unlocked(path: Path, raw: bytes, passphrase: Callable[[], bytes]) -> object:
    if _LOCKED_PEM not in raw:
        _refuse_other_pem(path, raw)
    try:
        return load_pem_private_key(raw, passphrase())
    except _UNREADABLE as error:
        raise _wrong_passphrase(path) from error


def _refuse_other_pem(path: Path, raw: bytes) -> None:
    if _ANY_PEM in raw:
        msg = (
            f"The key {path} was not opened: no passphrase protects it, or only an old format does. Run "
            f"`openssl pkcs8 -topk8 -scrypt -in {path} -out NEW.pem` and use the new file."
        )
        raise KeyExposedError(msg)
    msg = f"The file {path} holds no private key in PKCS #8 PEM or PKCS #12. Make one with `ortoo key create`."
    raise NotAKeyError(msg)


def _from_pkcs12(path: Path, raw: bytes, passphrase: bytes) -> tuple[PrivateKey, bytes | None]:
    try:
        bundle = load_pkcs12(raw, passphrase)
    except _UNREADABLE as error:
        raise _wrong_passphrase(path) from error
    key = _supported(path, bundle.key)
    held = [one.certificate for one in (bundle.cert, *bundle.additional_certs) if one is not None]
    return key, next((one.public_bytes(Encoding.DER) for one in held if _is_of(one, key)), None)


def _is_of(certificate: x509.Certificate, key: PrivateKey) -> bool:
    try:
        return certificate.public_key() == key.public_key()
    except _UNREADABLE:
        return False


def _wrong_passphrase(path: Path) -> WrongPassphraseError:
    return WrongPassphraseError(f"The key {path} was not opened: the passphrase is wrong, or the file is damaged. Try again.")


def _supported(path: Path, key: object) -> PrivateKey:
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    msg = f"The key {path} is neither P-256 nor Ed25519, and only these sign here. Make one with `ortoo key create`."
    raise NotAKeyError(msg)
