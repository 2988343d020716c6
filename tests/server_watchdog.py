"""Ends servers whose tests are gone: started beside them, told each process, alive until its standard input ends.

`+PID` and `-PID` lines say which processes to end. The input ends when the process that holds it does, however it
does, so that a run that is killed leaves no broker and no database behind.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterable


def watch(lines: Iterable[str]) -> set[int]:
    """Follow the lines to their end and return the processes that still stand."""
    standing: set[int] = set()
    for line in lines:
        sign, pid = line[0], int(line[1:])
        if sign == "+":
            standing.add(pid)
        else:
            standing.discard(pid)
    return standing


def main(folder: str, sign: str = "SIGKILL") -> None:
    """Watch standard input, then end what still stands and remove the servers' data (their logs stay)."""
    standing = watch(sys.stdin)
    for pid in standing:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.Signals[sign])
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
