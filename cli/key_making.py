"""Keys made, imported and asked for at an officer's own station: the key stays there or on a token, the request file travels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.authority_files import write_certificate_file
from adapters.errors import KeyFileError
from adapters.key_files import KeyExistsError, create_key, import_pkcs12
from adapters.key_requests import SignedRequest, make_request, write_request
from adapters.keyring import KEY_SUFFIXES, TOKEN_SUFFIX, open_key, read_token_file, write_token_file
from adapters.pkcs11_tokens import make_token_key
from adapters.token_uris import TokenUri
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
    """A key at this station (its file, or the file that names it on its token), and the request to enrol it."""

    key_file: Path
    request_file: Path
    request: SignedRequest
    certificate_file: Path | None = None

    @property
    def key(self) -> Digest:
        """What the ledger will call the key: SHA-256 of its SubjectPublicKeyInfo."""
        return sha256(self.request.request.public_key)

    @property
    def token(self) -> TokenUri | None:
        """Where the key lies if that is a token."""
        return read_token_file(self.key_file) if self.key_file.suffix == TOKEN_SUFFIX else None


def make_key(
    home: Path, officer: OfficerId, algorithm: str, passphrase: NewPassphrase, *, now_ms: int, another: bool = False
) -> MadeKey:
    """Make a key for an officer in a home, and its request; `another` beside one that is there.

    Raises `HomeError` before the home joined a ledger, `KeyFileError` if a key is there already or cannot be written.
    """
    ledger = joined_ledger(home)
    file = home / KEYS_FOLDER / f"{_stem_for(home, officer, another=another)}.pem"
    create_key(file, algorithm, passphrase.secret, passphrase.stretching)
    return ask_again(home, ledger, file, officer, lambda: passphrase.secret, now_ms=now_ms)


def make_key_on_token(
    home: Path, officer: OfficerId, token: TokenUri, pin: Callable[[], bytes], *, now_ms: int, another: bool = False
) -> MadeKey:
    """Make a key for an officer on a token, a file in the home that names it, and its request; `another` as in `make_key`.

    Raises `HomeError`, `KeyFileError` and `TokenError`.
    """
    ledger = joined_ledger(home)
    stem = _stem_for(home, officer, another=another)
    file = home / KEYS_FOLDER / f"{stem}{TOKEN_SUFFIX}"
    write_token_file(file, make_token_key(token, stem, pin))
    return ask_again(home, ledger, file, officer, pin, now_ms=now_ms)


def import_key(
    home: Path, officer: OfficerId, source: Path, source_passphrase: bytes, passphrase: NewPassphrase, *, now_ms: int
) -> MadeKey:
    """Copy an officer's key from a PKCS #12 file into a home; the certificate that lies with it goes beside the request.

    Raises as `make_key`.
    """
    ledger = joined_ledger(home)
    file = home / KEYS_FOLDER / f"{_stem_for(home, officer, another=True)}.pem"
    certificate = import_pkcs12(source, file, source_passphrase, passphrase.secret, passphrase.stretching)
    made = ask_again(home, ledger, file, officer, lambda: passphrase.secret, now_ms=now_ms)
    if certificate is None:
        return made
    beside = made.request_file.with_suffix(".crt")
    write_certificate_file(beside, certificate)
    return MadeKey(key_file=file, request_file=made.request_file, request=made.request, certificate_file=beside)


def ask_again(home: Path, ledger: Digest, file: Path, officer: OfficerId, secret: Callable[[], bytes], *, now_ms: int) -> MadeKey:
    """Write a request for a key that is there: because the first was lost, or because its certificate ends.

    Raises `KeyFileError` or `TokenError` if it cannot be opened.
    """
    signer = open_key(file, secret)
    request = make_request(LedgerCodec(), signer, ledger=ledger, officer=officer, made_at=now_ms)
    request_file = home / REQUESTS_FOLDER / f"{file.stem}.request.json"
    write_atomically(request_file, write_request(request).decode())
    return MadeKey(key_file=file, request_file=request_file, request=request)


def newest_key_file(home: Path, officer: OfficerId) -> Path:
    """Return the file of an officer's key that was made last; raise `KeyFileError` if there is none."""
    found = [file for stem in _stems(officer) for file in _files(home, stem)]
    if not found:
        raise KeyFileError(f"No key of {officer} is in {home / KEYS_FOLDER}. Make one with `ortoo key create {officer}`.")
    return found[-1]


def joined_ledger(home: Path) -> Digest:
    """Return the ledger that a home belongs to; raise `HomeError` if none yet: a request names its ledger."""
    ledger = read_settings(home, {}).ledger
    if ledger is None:
        raise HomeError(
            f"{home} has not joined a ledger yet, and a request for a key names its ledger. Run "
            "`ortoo ledger join LOCATION --identity HEX` first."
        )
    return digest_from_hex(ledger)


def _stem_for(home: Path, officer: OfficerId, *, another: bool) -> str:
    """Return the name, without suffix, of the file for an officer's next key; raise `KeyFileError` if none is free."""
    for stem in _stems(officer):
        there = _files(home, stem)
        if not there:
            return stem
        if not another:
            raise KeyExistsError(
                f"{there[0]} exists already and was left as it is. Make a further key with --another, or ask again for this one "
                "with --again."
            )
    raise KeyFileError(f"{officer} has {KEYS_LIMIT} keys in {home / KEYS_FOLDER}. Take old ones away first.")


def _stems(officer: OfficerId) -> list[str]:
    return [officer, *(f"{officer}~{number}" for number in range(2, KEYS_LIMIT + 1))]


def _files(home: Path, stem: str) -> list[Path]:
    return [file for suffix in KEY_SUFFIXES if (file := home / KEYS_FOLDER / f"{stem}{suffix}").exists()]
