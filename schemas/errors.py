"""Errors of the schemas.

SchemaError
├── MalformedError        bytes or a value that are not what the schema and its limits say
└── SchemaFileError       a schema file is missing, or says something that the house forbids
"""

from __future__ import annotations


class SchemaError(Exception):
    """Root of everything that the schemas raise."""


class MalformedError(SchemaError):
    """Bytes are not the canonical encoding of a value, or a value lies outside its field's limits; `path` says where."""

    def __init__(self, schema: str, path: str, why: str) -> None:
        """Name the schema, the path inside it (empty: the whole) and what is wrong."""
        super().__init__(f"{schema}{'.' + path if path else ''}: {why}")
        self.schema = schema
        self.path = path
        self.why = why


class SchemaFileError(SchemaError):
    """A schema file is missing, is not a schema, or uses a type that is not allowed here."""
