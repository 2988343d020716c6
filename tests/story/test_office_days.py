"""Days of an office: terms in working days, an outage that moves them, what there is to do today, a watched inbox."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from adapters.registration import changed
from cli.errors import ExitCode
from domain.calendars import end_of_day
from domain.directory import organisation
from tests.exchanges import MINISTRY, tell
from tests.homes import PASSPHRASE, Home, give_key
from tests.offices import Offices, offices

OFFSET_MINUTES = 300
HOUR_MS = 3_600_000
WAIT_S = 20


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Offices]:
    with offices(tmp_path) as made:
        give_key(made.exchange, made.ministry.folder, "registrar")
        yield made


def today() -> date:
    return (datetime.now(tz=UTC) + timedelta(minutes=OFFSET_MINUTES)).date()


def calendar_file(day: Offices, year: int, *holidays: date) -> str:
    """Make the file of a calendar in which every day is worked but these."""
    listed = ", ".join(one.isoformat() for one in holidays if one.year == year)
    return day.file(f"uz-{year}-{len(holidays)}.toml", f'country = "UZ"\nyear = {year}\nholidays = [{listed}]\n')


def adopt(day: Offices, *holidays: date) -> None:
    """Have the calendars of this year and the next one adopted."""
    for year in (today().year, today().year + 1):
        day.ministry.done("calendar", "adopt", calendar_file(day, year, *holidays), "--as", "registrar", "--yes")


def sent(day: Offices, *options: str) -> dict[str, object]:
    words = (
        "letter",
        "send",
        day.file("order.txt"),
        "--subject",
        "Reja",
        "--to",
        "mfy-001",
        *options,
        "--again",
        "--yes",
        "--json",
    )
    found: dict[str, object] = day.ministry.done(*words).data
    return found


def shown(home: Home, letter: object) -> dict[str, object]:
    found: dict[str, object] = home.done("letter", "show", str(letter), "--json").data["letter"]
    return found


def test_a_term_in_days_is_counted_by_the_calendar_and_signed_as_an_instant(day: Offices) -> None:
    words = ("letter", "send", day.file("order.txt"), "--subject", "Reja", "--to", "mfy-001", "--acknowledge-days", "3", "--yes")
    without = day.ministry.run(*words)
    assert without.code == ExitCode.FAILED
    assert "ortoo calendar adopt FILE" in without.err
    tomorrow = today() + timedelta(days=1)
    adopt(day, tomorrow)
    letter = sent(day, "--acknowledge-days", "1", "--reply-days", "3")
    facts = shown(day.ministry, letter["identity"])
    epoch = (today() - date(1970, 1, 1)).days
    assert facts["acknowledge_by"] == end_of_day(epoch + 2, OFFSET_MINUTES)
    assert facts["reply_by"] == end_of_day(epoch + 4, OFFSET_MINUTES)
    assert facts["calendar"] == {"country": "UZ", "year": (today() + timedelta(days=2)).year, "version": 1}
    adopt(day)
    assert shown(day.ministry, letter["identity"]) == facts
    versions = [(one["year"], one["version"]) for one in day.first.done("calendar", "list", "--json").data["lines"]]
    assert versions == [(today().year, 1), (today().year, 2), (today().year + 1, 1), (today().year + 1, 2)]
    now = day.first.done("calendar", "show", "UZ", str(today().year), "--json").data
    assert (now["version"], now["holidays"], now["officer"]) == (2, [], "registrar")
    both = day.ministry.run(*words, "--acknowledge-by", "+3d")
    assert both.code == ExitCode.USAGE


def test_an_outage_moves_the_time_and_leaves_the_signed_one_beside_it(day: Offices) -> None:
    letter = sent(day, "--acknowledge-by", "+5h")
    signed = shown(day.first, letter["identity"])["acknowledge_by"]
    begins = datetime.now(tz=UTC) + timedelta(hours=1)
    declared = ("outage", "declare", "--from", begins.isoformat(), "--until", (begins + timedelta(hours=2)).isoformat())
    assert day.ministry.run(*declared, "--reason", "POWER", "--as", "registrar", "--yes").code == ExitCode.USAGE
    day.ministry.done(*declared, "--org", "mfy-001", "--reason", "POWER", "--text", "Bo‘ron", "--as", "registrar", "--yes")
    moved = shown(day.first, letter["identity"])
    assert isinstance(signed, int)
    assert (moved["acknowledge_by"], moved["acknowledge_due"]) == (signed, signed + 2 * HOUR_MS)
    assert "moved by an outage to" in day.first.done("letter", "show", str(letter["identity"])).out
    line = day.first.done("inbox", "--json").data["lines"][0]
    assert (line["acknowledge_due"], line["marks"]) == (signed + 2 * HOUR_MS, ["moved"])
    assert "→" in day.ministry.done("outbox").out
    assert day.first.done("outage", "list", "--json").data["lines"][0]["organisations"] == ["mfy-001"]
    assert day.ministry.done("outage", "list", "--json").data["lines"][0]["text"] == "Bo‘ron"
    told = day.ministry.done("outage", "list").out
    assert "no power" in told
    assert "“Bo‘ron”" in told


def test_an_outage_of_a_region_in_which_nobody_stands_is_refused_before_it_is_signed(day: Offices) -> None:
    times = ("--from", today().isoformat(), "--until", (today() + timedelta(days=1)).isoformat())
    declared = ("outage", "declare", *times, "--reason", "POWER", "--as", "registrar")
    known = day.ministry.done("outage", "list", "--json").data["lines"]
    refused = day.ministry.run(*declared, "--region", "UZ-XX", "--yes")
    assert (refused.code, "no organisation stands in UZ-XX" in refused.err) == (ExitCode.USAGE, True)
    assert day.ministry.done("outage", "list", "--json").data["lines"] == known
    day.ministry.done("org", "change", "mfy-002", "--region", "UZ-XX", "--as", "registrar", "--yes")
    assert "UZ-XX" in day.ministry.done(*declared, "--region", "UZ-XX", "--dry-run").out


def tasks(home: Home, *words: str) -> list[tuple[str, str, str]]:
    """Return what there is to do today in a home: why it is listed, what is owed, and the command."""
    return [(one["what"], one["owed"], one["command"]) for one in home.done("today", *words, "--json").data["lines"]]


def test_a_day_begins_with_what_there_is_to_do(day: Offices) -> None:
    far, soon = sent(day, "--acknowledge-by", "+30d"), sent(day, "--acknowledge-by", "+20h")
    marks = {name: str(one["mark"]) for name, one in (("far", far), ("soon", soon))}
    assert tasks(day.first) == [
        ("soon", "acknowledge", f"ortoo letter acknowledge {marks['soon']}"),
        ("acknowledge", "acknowledge", f"ortoo letter acknowledge {marks['far']}"),
    ]
    assert [one[:2] for one in tasks(day.ministry)] == [("unanswered", "acknowledge")] * 2
    for _, _, command in tasks(day.first):
        day.first.done(*command.split()[1:], "--yes")
    assert tasks(day.first) == []
    assert tasks(day.ministry) == []
    asked = sent(day, "--reply-by", "+20h")
    day.first.done("letter", "acknowledge", str(asked["mark"]), "--yes")
    assert tasks(day.first) == [("soon", "answer", f"ortoo letter reply {asked['mark']} FILE")]
    assert "due within three working days" in day.first.done("today").out
    day.first.done("letter", "reply", str(asked["mark"]), day.file("answer.txt"), "--as", "chair-1", "--yes")
    assert tasks(day.first) == []
    noted = sent(day, "--reply-by", "+20h", "--case", "01-07")
    day.first.done("letter", "acknowledge", str(noted["mark"]), "--yes")
    day.first.done("letter", "close", str(noted["mark"]), "--how", "noted", "--yes")
    assert tasks(day.first) == []
    assert {what for what, _, _ in tasks(day.ministry)} == {"acknowledge"}
    over = sent(day, "--acknowledge-by", "+1s", "--case", "02-01")
    time.sleep(1)
    assert tasks(day.first) == [("overdue", "acknowledge", f"ortoo letter acknowledge {over['mark']}")]
    reminder = ("unanswered", "acknowledge", f"ortoo letter remind {over['mark']} --silent")
    assert reminder in tasks(day.ministry)
    day.ministry.done(*reminder[2].split()[1:], "--yes", "--as", "clerk")


def test_a_watched_inbox_tells_of_each_letter_beside_a_running_station_and_ends_when_told(day: Offices) -> None:
    day.first.done("inbox")
    environment = {**os.environ, "ORTOO_HOME": str(day.first.folder), "ORTOO_PASSPHRASE": PASSPHRASE}
    program = [sys.executable, "-m", "cli.main"]
    with (
        running([*program, "station", "run"], environment) as station,
        running([*program, "inbox", "--watch", "--json"], environment) as watching,
    ):
        assert watching.stderr is not None
        assert "Watching" in watching.stderr.readline()
        letters = [sent(day, "--case", f"01-0{number}")["identity"] for number in (1, 2)]
        assert watching.stdout is not None
        assert [json.loads(watching.stdout.readline())["letter"] for _ in letters] == letters
        watching.send_signal(signal.SIGINT)
        assert watching.wait(WAIT_S) == 0
        station.send_signal(signal.SIGTERM)
        assert station.wait(WAIT_S) == 0


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_usual_term_of_an_office_goes_into_its_drafts_once_it_is_known_whose_days_count(day: Offices) -> None:
    ministry = organisation(day.onlooker.view, MINISTRY)
    assert ministry is not None
    said = changed(day.onlooker, day.exchange.signer("registrar"), MINISTRY, replace(ministry.entry, acknowledge_days=2))
    tell(day.onlooker, [said])
    assert shown(day.ministry, sent(day)["identity"])["acknowledge_by"] is None
    adopt(day)
    letter = sent(day, "--case", "01-07")
    assert shown(day.ministry, letter["identity"])["acknowledge_by"] == end_of_day(
        (today() - date(1970, 1, 1)).days + 2, OFFSET_MINUTES
    )
    elsewhere = day.ministry.run(
        *("letter", "draft", day.file("b.txt"), "--subject", "B", "--to", "mfy-001", "--json"), ORTOO_COUNTRY="MN"
    )
    assert 'acknowledge_by = "+2wd"' in Path(elsewhere.data["letter"]).read_text("utf-8")
    checked = day.ministry.run("letter", "check", elsewhere.data["draft"], ORTOO_COUNTRY="MN")
    assert checked.code != 0
    assert f"no calendar of MN for {today().year}" in checked.err
