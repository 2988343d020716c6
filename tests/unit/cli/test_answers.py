"""The documentation of answers: every command has one, every field has a meaning, and an undocumented field is noticed.

That every answer which any test gets holds documented fields only is checked by a fixture in tests/conftest.py.
"""

from __future__ import annotations

from cli.answers import answers_of, fields_in, meanings, undocumented
from cli.reference_commands import commands

SILENT = {"demo"}
"""Commands whose answer is not for programs."""


def names(path: str) -> list[str]:
    return [name.removesuffix("[]") for name in path.split(".") if name != "*"]


def test_every_command_has_its_fields_documented() -> None:
    paths = {path.removeprefix("ortoo ") for path, _, _ in commands()}
    assert set(answers_of()) == paths - SILENT


def test_every_field_has_a_meaning_and_every_meaning_a_field() -> None:
    used = {name for fields in answers_of().values() for path in fields for name in names(path)}
    assert used == set(meanings())


def test_fields_are_found_at_any_depth() -> None:
    answer = {"a": 1, "list": [{"x": {"y": 2}}, {"z": []}], "names": {"uz": "…"}}
    assert set(fields_in(answer)) == {"a", "list", "list[].x", "list[].x.y", "list[].z", "names", "names.uz"}


def test_an_undocumented_field_is_noticed() -> None:
    assert undocumented("projection list", {"projections": ["inbox"], "extra": 1}) == ["extra"]
    assert undocumented("org show", {"organisation": "a", "names": {"uz": "A", "mn": "Б"}}) == []
