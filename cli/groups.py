"""`ortoo group`."""

from __future__ import annotations

import click


@click.group("group")
def group() -> None:
    """Groups of organisations, for circulars."""
