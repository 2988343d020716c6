"""What tests share: a real Kafka and a real PostgreSQL, each started once when the first test asks for it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import pytest

from cli.answers import answers_of, undocumented
from cli.render import DEFAULT_WIDTH, json_text
from cli.session import Session
from tests.kafka_broker import KafkaBroker, running_broker
from tests.kafka_classes import have_archive
from tests.kafka_files import KafkaUnavailableError
from tests.postgres_server import PostgresServer, PostgresUnavailableError, running_postgres
from tests.printed_pages import PAGES_PRINTED
from tests.secure_kafka import DOORS, SecureKafka, secured_settings
from tests.softhsm import SoftHsm, SoftHsmUnavailableError, running_softhsm


@pytest.fixture(autouse=True)
def _every_answer_is_documented(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold every answer that a command gives during a test against `cli/answers.toml`, whoever asked for it and how."""
    shown = Session.show

    def show(session: Session, data: Any, lines: Iterable[str] | Callable[[], Iterable[str]]) -> None:
        command = click.get_current_context().command_path.removeprefix("ortoo ")
        if command in answers_of():
            assert undocumented(command, json.loads(json_text(data))) == [], f"fields of `{command}` that answers.toml lacks"
        shown(session, data, lines)

    monkeypatch.setattr(Session, "show", show)


@pytest.fixture(autouse=True)
def _tables_are_as_wide_as_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no terminal around the tests decide how wide the tables are that they compare."""
    monkeypatch.setenv("COLUMNS", str(DEFAULT_WIDTH))


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaBroker]:
    """Return the session's Kafka: that of `ORTOO_TEST_KAFKA=host:port`, or one of its own. Do not stop it."""
    address = os.environ.get("ORTOO_TEST_KAFKA")
    if address:
        yield KafkaBroker(bootstrap=address)
        return
    yield from _own_kafka(request)


@pytest.fixture(scope="module")
def own_kafka(request: pytest.FixtureRequest) -> Iterator[KafkaBroker]:
    """Return a Kafka of this module's own, which its tests may stop, kill and start again."""
    yield from _own_kafka(request)


@pytest.fixture(scope="module")
def three_kafkas(request: pytest.FixtureRequest) -> Iterator[KafkaBroker]:
    """Return a Kafka of three brokers, this module's own, which notice in three seconds (Kafka's own: nine) that one is gone."""
    yield from _own_kafka(
        request, brokers=3, settings={"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
    )


@pytest.fixture(scope="module")
def secure_kafka(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """Return a Kafka of this module's own with its doors shut."""
    folder = tmp_path_factory.mktemp("kafka")
    for broker in _own_kafka(request, settings=secured_settings(folder), doors=DOORS):
        yield SecureKafka(broker=broker, folder=folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Return the session's PostgreSQL. Do not stop it."""
    yield from _own_postgres()


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """Return a PostgreSQL of this module's own, which its tests may stop, crash and start again."""
    yield from _own_postgres()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """Return the URL of a database of this test's own."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def softhsm(tmp_path: Path) -> Iterator[SoftHsm]:
    """Return tokens of this test's own, which it may pull out and lock."""
    with ExitStack() as stack:
        try:
            tokens = stack.enter_context(running_softhsm(tmp_path / "softhsm"))
        except SoftHsmUnavailableError as error:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no token to test with: {error}")
        yield tokens


def _own_postgres(parent: Path | None = None) -> Iterator[PostgresServer]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_postgres(parent))
        except PostgresUnavailableError as error:
            # As with Kafka: in CI a test that cannot run is a test that failed.
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no PostgreSQL to test with: {error}")
        yield server


def _own_kafka(
    request: pytest.FixtureRequest,
    brokers: int = 1,
    settings: Mapping[str, str] | None = None,
    doors: Sequence[str] = (),
    variables: Mapping[str, str] | None = None,
) -> Iterator[KafkaBroker]:
    failed_before = request.session.testsfailed
    with ExitStack() as stack:
        try:
            have_archive()
            broker = stack.enter_context(running_broker(brokers, settings, doors, variables))
        except KafkaUnavailableError as error:
            # In CI a test that cannot run is a test that failed; elsewhere the reason and the remedy are shown.
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no Kafka to test with: {error}")
        yield broker
        broker.keep_logs = request.session.testsfailed > failed_before


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted: interleavings tried, kills survived and the like; pages of several tests together."""
    passed = (report for report in terminalreporter.getreports("passed") if report.when == "call")
    told = [one for report in passed for one in report.user_properties]
    pages = sum(value for name, value in told if name == PAGES_PRINTED)
    counted = [f"{name}: {value}" for name, value in told if name != PAGES_PRINTED]
    if pages:
        counted.append(f"{PAGES_PRINTED}: {pages}")
    if counted:
        terminalreporter.section("counted")
        for line in counted:
            terminalreporter.write_line(line)
