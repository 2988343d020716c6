"""Opening a letter at a committee, and the station that runs beside it."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.covers import Cover, encode_cover
from adapters.station import Station
from domain.consignments import consignment
from domain.events import LetterDispatched
from domain.ids import LetterId, OrgId, sha256
from domain.letters import mark_of, tally
from tests.eventful_exchange import Clock
from tests.exchanges import TestExchange, tell
from tests.homes import PASSPHRASE, Home, give_key, home_of

COMMITTEE = OrgId("mfy-001")
HOSTILE = "Salom\x1b[2J\u202egnp.exe\nIkkinchi qator\n".encode()


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    made = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}")
    ministry = made.station("ministry")
    made.add_organisations(ministry, ["mfy-001", "mfy-002"])
    made.add_officer(ministry, "deputy", "ministry", "signatory")
    made.add_officer(ministry, "ministry-clerk", "ministry", "clerk")
    made.add_officer(ministry, "robot", "ministry", "station")
    made.add_officer(ministry, "secretary", "mfy-001", "clerk")
    made.add_officer(ministry, "machine", "mfy-001", "station")
    yield made
    made.close()


@pytest.fixture
def ministry(exchange: TestExchange) -> Station:
    return exchange.station("ministry")


@pytest.fixture
def committee(exchange: TestExchange) -> Home:
    return home_of(exchange, "committee", "secretary", "machine", station="machine")


def was_opened(station: Station, letter: LetterId) -> int | None:
    station.catch_up()
    found = consignment(station.view, letter, COMMITTEE)
    return found.opened_position if found else None


def test_reading_is_recorded_once_and_showing_never(exchange: TestExchange, ministry: Station, committee: Home) -> None:
    letter = exchange.send(ministry, "deputy", "mfy-001")
    for words in ("inbox", "letter show #1", "letter list", "history #1", "outbox --for ministry --letter #1"):
        committee.done(*words.split())
    assert was_opened(ministry, letter) is None
    first = committee.done("letter", "read", letter.hex()[:8])
    assert "The letter's text." in first.out
    assert "recorded that it was opened" in first.err
    position = was_opened(ministry, letter)
    assert position is not None
    second = committee.done("letter", "read", letter.hex()[:8])
    assert (second.out, second.err) == (first.out, "")
    assert ministry.parts.store.next_position() == position + 1
    steps = committee.done("letter", "show", letter.hex()[:8], "--json").data["steps"]
    assert [(step["act"], step["officer"], step["about_officer"]) for step in steps] == [
        ("letter.dispatched", "deputy", None),
        ("consignment.opened", "machine", "secretary"),
    ]


def test_it_is_not_recorded_for_a_stranger_an_earlier_view_or_a_home_without_station(
    exchange: TestExchange, ministry: Station, committee: Home
) -> None:
    letter = exchange.send(ministry, "deputy", "mfy-001", "mfy-002")
    name, end = letter.hex()[:8], ministry.parts.store.next_position()
    committee.done("letter", "read", name, "--as", "ministry-clerk")
    committee.done("letter", "read", name, "--for", "mfy-002")
    committee.done("letter", "read", name, "--as-of", str(end - 1))
    home_of(exchange, "plain", "secretary").done("letter", "read", name)
    home_of(exchange, "sender", "ministry-clerk", "robot", station="robot").done("letter", "read", name)
    ministry.catch_up()
    assert ministry.parts.store.next_position() == end


def test_what_keeps_the_station_from_recording_it_hides_nothing(
    exchange: TestExchange, ministry: Station, committee: Home
) -> None:
    letter = exchange.send(ministry, "deputy", "mfy-001")
    (committee.folder / "keys" / "machine.pem").unlink()
    read = committee.done("letter", "read", letter.hex()[:8])
    assert "The letter's text." in read.out
    assert "could not be recorded" in read.err
    give_key(exchange, committee.folder, "machine")
    with_wrong_passphrase = committee.done("letter", "read", letter.hex()[:8], ORTOO_PASSPHRASE="wrong")
    assert "The letter's text." in with_wrong_passphrase.out
    assert "could not be recorded" in with_wrong_passphrase.err
    assert was_opened(ministry, letter) is None


def test_a_changed_or_missing_document_is_refused_and_nothing_of_it_is_shown(
    exchange: TestExchange, ministry: Station, committee: Home, tmp_path: Path
) -> None:
    letter = exchange.send(ministry, "deputy", "mfy-001", text=b"What was signed.\n")
    documents = [path for path in (tmp_path / "ledger.sqlite.documents").rglob("*") if path.is_file()]
    (main,) = (path for path in documents if path.read_bytes() == b"What was signed.\n")
    main.chmod(0o644)
    main.write_bytes(b"What was forged.\n")
    changed = committee.run("letter", "read", letter.hex()[:8], "--save", str(tmp_path / "saved"))
    assert (changed.code, changed.out) == (3, "")
    assert "digest differs" in changed.err
    assert not (tmp_path / "saved").exists()
    main.unlink()
    missing = committee.run("letter", "read", letter.hex()[:8])
    assert (missing.code, missing.out) == (4, "")
    assert was_opened(ministry, letter) is None
    # It opens as soon as the document is there.
    main.write_bytes(b"What was signed.\n")
    assert "What was signed." in committee.done("letter", "read", letter.hex()[:8]).out


def test_a_letter_whose_cover_has_not_come_is_listed_as_such(
    exchange: TestExchange, ministry: Station, committee: Home, tmp_path: Path
) -> None:
    exchange.send(ministry, "deputy", "mfy-001", subject="Comes later")
    shared, aside = tmp_path / "ledger.sqlite.documents", tmp_path / "aside"
    shared.rename(aside)
    listed = committee.done("inbox", "--json").data["lines"]
    assert (listed[0]["subject"], listed[0]["marks"]) == (None, ["document_awaited"])
    assert "document not here yet" in committee.done("inbox").out
    assert committee.done("letter", "show", "#1", "--json").data["letter"]["subject"] is None
    with contextlib.suppress(FileNotFoundError):
        shared.rename(tmp_path / "empty")
    aside.rename(shared)
    assert committee.done("inbox", "--json").data["lines"][0]["subject"] == "Comes later"


def test_what_a_stranger_wrote_cannot_move_the_cursor(
    exchange: TestExchange, ministry: Station, committee: Home, tmp_path: Path
) -> None:
    written = exchange.letter(ministry, "deputy", "mfy-001", text=HOSTILE)
    assert isinstance(written.body, LetterDispatched)
    # Neither our drafts nor our covers can say such a subject; another program may write the bytes all the same.
    cover = encode_cover(Cover(subject="Mavzu ~[2J teskari"), salt=bytes(16)).replace(b"~", b"\x1b")
    ministry.parts.documents.own.put(cover)
    entry = replace(written.body.cover, sha256=sha256(cover), size_bytes=len(cover))
    main = replace(written.body.documents[0], media_type="text/plain")
    body = replace(written.body, cover=entry, documents=(main,))
    (outcome,) = tell(ministry, [replace(written, body=body, documents=(entry.sha256, *written.documents[1:]))])
    letter = LetterId(outcome.identity)
    for words in ("inbox", "letter show", "letter read", "letter list", "history"):
        named = [letter.hex()[:8]] if words.startswith("letter ") and words != "letter list" else []
        shown = committee.done(*words.split(), *named).out
        assert not set(shown) & {"\x1b", "\u202e", "\u2066"}, words
    read = committee.done("letter", "read", letter.hex()[:8])
    assert "Salom\\u001b[2J\\u202egnp.exe\nIkkinchi qator\n" in read.out
    saved = committee.done("letter", "read", letter.hex()[:8], "--json", "--save", str(tmp_path / "saved")).data
    assert saved["text"] == HOSTILE.decode()
    assert (saved["letter"]["subject"], saved["documents"][0]["name"]) == (None, None)
    assert [path.name for path in (tmp_path / "saved").iterdir()] == ["document"]
    assert committee.done("inbox", "--json").data["lines"][0]["marks"] == ["opened", "cover_unreadable"]


def test_what_is_no_text_is_listed_and_not_printed(exchange: TestExchange, ministry: Station, committee: Home) -> None:
    letter = exchange.send(ministry, "deputy", "mfy-001", text=b"\xff\xfe\x00binary")
    read = committee.done("letter", "read", letter.hex()[:8])
    assert "binary" not in read.out
    assert "letter.txt" in read.out
    assert "--save" in read.out


def test_without_the_ledger_what_was_read_before_is_shown(exchange: TestExchange, ministry: Station, committee: Home) -> None:
    exchange.send(ministry, "deputy", "mfy-001")
    before = committee.done("inbox")
    with kept_from_everybody(exchange):
        started_s = time.monotonic()
        during = committee.done("inbox", ORTOO_CATCH_UP_S="0.5")
        assert time.monotonic() - started_s < 15
        status = committee.done("station", "status", "--json", ORTOO_CATCH_UP_S="0.5").data
    assert during.out == before.out
    assert "ledger unreachable" in during.err
    assert (status["reachable"], status["end"], status["behind"]) == (False, None, None)
    assert committee.done("inbox").err == ""


def test_a_letter_that_waits_in_the_queue_is_found_by_its_mark(exchange: TestExchange, ministry: Station) -> None:
    home = home_of(exchange, "sender", "ministry-clerk")
    home.done("inbox")
    letter = exchange.letter(ministry, "deputy", "mfy-001")
    sender = exchange.station("sender")
    with contextlib.closing(sqlite3.connect(exchange.folder / "ledger.sqlite", isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        (outcome,) = sender.submit([letter], wait_s=0.1)
    mark = mark_of(LetterId(outcome.identity))
    shown = home.done("letter", "show", mark)
    assert mark in shown.out
    assert "not on the ledger yet" in shown.out
    told = home.done("letter", "show", mark, "--json").data["letter"]
    assert (told["letter"], told["mark"], told["position"]) == (outcome.identity.hex(), mark, None)
    assert home.run("letter", "read", mark).code == 1


@contextlib.contextmanager
def kept_from_everybody(exchange: TestExchange) -> Iterator[None]:
    """Hold the ledger's file alone, so that nobody else can read it."""
    exchange.close()
    with contextlib.closing(sqlite3.connect(exchange.folder / "ledger.sqlite", isolation_level=None)) as busy:
        busy.execute("PRAGMA locking_mode=EXCLUSIVE")
        busy.execute("PRAGMA journal_mode=DELETE")
        busy.execute("BEGIN EXCLUSIVE")
        yield
        busy.execute("ROLLBACK")
        busy.execute("PRAGMA journal_mode=WAL")


def running(home: Home, *words: str, **environment: str) -> subprocess.Popen[str]:
    variables = {**os.environ, "ORTOO_HOME": str(home.folder), "ORTOO_PASSPHRASE": PASSPHRASE, **environment}
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).resolve().parents[2],
    )


def wait_until(holds: Any, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_running_station_records_missed_terms_and_ends_when_told(
    exchange: TestExchange, ministry: Station, told: signal.Signals
) -> None:
    home = home_of(exchange, "robot-home", "robot", station="robot")
    letter = exchange.send(ministry, "deputy", "mfy-001", acknowledge_by="+3s")

    def is_missed() -> bool:
        ministry.catch_up()
        return tally(ministry.view, letter).missed is not None

    with running(home, "station", "run", "--log", "words") as process:
        try:
            wait_until(is_missed)
            process.send_signal(told)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0, err
    assert "stopped; read up to position" in out
    assert f"the term of letter {letter.hex()[:16]} has passed" in err


def test_everything_is_done_once_on_request(exchange: TestExchange, ministry: Station, committee: Home) -> None:
    exchange.send(ministry, "deputy", "mfy-001")
    once = committee.done("station", "run", "--once", "--log", "words")
    assert "are here" in once.err
    position = ministry.parts.store.next_position() - 1
    assert committee.done("station", "run", "--once", "--json").data == {"position": position}
    with kept_from_everybody(exchange):
        unreachable = committee.run("station", "run", "--once")
    assert unreachable.code == 6


def test_the_sender_sees_that_a_committees_station_has_all_documents(
    exchange: TestExchange, ministry: Station, committee: Home
) -> None:
    letter = exchange.send(ministry, "deputy", "mfy-001").hex()
    said = committee.done("station", "run", "--once", "--log", "words", ORTOO_RECORD_FETCHED="true")
    assert f"recorded that all documents of letter {letter[:16]} are here" in said.err
    sender = home_of(exchange, "sender", "ministry-clerk")
    told = {
        "en": "all documents held",
        "uz": "barcha hujjatlar olindi",
        "uz-cyrl": "барча ҳужжатлар олинди",
        "mn": "бүх баримтыг авав",
        "ru": "все документы получены",
    }
    for language, words in told.items():
        assert words in sender.done("letter", "show", letter, "--lang", language).out
    acts = [step["act"] for step in sender.done("letter", "show", letter, "--json").data["steps"]]
    assert acts[-1] == "consignment.fetched"
    (line,) = sender.done("outbox", "--letter", letter, "--json").data["lines"]
    assert line["marks"] == ["fetched"]


def test_a_clock_that_was_wrong_is_an_alarm_for_good(tmp_path: Path) -> None:
    clock = Clock()
    exchange = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}", now_ms=clock)
    ministry = exchange.station("ministry")
    clock.advance(3600)
    exchange.add_organisations(ministry, ["mfy-001"])
    clock.advance(-1800)
    exchange.add_organisations(ministry, ["mfy-002"])
    home = home_of(exchange, "home")
    exchange.close()
    # Whoever reads it later is told too, not only who followed when it happened.
    home.done("history")
    status = home.done("station", "status", "--json").data
    (alarm,) = status["alarms"]
    assert (alarm["position"], alarm["previous_at"] - alarm["at"]) == (2, 1_800_000)
    assert "position 2: ledger time went back" in home.done("station", "status").out
