"""Which register book a command means, and its entries: shared by what shows, exports and prints books."""

from __future__ import annotations

import click

from cli.acting import home_of_officer
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.options import Command
from cli.session import Session
from cli.views import Views
from domain.ids import OfficerId, OrgId, organisation_id
from domain.registers import DIRECTIONS, year_of
from projections.register_queries import RegisterRow, register_entries


def book_options(command: Command) -> Command:
    """Give a command which register is meant: the function gets `org`, `direction` and `year`."""
    for decorate in (
        click.option("--year", type=click.IntRange(1970, 2099), help="Default: the current one of the ledger."),
        click.option("--org", metavar="ORG", help="Whose register (default: the home of who acts)."),
        click.argument("direction", type=click.Choice(list(DIRECTIONS))),
    ):
        command = decorate(command)
    return command


def book_entries(  # noqa: PLR0913 - which book, and which of its pages
    session: Session,
    views: Views,
    direction: str,
    org: str | None,
    year: int | None,
    *,
    after: str | None = None,
    limit: int | None = None,
    words: str | None = None,
) -> tuple[RegisterRow, ...]:
    """Return the entries of the book that is meant, those after the cursor `after`, with all these words.

    Raises `UsageError` if nobody says whose book, or for a cursor that is none.
    """
    if after is not None and not after.isdecimal():
        raise UsageError(f"--after {after!r} is not the cursor of a register, which is a number.")
    whose, chosen = book_owner(session, views, org), book_year(views, year)
    with views.reading() as reading:
        return register_entries(reading, whose, DIRECTIONS[direction], chosen, after=int(after or 0), limit=limit, words=words)


def book_owner(session: Session, views: Views, org: str | None) -> OrgId:
    """Return whose book is meant: of the organisation named, else of the home of who acts."""
    if org is not None:
        return organisation_id(org)
    if session.settings.officer is None:
        raise UsageError("It is not known whose register is meant: give --org ORG, or say who acts with --as OFFICER.")
    return home_of_officer(views.station, OfficerId(session.settings.officer))


def book_year(views: Views, year: int | None) -> int:
    """Return the year that is meant: the one named, else the current one of the ledger."""
    return year or year_of(max(views.at, 0), views.offset_minutes)


def outside_words(session: Session, row: RegisterRow) -> str:
    """Return who wrote a letter from outside, with the mark that his signature is not in the system; nothing of any other."""
    if row.channel is None:
        return ""
    how = code_label("channel", row.channel, session.language)
    return f"{row.written_by or '…'} ({how}; {label('mark.signature_outside', session.language)})"
