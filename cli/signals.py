"""How a process that runs by itself is told to end: by SIGTERM or SIGINT, which it hears between two pieces of its work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def told_to_stop() -> Iterator[Callable[[float], bool]]:
    """Give what waits so many seconds and says whether the process was told to end meanwhile."""
    told = threading.Event()
    before = {one: signal.signal(one, lambda *_: told.set()) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told.wait
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
