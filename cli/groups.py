"""`ortoo group`: groups of organisations for circulars are defined version by version, listed and shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from adapters.registration import group_defined
from adapters.station import Station
from cli.acting import Speaker, acting_station, home_of_officer, sign_and_submit, speaker_of, speaking_option
from cli.confirm import Preview
from cli.directory_reading import page, reading_directory
from cli.errors import ImportRefusedError, UsageError
from cli.fates import conclude
from cli.imports import read_import_file
from cli.labels import label
from cli.options import acting_options, command_options, page_options, reading_options
from cli.render import Column, page_note, pair_lines, show_time, table_lines
from cli.session import Session
from cli.views import Views, banner, open_views
from domain import groups
from domain.directory import Role, organisation
from domain.errors import IdError
from domain.events import GroupDefined
from domain.ids import OfficerId, OrgId, organisation_id
from projections.directory_queries import (
    GroupRow,
    OrganisationFilter,
    group_members,
    members_where,
)
from projections.directory_queries import group as find_group
from projections.directory_queries import groups as find_groups

MEMBERS_SHOWN: Final = 10
WHERE: Final = ("region", "kind", "parent", "connection")
"""What `--where` may ask for."""


@click.group("group")
def group() -> None:
    """Groups of organisations, for circulars."""


@group.command("define")
@click.argument("name")
@click.option("--members", type=click.Path(path_type=Path), metavar="FILE", help="The members' ids, one in each line.")
@click.option("--where", metavar="FIELD=VALUE,…", help=f"All that are so: {', '.join(WHERE)}; a field twice: either value.")
@speaking_option
@acting_options
@command_options
def define(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    *,
    name: str,
    members: Path | None,
    where: str | None,
    for_: str | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Define a group, or its next version. A clerk of its owner does. With the members it has already, nothing is signed.

    Example:
      ortoo group define mahallas --where region=andijon,region=namangan,kind=committee
      ortoo group define pilot-100 --members pilot.txt
    """
    if (members is None) == (where is None):
        raise UsageError("Say who belongs to the group, in one way: --members FILE or --where FIELD=VALUE.")
    station = acting_station(session)
    speaker = speaker_of(session, station, Role.CLERK, for_, act=GroupDefined.TYPE)
    chosen = _read_members(station, members) if members is not None else _members_where(session, where or "")
    if not chosen:
        raise UsageError(f"Nobody belongs to the group {name} by that, so it was not defined. Look with `ortoo org list`.")
    _define(session, station, speaker, organisation_id(name), chosen, yes=yes, dry_run=dry_run)


@group.command("list")
@click.option("--owner", metavar="ORG", help="Those of this organisation.")
@reading_options
@command_options
def list_(session: Session, owner: str | None, as_of: str | None) -> None:
    """List the groups, each in its newest complete version.

    Example:
      ortoo group list --owner min
    """
    views, language = open_views(session, as_of), session.language
    with views.reading() as reading:
        rows = find_groups(reading, owner=owner)
    columns = (
        Column(heading=label("heading.owner", language), cut=False),
        Column(heading=label("heading.group", language), cut=False),
        Column(heading=label("heading.version", language), right=True),
        Column(heading=label("heading.members", language), right=True),
        Column(heading=label("heading.ledger_time", language)),
    )
    cells = [(row.owner, row.group, row.version, row.members, show_time(row.at, views.offset_minutes)) for row in rows]
    lines = table_lines(columns, cells) if rows else [label("note.nothing", language)]
    session.show({"groups": rows}, [*banner(session, views), *lines])


@group.command("show")
@click.argument("name")
@click.option("--owner", metavar="ORG", help="Whose it is (default: the home of who acts).")
@click.option("--version", type=click.IntRange(1), help="A version before the newest.")
@page_options
@reading_options
@command_options
def show(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    *,
    name: str,
    owner: str | None,
    version: int | None,
    limit: int | None,
    after: str | None,
    as_of: str | None,
) -> None:
    """Show the members of a group, in its newest complete version or another.

    Example:
      ortoo group show mahallas --owner min
    """
    views, language = open_views(session, as_of), session.language
    most = limit or session.settings.lines_limit
    whose = owner if owner is not None else _home(session, views)
    with views.reading() as reading:
        row = find_group(reading, whose, name, version)
        found = group_members(reading, row, after=after or "", limit=most + 1) if row else ()
    if row is None:
        raise UsageError(f"{whose} has no such group {name}. `ortoo group list` shows those there are.")
    members, more = page(found, most)
    next_after = members[-1] if more else None
    session.show(
        {"group": row, "members": members, "after": next_after},
        [*banner(session, views), *pair_lines(_pairs(session, views, row)), "", *members],
    )
    if note := page_note(len(members), next_after, language):
        session.note(note)


def _define(  # noqa: PLR0913 - what is defined, and the two options of every command that signs
    session: Session, station: Station, speaker: Speaker, name: OrgId, chosen: Sequence[OrgId], *, yes: bool, dry_run: bool
) -> None:
    owner, language = speaker.organisation, session.language
    now = groups.group_of(station.view, owner, name)
    version = now.complete_version if now else 0
    ordered = tuple(sorted(set(chosen)))
    if version and groups.members(station.view, owner, name, version) == ordered:
        session.show({"group": name, "version": version, "results": []}, [label("note.everything_same", language)])
        return
    parts = list(
        group_defined(station, speaker.signer, owner, group=name, version=version + 1, members=ordered),
    )
    # The parts after the first build on it, so the ledger judges those.
    station.rehearse(parts[0].body)
    says = (
        ("heading.signed_by", speaker.words(station, language)),
        ("heading.owner", owner),
        ("heading.group", name),
        ("heading.version", version + 1),
        ("heading.members", len(ordered)),
        ("heading.first_members", " ".join(ordered[:MEMBERS_SHOWN]) + (" …" if len(ordered) > MEMBERS_SHOWN else "")),
    )
    preview = Preview(
        act=GroupDefined.TYPE,
        says=tuple((label(key, language), value) for key, value in says),
        lines=("", label("note.version_is_frozen", language)),
        data={**speaker.data(station), "owner": owner, "group": name, "version": version + 1, "members": ordered},
    )
    said = [(f"{name}  {number}/{len(parts)}", part) for number, part in enumerate(parts, 1)]
    fates = sign_and_submit(session, station, said, preview, yes=yes, dry_run=dry_run, rehearsed=False)
    if fates is not None:
        conclude(session, station, fates, group=name, version=version + 1, members=len(ordered))


def _read_members(station: Station, file: Path) -> tuple[OrgId, ...]:
    """Return the organisations of a file; raise `ImportRefusedError` with every line that names none."""
    try:
        lines = read_import_file(file).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ImportRefusedError(file.name, ["it is not UTF-8: save it as text in UTF-8"]) from error
    problems, found = [], []
    for number, text in enumerate(map(str.strip, lines), 1):
        if not text:
            continue
        try:
            member = organisation_id(text)
        except IdError as error:
            problems.append(f"line {number}: {error}")
            continue
        if organisation(station.view, member) is None:
            problems.append(f"line {number}: {member!r} is not in the directory")
        found.append(member)
    if problems:
        raise ImportRefusedError(file.name, problems)
    return tuple(found)


def _members_where(session: Session, where: str) -> tuple[OrgId, ...]:
    wanted: dict[str, set[str]] = {}
    for part in where.split(","):
        field, equals, value = part.strip().partition("=")
        if field not in WHERE or not equals or not value:
            raise UsageError(f"--where {part!r} is not FIELD=VALUE with a field of {', '.join(WHERE)}.")
        wanted.setdefault(field, set()).add(value)
    regions, kinds, parents, connections = (frozenset(wanted.get(field, ())) for field in WHERE)
    chosen = OrganisationFilter(regions=regions, kinds=kinds, parents=parents, connections=connections)
    with reading_directory(session) as reading:
        return members_where(reading, chosen)


def _home(session: Session, views: Views) -> OrgId:
    if session.settings.officer is None:
        raise UsageError("It is not known whose group is meant: give --owner ORG, or say who acts with --as OFFICER.")
    return home_of_officer(views.station, OfficerId(session.settings.officer))


def _pairs(session: Session, views: Views, row: GroupRow) -> list[tuple[str, object]]:
    pairs = (
        ("heading.owner", row.owner),
        ("heading.group", row.group),
        ("heading.version", row.version),
        ("heading.members", row.members),
        ("heading.position", row.position),
        ("heading.ledger_time", show_time(row.at, views.offset_minutes)),
        ("heading.digest", row.root.hex()),
    )
    return [(label(key, session.language), value) for key, value in pairs]
