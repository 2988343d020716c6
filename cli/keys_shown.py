"""`ortoo key list`."""

from __future__ import annotations

import click

from cli.directory_reading import page
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.languages import Language
from cli.options import command_options, page_options, reading_options
from cli.render import Column, page_note, show_time, table_lines
from cli.session import Session
from cli.views import Views, banner, open_views
from domain.keys import KeyStatus
from projections.directory_queries import KeyRow, keys

EXPIRED = "expired"


@click.command("list")
@click.option("--officer", metavar="OFFICER")
@page_options
@reading_options
@command_options
def list_keys(session: Session, /, *, officer: str | None, limit: int | None, after: str | None, as_of: str | None) -> None:
    """List the keys that were enrolled: whose, in force or not, until when, and from where on contested.

    Example:
      ortoo key list --officer mfy-001.secretary
    """
    views, language = open_views(session, as_of), session.language
    most = limit or session.settings.lines_limit
    if after is not None and not after.isdecimal():
        raise UsageError(f"--after {after!r} is not the cursor of a list of keys, which is a position.")
    with views.reading() as reading:
        found = keys(reading, officer=officer, after=-1 if after is None else int(after), limit=most + 1)
    rows, more = page(found, most)
    next_after = str(rows[-1].enrolled_position) if more else None
    data = {"keys": [key_data(row, views.at) for row in rows], "after": next_after}
    lines = table_lines(_columns(language), [_cells(row, views, language) for row in rows])
    session.show(data, [*banner(session, views), *(lines if rows else [label("note.nothing", language)])])
    if note := page_note(len(rows), next_after, language):
        session.note(note)


def key_state(row: KeyRow, at_ms: int) -> str:
    """Return a key's state at a ledger time: its status, or that its certificates have ended."""
    if row.status == KeyStatus.ACTIVE and all(one.not_after < at_ms for one in row.certificates):
        return EXPIRED
    return row.status


def key_data(row: KeyRow, at_ms: int) -> dict[str, object]:
    """Return a key as documented fields."""
    return {
        "key": row.key,
        "officer": row.officer,
        "algorithm": row.algorithm,
        "state": key_state(row, at_ms),
        "status_position": row.status_position,
        "status_at": row.status_at,
        "status_reason": row.status_reason,
        "enrolled_position": row.enrolled_position,
        "contested_from": row.contested_from,
        "certificates": row.certificates,
    }


def _columns(language: Language) -> tuple[Column, ...]:
    named = ("officer", "key", "algorithm", "state", "assurance", "valid_until", "contested_from")
    return tuple(Column(heading=label(f"heading.{name}", language), cut=name != "key") for name in named)


def _cells(row: KeyRow, views: Views, language: Language) -> tuple[object, ...]:
    newest = row.certificates[-1]
    return (
        row.officer,
        row.key.hex()[:16],
        row.algorithm,
        label(f"key_state.{key_state(row, views.at)}", language),
        code_label("assurance", newest.assurance, language),
        show_time(newest.not_after, views.offset_minutes).partition(" ")[0],
        "" if row.contested_from is None else row.contested_from,
    )
