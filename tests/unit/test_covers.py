"""Covers: free text apart from the ledger, in any language, strict both ways."""

from __future__ import annotations

import pytest

from adapters.covers import (
    COVER_LIMIT_BYTES,
    COVER_MEDIA_TYPE,
    Cover,
    CoverError,
    CoverText,
    DocumentName,
    decode_cover,
    encode_cover,
)
from adapters.media_types import is_media_type
from domain.ids import sha256

SALT = bytes(range(16))
LETTER, PLAN = sha256(b"letter"), sha256(b"plan")
COVER = Cover(
    subject="Ажлын тайланг улирал тутам ирүүлэх тухай",
    names=(
        DocumentName(sha256=LETTER, name="албан бичиг.txt"),
        DocumentName(sha256=PLAN, name="ᠲᠥᠯᠥᠪᠯᠡᠭᠡ.pdf"),
    ),
    texts=(CoverText(about="remark", text="Mas’ul xodim — o‘rinbosar"), CoverText(about="attention", text="Раису")),
)


def test_a_cover_comes_back_as_it_was_made() -> None:
    raw = encode_cover(COVER, salt=SALT)
    assert decode_cover(raw) == COVER
    assert SALT in raw
    assert is_media_type(COVER_MEDIA_TYPE)


def test_names_and_texts_are_found() -> None:
    assert COVER.name_of(LETTER) == "албан бичиг.txt"
    assert COVER.name_of(sha256(b"other")) is None
    assert COVER.text_about("attention") == "Раису"
    assert COVER.text_about("refusal") is None


def test_the_salt_hides_a_short_text() -> None:
    assert sha256(encode_cover(COVER, salt=SALT)) != sha256(encode_cover(COVER, salt=bytes(16)))


@pytest.mark.parametrize("salt", [b"", bytes(15), bytes(17)])
def test_a_salt_of_another_length_is_refused(salt: bytes) -> None:
    with pytest.raises(CoverError, match="16 random bytes"):
        encode_cover(COVER, salt=salt)


BAD_COVERS = {
    "subject over its limit": Cover(subject="ў" * 1001),
    "subject with a line break": Cover(subject="one\ntwo"),
    "subject that is shown backwards": Cover(subject="fdp.\u202etxt"),
    "subject with half a character": Cover(subject="\ud800"),
    "name over its limit": Cover(subject="", names=(DocumentName(sha256=LETTER, name="x" * 256),)),
    "empty name": Cover(subject="", names=(DocumentName(sha256=LETTER, name=""),)),
    "one document named twice": Cover(
        subject="", names=(DocumentName(sha256=LETTER, name="a"), DocumentName(sha256=LETTER, name="b"))
    ),
    "more names than documents": Cover(
        subject="", names=tuple(DocumentName(sha256=sha256(bytes([i])), name="n") for i in range(102))
    ),
    "more texts than allowed": Cover(subject="", texts=(CoverText(about="remark", text=""),) * 65),
    "a text about no code": Cover(subject="", texts=(CoverText(about="two words", text=""),)),
}


@pytest.mark.parametrize("cover", BAD_COVERS.values(), ids=BAD_COVERS.keys())
def test_a_cover_outside_its_limits_is_not_made(cover: Cover) -> None:
    with pytest.raises(CoverError):
        encode_cover(cover, salt=SALT)


RAW = encode_cover(COVER, salt=SALT)
BAD_BYTES = {
    "nothing": b"",
    "cut off": RAW[:-1],
    "one byte too many": RAW + b"\0",
    "another document": b"\xc3\x01" + bytes(40),
    "a text of a letter": "Хурматли ҳамкасблар".encode(),
    "far too long": bytes(COVER_LIMIT_BYTES + 1),
}


@pytest.mark.parametrize("raw", BAD_BYTES.values(), ids=BAD_BYTES.keys())
def test_bytes_that_are_no_cover_are_refused(raw: bytes) -> None:
    with pytest.raises(CoverError):
        decode_cover(raw)
