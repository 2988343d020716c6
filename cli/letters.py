"""`ortoo letter`."""

from __future__ import annotations

import click


@click.group("letter")
def letter() -> None:
    """Letters: draft, sign, send, read, acknowledge, refuse."""
