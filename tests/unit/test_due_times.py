"""Due times as people write them, in the ledger's offset."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from adapters.due_times import DueTimeError, as_written, parse_due, show, show_offset

NOW = datetime(2026, 11, 24, 9, 2, tzinfo=UTC)
NOW_MS = int(NOW.timestamp()) * 1000
TASHKENT, ULAANBAATAR, KATHMANDU = 300, 480, 345


def utc_ms(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


GOOD = {
    "end of a day in Tashkent": ("2026-12-01", TASHKENT, "2026-12-01T18:59:59.999"),
    "end of the same day in Ulaanbaatar": ("2026-12-01", ULAANBAATAR, "2026-12-01T15:59:59.999"),
    "end of today": ("2026-11-24", TASHKENT, "2026-11-24T18:59:59.999"),
    "end of a leap day": ("2028-02-29", TASHKENT, "2028-02-29T18:59:59.999"),
    "a time of the ledger": ("2026-12-01T14:00", TASHKENT, "2026-12-01T09:00"),
    "a time of the ledger with a space": ("2026-12-01 14:00:30", KATHMANDU, "2026-12-01T08:15:30"),
    "a time with its own offset": ("2026-12-01T14:00+08:00", TASHKENT, "2026-12-01T06:00"),
    "a time in UTC": ("2026-12-01T14:00Z", TASHKENT, "2026-12-01T14:00"),
    "a time today": ("17:30", TASHKENT, "2026-11-24T12:30"),
    "spaces around": ("  +20s ", TASHKENT, "2026-11-24T09:02:20"),
    "seconds from now": ("+20s", TASHKENT, "2026-11-24T09:02:20"),
    "minutes from now": ("+10m", TASHKENT, "2026-11-24T09:12"),
    "hours from now": ("+5h", TASHKENT, "2026-11-24T14:02"),
    "days from now": ("+3d", TASHKENT, "2026-11-27T09:02"),
}


@pytest.mark.parametrize(("text", "offset", "expected"), GOOD.values(), ids=GOOD.keys())
def test_a_due_time_is_understood(text: str, offset: int, expected: str) -> None:
    assert parse_due(text, now_ms=NOW_MS, utc_offset_minutes=offset) == utc_ms(expected)


@pytest.mark.parametrize(("text", "offset", "expected"), GOOD.values(), ids=GOOD.keys())
def test_a_due_time_is_written_so_that_it_is_understood_again(text: str, offset: int, expected: str) -> None:
    due_ms = utc_ms(expected)
    written = as_written(due_ms, offset)
    assert parse_due(written, now_ms=NOW_MS, utc_offset_minutes=offset) == due_ms
    assert ("T" in written) is not expected.endswith("59.999"), text


PASSED = ["2026-11-23", "2026-11-24T14:02", "2026-11-24T09:02Z", "14:02", "08:00", "+0s", "1969-12-31"]


@pytest.mark.parametrize("text", PASSED)
def test_what_has_passed_is_refused_with_the_time_it_is(text: str) -> None:
    with pytest.raises(DueTimeError, match=r"has passed: it is 2026-11-24 14:02 \(\+05\)"):
        parse_due(text, now_ms=NOW_MS, utc_offset_minutes=TASHKENT)


NO_TIMES = ["", "soon", "ertaga", "2026-13-01", "2026-02-30", "01.12.2026", "+3", "+3w", "-3d", "+d", "+1234567d", "25:00"]
NO_TIMES += ["2026-12-01T", "20261201", "2026-W49-1", "+３d", "2026-12-01T14:00+99:00"]


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_no_time_is_refused_with_the_ways_to_write_one(text: str) -> None:
    with pytest.raises(DueTimeError, match="Write a date"):
        parse_due(text, now_ms=NOW_MS, utc_offset_minutes=TASHKENT)


@pytest.mark.parametrize("text", ["2100-01-01", "9999-12-31", "+99999d"])
def test_what_no_event_can_name_is_refused(text: str) -> None:
    with pytest.raises(DueTimeError, match=r"after 2099|not a due time"):
        parse_due(text, now_ms=NOW_MS, utc_offset_minutes=-TASHKENT)


def test_times_are_shown_with_their_offset() -> None:
    assert show(NOW_MS, TASHKENT) == "2026-11-24 14:02 (+05)"
    assert show(NOW_MS + 20_999, KATHMANDU) == "2026-11-24 14:47:20 (+05:45)"
    assert (show_offset(-210), show_offset(0)) == ("-03:30", "+00")


@pytest.mark.parametrize("at_ms", [2**63 - 1, -(2**63), 2**63 * 1000, 253_402_300_799_999, -62_135_596_800_001])
def test_a_number_that_is_no_time_of_any_calendar_is_shown_as_it_is(at_ms: int) -> None:
    assert show(at_ms, TASHKENT) == f"{at_ms} ms"
