"""Which media type a file has: by its ending, held against its first bytes.

The type that an event states is a claim of the sender's; here it is made as true as a look at the file can make it.
"""

from __future__ import annotations

import re
from typing import Final

from schemas.layouts import FORMS

PLAIN_TEXT: Final = "text/plain"
UNKNOWN: Final = "application/octet-stream"
SNIFF_BYTES: Final = 4096
"""Enough for every signature below, and for telling a text from what is none."""

_BY_ENDING: Final = {
    "txt": PLAIN_TEXT,
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "xml": "application/xml",
    "json": "application/json",
    "pdf": "application/pdf",
    "rtf": "application/rtf",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "zip": "application/zip",
    "p7s": "application/pkcs7-signature",
    "eml": "message/rfc822",
}
_BEGINNINGS: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"{\\rtf", "application/rtf"),
)
_INSIDE: Final = {
    "application/zip": ("application/vnd.openxmlformats-", "application/vnd.oasis."),
    "application/x-ole-storage": ("application/msword", "application/vnd.ms-"),
}
"""Formats that are packed in another one, whose beginning they share."""
_TEXTS: Final = ("text/", "application/json", "application/xml", "message/")
_FORM: Final = re.compile(FORMS["media_type"])


def is_media_type(text: str) -> bool:
    """Tell whether a text has the shape of a media type without parameters, as events name them."""
    return _FORM.fullmatch(text) is not None


def media_type_of(file_name: str, beginning: bytes) -> str:
    """Return the media type of a file by its name and its first `SNIFF_BYTES`; where the two disagree, what the bytes say."""
    claimed = _BY_ENDING.get(file_name.rpartition(".")[2].lower(), UNKNOWN)
    seen = next((kind for start, kind in _BEGINNINGS if beginning.startswith(start)), None)
    if seen is not None:
        return claimed if claimed.startswith(_INSIDE.get(seen, ())) else seen
    if looks_like_text(beginning):
        return claimed if claimed.startswith(_TEXTS) else PLAIN_TEXT
    return UNKNOWN if claimed.startswith((*_TEXTS, "application/pdf", "image/")) else claimed


def looks_like_text(beginning: bytes) -> bool:
    """Tell whether the first bytes of a file are UTF-8 without control characters; a character cut off at the end counts."""
    try:
        text = beginning.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data" or len(beginning) < SNIFF_BYTES:
            return False
        text = beginning[: error.start].decode("utf-8")
    return not any(ord(character) < ord(" ") and character not in "\t\n\r\f" for character in text)
