"""`ortoo projection`."""

from __future__ import annotations

import click


@click.group("projection")
def projection() -> None:
    """Views of the ledger: list, status, rebuild."""
