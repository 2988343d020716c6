"""The document store port: letters and attachments by content, outside the ledger (design.md, "Documents").

DocumentError (an AdapterError)
├── DocumentMissingError         nobody here holds it, or it was destroyed
├── DocumentDamagedError         what is stored under its digest is something else
├── DocumentTooLargeError        over the limit, refused before it was stored whole
├── DocumentsUnreachableError    the store does not answer, or not in time
├── DocumentRefusedError         the store answers and does not let us
└── DocumentHintError            a hint that says where documents lie, and is none

The adapters are `documents_folder` and `documents_kafka`; `documents_shared` puts a station's own copy before either, and
`document_locations` opens the right ones for a ledger's location. Whatever a store hands out has been checked against its
digest, on every read and before the first byte: nobody who holds an open document has to check it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol, cast

from adapters.errors import AdapterError
from adapters.ledger import Headers
from domain.ids import Digest

DOCUMENT_LIMIT_BYTES: Final = 100 * 1024 * 1024
"""The default of the setting: a scanned annex fits, a film does not, and a weak link carries it in a night."""
IN_MEMORY_BYTES: Final = 4 * 1024 * 1024
"""What is checked in memory; larger documents are checked in an unnamed temporary file."""
PIECE_BYTES: Final = 256 * 1024
"""How much is read at once: large enough for the disk, small enough to forget."""


class DocumentError(AdapterError):
    """Something is wrong with a document or with the place where it lies."""


class DocumentMissingError(DocumentError):
    """Nobody who was asked holds the document: it has not arrived, or it was destroyed."""

    def __init__(self, digest: Digest, where: str) -> None:
        """Name the document by its digest, and who was asked."""
        super().__init__(
            f"Document {digest.hex()} is not in {where}: it has not arrived yet, or was destroyed. "
            "Try again later; if it stays away, ask the sender to send it again."
        )
        self.digest = digest


class DocumentDamagedError(DocumentError):
    """What is stored as a document has another digest than its name, so nothing of it is handed out."""

    def __init__(self, digest: Digest, where: str) -> None:
        """Name the document by its digest, and where the wrong bytes lie."""
        super().__init__(
            f"Document {digest.hex()} in {where} was refused: its digest differs, so it was damaged or exchanged. "
            "Nothing of it was shown. Fetch it again from another copy, or ask the sender to send it again."
        )
        self.digest = digest


class DocumentTooLargeError(DocumentError):
    """A document is larger than the limit of this store."""

    def __init__(self, limit_bytes: int, what: str = "The document") -> None:
        """Name the limit and the document."""
        super().__init__(
            f"{what} is larger than {limit_bytes:,} bytes, the limit set here, and was not taken. "
            "Split it, or raise the setting document_limit_bytes on every station."
        )
        self.limit_bytes = limit_bytes


class DocumentsUnreachableError(DocumentError):
    """The place of the documents does not answer; trying again later may help."""


class DocumentRefusedError(DocumentError):
    """The place of the documents answers and refuses: no permission, or the document belongs to another station."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredDocument:
    """What was put: the digest is its name from now on."""

    digest: Digest
    size_bytes: int


class DocumentStore(Protocol):
    """Documents by digest. Putting what is already there changes nothing."""

    def put(self, content: BinaryIO | bytes) -> StoredDocument:
        """Store a document whole and for good, and return its digest; raise `DocumentTooLargeError` over the limit."""

    def open(self, digest: Digest) -> BinaryIO:
        """Return a reader of checked content; the caller closes it.

        Raises `DocumentMissingError`, and `DocumentDamagedError` if only wrong bytes are stored under the digest.
        """

    def has(self, digest: Digest) -> bool:
        """Tell whether something is stored under the digest; it does not check what."""

    def remove(self, digest: Digest) -> None:
        """Destroy a document; one that is not there is as good as destroyed."""


class SharedDocuments(DocumentStore, Protocol):
    """A store that several stations share, with hints on where documents lie for those who read the ledger."""

    def finish_removals(self, now_ms: int) -> None:
        """Do what is left to do, at times, so that nothing of what was removed stays on any disk."""

    def headers_for(self, digests: Iterable[Digest]) -> Headers:
        """Return the headers to append a record with that names these documents: untrusted hints, or nothing."""

    def learn(self, position: int) -> None:
        """Remember the hint of the ledger's record at this position, if it has one that can be read."""


def pieces_of(content: BinaryIO | bytes) -> Iterator[bytes]:
    """Yield a document in pieces of at most `PIECE_BYTES`."""
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    while piece := source.read(PIECE_BYTES):
        yield piece


def checked_copy(pieces: Iterable[bytes], digest: Digest, *, limit_bytes: int, where: str) -> BinaryIO:
    """Return a private copy that has this digest, rewound.

    A copy, because a file that is checked and then read can be changed in between. Raises `DocumentDamagedError` if the
    digest differs and `DocumentTooLargeError` as soon as the limit is passed, whatever a size field may have promised.
    """
    with contextlib.ExitStack() as unless_whole:
        copy = unless_whole.enter_context(tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES))
        hasher, size_bytes = hashlib.sha256(), 0
        for piece in pieces:
            size_bytes += len(piece)
            if size_bytes > limit_bytes:
                raise DocumentTooLargeError(limit_bytes, f"Document {digest.hex()} in {where}")
            hasher.update(piece)
            copy.write(piece)
        if hasher.digest() != digest:
            raise DocumentDamagedError(digest, where)
        unless_whole.pop_all()
    copy.seek(0)
    return cast("BinaryIO", copy)


def read_document(store: DocumentStore, digest: Digest, size_bytes: int | None = None) -> bytes:
    """Return a whole document; with a size, what an event says, the stored one must have it (else `DocumentDamagedError`)."""
    with store.open(digest) as reader:
        content = reader.read() if size_bytes is None else reader.read(size_bytes + 1)
    if size_bytes is not None and len(content) != size_bytes:
        raise DocumentDamagedError(digest, f"the store, whose {len(content)} bytes or more should be {size_bytes},")
    return content
