"""Lists of the administration as people read them, in every language; and the questions that name nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.directory_entries import appointment_entry, organisation_entry, parse_identifiers, parse_names, raw_entry
from cli.directory_reading import name_in
from cli.errors import UsageError
from cli.languages import Language
from domain.header import LocalName
from tests.exchanges import TestExchange, entry_of
from tests.homes import Home, home_of

LISTS = (
    ("org", "list", "--closed"),
    ("org", "show", "ministry"),
    ("officer", "list", "--relieved"),
    ("key", "list"),
    ("identity", "list"),
    ("group", "list"),
    ("register", "show", "incoming"),
    ("ledger", "show"),
    ("ledger", "check"),
)
NAMES = (
    LocalName(language="uz-Cyrl", text="Вазирлик"),
    LocalName(language="uz", text="Vazirlik"),
    LocalName(language="ru", text="Министерство"),
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder: Path = tmp_path_factory.mktemp("exchange")
    exchange = TestExchange(folder, f"sqlite:{folder / 'ledger.sqlite'}")
    station = exchange.station("ministry-tests")
    exchange.add_organisations(station, ["mfy-001", "mfy-002"])
    exchange.add_officer(station, "clerk", "ministry", "clerk")
    made = home_of(exchange, "ministry", "registrar", "clerk")
    made.done("org", "close", "mfy-002", "--successor", "mfy-001", "--yes")
    made.done("group", "define", "all", "--where", "kind=committee", "--yes", "--as", "clerk")
    made.done("key", "suspend", "clerk", "--reason", "COMPROMISED", "--since", "0", "--yes")
    made.done("officer", "relieve", "clerk", "--org", "ministry", "--yes")
    yield made
    exchange.close()


@pytest.mark.parametrize("language", list(Language))
def test_every_list_speaks_every_language(home: Home, language: Language) -> None:
    outs = [home.done(*words, "--lang", language.value).out for words in LISTS]
    assert all(outs)
    if language is not Language.ENGLISH:
        english = [home.done(*words).out for words in LISTS]
        assert all(one != other for one, other in zip(outs, english, strict=True))


def test_what_is_closed_suspended_and_contested_is_said(home: Home) -> None:
    assert "closed → mfy-001" in home.done("org", "list", "--closed").out
    assert "mfy-002" not in home.done("org", "list").out
    line = next(line for line in home.done("key", "list").out.splitlines() if line.startswith("clerk"))
    assert "suspended" in line
    assert line.endswith("0")


def test_lists_go_on_where_a_page_ended(home: Home) -> None:
    first = home.done("org", "list", "--limit", "1")
    assert "--after mfy-001" in first.err
    assert "ministry" in home.done("org", "list", "--after", "mfy-001").out
    officers = home.done("--json", "officer", "list", "--relieved", "--limit", "1").data
    assert officers["after"] == "clerk/ministry"
    rest = home.done("--json", "officer", "list", "--relieved", "--after", officers["after"]).data
    assert [one["officer"] for one in rest["appointments"]] == ["registrar"]
    keys = home.done("--json", "key", "list", "--limit", "1").data
    assert [one["officer"] for one in home.done("--json", "key", "list", "--after", keys["after"]).data["keys"]] == ["clerk"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("org", "show", "nobody"), 2),
        (("org", "change", "nobody", "--region", "x"), 2),
        (("org", "register", "mfy-003", "--kind", "committee"), 2),
        (("org", "register", "mfy-003", "--kind", "committee", "--name", "without language"), 2),
        (("org", "register", "No Id", "--kind", "committee", "--name", "uz=X"), 2),
        (("org", "register", "mfy-001", "--kind", "committee", "--name", "uz=X", "--yes"), 5),
        (("org", "import", "no-such-file.csv"), 1),
        (("officer", "appoint", "new", "--org", "mfy-001", "--role", "clerk"), 2),
        (("officer", "appoint", "root", "--org", "mfy-001", "--role", "clerk", "--name", "uz=X", "--post", "uz=Y"), 2),
        (("officer", "relieve", "nobody", "--org", "mfy-001", "--yes"), 5),
        (("key", "enrol", "no-such-file.json", "--words", "x"), 1),
        (("key", "create", "registrar"), 1),
        (("key", "list", "--after", "x"), 2),
        (("key", "suspend", "nobody", "--reason", "LOST"), 2),
        (("key", "suspend", "clerk", "--reason", "LOST", "--key", "abc"), 2),
        (("key", "resume", "clerk", "--reason", "FOUND", "--key", "ffffffffffff"), 2),
        (("group", "show", "none"), 2),
        (("group", "define", "x"), 2),
        (("ledger", "join", "nowhere:x", "--identity", "ab" * 32), 2),
        (("ledger", "join", "sqlite:x", "--identity", "abc"), 2),
        (("identity", "use", "Not An Id"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_says_so_and_signs_nothing(home: Home, words: tuple[str, ...], code: int) -> None:
    before = home.done("--json", "ledger", "show").data["next_position"]
    answer = home.run(*words)
    assert answer.code == code, answer.err
    assert answer.err.startswith("error: ") or "\nerror: " in answer.err
    assert home.done("--json", "ledger", "show").data["next_position"] == before


def test_a_home_without_ledger_is_told_what_to_do(tmp_path: Path) -> None:
    empty = Home(folder=tmp_path / "empty")
    for words in (("org", "list"), ("key", "create", "clerk"), ("ledger", "show"), ("org", "register", "x", "--kind", "unit")):
        answer = empty.run(*words)
        assert answer.code == 1
        assert "ortoo ledger join LOCATION --identity HEX" in answer.err
    assert empty.run("ledger", "check").code == 2


@pytest.mark.parametrize(
    ("language", "name"),
    [
        (Language.UZBEK_CYRILLIC, "Вазирлик"),
        (Language.UZBEK_LATIN, "Vazirlik"),
        (Language.RUSSIAN, "Министерство"),
        (Language.MONGOLIAN, "Вазирлик"),
    ],
)
def test_a_name_is_shown_in_ones_language_or_as_it_was_entered_first(language: Language, name: str) -> None:
    assert name_in(NAMES, language) == name


def test_without_name_nothing_is_shown() -> None:
    assert name_in((), Language.ENGLISH) == ""


@pytest.mark.parametrize("text", ["", "=", "uz=", "=Vazirlik", "Vazirlik"])
def test_a_name_needs_its_language(text: str) -> None:
    with pytest.raises(UsageError, match="--name"):
        parse_names("--name", [text])


def test_a_name_may_hold_an_equals_sign() -> None:
    assert parse_names("--name", ["uz = A=B "]) == [{"language": "uz", "text": "A=B"}]
    assert parse_identifiers("--identifier", ["stir=1"]) == [{"scheme": "stir", "value": "1"}]


def test_an_entry_comes_back_from_its_raw_form() -> None:
    entry = entry_of("mfy-001", region="and")
    assert organisation_entry(raw_entry(entry)) == entry


def test_limits_are_those_of_the_schemas() -> None:
    raw = raw_entry(entry_of("mfy-001"))
    with pytest.raises(UsageError, match="names"):
        organisation_entry({**raw, "names": []})
    with pytest.raises(UsageError, match="roles"):
        appointment_entry({"organisation": "min", "officer": "a", "names": raw["names"], "posts": raw["names"], "roles": []})
