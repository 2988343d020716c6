"""The pages of the reference about what a person types: commands, settings, files to import."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import click

from cli.answers import answers_of, meanings
from cli.errors import ExitCode, all_meanings
from cli.imports import FILE_LIMIT_BYTES, OFFICER_COLUMNS, ORGANISATION_COLUMNS, ROWS_LIMIT
from cli.main import ortoo
from cli.settings import NOT_SETTINGS, SETTINGS_FILE, declared_settings

_EXIT_MEANINGS: Final = {
    ExitCode.DONE: "done",
    ExitCode.FAILED: "another failure",
    ExitCode.USAGE: "what was typed cannot be done as typed",
    ExitCode.VERIFICATION_FAILED: "verification failed: something is wrong",
    ExitCode.COULD_NOT_VERIFY: "could not verify: something is missing",
    ExitCode.REJECTED: "rejected by the ledger's rules; the reason is printed",
    ExitCode.UNREACHABLE: "ledger or store unreachable",
    ExitCode.QUEUED: "signed and queued for later",
    ExitCode.PARTLY_DONE: "partly done; each part is reported",
}
_GLOBAL: Final = frozenset(parameter.name for parameter in ortoo.params)


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown; bars inside cells are escaped."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command that does something, with the words that call it and a context for its help, noun by noun."""
    yield from _below(ortoo, _context(ortoo, "ortoo", None))


def commands_page() -> str:
    """Return the page of the commands."""
    root = _context(ortoo, "ortoo", None)
    parts = [
        "# Commands",
        (
            "Noun, then verb. Data goes to standard output, everything else to standard error. These options may stand before "
            "the noun and after the verb of every command:"
        ),
        _option_lines(ortoo, root, frozenset({"version"})),
        (
            "With `--json` an answer is one JSON value; codes stand in it, never words; times are milliseconds UTC. What went "
            'wrong is `{"error": {"code", "exit_code", "reason", …}}`; where the ledger\'s rules rejected an event, `reason`, '
            "`reason_code` and `step` name the rule ([rules](rules.md)) and `because` the position of what decided it."
        ),
        "## Exit codes",
        markdown_table(("Code", "Meaning"), ((int(code), text) for code, text in _EXIT_MEANINGS.items())),
        "## Error codes",
        markdown_table(("Code", "Exit code"), sorted((one.code, int(one.exit_code)) for one in all_meanings())),
    ]
    for path, command, context in commands():
        parts += [f"## {path}", f"    {command.get_usage(context).removeprefix('Usage: ')}", _help_text(command)]
        if own := _option_lines(command, context, _GLOBAL):
            parts.append(own)
    return "\n\n".join(parts)


def answers_page() -> str:
    """Return the page of the answers with `--json`."""
    parts = [
        "# Answers for programs",
        (
            "What each command prints with `--json`. Fields stay as they are; new ones may be added. `x[].y` is the field `y` of "
            "each element of `x`, `x.*` any field of `x` (such as one for each language). Identities and digests are "
            "hexadecimal, times are milliseconds UTC, codes are those of [rules](rules.md) and [events](events.md). Errors are "
            "told in [commands](cli.md)."
        ),
        "## Meanings",
        markdown_table(("Field", "Meaning"), ((f"`{name}`", text) for name, text in meanings().items())),
        "## Fields by command",
    ]
    for command, fields in sorted(answers_of().items()):
        parts += [f"### ortoo {command}", ", ".join(f"`{field}`" for field in fields)]
    return "\n\n".join(parts)


def settings_page() -> str:
    """Return the page of the settings."""
    rows = [(f"`{one.name}`", f"`{one.variable}`", one.type, one.default, one.unit, one.meaning) for one in declared_settings()]
    return "\n\n".join(
        (
            "# Settings",
            (
                f'A setting stands in `{SETTINGS_FILE}` in the home, one a line (`lang = "uz"`), and is overridden by its '
                "variable. An unknown one is an error. Secrets are no settings and are never written there."
            ),
            markdown_table(("Setting", "Variable", "Type", "Default", "Unit", "Meaning"), rows),
            "## Variables that are no settings",
            markdown_table(("Variable", "Meaning"), ((f"`{name}`", text) for name, text in NOT_SETTINGS.items())),
        )
    )


def imports_page() -> str:
    """Return the page of the files to import."""
    return "\n\n".join(
        (
            "# Files to import",
            (
                "CSV in UTF-8, with or without a byte order mark, separated by commas or semicolons, headings in the first line, "
                f"at most {ROWS_LIMIT:,} rows and {FILE_LIMIT_BYTES:,} bytes. The whole file is checked first: every bad row is "
                "listed with line, column and reason, and if one is bad nothing is changed."
            ),
            "## Organisations: `ortoo org import FILE`",
            markdown_table(("Column", "Content"), ((f"`{name}`", text) for name, text in ORGANISATION_COLUMNS.items())),
            "## Officers and stations: `ortoo officer import FILE`",
            markdown_table(("Column", "Content"), ((f"`{name}`", text) for name, text in OFFICER_COLUMNS.items())),
        )
    )


def _below(group: click.Group, context: click.Context) -> Iterator[tuple[str, click.Command, click.Context]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        inner = _context(command, name, context)
        if isinstance(command, click.Group):
            yield from _below(command, inner)
        else:
            yield inner.command_path, command, inner


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    return click.Context(command, info_name=name, parent=parent, terminal_width=100, max_content_width=100)


def _help_text(command: click.Command) -> str:
    text = inspect.cleandoc(command.help or "")
    about, _, example = text.partition("\b\nExample:\n")
    shown = "\n".join(f"    {line.strip()}" for line in example.splitlines() if line.strip())
    return f"{about.strip()}\n\nExample:\n\n{shown}" if shown else about.strip()


def _option_lines(command: click.Command, context: click.Context, without: frozenset[str | None]) -> str:
    records = [one.get_help_record(context) for one in command.params if one.name not in without]
    return "\n".join(f"- `{names}` {text}" for names, text in filter(None, records) if text)
