"""Proofs that a leaf is in a log, to be checked with no log at hand (C2SP, tlog-proof): index, path and checkpoint in a file."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from domain.ids import Digest
from domain.notes import MAX_NOTE_BYTES, Note, NoteInvalidError, parse_decimal, parse_hash, parse_note

FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"
MAX_PATH: Final = 63
"""A tree of more leaves than `MAX_SIZE` does not exist, so no path is longer."""
MAX_PROOF_BYTES: Final = MAX_NOTE_BYTES + 4096
"""The note, 63 hashes and two short lines."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogProof:
    """Where a leaf is said to be, the hashes from its sibling up to the root's child, and the note of the checkpoint.

    Nothing of it is verified: neither the note's signatures, nor that the path leads to its root.
    """

    index: int
    path: tuple[Digest, ...]
    note: Note


def encode_proof(proof: LogProof) -> bytes:
    """Return a proof as the file it travels in; it never carries the format's line for extra data."""
    path = "".join(base64.b64encode(node).decode() + "\n" for node in proof.path)
    return f"{FIRST_LINE}\nindex {proof.index}\n{path}\n".encode() + proof.note.encoded()


def parse_proof(raw: bytes) -> LogProof:
    """Return the proof that these bytes are, or raise `NoteInvalidError`: of extra data, which nothing authenticates, too."""
    if len(raw) > MAX_PROOF_BYTES:
        msg = f"a proof has at most {MAX_PROOF_BYTES} bytes, not {len(raw)}"
        raise NoteInvalidError(msg)
    head, separator, note = raw.partition(b"\n\n")
    try:
        first, index, *path = head.decode("ascii").split("\n")
    except ValueError as error:
        msg = "a proof has a first line, a line for the index, and ASCII only before its checkpoint"
        raise NoteInvalidError(msg) from error
    if first != FIRST_LINE or not index.startswith("index ") or not separator or len(path) > MAX_PATH:
        msg = f"a proof begins with {FIRST_LINE}, its index, at most {MAX_PATH} hashes and an empty line"
        raise NoteInvalidError(msg)
    return LogProof(
        index=parse_decimal(index.removeprefix("index ")),
        path=tuple(parse_hash(line) for line in path),
        note=parse_note(note),
    )
