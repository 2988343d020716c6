"""`ortoo org`."""

from __future__ import annotations

import click


@click.group("org")
def org() -> None:
    """Organisations of the directory."""
