"""Canonical Avro, byte by byte (formats.md, "Canonical Avro"): readers of the types that every schema is made of.

A reader takes bytes and a place, and returns the value that stands there and the place behind it. What it takes is
canonical: numbers of the fewest bytes, arrays in one block without its size, null by exactly its own index. Limits are
checked by what the reader is given for it, as soon as a length or a count is known.

A slice may reach over the end, which is no error in Python; the caller proves by the last place that none did.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from schemas.errors import FieldError

Reader = Callable[[bytes, int], tuple[Any, int]]

LONGEST_VARINT: Final = 10
"""Bytes of a 64-bit number, seven bits in each."""
KEPT_TEXTS: Final = 2_048
"""Of each field with a form: ids and codes come again and again, and finding one is cheaper than checking it. Each is short."""
_MORE: Final = 0x80
"""Marks each byte of a number after which another one comes."""
_LONG_OR_NEGATIVE: Final = _MORE | 1
"""Marks the first byte of a size that is not told by this byte alone."""
_ONE: Final = 2
"""Zig-zag of 1: the index of a union's second type."""


def fixed_reader(size: int) -> Reader:
    """Return a reader of so many bytes."""

    def read_fixed(raw: bytes, at: int) -> tuple[Any, int]:
        end = at + size
        return raw[at:end], end

    return read_fixed


def bytes_reader(check: Callable[[bytes], bytes]) -> Reader:
    """Return a reader of bytes after their length."""

    def read_bytes(raw: bytes, at: int) -> tuple[Any, int]:
        size, at = _size(raw, at)
        end = at + size
        return check(raw[at:end]), end

    return read_bytes


def text_reader(check: Callable[[str], str], *, is_kept: bool) -> Reader:
    """Return a reader of UTF-8 after its length; `is_kept`: remember what was checked, to check it once."""

    def text_of(piece: bytes) -> str:
        try:
            return check(piece.decode())
        except UnicodeDecodeError as error:
            raise FieldError("", "not UTF-8") from error

    text = functools.lru_cache(maxsize=KEPT_TEXTS)(text_of) if is_kept else text_of

    def read_text(raw: bytes, at: int) -> tuple[Any, int]:
        number = raw[at]
        if number & _LONG_OR_NEGATIVE:
            number, at = _size(raw, at)
        else:
            # Read here, because it is what nearly every text has, and a call would cost as much again.
            number, at = number >> 1, at + 1
        end = at + number
        return text(raw[at:end]), end

    return read_text


def long_reader(check: Callable[[int], int]) -> Reader:
    """Return a reader of a number."""

    def read_long(raw: bytes, at: int) -> tuple[Any, int]:
        number, at = _number(raw, at)
        return check(number >> 1 ^ -(number & 1)), at

    return read_long


def optional_reader(read: Reader) -> Reader:
    """Return a reader of null or what `read` reads."""

    def read_optional(raw: bytes, at: int) -> tuple[Any, int]:
        index = raw[at]
        if index == 0:
            return None, at + 1
        if index != _ONE:
            raise FieldError("", "neither of the types that may stand here")
        return read(raw, at + 1)

    return read_optional


def array_reader(read: Reader, require_count: Callable[[int], None]) -> Reader:
    """Return a reader of an array: one block, then its end; an empty one is only the end."""

    def read_array(raw: bytes, at: int) -> tuple[Any, int]:
        count, at = _size(raw, at)
        require_count(count)
        if not count:
            return (), at
        items: list[Any] = []
        try:
            for _ in range(count):
                item, at = read(raw, at)
                items.append(item)
        except FieldError as refused:
            raise refused.inside(f"[{len(items)}]") from None
        if raw[at] != 0:
            raise FieldError("", "a second block of items")
        return tuple(items), at + 1

    return read_array


def _size(raw: bytes, at: int) -> tuple[int, int]:
    number = raw[at]
    if number < _MORE:
        at += 1
    else:
        number, at = _number(raw, at)
    if number & 1:
        raise FieldError("", "a size below zero")
    return number >> 1, at


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """Return a number before its zig-zag is undone (64 bits), in exactly as many bytes as it needs."""
    number = raw[at]
    if number < _MORE:
        return number, at + 1
    number &= ~_MORE
    for place in range(1, LONGEST_VARINT):
        byte = raw[at + place]
        number |= (byte & ~_MORE) << 7 * place
        if byte < _MORE:
            if byte == 0 or number >> 64:
                break
            return number, at + place + 1
    raise FieldError("", "not a number of 64 bits in the fewest bytes")
