"""`ortoo officer`: officers and stations are appointed, relieved, imported and listed."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.registration import appointed, relieved
from cli.acting import acting_station, for_option
from cli.confirm import Preview
from cli.directory_entries import appointment_entry, parse_names
from cli.directory_reading import name_in, names_data, page
from cli.errors import UsageError
from cli.importing import import_officers
from cli.labels import code_label, label
from cli.languages import Language
from cli.options import acting_options, command_options, page_options, reading_options
from cli.render import Column, page_note, table_lines
from cli.session import Session
from cli.views import banner, open_views
from cli.voices import root_option, say_one, voice_of
from domain.directory import ROLES, appointment
from domain.ids import officer_id, organisation_id
from projections.directory_queries import AppointmentFilter, AppointmentRow, appointments


@click.group("officer")
def officer() -> None:
    """Officers and stations, and their appointments."""


@officer.command("appoint")
@click.argument("who", metavar="OFFICER")
@click.option("--org", metavar="ORG", required=True, help="Where he is appointed; the first one is his home.")
@click.option("--role", "roles", type=click.Choice(sorted(ROLES)), multiple=True, required=True, help="No role implies another.")
@click.option("--name", "names", metavar="LANG=NAME", multiple=True, help="His name; not needed if he is appointed there now.")
@click.option("--post", "posts", metavar="LANG=POST", multiple=True, help="His post; likewise.")
@root_option
@for_option
@acting_options
@command_options
def appoint(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    *,
    who: str,
    org: str,
    roles: tuple[str, ...],
    names: tuple[str, ...],
    posts: tuple[str, ...],
    roots: tuple[str, ...],
    for_: str | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Appoint an officer (or a station) in an organisation, or appoint him anew with other roles, name or post.

    The roles named are all that he has there afterwards. A registrar above does it, never for himself; for registrars of
    the first organisation the root keys do.

    Example:
      ortoo officer appoint mfy-001.secretary --org mfy-001 --role clerk --name "uz=B. Aliyeva" --post uz=Kotiba
    """
    station = acting_station(session)
    voice = voice_of(session, station, roots=roots, organisation=for_)
    now = appointment(station.view, officer_id(who), organisation_id(org))
    if now is None and not (names and posts):
        raise UsageError(f"{who} was never appointed in {org}: give --name LANG=NAME and --post LANG=POST.")
    raw_now = {
        "names": [{"language": one.language, "text": one.text} for one in now.names] if now else [],
        "posts": [{"language": one.language, "text": one.text} for one in now.posts] if now else [],
    }
    entry = appointment_entry(
        {
            "organisation": org,
            "officer": who,
            "names": parse_names("--name", names) or raw_now["names"],
            "posts": parse_names("--post", posts) or raw_now["posts"],
            "roles": sorted(set(roles)),
        }
    )
    said = appointed(
        station,
        voice.signers,
        voice.organisation,
        organisation=entry.organisation,
        officer=entry.officer,
        names=entry.names,
        posts=entry.posts,
        roles=entry.roles,
    )
    language = session.language
    says = (
        (label("heading.officer", language), f"{name_in(entry.names, language)} ({entry.officer})"),
        (label("heading.organisation", language), entry.organisation),
        (label("heading.post", language), name_in(entry.posts, language)),
        (label("heading.roles", language), _roles(entry.roles, language)),
    )
    preview = Preview(act=said.body.TYPE, says=(*voice.says(language), *says), data={"entry": entry})
    say_one(session, station, (f"{entry.officer}  {entry.organisation}", said), preview, yes=yes, dry_run=dry_run)


@officer.command("relieve")
@click.argument("who", metavar="OFFICER")
@click.option("--org", metavar="ORG", required=True, help="Where his appointment ends.")
@root_option
@for_option
@acting_options
@command_options
def relieve(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    *,
    who: str,
    org: str,
    roots: tuple[str, ...],
    for_: str | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """End an officer's appointment in an organisation. His keys stay enrolled: `ortoo key revoke` ends those.

    Example:
      ortoo officer relieve mfy-001.secretary --org mfy-001
    """
    station = acting_station(session)
    voice = voice_of(session, station, roots=roots, organisation=for_)
    one, where = officer_id(who), organisation_id(org)
    said = relieved(station, voice.signers, voice.organisation, organisation=where, officer=one)
    says = ((label("heading.officer", session.language), one), (label("heading.organisation", session.language), where))
    data = {"officer": one, "organisation": where}
    preview = Preview(act=said.body.TYPE, says=(*voice.says(session.language), *says), data=data)
    say_one(session, station, (f"{one}  {where}", said), preview, yes=yes, dry_run=dry_run)


@officer.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@for_option
@acting_options
@command_options
def import_(session: Session, file: Path, for_: str | None, yes: bool, dry_run: bool) -> None:
    """Appoint the officers of a CSV file, after the whole file was checked; run again it does nothing.

    The columns stand in docs/reference/imports.md.

    Example:
      ortoo officer import secretaries.csv
    """
    import_officers(session, file, for_, yes=yes, dry_run=dry_run)


@officer.command("list")
@click.option("--org", metavar="ORG")
@click.option("--role", type=click.Choice(sorted(ROLES)))
@click.option("--relieved", is_flag=True, help="Those who were relieved too.")
@page_options
@reading_options
@command_options
def list_(  # noqa: PLR0913 - the filters of a list
    session: Session,
    /,
    *,
    org: str | None,
    role: str | None,
    relieved: bool,
    limit: int | None,
    after: str | None,
    as_of: str | None,
) -> None:
    """List officers and stations by appointment.

    Example:
      ortoo officer list --org min --role signatory
    """
    views = open_views(session, as_of)
    most = limit or session.settings.lines_limit
    wanted = AppointmentFilter(organisation=org, role=role, relieved_too=relieved)
    with views.reading() as reading:
        found = appointments(reading, wanted, after=after or "", limit=most + 1)
    rows, more = page(found, most)
    next_after = f"{rows[-1].officer}/{rows[-1].organisation}" if more else None
    data = {"appointments": [appointment_data(row) for row in rows], "after": next_after}
    table = [_cells(row, session.language) for row in rows]
    lines = table_lines(_columns(session.language), table) if rows else [label("note.nothing", session.language)]
    session.show(data, [*banner(session, views), *lines])
    if note := page_note(len(rows), next_after, session.language):
        session.note(note)


def appointment_data(row: AppointmentRow) -> dict[str, object]:
    """Return an appointment as documented fields."""
    return {
        "officer": row.officer,
        "organisation": row.organisation,
        "names": names_data(row.names),
        "posts": names_data(row.posts),
        "roles": row.roles,
        "is_home": row.is_home,
        "appointed_position": row.appointed_position,
        "appointed_at": row.appointed_at,
        "relieved_position": row.relieved_position,
        "relieved_at": row.relieved_at,
    }


def _columns(language: Language) -> tuple[Column, ...]:
    return (
        Column(heading=label("heading.officer", language), cut=False),
        Column(heading=label("heading.organisation", language), cut=False),
        Column(heading=label("heading.name", language)),
        Column(heading=label("heading.post", language)),
        Column(heading=label("heading.roles", language)),
    )


def _cells(row: AppointmentRow, language: Language) -> tuple[str, ...]:
    names = (name_in(row.names, language), name_in(row.posts, language))
    return (row.officer, row.organisation, *names, _roles(row.roles, language) or "-")


def _roles(roles: tuple[str, ...], language: Language) -> str:
    return ", ".join(code_label("role", role, language) for role in roles)
