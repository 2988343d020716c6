"""Working days: moved holidays, year ends, leap days, years without a calendar, offsets; and who may adopt what."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

import pytest

from domain.calendars import (
    DAY_MS,
    RULES,
    Calendar,
    CalendarMissingError,
    calendar,
    countries,
    day_of,
    end_of_day,
    first_day,
    is_working_day,
    weekday_of,
    working_day_after,
    working_days_in,
)
from domain.events_office import CalendarAdopted
from domain.reasons import Reason
from tests.rules_view import MINISTRY, MemoryView, add_officer, add_organisation, case, header, opened_view, outcome

WEEKEND: Final = (6, 7)
UZ_2026_HOLIDAYS: Final = ("2026-01-01", "2026-03-08", "2026-03-09", "2026-03-21", "2026-05-09", "2026-09-01")


def day(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def days(*texts: str) -> tuple[int, ...]:
    return tuple(day(text) for text in texts)


def made(year: int, *holidays: str, worked: tuple[str, ...] = (), rest: tuple[int, ...] = WEEKEND) -> Calendar:
    return Calendar(
        id=f"calendar:UZ:{year}",
        version=1,
        country="UZ",
        year=year,
        last_version=1,
        rest_weekdays=rest,
        holidays=days(*holidays),
        working_days=days(*worked),
    )


def after(start: str, count: int, *calendars: Calendar) -> str:
    by_year = {one.year: one for one in calendars}
    found = working_day_after(day(start), count, by_year.get)
    return (datetime.fromtimestamp(0, tz=UTC).date()).fromordinal(date(1970, 1, 1).toordinal() + found).isoformat()


def adopted(**changes: Any) -> CalendarAdopted:
    fields: dict[str, Any] = {
        "country": "UZ",
        "year": 2026,
        "version": 1,
        "rest_weekdays": WEEKEND,
        "holidays": days(*UZ_2026_HOLIDAYS),
        "working_days": days("2026-03-14"),
    }
    return CalendarAdopted(**{"header": header(), **fields, **changes})


@pytest.fixture
def view() -> MemoryView:
    return opened_view()


def test_weekdays_are_those_of_the_calendar_on_the_wall() -> None:
    for text in ("1970-01-01", "2000-02-29", "2024-02-29", "2026-12-31", "2099-12-31"):
        assert weekday_of(day(text)) == date.fromisoformat(text).isoweekday(), text


def test_a_term_leaves_out_the_day_itself_the_days_of_rest_and_the_holidays() -> None:
    assert after("2026-11-25", 0, made(2026)) == "2026-11-25"
    assert after("2026-11-25", 1, made(2026)) == "2026-11-26"
    assert after("2026-11-25", 3, made(2026)) == "2026-11-30"
    assert after("2026-12-04", 2, made(2026, "2026-12-08")) == "2026-12-09"


def test_a_moved_holiday_gives_one_day_and_takes_another() -> None:
    """The office rests on Monday 9 March and works on Saturday 14 March instead."""
    moved = made(2026, "2026-03-08", "2026-03-09", worked=("2026-03-14",))
    assert after("2026-03-06", 1, moved) == "2026-03-10"
    assert after("2026-03-13", 1, moved) == "2026-03-14"
    assert after("2026-03-13", 2, moved) == "2026-03-16"


def test_a_term_goes_on_into_the_next_year_by_that_years_calendar() -> None:
    this, following = made(2026), made(2027, "2027-01-01", "2027-01-04")
    assert after("2026-12-30", 1, this) == "2026-12-31"
    assert after("2026-12-30", 2, this, following) == "2027-01-05"


def test_a_year_without_a_calendar_is_not_guessed() -> None:
    with pytest.raises(CalendarMissingError, match="2027"):
        after("2026-12-30", 2, made(2026))
    with pytest.raises(CalendarMissingError, match="2026"):
        after("2026-12-30", 1)


def test_leap_days_are_days() -> None:
    assert after("2024-02-28", 1, made(2024)) == "2024-02-29"
    assert after("2024-02-28", 2, made(2024)) == "2024-03-01"
    assert after("2024-02-28", 1, made(2024, "2024-02-29")) == "2024-03-01"
    assert first_day(2025) - first_day(2024) == 366
    assert working_days_in(made(2024, rest=())) == 366


def test_a_day_begins_and_ends_in_the_offset_of_the_ledger() -> None:
    for minutes in (0, 300, 480, -210, 345):
        for at in (0, 1_795_521_600_000, 1_795_521_599_999):
            last = end_of_day(day_of(at, minutes), minutes)
            assert last - DAY_MS < at <= last
            assert day_of(last, minutes) == day_of(at, minutes)
            assert day_of(last + 1, minutes) == day_of(at, minutes) + 1
    assert day_of(1_795_546_800_000 - 1, 300) == day("2026-11-24")
    assert day_of(1_795_546_800_000, 300) == day("2026-11-25")


def test_a_calendar_can_be_adopted_and_again_in_the_next_version(view: MemoryView) -> None:
    assert outcome(RULES, case(view, adopted())) is Reason.ACCEPTED
    assert outcome(RULES, case(view, adopted(country="MN"))) is Reason.ACCEPTED
    assert outcome(RULES, case(view, adopted(version=2, holidays=()))) is Reason.ACCEPTED
    found = calendar(view, "UZ", 2026)
    assert found is not None
    assert (found.last_version, found.holidays) == (2, ())
    assert is_working_day(found, day("2026-09-01"))
    assert countries(view) == ("MN", "UZ")
    assert calendar(view, "UZ", 2027) is None


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        (Reason.COUNTRY_WRONG, {"country": "uz"}),
        (Reason.COUNTRY_WRONG, {"country": "UZB"}),
        (Reason.COUNTRY_WRONG, {"country": "U1"}),
        (Reason.CALENDAR_VERSION_WRONG, {"version": 2}),
        (Reason.CALENDAR_DAYS_WRONG, {"holidays": days("2026-03-08", "2026-01-01")}),
        (Reason.CALENDAR_DAYS_WRONG, {"holidays": days("2026-03-08", "2026-03-08")}),
        (Reason.CALENDAR_DAYS_WRONG, {"holidays": days("2025-12-31")}),
        (Reason.CALENDAR_DAYS_WRONG, {"holidays": (), "working_days": days("2027-01-01")}),
        (Reason.CALENDAR_DAYS_WRONG, {"working_days": days("2026-03-08")}),
        (Reason.CALENDAR_DAYS_WRONG, {"rest_weekdays": (7, 6)}),
    ],
)
def test_a_calendar_that_does_not_fit_is_rejected(view: MemoryView, reason: Reason, changes: dict[str, Any]) -> None:
    assert outcome(RULES, case(view, adopted(**changes))) is reason


def test_a_version_is_adopted_once(view: MemoryView) -> None:
    assert outcome(RULES, case(view, adopted())) is Reason.ACCEPTED
    assert outcome(RULES, case(view, adopted())) is Reason.CALENDAR_VERSION_WRONG


def test_only_a_registrar_of_the_first_organisation_adopts_one(view: MemoryView) -> None:
    add_organisation(view, "agency")
    add_officer(view, "agency-registrar", "agency", "registrar")
    add_officer(view, "clerk", MINISTRY, "clerk")
    assert outcome(RULES, case(view, adopted(header=header("agency-registrar", "agency")))) is Reason.OUT_OF_SCOPE
    assert outcome(RULES, case(view, adopted(header=header("clerk", MINISTRY)))) is Reason.ROLE_MISSING
