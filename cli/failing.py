"""What a person and a program are told when a command fails. The only place that prints errors."""

from __future__ import annotations

import traceback
from typing import Any, Final

import click
from click.exceptions import Abort, ClickException

from cli.errors import CliError, ExitCode, Meaning, outcome_of, reason_of
from cli.labels import label
from cli.languages import Language
from cli.render import json_text
from cli.session import Session
from domain.reasons import step_of

INTERRUPTED: Final = 130
"""What a shell expects of a program that was interrupted: 128 and the number of SIGINT."""


def tell(session: Session, error: BaseException) -> int:
    """Print what went wrong, once for people on standard error and with `--json` once for programs; return the exit code."""
    if isinstance(error, (Abort, KeyboardInterrupt)):
        session.note("Interrupted. What is signed stays in the queue: `ortoo queue list` shows it.")
        return INTERRUPTED
    meaning = _meaning(error)
    if session.as_json:
        click.echo(json_text({"error": _as_data(error, meaning)}))
    session.note(_in_words(session, error))
    if session.environment.get("ORTOO_DEBUG"):
        session.note("".join(traceback.format_exception(error)))
    return int(meaning.exit_code)


def _meaning(error: BaseException) -> Meaning:
    if isinstance(error, click.UsageError):
        return Meaning(exit_code=ExitCode.USAGE, code="USAGE")
    return outcome_of(error)


def _as_data(error: BaseException, meaning: Meaning) -> dict[str, Any]:
    """Return the documented fields of an error: codes and numbers, never words."""
    reason = reason_of(error)
    data: dict[str, Any] = {"code": meaning.code, "exit_code": int(meaning.exit_code), "reason": None}
    if reason is not None:
        data |= {"reason": reason.name, "reason_code": int(reason), "step": step_of(reason)}
        data["because"] = getattr(error, "because", None)
    for name in ("candidates", "problems", "position"):
        if (value := getattr(error, name, None)) is not None:
            data[name] = value
    return data


def _in_words(session: Session, error: BaseException) -> str:
    if isinstance(error, ClickException):
        hint = ""
        if isinstance(error, click.UsageError) and error.ctx is not None:
            hint = f"\nTry `{error.ctx.command_path} --help`."
        return f"error: {error.format_message()}{hint}"
    language = _language(session)
    reason = reason_of(error)
    if reason is not None:
        detail = getattr(error, "detail", "")
        lines = [f"{label('error.rejected', language)} {label('reason.' + reason.name, language)}"]
        lines.append(f"({label('heading.step', language)} {step_of(reason)}, {reason.name}{': ' + detail if detail else ''})")
        return f"error: {' '.join(lines)}"
    if outcome_of(error).code == "UNEXPECTED":
        return (
            f"error: The program met something that it was not written for: {type(error).__name__}: {error}. "
            "What is signed stays in the queue. Run the command again with ORTOO_DEBUG=1 and report what it prints."
        )
    return f"error: {error}"


def _language(session: Session) -> Language:
    # The error may be about the settings themselves, and then they cannot name a language.
    try:
        return session.language
    except CliError:
        return Language.ENGLISH
