"""`ortoo history`."""

from __future__ import annotations

import click

from cli.errors import CliError
from cli.options import command_options
from cli.session import Session


@click.command("history")
@command_options
def history(session: Session) -> None:
    """Every event, with its verdict.

    Example:
      ortoo history
    """
    raise CliError(f"`ortoo history` is not built yet: nothing was read from {session.home}.")
