"""What acting commands look up in the directory's tables, and how names and codes of it are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from cli.languages import Language
from cli.progress import ProgressLine
from cli.session import Session
from cli.wiring import open_station, projector_of
from domain.header import LocalName
from projections.projector import Projector


@contextmanager
def reading_directory(session: Session) -> Iterator[Connection]:
    """Give a connection to the views of the acting station, brought up to its store."""
    projector = session.keep(_acting_projector)
    with ProgressLine("bringing the views up to date") as progress:
        projector.catch_up(progress, covers=0)
    with projector.database.reading() as connection:
        yield connection


def name_in(names: Sequence[LocalName], language: Language) -> str:
    """Return a name in a person's language, else the one that was entered first, else nothing."""
    wanted = next((one.text for one in names if one.language.casefold() == language.value), None)
    return wanted or (names[0].text if names else "")


def names_data(names: Sequence[LocalName]) -> dict[str, str]:
    """Return names by language, as documented fields."""
    return {one.language: one.text for one in names}


def page(rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], bool]:
    """Return a page of rows that were asked for with one more than the limit, and whether there are more."""
    return rows[:limit], len(rows) > limit


def _acting_projector(session: Session) -> Projector:
    return projector_of(session, session.keep(open_station))
