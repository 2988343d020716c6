"""Checkpoints on every kind of ledger: the board is made beside it, checked like it, written by one and read by all."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from adapters.checkpoint_board import board_file, check_board, make_board, open_board
from adapters.checkpoint_signing import sign_checkpoints
from adapters.errors import LedgerExistsError, LedgerMissingError
from adapters.kafka_clients import KafkaPlace
from adapters.ledger import Severity
from adapters.ledger_locations import KafkaLocation, SqliteLocation, parse_location
from adapters.store.lease import lease_on
from domain.checkpoints import parse_pair
from tests.checkpoint_keys import SeededOperator
from tests.exchanges import MINISTRY, REGISTRAR, TestExchange

OPERATOR = SeededOperator(1)


@pytest.fixture(params=["sqlite", "kafka"])
def exchange(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TestExchange]:
    place = f"sqlite:{tmp_path / 'ledger.sqlite'}"
    if request.param == "kafka":
        place = f"kafka://{request.getfixturevalue('kafka').bootstrap}/checked-{os.urandom(4).hex()}"
    with contextlib.closing(TestExchange(tmp_path, place, checkpoint_keys=(OPERATOR.public,))) as made:
        yield made


def test_a_pair_that_one_station_publishes_is_what_the_others_have_seen(exchange: TestExchange) -> None:
    operator, reader = exchange.station("operator"), exchange.station("reader")
    with pytest.raises(LedgerMissingError):
        open_board(exchange.location)
    assert check_board(exchange.location) == ()
    assert reader.parts.checkpoints.newest(reader.exchange) is None
    with contextlib.closing(lease_on("sqlite://", exchange.now_ms)) as lease:
        for names in (["a"], ["b", "c"]):
            exchange.add_organisations(operator, names)
            signed = sign_checkpoints(operator, OPERATOR, (), lease).pair
    assert [one for one in check_board(exchange.location) if one.severity is Severity.FORBIDS] == []
    with contextlib.closing(open_board(exchange.location)) as board:
        assert [parse_pair(slot.record or b"").size for slot in board.read(0, 10)] == [2, 4]
    reader.catch_up()
    newest = reader.parts.checkpoints.newest(reader.exchange)
    assert newest is not None
    assert newest.pair == signed
    seen = reader.header(MINISTRY, (exchange.signer(REGISTRAR),)).seen
    assert seen is not None
    assert (seen.size, seen.root, seen.verdict_root) == (4, *reader.parts.store.roots_at(4))
    exchange.add_organisations(reader, ["d"])


def test_a_board_is_made_once(exchange: TestExchange) -> None:
    make_board(exchange.location)
    with pytest.raises(LedgerExistsError):
        make_board(exchange.location)
    assert not list(exchange.folder.glob(".*"))


def test_a_board_that_could_lose_what_was_published_is_told(exchange: TestExchange) -> None:
    make_board(exchange.location)
    before = {one.code for one in check_board(exchange.location)}
    place = parse_location(exchange.location)
    if isinstance(place, KafkaLocation):
        topic = f"{place.topic}.checkpoints"
        with contextlib.closing(KafkaPlace(bootstrap=place.bootstrap, topic=topic).open_admin()) as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "1000"})])
    else:
        assert isinstance(place, SqliteLocation)
        with contextlib.closing(sqlite3.connect(board_file(place.path))) as file:
            file.execute("DROP TRIGGER ledger_slots_no_delete")
    assert {one.code for one in check_board(exchange.location)} - before in ({"RETENTION_MS"}, {"TRIGGER_MISSING"})
