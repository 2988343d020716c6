"""`ortoo inbox` and `ortoo outbox`."""

from __future__ import annotations

import click

from cli.errors import CliError
from cli.options import command_options
from cli.session import Session


@click.command("inbox")
@command_options
def inbox(session: Session) -> None:
    """Letters received, and what is still owed.

    Example:
      ortoo inbox
    """
    raise CliError(f"`ortoo inbox` is not built yet: nothing was read from {session.home}.")


@click.command("outbox")
@command_options
def outbox(session: Session) -> None:
    """Letters sent, and the fate of each.

    Example:
      ortoo outbox
    """
    raise CliError(f"`ortoo outbox` is not built yet: nothing was read from {session.home}.")
