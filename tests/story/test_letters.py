"""A clerk's day at the command line: a circular that two sign on two stations, its receipts, its replies, a recall, an outage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copy

import pytest

from cli.errors import ExitCode
from domain.consignments import ConsignmentState, effective
from domain.ids import LetterId, OrgId
from tests.offices import GROUP, QUICK, Offices, held_ledger, offices

COMMITTEES = 100


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Offices]:
    with offices(tmp_path, COMMITTEES) as made:
        yield made


def test_a_circular_that_two_sign_on_two_stations_is_acknowledged_and_answered(day: Offices) -> None:
    made = day.ministry.done(
        *("letter", "draft", day.file("order.txt"), day.file("plan.csv", "a;b\n"), "--subject", "Reja 2027", "--to", GROUP),
        *("--acknowledge-by", "+3d", "--case", "01-07", "--as", "clerk", "--json"),
    )
    draft = made.data["draft"]
    checked = day.ministry.done("letter", "check", draft, "--as", "clerk", "--json").data
    assert (checked["would_be"], checked["count"], checked["signed_by"]) == ("accepted", COMMITTEES, ["accountant"])

    frozen = day.ministry.done(
        *("letter", "sign", draft, "--signatory", "deputy", "--signatory", "accountant", "--yes", "--json"),
    ).data
    assert (frozen["signed_by"], frozen["still_to_sign"]) == (["deputy"], ["accountant"])
    too_early = day.ministry.run("letter", "send", draft, "--yes")
    assert too_early.code == ExitCode.USAGE
    assert "accountant must sign it first" in too_early.err

    stick = day.folder / Path(frozen["file"]).name
    copy(frozen["file"], stick)
    signed = day.accounts.done("letter", "sign", str(stick), "--yes", "--json").data
    assert (signed["identity"], signed["still_to_sign"]) == (frozen["identity"], [])
    sent = day.ministry.done("letter", "send", str(stick), "--yes", "--as", "clerk", "--json")
    assert sent.data["number"]["printed"] == "1/01-07"
    assert len(day.body(sent).header.signers) == 2

    receipt = day.first.done("letter", "acknowledge", "--all", "--yes", "--json").data
    assert receipt["number"]["organisation"] == "mfy-001"
    answered = day.first.done(
        *("letter", "reply", "in:1", day.file("answer.txt", "Qabul qilindi.\n"), "--as", "chair-1", "--yes", "--json"),
    )
    body = day.body(answered)
    assert [ref.identity.hex() for ref in body.references.answers] == [sent.data["identity"]]
    assert [one.organisation for one in body.addressees] == ["ministry"]
    letter = LetterId(bytes.fromhex(sent.data["identity"]))
    assert effective(day.onlooker.view, letter, OrgId("mfy-001")) is ConsignmentState.ACKNOWLEDGED
    assert effective(day.onlooker.view, letter, OrgId("mfy-002")) is ConsignmentState.OPEN


def test_a_letter_recalled_and_a_letter_replaced(day: Offices) -> None:
    first = day.ministry.done("letter", "send", day.file("a.txt"), "--subject", "A", "--to", GROUP, "--yes", "--json").data
    day.first.done("letter", "acknowledge", first["identity"][:12], "--yes")
    shown = day.ministry.done("letter", "recall", "out:1", "--reason", "WRONG_TEXT", "--text", "Ilova eski.", "--yes").err
    assert "taken back at once: 99; asked to give it back: 1" in shown
    too_late = day.second.run("letter", "acknowledge", first["mark"], "--yes", "--json")
    assert (too_late.code, too_late.data["error"]["reason"]) == (ExitCode.REJECTED, "ALREADY_RECALLED")
    assert "decided by deputy (ministry)" in too_late.err
    day.first.done("letter", "decline-recall", "in:1", "--reason", "ALREADY_EXECUTED", "--text", "Bajarildi.", "--yes")
    again = day.ministry.done("letter", "recall", "out:1", "--reason", "OTHER", "--yes").err
    assert "asked to give it back: 1" in again
    day.first.done("letter", "accept-recall", "in:1", "--yes")

    day.ministry.done("letter", "send", day.file("b.txt"), "--subject", "B", "--to", "mfy-002", "--yes")
    day.ministry.done("letter", "send", day.file("c.txt"), "--subject", "C", "--to", "mfy-002", "--replaces", "out:2", "--yes")
    day.ministry.done("letter", "supersede", "out:2", "--by", "out:3", "--yes")
    twice = day.ministry.done("letter", "supersede", "out:2", "--by", "out:3", "--yes")
    assert "said before" in twice.err


def test_an_outage_queues_everything_and_the_queue_is_sent_once(day: Offices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.wiring.TIMEOUT_S", 0.1)
    command = ("letter", "send", day.file("a.txt"), "--subject", "A", "--to", "mfy-001", "--yes", "--json")
    with held_ledger(day.folder):
        queued = day.ministry.run(*command, **QUICK)
        assert (queued.code, queued.data["outcome"]) == (ExitCode.QUEUED, "queued")
        assert queued.data["mark"] in queued.err
        impatient = day.ministry.run(*command, **QUICK)
        assert (impatient.code, impatient.data["identity"]) == (ExitCode.QUEUED, queued.data["identity"])
        (waiting,) = day.ministry.done("queue", "list", "--json", **QUICK).data["waiting"]
        assert (waiting["mark"], waiting["act"]) == (queued.data["mark"], "letter.dispatched")
    before = day.end()
    sent = day.ministry.done("queue", "send", "--json").data
    assert (sent["outcome"], sent["identity"]) == ("accepted", queued.data["identity"])
    assert day.ministry.done("queue", "send", "--json").data == {"results": []}
    repeated = day.ministry.done(*command).data
    assert (repeated["position"], repeated["number"]) == (sent["position"], sent["number"])
    assert day.end() == before + 1
