"""Errors of the projections.

ProjectionError
├── ProjectionUnknownError        a name that no projection has
├── CursorError                   the place at which a list should go on is not one of that list
└── AsOfError                     a position or time at which there is nothing to show

StoreUnreachableError             (adapters.errors)
└── ViewsUnreachableError         the database of the views cannot be opened, read or written
"""

from __future__ import annotations

from typing import ClassVar

from adapters.errors import StoreUnreachableError


class ProjectionError(Exception):
    """Root of everything that the projections raise."""


class ProjectionUnknownError(ProjectionError):
    """There is no projection of this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        """Name what was asked for, and what there is."""
        super().__init__(f"There is no projection {name!r}; there are {', '.join(known)}. See `ortoo projection list`.")


class ViewsUnreachableError(StoreUnreachableError):
    """The database of the views cannot be used."""

    SAYS: ClassVar = (
        "The views in {url} cannot be used ({why}). Nothing was lost: they are rebuilt from the store at will. "
        "Check the disk and the database, then run the command again; a damaged file of views may be deleted."
    )


class CursorError(ProjectionError):
    """A list was asked to go on after something that is no line of it."""

    def __init__(self, after: str) -> None:
        """Name the cursor."""
        super().__init__(
            f"The list cannot go on after {after!r}. Give --after exactly what the last page named, or leave it out."
        )


class AsOfError(ProjectionError):
    """There is nothing to show as of this position or time."""
