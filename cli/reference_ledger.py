"""The pages of the reference about what stands on the ledger: events, rules, and the tables that are made of them."""

from __future__ import annotations

import inspect
import json
import pkgutil
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, Final

from sqlalchemy import MetaData, Table

import adapters
import projections
from cli.reference_commands import markdown_table
from domain import genesis
from domain.catalogue import EVENT_TYPES, payload_type_of
from domain.events import Body
from domain.events_mandates import MandateGranted
from domain.mandate_rules import MANDATE_COVERS_IT, UNDER_NO_MANDATE, with_mandates
from domain.mandates import MANDATE_TYPES
from domain.reasons import Reason, step_of
from domain.rulebook import RULEBOOKS
from domain.rules import Precondition, Rule, Signers
from schemas.codec import schema_file

_STEPS: Final = {
    0: "No step ran",
    1: "Envelope",
    2: "Body",
    3: "Addressed here",
    4: "Known keys",
    5: "Signatures; from here on the event is authentic",
    6: "New",
    7: "In force",
    8: "Authority",
    9: "The aggregate accepts it",
}
_AUTHORITY: Final = 8
_AGGREGATE: Final = 9
_LIMITS: Final = {
    "form": "form {}",
    "min_bytes": "at least {} bytes",
    "max_bytes": "at most {} bytes",
    "minimum": "from {}",
    "maximum": "to {}",
    "min_items": "at least {} items",
    "max_items": "at most {} items",
}


def events_page() -> str:
    """Return the page of the events: every field with its type and limits, from the schema files."""
    parts = [
        "# Events",
        (
            "Every event is signed bytes in Avro (single-object encoding), in an envelope of its own. It begins with the same "
            "header. Fields stand in the order of the bytes; a type in brackets may be null."
        ),
        "## header",
        _field_table(_fields(EVENT_TYPES[0])[:1], inner=True),
    ]
    for event in EVENT_TYPES:
        parts += [f"## {event.TYPE}", _first_sentences(event), f"Payload type `{payload_type_of(event)}`."]
        fields = _fields(event)[1:]
        parts.append(_field_table(fields) if fields else "No fields besides the header.")
    for name in ("signed_event.v1", "cover.v1", "key.request.v1"):
        source = json.loads(schema_file(f"{name}.avsc"))
        parts += [f"## {name}", source.get("doc", ""), _field_table(source["fields"])]
    return "\n\n".join(part for part in parts if part)


def rules_page() -> str:
    """Return the page of the rules: what the judge checks, in the order in which it does."""
    parts = [
        "# Rules",
        (
            "A record is judged in nine steps; the first that fails gives the reason, and the hundreds of a reason's number tell "
            "the step. Steps 1 to 7 are the same for every event. For steps 8 and 9 each event has preconditions, checked in the "
            "order in which they stand here."
        ),
        "## Steps 1 to 7",
        markdown_table(("Step", "Reason", "Rejected if"), _common_rows()),
        "## ledger.opened",
        inspect.cleandoc(genesis.__doc__ or ""),
        f"Signed by {Signers.GENESIS.value}. What does not hold is no rejection: the place is not a ledger.",
    ]
    for version, rulebook in sorted(RULEBOOKS.items()):
        before = RULEBOOKS.get(version - 1, {})
        parts.append(f"# Rules {version}")
        if before:
            parts.append(f"All of rules {version - 1}, and these.")
        if MandateGranted in rulebook:
            parts.append(_mandates_note())
        for event in EVENT_TYPES:
            if (rule := rulebook.get(event)) is not None and not _stands_before(rule, before.get(event)):
                parts += [f"## {event.TYPE}", _first_sentences(event), f"Signed by {rule.signers.value}.", _rule_table(rule)]
    parts += ["# Reasons", "A number is never reused and never changes its meaning.", _reason_table()]
    return "\n\n".join(parts)


def _stands_before(rule: Rule, before: Rule | None) -> bool:
    """Tell whether the version before has the same rule, or one that differs in nothing but the mandate."""
    return before is not None and rule in (before, with_mandates(before))


def _mandates_note() -> str:
    types = ", ".join(f"`{event.TYPE}`" for event in EVENT_TYPES if event.TYPE in MANDATE_TYPES)
    return (
        f"Where the rules before ask that the header names no mandate, these ask of {types}: “{MANDATE_COVERS_IT.sentence}” "
        f"({_codes(MANDATE_COVERS_IT)}), and of every other event: “{UNDER_NO_MANDATE.sentence}” ({_codes(UNDER_NO_MANDATE)}). "
        "Whoever signs first under a mandate needs its grantor's appointment and role instead of his own."
    )


def _codes(precondition: Precondition) -> str:
    return ", ".join(f"`{reason.name}`" for reason in precondition.reasons)


def tables_page() -> str:
    """Return the page of the SQL tables of the store, the queue and the projections."""
    parts = [
        "# Tables",
        "The station's own database: everything in it but the queue can be made again from the ledger.",
    ]
    for package, tables in _tables():
        parts.append(f"# {package}")
        for table in tables:
            rows = (
                (f"`{c.name}`", str(c.type), "key" if c.primary_key else "", "null" if c.nullable else "") for c in table.columns
            )
            parts += [f"## {table.name}", f"{table.comment or ''}", markdown_table(("Column", "Type", "Key", "Null"), rows)]
    return "\n\n".join(part for part in parts if part)


def _tables() -> Iterator[tuple[str, list[Table]]]:
    """Yield the packages that declare SQL tables, with their tables by name."""
    for package in (adapters, projections):
        names = [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
        # All are imported before any is read: modules add tables to metadata that another one declares.
        modules = [import_module(name) for name in names]
        declared = (value for module in modules for value in vars(module).values() if isinstance(value, MetaData))
        by_name = {name: table for metadata in declared for name, table in metadata.tables.items()}
        if by_name:
            yield package.__name__, [by_name[name] for name in sorted(by_name)]


def _fields(event: type[Body]) -> list[dict[str, Any]]:
    fields: list[dict[str, Any]] = json.loads(schema_file(f"{event.TYPE}.v{event.VERSION}.avsc"))["fields"]
    return fields


def _field_table(fields: Iterable[dict[str, Any]], *, inner: bool = False) -> str:
    known: dict[str, dict[str, Any]] = {}
    rows = [row for field in fields for row in _field_rows("", field, known)]
    return markdown_table(("Field", "Type", "Limits"), rows[1:] if inner else rows)


def _field_rows(prefix: str, field: dict[str, Any], known: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, str]]:
    name = prefix + field["name"]
    kind, record = _type_name(field["type"], known)
    limits = [text.format(field[key]) for key, text in _LIMITS.items() if key in field]
    limits += ["each " + text.format(field["item"][key]) for key, text in _LIMITS.items() if key in field.get("item", {})]
    yield f"`{name}`", kind, ", ".join(limits)
    if record is not None:
        for one in record["fields"]:
            yield from _field_rows(f"{name}.", one, known)


def _type_name(kind: Any, known: dict[str, dict[str, Any]]) -> tuple[str, dict[str, Any] | None]:
    """Return a type's name as people read it, and the record whose fields stand below it, if any."""
    if isinstance(kind, list):
        name, record = _type_name(next(one for one in kind if one != "null"), known)
        return f"[{name}]", record
    if isinstance(kind, str):
        found = known.get(kind)
        return (kind, None) if found is None else _named(found)
    if kind["type"] == "array":
        name, record = _type_name(kind["items"], known)
        return f"array of {name}", record
    known[kind["name"]] = kind
    return _named(kind)


def _named(kind: dict[str, Any]) -> tuple[str, dict[str, Any] | None]:
    return (f"{kind['size']} bytes", None) if kind["type"] == "fixed" else (kind["name"], kind)


def _rule_table(rule: Rule) -> str:
    checked = [(_AUTHORITY, one) for one in rule.authority] + [(_AGGREGATE, one) for one in rule.preconditions]
    rows = [(step, one.sentence, _reason_names(one)) for step, one in checked]
    return markdown_table(("Step", "What must hold", "Else"), rows)


def _reason_names(precondition: Precondition) -> str:
    return ", ".join(f"`{reason.name}`" for reason in precondition.reasons)


def _common_rows() -> Iterator[tuple[str, str, str]]:
    for one in Reason:
        if 0 < step_of(one) < _AUTHORITY:
            yield f"{step_of(one)} {_STEPS[step_of(one)]}", f"`{one.name}`", one.sentence


def _reason_table() -> str:
    rows = ((int(one), f"`{one.name}`", f"{step_of(one)} {_STEPS[step_of(one)]}", one.sentence) for one in Reason)
    return markdown_table(("Number", "Reason", "Step", "Meaning"), rows)


def _first_sentences(event: type[Body]) -> str:
    return inspect.cleandoc(event.__doc__ or "").replace("\n", " ")
