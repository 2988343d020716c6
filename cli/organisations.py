"""`ortoo org`: organisations of the directory are registered, changed, closed; `cli.organisations_shown` lists and shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from adapters.registration import changed, closed, registered
from adapters.station import Station, Utterance
from cli.acting import Speaker, acting_station, for_option, speaker_of
from cli.confirm import Preview
from cli.directory_entries import organisation_entry, parse_identifiers, parse_names, raw_entry
from cli.directory_reading import name_in
from cli.errors import UsageError
from cli.importing import import_organisations
from cli.labels import code_label, label
from cli.languages import Language
from cli.options import Command, acting_options, command_options
from cli.organisations_shown import list_organisations, show_organisation
from cli.session import Session
from cli.voices import say_one
from domain.directory import CONNECTED, CONNECTIONS, KINDS, Role, organisation
from domain.events import OrganisationClosed, OrganisationEntry
from domain.ids import OrgId, organisation_id

_LISTS: Final[dict[str, Callable[[str, Sequence[str]], Any]]] = {
    "names": parse_names,
    "identifiers": parse_identifiers,
    "regions": lambda _, texts: list(texts),
}


@click.group("org")
def org() -> None:
    """Organisations of the directory."""


org.add_command(list_organisations)
org.add_command(show_organisation)


def _entry_options(command: Command) -> Command:
    """Give a command what the directory says of an organisation; None and empty: not said."""
    for decorate in (
        click.option("--acknowledge-days", type=click.IntRange(0), help="Usual term to acknowledge, in days."),
        click.option("--connection", type=click.Choice(sorted(CONNECTIONS)), help="Outside: known, but not on this exchange."),
        click.option("--electronic-address", metavar="TEXT"),
        click.option("--postal-address", metavar="TEXT"),
        click.option("--region", "regions", metavar="CODE", multiple=True, help="Code of its region; once for each."),
        click.option("--identifier", "identifiers", metavar="SCHEME=VALUE", multiple=True, help="As stir=123456789."),
        click.option("--parent", metavar="ORG", help="The organisation above it (new ones: the registrar's own)."),
        click.option("--name", "names", metavar="LANG=NAME", multiple=True, help="Its name in a language; once for each."),
        click.option("--kind", type=click.Choice(sorted(KINDS))),
    ):
        command = decorate(command)
    return command


@org.command("register")
@click.argument("org_id", metavar="ORG")
@_entry_options
@for_option
@acting_options
@command_options
def register(session: Session, /, org_id: str, for_: str | None, yes: bool, dry_run: bool, **given: Any) -> None:
    """Enter an organisation into the directory. A registrar does, of his organisation or one above the new one's parent.

    Example:
      ortoo org register mfy-001 --kind committee --name "uz=1-son mahalla" --parent min --region andijon
    """
    station = acting_station(session)
    speaker = speaker_of(session, station, Role.REGISTRAR, for_)
    if given["kind"] is None or not given["names"]:
        raise UsageError("An organisation needs a kind and a name: give --kind and --name LANG=NAME.")
    blank = {"postal_address": "", "electronic_address": "", "connection": CONNECTED, "acknowledge_days": 0}
    raw = {"organisation": org_id, "parent": speaker.organisation, **blank, **_raw(given, lists_too=True)}
    entry = organisation_entry(raw)
    _say(session, station, speaker, registered(station, speaker.signer, speaker.organisation, entry), yes, dry_run)


@org.command("change")
@click.argument("org_id", metavar="ORG")
@_entry_options
@for_option
@acting_options
@command_options
def change(session: Session, /, org_id: str, for_: str | None, yes: bool, dry_run: bool, **given: Any) -> None:
    """Change what the directory says of an organisation: what is named here; all else stays.

    Example:
      ortoo org change mfy-001 --name "uz=Yangi mahalla" --acknowledge-days 3
    """
    station = acting_station(session)
    speaker = speaker_of(session, station, Role.REGISTRAR, for_)
    now = organisation(station.view, organisation_id(org_id))
    if now is None:
        raise UsageError(f"{org_id} is not in the directory. `ortoo org list` shows who is; `ortoo org register` enters one.")
    entry = organisation_entry({**raw_entry(now.entry), **_raw(given, lists_too=False)})
    if entry == now.entry:
        session.show({"organisation": org_id, "results": []}, [label("note.everything_same", session.language)])
        return
    _say(session, station, speaker, changed(station, speaker.signer, speaker.organisation, entry), yes, dry_run)


@org.command("close")
@click.argument("org_id", metavar="ORG")
@click.option("--successor", metavar="ORG", help="Who acts from now on for what is still open there.")
@for_option
@acting_options
@command_options
def close(session: Session, org_id: str, successor: str | None, for_: str | None, yes: bool, dry_run: bool) -> None:
    """Close an organisation: it speaks no more; it stays in the directory, which is history too.

    Example:
      ortoo org close mfy-001 --successor mfy-002
    """
    station = acting_station(session)
    speaker = speaker_of(session, station, Role.REGISTRAR, for_)
    heir = None if successor is None else organisation_id(successor)
    said = closed(station, speaker.signer, speaker.organisation, organisation=organisation_id(org_id), successor=heir)
    _say(session, station, speaker, said, yes, dry_run)


@org.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@for_option
@acting_options
@command_options
def import_(session: Session, file: Path, for_: str | None, yes: bool, dry_run: bool) -> None:
    """Register and change the organisations of a CSV file, after the whole file was checked; run again it does nothing.

    The columns stand in docs/reference/imports.md.

    Example:
      ortoo org import mahallas.csv
    """
    import_organisations(session, file, for_, yes=yes, dry_run=dry_run)


def entry_pairs(entry: OrganisationEntry, language: Language) -> list[tuple[str, object]]:
    """Return what the directory says of an organisation as names and values, without what is empty."""
    pairs = (
        ("heading.organisation", entry.organisation),
        ("heading.name", "\n".join(f"{one.text} ({one.language})" for one in entry.names)),
        ("heading.kind", code_label("organisation_kind", entry.kind, language)),
        ("heading.parent", entry.parent),
        ("heading.identifiers", "\n".join(f"{one.scheme} {one.value}" for one in entry.identifiers)),
        ("heading.region", " ".join(entry.regions)),
        ("heading.address", entry.postal_address),
        ("heading.electronic_address", entry.electronic_address),
        ("heading.connection", code_label("connection", entry.connection, language)),
        ("heading.acknowledge_days", entry.acknowledge_days or ""),
    )
    return [(label(key, language), value) for key, value in pairs if value not in (None, "")]


def _raw(given: dict[str, Any], *, lists_too: bool) -> dict[str, Any]:
    """Return what was said on the command line; an empty list only if a new entry needs it."""
    raw = {name: value for name, value in given.items() if name not in _LISTS and value is not None}
    lists = {name: make(f"--{name[:-1]}", given[name]) for name, make in _LISTS.items() if given[name] or lists_too}
    return raw | lists


def _say(session: Session, station: Station, speaker: Speaker, said: Utterance, yes: bool, dry_run: bool) -> None:
    body, language = said.body, session.language
    pairs: list[tuple[str, object]] = [
        (label("heading.signed_by", language), speaker.officer),
        (label("heading.speaks_for", language), speaker.organisation),
    ]
    if isinstance(body, OrganisationClosed):
        about: OrgId = body.organisation
        found = organisation(station.view, about)
        name = name_in(found.entry.names, language) if found else ""
        pairs += [
            (label("heading.organisation", language), f"{name} ({about})"),
            (label("heading.successor", language), body.successor or "-"),
        ]
        data: dict[str, Any] = {"organisation": about, "successor": body.successor}
    else:
        entry: OrganisationEntry = body.entry  # type: ignore[attr-defined] # both other acts carry an entry
        about = entry.organisation
        pairs += entry_pairs(entry, language)
        data = {"entry": entry}
    preview = Preview(act=body.TYPE, says=tuple(pairs), data=data)
    say_one(session, station, (about, said), preview, yes=yes, dry_run=dry_run)
