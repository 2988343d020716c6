"""Public keys as files (PEM, SubjectPublicKeyInfo): how the holder of a new root key hands it over."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from adapters.errors import KeyFileError
from adapters.key_files import ANYBODY_READS, KEY_FILE_LIMIT_BYTES, NotAKeyError, PrivateKey, write_new_file
from domain.signatures import SignatureInvalidError, algorithm_of_key


def write_public_key_file(path: Path, key: PrivateKey) -> None:
    """Write the public half of a key to a new file that everybody may read; raise `KeyFileError` if it exists."""
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_new_file(path, pem, mode=ANYBODY_READS)


def read_public_key_file(path: Path) -> bytes:
    """Return the SubjectPublicKeyInfo (DER) in a file; raise `KeyFileError` if it is none that signs here."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(KEY_FILE_LIMIT_BYTES + 1)
        spki = load_pem_public_key(raw).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        algorithm_of_key(spki)
    except OSError as error:
        raise KeyFileError(f"The public key {path} cannot be read ({error.strerror}). Check the path.") from error
    except (ValueError, SignatureInvalidError) as error:
        raise NotAKeyError(
            f"The file {path} holds no public key in PEM that is P-256 or Ed25519. Name the .pub file of a root key."
        ) from error
    return spki
