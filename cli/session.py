"""One run of a command: who asked for what, in which home and language, and where its answer goes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar, cast

import click

from adapters.clock import system_clock_ms
from cli.errors import ExitCode, redacted
from cli.languages import Language
from cli.render import json_text
from cli.settings import Settings, home_of, read_settings

T = TypeVar("T")


class _Closes(Protocol):
    def close(self) -> None:
        """Let go of what is held."""


class Session:
    """What every command gets: settings, language, output, clock, and the parts that it opened, closed at its end.

    The options `--home`, `--json`, `--lang` and `--as` write `chosen` while the command line is read; nothing else is
    read before a command asks for it, so `--help` needs no home.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, now_ms: Callable[[], int] = system_clock_ms) -> None:
        """Start a run with the process's environment (or another) and a clock in milliseconds UTC."""
        self.environment: Mapping[str, str] = os.environ if environment is None else environment
        self.now_ms = now_ms
        self.chosen: dict[str, Any] = {}
        self._kept: dict[Callable[..., Any], Any] = {}
        self._stack = ExitStack()
        self._write_note: Callable[[str], None] = lambda text: click.echo(text, err=True)

    @cached_property
    def home(self) -> Path:
        """The home folder of this station; it need not exist yet."""
        return home_of(self.chosen.get("home"), self.environment)

    @cached_property
    def settings(self) -> Settings:
        """The settings of the home with what the options override; raises `SettingsError`."""
        found = read_settings(self.home, self.environment)
        if "lang" in self.chosen:
            found = replace(found, lang=Language(self.chosen["lang"]))
        return replace(found, officer=self.chosen["officer"]) if "officer" in self.chosen else found

    @property
    def as_json(self) -> bool:
        """Whether the answer is for a program."""
        return bool(self.chosen.get("json"))

    @property
    def language(self) -> Language:
        """The language of labels and prompts."""
        return self.settings.lang

    def keep(self, make: Callable[[Session], T]) -> T:
        """Return what `make` makes of this session, made once and closed at the end of the run.

        This is how commands get what `cli.wiring` builds: `station = session.keep(open_station)`.
        """
        if make not in self._kept:
            made = make(self)
            if isinstance(made, AbstractContextManager):
                made = self._stack.enter_context(made)
            elif hasattr(made, "close"):
                self._stack.callback(cast("_Closes", made).close)
            self._kept[make] = made
        return cast("T", self._kept[make])

    def show(self, data: Any, lines: Iterable[str] | Callable[[], Iterable[str]]) -> None:
        """Print the answer on standard output: `data` as JSON if a program asked, else the lines."""
        if self.as_json:
            click.echo(json_text(data))
            return
        for line in lines() if callable(lines) else lines:
            click.echo(line)

    def note(self, text: str) -> None:
        """Tell the person something on standard error, where it does not disturb the answer."""
        self._write_note(redacted(text))

    def note_with(self, write: Callable[[str], None]) -> None:
        """Let what people are told go another way from now on, such as into a log."""
        self._write_note = write

    def end_with(self, code: ExitCode) -> NoReturn:
        """End the command here with an exit code, after its answer is printed (7 queued, 8 partly done, …)."""
        raise click.exceptions.Exit(int(code))

    @property
    def asks(self) -> bool:
        """Whether there is a person at a terminal who can be asked."""
        return sys.stdin.isatty()

    def close(self) -> None:
        """Close what was opened, last first."""
        self._kept.clear()
        self._stack.close()
