"""A plain zip is read in exactly one way: whatever differs in a byte outside the contents is refused, contents are checked."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.plain_zip import MOST_ENTRIES, PlainZipError, open_entry, read_plain_zip, write_plain_zip

NAMES = st.text(alphabet="abcXYZ019/.-_", min_size=1, max_size=20)
CONTENTS = st.dictionaries(NAMES, st.binary(max_size=60), max_size=5)


def zip_of(contents: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    write_plain_zip(target, [(name, io.BytesIO(content)) for name, content in contents.items()])
    return target.getvalue()


def read(raw: bytes, limit: int = 10) -> dict[str, bytes]:
    source = io.BytesIO(raw)
    return {entry.name: b"".join(open_entry(source, entry)) for entry in read_plain_zip(source, entries_limit=limit)}


@given(CONTENTS)
def test_what_is_written_is_read_here_and_by_others(contents: dict[str, bytes]) -> None:
    raw = zip_of(contents)
    assert read(raw) == contents
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == contents


@settings(max_examples=300)
@given(CONTENTS, st.data())
def test_any_accepted_bytes_are_those_that_the_writer_writes(contents: dict[str, bytes], data: st.DataObject) -> None:
    raw = bytearray(zip_of(contents))
    start = data.draw(st.integers(0, len(raw)))
    length = data.draw(st.integers(0, 4))
    raw[start : start + length] = data.draw(st.binary(max_size=4))
    with contextlib.suppress(PlainZipError):
        assert zip_of(read(bytes(raw))) == bytes(raw)


@given(st.binary(max_size=200))
def test_noise_is_refused_or_an_empty_zip(raw: bytes) -> None:
    with contextlib.suppress(PlainZipError):
        assert zip_of(read(raw)) == raw


def made_by_others(**options: object) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("payload")
        for name, value in options.items():
            setattr(archive if name == "comment" and value == b"of all" else entry, name, value)
        archive.writestr(entry, bytes(1000), compress_type=entry.compress_type)
    return target.getvalue()


def twice(first: str, second: str) -> bytes:
    target = io.BytesIO()
    write_plain_zip(target, [(first, io.BytesIO(b"1")), (second, io.BytesIO(b"2"))])
    return target.getvalue()


PLAIN = zip_of({"payload": b"content"})
HOSTILE = {
    "compressed, as a bomb is": made_by_others(compress_type=zipfile.ZIP_DEFLATED),
    "with a time": made_by_others(date_time=(2026, 11, 24, 12, 0, 0)),
    "with an extra field": made_by_others(extra=struct.pack("<HH4s", 0x9999, 4, b"more")),
    "with a comment of an entry": made_by_others(comment=b"hello"),
    "with a comment of its own": made_by_others(comment=b"of all"),
    "with a name twice": twice("payload", "payload"),
    "with something before": b"MZ" + PLAIN,
    "with something behind": PLAIN + b"\0",
    "cut off": PLAIN[:-1],
    "without its directory": PLAIN[: PLAIN.index(b"PK\x01\x02")],
    "with another name in its directory": PLAIN.replace(b"payload", b"PAYLOAD", 1),
    "with another checksum": PLAIN.replace(struct.pack("<I", zlib.crc32(b"content")), bytes(4)),
    "with another content": PLAIN.replace(b"content", b"CONTENT"),
    "promising four gigabytes": PLAIN.replace(struct.pack("<II", 7, 7), b"\xff" * 8),
    "empty": b"",
}


@pytest.mark.parametrize("raw", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_zip_that_is_not_plain_is_refused(raw: bytes) -> None:
    with pytest.raises(PlainZipError):
        read(raw)


def test_more_entries_than_allowed_are_refused_before_they_are_listed() -> None:
    raw = zip_of({str(i): b"" for i in range(12)})
    assert len(read(raw, limit=12)) == 12
    with pytest.raises(PlainZipError, match="more than 11"):
        read(raw, limit=11)


def test_more_entries_than_a_directory_can_count_are_refused_by_reader_and_writer() -> None:
    one = zip_of({"00000": b""})
    header, count = one[: one.index(b"PK\x01\x02")], MOST_ENTRIES + 1
    raw = b"".join(header.replace(b"00000", b"%05d" % number) for number in range(count))
    with pytest.raises(PlainZipError, match="no plain zip can count"):
        read(raw, limit=100_000)
    with pytest.raises(PlainZipError, match="no plain zip can count"):
        write_plain_zip(io.BytesIO(), ((f"{number}", io.BytesIO()) for number in range(count)))


def test_names_beyond_ascii_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(zipfile.ZipInfo("хат"), b"x")
    with pytest.raises(PlainZipError):
        read(target.getvalue())
