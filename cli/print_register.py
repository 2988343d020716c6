"""A register book as printed pages: a pure function from its entries to HTML, headings and page numbers on every page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cli.labels import label
from cli.languages import Language
from cli.print_page import block, page, table


@dataclass(frozen=True, kw_only=True, slots=True)
class BookSheets:
    """What stands on the pages of a book, in words; `shares` are the columns' parts of the width in percent."""

    language: Language
    tag: str
    purpose: str
    organisation: str
    title: str
    as_of: str
    headings: tuple[str, ...]
    shares: tuple[int, ...]
    rows: Sequence[tuple[object, ...]]


def register_pages(sheets: BookSheets) -> str:
    """Return the pages of a register as HTML."""
    return page(
        language=sheets.tag,
        title=f"{sheets.organisation}: {sheets.title}",
        foot=f"{sheets.organisation} · {sheets.title} · {sheets.as_of}",
        body=_body(sheets),
        landscape=True,
    )


def _body(sheets: BookSheets) -> Iterator[str]:
    if sheets.purpose:
        yield block(sheets.purpose, "purpose")
    yield block(sheets.organisation, "strong")
    yield block(sheets.title, "strong")
    yield block(sheets.as_of, "small")
    yield "<h2></h2>"
    yield table(sheets.headings, sheets.rows, shares=sheets.shares)
    if not sheets.rows:
        yield block(label("note.nothing", sheets.language))
