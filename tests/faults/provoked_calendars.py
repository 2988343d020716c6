"""What fails step 9 for working calendars and outages. Rules 3."""

from __future__ import annotations

from typing import Any

from domain.calendars import first_day
from domain.events_office import CalendarAdopted, OutageDeclared
from domain.ids import OrgId
from domain.outages import OUTAGE_LIMIT_MS
from domain.reasons import Reason
from tests.court import Court
from tests.faults.provocation import Record, provokes
from tests.fixed_exchange import HOUR_MS, REGISTRAR, Said

NEW_YEAR = first_day(2026)


def adopting(court: Court, **changes: Any) -> Said:
    """Return the adoption of a calendar for 2026."""
    fields: dict[str, Any] = {
        "country": "UZ",
        "year": 2026,
        "version": 1,
        "rest_weekdays": (6, 7),
        "holidays": (NEW_YEAR,),
        "working_days": (),
    }
    return court.exchange.say(CalendarAdopted, REGISTRAR, **{**fields, **changes})


def declaring(court: Court, **changes: Any) -> Said:
    """Return the declaration of an outage of the last hour that touched everybody."""
    now = court.clock()
    fields: dict[str, Any] = {
        "from_at": now - HOUR_MS,
        "until_at": now,
        "organisations": (),
        "regions": (),
        "reason": "POWER",
        "cover": None,
    }
    return court.exchange.say(OutageDeclared, REGISTRAR, **{**fields, **changes})


@provokes(Reason.COUNTRY_WRONG)
def a_calendar_of_a_country_by_name(court: Court) -> Record:
    return adopting(court, country="Uzbekistan")


@provokes(Reason.CALENDAR_VERSION_WRONG)
def the_same_version_of_a_calendar_twice(court: Court) -> Record:
    court.accept(adopting(court))
    return adopting(court, holidays=())


@provokes(Reason.CALENDAR_DAYS_WRONG)
def a_holiday_of_another_year(court: Court) -> Record:
    return adopting(court, holidays=(NEW_YEAR - 1,))


@provokes(Reason.CALENDAR_DAYS_WRONG)
def a_holiday_that_is_worked(court: Court) -> Record:
    return adopting(court, working_days=(NEW_YEAR,))


@provokes(Reason.CODE_UNKNOWN)
def an_outage_for_no_known_reason(court: Court) -> Record:
    return declaring(court, reason="HOLIDAY")


@provokes(Reason.OUTAGE_TIMES_WRONG)
def an_outage_of_last_year(court: Court) -> Record:
    return declaring(court, from_at=court.clock() - 2 * OUTAGE_LIMIT_MS)


@provokes(Reason.OUTAGE_NOT_SORTED)
def an_outage_that_names_an_organisation_twice(court: Court) -> Record:
    return declaring(court, organisations=(OrgId("mfy-001"), OrgId("mfy-001")))


@provokes(Reason.ORGANISATION_NOT_FOUND)
def an_outage_of_nobody_known(court: Court) -> Record:
    return declaring(court, organisations=(OrgId("nobody"),))
