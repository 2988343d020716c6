"""A deputy's August: the deputy minister goes on leave, and somebody without his role signs for him until he is back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import ortoo
from cli.session import Session
from tests.homes import PASSPHRASE, Answer
from tests.offices import Offices, offices


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Offices]:
    with offices(tmp_path) as given:
        yield given


def day(ahead: int) -> str:
    return f"{datetime.now(tz=UTC) + timedelta(days=ahead):%Y-%m-%d}"


def grant(made: Offices, *words: str, may: str = "letter.dispatched", who: str = "clerk") -> str:
    """Let the deputy minister grant a mandate from today on; return its identity."""
    terms = ("--may", may, "--from", day(-1), "--until", day(30), "--basis", "12-k", "--basis-date", day(-3))
    answer = made.ministry.done("mandate", "grant", who, *terms, "--yes", "--json", *words)
    identity: str = answer.data["identity"]
    return identity


def send(made: Offices, *words: str, subject: str = "Avgust yig‘ilishi") -> Answer:
    paper = made.file(f"{subject}.txt")
    said = ("--subject", subject, "--to", "mfy-001", "--yes", *words)
    return made.ministry.run("--as", "clerk", "letter", "send", paper, *said)


def test_a_deputys_august_in_uzbek(made: Offices) -> None:
    refused = send(made)
    assert refused.code == 2
    assert "--mandate" not in refused.err
    mandate = grant(made)
    offered = send(made)
    assert offered.code == 2
    assert f"--mandate {mandate[:12]}" in offered.err
    sent = send(made, "--mandate", mandate[:12], "--lang", "uz")
    assert sent.code == 0, sent.err
    assert "clerk, deputy o‘rniga" in sent.err
    shown = made.ministry.done("letter", "show", "out:1", "--json").data
    assert (shown["letter"]["officer"], shown["letter"]["acting_for"], shown["letter"]["mandate"]) == ("clerk", "deputy", mandate)
    assert [(one["officer"], one["acting_for"]) for one in shown["steps"]] == [("clerk", "deputy")]
    for language, words in (("uz", "clerk, deputy o‘rniga"), ("en", "clerk, acting for deputy"), ("ru", "clerk, за deputy")):
        assert words in made.ministry.done("letter", "show", "out:1", "--lang", language).out
        assert words in made.ministry.done("history", "out:1", "--lang", language).out
    (entry,) = made.ministry.done("register", "show", "outgoing", "--json").data["entries"]
    assert (entry["officer"], entry["acting_for"], entry["mandate"]) == ("clerk", "deputy", mandate)
    assert ",clerk,deputy" in made.ministry.done("register", "export", "outgoing").out
    received = made.first.done("letter", "show", shown["letter"]["letter"], "--json").data
    assert received["letter"]["acting_for"] == "deputy"


def test_who_is_back_ends_the_mandate_and_what_was_signed_stays(made: Offices) -> None:
    mandate = grant(made)
    assert send(made, "--mandate", mandate).code == 0
    assert [one["state"] for one in made.ministry.done("mandate", "list", "--json").data["lines"]] == ["in_force"]
    made.ministry.done("mandate", "revoke", mandate[:8], "--reason", "RETURNED", "--yes")
    late = send(made, "--mandate", mandate, subject="Sentabr")
    assert late.code == 5
    assert "MANDATE_REVOKED" in late.err
    assert made.ministry.done("mandate", "list", "--json").data["lines"] == []
    (line,) = made.ministry.done("mandate", "list", "--all", "--json").data["lines"]
    assert (line["state"], line["reason"], line["revoked_by"]) == ("revoked", "RETURNED", "deputy")
    assert made.ministry.done("letter", "show", "out:1", "--json").data["letter"]["acting_for"] == "deputy"


def test_a_mandate_of_another_committee_is_used_for_it_and_for_nobody_else(made: Offices) -> None:
    words = ("letter", "send", made.file("a.txt"), "--subject", "Reja", "--to", "mfy-001", "--yes", "--json")
    letter = made.ministry.done(*words).data["identity"]
    terms = ("--may", "receipt.acknowledged", "--from", day(-1), "--until", day(9), "--basis", "3", "--basis-date", day(-1))
    mandate = made.first.done("mandate", "grant", "secretary-2", *terms, "--yes", "--json").data["identity"]
    refused = made.second.run("letter", "acknowledge", letter, "--mandate", mandate, "--for", "mfy-002", "--yes")
    assert refused.code == 2
    dry = made.second.done("letter", "acknowledge", "--all", "--mandate", mandate, "--dry-run", "--json").data
    assert (dry["officer"], dry["acting_for"], dry["mandate"]) == ("secretary-2", "secretary-1", mandate)
    made.second.done("letter", "acknowledge", "--all", "--mandate", mandate, "--yes")
    (entry,) = made.first.done("register", "show", "incoming", "--json").data["entries"]
    assert (entry["officer"], entry["acting_for"]) == ("secretary-2", "secretary-1")
    again = made.first.run("letter", "acknowledge", entry["letter"], "--yes")
    assert "secretary-2, acting for secretary-1 (mfy-001)" in again.err


def test_a_mandate_that_was_never_given_is_told(made: Offices) -> None:
    mandate = grant(made)
    assert "was given no mandate" in send(made, "--mandate", "abcd").err
    assert (
        "was given no mandate"
        in made.accounts.run(
            "letter", "send", made.file("b.txt"), "--subject", "x", "--to", "mfy-001", "--mandate", mandate, "--yes"
        ).err
    )
    assert "mandate list" in made.ministry.run("mandate", "revoke", "abcd", "--reason", "OTHER", "--yes").err


def test_a_mandate_speaks_for_the_first_signatory_only(made: Offices) -> None:
    mandate = grant(made)
    made.ministry.done(
        "letter", "draft", made.file("c.txt"), "--subject", "x", "--to", "mfy-001", "--dir", str(made.folder / "d")
    )
    words = (
        "letter",
        "sign",
        str(made.folder / "d"),
        "--signatory",
        "accountant",
        "--signatory",
        "clerk",
        "--mandate",
        mandate,
        "--yes",
    )
    refused = made.ministry.run("--as", "clerk", *words)
    assert refused.code == 2
    assert "first signatory" in refused.err


def test_a_letter_that_somebody_else_froze_is_given_no_mandate_afterwards(made: Offices) -> None:
    mandate, folder = grant(made), str(made.folder / "d")
    made.ministry.done("letter", "draft", made.file("c.txt"), "--subject", "x", "--to", "mfy-001", "--dir", folder)
    made.ministry.done("letter", "sign", folder, "--signatory", "deputy", "--signatory", "accountant", "--yes")
    for act in (("sign", folder, "--yes"), ("send", folder, "--yes"), ("check", folder)):
        refused = made.ministry.run("--as", "clerk", "letter", *act, "--mandate", mandate[:12])
        assert (refused.code, "names no mandate; that is fixed" in refused.err) == (2, True), refused.err
    assert made.accounts.done("letter", "sign", folder, "--yes").code == 0


def test_a_remark_on_a_mandate_is_read_in_the_list_and_makes_no_other_mandate_of_it(made: Offices) -> None:
    first = grant(made, "--text", "Ta’tilda")
    assert grant(made, "--text", "Kasal") == first
    (line,) = made.ministry.done("mandate", "list", "--json").data["lines"]
    assert (line["text"], line["cover"] is None) == ("Ta’tilda", False)
    assert f"{first[:12]}  “Ta’tilda”" in made.ministry.done("mandate", "list").out
    terms = ("--may", "letter.dispatched", "--from", day(0), "--until", day(1), "--basis", "1", "--basis-date", day(0))
    shown = made.ministry.done("mandate", "grant", "accountant", *terms, "--text", "Bayramda", "--dry-run").out
    assert "Bayramda" in shown
    assert "Text" not in made.ministry.done("mandate", "grant", "accountant", *terms, "--yes").err
    assert [one["text"] for one in made.ministry.done("mandate", "list", "--json").data["lines"]] == ["Ta’tilda", None]


@pytest.mark.parametrize(("answer", "code"), [("yes\nyes\n", 0), ("no\n", 2)])
def test_at_a_terminal_the_one_mandate_that_fits_is_asked_about(
    made: Offices, answer: str, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant(made)
    monkeypatch.setattr(Session, "asks", property(lambda _: True))
    variables = {"ORTOO_HOME": str(made.ministry.folder), "ORTOO_PASSPHRASE": PASSPHRASE}
    words = ["--as", "clerk", "letter", "send", made.file("e.txt"), "--subject", "x", "--to", "mfy-001"]
    result = CliRunner().invoke(ortoo, words, input=answer, env=variables)
    assert "act for deputy" in result.stderr
    assert ("clerk, acting for deputy" in result.stderr) == (code == 0)
    assert (result.exit_code == 0) == (code == 0), result.stderr


def test_a_draft_is_checked_for_a_deputy(made: Offices) -> None:
    mandate, folder = grant(made), str(made.folder / "d")
    made.ministry.done("letter", "draft", made.file("d.txt"), "--subject", "x", "--to", "mfy-001", "--dir", folder)
    told = made.ministry.done("--as", "clerk", "letter", "check", folder, "--mandate", mandate, "--json").data
    assert (told["signed_by"], told["acting_for"], told["mandate"]) == (["clerk"], "deputy", mandate)
