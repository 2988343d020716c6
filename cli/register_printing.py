"""`ortoo register print`: a register book of a direction and a year on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from cli.labels import code_label, label
from cli.local_names import TAGS, acting_words
from cli.options import command_options, reading_options
from cli.print_register import BookSheets, register_pages
from cli.printing import Sheets, checked_file, output_option, show_printed, write_sheets
from cli.reading import languages_of, short_date, short_time, subject_words
from cli.register_books import book_entries, book_options, book_owner, book_year, outside_words
from cli.render import purpose_lines, show_time, show_zone
from cli.session import Session
from cli.views import Views, open_views
from domain.ids import OrgId
from domain.registers import DIRECTIONS
from domain.verdicts import RegisterKind
from projections.names import organisation_names
from projections.register_queries import RegisterRemark, RegisterRow

SENT_SHARES: Final = (10, 12, 22, 33, 16, 7)
RECEIVED_SHARES: Final = (8, 12, 12, 20, 26, 15, 7)
"""Parts of the width (%) of a book's columns: the dates keep to one line, the subject gets most of the rest."""


@click.command("print")
@book_options
@output_option
@reading_options
@command_options
def print_command(
    session: Session,
    /,
    *,
    direction: str,
    org: str | None,
    year: int | None,
    output: Path,
    as_of: str | None,
) -> None:
    """Print the book of an organisation's numbers of one direction and year, with headings and page numbers on every page.

    It says how far the ledger was read. A PDF needs the extra `print`.

    Example:
      ortoo register print outgoing --year 2026 -o outgoing-2026.pdf
    """
    file = checked_file(output)
    views = open_views(session, as_of)
    rows = book_entries(session, views, direction, org, year)
    owner, kind = book_owner(session, views, org), DIRECTIONS[direction]
    named = {owner, *(row.correspondent for row in rows if row.correspondent is not None)}
    with views.reading() as connection:
        names = organisation_names(connection, named, languages_of(session))
    language, zone = session.language, views.offset_minutes
    sheets = BookSheets(
        language=language,
        tag=TAGS[language][0],
        purpose="".join(purpose_lines(views.exchange.purpose, language)),
        organisation=_with_id(names[owner], owner),
        title=label(
            "print.register_of", language, direction=label(f"register.{direction}", language), year=book_year(views, year)
        ),
        as_of=label("print.as_of", language, position=views.position - 1, time=show_time(views.at, zone)),
        headings=_headings(session, views, kind),
        shares=SENT_SHARES if kind is RegisterKind.OUTGOING else RECEIVED_SHARES,
        rows=[_cells(session, views, kind, row, names.get(row.correspondent or "", "")) for row in rows],
    )
    show_printed(session, write_sheets(file, Sheets(html=register_pages(sheets), at=views.at)))


def _headings(session: Session, views: Views, kind: RegisterKind) -> tuple[str, ...]:
    sent = kind is RegisterKind.OUTGOING
    dates = ("date",) if sent else ("arrived", "registered")
    timed = [f"{label(f'heading.{name}', session.language)} ({show_zone(views.offset_minutes)})" for name in dates]
    number, *others = (
        label(f"heading.{name}", session.language)
        for name in ("number", "to" if sent else "from", "subject", "officer", "position")
    )
    return (number, *timed, *others)


def _cells(session: Session, views: Views, kind: RegisterKind, row: RegisterRow, correspondent: str) -> tuple[object, ...]:
    arrived, registered = (short_time(at, views.offset_minutes) for at in (row.arrived_at, row.registered_at))
    said = "".join(f" — {_remark_words(session, views, one)}" for one in row.remarks)
    dates = (registered,) if kind is RegisterKind.OUTGOING else (arrived, registered)
    party = correspondent or outside_words(session, row) or f"{label('heading.recipients', session.language)}: {row.recipients}"
    officer = acting_words(session.language, row.officer, row.acting_for)
    return (row.printed, *dates, party, f"{subject_words(row.subject)}{said}", officer, row.position)


def _remark_words(session: Session, views: Views, one: RegisterRemark) -> str:
    """Return what was said later of an entry, which itself stays as it was: what, when, where."""
    corrected = "" if one.case_index is None else f": {one.case_index}"
    place = f"{short_date(one.at, views.offset_minutes)}, {label('heading.position', session.language)} {one.position}"
    return f"{code_label('event', one.type, session.language)}{corrected} ({place})"


def _with_id(name: str, known_as: OrgId) -> str:
    return name if name == known_as else f"{name} ({known_as})"
