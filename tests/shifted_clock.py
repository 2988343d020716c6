"""A wall clock that a test sets wrong for one program only, while it runs: the machine's own is left alone.

A small library, compiled here and preloaded into the program, adds to the time that the system tells what a file says.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("shifted_clock.c")
_SHIFT: Final = struct.Struct("=q")


class NoShiftedClockError(Exception):
    """No clock can be set wrong here; the message says why and what helps."""


class ShiftedClock:
    """The clock of the programs that are started with `variables`."""

    def __init__(self, folder: Path) -> None:
        """Compile the library into a folder; raise `NoShiftedClockError` where nothing compiles it, or would load it."""
        if sys.platform != "linux":
            raise NoShiftedClockError(f"{sys.platform} loads no library before those of a program; Linux does")
        compiler = shutil.which("cc")
        if compiler is None:
            raise NoShiftedClockError("no C compiler; install one with `apt-get install gcc libc6-dev`")
        self._library, self._file = folder / "shifted_clock.so", folder / "shift"
        command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(self._library), str(SOURCE), "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
        self.shift(0)

    @property
    def variables(self) -> Mapping[str, str]:
        """What a program is to find in its environment."""
        return {"LD_PRELOAD": str(self._library), "SHIFTED_CLOCK": str(self._file)}

    def shift(self, seconds: float) -> None:
        """Let the clock be so many seconds ahead of the machine's from now on."""
        # The same file, written at once: the program has it mapped.
        with self._file.open("r+b" if self._file.exists() else "wb", buffering=0) as file:
            file.write(_SHIFT.pack(int(seconds * 1e9)))
