"""A letter that is begun from one that was sent before: what it takes over, and what it does not."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from adapters.working_terms import term_again
from cli.errors import ExitCode
from domain.ids import LetterId
from domain.letters import mark_of
from tests.homes import Answer, Home, home_of
from tests.offices import GROUP, Offices, offices


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    with offices(tmp_path_factory.mktemp("like"), 3) as made:
        registrar = home_of(made.exchange, "registrar", "registrar")
        for year in (datetime.now(tz=UTC).year, datetime.now(tz=UTC).year + 1):
            calendar = made.file(f"uz-{year}.toml", f'country = "UZ"\nyear = {year}\nrest = ["sunday"]\n')
            registrar.done("calendar", "adopt", calendar, "--yes")
        yield made


def sent(day: Offices, *options: str) -> str:
    files = (day.file("dalolatnoma.txt", "Hurmatli hamkasblar!\n"), day.file("jadval.csv", "a;b\n"))
    words = ("--subject", "100 ta noutbuk to’g’risida", "--again", "--yes", "--json")
    return str(day.ministry.done("letter", "send", *files, *words, *options).data["identity"])


def drafted(home: Home, *words: str) -> tuple[Answer, dict[str, Any]]:
    answer = home.done("letter", "draft", *words, "--json")
    return answer, tomllib.loads(Path(answer.data["letter"]).read_text(encoding="utf-8"))


def test_an_own_letter_gives_all_but_its_references_and_documents(day: Offices) -> None:
    before = sent(day, "--to", "mfy-001")
    options = ("--kind", "request", "--urgency", "urgent", "--language", "uz-Latn", "--case", "01-07", "--relates", before)
    first = sent(day, "--to", GROUP, "--copy", "mfy-003", "--acknowledge-days", "3", "--reply-by", "+2d", *options)
    answer, toml = drafted(day.ministry, day.file("new.txt"), "--like", first)
    expected = {
        "kind": "request", "urgency": "urgent", "language": "uz-Latn", "case": "01-07", "to": [], "groups": [GROUP],
        "copy": ["mfy-003"], "copy_groups": [], "acknowledge_by": "+3wd", "reply_by": "+2d", "relates": [], "document": "new.txt",
        "subject": "100 ta noutbuk to’g’risida", "attachments": [],
    }  # fmt: skip
    assert {name: toml[name] for name in expected} == expected
    assert (answer.data["begun_from"], answer.data["not_taken"]) == (first, ["documents"])
    assert "dalolatnoma.txt, jadval.csv" in answer.err
    mark = mark_of(LetterId(bytes.fromhex(first)))
    assert f"# Begun from letter {mark} ({first})." in Path(answer.data["letter"]).read_text(encoding="utf-8")
    day.ministry.done("letter", "check", answer.data["draft"])
    assert day.ministry.done("letter", "send", answer.data["draft"], "--yes", "--json").data["number"]


def test_what_the_writer_says_wins(day: Offices) -> None:
    first = sent(day, "--to", GROUP, "--kind", "request", "--acknowledge-days", "3", "--reply-by", "+2d")
    said = ("--to", "mfy-002", "--kind", "letter", "--subject", "Boshqa", "--acknowledge-by", "+9d", "--reply-days", "5")
    _, toml = drafted(
        day.ministry, "--like", first, "--with-documents", "--text", "Yangi matn", day.file("extra.csv", "x\n"), *said
    )
    names = ("to", "groups", "kind", "subject", "acknowledge_by", "reply_by", "document", "attachments")
    assert [toml[name] for name in names] == [
        ["mfy-002"], [], "letter", "Boshqa", "+9d", "+5wd",
        {"file": "letter.txt", "media_type": "text/plain"},
        [{"file": "jadval.csv", "media_type": "text/csv"}, "extra.csv"],
    ]  # fmt: skip


def test_documents_are_copied_whole_and_a_received_letter_has_the_readers_own_addressees(day: Offices) -> None:
    first = sent(day, "--to", "mfy-001", "--case", "01-07")
    words = ("--like", first, "--with-documents")
    assert day.first.run("letter", "draft", *words).code == ExitCode.USAGE
    answer, toml = drafted(day.first, *words, "--to", "ministry")
    folder = Path(answer.data["draft"])
    assert (folder / "dalolatnoma.txt").read_text(encoding="utf-8") == "Hurmatli hamkasblar!\n"
    assert (folder / "jadval.csv").read_text(encoding="utf-8") == "a;b\n"
    assert (toml["to"], toml["groups"], toml["case"], answer.data["not_taken"]) == (["ministry"], [], "", [])


def test_a_term_that_has_passed_is_left_out_and_one_to_come_is_kept(day: Offices) -> None:
    later = (datetime.now(tz=UTC) + timedelta(days=2, hours=5)).replace(microsecond=0)
    first = sent(day, "--to", "mfy-001", "--acknowledge-by", "+1s", "--reply-by", later.isoformat())
    time.sleep(1)
    answer, toml = drafted(day.ministry, day.file("new.txt"), "--like", first)
    assert (toml["acknowledge_by"], answer.data["not_taken"]) == ("", ["acknowledge_by", "documents"])
    assert datetime.fromisoformat(f"{toml['reply_by']}+05:00") == later
    assert "acknowledge_by" in answer.err
    again = day.ministry.done("letter", "draft", day.file("new.txt"), "--like", first, "--acknowledge-days", "3", "--json")
    assert (again.data["not_taken"], "acknowledge_by" in again.err) == (["documents"], False)


def test_a_term_is_asked_for_again_as_it_can_have_been_given(day: Offices) -> None:
    """Calendars are those of this year and the next, with Sundays as days of rest."""
    day.onlooker.catch_up()
    zone = timezone(timedelta(minutes=300))
    first = datetime(datetime.now(tz=UTC).year + 1, 3, 1, 10, tzinfo=zone)
    monday = first + timedelta(days=-first.weekday() % 7)
    end = timedelta(hours=14) - timedelta(milliseconds=1)
    sunday = monday + timedelta(days=6)
    cases = {
        monday + timedelta(days=1) + end: "+1wd",
        monday + timedelta(days=7) + end: "+6wd",
        sunday + end: f"{sunday:%Y-%m-%d}",
        monday + end: f"{monday:%Y-%m-%d}",
        monday + timedelta(days=3, seconds=2): "+3d",
        monday + timedelta(days=3, hours=2): f"{monday + timedelta(days=3):%Y-%m-%d}T12:00:00",
        monday + timedelta(days=999) + end: f"{monday + timedelta(days=999):%Y-%m-%d}",
        monday - timedelta(days=3000): None,
    }
    for due, again in cases.items():
        signed_at, due_at = (round(moment.timestamp() * 1000) for moment in (monday, due))
        assert term_again(day.onlooker, signed_at=signed_at, due_at=due_at) == again, due


def test_what_cannot_be_begun_from_is_refused_and_leaves_nothing(day: Offices) -> None:
    drafts = sorted(day.ministry.folder.glob("drafts/*"))
    assert day.ministry.run("letter", "draft", day.file("a.txt"), "--like", "out:99").code == ExitCode.FAILED
    assert day.ministry.run("letter", "draft", day.file("a.txt"), "--with-documents").code == ExitCode.USAGE
    assert day.ministry.run("letter", "draft", "--like", sent(day, "--to", "mfy-001")).code == ExitCode.USAGE
    assert [one for one in sorted(day.ministry.folder.glob("drafts/*")) if "sent-" not in one.name] == [
        one for one in drafts if "sent-" not in one.name
    ]
