"""Days of an office: terms in working days, an outage that moves them, what there is to do today, a watched inbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from cli.errors import ExitCode
from domain.calendars import end_of_day
from tests.homes import Home, give_key
from tests.offices import Offices, offices

OFFSET_MINUTES = 300
HOUR_MS = 3_600_000


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Offices]:
    with offices(tmp_path) as made:
        give_key(made.exchange, made.ministry.folder, "registrar")
        yield made


def today() -> date:
    return (datetime.now(tz=UTC) + timedelta(minutes=OFFSET_MINUTES)).date()


def calendar_file(day: Offices, year: int, *holidays: date) -> str:
    """Make the file of a calendar in which every day is worked but these."""
    listed = ", ".join(one.isoformat() for one in holidays if one.year == year)
    return day.file(f"uz-{year}-{len(holidays)}.toml", f'country = "UZ"\nyear = {year}\nholidays = [{listed}]\n')


def adopt(day: Offices, *holidays: date) -> None:
    """Have the calendars of this year and the next one adopted."""
    for year in (today().year, today().year + 1):
        day.ministry.done("calendar", "adopt", calendar_file(day, year, *holidays), "--as", "registrar", "--yes")


def sent(day: Offices, *options: str) -> dict[str, object]:
    words = (
        "letter",
        "send",
        day.file("order.txt"),
        "--subject",
        "Reja",
        "--to",
        "mfy-001",
        *options,
        "--again",
        "--yes",
        "--json",
    )
    found: dict[str, object] = day.ministry.done(*words).data
    return found


def shown(home: Home, letter: object) -> dict[str, int | list[str]]:
    found: dict[str, int | list[str]] = home.done("letter", "show", str(letter), "--json").data["letter"]
    return found


def test_a_term_in_days_is_counted_by_the_calendar_and_signed_as_an_instant(day: Offices) -> None:
    words = ("letter", "send", day.file("order.txt"), "--subject", "Reja", "--to", "mfy-001", "--acknowledge-days", "3", "--yes")
    without = day.ministry.run(*words)
    assert without.code == ExitCode.USAGE or without.code == ExitCode.FAILED
    assert "ortoo calendar adopt FILE" in without.err
    tomorrow = today() + timedelta(days=1)
    adopt(day, tomorrow)
    letter = sent(day, "--acknowledge-days", "1", "--reply-days", "3")
    facts = shown(day.ministry, letter["identity"])
    epoch = (today() - date(1970, 1, 1)).days
    assert facts["acknowledge_by"] == end_of_day(epoch + 2, OFFSET_MINUTES)
    assert facts["reply_by"] == end_of_day(epoch + 4, OFFSET_MINUTES)
    adopt(day)
    assert shown(day.ministry, letter["identity"]) == facts
    versions = [(one["year"], one["version"]) for one in day.first.done("calendar", "list", "--json").data["lines"]]
    assert versions == [(today().year, 1), (today().year, 2), (today().year + 1, 1), (today().year + 1, 2)]
    now = day.first.done("calendar", "show", "UZ", str(today().year), "--json").data
    assert (now["version"], now["holidays"], now["officer"]) == (2, [], "registrar")
    both = day.ministry.run(*words, "--acknowledge-by", "+3d")
    assert both.code == ExitCode.USAGE


def test_an_outage_moves_the_time_and_leaves_the_signed_one_beside_it(day: Offices) -> None:
    letter = sent(day, "--acknowledge-by", "+5h")
    signed = shown(day.first, letter["identity"])["acknowledge_by"]
    begins = datetime.now(tz=UTC) + timedelta(hours=1)
    declared = ("outage", "declare", "--from", begins.isoformat(), "--until", (begins + timedelta(hours=2)).isoformat())
    assert day.ministry.run(*declared, "--reason", "POWER", "--as", "registrar", "--yes").code == ExitCode.USAGE
    day.ministry.done(*declared, "--org", "mfy-001", "--reason", "POWER", "--as", "registrar", "--yes")
    moved = shown(day.first, letter["identity"])
    assert isinstance(signed, int)
    assert (moved["acknowledge_by"], moved["acknowledge_due"]) == (signed, signed + 2 * HOUR_MS)
    assert "moved by an outage to" in day.first.done("letter", "show", str(letter["identity"])).out
    line = day.first.done("inbox", "--json").data["lines"][0]
    assert (line["acknowledge_due"], line["marks"]) == (signed + 2 * HOUR_MS, ["moved"])
    assert "→" in day.ministry.done("outbox").out
    assert day.first.done("outage", "list", "--json").data["lines"][0]["organisations"] == ["mfy-001"]
    assert "no power" in day.first.done("outage", "list").out
