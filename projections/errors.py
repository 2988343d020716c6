"""Errors of the projections.

ProjectionError
├── ProjectionUnknownError        a name that no projection has
├── ViewsUnreachableError         the database of the views cannot be opened, read or written
├── CursorError                   the place at which a list should go on is not one of that list
└── AsOfError                     a position or time at which there is nothing to show
"""

from __future__ import annotations


class ProjectionError(Exception):
    """Root of everything that the projections raise."""


class ProjectionUnknownError(ProjectionError):
    """There is no projection of this name."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        """Name what was asked for, and what there is."""
        super().__init__(f"There is no projection {name!r}; there are {', '.join(known)}. See `ortoo projection list`.")


class ViewsUnreachableError(ProjectionError):
    """The database of the views cannot be used."""

    def __init__(self, database: str, why: str) -> None:
        """Name the database (without its password) and what it said."""
        super().__init__(
            f"The views in {database} cannot be used ({why}). Nothing was lost: they are rebuilt from the store at will. "
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
