"""`ortoo key`."""

from __future__ import annotations

import click


@click.group("key")
def key() -> None:
    """Keys: make, enrol, suspend, revoke."""
