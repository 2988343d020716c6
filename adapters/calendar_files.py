"""Working calendars and outages on their way to the ledger: the file that holds a calendar, and what a registrar says.

A calendar file is TOML: `country`, `year`, `rest` (weekdays, in English), `holidays` and `working_days` (dates of that year).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from adapters.errors import AdapterError
from adapters.keyring import OfficerSigner
from adapters.station import Station, Utterance
from domain.calendars import calendar, first_day
from domain.events_office import CalendarAdopted, OutageDeclared
from domain.header import Document
from domain.ids import OrgId, sha256

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
FILE_LIMIT_BYTES: Final = 64 * 1024
"""A year of dates has a tenth of that."""
_EPOCH: Final = date(1970, 1, 1)
_KEYS: Final = frozenset({"country", "year", "rest", "holidays", "working_days"})


class CalendarFileError(AdapterError):
    """A file that holds no working calendar."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarFile:
    """What a calendar file says; weekdays from 1 (Monday), days since 1970-01-01, each list sorted."""

    country: str
    year: int
    rest_weekdays: tuple[int, ...]
    holidays: tuple[int, ...]
    working_days: tuple[int, ...]


def read_calendar(path: Path) -> CalendarFile:
    """Return the calendar in a file; raise `CalendarFileError` with everything that is wrong with it."""
    values = _parsed(path)
    problems = [f"{name} is no entry of a calendar" for name in sorted(values.keys() - _KEYS)]
    country, year = values.get("country"), values.get("year")
    if not isinstance(country, str) or not (len(country) == 2 and country.isascii() and country.isupper()):  # noqa: PLR2004
        problems.append('country must be two capital letters, such as "UZ"')
    if not isinstance(year, int) or isinstance(year, bool) or not _EPOCH.year <= year < 2100:  # noqa: PLR2004
        problems.append("year must be a year from 1970 to 2099")
        year = None
    rest = _weekdays(values.get("rest", []), problems)
    holidays, worked = (_days(values, name, year, problems) for name in ("holidays", "working_days"))
    problems += [f"{day_text(day)} is both holiday and working day" for day in sorted(set(holidays) & set(worked))]
    if problems:
        raise CalendarFileError(f"{path} holds no working calendar: " + "; ".join(problems) + ". Nothing was signed.")
    return CalendarFile(country=str(country), year=year or 0, rest_weekdays=rest, holidays=holidays, working_days=worked)


def day_text(day: int) -> str:
    """Return a day as `2026-03-21`."""
    return date.fromordinal(_EPOCH.toordinal() + day).isoformat()


def calendar_adopted(station: Station, signer: OfficerSigner, speaker: OrgId, said: CalendarFile) -> Utterance:
    """Return the adoption of a calendar, in the version after the last one."""
    before = calendar(station.view, said.country, said.year)
    body = CalendarAdopted(
        header=station.header(speaker, (signer,)),
        country=said.country,
        year=said.year,
        version=(before.last_version if before else 0) + 1,
        rest_weekdays=said.rest_weekdays,
        holidays=said.holidays,
        working_days=said.working_days,
    )
    intention = f"{body.TYPE}:{said.country}:{said.year}:{body.version}:{_digits_of(said)}"
    return Utterance(body=body, signers=(signer,), intention=intention)


def outage_declared(  # noqa: PLR0913 - what a declaration says
    station: Station,
    signer: OfficerSigner,
    speaker: OrgId,
    *,
    from_at: int,
    until_at: int,
    organisations: Iterable[OrgId],
    regions: Iterable[str],
    reason: str,
    cover: Document | None = None,
) -> Utterance:
    """Return the declaration of an outage; organisations and regions may come in any order."""
    body = OutageDeclared(
        header=station.header(speaker, (signer,)),
        from_at=from_at,
        until_at=until_at,
        organisations=tuple(sorted(set(organisations))),
        regions=tuple(sorted(set(regions))),
        reason=reason,
        cover=cover,
    )
    whom = f"{' '.join(body.organisations)}:{' '.join(body.regions)}"
    return Utterance(
        body=body,
        signers=(signer,),
        intention=f"{body.TYPE}:{from_at}:{until_at}:{reason}:{whom}",
        documents=(cover.sha256,) if cover is not None else (),
    )


def _digits_of(said: CalendarFile) -> str:
    """Return a few digits that differ between calendars that say different things."""
    return sha256(repr((said.rest_weekdays, said.holidays, said.working_days)).encode()).hex()[:16]


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        with path.open("rb") as stream:
            raw = stream.read(FILE_LIMIT_BYTES + 1)
        if len(raw) > FILE_LIMIT_BYTES:
            raise CalendarFileError(f"{path} has more than {FILE_LIMIT_BYTES} bytes, so it is no calendar. Name another file.")
        return tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise CalendarFileError(f"{path} cannot be read ({error.strerror}). Name the file of a calendar.") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise CalendarFileError(f"{path} is not TOML in UTF-8: {error}. See the guide on calendars for an example.") from error


def _weekdays(written: Any, problems: list[str]) -> tuple[int, ...]:
    names = written if isinstance(written, list) else [written]
    wrong = [name for name in names if name not in WEEKDAYS]
    if wrong or len(set(map(str, names))) == len(WEEKDAYS):
        problems.append(f"rest must name weekdays, and not all of them: {', '.join(WEEKDAYS)}")
        return ()
    return tuple(sorted({WEEKDAYS.index(name) + 1 for name in names}))


def _days(values: Mapping[str, Any], name: str, year: int | None, problems: list[str]) -> tuple[int, ...]:
    written = values.get(name, [])
    if not isinstance(written, list) or any(not isinstance(one, date) or isinstance(one, datetime) for one in written):
        problems.append(f"{name} must be a list of dates without quotes, such as [2026-03-21]")
        return ()
    days = tuple(sorted({(one - _EPOCH).days for one in written}))
    if year is not None:
        inside = range(first_day(year), first_day(year + 1))
        problems += [f"{name}: {day_text(day)} does not lie in {year}" for day in days if day not in inside]
    return days
