"""`ortoo history`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import click

from cli.errors import UsageError
from cli.labels import code_label, label
from cli.languages import Language
from cli.local_names import acting_words
from cli.naming import named_letter
from cli.options import command_options, page_options, reading_options
from cli.reading import page_wanted, show_list
from cli.render import Column, show_time, show_zone, table_lines
from cli.session import Session
from cli.views import Views, open_views
from domain.ids import ROOT, officer_id, organisation_id
from domain.reasons import Reason, step_of
from projections.archive_pages import HistoryFilters, HistoryLine, history_page
from projections.mandate_queries import SpokenFor, spoken_at

_RANGE: Final = re.compile(r"([0-9]{1,15})?(?:(\.\.)([0-9]{1,15})?)?")
LETTER_SHOWN: Final = 12
"""As many digits of a letter's identity as find it again among millions."""


@click.command("history")
@click.argument("letter", required=False)
@click.option("--org", "organisation", metavar="ORG", help="Only what this organisation said or what was said about it.")
@click.option("--officer", metavar="OFFICER", help="Only what this officer said or what was said about him.")
@click.option("--positions", metavar="A..B", help="Only these positions; either end may be left out.")
@click.option("--rejected", is_flag=True, help="Only what was rejected, with the reason.")
@reading_options
@page_options
@command_options
def history(  # noqa: PLR0913 - the options of the command
    session: Session,
    /,
    letter: str | None,
    organisation: str | None,
    officer: str | None,
    positions: str | None,
    *,
    rejected: bool,
    as_of: str | None,
    **page: Any,
) -> None:
    """Every event in the order of the ledger, with its verdict; with LETTER only what concerns that letter.

    Example:
      ortoo history out:165
      ortoo history --rejected --positions 300..
    """
    views = open_views(session, as_of)
    first, last = _range(positions)
    filters = HistoryFilters(
        letter=named_letter(session, views, letter).letter if letter is not None else None,
        organisation=organisation_id(organisation) if organisation is not None else None,
        officer=None if officer is None else officer_id(officer),
        first=first,
        last=last,
        rejected=rejected,
    )
    with views.reading() as connection:
        found = history_page(connection, filters, page_wanted(session, **page))
        spoken = spoken_at(connection, [line.position for line in found.lines])
    lines = [_data(line, spoken.get(line.position)) for line in found.lines]
    show_list(session, views, lines, lambda: _table(session, views, found.lines, spoken), after=found.after)


def _range(text: str | None) -> tuple[int | None, int | None]:
    """Return the first and the last position of a range; raise `UsageError` if it is none."""
    if text is None:
        return None, None
    found = _RANGE.fullmatch(text.strip())
    if found is None or not (found[1] or found[3]):
        raise UsageError(f"--positions {text!r} is no range of positions. Write 100..200, 100.., ..200, or 100 alone.")
    first, dots, last = found.groups()
    return _number(first), _number(last if dots else first)


def _number(digits: str | None) -> int | None:
    return int(digits) if digits else None


def _data(line: HistoryLine, spoken: SpokenFor | None) -> dict[str, Any]:
    fields = {name: getattr(line, name) for name in HistoryLine.__slots__}
    fields |= {"acting_for": spoken.officer if spoken else None, "mandate": spoken.mandate if spoken else None}
    return {**fields, "reason": line.reason.name, "reason_code": int(line.reason), "step": step_of(line.reason)}


def _table(session: Session, views: Views, lines: tuple[HistoryLine, ...], spoken: Mapping[int, SpokenFor]) -> list[str]:
    language = session.language
    columns = (
        Column(heading=label("heading.position", language), right=True, cut=False),
        Column(heading=f"{label('heading.ledger_time', language)} ({show_zone(views.offset_minutes)})", cut=False),
        Column(heading=label("heading.event", language)),
        Column(heading=label("heading.officer", language), cut=not spoken),
        Column(heading=label("heading.about", language)),
        Column(heading=label("heading.verdict", language), cut=False),
    )
    rows = [
        (
            line.position,
            show_time(line.at, views.offset_minutes).partition(" (")[0],
            label("note.not_authentic", language) if line.type is None else code_label("event", line.type, language),
            _speaker(language, line, spoken.get(line.position)),
            _about(line),
            _verdict(session, line),
        )
        for line in lines
    ]
    return table_lines(columns, rows)


def _speaker(language: Language, line: HistoryLine, spoken: SpokenFor | None) -> str:
    if line.officer is None or line.officer == ROOT:
        return line.officer or ""
    return f"{acting_words(language, line.officer, spoken.officer if spoken else None)} ({line.organisation})"


def _about(line: HistoryLine) -> str:
    letter = None if line.letter is None else line.letter.hex()[:LETTER_SHOWN]
    return " ".join(one for one in (letter, line.recipient, line.about_officer, line.about_organisation) if one)


def _verdict(session: Session, line: HistoryLine) -> str:
    language = session.language
    if line.reason is Reason.ACCEPTED:
        contest = "contested" if line.contested else "repudiated" if line.repudiated else "accepted"
        return label(f"verdict.{contest}", language)
    return line.reason.name if line.because is None else f"{line.reason.name} ← {line.because}"
