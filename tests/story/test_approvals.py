"""An approver's day at the command line: three stages, a quorum, a delegation, a return and a second round, then the dispatch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.registration import relieved
from adapters.station import Station
from cli.errors import ExitCode
from cli.wiring import passing_projector
from domain.ids import OfficerId, OrgId
from projections.projector import Projector
from tests.exchanges import MINISTRY, REGISTRAR, TestExchange, tell
from tests.homes import Answer, Home, home_of

BODIES: Final = ("finance", "justice", "health", "labour", "mfy-001")
TEXT: Final = "Hurmatli hamkasblar! 2027-yil rejasi ilova qilinadi.\n"
REVISED: Final = "Hurmatli hamkasblar! 2027-yil rejasi (tuzatilgan) ilova qilinadi.\n"
SUBJECT: Final = "2027-yil rejasi to‘g‘risida"
ROUTE: Final = (
    *("--stage", "all: finance"),
    *("--stage", "quorum 2: justice, health, officer:karimov"),
    *("--stage", "any: officer:deputy"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """The exchange, the ministry's home (clerk, deputy), and that of everybody who approves: `chair-finance` and so on."""

    exchange: TestExchange
    ministry: Home
    approvers: Home

    def file(self, name: str, text: str) -> str:
        path = self.exchange.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def request(self, *words: str) -> str:
        asked = self.ministry.done("approval", "request", *words, "--as", "clerk", "--yes", "--json").data
        return str(asked["identity"])

    def decide(self, officer: str, verb: str, request: str, *words: str) -> Answer:
        return self.approvers.run("approval", verb, request[:12], *words, "--as", officer, "--yes", "--json")

    def shown(self, request: str) -> Any:
        return self.ministry.done("approval", "show", request[:12], "--json").data

    def listed(self, home: Home, *words: str) -> list[str]:
        return [line["request"] for line in home.done("approval", "list", *words, "--json").data["lines"]]


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    exchange = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}")
    station = exchange.station("onlooker")
    exchange.add_organisations(station, BODIES)
    exchange.add_officer(station, "clerk", MINISTRY, "clerk")
    exchange.add_officer(station, "deputy", MINISTRY, "signatory")
    for body in BODIES[:4]:
        exchange.add_officer(station, f"chair-{body}", body, "signatory")
    exchange.add_officer(station, "karimov", "labour", "clerk")
    exchange.add_officer(station, "aliev", "labour", "clerk")
    chairs = [f"chair-{body}" for body in BODIES[:4]]
    try:
        yield Day(
            exchange=exchange,
            ministry=home_of(exchange, "ministry", "deputy", "clerk"),
            approvers=home_of(exchange, "approvers", *chairs, "karimov", "aliev", "deputy"),
        )
    finally:
        exchange.close()


def test_an_approval_of_three_stages_is_returned_comes_again_and_is_named_by_the_letter(day: Day) -> None:
    first = day.request(day.file("reja.txt", TEXT), "--subject", SUBJECT, *ROUTE, "--due", "+3d")
    assert day.listed(day.approvers, "--mine", "--as", "chair-finance") == [first]
    assert day.listed(day.approvers, "--mine", "--as", "chair-justice") == []
    assert day.listed(day.ministry, "--waiting") == [first]
    early = day.decide("chair-justice", "give", first)
    assert (early.code, "STAGE_NOT_CURRENT" in early.err + early.out) == (ExitCode.REJECTED, True)

    given = day.decide("chair-finance", "give", first, "--remarks", "Mablag‘ bor.")
    assert given.code == 0
    again = day.decide("chair-finance", "give", first)
    assert (again.code, again.data["position"]) == (0, given.data["position"])
    returned = day.decide("chair-health", "return", first, "--reason", "TEXT_TO_REVISE", "--text", "2-bandni tuzating.")
    assert returned.code == 0
    told = day.shown(first)
    assert (told["outcome"], told["current_stage"]) == ("returned", None)
    assert told["stages"][0]["places"][0]["text"] == "Mablag‘ bor."
    late = day.decide("chair-justice", "give", first)
    assert (late.code, "REQUEST_ENDED" in late.err + late.out) == (ExitCode.REJECTED, True)

    # The second round: a draft, whose documents are other ones.
    words = ("--subject", SUBJECT, "--to", "mfy-001", "--as", "clerk", "--json")
    draft = day.ministry.done("letter", "draft", day.file("reja-2.txt", REVISED), *words).data["draft"]
    second = day.request("--draft", draft, *ROUTE, "--follows", first[:12])
    assert [one["request"] for one in day.shown(second)["rounds_before"]] == [first]
    assert [one["request"] for one in day.shown(first)["rounds_after"]] == [second]
    assert day.decide("chair-finance", "give", second).code == 0

    # Karimov is away, and lets Aliev decide in his place; he decides, and for whom is told.
    delegation = ("karimov", "delegate", second, "--to", "aliev", "--until", "+7d")
    told = day.decide(*delegation).data
    assert [day.decide(*delegation).data["identity"] for _ in range(2)] == [told["identity"]] * 2
    assert day.decide(*delegation[:-1], "+9d").data["position"] > told["position"]
    assert day.decide(*delegation).data["position"] > told["position"] + 1
    assert day.listed(day.approvers, "--mine", "--as", "aliev") == [second]
    assert day.decide("aliev", "give", second).data["outcome"] == "accepted"
    beaten = day.decide("karimov", "give", second)
    assert (beaten.code, "PLACE_ALREADY_DECIDED" in beaten.err + beaten.out) == (ExitCode.REJECTED, True)
    assert "aliev" in beaten.err
    assert day.decide("chair-justice", "give", second).code == 0
    assert day.decide("deputy", "give", second).code == 0
    whole = day.shown(second)
    assert (whole["outcome"], whole["stages"][1]["places"][2]["for_officer"]) == ("approved", "karimov")

    letter_file = Path(draft) / "letter.toml"
    text = letter_file.read_text("utf-8")
    letter_file.write_text(text.replace("approvals = []", f'approvals = ["{second[:12]}"]'), "utf-8")
    sent = day.ministry.done("letter", "send", draft, "--yes", "--json").data
    assert [one["letter"] for one in day.shown(second)["letters"]] == [sent["identity"]]
    assert "used" in day.ministry.done("approval", "list", "--decided", "--json").data["lines"][0]["marks"]


def test_a_letter_that_names_an_approval_is_refused_early_with_what_is_missing(day: Day) -> None:
    text = day.file("reja.txt", TEXT)
    request = day.request(text, "--subject", SUBJECT, *ROUTE)
    letter = ("letter", "send", text, "--subject", SUBJECT, "--to", "mfy-001", "--approval", request[:12], "--json", "--yes")
    assert day.decide("chair-finance", "give", request).code == 0
    assert day.decide("chair-justice", "give", request).code == 0
    early = day.ministry.run(*letter)
    assert early.code == ExitCode.REJECTED
    assert "stage 2 of 3 has 1 of 2, and waits for health, officer:karimov" in early.err + early.out
    assert day.decide("chair-health", "refuse", request, "--reason", "NO_MEANS").code == 0
    assert day.decide("karimov", "give", request).code == 0
    assert day.decide("deputy", "give", request).code == 0
    told = day.shown(request)
    assert (told["outcome"], told["stages"][1]["given"], told["stages"][1]["refused"]) == ("approved", 2, 1)
    other = day.file("boshqa.txt", REVISED)
    changed = day.ministry.run("letter", "send", other, *letter[3:])
    assert (changed.code, "over other documents" in changed.err + changed.out) == (ExitCode.REJECTED, True)

    sent = day.ministry.done(*letter).data
    assert [one["letter"] for one in day.shown(request)["letters"]] == [sent["identity"]]
    shown = day.ministry.done("letter", "show", sent["identity"], "--json").data
    assert [(one["request"], one["outcome"]) for one in shown["approvals"]] == [(request, "approved")]
    words = day.ministry.done("letter", "show", sent["identity"], "--lang", "uz").out
    assert f"{request[:12]}" in words
    drawn = day.ministry.done("approval", "show", request[:12], "--lang", "uz").out
    assert "✗ 2  health" in drawn
    assert "Bosqich 2  kvorum 2  2/2" in drawn
    assert "· 3" not in drawn


def test_the_requester_reassigns_reminds_and_withdraws(day: Day) -> None:
    request = day.request(day.file("reja.txt", TEXT), "--subject", SUBJECT, "--stage", "all: finance, officer:karimov")
    station = day.exchange.station("registrar")
    station.catch_up()
    relieve(day, station)
    assert day.listed(day.ministry, "--stuck", "--as", "clerk") == [request]
    (stage,) = day.shown(request)["stages"]
    assert [place["stuck"] for place in stage["places"]] == [False, True]
    saved = day.exchange.folder / "to-approve"
    day.approvers.done("approval", "show", request[:12], "--save", str(saved), "--as", "chair-finance")
    assert (saved / "reja.txt").read_text("utf-8") == TEXT

    words = ("approval", "reassign", request[:12], "--stage", "1", "--place", "2", "--to", "labour", "--as", "clerk", "--yes")
    day.ministry.done(*words)
    assert day.listed(day.ministry, "--stuck", "--as", "clerk") == []
    reminder = day.ministry.done("approval", "remind", request[:12], "--as", "clerk", "--lang", "mn", "--json").data
    assert [one["organisation"] for one in reminder["waited"]] == ["finance", "labour"]
    assert day.ministry.done("letter", "check", reminder["draft"], "--as", "clerk", "--json").data["would_be"] == "accepted"

    day.ministry.done("approval", "withdraw", request[:12], "--reason", "NO_LONGER_NEEDED", "--as", "clerk", "--yes")
    late = day.decide("chair-labour", "give", request)
    assert (late.code, "REQUEST_ENDED" in late.err + late.out) == (ExitCode.REJECTED, True)
    assert day.listed(day.ministry, "--decided", "--as", "clerk") == [request]
    assert day.listed(day.ministry, "--waiting", "--as", "clerk") == []


def test_who_stands_in_under_a_mandate_decides_in_the_place_of_its_grantor(day: Day) -> None:
    request = day.request(day.file("reja.txt", TEXT), "--subject", SUBJECT, "--stage", "any: officer:deputy, labour")
    words = (
        "--may",
        "approval.given",
        "--from",
        "2020-01-01",
        "--until",
        "2090-01-01",
        "--basis",
        "1",
        "--basis-date",
        "2020-01-01",
    )
    mandate = day.ministry.done("mandate", "grant", "clerk", *words, "--yes", "--json").data["identity"]
    give = ("approval", "give", request[:12], "--as", "clerk", "--yes", "--json")
    refused = day.ministry.run(*give)
    assert (refused.code, "NOT_THE_APPROVER" in refused.err + refused.out) == (ExitCode.REJECTED, True)
    day.ministry.done(*give, "--mandate", mandate[:12])
    (place, _) = day.shown(request)["stages"][0]["places"]
    assert (place["answer"], place["decided_by"], place["acting_for"], place["for_officer"]) == ("given", "clerk", "deputy", None)
    assert "clerk, acting for deputy" in day.ministry.done("approval", "show", request[:12]).out
    assert day.shown(request)["outcome"] == "approved"


def test_a_route_in_a_file_is_checked_before_it_is_used(day: Day) -> None:
    text = day.file("reja.txt", TEXT)
    bad = day.file(
        "route.toml", '[[stage]]\nrule = "quorum"\napprovers = ["finance"]\n[[stage]]\nrule = "some"\napprovers = []\n'
    )
    asked = ("approval", "request", text, "--subject", SUBJECT, "--as", "clerk", "--yes", "--json", "--route")
    refused = day.ministry.run(*asked, bad)
    assert refused.code == ExitCode.USAGE
    assert all(words in refused.err for words in ("stage 1: a quorum", "stage 2: rule is one of", "stage 2: approvers is a list"))
    unknown = day.file("route.toml", '[[stage]]\nrule = "any"\ndue = "+1s9"\napprovers = ["nobody", "officer:nobody"]\n')
    refused = day.ministry.run(*asked, unknown)
    assert refused.code == ExitCode.USAGE
    assert all(words in refused.err for words in ("nobody is no open organisation", "nobody was never appointed", "'+1s9'"))
    good = day.file("route.toml", '[[stage]]\nrule = "any"\ndue = "+3d"\napprovers = ["finance", "officer:karimov"]\n')
    request = day.ministry.done(*asked, good).data["identity"]
    (stage,) = day.shown(request)["stages"]
    assert (stage["rule"], [place["officer"] for place in stage["places"]]) == ("any", [None, "karimov"])
    preview = day.ministry.done("approval", "request", text, "--subject", "x", "--route", good, "--as", "clerk", "--dry-run").out
    assert "officer:karimov" in preview


def test_the_view_of_approvals_is_the_same_rebuilt_and_read_in_any_batches(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    text = day.file("reja.txt", TEXT)
    request = day.request(text, "--subject", SUBJECT, *ROUTE)
    for who, verb, words in (
        ("karimov", "delegate", ("--to", "aliev", "--until", "+7d")),
        ("chair-finance", "give", ()),
        ("aliev", "give", ()),
        ("chair-health", "give", ()),
        ("deputy", "give", ()),
    ):
        assert day.decide(who, verb, request, *words).code in {0, ExitCode.REJECTED, ExitCode.USAGE}
    day.ministry.done("letter", "send", text, "--subject", SUBJECT, "--to", "mfy-001", "--approval", request[:12], "--yes")
    station = day.exchange.station("reader")
    station.catch_up()
    dumps = []
    for limit in (500, 7, 1):
        monkeypatch.setattr("projections.projector.BATCH_LIMIT", limit)
        projector: Projector = passing_projector(station)
        projector.catch_up()
        dumps.append(projector.canonical_dump("approvals"))
        projector.rebuild("approvals")
        dumps.append(projector.canonical_dump("approvals"))
        projector.close()
    assert len(set(dumps)) == 1


def relieve(day: Day, station: Station) -> None:
    """Let the registrar relieve Karimov."""
    registrar = day.exchange.signer(REGISTRAR)
    tell(station, [relieved(station, registrar, MINISTRY, organisation=OrgId("labour"), officer=OfficerId("karimov"))])
