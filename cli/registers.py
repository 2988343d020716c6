"""`ortoo register`: how numbers are printed is defined; the books are shown and exported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from adapters.registration import register_defined
from cli.acting import acting_station, speaker_of, speaking_option
from cli.confirm import Preview
from cli.directory_reading import page
from cli.exports import csv_text, write_new
from cli.labels import code_label, label
from cli.options import acting_options, command_options, page_options, reading_options
from cli.reading import words_option
from cli.register_books import book_entries, book_options, outside_words
from cli.register_printing import print_command
from cli.render import Column, page_note, show_time, table_lines
from cli.session import Session
from cli.views import Views, banner, open_views
from cli.voices import say_one
from domain.directory import Role
from domain.events import RegisterDefined
from domain.events_office import LetterReceivedOutside
from domain.registers import DIRECTIONS, year_of
from domain.verdicts import RegisterKind
from projections.register_queries import RegisterRemark, RegisterRow

EXPORTED: Final = (
    "serial",
    "printed",
    "arrived_at",
    "registered_at",
    "correspondent",
    "subject",
    "letter",
    "position",
    "officer",
    "acting_for",
    "remarks",
)
"""The columns of an export; times are in the ledger's offset. A remark is a type of event, its position and a corrected index;
of a letter from outside, whose sender's signature is not in the system, the type of its entry, its position and how it came."""


@click.group("register")
def register() -> None:
    """Registers and their numbers."""


@register.command("define")
@click.argument("direction", type=click.Choice(list(DIRECTIONS)))
@click.option("--format", "format_", required=True, metavar="TEXT", help="How a number prints: {serial}, {case} and {year}.")
@click.option("--year", type=click.IntRange(1970, 2099), help="From which year on (default: the current one of the ledger).")
@click.option("--first", type=click.IntRange(1), default=1, show_default=True, help="First number of that year.")
@speaking_option
@acting_options
@command_options
def define(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    *,
    direction: str,
    format_: str,
    year: int | None,
    first: int,
    for_: str | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Define how an organisation's numbers print, from a year on in which it has given none. A clerk does.

    An office that joins in mid-year continues its book with --first.

    Example:
      ortoo register define outgoing --format "{serial}/{case}" --first 166
    """
    station = acting_station(session)
    speaker = speaker_of(session, station, Role.CLERK, for_, act=RegisterDefined.TYPE)
    from_year = year or year_of(station.rehearsal_time, station.exchange.utc_offset_minutes)
    said = register_defined(
        station,
        speaker.signer,
        speaker.organisation,
        direction=direction,
        year_from=from_year,
        format_=format_,
        first_serial=first,
    )
    says = (
        ("heading.signed_by", speaker.words(station, session.language)),
        ("heading.speaks_for", speaker.organisation),
        ("heading.register", label(f"register.{direction}", session.language)),
        ("heading.year", from_year),
        ("heading.format", format_),
        ("heading.first_serial", first),
    )
    data = {**speaker.data(station), "direction": direction, "year_from": from_year, "format": format_, "first_serial": first}
    preview = Preview(act=said.body.TYPE, says=tuple((label(key, session.language), value) for key, value in says), data=data)
    about = f"{speaker.organisation}  {direction}  {from_year}"
    say_one(session, station, (about, said), preview, yes=yes, dry_run=dry_run)


@register.command("show")
@book_options
@words_option
@page_options
@reading_options
@command_options
def show(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    *,
    direction: str,
    org: str | None,
    year: int | None,
    words: str | None,
    limit: int | None,
    after: str | None,
    as_of: str | None,
) -> None:
    """Show the book of an organisation's numbers of one direction and year.

    Example:
      ortoo register show outgoing --year 2026
      ortoo register show incoming --words "hisobot"
    """
    views, language = open_views(session, as_of), session.language
    most = limit or session.settings.lines_limit
    found = book_entries(session, views, direction, org, year, after=after, limit=most + 1, words=words)
    rows, more = page(found, most)
    next_after = str(rows[-1].serial) if more else None
    lines = _book_lines(session, views, DIRECTIONS[direction], rows) if rows else [label("note.nothing", language)]
    session.show({"entries": rows, "after": next_after}, [*banner(session, views), *lines])
    if note := page_note(len(rows), next_after, language):
        session.note(note)


@register.command("export")
@book_options
@click.option(
    "-o",
    "--output",
    "--to",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A new file (default: standard output).",
)
@reading_options
@command_options
def export(
    session: Session,
    /,
    *,
    direction: str,
    org: str | None,
    year: int | None,
    file: Path | None,
    as_of: str | None,
) -> None:
    """Export a whole book as CSV (UTF-8, commas, headings in the first line).

    A file begins with a byte order mark, by which spreadsheets know UTF-8; standard output, which programs read, does not.

    Example:
      ortoo register export incoming --year 2026 -o incoming-2026.csv
    """
    views = open_views(session, as_of)
    rows = book_entries(session, views, direction, org, year)
    text = csv_text(_csv_rows(rows, views))
    if file is None:
        session.show({"entries": rows}, text.splitlines)
        return
    write_new(file, text.encode("utf-8-sig"))
    session.show({"file": file, "count": len(rows)}, [f"{file}: {len(rows)}"])


def _book_lines(session: Session, views: Views, kind: RegisterKind, rows: Sequence[RegisterRow]) -> list[str]:
    """Return a book as a table: of what was sent, when and to whom; of what was received, both of its dates and from whom."""
    sent = kind is RegisterKind.OUTGOING
    headings = ("number", "date", "to", "subject") if sent else ("number", "arrived", "registered", "from", "subject")
    whole = {"number", "to", "from"}
    columns = [Column(heading=label(f"heading.{name}", session.language), cut=name not in whole) for name in headings]

    def cells(row: RegisterRow) -> tuple[object, ...]:
        arrived, registered = (show_time(at, views.offset_minutes) for at in (row.arrived_at, row.registered_at))
        dates = (registered,) if sent else (arrived, registered)
        return (
            remarked_number(session, row),
            *dates,
            row.correspondent or outside_words(session, row) or row.recipients,
            row.subject or "…",
        )

    return table_lines(columns, [cells(row) for row in rows])


def remarked_number(session: Session, row: RegisterRow) -> str:
    """Return a number as it was printed first, with what was said of it later in brackets."""
    said = [
        code_label("event", one.type, session.language) + (f": {one.case_index}" if one.case_index is not None else "")
        for one in row.remarks
    ]
    return f"{row.printed} ({'; '.join(said)})" if said else row.printed


def _csv_rows(rows: Sequence[RegisterRow], views: Views) -> Iterator[Sequence[object]]:
    yield EXPORTED
    for row in rows:
        values: dict[str, Any] = {name: getattr(row, name) for name in EXPORTED}
        values["letter"] = row.letter.hex()
        outside = () if row.channel is None else (f"{LetterReceivedOutside.TYPE} {row.position} {row.channel}",)
        values["correspondent"] = row.correspondent or row.written_by
        values["remarks"] = "; ".join((*outside, *(_remark(one) for one in row.remarks)))
        for name in ("arrived_at", "registered_at"):
            values[name] = show_time(values[name], views.offset_minutes)
        yield [values[name] for name in EXPORTED]


def _remark(one: RegisterRemark) -> str:
    return " ".join(filter(None, (one.type, str(one.position), one.case_index)))


register.add_command(print_command)
