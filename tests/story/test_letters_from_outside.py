"""Letters from outside: a ministry enters what came by post, and tells how a committee that is not connected got its letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.registration import changed
from cli.errors import ExitCode
from domain.directory import OUTSIDE
from tests.exchanges import MINISTRY, REGISTRAR, entry_of, tell
from tests.offices import Offices, offices

PLACE = "01-02-papka, 14-varaq"
WRITER = "“Suv ta’minoti” AJ"


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Offices]:
    with offices(tmp_path, 3) as made:
        away = replace(entry_of("mfy-003"), connection=OUTSIDE)
        tell(made.onlooker, [changed(made.onlooker, made.exchange.signer(REGISTRAR), MINISTRY, away)])
        yield made


def receive(day: Offices, *more: str, arrived: str = "2026-01-05", text: str = "Ichimlik suvi\n") -> tuple[str, ...]:
    """Return the command that enters a letter of the water company."""
    return (
        *("letter", "receive", day.file("skaner.txt", text), "--from", WRITER, "--their-number", "17-04/2"),
        *("--their-date", "2026-01-02", "--arrived", arrived, "--channel", "post", "--original", PLACE),
        *("--subject", "Ichimlik suvi to‘g‘risida", "--as", "clerk", *more),
    )


def listed(day: Offices, *words: str) -> list[dict[str, Any]]:
    """Return the lines of the ministry's list of letters."""
    lines: list[dict[str, Any]] = day.ministry.done("letter", "list", *words, "--json").data["lines"]
    return lines


def test_a_letter_on_paper_gets_the_next_incoming_number_once(day: Offices) -> None:
    shown = day.ministry.done(*receive(day, "--dry-run", "--lang", "uz")).out
    assert "yuboruvchining imzosi tizimda yo‘q" in shown
    assert WRITER in shown
    assert PLACE in shown
    end = day.end()
    told = day.ministry.done(*receive(day, "--yes", "--json")).data
    assert (told["act"], told["outcome"], told["number"]["serial"]) == ("letter.received_outside", "accepted", 1)
    assert day.ministry.done(*receive(day, "--yes", "--json")).data["identity"] == told["identity"]
    assert day.end() == end + 1
    (entry,) = day.ministry.done("register", "show", "incoming", "--json").data["entries"]
    assert (entry["serial"], entry["channel"], entry["written_by"], entry["letter"]) == (1, "post", WRITER, told["identity"])
    shown = day.ministry.done("register", "show", "incoming", "--lang", "uz").out
    assert WRITER in shown
    assert "yuboruvchining imzosi tizimda yo‘q" in shown
    (_, row) = day.ministry.done("register", "export", "incoming").out.splitlines()
    assert WRITER in row
    assert row.endswith(f"letter.received_outside {told['position']} post")
    page = day.folder / "kitob.html"
    day.ministry.done("register", "print", "incoming", "-o", str(page), "--lang", "uz")
    assert "yuboruvchining imzosi tizimda yo‘q" in page.read_text("utf-8")


def test_a_letter_on_paper_stands_in_the_inbox_until_its_answer_closes_it(day: Offices) -> None:
    day.first.done("letter", "send", day.file("reja.txt"), "--subject", "Reja", "--to", "ministry", "--as", "chair-1", "--yes")
    day.ministry.done(*receive(day, "--yes"))
    (task,) = (one for one in day.ministry.done("today", "--json").data["lines"] if one["what"] == "from_outside")
    assert (task["written_by"], task["command"]) == (WRITER, f"ortoo letter reply {task['mark']} FILE --to ORG")
    assert WRITER in day.ministry.done("today").out
    (paper, sent) = day.ministry.done("inbox", "--open", "--json").data["lines"]
    assert (paper["sender"], paper["written_by"], paper["their_number"], paper["number"]) == (None, WRITER, "17-04/2", "1")
    assert (paper["state"], paper["marks"], sent["written_by"]) == ("acknowledged", ["from_outside"], None)
    assert [row["letter"] for row in day.ministry.done("inbox", "--words", "СУВ таъминоти", "--json").data["lines"]] == [
        paper["letter"]
    ]
    for empty in (("--overdue",), ("--from", "mfy-001", "--number", "17-04/2"), ("--state", "open", "--words", "suv")):
        assert day.ministry.done("inbox", *empty, "--json").data["lines"] == []
    table = day.ministry.done("inbox", "--number", "17-04/2", "--limit", "1").out
    assert WRITER in table
    assert "from outside: the sender's signature is not in the system" in table
    first = day.ministry.done("inbox", "--limit", "1", "--json").data
    rest = day.ministry.done("inbox", "--limit", "1", "--after", first["after"], "--json").data
    assert [*first["lines"], *rest["lines"]] == [paper, sent]
    assert [one["letter"] for one in listed(day)] == [paper["letter"], sent["letter"]]
    (line,) = listed(day, "--to", "ministry", "--number", "17-04/2", "--limit", "1")
    assert (line["sender"], line["written_by"], line["only_recipient"], line["marks"]) == (
        None,
        WRITER,
        "ministry",
        ["from_outside"],
    )
    assert (line["recipients"], line["acknowledged"], line["number"]) == (1, 1, "1")
    for one in (("--words", "сув"), ("--limit", "1"), ("--state", "acknowledged")):
        assert [row["letter"] for row in listed(day, "--all", *one)] == [paper["letter"]]
    first = day.ministry.done("letter", "list", "--limit", "1", "--json").data["after"]
    assert [one["letter"] for one in listed(day, "--limit", "1", "--after", first)] == [sent["letter"]]
    assert [one["letter"] for one in listed(day, "--from", "mfy-001")] == [sent["letter"]]
    assert listed(day, "--region", "nowhere") == listed(day, "--overdue") == []
    assert WRITER in day.ministry.done("letter", "list").out
    shown = day.ministry.done("letter", "show", "in:1", "--lang", "uz")
    assert all(words in shown.out for words in (WRITER, "17-04/2", PLACE, "yuboruvchining imzosi tizimda yo‘q", "skaner.txt"))
    end = day.end()
    read = day.ministry.done("letter", "read", "in:1", "--as", "clerk", "--save", str(day.folder / "skan"))
    assert (day.folder / "skan" / "skaner.txt").read_text("utf-8") == "Ichimlik suvi\n"
    assert day.end() == end
    assert "Ichimlik suvi" in read.out
    assert "the sender's signature is not in the system" in read.out
    answer = ("letter", "reply", "in:1", day.file("javob.txt"), "--yes")
    assert "--to ORG" in day.ministry.run(*answer).err
    day.ministry.done(*answer, "--to", "mfy-003", "--interim")
    (still, _) = day.ministry.done("inbox", "--open", "--json").data["lines"]
    assert (still["letter"], still["marks"]) == (paper["letter"], ["from_outside", "answered"])
    (task,) = (one for one in day.ministry.done("today", "--json").data["lines"] if one["what"] == "from_outside")
    assert (task["owed"], task["command"].startswith("ortoo letter close ")) == ("close", True)
    day.ministry.done(*answer, "--to", "mfy-003")
    told = day.ministry.done("letter", "show", "in:1", "--json").data
    assert (told["letter"]["answered"], [line["relation"] for line in told["thread"]]) == (True, ["answers"])
    assert day.ministry.done("letter", "show", "out:1", "--json").data["thread"][0]["written_by"] == WRITER
    assert [line["letter"] for line in day.ministry.done("inbox", "--open", "--json").data["lines"]] == [sent["letter"]]
    assert day.ministry.done("letter", "show", "in:1", "--json").data["letter"]["how"] == "answered"
    told = [one["type"] for one in day.ministry.done("history", "in:1", "--json").data["lines"]]
    assert told == ["letter.received_outside", "consignment.closed"]
    assert [one["what"] for one in day.ministry.done("today", "--json").data["lines"]] == ["acknowledge", "deliver"]


def test_what_only_a_letter_of_the_exchange_undergoes_is_refused_with_what_can_be_done(day: Offices) -> None:
    day.ministry.done(*receive(day, "--yes"))
    for refused in (
        ("print", "in:1", "-o", str(day.folder / "a.html")),
        ("acknowledge", "in:1"),
        ("refuse", "in:1", "--reason", "WRONG_ADDRESSEE"),
        ("transfer", "in:1", "--to", "mfy-001", "--reason", "NOT_IN_COMPETENCE"),
        ("withdraw-receipt", "in:1", "--reason", "ENTERED_IN_ERROR"),
        ("recall", "in:1", "--reason", "OTHER"),
    ):
        assert "came from outside" in day.ministry.run("letter", *refused, "--yes" if refused[0] != "print" else "--json").err
    assert "came from outside" in day.ministry.run("outbox", "--letter", "in:1").err
    assert "has no recipients" in day.ministry.run("letter", "show", "in:1", "--recipient", "mfy-001").err


def test_a_letter_on_paper_that_came_before_it_was_written_is_refused(day: Offices) -> None:
    refused = day.ministry.run(*receive(day, "--yes", "--json", arrived="2026-01-01"))
    assert (refused.code, refused.data["error"]["reason"]) == (ExitCode.REJECTED, "WRITTEN_AFTER_ARRIVAL")


def test_the_sender_tells_how_a_committee_outside_got_its_letter(day: Offices) -> None:
    file = day.file("xat.txt")
    words = ("letter", "send", file, "--subject", "Reja to‘g‘risida", "--to", "mfy-003", "--to", "mfy-001", "--yes", "--json")
    sent = day.ministry.done(*words).data
    when = datetime.fromtimestamp(sent["at"] / 1000, UTC).isoformat()
    told = ("letter", "delivered", "out:1", "--channel", "by_hand", "--on", when, "--as", "clerk", "--yes", "--json")
    done = day.ministry.done(*told, "--recipient", "mfy-003").data
    assert (done["act"], done["outcome"], done["number"]) == ("consignment.delivered_outside", "accepted", None)
    connected = day.ministry.run(*told, "--recipient", "mfy-001")
    assert (connected.code, connected.data["error"]["reason"]) == (ExitCode.REJECTED, "NOT_OUTSIDE")
    again = day.ministry.run(*told, "--recipient", "mfy-003")
    assert (again.code, again.data["error"]["reason"]) == (ExitCode.REJECTED, "DELIVERY_ALREADY_RECORDED")
