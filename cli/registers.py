"""`ortoo register`."""

from __future__ import annotations

import click


@click.group("register")
def register() -> None:
    """Registers and their numbers."""
