"""`ortoo figures`: what the ledger alone tells of a pilot, as tables, CSV, JSON and charts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from cli.as_of import parse_bound
from cli.errors import UsageError
from cli.exports import write_new
from cli.figures_chart import CHART_FORMS, ChartWords, draw_pilot
from cli.figures_csv import figures_csv
from cli.labels import label
from cli.naming import named_letter
from cli.options import command_options, reading_options
from cli.reading import languages_of, scope_data, short_time
from cli.render import Column, pair_lines, show_zone, table_lines
from cli.session import Session
from cli.views import Views, banner, open_views
from domain.ids import organisation_id
from projections.figures import APART, Figures, Part, PilotFigures, pilot_figures
from projections.filters import Filters
from projections.names import organisation_names

_MINUTE_S: Final = 60
_DAY_S: Final = 86_400
_COUNTS: Final = ("in_time", "late", "late_synced", "refused", "silent", "waiting", "without_term")


@click.group("figures")
def figures() -> None:
    """Figures from the ledger alone."""


@figures.command("pilot")
@click.option("--from", "sender", metavar="ORG", help="Only letters from this organisation.")
@click.option("--letter", metavar="LETTER", help="Only this letter.")
@click.option("--since", metavar="TIME", help="Only letters sent since then; a date is its beginning.")
@click.option("--until", metavar="TIME", help="Only letters sent until then; a date is its end.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write all figures into this new CSV file too.")
@click.option("--chart", type=click.Path(path_type=Path), help="Draw a chart into this new file too: FILE.svg or FILE.png.")
@reading_options
@command_options
def pilot(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    *,
    sender: str | None,
    letter: str | None,
    since: str | None,
    until: str | None,
    csv_file: Path | None,
    chart: Path | None,
    as_of: str | None,
) -> None:
    """Who acknowledged, how soon, and who is silent: by region, by group and by month.

    The present is the ledger time of the last position shown, so every station that has read as far says the same. Each figure
    is defined in docs/reference/figures.md.

    Example:
      ortoo figures pilot --since 2026-11-01 --until 2026-11-30 --csv november.csv
      ortoo figures pilot --as-of 812 --chart pilot.svg
    """
    if chart is not None and chart.suffix.lower() not in CHART_FORMS:
        raise UsageError(f"{chart} is no chart that can be drawn: name a file that ends in {' or '.join(CHART_FORMS)}.")
    views = open_views(session, as_of)
    filters = Filters(
        sender=None if sender is None else organisation_id(sender),
        since=None if since is None else parse_bound(since, views.offset_minutes, end_of_day=False),
        until=None if until is None else parse_bound(until, views.offset_minutes, end_of_day=True),
    )
    one = None if letter is None else named_letter(session, views, letter).letter
    with views.reading() as reading:
        found = pilot_figures(reading, filters, now=views.at, offset_minutes=views.offset_minutes, letter=one)
    if csv_file is not None:
        write_new(csv_file, figures_csv(found).encode())
    if chart is not None:
        write_new(chart, draw_pilot(found, _chart_words(session, views), chart.suffix.lower()))
    session.show(
        {**scope_data(views), "figures": found, "csv": csv_file, "chart": chart},
        lambda: [*banner(session, views), *_lines(session, views, found)],
    )


def show_duration(session: Session, duration_ms: int | None) -> str:
    """Return a time that passed for people: `12.3 s`, `4:05:06`, `3 d 4:05:06`; parts of the last unit are cut off."""
    if duration_ms is None:
        return ""
    seconds = duration_ms // 1000
    if seconds < _MINUTE_S:
        return label("figures.seconds", session.language, seconds=f"{seconds}.{duration_ms // 100 % 10}")
    days, rest = divmod(seconds, _DAY_S)
    clock = f"{rest // 3600}:{rest // 60 % 60:02}:{rest % 60:02}"
    return label("figures.days", session.language, days=days, clock=clock) if days else clock


def share_words(found: Figures) -> str:
    """Return the share acknowledged in percent with one decimal, rounded down; nothing if nobody was asked."""
    share = found.share_per_mille
    return "" if share is None else f"{share // 10}.{share % 10} %"


def _lines(session: Session, views: Views, found: PilotFigures) -> list[str]:
    def word(name: str) -> str:
        return label(f"figures.{name}", session.language)

    lines = pair_lines(
        [(word("letters"), found.letters), *_pairs(session, "action", found.action)]
        + (_pairs(session, "information", found.information) if _consignments(found.information) else [])
    )
    for name, parts in (("region", found.regions), ("group", found.groups), ("month", found.months)):
        if parts:
            lines += ["", *_part_lines(session, name, parts)]
    return [*lines, *_silent_lines(session, views, found)]


def _consignments(found: Figures) -> int:
    return found.asked + sum(int(getattr(found, one.value)) for one in APART)


def _pairs(session: Session, name: str, found: Figures) -> list[tuple[str, object]]:
    def word(key: str) -> str:
        return label(f"figures.{key}", session.language)

    def told(names: Sequence[str]) -> str:
        return ", ".join(f"{word(key).lower()} {getattr(found, key)}" for key in names if getattr(found, key))

    pairs: list[tuple[str, object]] = [
        (word(name), f"{word('asked').lower()} {found.asked}, {word('acknowledged').lower()} {found.acknowledged}"),
        (f"  {word('share_per_mille')}", share_words(found)),
        (f"  {word('median_ms')}, {word('ninetieth_ms')}", _times(session, found)),
        ("", told(_COUNTS)),
        ("", told([one.value for one in sorted(APART)])),
    ]
    return [(key, value) for key, value in pairs if value]


def _times(session: Session, found: Figures) -> str:
    return ", ".join(text for one in (found.median_ms, found.ninetieth_ms) if (text := show_duration(session, one)))


def _part_lines(session: Session, name: str, parts: Sequence[Part]) -> list[str]:
    headings = ("asked", "acknowledged", "share_per_mille", "median_ms", "ninetieth_ms", "silent", "silent_organisations")
    columns = [Column(heading=label(f"figures.{name}", session.language), cut=False)]
    columns += [Column(heading=label(f"figures.{one}", session.language), right=True, cut=False) for one in headings]

    def cells(part: Part) -> tuple[object, ...]:
        own = part.figures
        times = (show_duration(session, own.median_ms), show_duration(session, own.ninetieth_ms))
        name = part.part or label("figures.none", session.language)
        return (name, own.asked, own.acknowledged, share_words(own), *times, own.silent, len(own.silent_organisations))

    return table_lines(columns, [cells(part) for part in parts])


def _silent_lines(session: Session, views: Views, found: PilotFigures) -> list[str]:
    if not found.silent:
        return []
    most = session.settings.lines_limit
    shown = found.silent[:most]
    with views.reading() as reading:
        names = organisation_names(reading, (one.organisation for one in shown), languages_of(session))
    words = ("silent_organisations", "organisation", "region", "letters")
    columns = [Column(heading=label(f"figures.{one}", session.language)) for one in words]
    columns.append(Column(heading=f"{label('figures.due_since', session.language)} ({show_zone(views.offset_minutes)})"))
    rows = [
        (
            names[one.organisation],
            one.organisation,
            ", ".join(one.regions),
            one.letters,
            short_time(one.due_since, views.offset_minutes),
        )
        for one in shown
    ]
    more = len(found.silent) - len(shown)
    rest = [label("figures.more", session.language, count=more)] if more else []
    return ["", *table_lines(columns, rows), *rest]


def _chart_words(session: Session, views: Views) -> ChartWords:
    def word(name: str) -> str:
        return label(f"figures.{name}", session.language)

    return ChartWords(
        title=f"{views.exchange.name}, {short_time(views.at, views.offset_minutes)} ({show_zone(views.offset_minutes)})",
        curve=word("chart_curve"),
        regions=word("chart_regions"),
        share=word("chart_share"),
        units={unit: word(f"chart_{unit}") for unit in ("days", "hours", "seconds")},
        median=word("median_ms"),
        ninetieth=word("ninetieth_ms"),
        none=word("none"),
        rest=word("chart_rest"),
        acknowledged=word("acknowledged"),
        undecided=word("chart_undecided"),
        silent=word("silent"),
    )
