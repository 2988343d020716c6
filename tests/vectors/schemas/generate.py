"""Makes the samples and digests of this folder: `python -m tests.vectors.schemas.generate`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from schemas.codec import RULES_VERSIONS, encode_document, rules_files, schema_file, schema_set_digest

FOLDER: Final = Path(__file__).parent
VARIANTS: Final = ("least", "full")
SAMPLES: Final = {
    "organisation": "mfy-001",
    "organisation_or_empty": "vazirlik",
    "officer": "karimova.n",
    "code": "example",
    "algorithm": "ed25519",
    "language": "uz-Cyrl-UZ",
    "media_type": "application/pdf",
    "payload_type": "application/vnd.ortoo.letter.dispatched.v1+avro",
    "case_index": "01-07",
    "event_type": "letter.dispatched",
    "text": "Yig‘in · Йиғин · Өртөө",
}
LEAST: Final = {"organisation_or_empty": "", "language": "mn", "text": ""}
"""Where the shortest value that is allowed has another form."""


def sample(schema: Any, limits: dict[str, Any], full: bool, known: dict[str, Any]) -> Any:
    """Return a value of a schema within its limits: all of it, or the least that is allowed."""
    if isinstance(schema, list):
        return sample(schema[1], limits, full, known) if full else None
    if isinstance(schema, dict):
        return _complex(schema, limits, full, known)
    if schema in known:
        return sample(known[schema], limits, full, known)
    if schema == "string":
        return _text(limits, full)
    if schema == "bytes":
        size = min(limits["max_bytes"], 100) if full else limits.get("min_bytes", 0)
        return _octets(max(size, limits.get("min_bytes", 0)))
    return limits["maximum"] if full else limits["minimum"]


def _complex(schema: dict[str, Any], limits: dict[str, Any], full: bool, known: dict[str, Any]) -> Any:
    if schema["type"] == "array":
        count = max(limits["min_items"], min(2, limits["max_items"]) if full else 0)
        return [sample(schema["items"], limits.get("item", {}), full, known) for _ in range(count)]
    known[schema["name"]] = schema
    if schema["type"] == "fixed":
        return _octets(schema["size"])
    # Every field is visited, also one left out: a later field may name a type that it defines.
    value = {field["name"]: sample(field["type"], field, full, known) for field in schema["fields"]}
    one_of = schema.get("exactly_one_of", ())
    for field in schema["fields"]:
        if field["name"] in one_of:
            chosen = field["name"] == one_of[-1 if full else 0]
            value[field["name"]] = sample(field["type"][1], field, full, known) if chosen else None
        elif isinstance(field["type"], list):
            sample(field["type"][1], field, full, known)
    return value


def _text(limits: dict[str, Any], full: bool) -> str:
    form, low = limits["form"], limits.get("min_bytes", 0)
    text = SAMPLES[form] if full else LEAST.get(form, SAMPLES[form])
    return text if len(text.encode()) >= low else "x" * low


def _octets(size_bytes: int) -> bytes:
    return bytes(i % 256 for i in range(size_bytes))


def new_in(version: int) -> tuple[str, ...]:
    """Return the schema files that a version of the rules has and the one before it had not."""
    before = rules_files(version - 1) if version > 1 else ()
    return tuple(file for file in rules_files(version) if file not in before)


def samples(version: int) -> str:
    """Return the text of `samples-<version>.txt`."""
    lines = []
    for file in new_in(version):
        name = file.removesuffix(".avsc")
        for variant in VARIANTS:
            raw = encode_document(name, sample(json.loads(schema_file(file)), {}, variant == "full", {}))
            lines.append(f"{name} {variant} {raw.hex()}\n")
    return "".join(lines)


def digests(version: int) -> str:
    """Return the text of `frozen-<version>.txt`."""
    lines = [f"{hashlib.sha256(schema_file(name)).hexdigest()}  {name}\n" for name in rules_files(version)]
    return "".join(lines) + f"{schema_set_digest(version).hex()}  rules-{version}\n"


def main() -> None:
    """Write both files of every version beside this one."""
    for version in RULES_VERSIONS:
        for name, text in ((f"frozen-{version}.txt", digests(version)), (f"samples-{version}.txt", samples(version))):
            (FOLDER / name).write_text(text, "utf-8")
            print(f"wrote {name}")


if __name__ == "__main__":
    main()
