"""The main job: one letter from a ministry to a committee, one receipt back, through two stations that share only a ledger."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.correspondence import document_bytes, learn_documents, letter_body
from adapters.station import Station
from domain.ids import OrgId
from domain.verdicts import Number, RegisterKind
from tests.exchanges import TestExchange


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    made = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}")
    yield made
    made.close()


def roots(station: Station) -> tuple[bytes, bytes]:
    size = station.parts.store.next_position()
    return station.parts.store.roots_at(size)


def test_a_letter_is_sent_opened_elsewhere_and_acknowledged(exchange: TestExchange) -> None:
    ministry = exchange.station("ministry")
    exchange.add_organisations(ministry, ["mfy-001", "mfy-002"])
    exchange.add_officer(ministry, "deputy", "ministry", "signatory")
    exchange.add_officer(ministry, "secretary", "mfy-001", "clerk")
    letter = exchange.send(ministry, "deputy", "mfy-001", "mfy-002", text=b"Hurmatli hamkasblar!\n")

    committee = exchange.station("committee")
    learn_documents(committee, letter)
    body = letter_body(committee, letter)
    assert document_bytes(committee, body.documents[0]) == b"Hurmatli hamkasblar!\n"
    receipt = exchange.acknowledge(committee, "secretary", letter, "mfy-001")

    ministry.catch_up()
    year = receipt.verdict.number.year if receipt.verdict.number else 0
    assert receipt.verdict.number == Number(organisation=OrgId("mfy-001"), register=RegisterKind.INCOMING, year=year, serial=1)
    assert roots(ministry) == roots(committee)
