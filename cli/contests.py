"""`ortoo key contested`, `reaffirm`, `repudiate`: what an officer says of his events after his key was compromised."""

from __future__ import annotations

from collections.abc import Sequence

import click

from adapters.registration import settled
from cli.acting import acting_officer, for_option, home_of_officer, sign_and_submit
from cli.confirm import Preview
from cli.errors import UsageError
from cli.fates import conclude
from cli.labels import code_label, label
from cli.options import acting_options, command_options, page_options, reading_options
from cli.reading import page_wanted, short_time, show_list
from cli.references import SHORTEST_PREFIX
from cli.render import Column, show_zone, table_lines
from cli.session import Session
from cli.views import Views, acting_views, open_views
from domain.events_proof import EventReaffirmed, EventRepudiated
from domain.ids import OfficerId, officer_id, organisation_id
from projections.contested import ContestedEvent, contested_events
from projections.filters import position_cursor

DIGITS_SHOWN = 16
MOST_AT_ONCE = 10_000
"""More events than that nobody signs in the life of one key."""


@click.command("contested")
@click.option("--officer", metavar="OFFICER", help="Whose events (default: those of who acts).")
@reading_options
@page_options
@command_options
def contested(session: Session, officer: str | None, as_of: str | None, limit: int | None, after: str | None) -> None:
    """List what waits for an officer's word: events signed with a key of his that was declared compromised later.

    Example:
      ortoo key contested
    """
    views = open_views(session, as_of)
    who = acting_officer(session) if officer is None else officer_id(officer)
    page = page_wanted(session, limit, after)
    begin = -1 if page.after is None else position_cursor(page.after)
    with views.reading() as connection:
        found = contested_events(connection, who, after=begin, limit=page.limit + 1)
    rows = found[: page.limit]
    goes_on = str(rows[-1].position) if len(found) > page.limit else None
    show_list(session, views, rows, lambda: _table(session, views, rows), after=goes_on, officer=who)


@click.command("reaffirm")
@click.argument("events", metavar="EVENT...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that waits: exactly what the question lists.")
@for_option
@acting_options
@command_options
def reaffirm(session: Session, events: tuple[str, ...], for_: str | None, *, everything: bool, yes: bool, dry_run: bool) -> None:
    """Say that contested events are his who acts: he signed them himself, before the key was compromised.

    His new key signs, which was enrolled after the old one was stopped. EVENT is a position of `ortoo key contested`, or the
    first digits of an identity.

    Example:
      ortoo key reaffirm 812 815
    """
    _settle(session, EventReaffirmed, events, for_, everything=everything, yes=yes, dry_run=dry_run)


@click.command("repudiate")
@click.argument("events", metavar="EVENT...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that waits: exactly what the question lists.")
@for_option
@acting_options
@command_options
def repudiate(session: Session, events: tuple[str, ...], for_: str | None, *, everything: bool, yes: bool, dry_run: bool) -> None:
    """Say that contested events are not his who acts: somebody else signed them with the compromised key.

    Verdicts and numbers stay; the events are shown as repudiated. EVENT is named as for `ortoo key reaffirm`.

    Example:
      ortoo key repudiate 814
    """
    _settle(session, EventRepudiated, events, for_, everything=everything, yes=yes, dry_run=dry_run)


def _settle(  # noqa: PLR0913 - what the two commands have in common
    session: Session,
    kind: type[EventReaffirmed] | type[EventRepudiated],
    named: tuple[str, ...],
    organisation: str | None,
    *,
    everything: bool,
    yes: bool,
    dry_run: bool,
) -> None:
    if bool(named) == everything:
        raise UsageError("Name the events, or give --all. `ortoo key contested` lists what waits.")
    views, who = acting_views(session), acting_officer(session)
    with views.reading() as connection:
        waiting = contested_events(connection, who, limit=MOST_AT_ONCE)
    chosen = waiting if everything else tuple(_named(who, waiting, one) for one in named)
    if not chosen:
        session.note(label("note.nothing", session.language))
        return
    signer = views.station.signer(who)
    speaker = home_of_officer(views.station, who) if organisation is None else organisation_id(organisation)
    said = [(_about(one), settled(views.station, signer, speaker, kind, event=one.identity)) for one in chosen]
    says = ((label("heading.signed_by", session.language), who), (label("heading.speaks_for", session.language), speaker))
    data = {"officer": who, "organisation": speaker, "events": [one.identity for one in chosen]}
    preview = Preview(act=kind.TYPE, says=says, lines=tuple(_table(session, views, chosen)), data=data)
    fates = sign_and_submit(session, views.station, said, preview, yes=yes, dry_run=dry_run)
    if fates is not None:
        conclude(session, views.station, fates)


def _named(who: OfficerId, waiting: Sequence[ContestedEvent], text: str) -> ContestedEvent:
    """Return the event that waits and is named so, by position or by the digits with which its identity begins."""
    short = len(text) < SHORTEST_PREFIX or (text.isdecimal() and int(text) in {one.position for one in waiting})
    found = [one for one in waiting if (str(one.position) == text if short else one.identity.hex().startswith(text.lower()))]
    if len(found) != 1:
        raise UsageError(f"{text!r} names no event that waits for {who}. `ortoo key contested` lists those that do.")
    return found[0]


def _about(one: ContestedEvent) -> str:
    return f"{one.position}  {one.type}"


def _table(session: Session, views: Views, rows: Sequence[ContestedEvent]) -> list[str]:
    language = session.language
    columns = (
        Column(heading=label("heading.position", language), right=True, cut=False),
        Column(heading=f"{label('heading.ledger_time', language)} ({show_zone(views.offset_minutes)})", cut=False),
        Column(heading=label("heading.event", language)),
        Column(heading=label("heading.about", language)),
        Column(heading=label("heading.identity", language), cut=False),
    )
    cells = [
        (
            one.position,
            short_time(one.at, views.offset_minutes),
            code_label("event", one.type, language),
            " ".join(text for text in (one.letter.hex()[:DIGITS_SHOWN] if one.letter else "", one.recipient or "") if text),
            one.identity.hex()[:DIGITS_SHOWN],
        )
        for one in rows
    ]
    return table_lines(columns, cells)
