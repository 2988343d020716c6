"""An audit is the same wherever ledger, checkpoints, store and views lie: on a broker, in PostgreSQL."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

import psycopg
import pytest

from adapters.checkpoint_board import make_board, open_board
from adapters.kafka_topics import create_documents_topic
from adapters.trust_files import encode_trust
from cli.wiring import StationPlan, build_station
from domain.checkpoints import encode_pair
from projections.projector import Projector
from tests.audited_exchange import codes, ortoo_run, signed_checkpoints, trust_of
from tests.exchanges import TestExchange
from tests.kafka_broker import KafkaBroker


@pytest.mark.slow
def test_a_ledger_on_a_broker_is_audited_beside_a_station_on_postgresql(
    kafka: KafkaBroker, postgres_url: str, tmp_path: Path
) -> None:
    topic = f"audited-{secrets.token_hex(6)}"
    location = f"kafka://{kafka.bootstrap}/{topic}"
    exchange = TestExchange(tmp_path, location)
    with contextlib.closing(exchange):
        create_documents_topic(kafka.bootstrap, topic, "st.ministry")
        station = exchange.station("ministry", station_id="st.ministry")
        exchange.add_organisations(station, ["mfy-001", "mfy-002"])
        exchange.add_officer(station, "deputy", "ministry", "signatory")
        exchange.send(station, "deputy", "mfy-001", "mfy-002")
        plan = StationPlan(
            home=tmp_path / "second",
            location=location,
            identity=exchange.identity,
            station=None,
            store_url=postgres_url,
            passphrase=lambda _: b"",
        )
        with contextlib.closing(build_station(plan)) as second:
            second.catch_up()
            store = second.parts.store
            with contextlib.closing(Projector(postgres_url, store, second.parts.codec, second.view)) as projector:
                projector.catch_up()
            size = store.next_position()
            pair = signed_checkpoints(second.exchange, size, store.roots_at(size), at_ms=second.last_time + 1_000)
            trust = tmp_path / "trust.json"
            trust.write_bytes(encode_trust(trust_of(exchange, second.exchange)))
    make_board(location)
    with contextlib.closing(open_board(location)) as board:
        board.append(encode_pair(pair))
    words = ("audit", location, "--trust", str(trust), "--state", str(tmp_path), "--json", "--store", postgres_url)
    answer = ortoo_run(*words)
    assert codes(answer, "wrong") + codes(answer, "unverified") == []
    assert {"store", "views"} <= set(answer.data["checked"])
    assert (answer.code, answer.data["final"]) == (0, size)
    with contextlib.closing(psycopg.connect(postgres_url.replace("+psycopg", ""))) as connection, connection:
        connection.execute("UPDATE records SET because = 5 WHERE position = 3")
        connection.execute("UPDATE inbox_consignments SET sender = 'nobody'")
    assert set(codes(ortoo_run(*words), "wrong")) == {"STORE_DIFFERS", "VIEWS_DIFFER"}
