"""`ortoo queue`."""

from __future__ import annotations

import click


@click.group("queue")
def queue() -> None:
    """What is signed but not on the ledger yet."""
