"""A command that runs beside a server which was started for it, and what is said to a person once it has ended."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence


def run_beside(command: Sequence[str], values: Mapping[str, str], server: str, *, stay: bool) -> int:
    """Run a command in which `{name}` stands for each value, and return its exit code.

    With `stay`, and if a person sits there, the server runs on afterwards until he interrupts it: what the command told him
    to try needs it.
    """
    words = list(command)
    for name, value in values.items():
        words = [word.replace(f"{{{name}}}", value) for word in words]
    code = subprocess.run(words, check=False).returncode
    if stay and code == 0:
        _stay(server)
    return code


def _stay(server: str) -> None:
    if not sys.stdin.isatty():
        _say(f"{server} ends with this run, and what needs it does not work any more. Run this at a terminal to keep it.")
        return
    _say(f"{server} runs on until you interrupt it (Ctrl-C): try the commands above in another terminal.")
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


def _say(words: str) -> None:
    print(f"\n{words}", file=sys.stderr, flush=True)  # noqa: T201 - what is said to a person at a terminal
