"""`ortoo register show` and `export`: a whole book, page by page, as it stood, and harmless to a spreadsheet."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchanges import TestExchange
from tests.homes import Home, home_of

FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    made = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}")
    yield made
    made.close()


@pytest.fixture
def home(exchange: TestExchange) -> Home:
    """Return the ministry's home after three letters to a committee, which acknowledged the second."""
    station = exchange.station("ministry-tests")
    exchange.add_organisations(station, ["mfy-001"])
    exchange.add_officer(station, "deputy", "ministry", "signatory", "clerk")
    exchange.add_officer(station, "secretary", "mfy-001", "clerk")
    letters = [
        exchange.send(station, "deputy", "mfy-001", subject=subject, case_index="01-07")
        for subject in ("First", "Second, with a comma", FORMULA)
    ]
    exchange.acknowledge(station, "secretary", letters[1], "mfy-001")
    return home_of(exchange, "ministry", "deputy")


def test_a_book_is_shown_page_by_page(home: Home) -> None:
    first = home.done("--json", "register", "show", "outgoing", "--limit", "2").data
    assert [entry["printed"] for entry in first["entries"]] == ["1/01-07", "2/01-07"]
    rest = home.done("--json", "register", "show", "outgoing", "--after", first["after"]).data
    assert ([entry["serial"] for entry in rest["entries"]], rest["after"]) == ([3], None)
    assert {entry["correspondent"] for entry in first["entries"] + rest["entries"]} == {"mfy-001"}


def test_people_read_numbers_dates_and_subjects(home: Home) -> None:
    out = home.done("register", "show", "outgoing").out
    assert out.startswith("TRAINING")
    assert all(text in out for text in ("1/01-07", "Second, with a comma", "(+05)"))


def test_an_incoming_entry_has_two_dates(home: Home) -> None:
    (entry,) = home.done("--json", "register", "show", "incoming", "--org", "mfy-001").data["entries"]
    assert (entry["printed"], entry["subject"], entry["officer"]) == ("1", "Second, with a comma", "secretary")
    assert entry["arrived_at"] < entry["registered_at"]


def test_a_book_is_shown_as_it_stood(home: Home) -> None:
    entries = home.done("--json", "register", "show", "outgoing").data["entries"]
    before = home.done("--json", "register", "show", "outgoing", "--as-of", str(entries[1]["position"])).data["entries"]
    assert before == entries[:2]
    assert home.done("--json", "register", "show", "outgoing", "--year", "2000").data["entries"] == []


def test_an_export_is_csv_and_no_formula(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    assert home.done("--json", "register", "export", "outgoing", "--to", str(file)).data == {"file": str(file), "count": 3}
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    assert [row["serial"] for row in rows] == ["1", "2", "3"]
    assert [row["subject"] for row in rows] == ["First", "Second, with a comma", f"'{FORMULA}"]
    assert home.done("register", "export", "outgoing").out == file.read_text("utf-8-sig")
    assert file.read_bytes().startswith(codecs.BOM_UTF8)
    assert len(home.done("--json", "register", "export", "outgoing").data["entries"]) == 3


def test_an_export_overwrites_nothing(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text("mine")
    answer = home.run("--json", "register", "export", "outgoing", "--to", str(file))
    assert (answer.code, answer.data["error"]["code"], file.read_text()) == (2, "USAGE", "mine")


@pytest.mark.parametrize("words", [("--after", "x"), ("--year", "1"), ("--org", "No Id")], ids=" ".join)
def test_what_names_no_book_is_wrong_usage(home: Home, words: tuple[str, ...]) -> None:
    assert home.run("register", "show", "outgoing", *words).code == 2


def test_without_officer_a_book_must_be_named(exchange: TestExchange) -> None:
    nobody = home_of(exchange, "nobody")
    assert "--org ORG" in nobody.run("register", "show", "outgoing").err
    assert "--owner ORG" in nobody.run("group", "show", "all").err
