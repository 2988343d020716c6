"""What a row to import may say: the fields and limits of the schemas, taken from the schema files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from domain.events import OrganisationEntry
from domain.header import LocalName
from domain.ids import OfficerId, OrgId
from schemas.codec import schema_file
from schemas.layouts import Compiled, compile_schema


@dataclass(frozen=True, kw_only=True, slots=True)
class AppointmentEntry:
    """What the directory says of an officer's or a station's appointment in one organisation."""

    organisation: OrgId
    officer: OfficerId
    names: tuple[LocalName, ...]
    posts: tuple[LocalName, ...]
    roles: tuple[str, ...]


_APPOINTMENT: Final = ("organisation", "officer", "names", "posts", "roles")


@cache
def organisation_fields() -> Compiled:
    """Return the loader of an organisation's entry, as `organisation.registered` has it."""
    entry = _fields("organisation.registered.v1")["entry"]["type"]
    return compile_schema("organisation", entry, OrganisationEntry)


@cache
def appointment_fields() -> Compiled:
    """Return the loader of an appointment's fields, as `officer.appointed` has them."""
    fields = _fields("officer.appointed.v1")
    record = {"type": "record", "name": "Appointment", "fields": [fields[name] for name in _APPOINTMENT]}
    return compile_schema("officer", record, AppointmentEntry)


def _fields(schema: str) -> dict[str, Any]:
    return {field["name"]: field for field in json.loads(schema_file(f"{schema}.avsc"))["fields"]}
