"""Keys made, imported and asked for at an officer's own station: the key file stays there, the request file travels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.authority_files import write_certificate_file
from adapters.errors import KeyFileError
from adapters.key_files import create_key, import_pkcs12
from adapters.key_requests import SignedRequest, make_request, write_request
from adapters.signers import Signer, open_signer
from cli.errors import HomeError
from cli.passphrases import NewPassphrase
from cli.settings import read_settings, write_atomically
from cli.wiring import KEYS_FOLDER
from domain.ids import Digest, OfficerId, digest_from_hex, sha256
from schemas.codec import LedgerCodec

REQUESTS_FOLDER: Final = "requests"
KEYS_LIMIT: Final = 99
"""Keys of one officer at one station; he signs with one, and keeps old ones until they are revoked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeKey:
    """A key file at this station, and the request that asks the registrar to enrol it."""

    key_file: Path
    request_file: Path
    request: SignedRequest
    certificate_file: Path | None = None

    @property
    def key(self) -> Digest:
        """What the ledger will call the key: SHA-256 of its SubjectPublicKeyInfo."""
        return sha256(self.request.request.public_key)


def make_key(
    home: Path, officer: OfficerId, algorithm: str, passphrase: NewPassphrase, *, now_ms: int, another: bool = False
) -> MadeKey:
    """Make a key for an officer in a home, and its request; `another` beside one that is there.

    Raises `HomeError` before the home joined a ledger, `KeyFileError` if a key is there already or cannot be written.
    """
    ledger = joined_ledger(home)
    file = free_key_file(home, officer) if another else _key_file(home, officer)
    create_key(file, algorithm, passphrase.secret, passphrase.stretching)
    return ask_again(home, ledger, file, officer, lambda: passphrase.secret, now_ms=now_ms)


def import_key(
    home: Path, officer: OfficerId, source: Path, source_passphrase: bytes, passphrase: NewPassphrase, *, now_ms: int
) -> MadeKey:
    """Copy an officer's key from a PKCS #12 file into a home; the certificate that lies with it goes beside the request.

    Raises as `make_key`.
    """
    ledger = joined_ledger(home)
    file = free_key_file(home, officer)
    certificate = import_pkcs12(source, file, source_passphrase, passphrase.secret, passphrase.stretching)
    made = ask_again(home, ledger, file, officer, lambda: passphrase.secret, now_ms=now_ms)
    if certificate is None:
        return made
    beside = made.request_file.with_suffix(".crt")
    write_certificate_file(beside, certificate)
    return MadeKey(key_file=file, request_file=made.request_file, request=made.request, certificate_file=beside)


def ask_again(
    home: Path, ledger: Digest, file: Path, officer: OfficerId, passphrase: Callable[[], bytes], *, now_ms: int
) -> MadeKey:
    """Write a request for a key that is there: because the first was lost, or because its certificate ends.

    Raises `KeyFileError` if it cannot be opened.
    """
    signer: Signer = open_signer(file.absolute().as_uri(), passphrase)
    request = make_request(LedgerCodec(), signer, ledger=ledger, officer=officer, made_at=now_ms)
    request_file = home / REQUESTS_FOLDER / f"{file.stem}.request.json"
    write_atomically(request_file, write_request(request).decode())
    return MadeKey(key_file=file, request_file=request_file, request=request)


def newest_key_file(home: Path, officer: OfficerId) -> Path:
    """Return the key file of an officer that was made last; raise `KeyFileError` if there is none."""
    found = [file for file in _key_files(home, officer) if file.exists()]
    if not found:
        raise KeyFileError(f"No key of {officer} is in {home / KEYS_FOLDER}. Make one with `ortoo key create {officer}`.")
    return found[-1]


def free_key_file(home: Path, officer: OfficerId) -> Path:
    """Return where an officer's next key goes; raise `KeyFileError` if there are too many."""
    for file in _key_files(home, officer):
        if not file.exists():
            return file
    raise KeyFileError(f"{officer} has {KEYS_LIMIT} keys in {home / KEYS_FOLDER}. Take old ones away first.")


def joined_ledger(home: Path) -> Digest:
    """Return the ledger that a home belongs to; raise `HomeError` if none yet: a request names its ledger."""
    ledger = read_settings(home, {}).ledger
    if ledger is None:
        raise HomeError(
            f"{home} has not joined a ledger yet, and a request for a key names its ledger. Run "
            "`ortoo ledger join LOCATION --identity HEX` first."
        )
    return digest_from_hex(ledger)


def _key_files(home: Path, officer: OfficerId) -> list[Path]:
    return [_key_file(home, officer), *(_key_file(home, officer, f"~{number}") for number in range(2, KEYS_LIMIT + 1))]


def _key_file(home: Path, officer: OfficerId, more: str = "") -> Path:
    return home / KEYS_FOLDER / f"{officer}{more}.pem"
