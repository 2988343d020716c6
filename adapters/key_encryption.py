"""The encryption of private keys on the disk: PKCS #8 with PBES2, scrypt and AES-256 (RFC 5958, 8018, 7914).

What the library calls its best encryption stretches a passphrase by 2,048 rounds of PBKDF2, which one graphics card undoes a
million times a second. The container written here is as standard as that one, and OpenSSL opens it.
"""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from enum import Enum
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7

from domain.der import INTEGER, OCTET_STRING, SEQUENCE

_SALT_SIZE_BYTES: Final = 16
_BLOCK_SIZE_BYTES: Final = 16
_KEY_SIZE_BYTES: Final = 32
_PEM_LINE: Final = 64
_PBES2: Final = bytes.fromhex("06092a864886f70d01050d")
_SCRYPT: Final = bytes.fromhex("06092b06010401da47040b")
_AES_256_CBC: Final = bytes.fromhex("060960864801650304012a")
"""Object identifiers, whole (RFC 8018, appendix A.4; RFC 7914, section 7; RFC 3565, section 4.1)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """The parameters of scrypt: 128 * n * r bytes of memory, p times over."""

    n: int
    r: int
    p: int


class Stretching(Enum):
    """How much work a guess at the passphrase costs."""

    PERSON = Cost(n=1 << 14, r=8, p=5)
    """For what a person can remember: 16 MiB, a sixth of a second. More memory than this OpenSSL refuses by default."""
    MACHINE = Cost(n=1 << 10, r=8, p=1)
    """For what a machine drew, 128 bits and more, which nobody guesses anyway: stations open many keys quickly."""


def encrypt_key(private_key: bytes, passphrase: bytes, stretching: Stretching) -> bytes:
    """Return a private key (PKCS #8, DER) as encrypted PKCS #8 in PEM, under a fresh salt."""
    salt, start = os.urandom(_SALT_SIZE_BYTES), os.urandom(_BLOCK_SIZE_BYTES)
    cost = stretching.value
    secret = Scrypt(salt=salt, length=_KEY_SIZE_BYTES, n=cost.n, r=cost.r, p=cost.p).derive(passphrase)
    padder = PKCS7(8 * _BLOCK_SIZE_BYTES).padder()
    encryptor = Cipher(AES256(secret), CBC(start)).encryptor()
    hidden = encryptor.update(padder.update(private_key) + padder.finalize()) + encryptor.finalize()
    derivation = _value(SEQUENCE, _SCRYPT, _value(SEQUENCE, _value(OCTET_STRING, salt), *map(_number, (cost.n, cost.r, cost.p))))
    scheme = _value(SEQUENCE, _AES_256_CBC, _value(OCTET_STRING, start))
    algorithm = _value(SEQUENCE, _PBES2, _value(SEQUENCE, derivation, scheme))
    return _pem(_value(SEQUENCE, algorithm, _value(OCTET_STRING, hidden)))


def _number(number: int) -> bytes:
    return _value(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _value(tag: int, *parts: bytes) -> bytes:
    """Return a value in DER (X.690, section 10.1)."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:  # noqa: PLR2004 - one byte holds a length below this
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def _pem(der: bytes) -> bytes:
    """Return PEM (RFC 7468, section 11)."""
    text = base64.b64encode(der)
    lines = [text[at : at + _PEM_LINE] for at in range(0, len(text), _PEM_LINE)]
    return b"\n".join([b"-----BEGIN ENCRYPTED PRIVATE KEY-----", *lines, b"-----END ENCRYPTED PRIVATE KEY-----", b""])
