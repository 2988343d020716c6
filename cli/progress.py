"""Progress of long work, on standard error: one moving line at a terminal, a sparse line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Final, TextIO

from cli.render import cut_text, terminal_width

QUIET_S: Final = 2.0
"""Work that is done sooner needs no progress (issue "spine", 8)."""
MOVING_EVERY_S: Final = 0.2
"""At a terminal the line moves five times a second; more could not be read."""
SPARSE_EVERY_S: Final = 10.0
"""In a log one line in ten seconds shows that it is alive without filling it."""


class ProgressLine:
    """Tells how far a work has come once it takes longer than two seconds; call it as often as you like.

    It is a context manager; leaving it clears the moving line.
    """

    def __init__(self, what: str, *, stream: TextIO | None = None, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Name the work, as in `reading the ledger`."""
        self._what = what
        self._stream = stream or sys.stderr
        self._monotonic = monotonic
        self._moving = self._stream.isatty()
        self._started = monotonic()
        self._next = self._started + QUIET_S
        self._drawn = False

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        if self._drawn and self._moving:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def __call__(self, done: int, total: int | None = None) -> None:
        """Tell that `done` of `total` (None: not known) are done."""
        now = self._monotonic()
        if now < self._next:
            return
        self._next = now + (MOVING_EVERY_S if self._moving else SPARSE_EVERY_S)
        share = f"{done:,} of {total:,} ({100 * done // total} %)" if total else f"{done:,}"
        line = f"{self._what}: {share}, {now - self._started:.0f} s"
        self._stream.write(f"\r\x1b[K{cut_text(line, terminal_width() - 1)}" if self._moving else f"{line}\n")
        self._stream.flush()
        self._drawn = True
