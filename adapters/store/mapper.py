"""From changes and states to bytes and back: a closed registry of literal names, and Avro derived from the dataclasses.

Stored data never names a Python class, so moving or renaming a class changes no stored byte, and a hostile database cannot
make this program import anything.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import operator
import struct
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Final

import fastavro

from adapters.errors import StoreDamagedError
from domain.changes import EPOCH, KEPT_MOMENTS, Change, State, moment
from domain.errors import UnknownChangeError

_Convert = Callable[[Any], Any]
_Write = Callable[[bytearray, Any], None]
"""Appends a value's bytes: the Avro library's own writer takes three times as long for values as small as these."""
_CHANGE_COLUMNS: Final = frozenset({"originator_id", "originator_version"})
_STATE_COLUMNS: Final = frozenset({"id", "version"})
_SECOND: Final = 2
"""Zig-zag of 1: the index of the second type of a union with null."""
_SHORT: Final = 64
"""Numbers from zero to below this take one byte, as nearly all do."""
_MORE: Final = 0x80
"""Marks each byte of a number after which another one comes."""
_LONG_LIMIT: Final = 1 << 63
_TIME: Final = struct.Struct(">q")
"""Ledger time in milliseconds, before the state in a snapshot."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """How values of one type are kept: Avro schema, writing, and conversion from what Avro reads (None: as they are)."""

    schema: Any
    write: _Write
    load: _Convert | None


class _Coder:
    """Writes and reads one class; the columns beside the bytes are left out."""

    def __init__(self, name: str, cls: type, left_out: frozenset[str]) -> None:
        self.cls = cls
        self._name = name
        hints = typing.get_type_hints(cls)
        names = [field.name for field in dataclasses.fields(cls) if field.name not in left_out]
        seen: dict[str, type] = {}
        self._fields = [(field, _kind(hints[field], seen)) for field in names]
        self._write = _record_writer(self._fields)
        fields = [{"name": field, "type": kind.schema} for field, kind in self._fields]
        record = {"type": "record", "name": name.replace(".", "_"), "fields": fields}
        self.schema = fastavro.parse_schema(record)

    def encode(self, value: Any) -> bytes:
        out = bytearray()
        self._write(out, value)
        return bytes(out)

    def decode(self, state: bytes, columns: Mapping[str, Any]) -> Any:
        stream = io.BytesIO(state)
        try:
            raw: Any = fastavro.schemaless_reader(stream, self.schema, None)
            values = {field: raw[field] if kind.load is None else kind.load(raw[field]) for field, kind in self._fields}
        except (EOFError, ValueError, LookupError, OverflowError, MemoryError) as error:
            raise StoreDamagedError(self._name, f"{type(error).__name__}: {error}") from error
        if stream.tell() != len(state):
            raise StoreDamagedError(self._name, f"{len(state) - stream.tell()} bytes too many")
        return self.cls(**columns, **values)


class ChangeMapper:
    """Encodes and decodes the changes and states that it was given, and no others."""

    def __init__(self, changes: Mapping[str, type[Change]], states: Mapping[str, type[State]]) -> None:
        """Compile every class once; both mappings go from the literal name in the store to the class."""
        self._changes = {topic: _Coder(topic, cls, _CHANGE_COLUMNS) for topic, cls in changes.items()}
        self._states = {topic: _Coder(topic, cls, _STATE_COLUMNS) for topic, cls in states.items()}
        self._state_topics = {cls: topic for topic, cls in states.items()}

    def encode_change(self, change: Change) -> bytes:
        """Return the bytes of a change without its originator, which stands in columns; raise `UnknownChangeError`."""
        return self._coder(self._changes, change.TOPIC).encode(change)

    def decode_change(self, topic: str, originator_id: str, originator_version: int, state: bytes) -> Change:
        """Return a stored change; raise `UnknownChangeError` for a topic that is not registered."""
        columns = {"originator_id": originator_id, "originator_version": originator_version}
        change: Change = self._coder(self._changes, topic).decode(state, columns)
        return change

    def encode_state(self, state: State, timestamp: datetime) -> tuple[str, bytes]:
        """Return the literal name and the bytes of a snapshot: ledger time of the state's last change, and the state."""
        topic = self._state_topics.get(type(state))
        if topic is None:
            msg = f"{type(state).__name__} is not registered as a state that the store can hold"
            raise UnknownChangeError(msg)
        return topic, _TIME.pack(_milliseconds(timestamp)) + self._states[topic].encode(state)

    def decode_state(self, topic: str, aggregate_id: str, version: int, raw: bytes) -> State:
        """Return the state that a snapshot holds; raise `UnknownChangeError` for a name that is not registered."""
        columns = {"id": aggregate_id, "version": version}
        state: State = self._coder(self._states, topic).decode(raw[_TIME.size :], columns)
        return state

    def decode_time(self, raw: bytes) -> datetime:
        """Return the ledger time of a snapshot."""
        return moment(_TIME.unpack_from(raw)[0])

    def is_state(self, topic: str) -> bool:
        """Tell whether a literal name stands for a state (in a snapshot) and not for a change."""
        return topic in self._states

    def schemas(self) -> dict[str, Any]:
        """Return the Avro schema of every registered name, for the test that freezes them."""
        return {topic: coder.schema for topic, coder in sorted({**self._changes, **self._states}.items())}

    def _coder(self, coders: Mapping[str, _Coder], topic: str) -> _Coder:
        coder = coders.get(topic)
        if coder is None:
            msg = f"the store holds {topic!r}, which this program does not know: it was written by a newer one; install that"
            raise UnknownChangeError(msg)
        return coder


def _kind(hint: Any, seen: dict[str, type]) -> _Kind:
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return _optional(next(one for one in arguments if one is not types.NoneType), seen)
    if origin is tuple and arguments[1:] == (...,):
        return _sequence(arguments[0], seen, tuple)
    if origin is frozenset:
        return _sequence(arguments[0], seen, frozenset)
    if dataclasses.is_dataclass(hint):
        return _nested(typing.cast("type", hint), seen)
    return _single(hint)


def _single(hint: Any) -> _Kind:
    if hint is datetime:
        return _Kind(schema="long", write=_write_moment, load=moment)
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return _Kind(schema="long", write=_write_long, load=hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _Kind(schema="string", write=_write_text, load=hint)
    if hint not in _PLAIN:
        msg = f"the store has no form for a {hint}; see adapters.store.mapper for what it has one for, or give it one there"
        raise TypeError(msg)
    schema, write = _PLAIN[hint]
    return _Kind(schema=schema, write=write, load=None)


def _optional(hint: Any, seen: dict[str, type]) -> _Kind:
    inner = _kind(hint, seen)
    write, load = inner.write, inner.load

    def write_optional(out: bytearray, value: Any) -> None:
        if value is None:
            out.append(0)
        else:
            out.append(_SECOND)
            write(out, value)

    return _Kind(
        schema=["null", inner.schema],
        write=write_optional,
        load=None if load is None else lambda raw: None if raw is None else load(raw),
    )


def _sequence(hint: Any, seen: dict[str, type], make: type) -> _Kind:
    inner = _kind(hint, seen)
    write, load = inner.write, inner.load
    # A set has no order of its own: it is written sorted, so that equal sets are equal bytes.
    order: Callable[[Any], Any] = sorted if make is frozenset else tuple

    def write_sequence(out: bytearray, values: Any) -> None:
        if values:
            _write_long(out, len(values))
            for value in order(values):
                write(out, value)
        out.append(0)

    return _Kind(
        schema={"type": "array", "items": inner.schema},
        write=write_sequence,
        load=make if load is None else lambda raw: make([load(one) for one in raw]),
    )


def _nested(cls: type, seen: dict[str, type]) -> _Kind:
    hints = typing.get_type_hints(cls)
    known = cls.__name__ in seen
    if seen.setdefault(cls.__name__, cls) is not cls:
        msg = f"two classes are named {cls.__name__} in one change: {cls} and {seen[cls.__name__]}; Avro needs two names"
        raise TypeError(msg)
    fields = [(field.name, _kind(hints[field.name], seen)) for field in dataclasses.fields(cls)]
    record = {"type": "record", "name": cls.__name__, "fields": [{"name": n, "type": kind.schema} for n, kind in fields]}

    def load(raw: Any) -> Any:
        return cls(**{n: raw[n] if kind.load is None else kind.load(raw[n]) for n, kind in fields})

    return _Kind(schema=cls.__name__ if known else record, write=_record_writer(fields), load=load)


def _record_writer(fields: list[tuple[str, _Kind]]) -> _Write:
    values_of = operator.attrgetter(*[name for name, _ in fields], "__class__")  # one more, as it gives a tuple only of several
    writes = [kind.write for _, kind in fields]

    def write_record(out: bytearray, value: Any) -> None:
        for write, one in zip(writes, values_of(value), strict=False):
            write(out, one)

    return write_record


def _write_long(out: bytearray, value: int) -> None:
    if 0 <= value < _SHORT:
        out.append(value << 1)
        return
    if not -_LONG_LIMIT <= value < _LONG_LIMIT:
        msg = f"{value} has more than 64 bits"
        raise OverflowError(msg)
    number = value << 1 if value >= 0 else ~(value << 1)
    while number >= _MORE:
        out.append(number & 0x7F | _MORE)
        number >>= 7
    out.append(number)


def _write_bytes(out: bytearray, value: bytes) -> None:
    _write_long(out, len(value))
    out += value


def _write_text(out: bytearray, value: str) -> None:
    _write_bytes(out, value.encode())


def _write_moment(out: bytearray, at: datetime) -> None:
    out += _moment(at)


@functools.lru_cache(maxsize=KEPT_MOMENTS)
def _moment(at: datetime) -> bytes:
    out = bytearray()
    _write_long(out, _milliseconds(at))
    return bytes(out)


def _write_flag(out: bytearray, value: bool) -> None:  # noqa: FBT001 - a value like the others
    out.append(value)


def _milliseconds(at: datetime) -> int:
    return round((at - EPOCH).total_seconds() * 1000)


_PLAIN: Final[dict[Any, tuple[str, _Write]]] = {
    str: ("string", _write_text),
    int: ("long", _write_long),
    bool: ("boolean", _write_flag),
    bytes: ("bytes", _write_bytes),
}
"""The types that Avro has itself."""
