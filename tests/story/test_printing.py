"""Printing through the command line: letters of every fate, and the book, from a ledger where everything has happened once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.letter_printing import qr_text
from tests.eventful_exchange import COMMITTEES, Eventful, eventful_exchange
from tests.homes import Home, home_of
from tests.offices import offices
from tests.printed_pages import A4_PT, PAGES_PRINTED, read_pdf, words
from tests.source_tree import ROOT


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_exchange(tmp_path_factory.mktemp("exchange")) as made:
        yield made


@pytest.fixture(scope="module")
def ministry(told: Eventful) -> Home:
    return home_of(told.exchange, "printing-ministry", "deputy")


@pytest.fixture(scope="module")
def committee(told: Eventful) -> Home:
    return home_of(told.exchange, "printing-committee", f"clerk-{COMMITTEES[0]}")


def printed(home: Home, told: Eventful, letter: str, folder: Path) -> str:
    """Print a letter as HTML and return the page."""
    file = folder / f"{letter}.html"
    home.done("letter", "print", told.letters[letter].hex(), "-o", str(file))
    return file.read_text("utf-8")


def test_a_recipient_prints_a_letter_with_both_numbers_and_a_code_that_leads_back(
    committee: Home, told: Eventful, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    letter, file = told.letters["answered"], tmp_path / "letter.pdf"
    answer = committee.done("--json", "letter", "print", letter.hex(), "-o", str(file)).data
    read = read_pdf(file)
    record_property(PAGES_PRINTED, len(read.sizes))
    assert (answer["file"], answer["pages"], answer["size_bytes"]) == (str(file), 1, file.stat().st_size)
    assert read.sizes == (A4_PT,)
    assert read.codes == (qr_text(told.exchange.identity, letter),)
    for text in (
        "TRAINING",
        "Outgoing: № 1/01-07",
        "Incoming: № 1 of",
        "One letter",
        "The letter's text.",
        "letter.txt",
        "deputy",
    ):
        assert words(text) in words(read.text)
    assert str(told.position("answered")) in read.text
    again = tmp_path / "again.pdf"
    assert committee.done("--json", "letter", "print", letter.hex(), "-o", str(again)).data["sha256"] == answer["sha256"]
    assert committee.run("letter", "print", letter.hex(), "-o", str(file)).code == 2


def test_the_sender_sees_no_incoming_number_and_an_answer_names_what_it_answers(
    ministry: Home, told: Eventful, tmp_path: Path
) -> None:
    assert "Incoming" not in printed(ministry, told, "answered", tmp_path)
    assert 'In reply to:</span> <span class="shown">№ 1/01-07 of' in printed(ministry, told, "reply", tmp_path)


def test_a_circular_names_its_group_and_how_many_are_in_it(ministry: Home, told: Eventful, tmp_path: Path) -> None:
    page = printed(ministry, told, "circular", tmp_path)
    assert "all: group of ministry, version 1, 7 organisations" in page
    assert page.index("mfy-003") < page.index("Copy for information") < page.index("mfy-002")


@pytest.mark.parametrize(("letter", "fate"), [("recalled", "RECALLED"), ("replaced", "SUPERSEDED"), ("contested", "CONTESTED")])
def test_what_became_of_a_letter_stands_at_its_head(
    ministry: Home, told: Eventful, tmp_path: Path, letter: str, fate: str
) -> None:
    page = printed(ministry, told, letter, tmp_path)
    assert page.index(fate) < page.index("<h1>")
    assert 'class="shown fate"' not in printed(ministry, told, "answered", tmp_path)


def test_an_officer_to_whose_attention_it_goes_stands_behind_his_organisation(tmp_path: Path) -> None:
    with offices(tmp_path, 3) as day:
        draft = day.ministry.done(
            *("letter", "draft", day.file("xat.txt"), "--subject", "Xat", "--to", "mfy-001", "--to", "mfy-003", "--json")
        )
        letter = Path(draft.data["letter"])
        said = '[attention]\nmfy-001 = "chair-1"\nmfy-003 = "nobody-known"\n'
        letter.write_text(letter.read_text("utf-8").replace("[attention]\n", said), "utf-8")
        day.ministry.done("letter", "send", draft.data["draft"], "--yes")
        file = tmp_path / "attention.html"
        day.first.done("letter", "print", "out:1", "--for", "ministry", "-o", str(file))
        page = file.read_text("utf-8")
    assert "mfy-001 (Attention: chair-1, chair-1)<" in page
    assert "mfy-003 (Attention: nobody-known)<" in page


def test_a_book_is_printed_whole_and_as_it_stood(
    ministry: Home, told: Eventful, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    file, before = tmp_path / "book.html", tmp_path / "before.html"
    ministry.done("register", "print", "outgoing", "-o", str(file))
    ministry.done("register", "print", "outgoing", "-o", str(before), "--as-of", str(told.position("answered")))
    entries = ministry.done("--json", "register", "show", "outgoing").data["entries"]
    rows = file.read_text("utf-8").split("<tbody>")[1].count("<tr>")
    assert rows == len(entries)
    assert before.read_text("utf-8").split("<tbody>")[1].count("<tr>") == 1
    incoming = tmp_path / "incoming.pdf"
    pages = ministry.done("--json", "register", "print", "incoming", "--org", COMMITTEES[0], "-o", str(incoming)).data["pages"]
    read = read_pdf(incoming)
    record_property(PAGES_PRINTED, len(read.sizes))
    assert (pages, read.sizes) == (1, (A4_PT[::-1],))
    assert "1 / 1" in read.text
    assert "One letter" in read.text


def test_what_a_code_holds_is_written_down() -> None:
    page = (ROOT / "docs" / "reference" / "printed.md").read_text("utf-8")
    assert "ortoo:LEDGER:LETTER" in page
    text = qr_text(b"\x5a" * 32, b"\xc3" * 32)  # type: ignore[arg-type] # an identity is 32 bytes
    assert text == f"ortoo:{'5a' * 8}:{'c3' * 32}"
