"""A committee proves that nothing addressed to it is hidden, and finds out when something is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.correspondence import explanation
from adapters.handling import passed_on
from adapters.inboxes import inboxes_committed
from adapters.station import Station
from domain.ids import OrgId, sha256
from tests.exchanges import MINISTRY, tell
from tests.homes import Answer, Home
from tests.offices import GROUP, Offices, offices

FIRST, SECOND = OrgId("mfy-001"), OrgId("mfy-002")


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Offices]:
    with offices(tmp_path) as made:
        made.exchange.add_officer(made.onlooker, "machine", MINISTRY, "station")
        yield made


def commit(station: Station, made: Offices) -> int:
    """Let the ministry's station commit to all inboxes as they are now; return where it says so."""
    station.catch_up()
    said = inboxes_committed(station, made.exchange.signer("machine"), size=station.parts.store.next_position())
    assert said is not None
    (outcome,) = tell(station, [said])
    return outcome.verdict.position


def proof(home: Home, organisation: str) -> tuple[Answer, Any]:
    answer = home.run("inbox", "--for", organisation, "--prove", "--json")
    (line,) = answer.data["lines"]
    return answer, line


def test_a_committee_sees_that_its_inbox_is_whole_and_what_came_since(told: Offices) -> None:
    station, exchange = told.onlooker, told.exchange
    answer, line = proof(told.first, "mfy-001")
    assert (answer.code, line["completeness"], line["committed_position"]) == (4, "uncommitted", None)
    for subject in ("One", "Two"):
        exchange.send(station, "deputy", "mfy-001", subject=subject)
    exchange.send(station, "deputy", subject="To all", groups=(OrgId(GROUP),), copy=("mfy-001",))
    position = commit(station, told)
    exchange.send(station, "deputy", "mfy-001", subject="Since")
    answer, line = proof(told.first, "mfy-001")
    assert answer.code == 0, answer.err
    assert (line["completeness"], line["letters"], line["committed_letters"], line["later"]) == ("whole", 3, 3, 1)
    assert (line["committed_position"], line["committed_size"], line["witnessed"]) == (position, position, False)
    assert proof(told.second, "mfy-002")[1]["letters"] == 1
    assert proof(told.second, "ministry")[1]["letters"] == 0
    assert "whole" in told.first.done("inbox", "--for", "mfy-001", "--prove").out
    # The next commitment goes on from this one.
    commit(station, told)
    assert proof(told.first, "mfy-001")[1]["committed_letters"] == 4
    assert told.first.run("inbox", "--for", "mfy-001", "--prove", "--overdue").code == 2


def test_a_letter_that_was_passed_on_is_proven_where_it_was_addressed_and_told_where_it_came(told: Offices) -> None:
    station, exchange = told.onlooker, told.exchange
    letter = exchange.send(station, "deputy", "mfy-001", subject="Not ours")
    exchange.send(station, "deputy", "mfy-002", subject="Their own")
    entry, cover = explanation("Not ours.", salt=b"0123456789abcdef")
    station.parts.documents.own.put(cover)
    said: dict[str, Any] = {"to": SECOND, "reason": "NOT_IN_COMPETENCE", "cover": entry}
    tell(station, [passed_on(station, exchange.signer("secretary-1"), FIRST, letter, FIRST, **said)])
    commit(station, told)
    for home, organisation, others in ((told.first, FIRST, 0), (told.second, SECOND, 1)):
        answer, line = proof(home, organisation)
        assert (answer.code, line["completeness"]) == (0, "whole"), answer.err
        assert (line["letters"], line["committed_letters"], line["later"], line["passed_on"]) == (1, 1, 0, others)
    assert len(told.second.run("inbox", "--for", SECOND, "--json").data["lines"]) == 2
    told_there = told.second.done("inbox", "--for", SECOND, "--prove").out
    assert "Not covered: letters that were passed on to mfy-002, and addressed to others (1)." in told_there
    assert "Not covered" not in told.first.done("inbox", "--for", FIRST, "--prove").out


def test_a_letter_hidden_from_the_view_or_from_the_store_is_found_out(told: Offices) -> None:
    station, exchange = told.onlooker, told.exchange
    letter = exchange.send(station, "deputy", "mfy-001", subject="Hidden")
    exchange.send(station, "deputy", "mfy-001", subject="Shown")
    commit(station, told)
    assert proof(told.first, "mfy-001")[0].code == 0
    views = sqlite3.connect(told.first.folder / "views.sqlite")
    with views:
        hidden = views.execute("DELETE FROM inbox_consignments WHERE letter = ? RETURNING *", (bytes(letter),)).fetchall()
    answer, line = proof(told.first, "mfy-001")
    assert (answer.code, line["completeness"], line["letters"], line["committed_letters"]) == (3, "differs", 1, 2)
    assert "projection rebuild inbox" in answer.err
    # Who hides it from the store's own table too has no path to the root that stands on the ledger.
    store = sqlite3.connect(told.first.folder / "store.sqlite")
    with store:
        store.execute("UPDATE inboxes SET letters = 1, head = ? WHERE organisation = 'mfy-001'", (sha256(b"another"),))
    assert proof(told.first, "mfy-001")[0].code == 3
    with views:
        marks = ", ".join("?" * len(hidden[0]))
        views.executemany(f"INSERT INTO inbox_consignments VALUES ({marks})", hidden)
    assert proof(told.first, "mfy-001")[1]["letters"] == 2
    assert proof(told.first, "mfy-001")[0].code == 0, "the chain over all letters is under the root, whatever the store says"
