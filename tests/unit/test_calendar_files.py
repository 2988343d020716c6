"""Calendar files: what they may hold, and the examples in the guides."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.calendar_files import CalendarFileError, day_text, read_calendar

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "guides" / "calendars"
GOOD = 'country = "UZ"\nyear = 2026\nrest = ["saturday", "sunday"]\nholidays = [2026-03-21]\nworking_days = [2026-03-14]\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "calendar.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_calendar_is_read(tmp_path: Path) -> None:
    found = read_calendar(written(tmp_path, GOOD))
    assert (found.country, found.year, found.rest_weekdays) == ("UZ", 2026, (6, 7))
    assert [day_text(day) for day in (*found.holidays, *found.working_days)] == ["2026-03-21", "2026-03-14"]


def test_the_examples_can_be_adopted() -> None:
    assert {(one.country, one.year) for one in map(read_calendar, EXAMPLES.glob("*.toml"))} == {("UZ", 2026), ("MN", 2026)}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (GOOD.replace('"UZ"', '"uz"'), "country must be"),
        (GOOD.replace('"UZ"', "7"), "country must be"),
        (GOOD.replace("year = 2026", "year = true"), "year must be"),
        (GOOD.replace('"sunday"', '"Sunday"'), "rest must name weekdays"),
        (GOOD.replace('"sunday"', "[1]"), "rest must name weekdays"),
        (GOOD.replace("2026-03-21", '"2026-03-21"'), "holidays must be a list of dates"),
        (GOOD.replace("2026-03-21", "2026-03-21T10:00:00"), "holidays must be a list of dates"),
        (GOOD.replace("2026-03-21", "2027-01-01"), "2027-01-01 does not lie in 2026"),
        (GOOD.replace("2026-03-21", "2026-03-14"), "2026-03-14 is both holiday and working day"),
        (GOOD + "holydays = []\n", "holydays is no entry"),
        ("country = ", "is not TOML"),
        ("#" * 70_000, "more than"),
    ],
)
def test_a_file_that_is_no_calendar_is_told_why(tmp_path: Path, wrong: str, why: str) -> None:
    with pytest.raises(CalendarFileError, match=why):
        read_calendar(written(tmp_path, wrong))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CalendarFileError, match="cannot be read"):
        read_calendar(tmp_path / "nothing.toml")
