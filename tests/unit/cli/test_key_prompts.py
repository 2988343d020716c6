"""What is typed where keys are made and enrolled: passphrases twice, the six words, a question before each signature."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from adapters.key_files import WrongPassphraseError, load_key
from cli import session as session_module
from cli.main import ortoo
from cli.settings import write_settings
from tests.founded_homes import DRAWN, FOUNDING, Founded, found
from tests.softhsm import PIN, SoftHsm

WORDS = ("ledger", "create", "Alashuv", *FOUNDING, "--roots", "2", "--threshold", "1")


@pytest.fixture(autouse=True)
def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module.Session, "asks", property(lambda _: True))


@pytest.fixture
def exchange(tmp_path: Path) -> Founded:
    return found(tmp_path)


def typed(home: Path, *words: str, lines: tuple[str, ...]) -> Result:
    """Run a command in a home, with these lines typed."""
    variables = {"ORTOO_HOME": str(home), "ORTOO_PASSPHRASE": None, "ORTOO_DEBUG": ""}
    return CliRunner().invoke(ortoo, words, env=variables, prog_name="ortoo", input="".join(f"{line}\n" for line in lines))


def twice(*secrets: str) -> tuple[str, ...]:
    return tuple(secret for secret in secrets for _ in range(2))


def test_each_root_key_has_a_passphrase_of_its_own(tmp_path: Path) -> None:
    home = tmp_path / "home"
    lines = ("yes", *twice("first root", "second root", "registrar's own"))
    result = typed(home, *WORDS, "--at", f"sqlite:{tmp_path / 'ledger.sqlite'}", lines=lines)
    assert result.exit_code == 0, result.stderr
    root = home / "roots" / "root-2.pem"
    load_key(root, lambda: b"second root")
    with pytest.raises(WrongPassphraseError):
        load_key(root, lambda: b"first root")
    load_key(home / "keys" / "registrar.pem", lambda: b"registrar's own")
    assert "first root" not in result.output


@pytest.mark.parametrize(
    "lines",
    [("no",), ("yes", "first root", "first rood"), ("yes", "short", "short"), ("yes", *twice("first root"), "second root")],
    ids=["the answer no", "two that differ", "one too short", "the end of input"],
)
def test_nothing_is_made_unless_every_answer_is_right(lines: tuple[str, ...], tmp_path: Path) -> None:
    result = typed(tmp_path / "home", *WORDS, "--at", f"sqlite:{tmp_path / 'ledger.sqlite'}", lines=lines)
    assert result.exit_code != 0
    assert list(tmp_path.iterdir()) == []


def test_the_six_words_are_asked_for_and_compared(exchange: Founded) -> None:
    registrar, desk = exchange.registrar, exchange.desk("clerk")
    registrar.done("officer", "appoint", "clerk", "--org", "min", "--role", "clerk", "--name", "uz=C", "--post", "uz=D", "--yes")
    assert typed(desk.folder, "key", "create", "clerk", lines=twice("correct horse")).exit_code == 0
    made = desk.run("--json", "key", "create", "clerk", "--again", ORTOO_PASSPHRASE="correct horse").data
    enrol = ("key", "enrol", made["request"], "--yes")
    (registrar.folder / "passphrase").write_text(DRAWN)
    write_settings(registrar.folder, {"passphrase_file": str(registrar.folder / "passphrase")})
    wrong = typed(registrar.folder, *enrol, lines=("manom vabim bizoz rohaf posal bovot",))
    assert (wrong.exit_code, "the words told do not belong" in wrong.stderr) == (3, True)
    assert typed(registrar.folder, *enrol, lines=(made["words"],)).exit_code == 0


def test_a_key_is_opened_by_what_is_typed(exchange: Founded) -> None:
    words = ("org", "register", "mfy-1", "--kind", "committee", "--name", "uz=1-son")
    wrong = typed(exchange.registrar.folder, *words, lines=("wrong", "yes"))
    assert (wrong.exit_code, "the passphrase is wrong" in wrong.stderr) == (1, True)
    assert typed(exchange.registrar.folder, *words, lines=(DRAWN, "yes")).exit_code == 0


def test_a_pin_is_asked_for_once_and_not_shown(exchange: Founded, softhsm: SoftHsm) -> None:
    words = ("key", "create", "clerk", "--token", softhsm.new_token("Ministry"))
    result = typed(exchange.registrar.folder, *words, lines=(PIN,))
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("PIN of the token (clerk)") == 1
    assert PIN not in result.output
