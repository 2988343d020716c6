"""`ortoo org list` and `ortoo org show`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from cli.directory_reading import name_in, names_data, page
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.languages import Language
from cli.options import command_options, page_options, reading_options
from cli.render import Column, page_note, pair_lines, show_time, table_lines
from cli.session import Session
from cli.views import Views, banner, open_views
from domain.directory import CONNECTIONS, KINDS
from projections.directory_queries import (
    AppointmentFilter,
    OrganisationFilter,
    OrganisationRow,
    appointments,
    organisations,
)


@click.command("list")
@click.option("--kind", type=click.Choice(sorted(KINDS)))
@click.option("--parent", metavar="ORG", help="Those directly below this one.")
@click.option("--region", metavar="CODE")
@click.option("--connection", type=click.Choice(sorted(CONNECTIONS)))
@click.option("--closed", is_flag=True, help="Those that are closed too.")
@page_options
@reading_options
@command_options
def list_organisations(  # noqa: PLR0913 - the filters of a list
    session: Session,
    /,
    *,
    kind: str | None,
    parent: str | None,
    region: str | None,
    connection: str | None,
    closed: bool,
    limit: int | None,
    after: str | None,
    as_of: str | None,
) -> None:
    """List the organisations of the directory.

    Example:
      ortoo org list --region andijon --kind committee
    """
    views = open_views(session, as_of)
    most = limit or session.settings.lines_limit
    wanted = OrganisationFilter(
        kinds=_set(kind), parents=_set(parent), regions=_set(region), connections=_set(connection), closed_too=closed
    )
    with views.reading() as reading:
        found = organisations(reading, wanted, after=after or "", limit=most + 1)
    rows, more = page(found, most)
    next_after = rows[-1].organisation if more else None
    data = {"organisations": [organisation_data(row) for row in rows], "after": next_after}
    session.show(data, [*banner(session, views), *_table(rows, session.language)])
    if note := page_note(len(rows), next_after, session.language):
        session.note(note)


@click.command("show")
@click.argument("org_id", metavar="ORG")
@reading_options
@command_options
def show_organisation(session: Session, org_id: str, as_of: str | None) -> None:
    """Show what the directory says of an organisation, and who is appointed there.

    Example:
      ortoo org show mfy-001 --as-of 2026-11-24
    """
    views, language = open_views(session, as_of), session.language
    with views.reading() as reading:
        found = organisations(reading, OrganisationFilter(organisations=_set(org_id), closed_too=True))
        officers = appointments(reading, AppointmentFilter(organisation=org_id))
    if not found:
        raise UsageError(f"{org_id} is not in the directory. `ortoo org list` shows who is.")
    (row,) = found
    data = organisation_data(row) | {"officers": [{"officer": one.officer, "roles": one.roles} for one in officers]}
    lines = [*banner(session, views), *pair_lines(_pairs(row, views, language))]
    for one in officers:
        roles = ", ".join(code_label("role", role, language) for role in one.roles)
        lines.append(f"  {name_in(one.names, language)} ({one.officer}): {name_in(one.posts, language)}; {roles}")
    session.show(data, lines)


def organisation_data(row: OrganisationRow) -> dict[str, object]:
    """Return an organisation as documented fields."""
    return {
        "organisation": row.organisation,
        "names": names_data(row.names),
        "kind": row.kind,
        "parent": row.parent,
        "identifiers": {one.scheme: one.value for one in row.identifiers},
        "regions": row.regions,
        "postal_address": row.postal_address,
        "electronic_address": row.electronic_address,
        "connection": row.connection,
        "acknowledge_days": row.acknowledge_days,
        "registered_position": row.registered_position,
        "changed_position": row.changed_position,
        "closed_position": row.closed_position,
        "closed_at": row.closed_at,
        "successor": row.successor,
    }


def _set(text: str | None) -> frozenset[str]:
    return frozenset() if text is None else frozenset({text})


def _table(rows: Sequence[OrganisationRow], language: Language) -> list[str]:
    if not rows:
        return [label("note.nothing", language)]
    columns = (
        Column(heading=label("heading.organisation", language), cut=False),
        Column(heading=label("heading.name", language)),
        Column(heading=label("heading.kind", language)),
        Column(heading=label("heading.parent", language)),
        Column(heading=label("heading.region", language)),
        Column(heading=label("heading.state", language)),
    )
    return table_lines(columns, [_cells(row, language) for row in rows])


def _cells(row: OrganisationRow, language: Language) -> tuple[object, ...]:
    kind = code_label("organisation_kind", row.kind, language)
    return (row.organisation, name_in(row.names, language), kind, row.parent or "", " ".join(row.regions), _state(row, language))


def _state(row: OrganisationRow, language: Language) -> str:
    if row.closed_position is not None:
        heir = f" → {row.successor}" if row.successor else ""
        return f"{label('mark.closed', language)}{heir}"
    return code_label("connection", row.connection, language)


def _pairs(row: OrganisationRow, views: Views, language: Language) -> Iterator[tuple[str, object]]:
    pairs = (
        ("heading.organisation", row.organisation),
        ("heading.name", "\n".join(f"{one.text} ({one.language})" for one in row.names)),
        ("heading.kind", code_label("organisation_kind", row.kind, language)),
        ("heading.parent", row.parent),
        ("heading.identifiers", "\n".join(f"{one.scheme} {one.value}" for one in row.identifiers)),
        ("heading.region", " ".join(row.regions)),
        ("heading.address", row.postal_address),
        ("heading.electronic_address", row.electronic_address),
        ("heading.state", _state(row, language)),
        ("heading.acknowledge_days", row.acknowledge_days or None),
        ("heading.position", row.registered_position),
        ("mark.closed", show_time(row.closed_at, views.offset_minutes)),
    )
    return ((label(key, language), value) for key, value in pairs if value not in (None, ""))
