"""From a schema file to the two functions that read and write its values strictly.

A schema file is plain Avro with attributes of our own beside the fields (Avro ignores them, and they do not enter
the fingerprint): `form`, `min_bytes`, `max_bytes`, `minimum`, `maximum`, `min_items`, `max_items`, `item` (the same
for the items of an array) and `exactly_one_of` on a record. Each type is compiled once into a `Loader` that checks a
decoded value and makes the domain's value of it, and a `Dumper` that goes the other way.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable
from typing import Any, Final

from domain.ids import OFFICER_FORM, ORGANISATION_FORM
from schemas.errors import MalformedError, SchemaFileError

Loader = Callable[[Any], Any]
Dumper = Callable[[Any], Any]

FORMS: Final = {
    "organisation": ORGANISATION_FORM,
    "organisation_or_empty": f"({ORGANISATION_FORM})?",
    "officer": OFFICER_FORM,
    "code": r"[A-Za-z][A-Za-z0-9_-]*",
    "algorithm": r"[a-z0-9][a-z0-9-]*",
    "language": r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?",
    "media_type": r"[a-z0-9][a-z0-9.+-]*/[a-z0-9][a-z0-9.+-]*",
    "payload_type": r"application/vnd\.ortoo\.[a-z0-9._]+\+avro",
    "case_index": r"[0-9A-Za-z][0-9A-Za-z./-]*",
    "text": r".*",
}
"""Shapes of strings, by the name that a schema's `form` gives."""

_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that make a text read otherwise than it is stored (formats.md, canonical Avro)."""
LIMIT_KEYS: Final = frozenset(
    {"form", "min_bytes", "max_bytes", "minimum", "maximum", "min_items", "max_items", "item"},
)


class _Refused(Exception):  # noqa: N818 - a private signal inside one walk, never seen outside this module
    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """The two directions of one schema: `load` a decoded value, `dump` a value for encoding."""

    schema: str
    loader: Loader
    dumper: Dumper

    def load(self, raw: Any) -> Any:
        """Return the domain's value of a decoded one; raise `MalformedError` naming the path that is outside its limits.

        The decoded value is used up: its parts are replaced by what they become.
        """
        try:
            return self.loader(raw)
        except _Refused as refused:
            raise MalformedError(self.schema, refused.path, refused.why) from refused


def compile_schema(name: str, schema: dict[str, Any], cls: type | None) -> Compiled:
    """Compile a parsed schema file; `cls` is the dataclass its values become (None: plain dicts)."""
    known: dict[str, tuple[Loader, Dumper]] = {}
    loader, dumper = _compile(schema, {}, cls, known)
    return Compiled(schema=name, loader=loader, dumper=dumper)


def _compile(schema: Any, limits: dict[str, Any], hint: Any, known: dict[str, tuple[Loader, Dumper]]) -> tuple[Loader, Dumper]:
    if isinstance(schema, list):
        return _compile_optional(schema, limits, hint, known)
    if isinstance(schema, dict):
        return _compile_complex(schema, limits, hint, known)
    if schema in known:
        return known[schema]
    if schema not in {"string", "bytes", "long"}:
        msg = f"type {schema!r} is not allowed here"
        raise SchemaFileError(msg)
    return {"string": _string, "bytes": _bytes, "long": _long}[schema](limits), _same


def _compile_complex(
    schema: dict[str, Any], limits: dict[str, Any], hint: Any, known: dict[str, tuple[Loader, Dumper]]
) -> tuple[Loader, Dumper]:
    kind = schema["type"]
    if kind == "record":
        known[schema["name"]] = pair = _compile_record(schema, hint, known)
        return pair
    if kind == "array":
        item_hint = typing.get_args(hint)[0] if typing.get_args(hint) else None
        return _array(*_compile(schema["items"], limits.get("item", {}), item_hint, known), limits)
    if kind == "fixed":
        known[schema["name"]] = pair = (_same, _same)
        return pair
    msg = f"type {kind!r} is not allowed here"
    raise SchemaFileError(msg)


def _compile_optional(
    schema: list[Any], limits: dict[str, Any], hint: Any, known: dict[str, tuple[Loader, Dumper]]
) -> tuple[Loader, Dumper]:
    if len(schema) != 2 or schema[0] != "null":  # noqa: PLR2004 - null and one type
        msg = f"the only union allowed is null with one type, not {schema!r}"
        raise SchemaFileError(msg)
    inner = next((a for a in typing.get_args(hint) if a is not types.NoneType), None)
    load, dump = _compile(schema[1], limits, inner, known)

    def load_optional(raw: Any) -> Any:
        return None if raw is None else load(raw)

    def dump_optional(value: Any) -> Any:
        return None if value is None else dump(value)

    return _same if load is _same else load_optional, dump_optional


def _compile_record(schema: dict[str, Any], cls: Any, known: dict[str, tuple[Loader, Dumper]]) -> tuple[Loader, Dumper]:
    hints = typing.get_type_hints(cls) if cls else {}
    fields: list[tuple[str, Loader, Dumper]] = []
    for field in schema["fields"]:
        limits = {key: field[key] for key in LIMIT_KEYS if key in field}
        fields.append((field["name"], *_compile(field["type"], limits, hints.get(field["name"]), known)))
    make = cls or dict
    one_of = schema.get("exactly_one_of", ())
    checked = [(name, load) for name, load, _ in fields if load is not _same]

    def load_record(raw: Any) -> Any:
        if one_of and sum(raw[name] is not None for name in one_of) != 1:
            raise _Refused("", f"exactly one of {', '.join(one_of)} is needed")
        name, values = "", dict(raw)
        try:
            for name, load in checked:
                values[name] = load(values[name])
        except _Refused as refused:
            # Paths are put together on the way out, because there is nearly never one to tell.
            raise _Refused(_joined(name, refused.path), refused.why) from None
        return make(**values)

    def dump_record(value: Any) -> Any:
        if cls is None:
            return {name: dump(value[name]) for name, _, dump in fields}
        return {name: dump(getattr(value, name)) for name, _, dump in fields}

    return load_record, dump_record


def _array(load: Loader, dump: Dumper, limits: dict[str, Any]) -> tuple[Loader, Dumper]:
    low, high = limits["min_items"], limits["max_items"]

    def load_array(raw: Any) -> Any:
        if not low <= len(raw) <= high:
            raise _Refused("", f"{len(raw)} items where {low} to {high} are allowed")
        items: list[Any] = []
        try:
            for item in raw:
                items.append(load(item))  # noqa: PERF401 - how many there are tells where the bad one stands
        except _Refused as refused:
            raise _Refused(_joined(f"[{len(items)}]", refused.path), refused.why) from None
        return tuple(items)

    def dump_array(value: Any) -> Any:
        return [dump(item) for item in value]

    return load_array, dump_array


def _string(limits: dict[str, Any]) -> Loader:
    low, high = limits.get("min_bytes", 0), limits["max_bytes"]
    form = re.compile(FORMS[limits["form"]])
    free = limits["form"] == "text"

    def load_string(raw: Any) -> Any:
        if raw.isascii():
            size = len(raw)
            if not free and low <= size <= high and form.fullmatch(raw):
                return raw
        else:
            size = len(raw.encode())
        if not low <= size <= high:
            raise _Refused("", f"{size} bytes where {low} to {high} are allowed")
        if free:
            if _FORBIDDEN.search(raw):
                raise _Refused("", "a control or bidirectional character")
        elif not form.fullmatch(raw):
            raise _Refused("", f"{raw!r} does not have the form of a {limits['form']}")
        return raw

    return load_string


def _bytes(limits: dict[str, Any]) -> Loader:
    low, high = limits.get("min_bytes", 0), limits["max_bytes"]

    def load_bytes(raw: Any) -> Any:
        if not low <= len(raw) <= high:
            raise _Refused("", f"{len(raw)} bytes where {low} to {high} are allowed")
        return raw

    return load_bytes


def _long(limits: dict[str, Any]) -> Loader:
    low, high = limits["minimum"], limits["maximum"]

    def load_long(raw: Any) -> Any:
        if not low <= raw <= high:
            raise _Refused("", f"{raw} where {low} to {high} are allowed")
        return raw

    return load_long


def _joined(name: str, path: str) -> str:
    return f"{name}.{path}" if path and not path.startswith("[") else f"{name}{path}"


def _same(value: Any) -> Any:
    return value
