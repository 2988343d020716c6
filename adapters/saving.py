"""Writing the documents of a letter where a person wants them, under names that a stranger chose.

A cover's names are hostile until made safe: they may hold separators, name devices, hide their ending behind bidirectional
marks, or collide with files that are already there. Nothing is overwritten, and no link is followed.
"""

from __future__ import annotations

import os
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from adapters.documents import PIECE_BYTES
from adapters.errors import AdapterError

NAME_LIMIT_BYTES: Final = 180
"""Under the 255 of usual file systems, with room for a number, and for what encrypting and synchronising tools add."""
ENDING_LIMIT_BYTES: Final = 20
"""A longer part after the last dot is no ending but part of the name."""
NUMBER_LIMIT: Final = 1000
"""So many files of one name in a folder mean that something goes round in circles."""
FALLBACK_NAME: Final = "document"

_SEPARATORS: Final = re.compile(r'[/\\:*?"<>|\u2044\u2215\u29f8\uff0f\uff3c\ufe68]')
"""What separates folders or means something to a shell of Windows, and what looks like a slash."""
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Names of devices on Windows, with any ending."""
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that are not seen, or change how others are seen: controls, formats (bidi), surrogates."""


class SavingError(AdapterError):
    """Documents could not be written where a person wanted them; what was written before stays."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedDocument:
    """A document on the disk: the name it was given in the letter, and where it lies now."""

    name: str
    path: Path


def safe_name(name: str) -> str:
    """Return a file name that is safe in any folder of any usual system, as like the given one as that allows.

    Never empty, no separator, no leading dot, no trailing dot or space, no device of Windows, nothing invisible, in NFC.
    """
    # What is hidden goes first: it may stand between a letter and the accent that belongs to it.
    visible = unicodedata.normalize("NFC", "".join(c for c in name if unicodedata.category(c) not in _HIDDEN))
    # Runs of spaces hide an ending as well as invisible characters do.
    plain = " ".join(_SEPARATORS.sub("_", visible).split())
    shortened = _shorten(plain.strip(". "))
    if not shortened:
        return FALLBACK_NAME
    return f"_{shortened}" if _RESERVED.fullmatch(shortened.replace(" ", "")) else shortened


def save_documents(folder: Path, documents: Iterable[tuple[str, BinaryIO]]) -> tuple[SavedDocument, ...]:
    """Write each document (name and checked reader) into the folder, which is made if it is not there.

    A name that is taken, in any case of its letters, gets " (2)" and so on. Each file appears whole. Raises `SavingError`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Everything happens relative to this one open folder, so that nobody can exchange it for a link in between.
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            return _save_all(folder, place, documents)
        finally:
            os.close(place)
    except OSError as error:
        raise SavingError(
            f"Documents could not be saved in {folder}: {error.strerror or error}. Nothing there was overwritten. "
            "Name another folder, one that is no link and that you may write to."
        ) from error


def _save_all(folder: Path, place: int, documents: Iterable[tuple[str, BinaryIO]]) -> tuple[SavedDocument, ...]:
    taken = {_folded(name) for name in os.listdir(place)}
    saved: list[SavedDocument] = []
    for name, reader in documents:
        part = f".{secrets.token_hex(16)}.part"
        try:
            _write_part(place, part, reader)
            final = _appear(place, part, safe_name(name), taken)
        finally:
            _unlink(place, part)
        saved.append(SavedDocument(name=name, path=folder / final))
    os.fsync(place)
    return tuple(saved)


def _write_part(place: int, part: str, reader: BinaryIO) -> None:
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=place)
    with os.fdopen(descriptor, "wb") as file:
        while piece := reader.read(PIECE_BYTES):
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _appear(place: int, part: str, wanted: str, taken: set[str]) -> str:
    """Link the finished file under the first free name; a link, unlike a rename, never replaces what is there."""
    for number in range(1, NUMBER_LIMIT):
        name = wanted if number == 1 else _numbered(wanted, number)
        if _folded(name) in taken:
            continue
        taken.add(_folded(name))
        try:
            os.link(part, name, src_dir_fd=place, dst_dir_fd=place, follow_symlinks=False)
        except FileExistsError:
            continue
        return name
    raise SavingError(f"{wanted!r} was not saved: the folder holds {NUMBER_LIMIT} files of that name. Name another folder.")


def _unlink(place: int, part: str) -> None:
    try:
        os.unlink(part, dir_fd=place)
    except FileNotFoundError:
        return


def _folded(name: str) -> str:
    """Return what two names share if some file system takes them for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFKC", name).casefold())


def _numbered(name: str, number: int) -> str:
    stem, ending = _split(name)
    return f"{stem} ({number}){ending}"


def _split(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    if not stem or not ending or len(ending.encode()) > ENDING_LIMIT_BYTES or " " in ending:
        return name, ""
    return stem, dot + ending


def _shorten(name: str) -> str:
    if len(name.encode()) <= NAME_LIMIT_BYTES:
        return name
    stem, ending = _split(name)
    room = NAME_LIMIT_BYTES - len(ending.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + ending
