"""What tests share: a real Kafka and a real PostgreSQL, each started once when the first test asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.kafka_broker import KafkaBroker, running_broker
from tests.kafka_files import KafkaUnavailableError
from tests.postgres_server import PostgresServer, PostgresUnavailableError, running_postgres


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
    """Return a Kafka of three brokers, this module's own."""
    yield from _own_kafka(request, brokers=3)


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


def _own_postgres() -> Iterator[PostgresServer]:
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_postgres())
        except PostgresUnavailableError as error:
            # As with Kafka: in CI a test that cannot run is a test that failed.
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no PostgreSQL to test with: {error}")
        yield server


def _own_kafka(request: pytest.FixtureRequest, brokers: int = 1) -> Iterator[KafkaBroker]:
    failed_before = request.session.testsfailed
    with ExitStack() as stack:
        try:
            broker = stack.enter_context(running_broker(brokers))
        except KafkaUnavailableError as error:
            # In CI a test that cannot run is a test that failed; elsewhere the reason and the remedy are shown.
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no Kafka to test with: {error}")
        yield broker
        broker.keep_logs = request.session.testsfailed > failed_before


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted: interleavings tried, kills survived and the like."""
    passed = terminalreporter.getreports("passed")
    counted = [f"{name}: {value}" for report in passed if report.when == "call" for name, value in report.user_properties]
    if counted:
        terminalreporter.section("counted")
        for line in counted:
            terminalreporter.write_line(line)
