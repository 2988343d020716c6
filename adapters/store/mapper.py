"""From changes and states to bytes and back: a closed registry of literal names, and Avro derived from the dataclasses.

Stored data never names a Python class, so moving or renaming a class changes no stored byte, and a hostile database cannot
make this program import anything.
"""

from __future__ import annotations

import dataclasses
import io
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Final

import fastavro

from domain.changes import EPOCH, Change, State, moment
from domain.errors import UnknownChangeError

_Convert = Callable[[Any], Any]
_CHANGE_COLUMNS: Final = frozenset({"originator_id", "originator_version"})
_STATE_COLUMNS: Final = frozenset({"id", "version"})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """How values of one type are written: Avro schema, conversion to and from what Avro writes (None: as they are)."""

    schema: Any
    dump: _Convert | None
    load: _Convert | None


class _Coder:
    """Writes and reads one class; the columns beside the bytes are left out."""

    def __init__(self, name: str, cls: type, left_out: frozenset[str]) -> None:
        self.cls = cls
        hints = typing.get_type_hints(cls)
        names = [field.name for field in dataclasses.fields(cls) if field.name not in left_out]
        seen: set[str] = set()
        self._fields = [(field, _kind(hints[field], seen)) for field in names]
        fields = [{"name": field, "type": kind.schema} for field, kind in self._fields]
        record = {"type": "record", "name": name.replace(".", "_"), "fields": fields}
        self.schema = fastavro.parse_schema(record)

    def encode(self, value: Any) -> bytes:  # noqa: ANN401 - of this coder's class
        raw = {
            field: getattr(value, field) if kind.dump is None else kind.dump(getattr(value, field))
            for field, kind in self._fields
        }
        out = io.BytesIO()
        fastavro.schemaless_writer(out, self.schema, raw)
        return out.getvalue()

    def decode(self, state: bytes, columns: Mapping[str, Any]) -> Any:  # noqa: ANN401 - of this coder's class
        raw: Any = fastavro.schemaless_reader(io.BytesIO(state), self.schema, None)
        values = {field: raw[field] if kind.load is None else kind.load(raw[field]) for field, kind in self._fields}
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

    def encode_state(self, state: State) -> tuple[str, bytes]:
        """Return the literal name and the bytes of a state, for a snapshot."""
        topic = self._state_topics[type(state)]
        return topic, self._states[topic].encode(state)

    def decode_state(self, topic: str, aggregate_id: str, version: int, raw: bytes) -> State:
        """Return the state that a snapshot holds; raise `UnknownChangeError` for a name that is not registered."""
        state: State = self._coder(self._states, topic).decode(raw, {"id": aggregate_id, "version": version})
        return state

    def schemas(self) -> dict[str, Any]:
        """Return the Avro schema of every registered name, for the test that freezes them."""
        return {topic: coder.schema for topic, coder in sorted({**self._changes, **self._states}.items())}

    def _coder(self, coders: Mapping[str, _Coder], topic: str) -> _Coder:
        coder = coders.get(topic)
        if coder is None:
            msg = f"the store holds {topic!r}, which this program does not know: it was written by a newer one; install that"
            raise UnknownChangeError(msg)
        return coder


def _kind(hint: Any, seen: set[str]) -> _Kind:  # noqa: ANN401, PLR0911 - one return for each kind of type
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return _optional(next(one for one in arguments if one is not types.NoneType), seen)
    if origin is tuple:
        return _sequence(arguments[0], seen, tuple)
    if origin is frozenset:
        return _sequence(arguments[0], seen, frozenset)
    if dataclasses.is_dataclass(hint):
        return _nested(typing.cast("type", hint), seen)
    if hint is datetime:
        return _Kind(schema="long", dump=_milliseconds, load=moment)
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return _Kind(schema="long", dump=int, load=hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _Kind(schema="string", dump=str, load=hint)
    return _Kind(schema={str: "string", int: "long", bool: "boolean", bytes: "bytes"}[hint], dump=None, load=None)


def _optional(hint: Any, seen: set[str]) -> _Kind:  # noqa: ANN401
    inner = _kind(hint, seen)
    dump, load = inner.dump, inner.load
    return _Kind(
        schema=["null", inner.schema],
        dump=None if dump is None else lambda value: None if value is None else dump(value),
        load=None if load is None else lambda raw: None if raw is None else load(raw),
    )


def _sequence(hint: Any, seen: set[str], make: type) -> _Kind:  # noqa: ANN401
    inner = _kind(hint, seen)
    dump, load = inner.dump, inner.load
    # A set has no order of its own: it is written sorted, so that equal sets are equal bytes.
    order: Callable[[Any], list[Any]] = sorted if make is frozenset else list
    return _Kind(
        schema={"type": "array", "items": inner.schema},
        dump=order if dump is None else lambda values: [dump(value) for value in order(values)],
        load=make if load is None else lambda raw: make([load(one) for one in raw]),
    )


def _nested(cls: type, seen: set[str]) -> _Kind:
    hints = typing.get_type_hints(cls)
    known = cls.__name__ in seen
    seen.add(cls.__name__)
    fields = [(field.name, _kind(hints[field.name], seen)) for field in dataclasses.fields(cls)]
    record = {"type": "record", "name": cls.__name__, "fields": [{"name": n, "type": kind.schema} for n, kind in fields]}

    def dump(value: Any) -> Any:  # noqa: ANN401
        return {n: getattr(value, n) if kind.dump is None else kind.dump(getattr(value, n)) for n, kind in fields}

    def load(raw: Any) -> Any:  # noqa: ANN401
        return cls(**{n: raw[n] if kind.load is None else kind.load(raw[n]) for n, kind in fields})

    return _Kind(schema=cls.__name__ if known else record, dump=dump, load=load)


def _milliseconds(at: datetime) -> int:
    return round((at - EPOCH).total_seconds() * 1000)
