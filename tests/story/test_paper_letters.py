"""Letters on paper: a ministry enters what came by post, and tells how a committee that is not connected got its letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

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
    refused = day.ministry.run("letter", "show", "in:1")
    assert "came on paper: its sender's signature is not in the system" in refused.err
    page = day.folder / "kitob.html"
    day.ministry.done("register", "print", "incoming", "-o", str(page), "--lang", "uz")
    assert "yuboruvchining imzosi tizimda yo‘q" in page.read_text("utf-8")


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
