"""A key was stolen: what its officer says of each event with his new key, and what everybody is shown then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.registration import stopped
from cli.wiring import KEYS_FOLDER
from domain.events import KeyRevoked
from domain.ids import LetterId, OfficerId, sha256
from tests.exchanges import MINISTRY, REGISTRAR, tell
from tests.homes import Home, give_key
from tests.offices import Offices, offices


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[Offices, list[LetterId]]]:
    """Four letters of the deputy, one of them acknowledged by mfy-001; then his key is compromised and he gets another."""
    with offices(tmp_path) as made:
        exchange, station = made.exchange, made.onlooker
        letters = [exchange.send(station, "deputy", "mfy-001", subject=f"Letter {number}") for number in range(4)]
        exchange.acknowledge(station, "secretary-1", letters[1], "mfy-001")
        for officer in ("deputy", "secretary-1"):
            compromise(made, officer)
        yield made, letters


def compromise(made: Offices, officer: str) -> None:
    """Let an officer's key be declared compromised from its beginning, and give him another."""
    exchange, station = made.exchange, made.onlooker
    stolen = exchange.signer(officer)
    revocation = stopped(
        station,
        (exchange.signer(REGISTRAR),),
        MINISTRY,
        KeyRevoked,
        reason="COMPROMISED",
        since=None,
        officer=OfficerId(officer),
        key=sha256(stolen.signer.spki),
    )
    organisation = MINISTRY if officer == "deputy" else "mfy-001"
    enrolment, signer = exchange.enrolment(station, officer, organisation)
    tell(station, [revocation, enrolment])
    exchange.officers[officer] = signer
    home = made.ministry if officer == "deputy" else made.first
    (home.folder / KEYS_FOLDER / f"{officer}.pem").unlink()
    give_key(exchange, home.folder, officer)


def marks(home: Home, box: str) -> dict[str, list[str]]:
    return {line["subject"]: line["marks"] for line in home.done(box, "--json").data["lines"]}


def waiting(home: Home) -> list[Any]:
    lines: list[Any] = home.done("key", "contested", "--json").data["lines"]
    return lines


def test_what_an_officer_reaffirms_is_contested_no_more_and_what_he_repudiates_is_shown_so(
    told: tuple[Offices, list[LetterId]],
) -> None:
    made, letters = told
    ministry, committee = made.ministry, made.first
    assert [line["letter"] for line in waiting(ministry)] == [letter.hex() for letter in letters]
    assert all("contested" in found for found in marks(ministry, "outbox").values())
    ministry.done("key", "reaffirm", str(waiting(ministry)[0]["position"]), letters[1].hex()[:12], "--yes")
    ministry.done("key", "repudiate", letters[2].hex(), "--yes")
    assert [line["letter"] for line in waiting(ministry)] == [letters[3].hex()]
    assert marks(ministry, "outbox") == {"Letter 0": [], "Letter 1": [], "Letter 2": ["repudiated"], "Letter 3": ["contested"]}
    # In the inbox the receipt that the secretary's stolen key signed is contested still.
    assert [marks(committee, "inbox")[f"Letter {number}"] for number in range(4)] == [
        [],
        ["contested"],
        ["repudiated"],
        ["contested"],
    ]
    (receipt,) = waiting(committee)
    assert (receipt["type"], receipt["letter"], receipt["recipient"]) == ("receipt.acknowledged", letters[1].hex(), "mfy-001")
    committee.done("key", "reaffirm", "--all", "--yes")
    assert marks(committee, "inbox")["Letter 1"] == []
    assert waiting(committee) == []
    assert "receipt.acknowledged" not in committee.done("key", "contested").out


def test_a_letter_tells_of_it_step_by_step_and_the_history_in_order(told: tuple[Offices, list[LetterId]]) -> None:
    made, letters = told
    ministry = made.ministry
    ministry.done("key", "repudiate", letters[1].hex(), "--yes")
    made.first.done("key", "reaffirm", "--all", "--yes")
    shown = ministry.done("letter", "show", letters[1].hex(), "--for", "mfy-001", "--json").data
    assert [(one["contested"], one["settled"]) for one in shown["signers"]] == [(False, "repudiated")]
    told_steps = [(step["act"], step["contested"], step["repudiated"]) for step in shown["steps"]]
    assert told_steps == [
        ("letter.dispatched", False, True),
        ("receipt.acknowledged", False, False),
        ("event.repudiated", False, False),
        ("event.reaffirmed", False, False),
    ]
    assert "repudiated" in ministry.done("letter", "show", letters[1].hex()).out
    lines = ministry.done("history", letters[1].hex(), "--json").data["lines"]
    assert [line["type"] for line in lines][-2:] == ["event.repudiated", "event.reaffirmed"]
    assert [line["repudiated"] for line in lines] == [True, False, False, False]
    history = ministry.done("history", letters[1].hex()).out
    assert "repudiated" in history
    # As it stood before he said so, it was contested.
    before = shown["steps"][2]["position"] - 1
    assert marks_as_of(ministry, before)["Letter 1"] == ["contested"]


def marks_as_of(home: Home, position: int) -> dict[str, list[str]]:
    answer = home.done("outbox", "--as-of", str(position), "--json")
    return {line["subject"]: line["marks"] for line in answer.data["lines"]}


def test_a_word_given_with_a_key_that_is_stolen_too_counts_for_nothing_and_is_given_again(
    told: tuple[Offices, list[LetterId]],
) -> None:
    made, letters = told
    ministry = made.ministry
    ministry.done("key", "reaffirm", letters[0].hex(), "--yes")
    compromise(made, "deputy")
    assert marks(ministry, "outbox")["Letter 0"] == ["contested"]
    # The reaffirmation itself is contested too, as is everything that the second key signed.
    assert [line["type"] for line in waiting(ministry)] == [*["letter.dispatched"] * 4, "event.reaffirmed"]
    ministry.done("key", "repudiate", letters[0].hex(), "--yes")
    assert marks(ministry, "outbox")["Letter 0"] == ["repudiated"]


def test_what_names_nothing_that_waits_is_told_and_a_dry_run_signs_nothing(told: tuple[Offices, list[LetterId]]) -> None:
    made, letters = told
    end = made.end()
    for words in ("reaffirm", "reaffirm --all 5", "reaffirm 1", "repudiate ffffffffffff --yes"):
        assert made.ministry.run("key", *words.split()).code == 2, words
    answer = made.ministry.done("--json", "key", "reaffirm", "--all", "--dry-run").data
    assert answer["events"] == [letter.hex() for letter in letters]
    assert made.end() == end
