"""Reads printed pages again: the text of a PDF, its pages, what a QR code on it says, what it claims to be."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pypdfium2
import zxingcpp

A4_PT: Final = (595, 842)


PAGES_PRINTED: Final = "pages printed"
"""What tests count under this name is printed as one sum."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadPdf:
    """A PDF as read: the size (points) and the text of each page, and what the codes on the first page hold."""

    sizes: tuple[tuple[int, int], ...]
    texts: tuple[str, ...]
    codes: tuple[str, ...]

    @property
    def text(self) -> str:
        """All its text."""
        return "\n".join(self.texts)


def read_pdf(content: bytes | Path) -> ReadPdf:
    """Read a PDF with a library that had no part in making it."""
    document = pypdfium2.PdfDocument(content)
    try:
        pages = [document[number] for number in range(len(document))]
        sizes = tuple((round(page.get_width()), round(page.get_height())) for page in pages)
        texts = tuple(page.get_textpage().get_text_range() for page in pages)
        image = pages[0].render(scale=3).to_pil()
        codes = tuple(found.text for found in zxingcpp.read_barcodes(image))
    finally:
        document.close()
    return ReadPdf(sizes=sizes, texts=texts, codes=codes)


def streams_of(content: bytes) -> tuple[bytes, ...]:
    """Return what the compressed streams of a PDF hold."""
    found = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    return tuple(zlib.decompress(one) for one in found if one[:1] == b"x")


def words(text: str) -> str:
    """Return a text without what only divides it into lines: a page breaks lines where it must."""
    return re.sub(r"\s+", "", text.replace("\ufffe", "-").replace("\x02", "-"))
