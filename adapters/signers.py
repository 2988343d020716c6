"""Signers: keys that sign bytes and do nothing else, opened by URI.

`file:` names a PKCS #8 PEM file or a PKCS #12 file (adapters.key_files), `pkcs11:` a key on a token (adapters.pkcs11_tokens).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.errors import KeyFileError
from adapters.key_files import PrivateKey, load_key
from adapters.pkcs11_tokens import TokenSigner
from adapters.token_uris import SCHEME, parse_token_uri
from domain.signatures import ECDSA_P256, ED25519


class Signer(Protocol):
    """A key that signs."""

    @property
    def algorithm(self) -> str:
        """The name of its signature algorithm, as the envelope says it."""

    @property
    def spki(self) -> bytes:
        """Its public key: SubjectPublicKeyInfo, DER."""

    @property
    def certificate(self) -> bytes | None:
        """The certificate (DER) that lies with the key, None if none does."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature over a message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeySigner:
    """A signer whose private key is in memory."""

    key: PrivateKey
    spki: bytes
    algorithm: str
    certificate: bytes | None = None

    def sign(self, message: bytes) -> bytes:
        """Return the signature over a message: strict DER for P-256, 64 bytes for Ed25519."""
        if isinstance(self.key, Ed25519PrivateKey):
            return self.key.sign(message)
        return self.key.sign(message, ec.ECDSA(SHA256()))


def signer_of(key: PrivateKey, certificate: bytes | None = None) -> KeySigner:
    """Return a signer for a private key that is in memory."""
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    algorithm = ED25519 if isinstance(key, Ed25519PrivateKey) else ECDSA_P256
    return KeySigner(key=key, spki=spki, algorithm=algorithm, certificate=certificate)


def open_signer(uri: str, secret: Callable[[], bytes]) -> Signer:
    """Return the signer that a URI names; `secret` is asked for the passphrase of a file or the PIN of a token when needed.

    A file is opened here, a token when its key is first used. Raises `KeyFileError` if the key cannot be opened or the kind of
    URI is not known, `TokenUriError` if it names no key on a token.
    """
    if uri.startswith(SCHEME):
        return TokenSigner(parse_token_uri(uri), secret)
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not parts.path:
        msg = (
            f"The key {uri} cannot be opened: this program knows keys in files, named as file:/path/to/key.pem, and on tokens, "
            "named as pkcs11:token=LABEL?module-path=/path/to/the/driver.so."
        )
        raise KeyFileError(msg)
    key, certificate = load_key(Path(unquote(parts.path)), secret)
    return signer_of(key, certificate)
