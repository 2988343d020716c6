"""`ortoo projection`: the views of the ledger, how far each has come, and making one anew."""

from __future__ import annotations

import click

from cli.labels import label
from cli.options import command_options
from cli.progress import ProgressLine
from cli.render import Column, table_lines
from cli.session import Session
from cli.wiring import open_projector
from projections.projector import BY_NAME, Projector


@click.group("projection")
def projection() -> None:
    """Views of the ledger: list, status, rebuild."""


@projection.command("list")
@command_options
def list_command(session: Session) -> None:
    """Name the views, and say what each is for.

    Example:
      ortoo projection list
    """
    language = session.language
    columns = (Column(heading=label("heading.projection", language)), Column(heading=label("heading.about", language)))
    rows = [(name, label(f"view.{name}", language)) for name in BY_NAME]
    session.show({"projections": list(BY_NAME)}, table_lines(columns, rows))


@projection.command("status")
@command_options
def status_command(session: Session) -> None:
    """Say how far each view has come, and how many records it is behind what this station has stored.

    Example:
      ortoo projection status
    """
    language, found = session.language, session.keep(open_projector).status()
    headings = ("projection", "next_position", "behind", "rows", "version")
    columns = [Column(heading=label(f"heading.{one}", language), right=one != "projection") for one in headings]
    rows = [(one.name, one.next_position, one.behind, one.rows, one.version) for one in found]
    session.show({"projections": found}, lambda: table_lines(columns, rows))


@projection.command("rebuild")
@click.argument("name")
@command_options
def rebuild_command(session: Session, name: str) -> None:
    """Empty a view and make it again from what this station has stored; it becomes what it was.

    The canonical dump tells whether two stations have the same view.

    Example:
      ortoo projection rebuild inbox
    """
    projector = session.keep(open_projector)
    with ProgressLine("rebuilding the view") as progress:
        position = projector.rebuild(name, progress) - 1
    _show_rebuilt(session, projector, name, position)


def _show_rebuilt(session: Session, projector: Projector, name: str, position: int) -> None:
    dump = projector.canonical_dump(name)
    words = label("note.rebuilt", session.language, position=position)
    lines = [f"{name}: {words}", f"{label('heading.dump', session.language)}: {dump.hex()}"]
    session.show({"name": name, "position": position, "canonical_dump": dump}, lines)
