"""Documents in a folder: `ab/abcd…` by SHA-256, one file each, written whole or not at all.

Several processes may share the folder. A file under a digest is never written to: it appears by a link to a finished and
synced temporary file. What a crash leaves behind is called `*.part` and is cleaned away by a later writer.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from adapters.clock import system_clock_ms
from adapters.documents import (
    DOCUMENT_LIMIT_BYTES,
    DocumentDamagedError,
    DocumentMissingError,
    DocumentRefusedError,
    DocumentTooLargeError,
    StoredDocument,
    checked_copy,
    pieces_of,
)
from adapters.ledger import Headers
from domain.ids import Digest

PRIVATE_FILE_MODE: Final = 0o600
"""A station's own copy is nobody else's business."""
SHARED_FILE_MODE: Final = 0o644
"""Beside a ledger's file other accounts read too; the umask may take away more."""
LEFTOVER_AGE_MS: Final = 24 * 60 * 60 * 1000
"""A temporary file that nobody finished in a day belongs to a process that is gone."""
_PART_SUFFIX: Final = ".part"
_NO_HARD_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class FolderDocuments:
    """A document store in a folder, made when the first document is put."""

    def __init__(
        self,
        folder: Path,
        *,
        limit_bytes: int = DOCUMENT_LIMIT_BYTES,
        file_mode: int = PRIVATE_FILE_MODE,
        clock_ms: Callable[[], int] = system_clock_ms,
    ) -> None:
        self.folder = folder
        self._limit_bytes = limit_bytes
        self._file_mode = file_mode
        self._folder_mode = 0o700 if file_mode == PRIVATE_FILE_MODE else 0o777
        self._clock_ms = clock_ms

    def put(self, content: BinaryIO | bytes) -> StoredDocument:
        """Store a document and sync it; a damaged file that stands in its place is moved aside first.

        Raises `DocumentTooLargeError`, and `DocumentRefusedError` if the folder cannot be written to.
        """
        try:
            self._make_folder(self.folder)
            self._clean_leftovers()
            part = self.folder / f"{secrets.token_hex(16)}{_PART_SUFFIX}"
            try:
                stored = self._write_part(part, content)
                self._settle(part, stored.digest)
            finally:
                part.unlink(missing_ok=True)
        except OSError as error:
            raise self._refused(error) from error
        return stored

    def open(self, digest: Digest) -> BinaryIO:
        """Return a reader of a checked private copy; raise `DocumentMissingError` or `DocumentDamagedError`."""
        path = self.path_of(digest)
        try:
            with _open_regular(path, digest) as file:
                return checked_copy(pieces_of(file), digest, limit_bytes=self._limit_bytes, where=str(self.folder))
        except FileNotFoundError as error:
            raise DocumentMissingError(digest, str(self.folder)) from error
        except OSError as error:
            raise self._refused(error) from error

    def has(self, digest: Digest) -> bool:
        """Tell whether a file stands under the digest; it is not read."""
        return self.path_of(digest).is_file()

    def remove(self, digest: Digest) -> None:
        """Delete the file, and whatever was moved aside under its digest; the sync makes it last."""
        path = self.path_of(digest)
        try:
            for copy in (path, *self.set_aside(digest)):
                copy.unlink(missing_ok=True)
            if path.parent.is_dir():
                _sync_folder(path.parent)
        except OSError as error:
            raise self._refused(error) from error

    def finish_removals(self, now_ms: int) -> None:
        """Do nothing: a file that was deleted is gone."""

    def path_of(self, digest: Digest) -> Path:
        """Return where a document lies, whether it is there or not."""
        name = digest.hex()
        return self.folder / name[:2] / name

    def set_aside(self, digest: Digest) -> tuple[Path, ...]:
        """Return the damaged files that once stood under the digest, for whoever wants to find out what happened."""
        path = self.path_of(digest)
        return tuple(sorted(path.parent.glob(f"{path.name}.damaged-*")))

    def headers_for(self, digests: Iterable[Digest]) -> Headers:
        """Return no hints: a digest is all that one needs to find a file."""
        del digests
        return ()

    def learn(self, position: int) -> None:
        """Learn nothing: a folder needs no hints."""

    def _write_part(self, part: Path, content: BinaryIO | bytes) -> StoredDocument:
        hasher, size_bytes = hashlib.sha256(), 0
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, self._file_mode)
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces_of(content):
                size_bytes += len(piece)
                if size_bytes > self._limit_bytes:
                    raise DocumentTooLargeError(self._limit_bytes)
                hasher.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        return StoredDocument(digest=Digest(hasher.digest()), size_bytes=size_bytes)

    def _settle(self, part: Path, digest: Digest) -> None:
        path = self.path_of(digest)
        self._make_folder(path.parent)
        if os.path.lexists(path) and not self._is_intact(digest):
            _move_aside(path)
        _link_or_rename(part, path)
        _sync_folder(path.parent)

    def _is_intact(self, digest: Digest) -> bool:
        try:
            self.open(digest).close()
        except (DocumentDamagedError, DocumentMissingError, DocumentTooLargeError):
            return False
        return True

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(mode=self._folder_mode, parents=True, exist_ok=True)
            _sync_folder(folder.parent)

    def _clean_leftovers(self) -> None:
        oldest_s = (self._clock_ms() - LEFTOVER_AGE_MS) / 1000
        for part in _parts_in(self.folder):
            # Another process may be cleaning the same leftovers.
            with contextlib.suppress(FileNotFoundError):
                if part.lstat().st_mtime < oldest_s:
                    part.unlink()

    def _refused(self, error: OSError) -> DocumentRefusedError:
        return DocumentRefusedError(
            f"The document folder {self.folder} cannot be used: {error.strerror or error}. Nothing was stored or shown. "
            "Check its permissions and the free space, then try again."
        )


def _parts_in(folder: Path) -> Iterator[Path]:
    yield from folder.glob(f"*{_PART_SUFFIX}")


def _open_regular(path: Path, digest: Digest) -> BinaryIO:
    """Open a file without following a link or waiting for a pipe; raise `DocumentDamagedError` if it is no plain file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise DocumentDamagedError(digest, str(path.parent.parent)) from error
        raise
    file = os.fdopen(descriptor, "rb") if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    if file is None:
        os.close(descriptor)
        raise DocumentDamagedError(digest, str(path.parent.parent))
    return file


def _move_aside(path: Path) -> None:
    # Another process may have mended the same damage already; then there is nothing to move.
    with contextlib.suppress(FileNotFoundError):
        path.rename(path.with_name(f"{path.name}.damaged-{secrets.token_hex(4)}"))


def _link_or_rename(part: Path, path: Path) -> None:
    """Make a finished file appear under its digest; one that appeared meanwhile has the same bytes and stays."""
    try:
        os.link(part, path)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        part.rename(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
