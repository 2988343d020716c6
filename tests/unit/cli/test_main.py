"""The conventions of the command line, held by every command."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli.errors import ExitCode, LetterAmbiguousError
from cli.languages import Language
from cli.main import NOUNS, ortoo
from cli.options import acting_options, command_options, page_options, reading_options
from cli.reference_commands import commands
from cli.session import Session
from domain.errors import RejectedError
from domain.reasons import Reason

COMMANDS = list(commands())
PATHS = [path for path, _, _ in COMMANDS]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def run(*words: str, command: click.Command = ortoo, **environment: str) -> tuple[int, str, str]:
    cleaned = {"ORTOO_HOME": "", "ORTOO_DEBUG": "", **environment}
    result = CliRunner().invoke(command, words, env=cleaned, prog_name="ortoo")
    return result.exit_code, result.stdout, result.stderr


def failing(error: BaseException) -> click.Command:
    """Return the program with one more command, which fails with an error."""

    @click.command("fail")
    @command_options
    def fail(session: Session) -> None:  # noqa: ARG001 - the convention of commands
        """Fail."""
        raise error

    program = type(ortoo)("ortoo", params=ortoo.params, callback=ortoo.callback)
    program.add_command(fail)
    return program


def test_every_noun_is_found_where_the_table_says() -> None:
    context = click.Context(ortoo, info_name="ortoo")
    assert {name: type(ortoo.get_command(context, name)) for name in NOUNS if ortoo.get_command(context, name) is None} == {}
    assert list(NOUNS) == [name for name in ortoo.list_commands(context) if name != "completion"]


@pytest.mark.parametrize(("path", "command", "context"), COMMANDS, ids=PATHS)
def test_every_command_explains_itself_with_an_example(path: str, command: click.Command, context: click.Context) -> None:
    text = command.get_help(context)
    assert "\n  Example:\n" in text, "write `Example:` and below it a command line, two spaces further in"
    assert path in text.partition("Example:")[2], "the example shows another command"


@pytest.mark.parametrize(("path", "command", "context"), COMMANDS, ids=PATHS)
def test_every_command_takes_the_global_options(path: str, command: click.Command, context: click.Context) -> None:
    del path, context
    options = {option for parameter in command.params for option in parameter.opts}
    assert {"--home", "--json", "--lang", "--as"} <= options


def test_global_options_may_stand_before_the_noun_and_after_the_verb(home: Path) -> None:
    program = type(ortoo)("ortoo", params=ortoo.params, callback=ortoo.callback)

    @program.command("show")
    @command_options
    def show(session: Session) -> None:
        settings = session.settings
        session.show([str(session.home), settings.officer, settings.lang, session.as_json], [])

    before = run("--home", str(home), "--as", "a.b", "--lang", "mn", "--json", "show", command=program)
    after = run("show", "--home", str(home), "--as", "a.b", "--lang", "mn", "--json", command=program)
    assert before == after
    assert json.loads(after[1]) == [str(home), "a.b", "mn", True]


def test_the_last_word_counts_when_an_option_stands_twice(home: Path) -> None:
    program = type(ortoo)("ortoo", params=ortoo.params, callback=ortoo.callback)

    @program.command("show")
    @command_options
    def show(session: Session) -> None:
        session.show(None, [session.language.value])

    assert run("--lang", "ru", "show", "--lang", "uz", "--home", str(home), command=program)[1] == "uz\n"


def test_shared_options_reach_the_command() -> None:
    program = type(ortoo)("ortoo", params=ortoo.params, callback=ortoo.callback)

    @program.command("show")
    @acting_options
    @page_options
    @reading_options
    @command_options
    def show(session: Session, as_of: str, limit: int, after: str | None, dry_run: bool, yes: bool) -> None:
        given = {"as_of": as_of, "limit": limit, "after": after, "dry_run": dry_run, "yes": yes}
        session.show(given, [])

    code, out, _ = run("show", "--as-of", "12", "--limit", "3", "--dry-run", "--json", command=program)
    assert code == ExitCode.DONE
    assert json.loads(out) == {"as_of": "12", "limit": 3, "after": None, "dry_run": True, "yes": False}


def test_help_and_completion_load_no_noun(monkeypatch: pytest.MonkeyPatch) -> None:
    for noun in NOUNS.values():
        monkeypatch.delitem(sys.modules, noun.module, raising=False)
    assert run("--help")[0] == ExitCode.DONE
    code, out, _ = run(_ORTOO_COMPLETE="fish_complete", COMP_WORDS="ortoo let", COMP_CWORD="let")
    assert (code, "letter" in out) == (ExitCode.DONE, True)
    assert [noun.module for noun in NOUNS.values() if noun.module in sys.modules] == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    code, out, _ = run("completion", shell)
    assert code == ExitCode.DONE
    assert "_ORTOO_COMPLETE" in out


def test_wrong_usage_ends_with_2_and_names_the_help() -> None:
    code, out, err = run("org", "no-such-verb")
    assert (code, out) == (ExitCode.USAGE, "")
    assert "no-such-verb" in err
    assert "`ortoo org --help`" in err


def test_a_rejection_ends_with_5_and_tells_reason_step_and_label() -> None:
    error = RejectedError(Reason.KEY_REVOKED, "key 12ab of a.b", because=17)
    code, out, err = run("fail", "--lang", "ru", command=failing(error))
    assert (code, out) == (ExitCode.REJECTED, "")
    assert "Ключ подписавшего на этой позиции отозван." in err
    assert "7, KEY_REVOKED: key 12ab of a.b" in err


def test_an_error_for_a_program_holds_codes_and_no_words() -> None:
    error = RejectedError(Reason.KEY_REVOKED, "key 12ab of a.b", because=17)
    code, out, err = run("fail", "--json", command=failing(error))
    expected = {"code": "REJECTED", "exit_code": 5, "reason": "KEY_REVOKED", "reason_code": 701, "step": 7, "because": 17}
    assert (code, json.loads(out)) == (5, {"error": expected})
    assert err != ""


def test_candidates_reach_a_program() -> None:
    _, out, _ = run("fail", "--json", command=failing(LetterAmbiguousError("2 letters", ["ab", "cd"])))
    assert json.loads(out)["error"]["candidates"] == ["ab", "cd"]


def test_an_unexpected_error_is_no_traceback_unless_asked_for() -> None:
    program = failing(ZeroDivisionError("by zero"))
    code, _, err = run("fail", command=program)
    assert code == ExitCode.FAILED
    assert "ZeroDivisionError: by zero" in err
    assert "Traceback" not in err
    assert "Traceback" in run("fail", command=program, ORTOO_DEBUG="1")[2]


def test_no_password_is_ever_printed() -> None:
    error = ZeroDivisionError("postgresql://clerk:s3cret@db/ortoo, sasl_plain_password='s3cret', passphrase=s3cret")
    for debug in ("", "1"):
        assert "s3cret" not in run("fail", command=failing(error), ORTOO_DEBUG=debug)[2]


def test_an_interruption_is_told_in_one_line() -> None:
    code, _, err = run("fail", command=failing(KeyboardInterrupt()))
    assert code == 130
    assert len(err.strip().splitlines()) == 1


def test_an_error_about_the_settings_is_told_though_they_name_no_language(home: Path) -> None:
    home.mkdir()
    (home / "ortoo.toml").write_text('colour = "red"\n')
    program = type(ortoo)("ortoo", params=ortoo.params, callback=ortoo.callback)

    @program.command("show")
    @command_options
    def show(session: Session) -> None:
        session.show(None, [session.language])

    code, _, err = run("show", "--home", str(home), command=program)
    assert code == ExitCode.USAGE
    assert "colour" in err


def test_what_a_session_keeps_is_made_once_and_closed_last_first() -> None:
    closed: list[str] = []

    class Part:
        def __init__(self, name: str) -> None:
            self.name = name

        def close(self) -> None:
            closed.append(self.name)

    def make_first(_: Session) -> Part:
        return Part("first")

    def make_second(session: Session) -> Part:
        session.keep(make_first)
        return Part("second")

    session = Session({})
    assert session.keep(make_second) is session.keep(make_second)
    session.close()
    assert closed == ["second", "first"]


def test_end_with_gives_the_exit_code_to_the_shell() -> None:
    program = type(ortoo)("ortoo", params=ortoo.params, callback=ortoo.callback)

    @program.command("wait")
    @command_options
    def wait(session: Session) -> None:
        session.end_with(ExitCode.QUEUED)

    assert run("wait", command=program)[0] == ExitCode.QUEUED


def test_a_session_speaks_english_by_default(home: Path) -> None:
    assert Session({"ORTOO_HOME": str(home)}).language is Language.ENGLISH
