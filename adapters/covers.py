"""Covers: the free text of an event, apart from the ledger (design.md, "Documents"; formats.md, "Signed event").

A cover is made once, when a draft is frozen for its first signature, and is named by digest like any other document. The
salt keeps a short text from being guessed by its digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.errors import AdapterError
from domain.ids import Digest
from schemas.codec import decode_document, encode_document
from schemas.errors import MalformedError

COVER_SCHEMA: Final = "cover.v1"
COVER_MEDIA_TYPE: Final = "application/vnd.ortoo.cover.v1+avro"
SALT_SIZE_BYTES: Final = 16
COVER_LIMIT_BYTES: Final = 1024 * 1024
"""More than a cover with every field at its limit has; a longer document is not decoded at all."""


class CoverError(AdapterError):
    """Bytes or texts that are not a cover; says which field and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentName:
    """What people call a document of the letter."""

    sha256: Digest
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CoverText:
    """A free text and the code of what it is about, such as `refusal` or `remark`."""

    about: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cover:
    """Subject, names of documents, free texts. Whoever shows them remembers that a stranger wrote them."""

    subject: str
    names: tuple[DocumentName, ...] = ()
    texts: tuple[CoverText, ...] = ()

    def name_of(self, digest: Digest) -> str | None:
        """Return the name of a document, None if the cover gives it none."""
        return next((named.name for named in self.names if named.sha256 == digest), None)

    def text_about(self, about: str) -> str | None:
        """Return the first text about something, None if there is none."""
        return next((text.text for text in self.texts if text.about == about), None)


def encode_cover(cover: Cover, *, salt: bytes) -> bytes:
    """Return the bytes of a cover with 16 random bytes that the caller drew; raise `CoverError` if a text is over its limit."""
    if len(salt) != SALT_SIZE_BYTES:
        raise CoverError(f"A cover needs {SALT_SIZE_BYTES} random bytes, not {len(salt)}.")
    _require_distinct_names(cover)
    value = {
        "salt": salt,
        "subject": cover.subject,
        "names": [{"sha256": named.sha256, "name": named.name} for named in cover.names],
        "texts": [{"about": text.about, "text": text.text} for text in cover.texts],
    }
    try:
        return encode_document(COVER_SCHEMA, value)
    except MalformedError as error:
        raise CoverError(f"The cover was not made: {error}. Shorten or correct that text.") from error


def decode_cover(raw: bytes) -> Cover:
    """Return the cover that the bytes hold; raise `CoverError` if they are not the canonical bytes of one."""
    if len(raw) > COVER_LIMIT_BYTES:
        raise CoverError(f"The cover of {len(raw)} bytes was not read: a cover has at most {COVER_LIMIT_BYTES} bytes.")
    try:
        value = decode_document(COVER_SCHEMA, raw)
    except MalformedError as error:
        raise CoverError(f"These bytes are not a cover: {error}. The letter is shown without subject and names.") from error
    cover = Cover(
        subject=value["subject"],
        names=tuple(DocumentName(sha256=Digest(named["sha256"]), name=named["name"]) for named in value["names"]),
        texts=tuple(CoverText(about=text["about"], text=text["text"]) for text in value["texts"]),
    )
    _require_distinct_names(cover)
    return cover


def _require_distinct_names(cover: Cover) -> None:
    """Two names for one document would let two readers see different ones."""
    if len({named.sha256 for named in cover.names}) != len(cover.names):
        raise CoverError("The cover names one document twice. Name each document once.")
