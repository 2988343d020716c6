"""The fields of every answer with `--json`, as `answers.toml` documents them; a test holds every answer against it.

A field is written as a path: `lines[].letter` stands in each element of the list `lines`, `names.*` under any key of `names`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

ANSWERS_FILE: Final = "answers.toml"
_SHARED: Final = "@"


@cache
def answers_of() -> Mapping[str, tuple[str, ...]]:
    """Return the documented fields of each command (named without `ortoo`), shared ones written out."""
    table = _table()
    return {
        command: tuple(path for field in fields for path in _written_out(field, table["shared"]))
        for command, fields in table["commands"].items()
    }


def meanings() -> Mapping[str, str]:
    """Return what each field means, by its name."""
    return dict(_table()["meanings"])


def fields_in(answer: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every field in an answer as a program gets it (parsed JSON)."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            yield f"{path}.{name}".lstrip(".")
            yield from fields_in(value, f"{path}.{name}".lstrip("."))
    elif isinstance(answer, list):
        for one in answer:
            yield from fields_in(one, f"{path}[]")


def undocumented(command: str, answer: Any) -> list[str]:
    """Return the fields of a command's answer that `answers.toml` does not name."""
    known = set(answers_of().get(command, ()))
    return sorted(path for path in set(fields_in(answer)) if path not in known and f"{path.rpartition('.')[0]}.*" not in known)


def _written_out(field: str, shared: Mapping[str, list[str]]) -> tuple[str, ...]:
    before, at, name = field.partition(_SHARED)
    if not at:
        return (field,)
    parent = (before.removesuffix("[].").removesuffix("."),) if before else ()
    return (*parent, *(before + path for path in shared[name]))


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(files("cli").joinpath(ANSWERS_FILE).read_text(encoding="utf-8"))
