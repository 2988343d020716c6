"""Working calendars: for a country and a year the weekly days of rest, the holidays, and days of rest that are worked.

Days are counted from 1970-01-01 (0) in the ledger's offset, so no time zone and no clock is consulted. Aggregates:
`calendar:<country>:<year>` in its last version, and `calendars`, which names the countries that have any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final, cast

from domain.authority import registrar_above
from domain.changes import EPOCH, Change, State, View, moment
from domain.errors import DomainError
from domain.events_office import CalendarAdopted
from domain.exchange import exchange
from domain.ids import OrgId
from domain.reasons import Reason
from domain.rules import Case, Rule, Signers, requires, stamp

DAY_MS: Final = 86_400_000
MINUTE_MS: Final = 60_000
CALENDARS_ID: Final = "calendars"
_COUNTRY_LETTERS: Final = 2
_WEEK: Final = 7
_THURSDAY: Final = 4
"""1970-01-01 was one; Monday is 1."""


class CalendarMissingError(DomainError):
    """Working days cannot be counted, because a year has no calendar."""

    def __init__(self, year: int) -> None:
        """Name the year."""
        super().__init__(f"no calendar of {year} is adopted")
        self.year = year


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar(State):
    """The calendar of a country for a year in its last version; `working_days` are worked though the week would rest."""

    country: str
    year: int
    last_version: int
    rest_weekdays: tuple[int, ...]
    holidays: tuple[int, ...]
    working_days: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Countries(State):
    """The countries that have a calendar of some year, sorted."""

    countries: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarEntered(Change):
    """A version of a calendar was adopted."""

    TOPIC: ClassVar[str] = "calendar.entered.v1"
    country: str
    year: int
    last_version: int
    rest_weekdays: tuple[int, ...]
    holidays: tuple[int, ...]
    working_days: tuple[int, ...]

    def mutate(self, aggregate: Calendar | None) -> Calendar:  # noqa: ARG002 - it replaces what was
        """Return the calendar in this version."""
        return Calendar(
            id=self.originator_id,
            version=self.originator_version,
            country=self.country,
            year=self.year,
            last_version=self.last_version,
            rest_weekdays=self.rest_weekdays,
            holidays=self.holidays,
            working_days=self.working_days,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CountryEntered(Change):
    """A country has its first calendar."""

    TOPIC: ClassVar[str] = "calendars.country_entered.v1"
    country: str

    def mutate(self, aggregate: Countries | None) -> Countries:
        """Return the countries with this one."""
        before = aggregate.countries if aggregate else ()
        countries = tuple(sorted({*before, self.country}))
        return Countries(id=self.originator_id, version=self.originator_version, countries=countries)


Find = Callable[[int], Calendar | None]
"""Finds the calendar of a year."""


def calendar_key(country: str, year: int) -> str:
    """Return the id of the aggregate of a country's calendar for a year."""
    return f"calendar:{country}:{year}"


def calendar(view: View, country: str, year: int) -> Calendar | None:
    """Return the calendar of a country for a year in its last version, None if none was adopted."""
    return cast("Calendar | None", view.get(calendar_key(country, year)))


def countries(view: View) -> tuple[str, ...]:
    """Return the countries that have a calendar of some year."""
    found = cast("Countries | None", view.get(CALENDARS_ID))
    return found.countries if found else ()


def weekday_of(day: int) -> int:
    """Return the weekday of a day: 1 is Monday, 7 Sunday."""
    return (day + _THURSDAY - 1) % _WEEK + 1


def year_of_day(day: int) -> int:
    """Return the year in which a day lies."""
    return moment(day * DAY_MS).year


def first_day(year: int) -> int:
    """Return the first day of a year."""
    return (EPOCH.replace(year=year) - EPOCH).days


def day_of(at_ms: int, utc_offset_minutes: int) -> int:
    """Return the day in which a time falls, in the ledger's offset."""
    return (at_ms + utc_offset_minutes * MINUTE_MS) // DAY_MS


def end_of_day(day: int, utc_offset_minutes: int) -> int:
    """Return the last millisecond of a day in the ledger's offset, in milliseconds UTC."""
    return (day + 1) * DAY_MS - utc_offset_minutes * MINUTE_MS - 1


def is_working_day(of: Calendar, day: int) -> bool:
    """Tell whether a day of a calendar's year is worked: moved there, or neither holiday nor weekly day of rest."""
    return day in of.working_days or (day not in of.holidays and weekday_of(day) not in of.rest_weekdays)


def working_day_after(day: int, count: int, find: Find) -> int:
    """Return the `count`-th working day after a day, the day itself not counted (0: itself).

    Raises `CalendarMissingError` as soon as a year is reached for which `find` has no calendar.
    """
    left = count
    while left > 0:
        day += 1
        year = year_of_day(day)
        found = find(year)
        if found is None:
            raise CalendarMissingError(year)
        left -= is_working_day(found, day)
    return day


def working_days_in(of: Calendar) -> int:
    """Return how many days of a calendar's year are worked."""
    return sum(is_working_day(of, day) for day in range(first_day(of.year), first_day(of.year + 1)))


def first_organisation(case: Case) -> tuple[OrgId, ...]:
    """Return whom an event concerns that is about the whole exchange: the first organisation."""
    return (exchange(case.view).first_organisation,)


def is_in_order(values: tuple[object, ...]) -> bool:
    """Tell whether values are sorted, each once."""
    return values == tuple(sorted(set(values)))  # type: ignore[type-var] # numbers or texts, each list of one kind


def _country_is_a_code(case: Case) -> bool:
    """The country is a code of two capital letters, as in ISO 3166-1 alpha-2."""
    country = case.body.country
    return len(country) == _COUNTRY_LETTERS and country.isascii() and country.isalpha() and country.isupper()


def _version_is_next(case: Case) -> bool:
    """The version is the last one of that country and year plus one."""
    before = calendar(case.view, case.body.country, case.body.year)
    return bool(case.body.version == (before.last_version if before else 0) + 1)


def _days_fit(case: Case) -> bool:
    """The days lie in the year, sorted and once each; none is both holiday and working day; the weekdays are sorted too."""
    body = case.body
    days = range(first_day(body.year), first_day(body.year + 1))
    return (
        all(is_in_order(values) for values in (body.rest_weekdays, body.holidays, body.working_days))
        and all(day in days for day in (*body.holidays, *body.working_days))
        and not set(body.holidays) & set(body.working_days)
    )


def _adopt(case: Case) -> tuple[Change, ...]:
    body, view = case.body, case.view
    entered = CalendarEntered(
        **stamp(case, calendar_key(body.country, body.year), calendar(view, body.country, body.year)),
        country=body.country,
        year=body.year,
        last_version=body.version,
        rest_weekdays=body.rest_weekdays,
        holidays=body.holidays,
        working_days=body.working_days,
    )
    if body.country in countries(view):
        return (entered,)
    return (entered, CountryEntered(**stamp(case, CALENDARS_ID, view.get(CALENDARS_ID)), country=body.country))


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        event=CalendarAdopted,
        signers=Signers.ONE,
        authority=registrar_above(first_organisation),
        preconditions=(
            requires(Reason.COUNTRY_WRONG, _country_is_a_code),
            requires(Reason.CALENDAR_VERSION_WRONG, _version_is_next),
            requires(Reason.CALENDAR_DAYS_WRONG, _days_fit),
        ),
        changes=_adopt,
    ),
)
