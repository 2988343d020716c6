"""A transferred letter: a committee gets what is another's, passes it on, and the sender sees it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.handling import reminded
from adapters.submitting import sign_payload, submission_of
from cli.errors import ExitCode
from domain.ids import LetterId
from tests.exchanges import MINISTRY
from tests.offices import Offices, offices


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Offices]:
    with offices(tmp_path, 3) as made:
        yield made


def sent(day: Offices, subject: str, *more: str) -> str:
    """Send a letter of the ministry to the first committee, and return its identity."""
    words = ("letter", "send", day.file("xat.txt", f"{subject}\n"), "--subject", subject, "--to", "mfy-001", *more)
    identity: str = day.ministry.done(*words, "--yes", "--json").data["identity"]
    return identity


def test_a_letter_goes_on_to_whom_it_concerns_and_is_answered_there(day: Offices) -> None:
    letter = sent(day, "Ko‘chani ta’mirlash to‘g‘risida", "--acknowledge-by", "+3d")
    day.first.done("letter", "acknowledge", letter[:12], "--yes")
    told = day.first.done(
        *("letter", "transfer", "in:1", "--to", "mfy-002", "--reason", "NOT_IN_COMPETENCE", "--yes", "--json")
    ).data
    assert (told["act"], told["outcome"], told["number"]) == ("consignment.transferred", "accepted", None)

    fates = day.ministry.done("outbox", "--letter", "out:1", "--json").data["lines"]
    assert {one["recipient"]: one["state"] for one in fates} == {"mfy-001": "transferred", "mfy-002": "open"}
    reminded = day.ministry.done("letter", "remind", "out:1", "--silent", "--as", "clerk", "--yes", "--json").data
    assert reminded["act"] == "reminder.sent"

    waiting = day.second.done("inbox", "--json").data
    assert [one["state"] for one in waiting["lines"]] == ["open"]
    receipt = day.second.done("letter", "acknowledge", letter[:12], "--yes", "--json").data
    assert receipt["number"]["organisation"] == "mfy-002"
    steps = day.second.done("letter", "show", "in:1", "--json").data["steps"]
    assert [one["act"] for one in steps] == [
        "letter.dispatched",
        "consignment.transferred",
        "reminder.sent",
        "receipt.acknowledged",
    ]
    shown = day.second.done("letter", "show", "in:1").out
    assert "dispatched, № 1 " in shown
    assert "passed on, not in our competence " in shown
    closing = ("letter", "close", "in:1", "--how", "noted", "--case", "01-02", "--yes", "--json")
    closed = day.second.done(*closing).data
    assert closed["act"] == "consignment.closed"
    assert day.second.done("inbox", "--open", "--json").data["lines"] == []
    assert "finished" in day.second.done("inbox", "--json").data["lines"][0]["marks"]
    assert day.first.done("inbox", "--open", "--json").data["lines"] == []
    end = day.end()
    assert day.second.done(*closing).data["identity"] == closed["identity"]
    again = ("letter", "remind", "out:1", "--silent", "--as", "clerk", "--yes", "--json")
    assert day.ministry.done(*again).data["identity"] == reminded["identity"]
    assert day.end() == end


def test_a_receipt_in_error_is_withdrawn_and_the_register_keeps_its_number(day: Offices) -> None:
    letter = sent(day, "Hisobot to‘g‘risida")
    day.first.done("letter", "acknowledge", letter[:12], "--yes")
    day.first.done("registration", "correct", "in:1", "--case", "01-05", "--reason", "WRONG_CASE", "--yes")
    day.first.done("letter", "withdraw-receipt", letter[:12], "--reason", "ENTERED_IN_ERROR", "--yes")
    story = day.ministry.done("letter", "show", "out:1")
    assert "receipt withdrawn, entered in error" in story.out
    assert "acknowledged, № 1, voided " in story.out
    voided = day.first.run("registration", "void", letter[:12], "--reason", "ENTERED_IN_ERROR", "--yes", "--json")
    assert (voided.code, voided.data["error"]["reason"]) == (ExitCode.REJECTED, "ALREADY_VOIDED")
    day.first.done("letter", "acknowledge", letter[:12], "--yes")
    steps = day.ministry.done("letter", "show", "out:1", "--json").data["steps"]
    receipts = [(one["number"], one["voided"]) for one in steps if one["act"] == "receipt.acknowledged"]
    assert receipts == [("1", True), ("2", False)]
    book = day.first.done("register", "show", "incoming", "--json").data["entries"]
    assert [one["serial"] for one in book] == [1, 2]
    said = [[(remark["type"], remark["case_index"]) for remark in one["remarks"]] for one in book]
    assert said == [[("registration.corrected", "01-05"), ("receipt.withdrawn", None)], []]
    assert "01-05" in day.first.done("register", "show", "incoming").out
    day.first.done("register", "print", "incoming", "-o", str(day.first.folder / "book.html"))
    printed = (day.first.folder / "book.html").read_text("utf-8")
    assert printed.index("register entry corrected: 01-05 (") < printed.index("receipt withdrawn (") < printed.index(">2</td>")
    exported = day.first.done("register", "export", "incoming").out.splitlines()
    assert re.search(r"registration\.corrected \d+ 01-05; receipt\.withdrawn \d+$", exported[1])
    assert exported[2].endswith(",")
    day.first.done("letter", "print", letter[:12], "-o", str(day.first.folder / "letter.html"))
    assert "№ 2 of" in (day.first.folder / "letter.html").read_text("utf-8")


def test_a_reply_closes_its_letter_unless_it_is_interim(day: Offices) -> None:
    letter = sent(day, "Rejalar to‘g‘risida", "--reply-by", "+3d")
    day.first.done("letter", "acknowledge", letter[:12], "--yes")
    day.first.done("letter", "reply", "in:1", day.file("keyin.txt", "Keyin.\n"), "--interim", "--as", "chair-1", "--yes")
    assert len(day.first.done("inbox", "--open", "--json").data["lines"]) == 1
    told = day.first.done("letter", "reply", "in:1", day.file("javob.txt", "Javob.\n"), "--as", "chair-1", "--yes").err
    if "clerk closes it" in told:
        day.first.done("letter", "close", "in:1", "--how", "answered", "--by", "out:2", "--yes")
    assert day.first.done("inbox", "--open", "--json").data["lines"] == []


def test_a_reply_that_is_sent_again_closes_what_was_left_open(day: Offices) -> None:
    letter = sent(day, "Ro‘yxat to‘g‘risida")
    day.first.done("letter", "acknowledge", letter[:12], "--yes")
    reply = ("letter", "reply", "in:1", day.file("royxat.txt", "Ro‘yxat.\n"), "--as", "chair-1", "--yes", "--json")
    first = day.first.done(*reply, "--interim").data
    end = day.end()
    again = day.first.done(*reply)
    assert again.data["identity"] == first["identity"]
    assert "closed as answered" in again.err
    assert day.first.done("inbox", "--open", "--json").data["lines"] == []
    assert day.first.done(*reply).data["identity"] == first["identity"]
    assert day.end() == end + 1


def test_a_reminder_that_waits_in_the_queue_does_not_stand_for_one_to_others(day: Offices) -> None:
    letter = LetterId(bytes.fromhex(sent(day, "Eslatma to‘g‘risida")))
    station, clerk = day.exchange.station("ministry"), day.exchange.signer("clerk")
    said = reminded(station, clerk, MINISTRY, letter, whom="silent")
    event = sign_payload(station.parts.codec, said.body, [clerk.signer])
    told = {"intention": said.intention, "act": said.body.TYPE, "officer": clerk.officer}
    waiting = submission_of(station.parts.codec, event, **told, documents=(), queued_at=0)
    station.parts.queue.add([waiting])
    end = day.end()
    remind = ("letter", "remind", "out:1", "--as", "clerk", "--yes", "--json")
    assert day.ministry.done(*remind, "--unanswered").data["identity"] != waiting.identity.hex()
    assert day.ministry.done(*remind, "--silent").data["identity"] == waiting.identity.hex()
    assert day.end() == end + 2
