"""The Kafka of the tests is a real one: it keeps what it acknowledged, and its tests can stop and start it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGTERM

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from tests.closing_sockets import closing
from tests.kafka_broker import BrokerError, KafkaBroker
from tests.kafka_files import Jar, KafkaUnavailableError, _fetch, listed_jars
from tests.server_watchdog import watch

PATIENCE_S = 90.0
ROOT = Path(__file__).resolve().parents[2]


def new_topic(bootstrap: str, replicas: int = 1) -> str:
    name = f"broker-test-{uuid.uuid4().hex}"
    admin = KafkaAdminClient(bootstrap_servers=bootstrap, kafka_client=closing)
    admin.create_topics([NewTopic(name, 1, replicas)])
    admin.close()
    return name


def produce(bootstrap: str, topic: str, values: list[bytes]) -> list[int]:
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", kafka_client=closing)
    offsets = [producer.send(topic, value, partition=0).get(timeout=PATIENCE_S).offset for value in values]
    producer.close(timeout=5)
    return offsets


def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None, kafka_client=closing)
    consumer.assign([TopicPartition(topic, 0)])
    deadline = time.monotonic() + PATIENCE_S
    values: list[bytes] = []
    while len(values) < count and time.monotonic() < deadline:
        values += [record.value for records in consumer.poll(timeout_ms=500).values() for record in records]
    consumer.close()
    return values


def test_what_is_produced_is_consumed_in_order(kafka: KafkaBroker) -> None:
    topic = new_topic(kafka.bootstrap)
    values = [b"letter %d" % i for i in range(20)]
    assert produce(kafka.bootstrap, topic, values) == list(range(20))
    assert consume(kafka.bootstrap, topic, 20) == values


def test_a_broker_that_was_stopped_or_killed_comes_back_with_its_data(own_kafka: KafkaBroker) -> None:
    topic = new_topic(own_kafka.bootstrap)
    produce(own_kafka.bootstrap, topic, [b"before"])
    own_kafka.stop()
    with pytest.raises(BrokerError, match="does not run"):
        own_kafka.stop()
    own_kafka.start()
    produce(own_kafka.bootstrap, topic, [b"between"])
    own_kafka.kill()
    own_kafka.start()
    assert produce(own_kafka.bootstrap, topic, [b"after"]) == [2]
    assert consume(own_kafka.bootstrap, topic, 3) == [b"before", b"between", b"after"]


def test_three_brokers_go_on_without_one(three_kafkas: KafkaBroker) -> None:
    topic = new_topic(three_kafkas.bootstrap, replicas=3)
    produce(three_kafkas.bootstrap, topic, [b"one"])
    three_kafkas.kill(1)
    produce(three_kafkas.bootstrap, topic, [b"two"])
    three_kafkas.start(1)
    assert consume(three_kafkas.bootstrap, topic, 2) == [b"one", b"two"]


def test_no_broker_outlives_the_run_that_started_it(kafka: KafkaBroker, tmp_path: Path) -> None:
    assert kafka.bootstrap  # where no Kafka can be had, this test is skipped as well
    with ExitStack() as stack:
        runs = {sign: stack.enter_context(_run(tmp_path / sign.name)) for sign in (SIGKILL, SIGTERM, SIGINT)}
        addresses = [run.stdout.readline().strip() for run in runs.values() if run.stdout]
        assert all(addresses), "\n".join((tmp_path / sign.name).read_text("utf-8") for sign in runs)
        assert all(listens(address) for address in addresses)
        for sign, run in runs.items():
            run.send_signal(sign)
    deadline = time.monotonic() + PATIENCE_S
    while any(listens(address) for address in addresses) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(listens(address) for address in addresses)


@contextmanager
def _run(said: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.kafka_broker"]
    environment = {**os.environ, "TMPDIR": str(said.parent)}
    with (
        said.open("w") as stderr,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True) as run,
    ):
        try:
            yield run
            run.wait(PATIENCE_S)
        finally:
            run.kill()


def listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) == 0


def test_a_command_runs_beside_a_broker_and_its_exit_code_comes_back(kafka: KafkaBroker) -> None:
    assert kafka.bootstrap
    child = "import sys; sys.exit(7 if sys.argv[1].startswith('kafka://127.0.0.1:') else 1)"
    command = [sys.executable, "-m", "tests.kafka_broker", "--", sys.executable, "-c", child, "kafka://{bootstrap}/t"]
    assert subprocess.run(command, cwd=ROOT, check=False, stderr=subprocess.DEVNULL).returncode == 7


def test_a_broker_of_somebody_else_is_never_stopped() -> None:
    with pytest.raises(BrokerError, match="ORTOO_TEST_KAFKA"):
        KafkaBroker(bootstrap="127.0.0.1:9092").stop()


def test_the_list_names_every_jar_once_with_its_digest() -> None:
    jars = listed_jars()
    assert len(jars) == len({(jar.group, jar.artifact) for jar in jars}) == 47
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in jars)


def test_a_jar_with_another_digest_never_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jar = Jar(group="org.example", artifact="a", version="1", sha256="00" * 32)
    path = tmp_path / "org/example/a/1/a-1.jar"

    def forged(_jar: Jar, _folder: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"forged")

    monkeypatch.setattr("tests.kafka_files._download", forged)
    with pytest.raises(KafkaUnavailableError, match="does not have the SHA-256"):
        _fetch(jar, tmp_path)


def test_the_watchdog_forgets_what_was_ended_in_order() -> None:
    assert watch(["+1\n", "+2\n", "-1\n"]) == {2}
