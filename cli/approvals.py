"""`ortoo approval`: the noun, and its verbs from the files that have them."""

from __future__ import annotations

import click

from cli.approval_acts import (
    delegate_command,
    give_command,
    reassign_command,
    refuse_command,
    return_command,
    withdraw_command,
)
from cli.approval_requesting import request_command
from cli.approval_views import list_command, remind_command, show_command


@click.group("approval")
def approval() -> None:
    """Approvals: ask for them, decide, and see how a route stands."""


for _command in (
    request_command,
    give_command,
    refuse_command,
    return_command,
    delegate_command,
    reassign_command,
    withdraw_command,
    remind_command,
    list_command,
    show_command,
):
    approval.add_command(_command)
