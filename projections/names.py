"""Names of organisations and posts of officers, in the language of whoever reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, select

from domain.ids import OfficerId, OrgId
from projections.directory import NAME_OF, POST_OF
from projections.directory_tables import NAMES, OFFICER_NAMES

ASKED_AT_ONCE: Final = 500
"""Values in one statement; databases have limits, and a page of a list has hardly more."""


def organisation_names(connection: Connection, organisations: Iterable[str], languages: Sequence[str]) -> Mapping[str, str]:
    """Return the name of each organisation in the first of the languages (BCP 47 tags) that it has, else its first name.

    What is not in the directory has its id for a name.
    """
    wanted = sorted(set(organisations))
    found: dict[str, list[Any]] = {}
    for start in range(0, len(wanted), ASKED_AT_ONCE):
        chosen = select(NAMES).where(NAMES.c.organisation.in_(wanted[start : start + ASKED_AT_ONCE]))
        for row in connection.execute(chosen.order_by(NAMES.c.organisation, NAMES.c.place)):
            found.setdefault(row.organisation, []).append(row)
    return {one: _in_language(found.get(one, ()), languages) or one for one in wanted}


def officer_words(
    connection: Connection, officers: Iterable[tuple[OfficerId, OrgId]], languages: Sequence[str]
) -> Mapping[tuple[str, str], str]:
    """Return for each officer of an organisation his post there, his name if it has none, his id if it has neither."""
    words: dict[tuple[str, str], str] = {}
    for officer, organisation in sorted(set(officers)):
        column = OFFICER_NAMES.c
        here = (column.officer == officer) & (column.organisation == organisation)
        rows = connection.execute(select(OFFICER_NAMES).where(here).order_by(column.what, column.place)).all()
        posts = _in_language([row for row in rows if row.what == POST_OF], languages)
        names = _in_language([row for row in rows if row.what == NAME_OF], languages)
        words[officer, organisation] = posts or names or officer
    return words


def _in_language(rows: Sequence[Any], languages: Sequence[str]) -> str:
    """Return the text in the first language that there is; a tag with less in it matches those with more."""
    for language in languages:
        for row in rows:
            if f"{row.language}-".lower().startswith(f"{language}-".lower()):
                return str(row.text)
    return str(rows[0].text) if rows else ""
