"""Options that many commands share, written once.

A command is written so; `session` is its first argument, and the example is a rule of the house::

    @group.command("show")
    @command_options
    def show(session: Session) -> None:
        '''Show one thing.

        Example:
          ortoo register show incoming
        '''
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

import click

from cli.languages import Language
from cli.session import Session

P = ParamSpec("P")
R = TypeVar("R")
Command = TypeVar("Command", bound=Callable[..., Any])

JSON: Final = "json"
WORDS: Final = "words"

# click keeps the lines of a paragraph that begins with a backspace as they are.
_EXAMPLE: Final = re.compile(r"^([ \t]*)(?:\\b\n[ \t]*)?Example:", re.MULTILINE)


def choose(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    """Return a callback that lets an option write what was chosen into the session, under a name."""

    def remember(ctx: click.Context, _parameter: click.Parameter, value: Any) -> Any:
        if value is not None and value is not False:
            ctx.ensure_object(Session).chosen[name] = value
        return value

    return remember


def global_options(command: Command) -> Command:
    """Give a command the options that may stand before the noun and after the verb alike, and set its example off."""
    command.__doc__ = _EXAMPLE.sub(r"\1\b\n\1Example:", command.__doc__ or "")
    for decorate in (
        click.option("--as", "officer_", metavar="OFFICER", callback=choose("officer"), expose_value=False, help="Who acts."),
        click.option(
            "--lang",
            type=click.Choice([one.value for one in Language]),
            callback=choose("lang"),
            expose_value=False,
            help="Language of labels and prompts.",
        ),
        click.option("--json", "json_", is_flag=True, callback=choose("json"), expose_value=False, help="Answer in JSON."),
        click.option(
            "--home",
            metavar="FOLDER",
            type=click.Path(file_okay=False),
            callback=choose("home"),
            expose_value=False,
            help="Where this station's state lies (ORTOO_HOME).",
        ),
    ):
        command = decorate(command)
    return command


def command_options(function: Callable[Concatenate[Session, P], R]) -> Callable[P, R]:
    """Give a command the global options, and the session as its first argument."""

    def with_session(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(click.get_current_context().ensure_object(Session), *args, **kwargs)

    return global_options(update_wrapper(with_session, function))


def reading_options(command: Command) -> Command:
    """Give a reading command `--as-of`; the function gets `as_of`, a text or None (see cli.as_of)."""
    option = click.option("--as-of", metavar="POSITION|TIME", help="Show it as it stood after that position, or at that time.")
    return option(command)


def page_options(command: Command) -> Command:
    """Give a list `--limit` and `--after`; the function gets `limit` (None: as the settings say) and `after`."""
    for decorate in (
        click.option("--after", metavar="CURSOR", help="Go on after the last line of the page before."),
        click.option("--limit", type=click.IntRange(1, 100_000), help="Show at most so many lines."),
    ):
        command = decorate(command)
    return command


def acting_options(command: Command) -> Command:
    """Give a command that signs `--yes` and `--dry-run`; the function gets `yes` and `dry_run` (see cli.confirm)."""
    for decorate in (
        click.option("--dry-run", is_flag=True, help="Show what would be signed, judge it here, and stop."),
        click.option("--yes", is_flag=True, help="Do not ask (for scripts)."),
    ):
        command = decorate(command)
    return command


def log_option(command: Command) -> Command:
    """Give a command that runs by itself `--log`; the function gets `as_json`, whether events are written for programs."""

    def is_json(_ctx: click.Context, _parameter: click.Parameter, form: str | None) -> bool:
        return (form or (WORDS if sys.stderr.isatty() else JSON)) == JSON

    words = "How events are written (words at a terminal, else JSON)."
    return click.option("--log", "as_json", type=click.Choice([JSON, WORDS]), callback=is_json, help=words)(command)
