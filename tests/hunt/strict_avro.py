"""Canonical Avro read a second time, by nothing but formats.md: what the codec takes must be canonical here too."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.codec import PREFIX_SIZE_BYTES, schema_file

LONGEST_VARINT: Final = 10
_MORE: Final = 0x80


class NotCanonicalError(Exception):
    """Bytes are not the one canonical encoding of a value."""


@dataclass(kw_only=True, slots=True)
class StrictReader:
    """Reads bytes of one schema from a place on."""

    raw: bytes
    named: Mapping[str, Any]
    place: int = PREFIX_SIZE_BYTES

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        if not 0 <= size <= len(self.raw) - self.place:
            raise NotCanonicalError(f"{size} bytes at {self.place}")
        self.place += size
        return self.raw[self.place - size : self.place]

    def number(self) -> int:
        """Return the next number: the fewest bytes, at most ten, within 64 bits."""
        value = shift = 0
        for _ in range(LONGEST_VARINT):
            (byte,) = self.take(1)
            value |= (byte & ~_MORE) << shift
            shift += 7
            if not byte & _MORE:
                if (byte == 0 and shift > 7) or value >= 2**64:
                    break
                return value >> 1 if not value & 1 else -(value >> 1) - 1
        raise NotCanonicalError(f"a number at {self.place}")

    def value(self, schema: Any) -> None:
        """Read past one value."""
        if isinstance(schema, list):
            self._union(schema)
        elif isinstance(schema, dict):
            self._complex(schema)
        elif schema in self.named:
            self.value(self.named[schema])
        elif schema == "string":
            _require_text(self.take(self.number()))
        elif schema == "bytes":
            self.take(self.number())
        elif schema == "long":
            self.number()
        elif schema != "null":
            raise NotCanonicalError(f"a schema {schema}")

    def _union(self, schema: list[Any]) -> None:
        branch = self.number()
        if not 0 <= branch < len(schema):
            raise NotCanonicalError(f"branch {branch}")
        self.value(schema[branch])

    def _complex(self, schema: dict[str, Any]) -> None:
        if schema["type"] == "record":
            for one in schema["fields"]:
                self.value(one["type"])
        elif schema["type"] == "fixed":
            self.take(schema["size"])
        else:
            self._array(schema["items"])

    def _array(self, items: Any) -> None:
        count = self.number()
        if count < 0:
            raise NotCanonicalError("a block with its size")
        for _ in range(count):
            self.value(items)
        if count and self.number() != 0:
            raise NotCanonicalError("a second block")


def _require_text(raw: bytes) -> None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotCanonicalError("not UTF-8") from error
    if any(char < " " or char == "\x7f" or "\u202a" <= char <= "\u202e" or "\u2066" <= char <= "\u2069" for char in text):
        raise NotCanonicalError("a character that is not allowed")


def require_canonical(name: str, raw: bytes) -> None:
    """Raise `NotCanonicalError` unless bytes are a canonical value of the schema of this name, whatever its limits are."""
    schema, named = _schema(name)
    reader = StrictReader(raw=raw, named=named)
    reader.value(schema)
    if reader.place != len(raw):
        raise NotCanonicalError("bytes after the end")


@functools.cache
def _schema(name: str) -> tuple[Any, Mapping[str, Any]]:
    schema = json.loads(schema_file(f"{name}.avsc"))
    return schema, dict(_names_in(schema))


def _names_in(schema: Any) -> Iterator[tuple[str, Any]]:
    """Yield every type that has a name: where it is defined, there may be no value of it."""
    for part in schema if isinstance(schema, list) else schema.values() if isinstance(schema, dict) else ():
        yield from _names_in(part)
    if isinstance(schema, dict) and schema.get("type") in ("record", "fixed"):
        yield schema["name"], schema
