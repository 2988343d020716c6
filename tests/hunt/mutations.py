"""Making hostile inputs of valid ones: bytes are changed as a bad line or a bad mind would, values as a bad program would."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any, Final

from tests.hostile_bytes import padded, varint

NUMBERS: Final = (
    0,
    1,
    -1,
    2,
    8,
    63,
    64,
    127,
    128,
    520,
    2**15,
    2**16,
    2**31,
    2**40,
    2**53,
    4_102_444_800_000,
    2**62,
    2**63 - 1,
    -(2**63),
)
TEXTS: Final = (
    "",
    "x",
    "root",
    "ministry",
    "..",
    "\x00",
    "\u202e",
    "Ё",
    "ʻ",
    "x" * 25,
    "x" * 41,
    "x" * 1_000,
    "a b",
    "A",
    "\ud7ff",
    "😀",
)
LENGTHENED: Final = 4
MOST_STROKES: Final = 4
"""Most inputs differ from a valid one in one place: nearly right is what slips through."""
LONGEST_RUN: Final = 300
LONGEST_LIST: Final = 2_100
"""Over every limit of items, and little enough that what makes an input needs no more memory than what reads it."""


class Mutator:
    """Changes what is valid; the same seed makes the same inputs."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._strokes: tuple[Callable[[bytearray, Sequence[bytes]], None], ...] = (
            self._flip,
            self._flip,
            self._put,
            self._cut,
            self._insert,
            self._repeat,
            self._shorten,
            self._lengthen,
            self._number,
            self._number,
            self._splice,
        )

    def changed(self, raw: bytes, others: Sequence[bytes]) -> bytes:
        """Return bytes changed in one place or a few; pieces of `others` may come in."""
        out = bytearray(raw)
        for _ in range(min(self.random.randint(1, MOST_STROKES), self.random.randint(1, MOST_STROKES))):
            self.random.choice(self._strokes)(out, others)
        return bytes(out)

    def varied(self, value: Any, pool: Sequence[Any]) -> Any:
        """Return a value of which one leaf, list or optional part is another; leaves of the same type come from `pool`."""
        if is_dataclass(value) and not isinstance(value, type):
            name = self.random.choice(fields(value)).name
            return replace(value, **{name: self.varied(getattr(value, name), pool)})
        if isinstance(value, tuple):
            return self._varied_list(value, pool)
        return self._leaf(value, pool)

    def _varied_list(self, value: tuple[Any, ...], pool: Sequence[Any]) -> tuple[Any, ...]:
        if not value:
            return (self._leaf("", pool),) if self.random.random() < 1 / 2 else ()
        place = self.random.randrange(len(value))
        choice = self.random.randrange(LENGTHENED + 4)
        if choice == 0:
            return ()
        if choice == 1:
            return value[:place] + value[place + 1 :]
        if choice == 2:
            return value[::-1]
        if choice == 3:
            return (value * self.random.choice((2, 8, 100, 521)))[:LONGEST_LIST]
        return (*value[:place], self.varied(value[place], pool), *value[place + 1 :])

    def _leaf(self, value: Any, pool: Sequence[Any]) -> Any:
        same = type(value)
        if value is None or self.random.random() < 1 / 10:
            return self.random.choice((None, *pool))
        if same is int:
            return self.random.choice((*NUMBERS, value + 1, value - 1, -value))
        if same is str and self.random.random() < 1 / 3:
            return self.random.choice(TEXTS)
        if same is bytes and self.random.random() < 1 / 3:
            return self.changed(value, (value,))
        return self.random.choice([one for one in pool if type(one) is same] or [value])

    def _place(self, out: bytearray) -> int:
        return self.random.randrange(len(out) + 1)

    def _flip(self, out: bytearray, _: Sequence[bytes]) -> None:
        if out:
            out[self.random.randrange(len(out))] ^= 1 << self.random.randrange(8)

    def _put(self, out: bytearray, _: Sequence[bytes]) -> None:
        if out:
            out[self.random.randrange(len(out))] = self.random.choice(
                (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF, self.random.randrange(256))
            )

    def _cut(self, out: bytearray, _: Sequence[bytes]) -> None:
        start = self._place(out)
        del out[start : start + self.random.choice((1, 1, 2, 8, 32, LONGEST_RUN))]

    def _insert(self, out: bytearray, _: Sequence[bytes]) -> None:
        place = self._place(out)
        out[place:place] = self.random.randbytes(self.random.choice((1, 1, 2, 8, LONGEST_RUN)))

    def _repeat(self, out: bytearray, _: Sequence[bytes]) -> None:
        start = self._place(out)
        piece = out[start : start + self.random.choice((1, 2, 33, 90, LONGEST_RUN))]
        out[start:start] = piece * self.random.choice((1, 1, 2, 50))

    def _shorten(self, out: bytearray, _: Sequence[bytes]) -> None:
        del out[self._place(out) :]

    def _lengthen(self, out: bytearray, _: Sequence[bytes]) -> None:
        out += self.random.choice((b"\x00", b"\x01", b"\x02", b"\xff" * 9, self.random.randbytes(20)))

    def _number(self, out: bytearray, _: Sequence[bytes]) -> None:
        number = self.random.choice(NUMBERS)
        raw = varint(number) if self.random.random() < 2 / 3 else padded(number, 10 + self.random.randrange(2))
        place = self._place(out)
        out[place : place + self.random.choice((0, 1, 1, 2, len(raw)))] = raw

    def _splice(self, out: bytearray, others: Sequence[bytes]) -> None:
        other = self.random.choice(others)
        out[self._place(out) :] = other[self.random.randrange(len(other) + 1) :]


def leaves_of(value: Any) -> list[Any]:
    """Return the leaves of a value: what stands in its fields and lists, however deep."""
    if is_dataclass(value) and not isinstance(value, type):
        return [leaf for field in fields(value) for leaf in leaves_of(getattr(value, field.name))]
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in leaves_of(item)]
    return [value]
