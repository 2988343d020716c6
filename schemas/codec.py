"""Canonical Avro, strict both ways (formats.md, "Canonical Avro").

Single-object encoding: `C3 01`, the CRC-64-AVRO fingerprint of the schema, little-endian, and the body. Bytes are
canonical if encoding what they decode to gives the same bytes, which excludes over-long varints, blocks with sizes,
negative counts, indexes out of range and trailing bytes: `schemas.canonical` reads nothing else. The Avro library writes.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import struct
from importlib import resources
from typing import Any, Final

import fastavro

from domain.catalogue import EVENT_TYPES, payload_type_of
from domain.codec import KeyRequest
from domain.errors import RejectedError
from domain.events import Body
from domain.header import SignedEvent
from domain.ids import Digest
from domain.reasons import Reason
from schemas.errors import MalformedError, SchemaFileError
from schemas.layouts import Compiled, compile_schema

MARKER: Final = b"\xc3\x01"
PREFIX_SIZE_BYTES: Final = 10
ENVELOPE: Final = "signed_event.v1"
KEY_REQUEST: Final = "key.request.v1"
RULES_VERSIONS: Final = (1, 2, 3)
"""The versions of the rules whose schemas this program holds."""

_UNWRITABLE: Final = (ValueError, TypeError, LookupError, AttributeError, OverflowError, struct.error)
"""What making bytes of a value of another type raises; UnicodeEncodeError is a ValueError."""


class Schema:
    """One schema file: its fingerprint, and the strict encoding and decoding of its values."""

    def __init__(self, name: str, cls: type | None = None) -> None:
        """Read the schema `name` (file name without `.avsc`); values become `cls`, or plain dicts without one."""
        self.name = name
        source = json.loads(schema_file(f"{name}.avsc"))
        self._schema = fastavro.parse_schema(source)
        canonical = fastavro.schema.to_parsing_canonical_form(source)
        self.fingerprint = bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))
        self.prefix = MARKER + self.fingerprint
        self._compiled: Compiled = compile_schema(name, source, cls)

    def decode(self, raw: bytes) -> Any:
        """Return the value that `raw` encodes; raise `MalformedError` if it is not canonical or outside a limit."""
        if raw[:PREFIX_SIZE_BYTES] != self.prefix:
            raise MalformedError(self.name, "", "the bytes do not begin with this schema's fingerprint")
        return self._compiled.read(raw, PREFIX_SIZE_BYTES)

    def encode(self, value: Any) -> bytes:
        """Return the canonical bytes of `value`; raise `MalformedError` if a field is outside its limits."""
        try:
            raw = self._compiled.dump(value)
            encoded = self._write(raw)
        except _UNWRITABLE as error:
            raise MalformedError(self.name, "", f"not a value of this schema: {error}") from error
        self._compiled.load(raw)
        return encoded

    def _write(self, raw: Any) -> bytes:
        out = io.BytesIO()
        out.write(self.prefix)
        fastavro.schemaless_writer(out, self._schema, raw)
        return out.getvalue()


@functools.cache
def _compiled(name: str, cls: type) -> Schema:
    """Return a schema that never changes: compiling all of them takes a tenth of a second, so a process does it once."""
    return Schema(name, cls)


class LedgerCodec:
    """Reads envelopes and bodies for the judge (its `Codec`), and writes them for stations."""

    def __init__(self) -> None:
        """Compile the envelope and every event of the rules that this program holds."""
        self._envelope = _compiled(ENVELOPE, SignedEvent)
        self._key_request = _compiled(KEY_REQUEST, KeyRequest)
        # A class can be hashed, whatever mypy makes of one whose instances compare by value.
        self._bodies = {payload_type_of(t): _compiled(f"{t.TYPE}.v{t.VERSION}", t) for t in EVENT_TYPES}  # type: ignore[arg-type]

    def envelope(self, record: bytes) -> SignedEvent:
        """Return the envelope; raise `RejectedError` (MALFORMED) if the record is not a canonical one."""
        try:
            event: SignedEvent = self._envelope.decode(record)
        except MalformedError as error:
            raise RejectedError(Reason.MALFORMED, str(error)) from error
        return event

    def body(self, payload_type: str, payload: bytes) -> Body:
        """Return the body; raise `RejectedError` with TYPE_UNKNOWN, SCHEMA_MISMATCH or MALFORMED."""
        schema = self._bodies.get(payload_type)
        if schema is None:
            raise RejectedError(Reason.TYPE_UNKNOWN, f"no event of these rules has the payload type {payload_type}")
        if len(payload) >= PREFIX_SIZE_BYTES and payload[:2] == MARKER and payload[:PREFIX_SIZE_BYTES] != schema.prefix:
            raise RejectedError(Reason.SCHEMA_MISMATCH, f"the body's fingerprint is not that of {schema.name}")
        try:
            body: Body = schema.decode(payload)
        except MalformedError as error:
            raise RejectedError(Reason.MALFORMED, str(error)) from error
        return body

    def key_request(self, raw: bytes) -> KeyRequest:
        """Return an officer's request; raise `RejectedError` (REQUEST_MALFORMED) if it is not a canonical one."""
        try:
            request: KeyRequest = self._key_request.decode(raw)
        except MalformedError as error:
            raise RejectedError(Reason.REQUEST_MALFORMED, str(error)) from error
        return request

    def encode_key_request(self, request: KeyRequest) -> bytes:
        """Return the bytes that a new key signs as its request; raise `MalformedError` if a field is outside its limits."""
        return self._key_request.encode(request)

    def encode_envelope(self, event: SignedEvent) -> bytes:
        """Return the record that holds a signed event; raise `MalformedError` if it does not fit its limits."""
        return self._envelope.encode(event)

    def encode_body(self, body: Body) -> bytes:
        """Return the payload to sign for a body; raise `MalformedError` if a field is outside its limits."""
        return self._bodies[payload_type_of(type(body))].encode(body)


def encode_document(name: str, value: dict[str, Any]) -> bytes:
    """Encode a stand-alone document such as `cover.v1`; raise `MalformedError` if a field is outside its limits."""
    return _document_schema(name).encode(value)


def decode_document(name: str, raw: bytes) -> dict[str, Any]:
    """Decode a stand-alone document such as `cover.v1` (arrays as tuples); raise `MalformedError` if it is not one."""
    value: dict[str, Any] = _document_schema(name).decode(raw)
    return value


@functools.cache
def _document_schema(name: str) -> Schema:
    return Schema(name)


def schema_file(file_name: str) -> bytes:
    """Return the bytes of a file of this package; raise `SchemaFileError` if it is not there."""
    path = resources.files("schemas").joinpath(file_name)
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        msg = f"schemas/{file_name} is missing: the installation is incomplete, install the project again"
        raise SchemaFileError(msg) from error


def rules_files(version: int) -> tuple[str, ...]:
    """Return the names of the schema files that a version of the rules lists, sorted bytewise."""
    return tuple(schema_file(f"rules-{version}.txt").decode("ascii").split())


def schema_set_digest(version: int) -> Digest:
    """Return SHA-256 over the `sha256sum` lines of the schema files of a rules version (formats.md)."""
    lines = (f"{hashlib.sha256(schema_file(name)).hexdigest()}  {name}\n" for name in sorted(rules_files(version)))
    return Digest(hashlib.sha256("".join(lines).encode("ascii")).digest())
