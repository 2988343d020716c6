"""`ortoo demo`."""

from __future__ import annotations

import click

from cli.errors import CliError
from cli.options import command_options
from cli.session import Session


@click.command("demo")
@command_options
def demo(session: Session) -> None:
    """Watch a ministry write to 100 committees.

    Example:
      ortoo demo
    """
    raise CliError(f"`ortoo demo` is not built yet: nothing was read from {session.home}.")
