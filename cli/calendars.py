"""`ortoo calendar` and `ortoo outage`: by which days terms are counted, and what moves due times."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from adapters.calendar_files import WEEKDAYS, calendar_adopted, day_text, outage_declared, read_calendar
from adapters.station import Station
from cli.acting import acting_station, for_option, speaker_of
from cli.as_of import parse_bound
from cli.confirm import Preview
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.languages import Language
from cli.letter_receipts import cover_of_text
from cli.options import acting_options, command_options, reading_options
from cli.reading import remark_of, short_time, show_list
from cli.render import Column, pair_lines, show_time, show_zone, table_lines
from cli.session import Session
from cli.views import acting_views, banner, open_views
from cli.voices import say_one
from domain.calendars import Calendar, working_days_in
from domain.directory import Role
from domain.ids import organisation_id
from domain.outages import OUTAGE_REASONS
from projections.directory_queries import OrganisationFilter, organisations
from projections.moved_terms import AdoptedCalendar, DeclaredOutage, adopted_calendars, declared_outages


@click.group("calendar")
def calendar() -> None:
    """Working calendars of countries, by which terms in days are counted."""


@calendar.command("adopt")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@for_option
@acting_options
@command_options
def adopt(session: Session, file: Path, for_: str | None, *, yes: bool, dry_run: bool) -> None:
    """Adopt the working calendar in FILE for its country and year, as its next version. The first organisation's registrar does.

    It changes no term that is signed already; letters that are signed from now on are counted by it.

    Example:
      ortoo calendar adopt uz-2026.toml
    """
    station, language = acting_station(session), session.language
    speaker, said = speaker_of(session, station, Role.REGISTRAR, for_), read_calendar(file)
    utterance = calendar_adopted(station, speaker.signer, speaker.organisation, said)
    data = {"officer": speaker.officer, **_data(_as_calendar(utterance.body))}
    says = (
        (label("heading.signed_by", language), speaker.officer),
        (label("heading.speaks_for", language), speaker.organisation),
        *_pairs(_as_calendar(utterance.body), language),
    )
    preview = Preview(act=utterance.body.TYPE, says=says, data=data)
    say_one(session, station, (f"{said.country} {said.year}", utterance), preview, yes=yes, dry_run=dry_run)


@calendar.command("list")
@reading_options
@command_options
def list_command(session: Session, as_of: str | None) -> None:
    """List the calendars, every version, with the number of working days in the year.

    Example:
      ortoo calendar list
    """
    views, language = open_views(session, as_of), session.language
    with views.reading() as connection:
        found = adopted_calendars(connection)
    headings = ("country", "year", "version", "working_days_count", "officer", "position")
    columns = [Column(heading=label(f"heading.{name}", language)) for name in headings]
    rows = [
        (one.of.country, one.of.year, one.of.last_version, working_days_in(one.of), one.officer, one.position) for one in found
    ]
    show_list(session, views, [_adopted_data(one) for one in found], lambda: table_lines(columns, rows))


@calendar.command("show")
@click.argument("country")
@click.argument("year", type=click.IntRange(1970, 2099))
@click.option("--version", type=click.IntRange(1), help="Another version than the last one.")
@reading_options
@command_options
def show(session: Session, country: str, year: int, version: int | None, as_of: str | None) -> None:
    """Show the working calendar of COUNTRY for YEAR.

    Example:
      ortoo calendar show UZ 2026
    """
    views = open_views(session, as_of)
    with views.reading() as connection:
        found = [
            one for one in adopted_calendars(connection, country=country, year=year) if version in {None, one.of.last_version}
        ]
    if not found:
        raise UsageError(f"No such calendar of {country} for {year} is adopted. `ortoo calendar list` shows those that are.")
    chosen = found[-1]
    lines = pair_lines([*_pairs(chosen.of, session.language), (label("heading.position", session.language), chosen.position)])
    session.show(_adopted_data(chosen), [*banner(session, views), *lines])


@click.group("outage")
def outage() -> None:
    """Outages: times during which offices could not work, which move due times."""


@outage.command("declare")
@click.option("--from", "from_", required=True, metavar="TIME", help="When it began, in the ledger's offset.")
@click.option("--until", required=True, metavar="TIME", help="When it ended or will end; a date: its end.")
@click.option("--org", "organisations", metavar="ORG", multiple=True, help="Whom it touches; may be repeated.")
@click.option("--region", "regions", metavar="CODE", multiple=True, help="All organisations of a region; may be repeated.")
@click.option("--everybody", is_flag=True, help="It touches every organisation.")
@click.option("--reason", type=click.Choice(sorted(OUTAGE_REASONS)), required=True)
@click.option("--text", help="The reason in words; on the ledger stands only its digest.")
@for_option
@acting_options
@command_options
def declare(session: Session, /, for_: str | None, *, yes: bool, dry_run: bool, **given: Any) -> None:
    """Declare an outage: due times of whom it touches move by as long as it took of their terms. The signed times stay visible.

    Example:
      ortoo outage declare --from 2026-11-25T09:00 --until 2026-11-26T18:00 --region UZ-FA --reason POWER
    """
    if given["everybody"] == bool(given["organisations"] or given["regions"]):
        raise UsageError("An outage touches organisations (--org), regions (--region), or --everybody. Say whom.")
    station, language = _station_that_knows(session, given["regions"]), session.language
    speaker, offset = speaker_of(session, station, Role.REGISTRAR, for_), station.exchange.utc_offset_minutes
    cover, documents = cover_of_text(given["text"])
    utterance = outage_declared(
        station,
        speaker.signer,
        speaker.organisation,
        from_at=parse_bound(given["from_"], offset, end_of_day=False),
        until_at=parse_bound(given["until"], offset, end_of_day=True),
        organisations=map(organisation_id, given["organisations"]),
        regions=given["regions"],
        reason=given["reason"],
        cover=cover,
    )
    names = ("from_at", "until_at", "organisations", "regions", "reason")
    data = {"officer": speaker.officer, **{name: getattr(utterance.body, name) for name in names}}
    says = (
        (label("heading.signed_by", language), speaker.officer),
        (label("heading.speaks_for", language), speaker.organisation),
        (label("heading.from_at", language), show_time(data["from_at"], offset)),
        (label("heading.until_at", language), show_time(data["until_at"], offset)),
        (label("heading.touches", language), _whom(data["organisations"], data["regions"], language)),
        (label("heading.reason", language), code_label("outage_reason", given["reason"], language)),
        *([(label("heading.text", language), given["text"])] if given["text"] else []),
    )
    preview = Preview(act=utterance.body.TYPE, says=says, data=data)
    about = show_time(data["from_at"], offset)
    say_one(session, station, (about, utterance), preview, yes=yes, dry_run=dry_run, documents=documents)


@outage.command("list")
@reading_options
@command_options
def list_outages(session: Session, as_of: str | None) -> None:
    """List the outages that were declared, the newest first.

    Example:
      ortoo outage list
    """
    views, language = open_views(session, as_of), session.language
    with views.reading() as connection:
        found = declared_outages(connection)
        texts = {one.position: text for one in found if (text := remark_of(connection, one.cover)) is not None}
    zone = show_zone(views.offset_minutes)
    columns = (
        Column(heading=f"{label('heading.from_at', language)} ({zone})", cut=False),
        Column(heading=label("heading.until_at", language), cut=False),
        Column(heading=label("heading.touches", language)),
        Column(heading=label("heading.reason", language)),
        Column(heading=label("heading.officer", language)),
        Column(heading=label("heading.position", language), right=True),
    )
    rows = [
        (
            short_time(one.from_at, views.offset_minutes),
            short_time(one.until_at, views.offset_minutes),
            _whom(one.organisations, one.regions, language),
            code_label("outage_reason", one.reason, language),
            one.officer,
            one.position,
        )
        for one in found
    ]
    lines = [{name: getattr(one, name) for name in DeclaredOutage.__slots__} | {"text": texts.get(one.position)} for one in found]
    remarks = [(str(position), f"“{text}”") for position, text in texts.items()]
    show_list(session, views, lines, lambda: [*table_lines(columns, rows), *pair_lines(remarks)])


def _station_that_knows(session: Session, regions: Sequence[str]) -> Station:
    """Return the station that will sign; raise `UsageError` if no organisation stands in a region: its outage moves nothing."""
    if not regions:
        return acting_station(session)
    views = acting_views(session)
    with views.reading() as connection:
        empty = [one for one in regions if not organisations(connection, OrganisationFilter(regions=frozenset({one})), limit=1)]
    if empty:
        raise UsageError(
            f"No outage was declared: no organisation stands in {', '.join(empty)}, so no due time would move. "
            "`ortoo org list` shows the regions of the organisations."
        )
    return views.station


def _as_calendar(body: Any) -> Calendar:
    return Calendar(
        id="",
        version=body.version,
        country=body.country,
        year=body.year,
        last_version=body.version,
        rest_weekdays=body.rest_weekdays,
        holidays=body.holidays,
        working_days=body.working_days,
    )


def _data(of: Calendar) -> dict[str, Any]:
    return {
        "country": of.country,
        "year": of.year,
        "version": of.last_version,
        "rest_weekdays": of.rest_weekdays,
        "holidays": [day_text(day) for day in of.holidays],
        "working_days": [day_text(day) for day in of.working_days],
        "working_days_count": working_days_in(of),
    }


def _adopted_data(one: AdoptedCalendar) -> dict[str, Any]:
    return {**_data(one.of), "officer": one.officer, "position": one.position, "at": one.at}


def _pairs(of: Calendar, language: Language) -> tuple[tuple[str, object], ...]:
    """Return what a calendar says, for people; weekdays and holidays in lines that can be held against a decree."""
    rest = ", ".join(label(f"weekday.{WEEKDAYS[day - 1]}", language) for day in of.rest_weekdays)
    return (
        (label("heading.country", language), of.country),
        (label("heading.year", language), of.year),
        (label("heading.version", language), of.last_version),
        (label("heading.rest_weekdays", language), rest),
        (label("heading.holidays", language), "\n".join(map(day_text, of.holidays))),
        (label("heading.moved_working_days", language), "\n".join(map(day_text, of.working_days))),
        (label("heading.working_days_count", language), working_days_in(of)),
    )


def _whom(organisations: Sequence[str], regions: Sequence[str], language: Language) -> str:
    return ", ".join((*regions, *organisations)) or label("note.everybody", language)
