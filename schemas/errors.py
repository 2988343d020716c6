"""Errors of the schemas.

SchemaError
├── MalformedError        bytes or a value that are not what the schema and its limits say
├── FieldError            the same of one part of them, on its way to the MalformedError that names the schema and the path
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


class FieldError(SchemaError):
    """A value is not canonical or outside a limit; `path` says where, from the value that was to be read."""

    def __init__(self, path: str, why: str) -> None:
        """Name the path (empty: the value itself) and what is wrong."""
        super().__init__(path, why)
        self.path = path
        self.why = why

    def inside(self, name: str) -> FieldError:
        """Return this as seen from outside: paths are put together on the way out, as there is nearly never one to tell."""
        between = "." if self.path and not self.path.startswith("[") else ""
        return FieldError(f"{name}{between}{self.path}", self.why)


class SchemaFileError(SchemaError):
    """A schema file is missing, is not a schema, or uses a type that is not allowed here."""
