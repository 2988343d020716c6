"""Due times as people write them: a date, a time, or so long from now (issue "spine", 6).

The ledger has one offset from UTC for everybody; a date means the end of that day there, whatever the writer's own clock.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from adapters.errors import AdapterError

LATEST_MS: Final = 4_102_444_799_999
"""The last moment that an event can name (formats.md, "Canonical Avro"): the end of 2099."""
UNIT_MS: Final = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
"""Milliseconds in the units in which people write spans: 30m, 36h, 7d."""
_FROM_NOW: Final = re.compile(r"\+([0-9]{1,6})([smhd])")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME_TODAY: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_DAY: Final = timedelta(days=1)
_MILLISECOND: Final = timedelta(milliseconds=1)


class DueTimeError(AdapterError):
    """A text that is no due time, or one that has passed."""


def parse_due(text: str, *, now_ms: int, utc_offset_minutes: int) -> int:
    """Return a due time in milliseconds UTC.

    `2026-12-01` is the last millisecond of that day in the ledger's offset; `2026-12-01T14:00` and `14:00` (today) are in
    that offset too unless one is written; `+20s`, `+10m`, `+5h`, `+3d` count from now.
    Raises `DueTimeError` if the text is none of these, or not after now, or after 2099.
    """
    written = text.strip()
    found = _FROM_NOW.fullmatch(written)
    if found:
        due_ms = now_ms + int(found[1]) * UNIT_MS[found[2]]
    else:
        due_ms = _to_ms(_moment(written, now_ms, timezone(timedelta(minutes=utc_offset_minutes))))
    if due_ms <= now_ms:
        now = show(now_ms, utc_offset_minutes)
        raise DueTimeError(f"{text!r} has passed: it is {now} on this ledger. Name a later time, such as +3d.")
    if due_ms > LATEST_MS:
        raise DueTimeError(f"{text!r} is after 2099, which no event can name. Name an earlier time.")
    return due_ms


def as_written(due_ms: int, utc_offset_minutes: int) -> str:
    """Return a due time (milliseconds UTC, not after 2099) as `parse_due` takes it: a date if it is the end of a day there."""
    zone = timezone(timedelta(minutes=utc_offset_minutes))
    moment = datetime.fromtimestamp(due_ms // 1000, tz=zone).replace(microsecond=due_ms % 1000 * 1000)
    next_moment = moment + _MILLISECOND
    is_end_of_day = next_moment.date() != moment.date()
    return f"{moment:%Y-%m-%d}" if is_end_of_day else moment.replace(tzinfo=None).isoformat()


def show(at_ms: int, utc_offset_minutes: int) -> str:
    """Return a time for people: `2026-12-01 14:02 (+05)`, with seconds if it has any; its number if no calendar has it."""
    try:
        moment = datetime.fromtimestamp(at_ms // 1000, tz=UTC).astimezone(timezone(timedelta(minutes=utc_offset_minutes)))
    except (ValueError, OverflowError, OSError):
        # A witness, or whoever made a file, can write any number where a time is to stand.
        return f"{at_ms} ms"
    clock = f"{moment:%Y-%m-%d %H:%M}" if moment.second == 0 else f"{moment:%Y-%m-%d %H:%M:%S}"
    return f"{clock} ({show_offset(utc_offset_minutes)})"


def show_offset(utc_offset_minutes: int) -> str:
    """Return an offset from UTC for people: `+05`, `+05:30`, `-03`."""
    hours, minutes = divmod(abs(utc_offset_minutes), 60)
    sign = "-" if utc_offset_minutes < 0 else "+"
    return f"{sign}{hours:02}" + (f":{minutes:02}" if minutes else "")


def _moment(written: str, now_ms: int, ledger_zone: timezone) -> datetime:
    try:
        if _DATE.fullmatch(written):
            day = datetime.fromisoformat(written).replace(tzinfo=ledger_zone)
            return day + _DAY - _MILLISECOND
        if _TIME_TODAY.fullmatch(written):
            today = datetime.fromtimestamp(now_ms // 1000, tz=ledger_zone)
            written = f"{today:%Y-%m-%d}T{written.zfill(5)}"
        elif not _DATE.match(written):
            raise ValueError(written)  # noqa: TRY301 - one message for every text that is no time
        moment = datetime.fromisoformat(written)
    except (ValueError, OverflowError) as error:
        raise DueTimeError(
            f"{written!r} is not a due time. Write a date (2026-12-01: the end of that day), a time (2026-12-01T14:00), "
            "or how long from now (+20s, +10m, +5h, +3d)."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ledger_zone)


def _to_ms(moment: datetime) -> int:
    # Whole numbers: a float of seconds would lose the last millisecond of a day.
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _MILLISECOND
