"""How documents lie in a Kafka topic: chunks, and the hint in a ledger record's header that says where they begin.

A chunk's key is the document's digest and the chunk's number (u32); its value is a version byte (1), the document's size
(u64) and at most 512 KiB of it. Every chunk but the last is full, so number and size say exactly how long each must be. A
null value is a tombstone. All of it was written by somebody else: what does not fit is no chunk.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Final

from adapters.documents import DocumentError
from domain.ids import DIGEST_SIZE_BYTES, OFFICER_FORM, Digest

CHUNK_BYTES: Final = 512 * 1024
"""Half of what any broker takes in one message by default."""
HINT_HEADER: Final = "ortoo_documents"
CLOSING_KEY: Final = b"closing"
"""The key of a record without a value that says nothing: only that the broker may close the segment before it."""
HINTED_LIMIT: Final = 101
"""A letter's cover and its 100 documents."""
HINT_LIMIT_BYTES: Final = 8 * 1024
"""More than a hint with every field at its limit has."""
POSITION_LIMIT: Final = 2**53
"""No topic reaches it, and every program can count so far."""

_KEY: Final = struct.Struct(f">{DIGEST_SIZE_BYTES}sI")
_VALUE: Final = struct.Struct(">BQ")
_HINTED: Final = struct.Struct(f">{DIGEST_SIZE_BYTES}sQ")
_VERSION: Final = 1
_HINT_HEAD_BYTES: Final = 4  # version, length of the station's id, number of positions
_STATION: Final = re.compile(OFFICER_FORM)


class DocumentHintError(DocumentError):
    """A header that should say where documents lie does not; the documents are searched for instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """One piece of a document, or the tombstone of a destroyed one, whose size is then 0."""

    digest: Digest
    number: int
    size_bytes: int
    content: bytes
    is_tombstone: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class HintedPosition:
    """Where a document's first chunk may be found."""

    digest: Digest
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentHint:
    """In which station's stream, and where there, a record's documents may be found. Untrusted."""

    stream: str
    positions: tuple[HintedPosition, ...]


def chunk_count(size_bytes: int) -> int:
    """Return how many chunks a document has; an empty one has one, or it could not be seen."""
    return max(1, -(-size_bytes // CHUNK_BYTES))


def chunk_key(digest: Digest, number: int) -> bytes:
    """Return the key of a chunk."""
    return _KEY.pack(digest, number)


def chunk_value(size_bytes: int, content: bytes) -> bytes:
    """Return the value of a chunk of a document of this size."""
    return _VALUE.pack(_VERSION, size_bytes) + content


def parse_chunk(key: bytes | None, value: bytes | None) -> Chunk | None:
    """Return the chunk that a record of a documents topic holds, None if it holds none that could be right."""
    if key is None or len(key) != _KEY.size:
        return None
    digest, number = _KEY.unpack(key)
    if not value:
        return Chunk(digest=Digest(digest), number=number, size_bytes=0, content=b"", is_tombstone=True)
    if len(value) < _VALUE.size:
        return None
    version, size_bytes = _VALUE.unpack_from(value)
    content = value[_VALUE.size :]
    if version != _VERSION or number >= chunk_count(size_bytes):
        return None
    if len(content) != min(CHUNK_BYTES, size_bytes - number * CHUNK_BYTES):
        return None
    return Chunk(digest=Digest(digest), number=number, size_bytes=size_bytes, content=content)


def encode_hint(hint: DocumentHint) -> bytes:
    """Return the header's value for a hint; raise `DocumentHintError` if it is over a limit."""
    _require_right(hint)
    station = hint.stream.encode("ascii")
    head = bytes([_VERSION, len(station)]) + station + len(hint.positions).to_bytes(2, "big")
    return head + b"".join(_HINTED.pack(hinted.digest, hinted.position) for hinted in hint.positions)


def decode_hint(raw: bytes) -> DocumentHint:
    """Return the hint in a header's value; raise `DocumentHintError` if it is none. That it is true, nobody says."""
    if not _HINT_HEAD_BYTES <= len(raw) <= HINT_LIMIT_BYTES or raw[0] != _VERSION:
        raise DocumentHintError(f"A header of {len(raw)} bytes is no hint of version {_VERSION}.")
    start = 2 + raw[1]
    count = int.from_bytes(raw[start : start + 2], "big")
    if len(raw) != start + 2 + count * _HINTED.size:
        raise DocumentHintError(f"A hint of {len(raw)} bytes does not hold the {count} positions that it announces.")
    positions = tuple(
        HintedPosition(digest=Digest(digest), position=position) for digest, position in _HINTED.iter_unpack(raw[start + 2 :])
    )
    hint = DocumentHint(stream=raw[2:start].decode("ascii", errors="replace"), positions=positions)
    _require_right(hint)
    return hint


def _require_right(hint: DocumentHint) -> None:
    if not _STATION.fullmatch(hint.stream):
        raise DocumentHintError(f"A hint names {hint.stream!r}, which is no id of a station.")
    if len(hint.positions) > HINTED_LIMIT:
        raise DocumentHintError(f"A hint names {len(hint.positions)} documents; a letter has at most {HINTED_LIMIT}.")
    if not all(hinted.position < POSITION_LIMIT for hinted in hint.positions):
        raise DocumentHintError("A hint names a position that no topic reaches.")
