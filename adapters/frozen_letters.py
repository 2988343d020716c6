"""A draft frozen for its first signature: the cover made, every document named by digest; after that nothing changes."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from adapters.covers import COVER_MEDIA_TYPE, Cover, CoverText, DocumentName, encode_cover
from adapters.documents import DOCUMENT_LIMIT_BYTES, DocumentStore, DocumentTooLargeError, pieces_of
from adapters.draft_reading import DraftProblem
from adapters.drafts import Draft, DraftError, DraftFile
from domain.documents import ATTACHMENT, COVER, MAIN
from domain.header import Document
from domain.ids import Digest, sha256


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenDocument:
    """A document's entry in the event, its name, and where its content is: the cover's own bytes, or a file."""

    entry: Document
    name: str
    content: bytes | Path

    def open(self) -> BinaryIO:
        """Return a reader of the content as it is now; whoever stores it holds the digest against the entry."""
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content.open("rb")


@dataclass(frozen=True, kw_only=True, slots=True)
class FrozenLetter:
    """The cover, the main document first among the others, and their contents."""

    cover: FrozenDocument
    documents: tuple[FrozenDocument, ...]

    @property
    def everything(self) -> tuple[FrozenDocument, ...]:
        """The cover and all documents: what must be stored before the event is appended."""
        return (self.cover, *self.documents)


def freeze(draft: Draft, *, salt: bytes, limit_bytes: int = DOCUMENT_LIMIT_BYTES) -> FrozenLetter:
    """Return the draft as a signature will cover it; `salt` is 16 random bytes that the caller drew.

    Raises `DraftError` if a file is gone, too large, or the same as another one, `CoverError` if a text is over its limit.
    """
    return freeze_files(draft.subject, (draft.main, *draft.attachments), draft.texts, salt=salt, limit_bytes=limit_bytes)


def freeze_files(
    subject: str, files: Sequence[DraftFile], texts: Sequence[CoverText], *, salt: bytes, limit_bytes: int = DOCUMENT_LIMIT_BYTES
) -> FrozenLetter:
    """Return files, the main one first, and a cover about them as a signature will cover them; raise what `freeze` does."""
    documents = tuple(_frozen(file, ATTACHMENT if place else MAIN, limit_bytes) for place, file in enumerate(files))
    _require_distinct(documents)
    names = tuple(DocumentName(sha256=document.entry.sha256, name=document.name) for document in documents)
    raw = encode_cover(Cover(subject=subject, names=names, texts=tuple(texts)), salt=salt)
    entry = Document(sha256=sha256(raw), size_bytes=len(raw), media_type=COVER_MEDIA_TYPE, role=COVER, encryption=None)
    return FrozenLetter(cover=FrozenDocument(entry=entry, name="cover", content=raw), documents=documents)


def store_frozen(store: DocumentStore, letter: FrozenLetter) -> None:
    """Put the cover and every document into a store; raise `DraftError` if a file is no longer what was frozen."""
    for document in letter.everything:
        with document.open() as reader:
            stored = store.put(reader)
        if stored.digest != document.entry.sha256:
            problem = DraftProblem(where=document.name, why="changed after the letter was frozen; sign the letter anew")
            raise DraftError((problem,))


def _frozen(file: DraftFile, role: str, limit_bytes: int) -> FrozenDocument:
    hasher, size_bytes = hashlib.sha256(), 0
    try:
        with file.path.open("rb") as source:
            for piece in pieces_of(source):
                hasher.update(piece)
                size_bytes += len(piece)
                if size_bytes > limit_bytes:
                    raise DocumentTooLargeError(limit_bytes, f"File {file.file}")
    except OSError as error:
        raise DraftError((DraftProblem(where=file.file, why=f"cannot be read: {error.strerror}"),)) from error
    digest = Digest(hasher.digest())
    entry = Document(sha256=digest, size_bytes=size_bytes, media_type=file.media_type, role=role, encryption=None)
    return FrozenDocument(entry=entry, name=file.name, content=file.path)


def _require_distinct(documents: tuple[FrozenDocument, ...]) -> None:
    """An event names each digest once, so that nobody can tell two roles of one document apart by the cover's whim."""
    first: dict[Digest, str] = {}
    problems = []
    for document in documents:
        digest = document.entry.sha256
        if digest in first:
            problems.append(DraftProblem(where=document.name, why=f"has the same content as {first[digest]}; attach it once"))
        first.setdefault(digest, document.name)
    if problems:
        raise DraftError(tuple(problems))
