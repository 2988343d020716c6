"""`ortoo letter`: the noun, and its verbs from the files that have them."""

from __future__ import annotations

import click

from cli.letter_changes import recall_command, supersede_command
from cli.letter_drafts import check_command, draft_command, sign_command
from cli.letter_handling import close_command, remind_command, transfer_command, withdraw_receipt_command
from cli.letter_outside import delivered_command, receive_command
from cli.letter_printing import print_command
from cli.letter_reading import read_command
from cli.letter_receipts import accept_recall_command, acknowledge_command, decline_recall_command, refuse_command
from cli.letter_sending import reply_command, send_command
from cli.letter_templates import templates_command
from cli.letter_views import list_command, show_command


@click.group("letter")
def letter() -> None:
    """Letters: draft, sign, send, read, acknowledge, refuse."""


for _command in (
    draft_command,
    templates_command,
    check_command,
    sign_command,
    send_command,
    reply_command,
    acknowledge_command,
    refuse_command,
    recall_command,
    accept_recall_command,
    decline_recall_command,
    supersede_command,
    transfer_command,
    close_command,
    withdraw_receipt_command,
    remind_command,
    receive_command,
    delivered_command,
    list_command,
    show_command,
    read_command,
    print_command,
):
    letter.add_command(_command)
