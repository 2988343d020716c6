"""Certificates written byte by byte, so that each part of one can be wrong while all else, the signature too, is right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey = ec.EllipticCurvePrivateKey | Ed25519PrivateKey | rsa.RSAPrivateKey

NOW_MS: Final = int(datetime(2026, 11, 24, 12, tzinfo=UTC).timestamp()) * 1000
ECDSA_SHA256: Final = bytes.fromhex("300a06082a8648ce3d040302")
ECDSA_SHA384: Final = bytes.fromhex("300a06082a8648ce3d040303")
ECDSA_SHA512: Final = bytes.fromhex("300a06082a8648ce3d040304")
ED25519: Final = bytes.fromhex("300506032b6570")
RSA_SHA256: Final = bytes.fromhex("300d06092a864886f70d01010b0500")
RSA_SHA1: Final = bytes.fromhex("300d06092a864886f70d0101050500")

BASIC_CONSTRAINTS: Final = "551d13"
KEY_USAGE: Final = "551d0f"
EXTENDED_KEY_USAGE: Final = "551d25"
SUBJECT_ALTERNATIVE_NAME: Final = "551d11"
NAME_CONSTRAINTS: Final = "551d1e"

DOCUMENT_SIGNING: Final = bytes.fromhex("06082b06010505070324")
ANY_USE: Final = bytes.fromhex("0604551d2500")
CODE_SIGNING: Final = bytes.fromhex("06082b06010505070303")


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return a value in DER."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def name(common_name: str) -> bytes:
    """Return a name that consists of a common name."""
    return tlv(0x30, tlv(0x31, tlv(0x30, bytes.fromhex("0603550403"), tlv(0x0C, common_name.encode()))))


def validity(first: str, last: str) -> bytes:
    """Return a validity from two times: 13 characters are a UTCTime, 15 a GeneralizedTime."""
    return tlv(0x30, *(tlv(0x17 if len(text) == 13 else 0x18, text.encode()) for text in (first, last)))


def extension(identifier: str, value: bytes, critical: bytes = b"") -> bytes:
    """Return an extension; `critical` is the whole BOOLEAN."""
    return tlv(0x30, tlv(0x06, bytes.fromhex(identifier)), critical, tlv(0x04, value))


def extensions(*each: bytes) -> bytes:
    """Return the last part of the signed part."""
    return tlv(0xA3, tlv(0x30, *each))


CRITICAL: Final = bytes.fromhex("0101ff")
IS_CA: Final = extension(BASIC_CONSTRAINTS, bytes.fromhex("30030101ff"), CRITICAL)
NOT_CA: Final = extension(BASIC_CONSTRAINTS, bytes.fromhex("3000"), CRITICAL)
SIGNS: Final = extension(KEY_USAGE, bytes.fromhex("03020780"), CRITICAL)
SIGNS_DOCUMENTS: Final = extension(EXTENDED_KEY_USAGE, tlv(0x30, DOCUMENT_SIGNING))
ALWAYS: Final = validity("260101000000Z", "271231235959Z")


def spki_of(key: PrivateKey) -> bytes:
    """Return a private key's public half."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


CA_KEY: Final = ec.derive_private_key(1001, ec.SECP256R1())
OFFICER_KEY: Final = ec.derive_private_key(2002, ec.SECP256R1())
CA_NAME: Final = name("Exchange CA")


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A certificate of an officer, right in every part unless another is put in its place."""

    version: bytes = bytes.fromhex("a003020102")
    serial: bytes = bytes.fromhex("02020b0b")
    algorithm: bytes = ECDSA_SHA256
    inner_algorithm: bytes | None = None
    issuer: bytes = CA_NAME
    validity: bytes = ALWAYS
    subject: bytes = name("officer")
    spki: bytes = spki_of(OFFICER_KEY)
    tail: bytes = extensions(NOT_CA, SIGNS, SIGNS_DOCUMENTS)
    signature: bytes | None = None

    def signed(self) -> bytes:
        """Return the part that is signed."""
        algorithm = self.algorithm if self.inner_algorithm is None else self.inner_algorithm
        parts = (self.version, self.serial, algorithm, self.issuer, self.validity, self.subject, self.spki, self.tail)
        return tlv(0x30, *parts)

    def issued(self, key: PrivateKey = CA_KEY, hashed: HashAlgorithm | None = None) -> bytes:
        """Return the certificate, signed by a key."""
        signature = self.signature
        if signature is None:
            signature = tlv(0x03, b"\x00", sign(key, self.signed(), hashed))
        return tlv(0x30, self.signed(), self.algorithm, signature)


def sign(key: PrivateKey, message: bytes, hashed: HashAlgorithm | None = None) -> bytes:
    """Return a key's signature over a message, by SHA-256 unless another is named."""
    hashed = hashed or SHA256()
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(message)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, PKCS1v15(), hashed)
    return key.sign(message, ec.ECDSA(hashed, deterministic_signing=True))


ANCHOR_DRAFT: Final = Draft(subject=CA_NAME, spki=spki_of(CA_KEY), tail=extensions(IS_CA))
ANCHOR: Final = ANCHOR_DRAFT.issued()
GOOD: Final = Draft().issued()


def anchor_of(key: PrivateKey) -> bytes:
    """Return an anchor with another key; what signs it plays no part."""
    return replace(ANCHOR_DRAFT, spki=spki_of(key)).issued()
