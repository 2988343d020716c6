"""What became of letters with bodies outside: told by the sender, corrected, shown, and never taken for silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.registration import changed
from domain.directory import OUTSIDE
from tests.exchanges import MINISTRY, REGISTRAR, entry_of, tell
from tests.homes import Answer
from tests.offices import Offices, offices

AWAY = "mfy-003"


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Offices]:
    with offices(tmp_path, 3) as made:
        away = replace(entry_of(AWAY), connection=OUTSIDE)
        tell(made.onlooker, [changed(made.onlooker, made.exchange.signer(REGISTRAR), MINISTRY, away)])
        yield made


def send(day: Offices, *more: str) -> Answer:
    words = ("letter", "send", day.file("xat.txt"), "--subject", "Reja to‘g‘risida", "--to", AWAY, "--yes", "--json")
    return day.ministry.done(*words, *more)


def deliver(day: Offices, sent: Answer, channel: str, later_s: int = 0) -> int:
    """Tell of a delivery so many seconds after the dispatch, and return the position."""
    when = datetime.fromtimestamp(sent.data["at"] / 1000 + later_s, UTC).isoformat()
    words = ("letter", "delivered", "out:1", "--recipient", AWAY, "--channel", channel, "--on", when)
    position: int = day.ministry.done(*words, "--as", "clerk", "--yes", "--json").data["position"]
    return position


def tasks(day: Offices) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = day.ministry.done("today", "--as", "clerk", "--json").data["lines"]
    return found


def test_a_delivery_and_its_correction_stand_in_the_timeline_and_the_last_counts(day: Offices) -> None:
    sent = send(day, "--to", "mfy-001")
    first = deliver(day, sent, "post")
    last = deliver(day, sent, "by_hand")
    steps = day.ministry.done("letter", "show", "out:1", "--recipient", AWAY, "--json").data["steps"]
    assert [(one["position"], one["channel"], one["delivered_at"], one["corrects"]) for one in steps[1:]] == [
        (first, "post", sent.data["at"], False),
        (last, "by_hand", sent.data["at"], True),
    ]
    shown = day.ministry.done("letter", "show", "out:1", "--recipient", AWAY).out
    assert re.search(
        r"^delivered outside  .*\n^delivery outside corrected  .*\n  \d+  by post, .*\n  \d+  by hand, ", shown, re.MULTILINE
    )
    assert "outside the exchange: no signature of the recipient in the system" in shown
    assert "no signature" not in day.ministry.done("letter", "show", "out:1", "--recipient", "mfy-001").out
    rows = {one["recipient"]: one for one in day.ministry.done("outbox", "--letter", "out:1", "--json").data["lines"]}
    assert (rows[AWAY]["marks"], rows[AWAY]["channel"]) == (["outside", "delivered"], "by_hand")
    assert (rows["mfy-001"]["marks"], rows["mfy-001"]["channel"], rows["mfy-001"]["delivered_at"]) == ([], None, None)
    shown = day.ministry.done("outbox", "--letter", "out:1").out
    assert re.search(r"mfy-003 .* outside the exchange, delivered\n  2  by hand, ", shown)
    assert "outside the exchange: no signature of the recipient in the system" in shown
    before = day.ministry.done("outbox", "--letter", "out:1", "--as-of", str(first), "--json").data["lines"]
    assert {one["recipient"]: one["channel"] for one in before} == {AWAY: "post", "mfy-001": None}


def test_what_is_to_be_delivered_outside_is_named_today_until_somebody_said_that_it_was(day: Offices) -> None:
    sent = send(day)
    (task,) = tasks(day)
    assert (task["what"], task["organisation"], task["letter"]) == ("deliver", AWAY, sent.data["identity"])
    assert task["command"] == f"ortoo letter delivered {task['mark']} --recipient {AWAY} --channel CHANNEL --on DATE"
    (line,) = day.ministry.done("outbox", "--as", "clerk", "--json").data["lines"]
    assert line["marks"] == ["to_deliver"]
    assert day.first.done("today", "--as", "secretary-1", "--json").data["lines"] == []
    deliver(day, sent, "courier")
    assert tasks(day) == []
    (line,) = day.ministry.done("outbox", "--as", "clerk", "--json").data["lines"]
    assert line["marks"] == []


def test_a_copy_for_information_is_delivered_too_and_a_recalled_letter_is_not(day: Offices) -> None:
    day.ministry.done(
        *("letter", "send", day.file("xat.txt"), "--subject", "Nusxa", "--to", "mfy-001", "--copy", AWAY, "--yes", "--json")
    )
    assert [one["what"] for one in tasks(day)] == ["deliver"]
    day.ministry.done("letter", "recall", "out:1", "--reason", "SENT_IN_ERROR", "--yes")
    assert tasks(day) == []


def test_nobody_outside_is_chased_for_an_answer_or_counted_silent(day: Offices) -> None:
    sent = send(day, "--acknowledge-by", "+1d", "--reply-by", "+2d")
    deliver(day, sent, "post")
    assert tasks(day) == []
    (line,) = day.ministry.done("outbox", "--as", "clerk", "--json").data["lines"]
    assert (line["silent"], line["recipients"]) == (0, 1)
    told = day.ministry.done("figures", "pilot", "--json").data["figures"]["action"]
    assert (told["outside"], told["asked"], told["silent"], told["waiting"]) == (1, 0, 0, 0)
