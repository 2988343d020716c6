"""From a schema file to the functions that read and write its values strictly.

A schema file is plain Avro with attributes of our own beside the fields (Avro ignores them, and they do not enter
the fingerprint): `form`, `min_bytes`, `max_bytes`, `minimum`, `maximum`, `min_items`, `max_items`, `item` (the same
for the items of an array) and `exactly_one_of` on a record. Each type is compiled once into a `Layout`: its `Loader`
checks a plain value and makes the domain's value of it, its `Dumper` goes the other way, and its `Reader` makes the
domain's value of canonical bytes in one pass, with the checks of the loader.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
from collections.abc import Callable
from typing import Any, Final

from domain.ids import OFFICER_FORM, ORGANISATION_FORM
from schemas.canonical import Reader, array_reader, bytes_reader, fixed_reader, long_reader, optional_reader, text_reader
from schemas.errors import FieldError, MalformedError, SchemaFileError

Loader = Callable[[Any], Any]
Dumper = Callable[[Any], Any]

FORMS: Final = {
    "organisation": ORGANISATION_FORM,
    "organisation_or_empty": f"({ORGANISATION_FORM})?",
    "officer": OFFICER_FORM,
    "code": r"[A-Za-z][A-Za-z0-9_-]*",
    "algorithm": r"[a-z0-9][a-z0-9-]*",
    "event_type": r"[a-z][a-z_]*\.[a-z][a-z_]*",
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


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """One type: how its values are read from canonical bytes, checked, and made plain for the Avro library."""

    read: Reader
    load: Loader
    dump: Dumper


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """The directions of one schema: `read` canonical bytes, `load` a plain value, `dump` a value for encoding."""

    schema: str
    layout: Layout

    def read(self, raw: bytes, at: int) -> Any:
        """Return the value whose canonical bytes stand from `at` to the end; raise `MalformedError` if none do."""
        try:
            value, end = self.layout.read(raw, at)
        except FieldError as refused:
            raise MalformedError(self.schema, refused.path, refused.why) from refused
        except IndexError as error:
            raise MalformedError(self.schema, "", "the bytes end before the value does") from error
        # A slice over the end is no error in Python: that the last place is the end proves that none was.
        if end != len(raw):
            why = "the bytes end before the value does" if end > len(raw) else f"{len(raw) - end} bytes too many"
            raise MalformedError(self.schema, "", why)
        return value

    def load(self, raw: Any) -> Any:
        """Return the domain's value of a plain one; raise `MalformedError` naming the path that is outside its limits."""
        try:
            return self.layout.load(raw)
        except FieldError as refused:
            raise MalformedError(self.schema, refused.path, refused.why) from refused

    def dump(self, value: Any) -> Any:
        """Return the plain value of the domain's, for the Avro library."""
        return self.layout.dump(value)


def compile_schema(name: str, schema: dict[str, Any], cls: type | None) -> Compiled:
    """Compile a parsed schema file; `cls` is the dataclass its values become (None: plain dicts)."""
    return Compiled(schema=name, layout=_compile(schema, {}, cls, {}))


def _compile(schema: Any, limits: dict[str, Any], hint: Any, known: dict[str, Layout]) -> Layout:
    if isinstance(schema, list):
        return _compile_optional(schema, limits, hint, known)
    if isinstance(schema, dict):
        return _compile_complex(schema, limits, hint, known)
    if schema in known:
        return known[schema]
    if schema not in {"string", "bytes", "long"}:
        msg = f"type {schema!r} is not allowed here"
        raise SchemaFileError(msg)
    return {"string": _string, "bytes": _bytes, "long": _long}[schema](limits)


def _compile_complex(schema: dict[str, Any], limits: dict[str, Any], hint: Any, known: dict[str, Layout]) -> Layout:
    kind = schema["type"]
    if kind == "record":
        known[schema["name"]] = made = _compile_record(schema, hint, known)
        return made
    if kind == "array":
        item_hint = typing.get_args(hint)[0] if typing.get_args(hint) else None
        return _array(_compile(schema["items"], limits.get("item", {}), item_hint, known), limits)
    if kind == "fixed":
        known[schema["name"]] = made = Layout(read=fixed_reader(schema["size"]), load=_same, dump=_same)
        return made
    msg = f"type {kind!r} is not allowed here"
    raise SchemaFileError(msg)


def _compile_optional(schema: list[Any], limits: dict[str, Any], hint: Any, known: dict[str, Layout]) -> Layout:
    if len(schema) != 2 or schema[0] != "null":  # noqa: PLR2004 - null and one type
        msg = f"the only union allowed is null with one type, not {schema!r}"
        raise SchemaFileError(msg)
    inner = next((a for a in typing.get_args(hint) if a is not types.NoneType), None)
    one = _compile(schema[1], limits, inner, known)

    def load_optional(raw: Any) -> Any:
        return None if raw is None else one.load(raw)

    def dump_optional(value: Any) -> Any:
        return None if value is None else one.dump(value)

    return Layout(
        read=optional_reader(one.read),
        load=_same if one.load is _same else load_optional,
        dump=dump_optional,
    )


def _compile_record(schema: dict[str, Any], cls: Any, known: dict[str, Layout]) -> Layout:
    hints = typing.get_type_hints(cls) if cls else {}
    fields: dict[str, Layout] = {}
    for field in schema["fields"]:
        limits = {key: field[key] for key in LIMIT_KEYS if key in field}
        fields[field["name"]] = _compile(field["type"], limits, hints.get(field["name"]), known)
    one_of = tuple(schema.get("exactly_one_of", ()))
    return Layout(
        read=_record_reader(fields, cls, one_of),
        load=_record_loader(fields, cls or dict, one_of),
        dump=_record_dumper(fields, is_plain=cls is None),
    )


def _record_loader(fields: dict[str, Layout], make: Any, one_of: tuple[str, ...]) -> Loader:
    checked = [(name, layout.load) for name, layout in fields.items() if layout.load is not _same]

    def load_record(raw: Any) -> Any:
        _require_one_of(one_of, raw)
        name, values = "", dict(raw)
        try:
            for name, load in checked:
                values[name] = load(values[name])
        except FieldError as refused:
            raise refused.inside(name) from None
        return make(**values)

    return load_record


def _record_dumper(fields: dict[str, Layout], *, is_plain: bool) -> Dumper:
    dumps = [(name, layout.dump) for name, layout in fields.items()]

    def dump_plain(value: Any) -> Any:
        return {name: dump(value[name]) for name, dump in dumps}

    def dump_record(value: Any) -> Any:
        return {name: dump(getattr(value, name)) for name, dump in dumps}

    return dump_plain if is_plain else dump_record


def _record_reader(fields: dict[str, Layout], cls: Any, one_of: tuple[str, ...]) -> Reader:
    """Return a reader that fills the slots of a new object, in a third of the time that its `__init__` takes."""
    if cls is None:
        return _dict_reader(fields, one_of)
    if {field.name for field in dataclasses.fields(cls)} != set(fields) or hasattr(cls, "__post_init__"):
        msg = f"{cls.__name__} does not have exactly the fields of its schema"
        raise SchemaFileError(msg)
    parts = [(name, layout.read, getattr(cls, name).__set__) for name, layout in fields.items()]

    def read_record(raw: bytes, at: int) -> tuple[Any, int]:
        made, name = object.__new__(cls), ""
        try:
            for name, read, put in parts:  # noqa: B007 - it tells where a refusal comes from
                value, at = read(raw, at)
                put(made, value)
        except FieldError as refused:
            raise refused.inside(name) from None
        if one_of:
            _require_one_of(one_of, {name: getattr(made, name) for name in one_of})
        return made, at

    return read_record


def _dict_reader(fields: dict[str, Layout], one_of: tuple[str, ...]) -> Reader:
    parts = [(name, layout.read) for name, layout in fields.items()]

    def read_dict(raw: bytes, at: int) -> tuple[Any, int]:
        made, name = dict[str, Any](), ""
        try:
            for name, read in parts:
                made[name], at = read(raw, at)
        except FieldError as refused:
            raise refused.inside(name) from None
        _require_one_of(one_of, made)
        return made, at

    return read_dict


def _require_one_of(names: tuple[str, ...], values: dict[str, Any]) -> None:
    if names and sum(values[name] is not None for name in names) != 1:
        raise FieldError("", f"exactly one of {', '.join(names)} is needed")


def _array(item: Layout, limits: dict[str, Any]) -> Layout:
    load, dump = item.load, item.dump
    low, high = limits["min_items"], limits["max_items"]

    def require_count(count: int) -> None:
        if not low <= count <= high:
            raise FieldError("", f"{count} items where {low} to {high} are allowed")

    def load_array(raw: Any) -> Any:
        require_count(len(raw))
        items: list[Any] = []
        try:
            for one in raw:
                items.append(load(one))  # noqa: PERF401 - how many there are tells where the bad one stands
        except FieldError as refused:
            raise refused.inside(f"[{len(items)}]") from None
        return tuple(items)

    def dump_array(value: Any) -> Any:
        return [dump(one) for one in value]

    return Layout(read=array_reader(item.read, require_count), load=load_array, dump=dump_array)


def _string(limits: dict[str, Any]) -> Layout:
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
            raise FieldError("", f"{size} bytes where {low} to {high} are allowed")
        if free:
            if _FORBIDDEN.search(raw):
                raise FieldError("", "a control or bidirectional character")
        elif not form.fullmatch(raw):
            # Escaped, because which characters are shown as they are is another matter in every version of Python.
            raise FieldError("", f"{raw!a} does not have the form of a {limits['form']}")
        return raw

    # Free texts seldom come again, and are the long ones.
    return Layout(read=text_reader(load_string, is_kept=not free), load=load_string, dump=_same)


def _bytes(limits: dict[str, Any]) -> Layout:
    low, high = limits.get("min_bytes", 0), limits["max_bytes"]

    def load_bytes(raw: Any) -> Any:
        if not low <= len(raw) <= high:
            raise FieldError("", f"{len(raw)} bytes where {low} to {high} are allowed")
        return raw

    return Layout(read=bytes_reader(load_bytes), load=load_bytes, dump=_same)


def _long(limits: dict[str, Any]) -> Layout:
    low, high = limits["minimum"], limits["maximum"]

    def load_long(raw: Any) -> Any:
        if not low <= raw <= high:
            raise FieldError("", f"{raw} where {low} to {high} are allowed")
        return raw

    return Layout(read=long_reader(load_long), load=load_long, dump=_same)


def _same(value: Any) -> Any:
    return value
