"""The codec as it was before it read bytes itself: by the Avro library, encoded again and compared, limits checked after.

Slower, and written by other hands; the codec must take exactly what this takes, and make the same values of it.
"""

from __future__ import annotations

import io
import struct
from typing import Any, Final

import fastavro

from schemas.codec import PREFIX_SIZE_BYTES, Schema
from schemas.errors import MalformedError

_UNREADABLE: Final = (
    EOFError,
    ValueError,  # UnicodeDecodeError is one
    IndexError,
    OverflowError,
    TypeError,
    KeyError,
    StopIteration,
    MemoryError,
    struct.error,
)
"""What the Avro library raises on hostile bytes, collected by fuzzing it."""


def reference_decoded(schema: Schema, raw: bytes) -> Any:
    """Return the value of canonical bytes; raise `MalformedError` if they are none or a field is outside its limits."""
    try:
        value = fastavro.schemaless_reader(io.BytesIO(raw[PREFIX_SIZE_BYTES:]), schema._schema, None)
        again = schema._write(value)
    except _UNREADABLE as error:
        raise MalformedError(schema.name, "", f"not readable ({type(error).__name__})") from error
    if again != raw:
        raise MalformedError(schema.name, "", "not the canonical encoding of its value")
    return schema._compiled.load(value)


def require_agreement(schema: Schema, raw: bytes) -> None:
    """Raise `AssertionError` unless the codec makes of these bytes what the reference makes, or neither takes them."""
    read, expected = _outcome(lambda: schema.decode(raw)), _outcome(lambda: reference_decoded(schema, raw))
    assert read == expected, f"{schema.name}: {read} where the reference has {expected}, for {raw.hex()}"


def _outcome(decode: Any) -> Any:
    try:
        return decode()
    except MalformedError:
        return MalformedError
