"""Before anything is signed: what will be signed, in words, and the question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import click

from cli.errors import ConfirmationNeededError, NotConfirmedError
from cli.labels import label
from cli.languages import Language
from cli.render import pair_lines, visible
from cli.session import Session

_YES: Final = frozenset({"y", "yes"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What is about to be signed: the act, then what it says as names and values, further lines, and what it cannot undo.

    `data` is the same for programs (codes, never words). `opening` is the label of the first words.
    """

    act: str
    says: tuple[tuple[str, object], ...]
    lines: tuple[str, ...] = ()
    final: bool = True
    data: Mapping[str, Any] = field(default_factory=dict)
    opening: str = "prompt.about_to_sign"


def confirmed(session: Session, preview: Preview, *, yes: bool, dry_run: bool) -> bool:
    """Show a preview and ask; return whether to go on (False only for a dry run, whose answer the preview is).

    The preview stands on standard error, so that the command's own answer stays alone on standard output. Raises
    `NotConfirmedError` if the person says no and `ConfirmationNeededError` if nobody can be asked.
    """
    lines = preview_lines(preview, session.language)
    if dry_run:
        session.show({"act": preview.act, "dry_run": True, **preview.data}, lines)
        return False
    for line in lines:
        session.note(line)
    if not yes:
        ask(session, label("prompt.proceed", session.language))
    return True


def ask(session: Session, question: str) -> None:
    """Ask a question that only yes lets pass.

    Raises `NotConfirmedError` for any other answer and `ConfirmationNeededError` where there is no terminal.
    """
    if not session.asks:
        raise ConfirmationNeededError(
            "Nothing was signed: this command asks before it acts, and nobody is at a terminal to answer. "
            "Look at what it shows (where it has --dry-run, with that), then give --yes."
        )
    words = label("prompt.yes", session.language)
    answer = click.prompt(
        f"{question} [{words}/{label('prompt.no', session.language)}]", default="", show_default=False, err=True
    )
    if answer.strip().casefold() not in _YES | {word.casefold() for word in words.split(",")}:
        raise NotConfirmedError("Nothing was signed or sent: the answer was no.")


def preview_lines(preview: Preview, language: Language) -> list[str]:
    """Return a preview as lines."""
    act = label(f"event.{preview.act}", language)
    lines = [f"{label(preview.opening, language)} {act}", ""]
    lines += [f"  {line}" for line in pair_lines(preview.says)]
    lines += [f"  {visible(line)}" for line in preview.lines]
    if preview.final:
        lines += ["", label("prompt.cannot_be_undone", language)]
    return lines
