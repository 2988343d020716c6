"""What people read: lists, one letter, the history; as it is, and exactly as it stood."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import ortoo
from cli.session import Session
from cli.settings import write_settings
from cli.wiring import open_station, passing_projector
from tests.eventful_exchange import COMMITTEES, Eventful, eventful_exchange
from tests.homes import Answer, Home, home_of


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_exchange(tmp_path_factory.mktemp("exchange")) as made:
        yield made


@pytest.fixture(scope="module")
def ministry(told: Eventful) -> Home:
    return home_of(told.exchange, "ministry-reads", "ministry-clerk")


@pytest.fixture(scope="module")
def committee(told: Eventful) -> Home:
    return home_of(told.exchange, "committee-reads", "clerk-mfy-001")


def at_ledger_time(home: Home, now_ms: int, *words: str) -> Answer:
    """Run a command on a machine whose clock stands at a time of the ledger."""
    session = Session({"ORTOO_HOME": str(home.folder)}, lambda: now_ms)
    result = CliRunner().invoke(ortoo, words, obj=session, prog_name="ortoo")
    return Answer(code=result.exit_code, out=result.stdout, err=result.stderr)


def subjects(answer: Answer) -> list[str]:
    return [line["subject"] for line in answer.data["lines"]]


def line_of(answer: Answer, told: Eventful, letter: str) -> Any:
    (found,) = (line for line in answer.data["lines"] if line["letter"] == told.letters[letter].hex())
    return found


def test_the_inbox_shows_what_arrived_and_what_is_owed(committee: Home, told: Eventful) -> None:
    inbox = committee.done("inbox", "--json")
    assert subjects(inbox) == ["After the closing", "Sent in error", "To everybody", "One letter"]
    first = line_of(inbox, told, "answered")
    assert (first["number"], first["their_number"], first["state"]) == ("1", "1/01-07", "acknowledged")
    assert first["marks"] == ["opened", "answered"]
    assert line_of(inbox, told, "recalled")["state"] == "recalled"
    assert inbox.data["organisations"] == ["mfy-001"]
    assert {line["recipient"] for line in inbox.data["lines"]} == {"mfy-001"}


def test_the_inbox_of_a_successor_holds_what_it_took_over(committee: Home, told: Eventful) -> None:
    inbox = committee.done("inbox", "--for", "mfy-005", "--json")
    assert inbox.data["organisations"] == ["mfy-005", "mfy-004"]
    circular = [line for line in inbox.data["lines"] if line["letter"] == told.letters["circular"].hex()]
    assert [(line["recipient"], line["state"]) for line in circular] == [("mfy-004", "refused"), ("mfy-005", "acknowledged")]
    assert circular[1]["marks"] == ["missed", "late"]
    assert line_of(inbox, told, "contested")["marks"] == ["contested"]
    assert "contested" not in line_of(inbox, told, "before the theft")["marks"]


def test_the_outbox_counts_and_never_counts_an_outsider_silent(ministry: Home, told: Eventful) -> None:
    outbox = ministry.done("outbox", "--json")
    circular = line_of(outbox, told, "circular")
    counted = (circular["recipients"], circular["acknowledged"], circular["by_state"]["refused"], circular["silent"])
    assert counted == (7, 2, 1, 3)
    assert (circular["late"], circular["by_state"]["open"]) == (1, 4)
    assert circular["marks"] == ["missed", "overdue", "to_deliver"]
    assert line_of(outbox, told, "replaced")["marks"] == ["superseded"]
    assert line_of(outbox, told, "answered")["answered"] == 1
    assert line_of(outbox, told, "recalled")["marks"] == ["recalled"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--state", "open"], ["After the closing"]),
        (["--state", "acknowledged", "--state", "recalled"], ["Sent in error", "To everybody", "One letter"]),
        (["--case", "01-07"], ["One letter"]),
        (["--number", "1"], ["One letter"]),
        (["--number", "1/01-07"], ["One letter"]),
        (["--from", "mfy-002"], []),
        (["--from", "ministry", "--limit", "1"], ["After the closing"]),
        (["--since", "2025-11-24T21:11"], ["After the closing"]),
        (["--until", "2025-11-24T21:00:40"], ["To everybody", "One letter"]),
        (["--since", "2025-11-25"], []),
        (["--until", "2025-11-24"], ["After the closing", "Sent in error", "To everybody", "One letter"]),
        (["--overdue"], []),
        (["--region", "north"], []),
    ],
)
def test_the_inbox_is_narrowed(committee: Home, options: list[str], expected: list[str]) -> None:
    assert subjects(committee.done("inbox", "--json", *options)) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--overdue"], ["To everybody"]),
        (["--to", "mfy-006"], ["After the closing", "To everybody"]),
        (["--region", "north", "--state", "open"], ["After the closing", "Without", "With a mistake", "To everybody"]),
        (["--case", "02-11"], ["Without", "With a mistake"]),
        (["--number", "4"], ["With a mistake"]),
        (["--state", "refused"], ["To everybody"]),
        (["--state", "recall_asked"], []),
    ],
)
def test_the_outbox_is_narrowed(ministry: Home, options: list[str], expected: list[str]) -> None:
    assert subjects(ministry.done("outbox", "--json", *options)) == expected


@pytest.mark.parametrize(
    "words",
    ["inbox --for mfy-005", "outbox", "letter list", "letter list --all", "history --positions 30..50", "outbox --letter out:2"],
)
@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_one_after_the_other_are_the_whole_list(ministry: Home, words: str, limit: int) -> None:
    whole = ministry.done(*words.split(), "--json", "--limit", "1000").data
    assert whole["after"] is None
    lines: list[Any] = []
    more: list[str] = []
    while True:
        page = ministry.done(*words.split(), "--json", "--limit", str(limit), *more).data
        assert len(page["lines"]) <= limit
        lines += page["lines"]
        if page["after"] is None:
            break
        more = ["--after", page["after"]]
    assert lines == whole["lines"]


@pytest.mark.parametrize("words", ["inbox --for mfy-005", "outbox", "letter list", "history"])
@pytest.mark.parametrize("cursor", ["x", "12/", "-1", "9" * 30, "1 OR 1"])
def test_a_cursor_of_another_list_is_refused(ministry: Home, words: str, cursor: str) -> None:
    answer = ministry.run(*words.split(), "--after", cursor)
    assert (answer.code, "cannot go on after" in answer.err) == (1, True)


def test_a_line_of_the_last_list_names_its_letter_and_its_recipient(ministry: Home, told: Eventful) -> None:
    ministry.done("outbox", "--letter", "out:2")
    shown = ministry.done("letter", "show", "#4", "--json").data
    assert shown["letter"]["letter"] == told.letters["circular"].hex()
    assert (shown["recipient"], [step["act"] for step in shown["steps"]]) == (
        "mfy-004",
        ["letter.dispatched", "receipt.refused"],
    )
    ministry.done("letter", "list", "--all")
    assert ministry.done("letter", "show", "#1", "--json").data["letter"]["subject"] == "Signed by a thief"


def test_every_list_begins_with_the_purpose_of_a_ledger_that_is_not_production(ministry: Home) -> None:
    lists = ("inbox", "outbox", "letter list", "history", "outbox --letter out:2", "letter show out:1", "letter read out:1")
    for words in lists:
        assert ministry.done(*words.split()).out.startswith("TRAINING: "), words
        assert ministry.done(*words.split(), "--lang", "ru").out.startswith("УЧЕБНЫЙ: "), words
        assert json.loads(ministry.done(*words.split(), "--json").out)["purpose"] == "training", words


def test_a_letter_is_shown_step_by_step_with_who_signed(ministry: Home, told: Eventful) -> None:
    shown = ministry.done("letter", "show", "out:1", "--json").data
    assert [(step["act"], step["position"], step["number"]) for step in shown["steps"]] == [
        ("letter.dispatched", told.position("answered"), "1/01-07"),
        ("consignment.opened", told.position("opened"), None),
        ("receipt.acknowledged", told.position("acknowledged"), "1"),
        ("answered", told.position("reply"), "1"),
    ]
    opened = shown["steps"][1]
    assert (opened["officer"], opened["about_officer"]) == ("station-mfy-001", "clerk-mfy-001")
    words = ministry.done("letter", "show", "out:1").out
    assert "on the ledger, not yet witnessed" in words
    assert "station-mfy-001, for clerk-mfy-001" in words
    assert "№ 1/01-07 → mfy-001" in words


def test_a_recall_is_told_with_its_reasons_and_texts(ministry: Home) -> None:
    shown = ministry.done("letter", "show", "out:3", "--recipient", "mfy-001", "--json").data
    assert [(step["act"], step["reason"], step["text"]) for step in shown["steps"]] == [
        ("letter.dispatched", None, None),
        ("receipt.acknowledged", None, None),
        ("letter.recalled", "SENT_IN_ERROR", None),
        ("recall.declined", "ALREADY_EXECUTED", None),
        ("letter.recalled", "OTHER", "Please."),
        ("recall.accepted", None, None),
    ]
    assert "“Please.”" in ministry.done("letter", "show", "out:3", "--recipient", "mfy-001").out


def test_the_thread_is_seen_from_both_sides(ministry: Home, told: Eventful) -> None:
    shown = ministry.done("letter", "show", told.letters["answered"].hex()[:8], "--json").data
    assert [(one["relation"], one["by_this"], one["subject"]) for one in shown["thread"]] == [
        ("answers", False, "The answer"),
        ("answers", False, "And more"),
    ]
    answer = ministry.done("letter", "show", told.letters["reply"].hex()[:8], "--json").data
    assert [(one["relation"], one["by_this"], one["number"]) for one in answer["thread"]] == [("answers", True, "1/01-07")]
    old = ministry.done("letter", "show", told.letters["replaced"].hex()[:8], "--json").data
    assert {(one["relation"], one["by_this"]) for one in old["thread"]} == {("follows", False), ("replaces", False)}


def test_contested_signatures_are_marked_wherever_they_are_shown(ministry: Home, told: Eventful) -> None:
    shown = ministry.done("letter", "show", told.letters["contested"].hex()[:8], "--json").data
    assert shown["letter"]["marks"] == ["contested"]
    assert [(one["state"], one["contested"]) for one in shown["signers"]] == [("revoked", True)]
    assert [step["contested"] for step in shown["steps"]] == [True, False]
    before = ministry.done("letter", "show", told.letters["before the theft"].hex()[:8], "--json").data
    assert before["signers"][0]["contested"] is False
    history = ministry.done("history", "--officer", "second-deputy", "--json").data["lines"]
    contested = {line["position"] for line in history if line["contested"]}
    assert contested == {told.position("contested"), told.position("after the theft")}


def test_a_circular_lists_the_silent_by_region(ministry: Home) -> None:
    for words in (["outbox", "--letter", "out:2"], ["letter", "show", "out:2"]):
        shown = ministry.done(*words, "--json").data
        assert shown["silent"] == [
            {"region": "north", "count": 2, "organisations": ["mfy-002", "mfy-003"]},
            {"region": "south", "count": 1, "organisations": ["mfy-006"]},
        ]
    few = ministry.done("outbox", "--letter", "out:2", "--limit", "1")
    assert "north  2: mfy-002, 1 more" in few.out
    south = ministry.done("outbox", "--letter", "out:2", "--region", "south", "--state", "open", "--json").data
    assert [line["recipient"] for line in south["lines"]] == ["mfy-006"]


def test_one_who_received_a_circular_sees_his_own_way_with_it(committee: Home, told: Eventful) -> None:
    shown = committee.done("letter", "show", "in:2", "--json").data
    assert (shown["recipient"], shown["letter"]["letter"]) == ("mfy-001", told.letters["circular"].hex())


def test_a_recipient_who_is_none_is_refused(ministry: Home) -> None:
    answer = ministry.run("letter", "show", "out:1", "--recipient", "mfy-002")
    assert (answer.code, "mfy-002 is no recipient" in answer.err) == (2, True)


def test_a_letter_is_read_with_its_documents_checked_and_saved(committee: Home, tmp_path: Path) -> None:
    read = committee.done("letter", "read", "in:1", "--save", str(tmp_path / "saved"), "--json").data
    assert read["text"] == "The letter's text.\n"
    assert (tmp_path / "saved" / "letter.txt").read_text() == "The letter's text.\n"
    assert read["documents"][0]["saved"] == str(tmp_path / "saved" / "letter.txt")
    again = committee.done("letter", "read", "in:1", "--save", str(tmp_path / "saved"))
    assert "letter (2).txt" in again.out
    assert "The letter's text." in again.out


def test_the_history_shows_every_event_with_its_verdict(ministry: Home, told: Eventful) -> None:
    lines = ministry.done("history", "--json", "--limit", "1000").data["lines"]
    assert [line["position"] for line in lines] == list(range(told.end))
    rejected = ministry.done("history", "--rejected", "--json").data["lines"]
    assert rejected == [line for line in lines if line["reason"] != "ACCEPTED"]
    (decided,) = (line for line in rejected if line["position"] == told.position("second decision"))
    assert (decided["reason"], decided["step"], decided["because"]) == ("ALREADY_DECIDED", 9, told.position("acknowledged"))
    assert "ALREADY_DECIDED ← 33" in ministry.done("history", "--rejected").out
    garbage = [line for line in rejected if line["type"] is None]
    assert {line["reason"] for line in garbage} == {"MALFORMED", "NO_RECORD"}


def test_the_history_of_a_letter_an_organisation_an_officer_and_of_positions(ministry: Home, told: Eventful) -> None:
    def positions(*words: str) -> list[int]:
        return [line["position"] for line in ministry.done("history", *words, "--json", "--limit", "1000").data["lines"]]

    letter = positions("out:1")
    assert {told.position(name) for name in ("answered", "opened", "acknowledged", "second decision")} <= set(letter)
    assert told.position("reply") not in letter
    assert positions("--positions", "5..7") == [5, 6, 7]
    assert positions("--positions", "..2") == [0, 1, 2]
    assert positions("--positions", f"{told.end - 2}..") == [told.end - 2, told.end - 1]
    assert positions("--positions", "9") == [9]
    assert {told.position("closed"), told.position("inherited acknowledged")} <= set(positions("--org", "mfy-004"))
    assert told.position("opened") in positions("--officer", "clerk-mfy-001")
    assert ministry.run("history", "--positions", "all").code == 2


def test_views_are_listed_told_and_rebuilt(ministry: Home, told: Eventful) -> None:
    ministry.done("inbox")
    before = passing_projector(told.station)
    before.catch_up()
    status = ministry.done("projection", "status", "--json").data["projections"]
    assert {one["next_position"] for one in status} == {told.end}
    for name in ministry.done("projection", "list", "--json").data["projections"]:
        rebuilt = ministry.done("projection", "rebuild", name, "--json").data
        assert rebuilt["position"] == told.end - 1
        if name != "covers":
            assert rebuilt["canonical_dump"] == before.canonical_dump(name).hex()
    assert subjects(ministry.done("outbox", "--case", "01-07", "--json")) == ["One letter"]
    assert ministry.run("projection", "rebuild", "nothing").code == 1
    before.close()


def test_the_station_says_how_it_stands(committee: Home, told: Eventful) -> None:
    status = committee.done("station", "status", "--json").data
    assert (status["reachable"], status["behind"], status["queue"]) == (True, 0, 0)
    assert status["next_position"] == told.end
    roots = told.station.parts.store.roots_at(told.end)
    assert (status["record_root"], status["verdict_root"]) == tuple(root.hex() for root in roots)
    assert [(key["officer"], key["key"] is not None) for key in status["keys"]] == [("clerk-mfy-001", True)]
    assert roots[0].hex() in committee.done("station", "status").out


def test_nobody_is_asked_for_is_told_how_to_say_whose_letters(told: Eventful) -> None:
    nobody = home_of(told.exchange, "nobody-reads")
    answer = nobody.run("inbox")
    assert (answer.code, "--for ORG" in answer.err) == (2, True)
    assert nobody.done("letter", "list", "--all", "--json").data["lines"]
    assert nobody.done("inbox", "--for", "mfy-001", "--json").data["lines"]


# As it stood.

AS_OF = (
    "inbox --for mfy-001",
    "inbox --for mfy-005",
    "inbox --for mfy-002 --overdue",
    "outbox --for ministry",
    "outbox --for ministry --overdue --limit 2",
    "letter list --for mfy-001",
    "letter list --all --state open",
    "history --limit 1000",
    "history --rejected",
    "history --org mfy-004",
    "history --officer second-deputy",
)
FOLLOWED = ("answered", "circular", "recalled", "replaced", "contested")
OF_ONE_LETTER = ("letter show {letter}", "outbox --letter {letter}", "letter read {letter}", "history {letter}")


def truncated(told: Eventful, folder: Path, last: int) -> Home:
    """Return a new home on a copy of the ledger that ends after a position."""
    ledger = folder / "ledger.sqlite"
    source = sqlite3.connect(told.exchange.folder / "ledger.sqlite")
    copy = sqlite3.connect(ledger)
    source.backup(copy)
    source.close()
    copy.execute("DROP TRIGGER ledger_slots_no_delete")
    copy.execute("DELETE FROM ledger_slots WHERE position > ?", (last,))
    copy.execute(
        "CREATE TRIGGER ledger_slots_no_delete BEFORE DELETE ON ledger_slots "
        "BEGIN SELECT RAISE(ABORT, 'a ledger is append-only'); END"
    )
    copy.commit()
    copy.close()
    shutil.copytree(told.exchange.folder / "ledger.sqlite.documents", folder / "ledger.sqlite.documents")
    home = folder / "home"
    write_settings(home, {"location": f"sqlite:{ledger}", "ledger": told.exchange.identity.hex()})
    return Home(folder=home)


@pytest.mark.slow
@pytest.mark.parametrize("last", [33, 40, 48, 56, 68])
def test_a_view_as_of_a_position_is_that_of_a_ledger_that_ends_there(
    told: Eventful, ministry: Home, tmp_path: Path, last: int
) -> None:
    ended = truncated(told, tmp_path, last)
    verdict = told.station.parts.store.verdict(last)
    assert verdict is not None
    letters = [told.letters[name].hex() for name in FOLLOWED if told.position(name) <= last]
    commands = [*AS_OF, *(one.format(letter=letter) for letter in letters for one in OF_ONE_LETTER)]
    for number, command in enumerate(commands):
        # What programs read holds all; people's words are made of it, so a part of them will do.
        words = [*command.split(), *(["--json"] if number % 3 else [])]
        as_it_stood = ministry.done(*words, "--as-of", str(last))
        as_it_is = at_ledger_time(ended, verdict.at, *words)
        assert (as_it_is.code, as_it_is.out) == (0, as_it_stood.out), command


@pytest.mark.parametrize("last", [0, 29, 41, 60, 71])
def test_views_as_of_a_position_have_the_dump_of_a_ledger_that_ends_there(told: Eventful, tmp_path: Path, last: int) -> None:
    session = Session({"ORTOO_HOME": str(truncated(told, tmp_path, last).folder)})
    ended = session.keep(open_station)
    ended.catch_up()
    there, here = passing_projector(ended), passing_projector(told.station)
    there.catch_up()
    here.catch_up(until=last + 1)
    assert there.canonical_dump() == here.canonical_dump()
    there.close()
    here.close()
    session.close()


def test_as_of_a_time_is_as_of_the_last_position_until_then(told: Eventful, ministry: Home) -> None:
    by_time = ministry.done("outbox", "--json", "--as-of", "2025-11-24T21:10:45+05:00")
    assert by_time.data["position"] == told.position("circular missed")
    assert line_of(by_time, told, "circular")["marks"] == ["missed", "overdue", "to_deliver"]
    before = ministry.done("outbox", "--json", "--as-of", "2025-11-24T21:00:45")
    assert line_of(before, told, "circular")["marks"] == ["to_deliver"]
    assert "as of position" in by_time.err


@pytest.mark.parametrize("as_of", ["999", "2001-01-01", "soon"])
def test_as_of_what_is_not_there_is_told_as_such(ministry: Home, as_of: str) -> None:
    answer = ministry.run("inbox", "--for", COMMITTEES[0], "--as-of", as_of)
    assert answer.code in {1, 2}
    assert as_of in answer.err
