"""The system's clock: the one place of the adapters where the time of day is read."""

from __future__ import annotations

import time


def system_clock_ms() -> int:
    """Return the system's time as milliseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1_000_000
