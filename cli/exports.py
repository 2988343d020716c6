"""Files for other programs: written once and never over another, and CSV that spreadsheets read as it is meant."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from adapters.errors import KeyFileError
from adapters.key_files import ANYBODY_READS, write_new_file
from cli.errors import UsageError

_FORMULA: Final = frozenset("=+-@\t\r\n＝＋－＠")
"""How a cell begins that some spreadsheet takes for a formula; the last four are the wide forms, which East Asian ones take."""


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Return rows as CSV (commas, a line feed after each); no text of theirs, such as a subject, is taken for a formula."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def write_new(file: Path, content: bytes) -> None:
    """Write a file that is not there yet, whole or not at all; raise `UsageError` if it is, or cannot be written."""
    try:
        write_new_file(file.expanduser(), content, mode=ANYBODY_READS)
    except KeyFileError as error:
        raise UsageError(str(error)) from error


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value
