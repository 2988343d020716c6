"""Media types: by the ending, held against the first bytes."""

from __future__ import annotations

import pytest

from adapters.media_types import SNIFF_BYTES, is_media_type, media_type_of

CYRILLIC = ("й" * SNIFF_BYTES).encode()
FILES = {
    "a text": ("хат.txt", "Матн\n".encode(), "text/plain"),
    "a text cut within a letter": ("хат.txt", b"a" + CYRILLIC[: SNIFF_BYTES - 1], "text/plain"),
    "an empty text": ("a.txt", b"", "text/plain"),
    "a table": ("a.csv", b"a;b\n", "text/csv"),
    "a text of no known kind": ("README", b"text", "text/plain"),
    "a PDF": ("a.PDF", b"%PDF-1.7", "application/pdf"),
    "a PDF called a text": ("a.txt", b"%PDF-1.7", "application/pdf"),
    "an image called a PDF": ("a.pdf", b"\x89PNG\r\n\x1a\n\0", "image/png"),
    "a program called a PDF": ("a.pdf", b"MZ\x90\0", "application/octet-stream"),
    "a program called a text": ("a.txt", b"\x7fELF\0", "application/octet-stream"),
    "a text called a PDF": ("a.pdf", b"no pdf", "text/plain"),
    "a document of an office": (
        "a.docx",
        b"PK\x03\x04",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "an old document": ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/msword"),
    "a zip called a text": ("a.txt", b"PK\x03\x04", "application/zip"),
    "a signature": ("a.p7s", b"\x30\x82\x01\x00", "application/pkcs7-signature"),
    "a text in another encoding": ("a.txt", "Ўзбек".encode("utf-16"), "application/octet-stream"),
}


@pytest.mark.parametrize(("name", "beginning", "expected"), FILES.values(), ids=FILES.keys())
def test_a_file_gets_the_media_type_that_it_has(name: str, beginning: bytes, expected: str) -> None:
    assert media_type_of(name, beginning) == expected


@pytest.mark.parametrize("text", ["", "text", "text/", "Text/Plain", "text/plain; charset=utf-8", "a/b/c", "тип/тип"])
def test_what_is_no_media_type_is_told(text: str) -> None:
    assert not is_media_type(text)
