"""Checkpoints: what a log's head was at a size, as a note of three lines, and the pair of an exchange's two logs.

C2SP, tlog-checkpoint, without extension lines; formats.md, "Checkpoints". Who signed is looked at in
domain.checkpoint_signatures (the operator) and domain.cosignatures (the witnesses).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from domain.ids import Digest
from domain.notes import MAX_NOTE_BYTES, UNICODE_SPACES, Note, NoteInvalidError, parse_decimal, parse_hash, parse_note

VERDICTS_SUFFIX: Final = "/verdicts"
_LENGTH_SIZE_BYTES: Final = 4
MAX_PAIR_BYTES: Final = 2 * (_LENGTH_SIZE_BYTES + MAX_NOTE_BYTES)
"""The longest encoded pair that is read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """A log's head: whose log it is, how many leaves it has, and the root over them."""

    origin: str
    size: int
    root: Digest


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointPair:
    """The notes of both logs of one ledger at one size; that no signature has been verified is part of what it is.

    Both texts are checkpoints, of equal size, the second origin is the first with `/verdicts`; else making one raises
    `NoteInvalidError`.
    """

    records: Note
    verdicts: Note

    def __post_init__(self) -> None:
        """Refuse notes that are not a pair."""
        records, verdicts = self.heads
        if verdicts.origin != records.origin + VERDICTS_SUFFIX or records.size != verdicts.size:
            msg = (
                f"{records.origin!r} at {records.size} and {verdicts.origin!r} at {verdicts.size} are no pair: they need one"
                f" size, and the second origin is the first with {VERDICTS_SUFFIX}"
            )
            raise NoteInvalidError(msg)

    @property
    def heads(self) -> tuple[Checkpoint, Checkpoint]:
        """Both checkpoints: of the record log, of the verdict log."""
        return parse_checkpoint(self.records.text), parse_checkpoint(self.verdicts.text)

    @property
    def size(self) -> int:
        """How many records the ledger had."""
        return self.heads[0].size

    @property
    def roots(self) -> tuple[Digest, Digest]:
        """Both roots: of the record log, of the verdict log."""
        records, verdicts = self.heads
        return records.root, verdicts.root


def record_origin(name: str, identity: Digest) -> str:
    """Return the origin of a ledger's record log: `<name>/<64 hex identity>`.

    It is the name of the operator's key as well, so every Unicode space and every plus of the name is written as a hyphen
    (signed-note allows neither in the name of a key); the identity keeps two ledgers apart whatever their names.
    """
    return f"{UNICODE_SPACES.sub('-', name).replace('+', '-')}/{identity.hex()}"


def verdict_origin(name: str, identity: Digest) -> str:
    """Return the origin of a ledger's verdict log."""
    return record_origin(name, identity) + VERDICTS_SUFFIX


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """Return the note text of a checkpoint: origin, size and base64 root, a line each."""
    return f"{checkpoint.origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that a note's text is; raise `NoteInvalidError` if it is not exactly its three lines."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:  # noqa: PLR2004 - three lines, and nothing after the last line feed
        msg = "a checkpoint has three lines: origin, size and root"
        raise NoteInvalidError(msg)
    return Checkpoint(origin=lines[0], size=parse_decimal(lines[1]), root=parse_hash(lines[2]))


def encode_pair(pair: CheckpointPair) -> bytes:
    """Return a pair as bytes: u32 length ‖ note ‖ u32 length ‖ note."""
    notes = (pair.records.encoded(), pair.verdicts.encoded())
    return b"".join(len(note).to_bytes(_LENGTH_SIZE_BYTES) + note for note in notes)


def parse_pair(raw: bytes) -> CheckpointPair:
    """Return the pair that these bytes are; raise `NoteInvalidError` otherwise. No signature is verified."""
    records, rest = _take_note(raw)
    verdicts, rest = _take_note(rest)
    if rest:
        msg = f"{len(rest)} bytes follow a pair of checkpoints"
        raise NoteInvalidError(msg)
    return CheckpointPair(records=records, verdicts=verdicts)


def _take_note(raw: bytes) -> tuple[Note, bytes]:
    length = int.from_bytes(raw[:_LENGTH_SIZE_BYTES])
    start, end = _LENGTH_SIZE_BYTES, _LENGTH_SIZE_BYTES + length
    if len(raw) < end or end == start:
        msg = "a pair of checkpoints ends before its notes do"
        raise NoteInvalidError(msg)
    return parse_note(raw[start:end]), raw[end:]
