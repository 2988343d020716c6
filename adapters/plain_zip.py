"""The plainest of zips: entries stored one after the other, ASCII names, and nothing else in the file.

Every byte follows from names, order and contents, so a reader accepts exactly what this writer writes: no compression (and
no bombs), no comments, extra fields, flags, times, zip64, duplicates or bytes between the entries. Any zip program opens it.
PKWARE's APPNOTE.TXT describes the structures (4.3.7 local header, 4.3.12 central directory, 4.3.16 its end).
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from adapters.documents import PIECE_BYTES
from adapters.errors import AdapterError

TOTAL_LIMIT_BYTES: Final = 1024 * 1024 * 1024
"""The whole file, far below the 4 GiB at which plain zips end."""
NAME_LIMIT_BYTES: Final = 255
MOST_ENTRIES: Final = 65_534
"""The count has 16 bits, and 65,535 in it means zip64 (APPNOTE.TXT, 4.4.21)."""

_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END: Final = struct.Struct("<4sHHHHIIH")
_VERSION: Final = 10  # stored entries are as old as the format (1.0)
_FIRST_DAY: Final = 0x21  # 1 January 1980, the first date of the format: no file tells when or where it was made


class PlainZipError(AdapterError):
    """A file is not a plain zip of the entries that are expected; nothing of it was used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry: its name, where its content begins in the file, its length and CRC-32."""

    name: str
    start: int
    size_bytes: int
    crc: int


def write_plain_zip(target: BinaryIO, contents: Iterable[tuple[str, BinaryIO]]) -> None:
    """Write the entries, in this order, to a file that is at its beginning; raise `PlainZipError` over the limits."""
    entries: list[Entry] = []
    for name, content in contents:
        offset = target.tell()
        target.write(_local_header(Entry(name=name, start=0, size_bytes=0, crc=0)))
        start, size_bytes, crc = target.tell(), 0, 0
        while piece := content.read(PIECE_BYTES):
            size_bytes, crc = size_bytes + len(piece), zlib.crc32(piece, crc)
            if start + size_bytes > TOTAL_LIMIT_BYTES:
                raise PlainZipError(f"The file would be larger than {TOTAL_LIMIT_BYTES:,} bytes; send fewer documents in it.")
            target.write(piece)
        entries.append(Entry(name=name, start=start, size_bytes=size_bytes, crc=crc))
        target.seek(offset)
        target.write(_local_header(entries[-1]))
        target.seek(0, os.SEEK_END)
    target.write(_directory(entries, target.tell()))


def read_plain_zip(source: BinaryIO, *, entries_limit: int) -> tuple[Entry, ...]:
    """Return the entries of a file after checking every byte that is not content, and every CRC; raise `PlainZipError`."""
    size_bytes = source.seek(0, os.SEEK_END)
    if size_bytes > TOTAL_LIMIT_BYTES + _END.size * entries_limit * 8:
        raise PlainZipError(f"The file of {size_bytes:,} bytes was not read: the limit is {TOTAL_LIMIT_BYTES:,} bytes.")
    source.seek(0)
    entries = tuple(_entries(source, entries_limit))
    if len({entry.name for entry in entries}) != len(entries):
        raise PlainZipError("The file names an entry twice, so two readers could see different ones.")
    expected = _directory(entries, source.tell())
    if source.read(len(expected) + 1) != expected:
        raise PlainZipError("The file's directory does not list exactly its entries, or something follows it.")
    return entries


def open_entry(source: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """Yield an entry's content in pieces; raise `PlainZipError` if its CRC differs."""
    source.seek(entry.start)
    left, crc = entry.size_bytes, 0
    while left:
        piece = source.read(min(left, PIECE_BYTES))
        if not piece:
            raise PlainZipError(f"Entry {entry.name} is cut off.")
        left, crc = left - len(piece), zlib.crc32(piece, crc)
        yield piece
    if crc != entry.crc:
        raise PlainZipError(f"Entry {entry.name} is damaged: its checksum differs.")


def _entries(source: BinaryIO, entries_limit: int) -> Iterator[Entry]:
    for _ in range(entries_limit + 1):
        offset = source.tell()
        fixed = source.read(_LOCAL.size)
        if not fixed.startswith(b"PK\x03\x04") or len(fixed) < _LOCAL.size:
            source.seek(offset)
            return
        entry = _entry(source, fixed)
        for _piece in open_entry(source, entry):
            pass
        yield entry
    raise PlainZipError(f"The file has more than {entries_limit} entries.")


def _entry(source: BinaryIO, fixed: bytes) -> Entry:
    *_, crc, _, size_bytes, name_length, _ = _LOCAL.unpack(fixed)
    name = source.read(name_length)
    if not name.isascii() or not 0 < len(name) <= NAME_LIMIT_BYTES:
        raise PlainZipError(f"An entry's name, {name[:NAME_LIMIT_BYTES]!r}, is not 1 to {NAME_LIMIT_BYTES} ASCII characters.")
    entry = Entry(name=name.decode("ascii"), start=source.tell(), size_bytes=size_bytes, crc=crc)
    if _local_header(entry) != fixed + name:
        raise PlainZipError(f"Entry {entry.name!r} is not plainly stored (compressed, encrypted, or with something added).")
    return entry


def _local_header(entry: Entry) -> bytes:
    name = entry.name.encode("ascii")
    size = entry.size_bytes
    return _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, 0, 0, _FIRST_DAY, entry.crc, size, size, len(name), 0) + name


def _directory(entries: Sequence[Entry], offset: int) -> bytes:
    if len(entries) > MOST_ENTRIES:
        raise PlainZipError(f"The file has more than {MOST_ENTRIES:,} entries, which no plain zip can count.")
    listed = b"".join(_central_header(entry) for entry in entries)
    return listed + _END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(listed), offset, 0)


def _central_header(entry: Entry) -> bytes:
    name = entry.name.encode("ascii")
    size, offset = entry.size_bytes, entry.start - _LOCAL.size - len(name)
    fixed = (b"PK\x01\x02", _VERSION, _VERSION, 0, 0, 0, _FIRST_DAY, entry.crc, size, size, len(name), 0, 0, 0, 0, 0, offset)
    return _CENTRAL.pack(*fixed) + name
