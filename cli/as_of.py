"""`--as-of POSITION|TIME`: up to where history is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from cli.errors import UsageError

_POSITION: Final = re.compile(r"[0-9]{1,16}")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, kw_only=True, slots=True)
class AsOfPosition:
    """The prefix up to and including this position."""

    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AsOfTime:
    """The prefix up to and including the last position whose ledger time is not later than this (milliseconds UTC)."""

    at_ms: int


AsOf = AsOfPosition | AsOfTime


def parse_as_of(text: str, utc_offset_minutes: int) -> AsOf:
    """Return what `--as-of` names: a position, a date (the end of that day) or a time, in the ledger's offset.

    Raises `UsageError` if it is none of these.
    """
    written = text.strip()
    if _POSITION.fullmatch(written):
        return AsOfPosition(position=int(written))
    try:
        return AsOfTime(at_ms=_instant(written, utc_offset_minutes, end_of_day=True))
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--as-of {text!r} is neither a position nor a time. Write a position (812), a date (2026-11-24: the end of that "
            "day) or a time (2026-11-24T14:02)."
        ) from error


def parse_bound(text: str, utc_offset_minutes: int, *, end_of_day: bool) -> int:
    """Return a date or a time as milliseconds UTC; a date is its beginning, or with `end_of_day` its end.

    Raises `UsageError` if it is neither.
    """
    try:
        return _instant(text.strip(), utc_offset_minutes, end_of_day=end_of_day)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text!r} is no time. Write a date (2026-11-24) or a time (2026-11-24T14:02).") from error


def _instant(written: str, utc_offset_minutes: int, *, end_of_day: bool) -> int:
    moment = datetime.fromisoformat(written)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone(timedelta(minutes=utc_offset_minutes)))
    if end_of_day and _DATE.fullmatch(written):
        moment += timedelta(days=1, milliseconds=-1)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
