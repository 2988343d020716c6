"""What printed pages have in common: escaping, the sheet, its styles. HTML that needs nothing from outside and runs nothing.

Every text of the ledger goes through `shown`, so that it is text on the page, whatever it looks like.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import Final

from cli.render import visible

FONT: Final = "DejaVu Sans"
"""The one font: it has the letters of all languages here, is free, and a Debian package (`fonts-dejavu-core`) brings it."""
_STYLES: Final = """
* { box-sizing: border-box; }
html { font: 9.5pt/1.35 "DejaVu Sans", sans-serif; }
body { margin: 0 auto; max-width: 182mm; color: #000; }
.wide { max-width: none; font-size: 8pt; }
.shown { unicode-bidi: isolate; overflow-wrap: anywhere; }
.purpose, .fate { border: 0.6pt solid #000; padding: 1.2mm 2mm; margin: 0 0 2mm; font-weight: bold; text-align: center; }
.fate { border-width: 1.8pt; }
.top { display: table; width: 100%; margin-bottom: 4mm; }
.top > div { display: table-cell; vertical-align: top; width: 50%; }
.top > div + div { padding-left: 6mm; }
.strong { font-weight: bold; }
.small { font-size: 7pt; line-height: 1.25; }
h1 { font-size: 11.5pt; margin: 4mm 0 3mm; }
h2 { font-size: 8pt; margin: 4mm 0 1mm; }
.text p { margin: 0; min-height: 1.35em; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; }
.fixed { table-layout: fixed; }
thead { display: table-header-group; }
th, td { border: 0.4pt solid #666; padding: 0.8mm 1.2mm; text-align: left; vertical-align: top; font-size: 7.5pt; }
th { background: #eee; }
tr, .signature { break-inside: avoid; }
.origin { display: table; width: 100%; margin-top: 5mm; border-top: 0.6pt solid #000; padding-top: 2mm; break-inside: avoid; }
.origin > div { display: table-cell; vertical-align: middle; }
.qr { width: 31mm; }
.qr svg { width: 29mm; height: 29mm; display: block; }
"""
_SHEET: Final = """
@page {{ size: A4 {orientation}; margin: 14mm 14mm 16mm;
  @bottom-left {{ content: element(foot); vertical-align: top; }}
  @bottom-right {{ content: counter(page) " / " counter(pages); font: 7pt "DejaVu Sans"; vertical-align: top; width: 20mm; }} }}
@media print {{ .foot {{ position: running(foot); }} }}
@media screen {{ .foot {{ display: none; }} }}
"""


def page(*, language: str, title: str, foot: str, body: Iterable[str], landscape: bool = False) -> str:
    """Return a whole HTML page of A4 sheets; `title` and `foot` are plain texts, `body` is HTML already."""
    sheet = _SHEET.format(orientation="landscape" if landscape else "portrait")
    wide = ' class="wide"' if landscape else ""
    return "\n".join(
        (
            "<!DOCTYPE html>",
            f'<html lang="{html.escape(language)}" dir="ltr">',
            f'<head><meta charset="utf-8"><title>{plain(title)}</title>',
            f"<style>{sheet}{_STYLES}</style></head>",
            f'<body{wide}><div class="foot small">{shown(foot)}</div>',
            *body,
            "</body></html>\n",
        )
    )


def plain(text: object) -> str:
    """Return a text escaped for HTML, with control characters and direction marks made visible."""
    return html.escape(visible(str(text)))


def shown(text: object, *classes: str) -> str:
    """Return a text as an element of its own: letters that run from right to left in it move nothing beside it."""
    return f'<span class="{" ".join(("shown", *classes))}">{plain(text)}</span>'


def block(text: object, *classes: str) -> str:
    """Return a text as a line of its own."""
    return f'<div class="{" ".join(("shown", *classes))}">{plain(text)}</div>'


def pair(name: str, value: object) -> str:
    """Return a name and its value as a line."""
    return f"<div>{shown(f'{name}:')} {shown(value)}</div>"


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, shares: Sequence[int] = ()) -> str:
    """Return a table whose headings stand on every sheet.

    With `shares`, each column's part of the width in percent, nobody need look at all rows before the first is laid out.
    """
    columns = "".join(f'<col style="width:{share}%">' for share in shares)
    kind = ' class="fixed"' if shares else ""
    head = "".join(f"<th>{plain(one)}</th>" for one in headings)
    lines = ("<tr>" + "".join(f'<td class="shown">{plain(cell)}</td>' for cell in row) + "</tr>" for row in rows)
    return f"<table{kind}>{columns}<thead><tr>{head}</tr></thead><tbody>\n" + "\n".join(lines) + "\n</tbody></table>"
