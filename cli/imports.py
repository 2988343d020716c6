"""Files of organisations and officers to import: all of a file is read and checked before anything of it is done.

CSV in UTF-8 with or without a byte order mark, separated by commas or semicolons, with headings in the first line
(`ORGANISATION_COLUMNS`, `OFFICER_COLUMNS`). Limits of the fields are those of the schemas, which stand nowhere else.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from cli.errors import ImportRefusedError
from cli.import_fields import AppointmentEntry, appointment_fields, organisation_fields
from domain.directory import CONNECTED, CONNECTIONS, KINDS, ROLES
from domain.events import OrganisationEntry
from domain.ids import OfficerId, OrgId
from schemas.errors import MalformedError
from schemas.layouts import Compiled

T = TypeVar("T")

FILE_LIMIT_BYTES: Final = 16 * 1024 * 1024
"""A country's directory of 20,000 bodies with addresses in three languages is a fifth of this."""
ROWS_LIMIT: Final = 20_000
"""As many as a letter can have recipients."""
PROBLEMS_LIMIT: Final = 200
"""A file with more bad rows than that has one mistake in all of them; the list says that it goes on."""

ORGANISATION_COLUMNS: Final[Mapping[str, str]] = {
    "organisation": "id: 1 to 24 of a-z, 0-9, '.' and '-' (needed)",
    "kind": f"one of {', '.join(sorted(KINDS))} (needed)",
    "name_LANGUAGE": "name in a language, as name_uz, name_uz-Cyrl, name_mn, name_ru (at least one)",
    "parent": "id of the organisation above it",
    "id_SCHEME": "number under which it is known elsewhere, as id_stir",
    "regions": "codes of its regions, separated by spaces",
    "postal_address": "postal address",
    "electronic_address": "electronic address",
    "connection": f"one of {', '.join(sorted(CONNECTIONS))} (empty: {CONNECTED})",
    "acknowledge_days": "usual term to acknowledge, in days (empty: 0)",
}
"""The columns of a file for `ortoo org import`."""
OFFICER_COLUMNS: Final[Mapping[str, str]] = {
    "organisation": "id of the organisation in which he is appointed (needed)",
    "officer": "id: 1 to 40 of a-z, 0-9, '.' and '-' (needed)",
    "name_LANGUAGE": "name in a language, as name_uz (at least one)",
    "post_LANGUAGE": "post in a language, as post_uz",
    "roles": f"some of {', '.join(sorted(ROLES))}, separated by spaces (needed)",
}
"""The columns of a file for `ortoo officer import`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrganisationRow:
    """One organisation of a file: the line where it stands, and what the directory is to say of it."""

    line: int
    entry: OrganisationEntry


@dataclass(frozen=True, kw_only=True, slots=True)
class OfficerRow:
    """One appointment of a file: the line where it stands, and what the directory is to say of it."""

    line: int
    entry: AppointmentEntry


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan(Generic[T]):
    """What an import would do: rows to add and to change, in the order in which to submit them, and those that are there."""

    add: tuple[T, ...]
    change: tuple[T, ...]
    same: tuple[T, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cells:
    line: int
    by_column: dict[str, str]


class _Problems:
    def __init__(self, name: str) -> None:
        self.name = name
        self.found: list[tuple[int, str]] = []

    def add(self, line: int, column: str, why: str) -> None:
        self.found.append((line, f"line {line}{', ' + column if column else ''}: {why}"))

    def refuse_if_any(self) -> None:
        if self.found:
            lines = [text for _, text in sorted(self.found)]
            more = [f"… and {len(lines) - PROBLEMS_LIMIT} more"] if len(lines) > PROBLEMS_LIMIT else []
            raise ImportRefusedError(self.name, lines[:PROBLEMS_LIMIT] + more)


def read_import_file(file: Path) -> bytes:
    """Return the bytes of a file to import; raise `ImportRefusedError` if it is too large or cannot be read."""
    try:
        with file.open("rb") as stream:
            content = stream.read(FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise ImportRefusedError(str(file), [f"it cannot be read ({error.strerror})"]) from error
    if len(content) > FILE_LIMIT_BYTES:
        raise ImportRefusedError(str(file), [f"it is larger than {FILE_LIMIT_BYTES} bytes: split it"])
    return content


def parse_organisations(name: str, content: bytes) -> tuple[OrganisationRow, ...]:
    """Return the organisations of a file; raise `ImportRefusedError` with every bad row, by line, column and reason."""
    problems = _Problems(name)
    rows: list[OrganisationRow] = []
    for cells in _rows(content, ORGANISATION_COLUMNS, ("organisation", "kind"), problems):
        raw = _organisation_fields(cells, problems)
        _check_codes(cells, "kind", {raw["kind"]}, KINDS, problems)
        _check_codes(cells, "connection", {raw["connection"]}, CONNECTIONS, problems)
        if (entry := _loaded(organisation_fields(), raw, cells, problems)) is not None:
            rows.append(OrganisationRow(line=cells.line, entry=entry))
    _refuse_repeated(rows, lambda row: row.entry.organisation, "organisation", problems)
    problems.refuse_if_any()
    return tuple(rows)


def parse_officers(name: str, content: bytes) -> tuple[OfficerRow, ...]:
    """Return the appointments of a file; raise `ImportRefusedError` with every bad row, by line, column and reason."""
    problems = _Problems(name)
    rows: list[OfficerRow] = []
    for cells in _rows(content, OFFICER_COLUMNS, ("organisation", "officer", "roles"), problems):
        raw: dict[str, Any] = {
            "organisation": cells.by_column["organisation"],
            "officer": cells.by_column["officer"],
            "names": _names(cells, "name_"),
            "posts": _names(cells, "post_"),
            "roles": sorted(set(cells.by_column["roles"].split())),
        }
        _check_codes(cells, "roles", set(raw["roles"]), ROLES, problems)
        if (entry := _loaded(appointment_fields(), raw, cells, problems)) is not None:
            rows.append(OfficerRow(line=cells.line, entry=entry))
    _refuse_repeated(rows, lambda row: (row.entry.officer, row.entry.organisation), "officer", problems)
    problems.refuse_if_any()
    return tuple(rows)


def plan_organisations(
    name: str, rows: Sequence[OrganisationRow], known: Mapping[OrgId, OrganisationEntry]
) -> Plan[OrganisationRow]:
    """Return what importing these would do to the directory as it is; parents come before those below them.

    Raises `ImportRefusedError` for a parent that neither the directory nor the file has, and for a circle of parents.
    """
    problems = _Problems(name)
    by_id = {row.entry.organisation: row for row in rows}
    for row in rows:
        parent = row.entry.parent
        if parent is not None and parent not in known and parent not in by_id:
            problems.add(row.line, "parent", f"{parent!r} is neither in the directory nor in this file")
    problems.refuse_if_any()
    ordered = tuple(_parents_first(rows, by_id, problems))
    problems.refuse_if_any()
    return Plan(
        add=tuple(row for row in ordered if row.entry.organisation not in known),
        change=tuple(r for r in ordered if r.entry.organisation in known and known[r.entry.organisation] != r.entry),
        same=tuple(row for row in ordered if known.get(row.entry.organisation) == row.entry),
    )


def plan_officers(
    name: str,
    rows: Sequence[OfficerRow],
    known: Mapping[tuple[OfficerId, OrgId], AppointmentEntry],
    organisations: frozenset[OrgId],
) -> Plan[OfficerRow]:
    """Return what importing these would do to the appointments as they are.

    Raises `ImportRefusedError` for an organisation that the directory does not have.
    """
    problems = _Problems(name)
    for row in rows:
        if row.entry.organisation not in organisations:
            problems.add(row.line, "organisation", f"{row.entry.organisation!r} is not in the directory")
    problems.refuse_if_any()
    there = [(row, known.get((row.entry.officer, row.entry.organisation))) for row in rows]
    return Plan(
        add=tuple(row for row, now in there if now is None),
        change=tuple(row for row, now in there if now is not None and not _is_same(row.entry, now)),
        same=tuple(row for row, now in there if now is not None and _is_same(row.entry, now)),
    )


def _is_same(entry: AppointmentEntry, now: AppointmentEntry) -> bool:
    return (entry.names, entry.posts, set(entry.roles)) == (now.names, now.posts, set(now.roles))


def _rows(content: bytes, columns: Mapping[str, str], needed: Sequence[str], problems: _Problems) -> Iterator[_Cells]:
    """Yield the rows of a file by column; whatever is wrong with its shape goes to the problems."""
    lines = _lines(content, problems)
    _, headings = next(lines, (1, []))
    headings = [heading.strip() for heading in headings]
    if problems.found or not _headings_are_right(headings, columns, needed, problems):
        return
    for count, (line, cells) in enumerate(lines, start=1):
        if count > ROWS_LIMIT:
            problems.add(line, "", f"the file has more than {ROWS_LIMIT} rows: split it")
            return
        if len(cells) != len(headings):
            problems.add(line, "", f"{len(cells)} cells where the headings have {len(headings)}")
            continue
        yield _Cells(line=line, by_column=dict(zip(headings, (cell.strip() for cell in cells), strict=True)))


def _lines(content: bytes, problems: _Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield the line where each row begins, and its cells; empty rows are left out."""
    text = _text(content, problems)
    if text is None:
        return
    first, _, _ = text.partition("\n")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        problems.add(begins, "", f"not CSV: {error}")


def _text(content: bytes, problems: _Problems) -> str | None:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.add(line, "", "not UTF-8: save the file as CSV UTF-8")
        return None


def _headings_are_right(headings: Sequence[str], columns: Mapping[str, str], needed: Sequence[str], problems: _Problems) -> bool:
    patterns = [re.compile(re.sub("[A-Z]+", "[A-Za-z][A-Za-z0-9-]*", column)) for column in columns]
    for heading in headings:
        if not any(pattern.fullmatch(heading) for pattern in patterns):
            problems.add(1, heading or "(empty)", f"no such column; they are {', '.join(columns)}")
    for heading in {one for one in headings if headings.count(one) > 1}:
        problems.add(1, heading, "the column stands there twice")
    for column in needed:
        if column not in headings:
            problems.add(1, column, "the column is missing")
    if not any(heading.startswith("name_") for heading in headings):
        problems.add(1, "name_LANGUAGE", "the column is missing: at least one name, as name_uz")
    return not problems.found


def _organisation_fields(cells: _Cells, problems: _Problems) -> dict[str, Any]:
    get = cells.by_column.get
    days = get("acknowledge_days") or "0"
    if not re.fullmatch(r"[0-9]{1,4}", days):
        problems.add(cells.line, "acknowledge_days", f"{days!r} is not a number of days")
        days = "0"
    schemes = [(column.removeprefix("id_"), text) for column, text in cells.by_column.items() if column.startswith("id_")]
    return {
        "organisation": get("organisation"),
        "names": _names(cells, "name_"),
        "kind": get("kind"),
        "parent": get("parent") or None,
        "identifiers": [{"scheme": scheme, "value": text} for scheme, text in schemes if text],
        "regions": (get("regions") or "").split(),
        "postal_address": get("postal_address") or "",
        "electronic_address": get("electronic_address") or "",
        "connection": get("connection") or CONNECTED,
        "acknowledge_days": int(days),
    }


def _names(cells: _Cells, prefix: str) -> list[dict[str, str]]:
    named = ((column.removeprefix(prefix), text) for column, text in cells.by_column.items() if column.startswith(prefix))
    return [{"language": language, "text": text} for language, text in named if text]


def _check_codes(cells: _Cells, column: str, codes: set[str], allowed: frozenset[str], problems: _Problems) -> None:
    for code in sorted(codes - allowed):
        problems.add(cells.line, column, f"{code!r} is none of {', '.join(sorted(allowed))}")


def _loaded(fields: Compiled, raw: dict[str, Any], cells: _Cells, problems: _Problems) -> Any:
    try:
        return fields.load(raw)
    except MalformedError as error:
        problems.add(cells.line, _column_of(error.path, raw), error.why)
        return None


_PATH: Final = re.compile(r"(\w+)(?:\[(\d+)\])?(?:\.(\w+))?")


def _column_of(path: str, raw: dict[str, Any]) -> str:
    """Return the column from which the field at a path inside the schema came."""
    found = _PATH.fullmatch(path)
    if found is None:
        return path
    field, index = found[1], found[2]
    if field in {"names", "posts"}:
        return field[:-1] + "_" + (raw[field][int(index)]["language"] if index else "LANGUAGE")
    if field == "identifiers" and index:
        return "id_" + str(raw[field][int(index)]["scheme"])
    return field


def _refuse_repeated(rows: Sequence[T], key: Callable[[T], object], column: str, problems: _Problems) -> None:
    first: dict[object, int] = {}
    for row in rows:
        line: int = row.line  # type: ignore[attr-defined] # both kinds of rows have a line
        if (before := first.setdefault(key(row), line)) != line:
            problems.add(line, column, f"the same as in line {before}")


def _parents_first(
    rows: Sequence[OrganisationRow], by_id: Mapping[OrgId, OrganisationRow], problems: _Problems
) -> Iterator[OrganisationRow]:
    done: set[OrgId] = set()
    for row in rows:
        chain: list[OrganisationRow] = []
        step: OrganisationRow | None = row
        while step is not None and step.entry.organisation not in done:
            if step in chain:
                problems.add(row.line, "parent", "the parents form a circle")
                return
            chain.append(step)
            step = by_id.get(step.entry.parent) if step.entry.parent else None
        for one in reversed(chain):
            done.add(one.entry.organisation)
            yield one
