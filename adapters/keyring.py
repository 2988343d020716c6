"""The keys of the officers who work at this station: which key files there are, and which certificates the ledger gave them.

A key file is made before its certificate exists; the certificate is found on the ledger, by the public key. So an officer
carries nothing back from the registrar.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.errors import KeyringError
from adapters.signers import Signer, open_signer
from domain.changes import View
from domain.ids import Digest, OfficerId, sha256
from domain.keys import Key, KeyStatus, key

KEY_SUFFIXES: Final = (".pem", ".p12")
Passphrase = Callable[[OfficerId], bytes]
"""Asks for the passphrase of an officer's key: by prompt, from a file, from the environment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficerSigner:
    """An officer's key ready to sign, and the digest of the certificate that it signs under."""

    officer: OfficerId
    certificate: Digest
    signer: Signer


class Keyring:
    """The folder of key files, one or several an officer: `<officer>.pem`, `<officer>~<anything>.pem`, or `.p12`."""

    def __init__(self, folder: Path, passphrase: Passphrase) -> None:
        """Look for key files in `folder`; ask `passphrase` when one is opened, once each."""
        self._folder = folder
        self._passphrase = passphrase
        self._opened: dict[Path, Signer] = {}

    @property
    def folder(self) -> Path:
        """Where the key files lie."""
        return self._folder

    def officers(self) -> tuple[OfficerId, ...]:
        """Return the officers who have a key file here, sorted."""
        return tuple(sorted({OfficerId(_officer_of(path)) for path in self._files()}))

    def signer_for(self, officer: OfficerId, view: View, at_ms: int) -> OfficerSigner:
        """Return an officer's key that is in force at a ledger time; raise `KeyringError` with what is missing."""
        files = [path for path in self._files() if _officer_of(path) == officer]
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
            self._opened[path] = open_signer(path.absolute().as_uri(), lambda: self._passphrase(officer))
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
