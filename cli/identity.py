"""`ortoo identity`."""

from __future__ import annotations

import click


@click.group("identity")
def identity() -> None:
    """Who acts at this station."""
