"""`ortoo officer`."""

from __future__ import annotations

import click


@click.group("officer")
def officer() -> None:
    """Officers and stations, and their appointments."""
