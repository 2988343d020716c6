"""What a row to import may say: the fields and limits of the schemas, taken from the schema files."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final

from domain.events import OrganisationEntry
from schemas.codec import schema_file
from schemas.layouts import Compiled, compile_schema

_OFFICER: Final = ("organisation", "officer", "names", "posts", "roles")


@cache
def organisation_fields() -> Compiled:
    """Return the loader of an organisation's entry, as `organisation.registered` has it."""
    entry = _fields("organisation.registered.v1")["entry"]["type"]
    return compile_schema("organisation", entry, OrganisationEntry)


@cache
def officer_fields() -> Compiled:
    """Return the loader of an appointment's fields, as `officer.appointed` has them; values are dictionaries."""
    fields = _fields("officer.appointed.v1")
    return compile_schema("officer", {"type": "record", "name": "Officer", "fields": [fields[name] for name in _OFFICER]}, None)


def _fields(schema: str) -> dict[str, Any]:
    return {field["name"]: field for field in json.loads(schema_file(f"{schema}.avsc"))["fields"]}
