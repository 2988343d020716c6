"""Released schemas never change, still read, and hold none of the shapes that the house forbids."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import chain, pairwise
from typing import Any

import pytest

from domain.catalogue import EVENT_TYPES, payload_type_of
from domain.codec import KeyRequest
from schemas.codec import RULES_VERSIONS, LedgerCodec, Schema, decode_document, encode_document, rules_files, schema_file
from tests.source_tree import ROOT
from tests.vectors.schemas.generate import FOLDER, VARIANTS, digests, new_in, samples

SAMPLES = {
    version: [tuple(line.split()) for line in (FOLDER / f"samples-{version}.txt").read_text("utf-8").splitlines()]
    for version in RULES_VERSIONS
}
EVENTS = {f"{event.TYPE}.v{event.VERSION}": event for event in EVENT_TYPES}
FILES = sorted(path.name for path in (ROOT / "schemas").glob("*.avsc"))


@pytest.mark.parametrize("version", RULES_VERSIONS)
def test_no_released_schema_was_edited(version: int) -> None:
    assert digests(version) == (FOLDER / f"frozen-{version}.txt").read_text("utf-8")


@pytest.mark.parametrize("version", RULES_VERSIONS)
def test_making_the_samples_again_changes_nothing(version: int) -> None:
    assert "".join(f"{' '.join(line)}\n" for line in SAMPLES[version]) == samples(version)


def test_every_schema_file_is_listed_by_the_newest_rules_which_leave_out_none_of_the_rules_before() -> None:
    assert list(rules_files(RULES_VERSIONS[-1])) == sorted(FILES, key=str.encode)
    assert all(set(rules_files(before)) < set(rules_files(after)) for before, after in pairwise(RULES_VERSIONS))


@pytest.mark.parametrize("version", RULES_VERSIONS)
def test_every_schema_file_has_its_samples(version: int) -> None:
    assert [(name, variant) for name, variant, _ in SAMPLES[version]] == [
        (file.removesuffix(".avsc"), variant) for file in new_in(version) for variant in VARIANTS
    ]


def test_every_event_has_its_schema_and_every_schema_its_use() -> None:
    assert {file.removesuffix(".avsc") for file in FILES} == {*EVENTS, "signed_event.v1", "cover.v1", "key.request.v1"}


@pytest.mark.parametrize(("name", "variant", "octets"), [*chain(*SAMPLES.values())], ids=lambda text: text[:40])
def test_every_released_version_still_reads(name: str, variant: str, octets: str) -> None:
    raw = bytes.fromhex(octets)
    assert variant in VARIANTS
    assert encode_document(name, decode_document(name, raw)) == raw
    codec = LedgerCodec()
    if name in EVENTS:
        body = codec.body(payload_type_of(EVENTS[name]), raw)
        assert type(body) is EVENTS[name]
        assert codec.encode_body(body) == raw
    elif name == "signed_event.v1":
        assert codec.encode_envelope(codec.envelope(raw)) == raw
    elif name == "key.request.v1":
        request = codec.key_request(raw)
        assert type(request) is KeyRequest
        assert codec.encode_key_request(request) == raw


def test_no_two_schemas_share_a_fingerprint() -> None:
    fingerprints = {Schema(file.removesuffix(".avsc")).fingerprint for file in FILES}
    assert len(fingerprints) == len(FILES)


@pytest.mark.parametrize("file", FILES)
def test_no_schema_holds_a_forbidden_shape(file: str) -> None:
    assert list(forbidden(json.loads(schema_file(file)), ())) == []


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "map", "values": "string"}, "map"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, "enum"),
        ({"type": "array", "items": "null"}, "array of null"),
        ({"type": "array", "items": {"type": "record", "name": "E", "fields": []}}, "record without fields"),
        (["null", "string", "long"], "union of more than null and one type"),
        ("double", "double"),
        ({"type": "long", "logicalType": "timestamp-millis"}, "logical type"),
        ({"type": "record", "name": "R", "fields": [{"name": "a", "type": {"type": "array", "items": "R"}}]}, "recursive R"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_forbidden_shape_would_be_found(schema: Any, why: str) -> None:
    nested = {"type": "record", "name": "Outer", "fields": [{"name": "x", "type": schema}]}
    assert why in list(forbidden(nested, ()))


def forbidden(schema: Any, open_records: tuple[str, ...]) -> Iterator[str]:
    """Return each shape in a schema that is not canonical, or by which a hostile record could exhaust its reader."""
    if isinstance(schema, list):
        if len(schema) != 2 or schema[0] != "null":
            yield "union of more than null and one type"
        for branch in schema:
            yield from forbidden(branch, open_records) if branch != "null" else ()
    elif isinstance(schema, str):
        if schema in open_records:
            yield f"recursive {schema}"
        elif schema in {"null", "double", "float", "boolean", "int"}:
            yield schema
    else:
        yield from forbidden_complex(schema, open_records)


def forbidden_complex(schema: dict[str, Any], open_records: tuple[str, ...]) -> Iterator[str]:
    """Return the forbidden shapes in a schema that is an object."""
    kind = schema["type"]
    if "logicalType" in schema:
        yield "logical type"
    if kind in {"map", "enum"}:
        yield kind
    if kind == "array":
        if schema["items"] == "null":
            yield "array of null"
        yield from forbidden(schema["items"], open_records)
    if kind == "record":
        if not schema["fields"]:
            yield "record without fields"
        for field in schema["fields"]:
            yield from forbidden(field["type"], (*open_records, schema["name"]))
