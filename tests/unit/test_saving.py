"""Saving documents under names that a stranger chose."""

from __future__ import annotations

import io
import unicodedata
from pathlib import Path

import pytest

from adapters.saving import NAME_LIMIT_BYTES, SavingError, safe_name, save_documents

NAMES = {
    "a usual name": ("letter.txt", "letter.txt"),
    "Uzbek": ("Yig‘in bayoni № 4.pdf", "Yig‘in bayoni № 4.pdf"),
    "Mongolian": ("Төлөвлөгөө.docx", "Төлөвлөгөө.docx"),
    "Arabic": ("رسالة.pdf", "رسالة.pdf"),
    "a way up": ("../../etc/passwd", "_.._etc_passwd"),
    "a way up on Windows": ("..\\..\\boot.ini", "_.._boot.ini"),
    "an absolute path": ("/etc/shadow", "_etc_shadow"),
    "a drive": ("C:autoexec.bat", "C_autoexec.bat"),
    "a slash from another plane": ("a\u2215b\uff0fc", "a_b_c"),
    "a hidden file": (".bashrc", "bashrc"),
    "only dots": ("...", "document"),
    "nothing": ("", "document"),
    "a device": ("CON", "_CON"),
    "a device with an ending": ("nul.txt", "_nul.txt"),
    "a device with a space": ("AUX .txt", "_AUX .txt"),
    "a port": ("COM1.log", "_COM1.log"),
    "no device": ("console.txt", "console.txt"),
    "dots and spaces at the end": ("report.txt. . ", "report.txt"),
    "an ending shown backwards": ("invoice\u202efdp.exe", "invoicefdp.exe"),
    "line breaks and a bell": ("a\nb\x07c.txt", "abc.txt"),
    "a stream of NTFS": ("letter.txt::$DATA", "letter.txt__$DATA"),
    "spaces that hide the ending": ("letter.pdf" + " " * 100 + ".exe", "letter.pdf .exe"),
    "wildcards": ('*?"<>|', "______"),
    "decomposed letters": (unicodedata.normalize("NFD", "й ў.txt"), "й ў.txt"),
    "an accent behind something hidden": ("A\x1f\u0300.txt", "\u00c0.txt"),
    "half a character": ("a\ud800b", "ab"),
}


@pytest.mark.parametrize(("given", "expected"), NAMES.values(), ids=NAMES.keys())
def test_a_name_is_made_safe(given: str, expected: str) -> None:
    assert safe_name(given) == expected


def test_an_over_long_name_keeps_its_ending_and_whole_characters() -> None:
    name = safe_name("ў" * 400 + ".pdf")
    assert name.endswith("ў.pdf")
    assert len(name.encode()) <= NAME_LIMIT_BYTES


def save(folder: Path, *documents: tuple[str, bytes]) -> list[str]:
    return [saved.path.name for saved in save_documents(folder, [(name, io.BytesIO(content)) for name, content in documents])]


def test_documents_are_written_as_they_are(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert save(folder, ("Хат.txt", "Матн".encode()), ("scan.bin", bytes(1_000_000))) == ["Хат.txt", "scan.bin"]
    assert (folder / "Хат.txt").read_bytes() == "Матн".encode()
    assert (folder / "scan.bin").stat().st_size == 1_000_000
    assert sorted(path.name for path in folder.iterdir()) == ["scan.bin", "Хат.txt"]


def test_names_that_some_system_takes_for_one_are_numbered(tmp_path: Path) -> None:
    names = ["Й.txt", unicodedata.normalize("NFD", "Й.txt"), "й.TXT", "ﬁle", "file", "a", "A"]
    assert save(tmp_path, *((name, name.encode()) for name in names)) == [
        "Й.txt", "Й (2).txt", "й (3).TXT", "ﬁle", "file (2)", "a", "A (2)",
    ]  # fmt: skip


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    assert save(tmp_path, ("letter.txt", b"theirs"), ("LETTER.TXT", b"theirs too")) == ["letter (2).txt", "LETTER (3).TXT"]
    assert (tmp_path / "letter.txt").read_text() == "mine"


@pytest.mark.parametrize("is_dangling", [False, True])
def test_a_link_in_the_folder_is_neither_followed_nor_replaced(tmp_path: Path, is_dangling: bool) -> None:
    victim = tmp_path / "victim"
    if not is_dangling:
        victim.write_text("precious")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "letter.txt").symlink_to(victim)
    assert save(folder, ("letter.txt", b"theirs")) == ["letter (2).txt"]
    assert (folder / "letter.txt").is_symlink()
    assert victim.exists() != is_dangling


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(SavingError, match="no link"):
        save(tmp_path / "link", ("a", b"b"))
    assert list((tmp_path / "real").iterdir()) == []


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(SavingError):
        save(tmp_path / "file", ("a", b"b"))


def test_a_document_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    class BreaksOff(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(5, "Input/output error")
            return super().read(size)

    with pytest.raises(SavingError, match="Input/output"):
        save_documents(tmp_path, [("a.txt", BreaksOff(bytes(1_000_000)))])
    assert list(tmp_path.iterdir()) == []


def test_saved_documents_are_private(tmp_path: Path) -> None:
    save(tmp_path, ("a", b"b"))
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600


def test_a_folder_full_of_one_name_is_given_up(tmp_path: Path) -> None:
    for number in range(2, 1000):
        (tmp_path / f"a ({number})").touch()
    (tmp_path / "a").touch()
    with pytest.raises(SavingError, match="1000 files"):
        save(tmp_path, ("a", b"b"))
