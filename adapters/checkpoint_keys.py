"""The operator's keys for checkpoints: two files, Ed25519 and ML-DSA-44, named by their key's digest, and one with both public.

They lie in `keys/checkpoint/` of the home whose station signs, locked like every key. The public file travels to the roots,
who name the key on the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from adapters.errors import KeyFileError
from adapters.key_encryption import Stretching
from adapters.key_files import ANYBODY_READS, KEY_FILE_LIMIT_BYTES, NotAKeyError, unlock_pem, write_key, write_new_file
from domain.events import CheckpointKey
from domain.ids import Digest, sha256

CHECKPOINT_KEYS_FOLDER: Final = "checkpoint"
"""In the folder of a home's keys; officers' keys lie one level above, so that none is ever taken for another."""
NAMED_DIGITS: Final = 16
"""So many hexadecimal digits of SHA-256 of the Ed25519 key name a key's files."""
_END: Final = b"-----END PUBLIC KEY-----\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class OperatorKey:
    """Both private keys in memory, ready to sign checkpoints."""

    public: CheckpointKey
    ed25519: Ed25519PrivateKey
    ml_dsa_44: MLDSA44PrivateKey

    def sign_ed25519(self, message: bytes) -> bytes:
        """Return the Ed25519 signature over a message."""
        return self.ed25519.sign(message)

    def sign_ml_dsa_44(self, message: bytes) -> bytes:
        """Return the ML-DSA-44 signature over a message, with an empty context."""
        return self.ml_dsa_44.sign(message)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointKeyFiles:
    """Where the files of one key lie."""

    ed25519: Path
    ml_dsa_44: Path
    public: Path


def digest_of(key: CheckpointKey) -> Digest:
    """Return what the ledger calls a checkpoint key: SHA-256 of its Ed25519 key."""
    return sha256(key.ed25519)


def files_of(folder: Path, key: CheckpointKey) -> CheckpointKeyFiles:
    """Return where the files of a key lie in a folder, whether they are there or not."""
    stem = digest_of(key).hex()[:NAMED_DIGITS]
    names = (folder / f"{stem}.{end}" for end in ("ed25519.pem", "ml-dsa-44.pem", "pub"))
    elliptic, lattice, public = names
    return CheckpointKeyFiles(ed25519=elliptic, ml_dsa_44=lattice, public=public)


def draw_checkpoint_key() -> OperatorKey:
    """Return a new key, in memory only."""
    elliptic, lattice = Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate()
    return _operator_key(elliptic, lattice)


def write_checkpoint_key(folder: Path, key: OperatorKey, passphrase: bytes, stretching: Stretching) -> CheckpointKeyFiles:
    """Write a key into new files of a folder, the private ones locked; raise `KeyFileError` if one cannot be written."""
    files = files_of(folder, key.public)
    write_key(files.ed25519, key.ed25519, passphrase, stretching)
    write_key(files.ml_dsa_44, key.ml_dsa_44, passphrase, stretching)
    halves = (key.ed25519.public_key(), key.ml_dsa_44.public_key())
    pem = b"".join(half.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo) for half in halves)
    write_new_file(files.public, pem, mode=ANYBODY_READS)
    return files


def held_key(folder: Path, keys: Sequence[CheckpointKey]) -> CheckpointKey | None:
    """Return the newest of these keys whose private halves lie in a folder, None if none of them does."""
    return next((key for key in reversed(keys) if files_of(folder, key).ed25519.exists()), None)


def open_checkpoint_key(folder: Path, key: CheckpointKey, passphrase: Callable[[], bytes]) -> OperatorKey:
    """Return a key of a folder, ready to sign; the passphrase is asked for once. Raises `KeyFileError` if it cannot be used."""
    files = files_of(folder, key)
    known: list[bytes] = []

    def once() -> bytes:
        known[:] = known or [passphrase()]
        return known[0]

    elliptic, lattice = unlock_pem(files.ed25519, once), unlock_pem(files.ml_dsa_44, once)
    if not isinstance(elliptic, Ed25519PrivateKey) or not isinstance(lattice, MLDSA44PrivateKey):
        msg = f"{files.ed25519} and {files.ml_dsa_44} are not an Ed25519 and an ML-DSA-44 key, so they sign no checkpoint."
        raise NotAKeyError(msg)
    found = _operator_key(elliptic, lattice)
    if found.public != key:
        msg = (
            f"{files.ed25519} and {files.ml_dsa_44} do not belong together, or not to the key that the ledger names. Restore "
            "both from the backup of this home, or make a new key with `ortoo checkpoint make-key`."
        )
        raise NotAKeyError(msg)
    return found


def read_checkpoint_key(path: Path) -> CheckpointKey:
    """Return the key in a public file (two public keys in PEM, Ed25519 first); raise `KeyFileError` if it holds none."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(KEY_FILE_LIMIT_BYTES + 1)
        first, end, second = raw.partition(_END)
        elliptic, lattice = load_pem_public_key(first + end), load_pem_public_key(second)
    except OSError as error:
        raise KeyFileError(f"The public key {path} cannot be read ({error.strerror}). Check the path.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _not_a_key(path) from error
    if not isinstance(elliptic, Ed25519PublicKey) or not isinstance(lattice, MLDSA44PublicKey):
        raise _not_a_key(path)
    return _public(elliptic, lattice)


def _not_a_key(path: Path) -> NotAKeyError:
    return NotAKeyError(
        f"The file {path} holds no checkpoint key: an Ed25519 and an ML-DSA-44 public key in PEM. Name the .pub file that "
        "`ortoo checkpoint make-key` wrote."
    )


def _operator_key(elliptic: Ed25519PrivateKey, lattice: MLDSA44PrivateKey) -> OperatorKey:
    public = _public(elliptic.public_key(), lattice.public_key())
    return OperatorKey(public=public, ed25519=elliptic, ml_dsa_44=lattice)


def _public(elliptic: Ed25519PublicKey, lattice: MLDSA44PublicKey) -> CheckpointKey:
    return CheckpointKey(ed25519=Digest(elliptic.public_bytes_raw()), ml_dsa_44=lattice.public_bytes_raw())
