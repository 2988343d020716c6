"""Answers as people read them and as programs read them: tables, pairs, times, JSON, progress.

Data goes to standard output, everything else to standard error. Nothing that stands on the ledger can move a terminal's
cursor: control characters are shown, not sent.
"""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any, Final

import click

from adapters.due_times import show, show_offset
from cli.labels import label
from cli.languages import Language

DEFAULT_WIDTH: Final = 100
"""Columns where the width of the terminal is not known, such as in a pipe."""
LEAST_WIDTH: Final = 40
"""A table narrower than this cannot be read, so it runs over instead."""
GAP: Final = "  "
_LEAST_COLUMN: Final = 4
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """A column of a table: its heading, whether numbers in it stand to the right, and whether it may be cut short."""

    heading: str
    right: bool = False
    cut: bool = True


def table_lines(columns: Sequence[Column], rows: Iterable[Sequence[object]], *, width: int | None = None) -> list[str]:
    """Return a table as lines: headings, then rows, aligned, no wider than the terminal as long as it can be cut.

    Wide characters count two columns and combining marks none; a text cut short ends with an ellipsis.
    """
    cells = [[visible(str(cell)) for cell in row] for row in rows]
    headings = [column.heading for column in columns]
    widths = [max(text_width(row[i]) for row in (headings, *cells)) for i in range(len(columns))]
    widths = _narrowed(columns, widths, width or terminal_width())
    return [_row_line(columns, widths, row) for row in (headings, *cells)]


def pair_lines(pairs: Iterable[tuple[str, object]]) -> list[str]:
    """Return names and values as lines, the values below each other; a value of several lines keeps its margin."""
    known = [(name, [visible(line) for line in str(value).split("\n")]) for name, value in pairs]
    margin = max((text_width(name) for name, _ in known), default=0)
    lines = []
    for name, values in known:
        lines.append(f"{_filled(name, margin)}{GAP}{values[0]}".rstrip())
        lines.extend(f"{' ' * margin}{GAP}{value}".rstrip() for value in values[1:])
    return lines


def purpose_lines(purpose: str, language: Language) -> list[str]:
    """Return the first line of a list that is not of a production ledger; no line if it is."""
    return [] if purpose == "production" else [label(f"purpose_banner.{purpose}", language)]


def as_of_line(position: int, at_ms: int, offset_minutes: int, behind: str, language: Language) -> str:
    """Return how far the answer reaches: `as of position 812, 14:02 (+05); ledger unreachable`; `behind` says why."""
    text = label("note.as_of", language, position=position, time=show_time(at_ms, offset_minutes, with_date=False))
    return f"{text}; {behind}" if behind else text


def show_time(at_ms: int | None, offset_minutes: int, *, with_date: bool = True) -> str:
    """Return a time with the ledger's offset, `2026-11-24 14:02 (+05)`; without its date where the day is plain."""
    if at_ms is None:
        return ""
    text = show(at_ms, offset_minutes)
    return text if with_date else text.partition(" ")[2]


def show_zone(offset_minutes: int) -> str:
    """Return the ledger's offset as headings have it: `UTC+05`."""
    return f"UTC{show_offset(offset_minutes)}"


def show_size(size_bytes: int) -> str:
    """Return a size for people: `312 B`, `4.2 kB`, `1.3 MB`."""
    size = float(size_bytes)
    for unit in ("B", "kB", "MB"):
        if size < 1000:  # noqa: PLR2004 - the step from one decimal unit to the next
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def json_text(data: Any) -> str:
    """Return data as JSON in the order of its fields: bytes as hexadecimal, codes as their names, times as they are (ms UTC)."""
    return json.dumps(_plain(data), ensure_ascii=False, indent=2)


def visible(text: str) -> str:
    """Return a text with control characters and direction marks made visible, so that it cannot forge a line."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def text_width(text: str) -> int:
    """Return how many columns a text takes on a terminal (Unicode Standard Annex 11; combining marks take none)."""
    return sum(_character_width(character) for character in text)


def cut_text(text: str, width: int) -> str:
    """Return a text that takes at most `width` columns, ending with an ellipsis if something was cut off."""
    if text_width(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += _character_width(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept).rstrip() + "…"


def terminal_width() -> int:
    """Return the columns of the terminal, `COLUMNS` if set, 100 where there is none."""
    return shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns


def page_note(shown: int, after: str | None, language: Language) -> str | None:
    """Return what to say of a list that goes on: how many lines were shown, and the cursor of the next page."""
    return None if after is None else label("note.more", language, shown=shown, after=after)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on standard output."""
    for line in lines:
        click.echo(line)


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one return for each kind of value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return sorted(_plain(one) for one in value) if isinstance(value, (set, frozenset)) else value


def _narrowed(columns: Sequence[Column], widths: list[int], width: int) -> list[int]:
    over = sum(widths) + len(GAP) * (len(widths) - 1) - max(width, LEAST_WIDTH)
    while over > 0:
        widest = max((w for w, column in zip(widths, columns, strict=True) if column.cut), default=0)
        if widest <= _LEAST_COLUMN:
            break
        # The widest column gives first, so that short ones stay whole.
        index = next(i for i, w in enumerate(widths) if w == widest and columns[i].cut)
        widths[index] -= 1
        over -= 1
    return widths


def _row_line(columns: Sequence[Column], widths: Sequence[int], row: Sequence[str]) -> str:
    parts = []
    for column, width, cell in zip(columns, widths, row, strict=True):
        text = cut_text(cell, width) if column.cut else cell
        parts.append(" " * (width - text_width(text)) + text if column.right else _filled(text, width))
    return GAP.join(parts).rstrip()


def _filled(text: str, width: int) -> str:
    return text + " " * (width - text_width(text))


def _character_width(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
