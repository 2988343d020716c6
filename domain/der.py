"""DER, strictly: the distinguished encoding rules of ASN.1 (X.690), as far as certificates need them.

What OpenSSL and its bindings let pass differs from version to version; what this exchange accepts must not. So every rule
that can be checked without knowing what the bytes mean is checked here, at every depth.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.errors import DomainError

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31

TRUE: Final = b"\xff"
"""Content of a BOOLEAN that is true (X.690, section 11.1)."""
DEPTH_LIMIT: Final = 24
"""A certificate nests some ten deep; more is made to exhaust a stack."""

_CONSTRUCTED: Final = 0x20
_CLASS: Final = 0xC0
_HIGH_TAG: Final = 0x1F
_LONG_LENGTH: Final = 0x80
_LENGTH_SIZE_LIMIT: Final = 4
_SPARE_BITS_LIMIT: Final = 7
_MORE: Final = 0x80
"""Set in every byte of a number of an object identifier but the last (X.690, section 8.19.2)."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UTC_PIVOT: Final = 50
"""Two digits from 50 on are a year of the 20th century (RFC 5280, section 4.1.2.5.1)."""


class DerError(DomainError):
    """Bytes that are not one value in strict DER, or not the value that is expected there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Element:
    """A value: its identifier octet, its whole encoding, its content, and what a constructed one is made of."""

    tag: int
    raw: bytes
    content: bytes
    members: tuple[Element, ...] = ()


def read_der(raw: bytes) -> Element:
    """Return the one value that `raw` holds; raise `DerError` unless it is strict DER with nothing after it."""
    element, after = _read(raw, 0, len(raw), 0)
    _require(after == len(raw), "bytes follow the value")
    return element


def members_of(element: Element, tag: int, what: str) -> tuple[Element, ...]:
    """Return what a constructed value with this tag is made of; raise `DerError` if it has another tag."""
    return expect(element, tag, what).members


def expect(element: Element, tag: int, what: str) -> Element:
    """Return the value itself; raise `DerError` naming `what` if it has another tag."""
    _require(element.tag == tag, f"{what} has the tag {element.tag:#04x} where {tag:#04x} belongs")
    return element


def whole_bytes(element: Element, what: str) -> bytes:
    """Return the content of a BIT STRING that holds whole bytes; raise `DerError` otherwise."""
    content = expect(element, BIT_STRING, what).content
    _require(content[0] == 0, f"{what} does not hold whole bytes")
    return content[1:]


def time_ms(element: Element) -> int:
    """Return the moment of a UTCTime or GeneralizedTime, milliseconds UTC; raise `DerError` if it is none.

    Both are in the form that certificates use: to the second, in UTC, ending in Z (RFC 5280, section 4.1.2.5).
    """
    digits = 12 if element.tag == UTC_TIME else 14
    _require(element.tag in {UTC_TIME, GENERALIZED_TIME}, "a time is neither UTCTime nor GeneralizedTime")
    _require(re.fullmatch(rb"[0-9]{%d}Z" % digits, element.content) is not None, "a time is not in the form of certificates")
    text = element.content[:-1].decode("ascii")
    if element.tag == UTC_TIME:
        text = ("19" if int(text[:2]) >= _UTC_PIVOT else "20") + text
    year, *rest = int(text[:4]), *(int(text[at : at + 2]) for at in range(4, 14, 2))
    month, day, hour, minute, second = rest
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        # Not in Python's words, which its versions choose anew: it is kept beside the verdict, and compared.
        msg = "a time names no moment"
        raise DerError(msg) from error
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def dotted(identifier: bytes) -> str:
    """Return an object identifier's content in dots, for people (X.690, section 8.19)."""
    numbers, number = [], 0
    for octet in identifier:
        number = number << 7 | octet & ~_MORE
        if not octet & _MORE:
            numbers.append(number)
            number = 0
    top = min(numbers[0] // 40, 2)
    return ".".join(map(str, (top, numbers[0] - 40 * top, *numbers[1:])))


def _read(raw: bytes, start: int, end: int, depth: int) -> tuple[Element, int]:
    _require(depth <= DEPTH_LIMIT, "values nest too deep")
    _require(end - start >= 2, "a value is cut short")  # noqa: PLR2004 - a tag and a length
    tag = raw[start]
    _require(tag & _HIGH_TAG != _HIGH_TAG, "a tag is above 30")
    at, after = _content(raw, start + 1, end)
    members = _members(raw, at, after, depth) if tag & _CONSTRUCTED else ()
    element = Element(tag=tag, raw=raw[start:after], content=raw[at:after], members=members)
    if not tag & _CLASS:
        _require(tag in _RULES, f"the tag {tag:#04x} is none that a certificate holds")
        _require(_RULES[tag](element), f"a value with the tag {tag:#04x} is not in its distinguished form")
    return element, after


def _members(raw: bytes, start: int, end: int, depth: int) -> tuple[Element, ...]:
    found = []
    while start < end:
        member, start = _read(raw, start, end, depth + 1)
        found.append(member)
    return tuple(found)


def _content(raw: bytes, at: int, end: int) -> tuple[int, int]:
    """Return where the content begins and where it ends: its length is definite and minimal (X.690, section 10.1)."""
    first = raw[at]
    start, size = at + 1, first
    if first >= _LONG_LENGTH:
        octets = first - _LONG_LENGTH
        _require(1 <= octets <= _LENGTH_SIZE_LIMIT, "a length is indefinite or too long")
        start += octets
        _require(start <= end, "a length is cut short")
        size = int.from_bytes(raw[at + 1 : start], "big")
        _require(size >= _LONG_LENGTH and raw[at + 1] != 0, "a length is not minimal")
    _require(start + size <= end, "a length reaches beyond its value")
    return start, start + size


def _is_boolean(element: Element) -> bool:
    return element.content in {b"\x00", TRUE}


def _is_integer(element: Element) -> bool:
    """Tell whether the first nine bits are not all alike (X.690, section 8.3.2)."""
    content = element.content
    if len(content) < 2:  # noqa: PLR2004 - a single byte is always minimal
        return len(content) == 1
    return (content[0], content[1] >> 7) not in {(0x00, 0), (0xFF, 1)}


def _is_bit_string(element: Element) -> bool:
    """Tell whether the spare bits are counted rightly and zero (X.690, sections 8.6.2 and 11.2.1)."""
    content = element.content
    if not content or content[0] > _SPARE_BITS_LIMIT:
        return False
    if len(content) == 1:
        return content[0] == 0
    return content[-1] & (1 << content[0]) - 1 == 0


def _is_identifier(element: Element) -> bool:
    """Tell whether each number ends, and none begins with a zero (X.690, section 8.19.2)."""
    content = element.content
    ends = bool(content) and not content[-1] & _MORE
    begins = [octet for before, octet in zip(b"\x00" + content, content, strict=False) if not before & _MORE]
    return ends and _MORE not in begins


def _is_null(element: Element) -> bool:
    return not element.content


def _is_sorted(element: Element) -> bool:
    """Tell whether the values of a SET OF are in ascending order (X.690, section 11.6)."""
    encodings = [member.raw for member in element.members]
    return encodings == sorted(encodings)


def _is_anything(_: Element) -> bool:
    return True


_RULES: Final[dict[int, Callable[[Element], bool]]] = {
    BOOLEAN: _is_boolean,
    INTEGER: _is_integer,
    BIT_STRING: _is_bit_string,
    OCTET_STRING: _is_anything,
    NULL: _is_null,
    OBJECT_IDENTIFIER: _is_identifier,
    0x0A: _is_integer,  # ENUMERATED
    0x0C: _is_anything,  # UTF8String; which characters a text holds is not judged
    **dict.fromkeys(range(0x12, 0x1D), _is_anything),  # the other strings, and the two times
    0x1E: _is_anything,  # BMPString
    SEQUENCE: _is_anything,
    SET: _is_sorted,
}
"""The universal types that may occur, each primitive or constructed as DER wants it, with the rule for its content."""


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - read as an assertion
    if not holds:
        raise DerError(otherwise)
