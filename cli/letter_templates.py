"""`ortoo letter templates`: the templates of this home, and what a draft takes over from one of them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from adapters.draft_templates import Template, TemplateError, filled, load_template, template_names
from adapters.toml_texts import toml_value
from cli.errors import ExitCode, UsageError
from cli.labels import label
from cli.letter_beginnings import Beginning
from cli.options import command_options
from cli.render import Column, table_lines, visible
from cli.session import Session

TEMPLATES_FOLDER: Final = "templates"


@click.command("templates")
@command_options
def templates_command(session: Session) -> None:
    """List the templates of letters, with the placeholders that `ortoo letter draft --template NAME --set NAME=VALUE` asks for.

    A template is a folder in that of the setting `templates`: a letter.toml as drafts have it, and documents. `{name}` is a
    placeholder in the subject, in texts, in names of documents and in .txt and .md files; a brace that is meant is doubled.
    One that cannot be used is listed with what is wrong, and the command ends with exit code 1.

    Example:
      ortoo letter templates
    """
    folder, language = _folder(session), session.language
    lines = [_line(session, folder, name) for name in template_names(folder)]
    columns = [Column(heading=label(f"heading.{name}", language)) for name in ("name", "subject", "placeholders")]
    rows = [[visible(one["name"]), visible(one["subject"] or ""), ", ".join(one["placeholders"] or ())] for one in lines]
    session.show({"folder": folder, "lines": lines}, table_lines(columns, rows) if lines else [label("note.nothing", language)])
    broken = [one for one in lines if one["problems"]]
    for one in broken:
        for problem in one["problems"]:
            session.note(label("note.template_broken", language, name=visible(one["name"]), **_visible(problem)))
    if broken:
        session.end_with(ExitCode.FAILED)


def beginning_of_template(session: Session, name: str, said: Sequence[str], opened: contextlib.ExitStack) -> Beginning:
    """Return what a draft takes over from a template with the values that `--set` said; its files stay open in `opened`.

    Raises `UsageError` for a `--set` that is none, `TemplateError` and `TemplateValuesError` as the adapters do.
    """
    template = _template(session, _folder(session), name)
    outline, files = filled(template, _values(said), opened=opened)
    return Beginning(outline=outline, files=tuple(files), begun_from=name, origin=f"template {toml_value(name)}")


def _folder(session: Session) -> Path:
    named = session.settings.templates
    return Path(named).expanduser() if named is not None else session.home / TEMPLATES_FOLDER


def _template(session: Session, folder: Path, name: str) -> Template:
    return load_template(folder, name, limit_bytes=session.settings.document_limit_bytes)


def _line(session: Session, folder: Path, name: str) -> dict[str, Any]:
    """Return a template as fields; of one that cannot be used, what is wrong."""
    # A name whose bytes are no text cannot be printed.
    shown = name.encode(errors="backslashreplace").decode()
    try:
        template = _template(session, folder, name)
    except TemplateError as error:
        problems = [{"where": one.where, "line": one.line or None, "why": one.why} for one in error.problems]
        return {"name": shown, "subject": None, "placeholders": None, "problems": problems}
    return {"name": shown, "subject": template.draft.subject, "placeholders": template.placeholders, "problems": ()}


def _visible(problem: dict[str, Any]) -> dict[str, str]:
    where = f"{problem['where']}:{problem['line']}" if problem["line"] else problem["where"]
    return {"where": visible(where), "why": visible(problem["why"])}


def _values(said: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for one in said:
        name, equals, value = one.partition("=")
        if not equals or not name:
            raise UsageError(f"--set {one!r} sets nothing: write --set NAME=VALUE.")
        if name in values:
            raise UsageError(f"--set names {name!r} twice. Give it one value.")
        values[name] = value
    return values
