"""Whatever strangers write into names, hints, chunks and covers: safe, or refused with the one error that says so."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.covers import Cover, CoverError, CoverText, DocumentName, decode_cover, encode_cover
from adapters.documents_chunks import (
    CHUNK_BYTES,
    HINTED_LIMIT,
    POSITION_LIMIT,
    DocumentHint,
    DocumentHintError,
    HintedPosition,
    chunk_count,
    chunk_key,
    chunk_value,
    decode_hint,
    encode_hint,
    parse_chunk,
)
from adapters.media_types import SNIFF_BYTES, is_media_type, media_type_of
from adapters.saving import NAME_LIMIT_BYTES, safe_name, save_documents
from domain.ids import Digest

DIGESTS = st.binary(min_size=32, max_size=32).map(Digest)
NAMES = st.text(max_size=300) | st.text(alphabet="./\\ \u202e:CONcon1\u0301\ud800éЙ", max_size=20)
HINTS = st.builds(
    DocumentHint,
    stream=st.from_regex(r"[a-z0-9][a-z0-9.-]{0,39}", fullmatch=True),
    positions=st.lists(
        st.builds(HintedPosition, digest=DIGESTS, position=st.integers(0, POSITION_LIMIT - 1)), max_size=HINTED_LIMIT
    ).map(tuple),
)


@given(NAMES)
def test_a_safe_name_is_one_plain_name_and_is_safe_already(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe == safe_name(safe)
    assert safe[0] not in ". "
    assert safe[-1] not in ". "
    assert not set(safe) & set('/\\:*?"<>|\0\n')
    assert len(safe.encode()) <= NAME_LIMIT_BYTES + 1
    assert Path("folder", safe).resolve().parent == Path("folder").resolve()


@settings(max_examples=40)
@given(st.lists(NAMES, max_size=8))
def test_every_document_is_saved_once_inside_the_folder(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder) / "inside"
        saved = save_documents(inside, [(name, io.BytesIO(bytes([i]))) for i, name in enumerate(names)])
        assert [path.read_bytes()[0] for path in (document.path for document in saved)] == list(range(len(names)))
        assert sorted(inside.iterdir()) == sorted(document.path for document in saved)
        assert [path.name for path in Path(folder).iterdir()] == ["inside"]


@given(HINTS)
def test_a_hint_comes_back_as_it_was(hint: DocumentHint) -> None:
    assert decode_hint(encode_hint(hint)) == hint


@given(st.binary(max_size=300) | st.builds(lambda n, s, t: bytes([1, n]) + s + t, st.integers(0, 255), st.binary(), st.binary()))
def test_bytes_are_a_hint_in_one_way_or_are_refused(raw: bytes) -> None:
    with contextlib.suppress(DocumentHintError):
        assert encode_hint(decode_hint(raw)) == raw


@given(HINTS, st.data())
def test_a_hint_that_was_cut_or_lengthened_is_refused(hint: DocumentHint, data: st.DataObject) -> None:
    raw = encode_hint(hint)
    for changed in (raw[: data.draw(st.integers(0, len(raw) - 1))], raw + b"\0"):
        try:
            decode_hint(changed)
        except DocumentHintError:
            continue
        raise AssertionError(changed)


@given(st.none() | st.binary(max_size=40) | DIGESTS.map(lambda d: d + bytes(4)), st.none() | st.binary(max_size=40))
def test_no_record_of_a_topic_is_more_than_no_chunk(key: bytes | None, value: bytes | None) -> None:
    chunk = parse_chunk(key, value)
    if chunk is not None and not chunk.is_tombstone:
        assert (chunk_key(chunk.digest, chunk.number), chunk_value(chunk.size_bytes, chunk.content)) == (key, value)


@given(DIGESTS, st.integers(0, 3 * CHUNK_BYTES), st.integers(0, 5), st.integers(-1, 1))
def test_only_a_chunk_of_exactly_the_right_length_is_one(digest: Digest, size_bytes: int, number: int, off: int) -> None:
    right = min(CHUNK_BYTES, max(0, size_bytes - number * CHUNK_BYTES))
    length = max(0, right + off)
    chunk = parse_chunk(chunk_key(digest, number), chunk_value(size_bytes, bytes(length)))
    assert (chunk is not None) == (number < chunk_count(size_bytes) and length == right)


@given(st.text(max_size=100), st.lists(st.tuples(DIGESTS, st.text(max_size=40)), max_size=4), st.text(max_size=100))
def test_a_cover_comes_back_or_is_not_made(subject: str, names: list[tuple[Digest, str]], text: str) -> None:
    named = tuple(DocumentName(sha256=digest, name=name) for digest, name in names)
    cover = Cover(subject=subject, names=named, texts=(CoverText(about="remark", text=text),))
    with contextlib.suppress(CoverError):
        assert decode_cover(encode_cover(cover, salt=bytes(16))) == cover


@given(st.binary(max_size=200), st.integers(0, 100), st.binary(max_size=4))
def test_bytes_are_a_cover_in_one_way_or_are_refused(noise: bytes, start: int, patch: bytes) -> None:
    raw = encode_cover(Cover(subject="Хат", texts=(CoverText(about="remark", text="x"),)), salt=bytes(16))
    for hostile in (noise, raw[:start] + patch + raw[start + len(patch) :], raw[:10] + noise):
        with contextlib.suppress(CoverError):
            cover = decode_cover(hostile)
            assert encode_cover(cover, salt=hostile[10:26]) == hostile


@given(NAMES, st.binary(max_size=SNIFF_BYTES))
def test_every_file_has_a_media_type_that_an_event_can_name(name: str, beginning: bytes) -> None:
    assert is_media_type(media_type_of(name, beginning))
