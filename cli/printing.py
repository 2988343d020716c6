"""Writing a printed page as HTML or as PDF/A-3b, whole or not at all; the same page gives the same bytes.

The libraries come with the extra `print` and are loaded when a page is printed, never before.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from cli.errors import PrintSupportMissingError, UsageError
from cli.labels import label
from cli.options import Command
from cli.print_page import FONT
from cli.progress import ProgressLine
from cli.render import pair_lines
from cli.session import Session

PDF: Final = ".pdf"
SUFFIXES: Final = (".html", PDF)
_VARIANT: Final = "pdf/a-3b"
_EPOCH: Final = "SOURCE_DATE_EPOCH"


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """A file that was written; `pages` None: HTML, which whoever prints it divides."""

    file: Path
    pages: int | None
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheets:
    """A page to be written: its HTML, and the ledger time (ms UTC) that fonts in a PDF are dated with."""

    html: str
    at: int


def output_option(command: Command) -> Command:
    """Give a command `-o FILE`; the function gets `output`, which `checked_file` takes."""
    kind = click.Path(path_type=Path)
    return click.option(
        "-o", "--output", required=True, metavar="FILE", type=kind, help="A new file: .html, or .pdf (PDF/A-3b)."
    )(command)


def checked_file(text: Path) -> Path:
    """Return the file that is to be written; raise `UsageError` unless it ends with .html or .pdf and is new."""
    file = text.expanduser()
    if file.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{file} was not written: its name must end with {' or '.join(SUFFIXES)}, which says what it becomes.")
    if file.exists():
        raise UsageError(f"{file} exists already and was left as it is. Name a new file.")
    return file


def qr_svg(text: str) -> str:
    """Return a QR code (ISO/IEC 18004, error correction M, quiet zone of 4) as SVG to stand in HTML.

    Raises `PrintSupportMissingError` without the extra.
    """
    try:
        import segno  # noqa: PLC0415 - comes with an extra
    except ImportError as error:
        raise PrintSupportMissingError("segno") from error
    return str(segno.make(text, error="m", boost_error=False, micro=False).svg_inline(border=4, omitsize=True))


def write_sheets(file: Path, sheets: Sheets) -> Printed:
    """Write a page to a new file that `checked_file` gave.

    Raises `PrintSupportMissingError` where a PDF cannot be made on this machine, `UsageError` where the file cannot be written.
    """
    pages, content = _pdf(sheets) if file.suffix.lower() == PDF else (None, sheets.html.encode())
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_bytes(content)
        part.replace(file)
    except OSError as error:
        raise UsageError(f"{file} was not written ({error.strerror}). Check the folder and the disk.") from error
    finally:
        part.unlink(missing_ok=True)
    return Printed(file=file, pages=pages, size_bytes=len(content), sha256=hashlib.sha256(content).digest())


def show_printed(session: Session, printed: Printed) -> None:
    """Tell what was written."""
    data = {"file": printed.file, "pages": printed.pages, "size_bytes": printed.size_bytes, "sha256": printed.sha256}
    pairs = (
        ("heading.file", printed.file),
        ("heading.pages", "" if printed.pages is None else printed.pages),
        ("heading.digest", printed.sha256.hex()),
    )
    session.show(data, lambda: pair_lines((label(key, session.language), value) for key, value in pairs if value != ""))


def _pdf(sheets: Sheets) -> tuple[int, bytes]:
    """Return how many pages a PDF has, and the PDF."""
    try:
        import weasyprint  # noqa: PLC0415 - comes with an extra, and takes half a second
    except (ImportError, OSError) as error:
        raise PrintSupportMissingError(f"WeasyPrint ({error})") from error
    fonts: set[str] = set()
    with _progress(), _dated(sheets.at):
        document = weasyprint.HTML(string=sheets.html, url_fetcher=_refuse).render(pdf_variant=_VARIANT)
        # The identifier is what tells copies of one file apart, so it is made of the content.
        content = document.write_pdf(
            pdf_variant=_VARIANT,
            pdf_identifier=hashlib.sha256(sheets.html.encode()).digest()[:16],
            finisher=lambda _, pdf: fonts.update(_fonts_of(pdf)),
        )
    if not any(FONT.replace(" ", "-") in font or FONT.replace(" ", "") in font for font in fonts):
        raise PrintSupportMissingError(f"the font {FONT} (Debian: fonts-dejavu-core), without which letters would be missing,")
    return len(document.pages), content


def _fonts_of(pdf: Any) -> Iterator[str]:
    return (str(one["BaseFont"]) for one in pdf.objects if isinstance(one, dict) and "BaseFont" in one)


def _refuse(url: str) -> None:
    """Fetch nothing: a page has all that it needs, and nobody who wrote a text may make this machine ask for anything."""
    raise ValueError(f"A printed page asks for {url[:100]!r}, and was given nothing.")


class _PageCount(logging.Handler):
    """Tells the progress of WeasyPrint, which logs each page that it lays out."""

    def __init__(self, progress: ProgressLine) -> None:
        super().__init__(logging.INFO)
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.args, tuple) and record.args and isinstance(record.args[0], int):
            self._progress(record.args[0])


@contextlib.contextmanager
def _progress() -> Iterator[None]:
    log = logging.getLogger("weasyprint.progress")
    before = log.level, log.propagate
    with ProgressLine("laying out pages") as progress:
        counting = _PageCount(progress)
        log.addHandler(counting)
        log.setLevel(logging.INFO)
        log.propagate = False
        try:
            yield
        finally:
            log.removeHandler(counting)
            log.level, log.propagate = before


@contextlib.contextmanager
def _dated(at_ms: int) -> Iterator[None]:
    """Let fontTools date the fonts in the PDF by the ledger: it knows no other way than this variable."""
    before = os.environ.get(_EPOCH)
    os.environ[_EPOCH] = str(max(at_ms, 0) // 1000)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_EPOCH]
        else:
            os.environ[_EPOCH] = before
