"""Nothing is signed unless a person saw what it says and said yes."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli import session as session_module
from cli.as_of import AsOfPosition, AsOfTime, parse_as_of
from cli.confirm import Preview, confirmed
from cli.errors import ExitCode, UsageError
from cli.main import ortoo
from cli.options import acting_options, command_options
from cli.session import Session

PREVIEW = Preview(
    act="receipt.acknowledged",
    says=(("Officer", "a.b"), ("Letter", "evil\x1b[2J")),
    lines=("documents …",),
    data={"letter": b"\xab"},
)


@click.command("acknowledge")
@acting_options
@command_options
def acknowledge(session: Session, *, yes: bool, dry_run: bool) -> None:
    """Acknowledge."""
    if confirmed(session, PREVIEW, yes=yes, dry_run=dry_run):
        session.show({"done": True}, ["done"])


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> click.Command:
    monkeypatch.setenv("ORTOO_HOME", str(tmp_path))
    made = type(ortoo)("ortoo", params=ortoo.params, callback=ortoo.callback)
    made.add_command(acknowledge)
    return made


@pytest.fixture
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module.Session, "asks", property(lambda _: True))


def test_the_preview_stands_on_standard_error_and_the_answer_on_standard_output(program: click.Command) -> None:
    result = CliRunner().invoke(program, ["acknowledge", "--yes"])
    assert (result.exit_code, result.stdout) == (ExitCode.DONE, "done\n")
    assert "You are about to sign: acknowledges a letter" in result.stderr
    assert "Officer  a.b" in result.stderr
    assert "This cannot be undone" in result.stderr
    assert "\x1b" not in result.stderr


def test_a_dry_run_prints_the_preview_and_stops(program: click.Command) -> None:
    result = CliRunner().invoke(program, ["acknowledge", "--dry-run"])
    assert result.exit_code == ExitCode.DONE
    assert "You are about to sign" in result.stdout
    assert not result.stdout.endswith("done\n")


def test_a_dry_run_for_a_program_holds_codes(program: click.Command) -> None:
    result = CliRunner().invoke(program, ["acknowledge", "--dry-run", "--json"])
    assert json.loads(result.stdout) == {"act": "receipt.acknowledged", "dry_run": True, "letter": "ab"}


def test_without_a_terminal_nothing_is_signed_unless_told(program: click.Command) -> None:
    result = CliRunner().invoke(program, ["acknowledge"], input="y\n")
    assert (result.exit_code, result.stdout) == (ExitCode.USAGE, "")
    assert "--yes" in result.stderr


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(("answer", "language", "goes_on"), [
    ("y", "en", True), ("YES", "en", True), ("ha", "uz", True), ("тийм", "mn", True), ("Да", "ru", True), ("y", "ru", True),
    ("", "en", False), ("n", "en", False), ("йўқ", "uz-cyrl", False), ("perhaps", "en", False),
])  # fmt: skip
def test_only_yes_in_ones_language_goes_on(program: click.Command, answer: str, language: str, goes_on: bool) -> None:
    result = CliRunner().invoke(program, ["acknowledge", "--lang", language], input=f"{answer}\n")
    assert result.exit_code == (ExitCode.DONE if goes_on else ExitCode.FAILED)
    assert result.stdout == ("done\n" if goes_on else "")


@pytest.mark.usefixtures("at_a_terminal")
def test_an_end_of_input_is_no_yes(program: click.Command) -> None:
    result = CliRunner().invoke(program, ["acknowledge"], input="")
    assert result.exit_code != ExitCode.DONE
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("812", AsOfPosition(position=812)),
        ("2026-11-24", AsOfTime(at_ms=1_795_546_799_999)),
        ("2026-11-24T14:02", AsOfTime(at_ms=1_795_510_920_000)),
        ("2026-11-24T09:02Z", AsOfTime(at_ms=1_795_510_920_000)),
    ],
)
def test_as_of_takes_a_position_a_date_or_a_time(text: str, expected: object) -> None:
    assert parse_as_of(text, 300) == expected


@pytest.mark.parametrize("text", ["", "-1", "yesterday", "2026-13-01"])
def test_as_of_refuses_everything_else(text: str) -> None:
    with pytest.raises(UsageError, match="--as-of"):
        parse_as_of(text, 300)
