"""`ortoo ledger`."""

from __future__ import annotations

import click


@click.group("ledger")
def ledger() -> None:
    """Create, join, check and show a ledger."""
