"""Terms in working days: computed once, when a letter is signed, by the calendar in force where the station stands then.

A letter carries the instant, never the number of days; a calendar that is adopted later changes no letter.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.due_times import LATEST_MS, DueTimeError, as_written, parse_due
from adapters.station import Station
from domain.calendars import (
    DAY_MS,
    CalendarMissingError,
    calendar,
    countries,
    day_of,
    end_of_day,
    is_working_day,
    working_day_after,
    year_of_day,
)

WORKING_DAYS: Final = "wd"
_IN_WORKING_DAYS: Final = re.compile(r"\+([0-9]{1,3})wd")
_LONGEST_SPAN_DAYS: Final = 999
"""A longer time from signing was not given as a number of days."""
_SIGNING_MS: Final = 60_000
"""Within so long of its signature a term of whole days was computed: the ledger's clock and the station's differ a little."""


class CountryUnknownError(DueTimeError):
    """Working days cannot be counted, because it is not known by the calendar of which country."""


def country_of(station: Station) -> str:
    """Return by whose calendar this station counts: the one it was told, else the only country that has any on this ledger.

    Raises `CountryUnknownError` if there is none, or more than one.
    """
    known = countries(station.view)
    if station.parts.country is not None:
        return station.parts.country
    if len(known) == 1:
        return known[0]
    why = f"calendars of {', '.join(known)} are adopted" if known else "no calendar is adopted on this ledger"
    raise CountryUnknownError(
        f"Working days cannot be counted: {why}. Set `country` in ortoo.toml, have a registrar of the first organisation adopt "
        "a calendar with `ortoo calendar adopt FILE`, or name a date."
    )


def due_of(station: Station, text: str) -> int:
    """Return a due time as people write it, in milliseconds UTC: as `parse_due` does, and `+3wd` for working days from today.

    Raises `DueTimeError` for a text that is none, or working days for which there is no calendar.
    """
    offset, now_ms = station.exchange.utc_offset_minutes, station.rehearsal_time
    found = _IN_WORKING_DAYS.fullmatch(text.strip())
    if found is None:
        return parse_due(text, now_ms=now_ms, utc_offset_minutes=offset)
    due_ms = end_of_day(day_after(station, int(found[1])), offset)
    if due_ms > LATEST_MS:
        raise DueTimeError(f"{text!r} is after 2099, which no event can name. Name an earlier time.")
    return due_ms


def day_after(station: Station, working_days: int) -> int:
    """Return the day that is so many working days after today (days since 1970-01-01, in the ledger's offset).

    Raises `CountryUnknownError`, and `DueTimeError` if a year on the way has no calendar.
    """
    country = country_of(station)
    today = day_of(station.rehearsal_time, station.exchange.utc_offset_minutes)
    try:
        return working_day_after(today, working_days, lambda year: calendar(station.view, country, year))
    except CalendarMissingError as error:
        raise DueTimeError(
            f"{working_days} working days cannot be counted: no calendar of {country} for {error.year} is adopted. A registrar "
            "of the first organisation adopts one with `ortoo calendar adopt FILE`; or name a date."
        ) from error


def term_again(station: Station, *, signed_at: int, due_at: int) -> str | None:
    """Return how a letter's term (milliseconds UTC) is asked for again today: in days if it can have been given so.

    A letter carries the instant only, so this infers: the end of a working day was working days from signing, a whole number of
    days after signing was that. What is neither is returned as a date or a time if it is still to come, else None.
    """
    offset = station.exchange.utc_offset_minutes
    days = (due_at - signed_at) // DAY_MS
    if 0 <= days <= _LONGEST_SPAN_DAYS:
        working = _working_days(station, day_of(signed_at, offset), day_of(due_at, offset))
        if working and due_at == end_of_day(day_of(due_at, offset), offset):
            return f"+{working}{WORKING_DAYS}"
        if days and (due_at - signed_at) % DAY_MS <= _SIGNING_MS:
            return f"+{days}d"
    return as_written(due_at, offset) if due_at > station.rehearsal_time else None


def _working_days(station: Station, first: int, last: int) -> int:
    """Return how many working days after the first day the last one is; 0 if it is none, or that cannot be counted."""
    try:
        country = country_of(station)
    except CountryUnknownError:
        return 0
    count, is_worked = 0, False
    for day in range(first + 1, last + 1):
        known = calendar(station.view, country, year_of_day(day))
        if known is None:
            return 0
        is_worked = is_working_day(known, day)
        count += is_worked
    return count if is_worked else 0
