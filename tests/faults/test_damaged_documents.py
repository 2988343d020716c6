"""Documents that were damaged, exchanged or left half written: wrong bytes are never handed out."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from adapters.documents import (
    IN_MEMORY_BYTES,
    DocumentDamagedError,
    DocumentMissingError,
    DocumentRefusedError,
    DocumentTooLargeError,
    read_document,
)
from adapters.documents_folder import LEFTOVER_AGE_MS, FolderDocuments
from adapters.documents_shared import StationDocuments
from domain.ids import Digest, sha256

TEXT = "Ажлын тайланг улирал тутам ирүүлнэ үү.".encode()
DIGEST = sha256(TEXT)


@pytest.fixture
def folder(tmp_path: Path) -> FolderDocuments:
    store = FolderDocuments(tmp_path / "own")
    store.put(TEXT)
    return store


def change_one_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[3] ^= 1
    path.write_bytes(content)


def test_one_changed_byte_is_refused(folder: FolderDocuments) -> None:
    change_one_byte(folder.path_of(DIGEST))
    with pytest.raises(DocumentDamagedError, match="digest differs"):
        folder.open(DIGEST)


def test_one_changed_byte_of_a_large_document_is_refused(folder: FolderDocuments) -> None:
    digest = folder.put(bytes(IN_MEMORY_BYTES * 2)).digest
    change_one_byte(folder.path_of(digest))
    with pytest.raises(DocumentDamagedError):
        folder.open(digest)


def test_a_shortened_document_is_refused(folder: FolderDocuments) -> None:
    folder.path_of(DIGEST).write_bytes(TEXT[:-1])
    with pytest.raises(DocumentDamagedError):
        folder.open(DIGEST)


def test_a_document_that_changes_after_it_was_opened_is_read_as_it_was_checked(folder: FolderDocuments) -> None:
    with folder.open(DIGEST) as reader:
        folder.path_of(DIGEST).write_bytes(b"x" * len(TEXT))
        assert reader.read() == TEXT


def test_a_file_that_grew_without_end_is_given_up_at_the_limit(tmp_path: Path) -> None:
    store = FolderDocuments(tmp_path / "own", limit_bytes=1000)
    store.put(TEXT)
    with store.path_of(DIGEST).open("r+b") as file:
        file.truncate(10**12)
    with pytest.raises(DocumentTooLargeError):
        store.open(DIGEST)


def test_a_link_in_place_of_a_document_is_not_followed(folder: FolderDocuments, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(TEXT)
    folder.path_of(DIGEST).unlink()
    folder.path_of(DIGEST).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DocumentDamagedError):
        folder.open(DIGEST)


def test_a_pipe_in_place_of_a_document_does_not_block_the_reader(folder: FolderDocuments) -> None:
    folder.path_of(DIGEST).unlink()
    os.mkfifo(folder.path_of(DIGEST))
    with pytest.raises(DocumentDamagedError):
        folder.open(DIGEST)


def test_putting_a_document_over_its_damaged_file_mends_it_and_keeps_the_damage_aside(folder: FolderDocuments) -> None:
    change_one_byte(folder.path_of(DIGEST))
    folder.put(TEXT)
    assert read_document(folder, DIGEST) == TEXT
    assert len(folder.set_aside(DIGEST)) == 1
    folder.remove(DIGEST)
    assert folder.set_aside(DIGEST) == ()


def test_a_damaged_own_copy_is_fetched_again_and_reported(folder: FolderDocuments, tmp_path: Path) -> None:
    reported: list[Digest] = []
    shared = FolderDocuments(tmp_path / "shared")
    shared.put(TEXT)
    station = StationDocuments(folder, shared, fetched_again=reported.append)
    change_one_byte(folder.path_of(DIGEST))
    assert read_document(station, DIGEST) == TEXT
    assert reported == [DIGEST]
    assert read_document(station, DIGEST) == TEXT
    assert reported == [DIGEST], "mended for good"


def test_a_damaged_own_copy_is_logged_if_nobody_is_to_be_told(
    folder: FolderDocuments, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared = FolderDocuments(tmp_path / "shared")
    shared.put(TEXT)
    change_one_byte(folder.path_of(DIGEST))
    assert read_document(StationDocuments(folder, shared), DIGEST) == TEXT
    assert "fetched again" in caplog.text


def test_a_first_fetch_is_no_report(folder: FolderDocuments, tmp_path: Path) -> None:
    reported: list[Digest] = []
    station = StationDocuments(FolderDocuments(tmp_path / "new"), folder, fetched_again=reported.append)
    assert read_document(station, DIGEST) == TEXT
    assert reported == []
    assert station.own.has(DIGEST)


def test_damage_with_no_other_copy_is_called_damage_and_not_absence(folder: FolderDocuments, tmp_path: Path) -> None:
    change_one_byte(folder.path_of(DIGEST))
    for shared in (None, FolderDocuments(tmp_path / "empty")):
        with pytest.raises(DocumentDamagedError):
            StationDocuments(folder, shared).open(DIGEST)


def test_a_damaged_shared_copy_never_reaches_the_own_folder(folder: FolderDocuments, tmp_path: Path) -> None:
    change_one_byte(folder.path_of(DIGEST))
    station = StationDocuments(FolderDocuments(tmp_path / "new"), folder)
    with pytest.raises(DocumentDamagedError):
        station.open(DIGEST)
    assert not station.own.has(DIGEST)


def test_without_a_shared_store_what_is_not_here_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DocumentMissingError):
        StationDocuments(FolderDocuments(tmp_path / "own"), None).open(DIGEST)


class BreaksOff(io.BytesIO):
    """A source that fails after its first piece, as a network folder does."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(5, "Input/output error")
        return super().read(size)


def test_a_source_that_breaks_off_leaves_nothing(folder: FolderDocuments) -> None:
    with pytest.raises(DocumentRefusedError):
        folder.put(BreaksOff(bytes(1_000_000)))
    assert list(folder.folder.glob("*.part")) == []


def test_leftovers_of_a_crash_are_ignored_and_cleaned_once_they_are_old(tmp_path: Path) -> None:
    now_ms = 1_780_000_000_000
    store = FolderDocuments(tmp_path, clock_ms=lambda: now_ms)
    old, fresh = tmp_path / "old.part", tmp_path / "fresh.part"
    for part, age_ms in ((old, LEFTOVER_AGE_MS + 1000), (fresh, 1000)):
        part.write_bytes(b"half a doc")
        os.utime(part, times=((now_ms - age_ms) / 1000,) * 2)
    store.put(TEXT)
    assert (old.exists(), fresh.exists()) == (False, True)


def test_many_writers_of_the_same_documents_leave_each_once_and_whole(tmp_path: Path) -> None:
    contents = [bytes([i]) * 100_000 for i in range(8)]
    failures: list[BaseException] = []

    def write() -> None:
        store = FolderDocuments(tmp_path)
        try:
            for content in contents:
                store.put(content)
                assert read_document(store, sha256(content)) == content
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test must see it
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == len(contents)


def test_a_file_under_a_digest_is_never_written_to_again(folder: FolderDocuments) -> None:
    before = folder.path_of(DIGEST).stat()
    source: BinaryIO = io.BytesIO(TEXT)
    folder.put(source)
    after = folder.path_of(DIGEST).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_own_copies_are_private(folder: FolderDocuments) -> None:
    assert folder.path_of(DIGEST).stat().st_mode & 0o777 == 0o600
    assert folder.folder.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_is_a_file_is_a_clear_refusal(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DocumentRefusedError, match="cannot be used"):
        FolderDocuments(tmp_path / "file" / "documents").put(TEXT)
