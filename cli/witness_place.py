"""Where a witness keeps what it needs in its home, and how its key is made and opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.fork_files import FORKS_FOLDER, ForkFiles
from adapters.key_files import NotAKeyError, load_key
from adapters.witness import Event, Witness
from adapters.witness_logs import WitnessLogs, read_witness_logs
from adapters.witness_memory import WitnessMemory
from cli.session import Session
from cli.wiring import KEYS_FOLDER, passphrase_source
from domain.cosignatures import WitnessKey, cosignature_line
from domain.ids import OfficerId
from domain.ledger_time import MS_PER_S

LOGS_FILE: Final = "witness.toml"
MEMORY_FILE: Final = "witness.sqlite"
FOLDER: Final = "witness"


@dataclass(frozen=True, kw_only=True, slots=True)
class WitnessPlace:
    """The files of a witness in its home."""

    logs: Path
    memory: Path
    key: Path
    mark: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenWitness:
    """A witness whose key is open: what it watches, and what signs."""

    logs: WitnessLogs
    private: Ed25519PrivateKey

    def cosign(self, text: str, at_s: int) -> bytes:
        """Return the line with which the witness cosigns a note's text."""
        return cosignature_line(text, self.logs.key, self.private.sign, at_s).encoded().encode()


def place_of(session: Session) -> WitnessPlace:
    """Return where the witness of a session's home keeps its files."""
    keys = session.home / KEYS_FOLDER / FOLDER
    return WitnessPlace(
        logs=session.home / LOGS_FILE, memory=session.home / MEMORY_FILE, key=keys / "key.pem", mark=keys / "signed"
    )


def witness_key(name: str, private: Ed25519PrivateKey) -> WitnessKey:
    """Return the public side of a witness's key under its name."""
    return WitnessKey(name=name, ed25519=private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def open_witness(session: Session) -> OpenWitness:
    """Return the witness of a session's home with its key open; raise `WitnessFileError` or `KeyFileError`."""
    place = place_of(session)
    logs = read_witness_logs(place.logs)
    private, _ = load_key(place.key, lambda: passphrase_source(session)(OfficerId(logs.key.name)))
    if not isinstance(private, Ed25519PrivateKey) or witness_key(logs.key.name, private) != logs.key:
        raise NotAKeyError(
            f"The key {place.key} is not the one of {logs.key.encoded()}, which {place.logs} names. Put that one there, or make "
            "another witness in a home of its own with `ortoo witness make-key`."
        )
    return OpenWitness(logs=logs, private=private)


def open_memory(session: Session) -> WitnessMemory:
    """Return what the witness of a session's home remembers; use it as `session.keep(open_memory)`."""
    place = place_of(session)
    return WitnessMemory(place.memory, place.mark)


def evidence_of(session: Session) -> ForkFiles:
    """Return where the witness of a session's home keeps evidence of forks."""
    return ForkFiles(session.home / FORKS_FOLDER)


def build_witness(session: Session, opened: OpenWitness, tell: Callable[[Event], None]) -> Witness:
    """Put the witness of a session's home together; `tell` is told of everything that comes of a request."""
    return Witness(
        opened.logs.watched,
        session.keep(open_memory),
        evidence_of(session),
        opened.cosign,
        lambda: session.now_ms() // MS_PER_S,
        tell,
    )
