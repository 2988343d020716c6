"""A station's own copy of the documents, in front of the store that all stations share.

What was read once is read from the station's own disk. A copy that turns out damaged is moved aside, fetched again and
reported; wrong bytes are never shown.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import BinaryIO

from adapters.documents import (
    DocumentDamagedError,
    DocumentError,
    DocumentMissingError,
    SharedDocuments,
    StoredDocument,
)
from adapters.documents_folder import FolderDocuments
from adapters.ledger import Headers
from domain.ids import Digest

_LOG = logging.getLogger(__name__)


def log_fetched_again(digest: Digest) -> None:
    """Report a damaged copy to the log; what a station does that has nobody to tell."""
    _LOG.warning("Document %s in this station's own copy was damaged; it was moved aside and fetched again.", digest.hex())


class StationDocuments:
    """The documents of a station: its own folder and, behind it, the shared store (None for a ledger in memory)."""

    def __init__(
        self,
        own: FolderDocuments,
        shared: SharedDocuments | None,
        *,
        fetched_again: Callable[[Digest], None] = log_fetched_again,
    ) -> None:
        self.own = own
        self.shared = shared
        self._fetched_again = fetched_again

    def put(self, content: BinaryIO | bytes) -> StoredDocument:
        """Store a document in the station's own copy, then where everybody finds it.

        Only the second makes it visible to others, so it is done just before the record is appended.
        """
        stored = self.own.put(content)
        if self.shared is not None:
            with self.own.open(stored.digest) as reader:
                self.shared.put(reader)
        return stored

    def open(self, digest: Digest) -> BinaryIO:
        """Return a checked document, from the own copy or, if that lacks it or is damaged, fetched and kept.

        Raises `DocumentMissingError` if nobody holds it, `DocumentDamagedError` if only damaged copies are left.
        """
        try:
            return self.own.open(digest)
        except DocumentMissingError:
            self._fetch(digest)
        except DocumentDamagedError as damaged:
            try:
                self._fetch(digest)
            except DocumentMissingError as missing:
                raise damaged from missing
            self._fetched_again(digest)
        return self.own.open(digest)

    def is_here(self, digest: Digest) -> bool:
        """Tell whether the station's own copy has something under the digest, so that nobody else need be asked."""
        return self.own.has(digest)

    def has(self, digest: Digest) -> bool:
        """Tell whether somebody stores something under the digest."""
        return self.is_here(digest) or (self.shared is not None and self.shared.has(digest))

    def remove(self, digest: Digest) -> None:
        """Destroy a document where everybody finds it, then the station's own copy."""
        if self.shared is not None:
            self.shared.remove(digest)
        self.own.remove(digest)

    def finish_removals(self, now_ms: int) -> None:
        """Let the shared store do what is left to do so that nothing of what was removed stays on any disk."""
        if self.shared is not None:
            self.shared.finish_removals(now_ms)

    def headers_for(self, digests: Iterable[Digest]) -> Headers:
        """Return the hints of the shared store for a record that names these documents."""
        return () if self.shared is None else self.shared.headers_for(digests)

    def learn(self, position: int) -> None:
        """Let the shared store remember where the documents of the record at this position lie."""
        if self.shared is not None:
            self.shared.learn(position)

    def close(self) -> None:
        """Let go of the shared store's connections."""
        close = getattr(self.shared, "close", None)
        if close is not None:
            close()

    def _fetch(self, digest: Digest) -> None:
        if self.shared is None:
            raise DocumentMissingError(digest, str(self.own.folder))
        with self.shared.open(digest) as reader:
            # Putting it moves a damaged copy aside.
            stored = self.own.put(reader)
        if stored.digest != digest:
            raise DocumentError(
                f"Document {digest.hex()} arrived as {stored.digest.hex()}: report this as a defect of the store."
            )
