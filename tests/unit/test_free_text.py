"""Nothing that a person wrote freely stands in an event (docs/decisions/0007-covers.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from domain.catalogue import EVENT_TYPES
from schemas.codec import schema_file

CODES = {
    *("kind", "language", "urgency", "level", "basis", "capacity", "reason", "purpose", "connection", "assurance", "direction"),
    *("role", "roles", "scheme", "request_algorithm", "media_type"),
    *("rule", "how", "whom", "channel", "country", "event_types"),
}
"""Fields whose words the rules list, or whose form they fix."""
IDS = {
    *("organisation", "officer", "recipient", "parent", "successor", "group", "members", "attention", "regions", "case_index"),
    *("to", "deputy", "deputy_organisation", "organisations"),
}
"""Fields that name something by its id."""
DIRECTORY = {"text", "value", "postal_address", "electronic_address"}
"""Names and addresses of organisations and posts: published to be found, and the one exception."""
PUBLISHED = {"organisation.registered", "organisation.changed", "officer.appointed", "ledger.opened"}
OTHERS = {"ledger.opened": {"name"}, "register.defined": {"format"}, "mandate.granted": {"basis_number"}}
"""The ledger's own name, how numbers are printed, the number of an order: without these nothing could be shown."""


def texts(schema: Any, field: str = "") -> Iterator[str]:
    """Yield the names of the fields of a schema that hold text."""
    if isinstance(schema, list):
        for branch in schema:
            yield from texts(branch, field)
    elif isinstance(schema, dict) and "fields" in schema:
        for one in schema["fields"]:
            yield from texts(one["type"], one["name"])
    elif isinstance(schema, dict):
        yield from texts(schema.get("items", schema["type"]), field)
    elif schema == "string":
        yield field


@pytest.mark.parametrize("event", EVENT_TYPES, ids=lambda event: event.TYPE)
def test_every_text_of_an_event_is_a_code_an_id_or_the_directorys(event: Any) -> None:
    schema = json.loads(schema_file(f"{event.TYPE}.v{event.VERSION}.avsc"))
    allowed = CODES | IDS | OTHERS.get(event.TYPE, set()) | (DIRECTORY if event.TYPE in PUBLISHED else set())
    assert sorted(set(texts(schema)) - allowed) == []


def test_a_free_text_would_be_noticed() -> None:
    remark = {"type": "record", "name": "R", "fields": [{"name": "remark", "type": ["null", "string"]}]}
    assert list(texts({"type": "array", "items": remark})) == ["remark"]
