"""The keys of the officers who work at this station: where they lie, and which certificates the ledger gave them.

A key lies in a file, or on a token; then a file `<officer>.uri` here names it (RFC 7512), never with its PIN. A key is made
before its certificate exists; the certificate is found on the ledger, by the public key. So an officer carries nothing back
from the registrar.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.errors import KeyFileError, KeyringError
from adapters.key_files import write_new_file
from adapters.signers import Signer, open_signer
from adapters.token_errors import TokenUriError
from adapters.token_uris import URI_LIMIT_CHARACTERS, TokenUri, parse_token_uri
from domain.changes import View
from domain.ids import Digest, OfficerId, sha256
from domain.keys import Key, KeyStatus, key

TOKEN_SUFFIX: Final = ".uri"  # noqa: S105 - the end of a file's name
KEY_SUFFIXES: Final = (".pem", ".p12", TOKEN_SUFFIX)
Passphrase = Callable[[OfficerId], bytes]
"""Asks for the passphrase of an officer's key, or for the PIN of its token: by prompt, from a file, from the environment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Secrets:
    """Who is asked for what opens a key: a passphrase for a file, a PIN for a token.

    One is never tried as the other: three wrong PINs lock a token.
    """

    passphrase: Passphrase
    pin: Passphrase

    def of(self, file: Path, officer: OfficerId) -> Callable[[], bytes]:
        """Return who is asked for what opens the key of an officer that lies in, or is named by, a file."""
        return lambda: (self.pin if file.suffix == TOKEN_SUFFIX else self.passphrase)(officer)


def open_key(file: Path, secret: Callable[[], bytes]) -> Signer:
    """Return the signer of a key that lies in a file, or on the token that the file names.

    Raises `KeyFileError`; of a token what is wrong is raised when it is first used.
    """
    uri = str(read_token_file(file)) if file.suffix == TOKEN_SUFFIX else file.absolute().as_uri()
    return open_signer(uri, secret)


def read_token_file(file: Path) -> TokenUri:
    """Return where the key lies that a file of a home names; raise `KeyFileError` if it names none."""
    try:
        with file.open(encoding="utf-8") as stream:
            return parse_token_uri(stream.read(URI_LIMIT_CHARACTERS + 2).strip())
    except OSError as error:
        raise KeyFileError(f"The file {file} cannot be read ({error.strerror}). Check the path and its permissions.") from error
    except (UnicodeDecodeError, TokenUriError) as error:
        raise KeyFileError(f"The file {file} names no key on a token. {error}") from error


def write_token_file(file: Path, uri: TokenUri) -> None:
    """Write where an officer's key lies into a new file of a home; raise `KeyFileError` if one is there already."""
    write_new_file(file, f"{uri}\n".encode(), mode=0o600)


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficerSigner:
    """An officer's key ready to sign, the digest of the certificate that it signs under, and the mandate under which he acts."""

    officer: OfficerId
    certificate: Digest
    signer: Signer
    mandate: Digest | None = None


class Keyring:
    """The folder of key files, one or several an officer: `<officer>.pem`, `<officer>~<anything>.pem`, `.p12` or `.uri`."""

    def __init__(self, folder: Path, secrets: Secrets) -> None:
        """Look for key files in `folder`; ask for a secret when a key is opened, once each."""
        self._folder = folder
        self._secrets = secrets
        self._opened: dict[Path, Signer] = {}

    @property
    def folder(self) -> Path:
        """Where the key files lie."""
        return self._folder

    def officers(self) -> tuple[OfficerId, ...]:
        """Return the officers who have a key file here, sorted."""
        return tuple(sorted({OfficerId(_officer_of(path)) for path in self._files()}))

    def files_of(self, officer: OfficerId) -> tuple[Path, ...]:
        """Return the files in which an officer's keys lie, or which name the tokens where they do, sorted."""
        return tuple(path for path in self._files() if _officer_of(path) == officer)

    def signer_for(self, officer: OfficerId, view: View, at_ms: int) -> OfficerSigner:
        """Return an officer's key that is in force at a ledger time.

        Raises `KeyringError` with what is missing, `KeyFileError` or `TokenError` if a key cannot be opened.
        """
        files = self.files_of(officer)
        if not files:
            msg = (
                f"No key of {officer} is at this station (looked in {self._folder}). Make one with "
                f"`ortoo key create {officer}`, or sign on the station where his key is."
            )
            raise KeyringError(msg)
        why = ""
        for path in files:
            signer = self._open(path, officer)
            enrolled = key(view, sha256(signer.spki))
            if enrolled is None:
                why = "the ledger does not hold its certificate yet: the registrar enrols it with `ortoo key enrol`"
            elif enrolled.status is not KeyStatus.ACTIVE:
                why = f"it is {enrolled.status}, by the event at position {enrolled.status_position}"
            else:
                certificate = _valid_certificate(enrolled, at_ms)
                if certificate is not None:
                    return OfficerSigner(officer=officer, certificate=certificate, signer=signer)
                why = "its certificates are not valid at this time: ask the registrar for a new one"
        msg = f"The key of {officer} cannot sign: {why}."
        raise KeyringError(msg)

    def _open(self, path: Path, officer: OfficerId) -> Signer:
        if path not in self._opened:
            self._opened[path] = open_key(path, self._secrets.of(path, officer))
        return self._opened[path]

    def _files(self) -> list[Path]:
        if not self._folder.is_dir():
            return []
        return sorted(path for path in self._folder.iterdir() if path.suffix in KEY_SUFFIXES)


def _officer_of(path: Path) -> str:
    """Return whose key file it is; an id of an officer holds no `~`."""
    return path.stem.split("~", 1)[0]


def _valid_certificate(enrolled: Key, at_ms: int) -> Digest | None:
    valid = [one for one in enrolled.certificates if one.not_before_ms <= at_ms <= one.not_after_ms]
    return valid[-1].digest if valid else None
