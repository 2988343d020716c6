"""Forks: the operator signed two histories of one ledger, and two of his notes prove it to anybody.

One note is over a head that this history never had; the other is over a head of this history, at that size or later, with
the proof which head this history had at that size. Nothing else is needed to check it: not the ledger, not a store, not
whoever found it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from domain.checkpoint_signatures import ed25519_line, verify_ed25519
from domain.checkpoints import Checkpoint, checkpoint_text, parse_checkpoint, record_origin, verdict_origin
from domain.header import Seen
from domain.ids import Digest
from domain.notes import MAX_NOTE_BYTES, Note, NoteInvalidError, SignatureType, key_id, parse_decimal, parse_hash, parse_note
from domain.proofs import NodeSource, ProofInvalidError, consistency_path, verify_consistency
from domain.tree import frontier_at

FIRST_LINE: Final = "ortoo.fork/v1"
MAX_PATH: Final = 64
"""A proof between two sizes below 2^63 has at most so many hashes (RFC 6962, section 2.1.3)."""
_LINES: Final = 4
"""The first line, both keys and the root."""
MAX_FORK_BYTES: Final = 2 * MAX_NOTE_BYTES + 8192


@dataclass(frozen=True, kw_only=True, slots=True)
class Fork:
    """Evidence of a fork, not verified yet.

    `claimed` and `held` are notes of one log, each signed by an Ed25519 key of the operator; `root` is what the log that
    `held` is a head of had at the size of `claimed`, and `path` the proof of that.
    """

    claimed_key: Digest
    held_key: Digest
    claimed: Note
    held: Note
    root: Digest
    path: tuple[Digest, ...]


def claims_of(seen: Seen, name: str, identity: Digest, ed25519: Digest) -> tuple[Note, Note]:
    """Return the notes of both logs that a `seen` carries, as the key that it names signed them.

    Raises `NoteInvalidError` if one of its two signatures is not that key's; whether the key is the operator's is for the
    caller to know.
    """
    notes = []
    origins = (record_origin(name, identity), verdict_origin(name, identity))
    parts = ((seen.root, seen.signature), (seen.verdict_root, seen.verdict_signature))
    for origin, (root, signature) in zip(origins, parts, strict=True):
        text = checkpoint_text(Checkpoint(origin=origin, size=seen.size, root=root))
        verify_ed25519(text, ed25519, signature)
        notes.append(Note(text=text, lines=(ed25519_line(origin, ed25519, signature),)))
    return notes[0], notes[1]


def fork_between(claimed: tuple[Note, Digest], held: tuple[Note, Digest], node: NodeSource) -> Fork:
    """Return the evidence that one note, with the key that signed it, is no head of the log of another.

    `node` is the tree of the log that is held, at least as large as both. Raises `NoteInvalidError`, `ProofInvalidError` or
    `TreeError` if the notes prove no fork.
    """
    sizes = [parse_checkpoint(note.text).size for note, _ in (claimed, held)]
    fork = Fork(
        claimed_key=claimed[1],
        held_key=held[1],
        claimed=claimed[0],
        held=held[0],
        root=frontier_at(sizes[0], node).root(),
        path=consistency_path(sizes[0], sizes[1], node),
    )
    verify_fork(fork)
    return fork


def verify_fork(fork: Fork) -> tuple[Checkpoint, Checkpoint]:
    """Return both heads of a proven fork: the one of another history, and the one that is held.

    Raises `NoteInvalidError` or `ProofInvalidError` if it proves none. It does not check that both keys are the operator's:
    compare them with the checkpoint keys that the ledger or a trust file names.
    """
    claimed, held = parse_checkpoint(fork.claimed.text), parse_checkpoint(fork.held.text)
    if claimed.origin != held.origin:
        msg = f"the notes are of two logs, {claimed.origin!r} and {held.origin!r}, so they prove no fork"
        raise NoteInvalidError(msg)
    for note, head, key in ((fork.claimed, claimed, fork.claimed_key), (fork.held, held, fork.held_key)):
        line = note.line_of(head.origin, key_id(head.origin, SignatureType.ED25519, key))
        if line is None:
            msg = f"the note at size {head.size} does not bear the signature of the key that the evidence names"
            raise NoteInvalidError(msg)
        verify_ed25519(note.text, key, line.signature)
    verify_consistency(first=claimed.size, first_root=fork.root, second=held.size, second_root=held.root, path=fork.path)
    if claimed.root == fork.root:
        msg = f"both notes are of one history: at size {claimed.size} it has the root that the first one signs"
        raise ProofInvalidError(msg)
    return claimed, held


def encode_fork(fork: Fork) -> bytes:
    """Return the evidence as a file: keys, root and path as lines of base64, then both notes behind their lengths."""
    named = (("key", fork.claimed_key), ("key", fork.held_key), ("root", fork.root), *(("path", node) for node in fork.path))
    head = FIRST_LINE + "\n" + "".join(f"{name} {base64.b64encode(value).decode()}\n" for name, value in named)
    notes = (fork.claimed.encoded(), fork.held.encoded())
    return head.encode() + b"".join(f"note {len(note)}\n".encode() + note for note in notes)


def parse_fork(raw: bytes) -> Fork:
    """Return the evidence that these bytes are; raise `NoteInvalidError` otherwise. Nothing is verified."""
    if len(raw) > MAX_FORK_BYTES:
        msg = f"the evidence of a fork has at most {MAX_FORK_BYTES} bytes, not {len(raw)}"
        raise NoteInvalidError(msg)
    lines: list[str] = []
    rest = raw
    while rest and not rest.startswith(b"note ") and len(lines) < _LINES + MAX_PATH:
        line, _, rest = rest.partition(b"\n")
        lines.append(line.decode("ascii", "replace"))
    if len(lines) < _LINES or lines[0] != FIRST_LINE:
        msg = f"the evidence of a fork begins with {FIRST_LINE}, two keys, a root and at most {MAX_PATH} hashes"
        raise NoteInvalidError(msg)
    claimed, rest = _take_note(rest)
    held, rest = _take_note(rest)
    if rest:
        msg = f"{len(rest)} bytes follow the evidence of a fork"
        raise NoteInvalidError(msg)
    return Fork(
        claimed_key=_hash("key ", lines[1]),
        held_key=_hash("key ", lines[2]),
        root=_hash("root ", lines[3]),
        path=tuple(_hash("path ", line) for line in lines[_LINES:]),
        claimed=claimed,
        held=held,
    )


def _take_note(raw: bytes) -> tuple[Note, bytes]:
    line, separator, rest = raw.partition(b"\n")
    if not line.startswith(b"note ") or not separator:
        msg = "the evidence of a fork has two notes, each behind its length"
        raise NoteInvalidError(msg)
    length = parse_decimal(line.removeprefix(b"note ").decode("ascii", "replace"))
    if len(rest) < length:
        msg = "the evidence of a fork ends before its notes do"
        raise NoteInvalidError(msg)
    return parse_note(rest[:length]), rest[length:]


def _hash(prefix: str, line: str) -> Digest:
    if not line.startswith(prefix):
        msg = f"{line[:60]!r} stands where {prefix.strip()!r} and a hash are needed"
        raise NoteInvalidError(msg)
    return parse_hash(line.removeprefix(prefix))
