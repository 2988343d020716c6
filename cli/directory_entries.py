"""What people type of an organisation or an officer, as the directory is to have it; limits are those of the schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cli.errors import UsageError
from cli.import_fields import AppointmentEntry, appointment_fields, organisation_fields
from domain.events import OrganisationEntry
from domain.header import LocalName
from schemas.errors import MalformedError
from schemas.layouts import Compiled


def parse_names(option: str, texts: Sequence[str]) -> list[dict[str, str]]:
    """Return names by language from texts such as `uz=Vazirlik`; raise `UsageError` naming the option."""
    return [dict(zip(("language", "text"), _pair(option, text), strict=True)) for text in texts]


def parse_identifiers(option: str, texts: Sequence[str]) -> list[dict[str, str]]:
    """Return identifiers from texts such as `stir=123456789`; raise `UsageError` naming the option."""
    return [dict(zip(("scheme", "value"), _pair(option, text), strict=True)) for text in texts]


def organisation_entry(raw: dict[str, Any]) -> OrganisationEntry:
    """Return what the directory is to say of an organisation; raise `UsageError` for what no entry can say."""
    return _loaded(organisation_fields(), raw)  # type: ignore[no-any-return] # the layout makes this class


def appointment_entry(raw: dict[str, Any]) -> AppointmentEntry:
    """Return what the directory is to say of an appointment; raise `UsageError` for what none can say."""
    return _loaded(appointment_fields(), raw)  # type: ignore[no-any-return] # the layout makes this class


def raw_entry(entry: OrganisationEntry) -> dict[str, Any]:
    """Return an entry as `organisation_entry` takes it, to change some of its fields."""
    raw: dict[str, Any] = organisation_fields().dump(entry)
    return raw


def first_name(names: Sequence[LocalName]) -> str:
    """Return the name that stands first, which is the one that whoever entered it uses."""
    return names[0].text if names else ""


def _pair(option: str, text: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not equals or not left.strip() or not right.strip():
        raise UsageError(f"{option} {text!r} is not of the form LANGUAGE=NAME or SCHEME=VALUE, such as uz=Vazirlik.")
    return left.strip(), right.strip()


def _loaded(fields: Compiled, raw: dict[str, Any]) -> Any:
    try:
        return fields.load(raw)
    except MalformedError as error:
        raise UsageError(f"{error}. Nothing was done; change what was given.") from error
