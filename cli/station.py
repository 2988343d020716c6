"""`ortoo station`."""

from __future__ import annotations

import click


@click.group("station")
def station() -> None:
    """Follow the ledger all the time."""
