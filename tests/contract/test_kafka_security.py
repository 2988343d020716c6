"""Stations on a Kafka with its doors shut: they come in both ways, do what the printed commands let them, and nothing else."""

from __future__ import annotations

import contextlib
import logging
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import AuthorizationError, KafkaError

from adapters.checkpoint_board import check_board, make_board, open_board
from adapters.documents import DocumentRefusedError, read_document
from adapters.documents_kafka import KafkaDocuments
from adapters.kafka_acls import access_commands, quota_command, station_rules
from adapters.kafka_clients import KafkaPlace
from adapters.kafka_errors import WriteForbiddenError
from adapters.kafka_security import KafkaSecurity
from adapters.kafka_topics import check_documents_topic, create_documents_topic, create_kafka_ledger
from adapters.ledger_kafka import KafkaLedger
from cli.settings import write_settings
from tests.closing_sockets import closing
from tests.founded_homes import Desk, desk_of, found
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import eventually
from tests.secure_kafka import MTLS, PASSWORD, SCRAM, SecureKafka, run_tools

TOPIC = "alashuv"
STATION = "st.andijon"
OTHER = "st.buxoro"
CONTENT = b"hujjat" * 100_000
SLOW_BYTE_RATE = 20_000


@dataclass(frozen=True)
class Ministry:
    """A ledger that an operator made with a certificate; one station is let in by the printed commands, one by the same rules."""

    kafka: SecureKafka

    def who(self, door: str, name: str = STATION) -> KafkaSecurity:
        """Return how a station comes to a port."""
        return self.kafka.with_certificate(name) if door == MTLS else self.kafka.with_password(name)

    def place(self, door: str, name: str = STATION) -> KafkaPlace:
        """Return the ledger as a station sees it."""
        return KafkaPlace(bootstrap=self.kafka.door(door), topic=TOPIC, security=self.who(door, name))

    def careless_ledger(self) -> KafkaPlace:
        """Make one more ledger, from which nobody was shut out, and let the station read and write it."""
        operator, topic = self.kafka.with_certificate("operator"), "careless"
        create_kafka_ledger(self.kafka.door(MTLS), topic, security=operator)
        let_in(self.kafka, STATION, topic)
        return replace(self.place(SCRAM), topic=topic)

    @contextlib.contextmanager
    def ledger(self, door: str, name: str = STATION) -> Iterator[KafkaLedger]:
        """Open the ledger as a station does."""
        with opened(self.place(door, name)) as ledger:
            yield ledger

    def client(self, kind: Any, name: str = STATION, **options: Any) -> contextlib.closing[Any]:
        """Return a client of Kafka with which somebody tries what no station does."""
        place = self.place(SCRAM, name)
        return contextlib.closing(
            kind(bootstrap_servers=place.bootstrap, kafka_client=closing, **place.security.client_options(), **options)
        )


def opened(place: KafkaPlace) -> contextlib.closing[KafkaLedger]:
    """Open a ledger."""
    return contextlib.closing(KafkaLedger(place.bootstrap, place.topic, security=place.security))


@pytest.fixture(scope="module")
def ministry(secure_kafka: SecureKafka) -> Ministry:
    operator = secure_kafka.with_certificate("operator")
    door = secure_kafka.door(MTLS)
    create_kafka_ledger(door, TOPIC, security=operator)
    make_board(f"kafka://{door}/{TOPIC}", security=operator)
    for station in (STATION, OTHER):
        create_documents_topic(door, TOPIC, station, security=operator)
    secure_kafka.add_users(STATION, OTHER, "st.slow", "st.sees")
    plain = secure_kafka.broker.bootstrap
    slow = quota_command(plain, "User:st.slow").replace("producer_byte_rate=2097152", f"producer_byte_rate={SLOW_BYTE_RATE}")
    run_tools([*access_commands(plain, TOPIC, STATION, f"User:{STATION}", signs_checkpoints=True), slow])
    for name in (OTHER, "st.slow"):
        let_in(secure_kafka, name)
    return Ministry(secure_kafka)


def let_in(kafka: SecureKafka, name: str, ledger: str = TOPIC) -> None:
    """Give a station the rights that the printed commands give."""
    for rule in station_rules(ledger, name, f"User:{name}"):
        for operation in rule.operations:
            word = {"DescribeConfigs": "DESCRIBE_CONFIGS"}.get(operation, operation.upper())
            for topic in rule.topics:
                kafka.allow(rule.principal, word, topic, prefixed=rule.prefixed)
            if not rule.topics:
                kafka.allow(rule.principal, word, "kafka-cluster", kind="CLUSTER")


@pytest.mark.parametrize("door", [MTLS, SCRAM])
def test_a_station_does_all_its_work_with_what_the_commands_let_it(ministry: Ministry, door: str, tmp_path: Path) -> None:
    with ministry.ledger(door) as ledger:
        position = ledger.append(b"record", headers=(("ce_id", b"1"),))
        assert ledger.read(position, 1)[0].record == b"record"
        assert ledger.end() == position + 1
        assert not ledger.wait(position + 1, 0.1)
        assert [finding.code for finding in ledger.check()] == ["SINGLE_REPLICA"]
    place = ministry.place(door)
    documents = check_documents_topic(place.bootstrap, TOPIC, STATION, security=place.security)
    assert [finding.code for finding in documents] == ["SINGLE_REPLICA"]
    own = KafkaDocuments(place, station=STATION, index=tmp_path / "own.sqlite")
    digest = own.put(CONTENT + door.encode()).digest
    other = KafkaDocuments(ministry.place(door, OTHER), station=OTHER, index=tmp_path / "other.sqlite")
    assert read_document(other, digest) == CONTENT + door.encode()
    with pytest.raises(DocumentRefusedError, match="only that station may destroy it"):
        other.remove(digest)
    own.remove(digest)
    own.close()
    other.close()


def test_one_station_publishes_checkpoints_and_the_others_only_read_them(ministry: Ministry) -> None:
    location = f"kafka://{ministry.kafka.door(SCRAM)}/{TOPIC}"
    with contextlib.closing(open_board(location, security=ministry.who(SCRAM))) as board:
        position = board.append(b"a pair")
    with contextlib.closing(open_board(location, security=ministry.who(SCRAM, OTHER))) as board:
        assert board.read(position, 1)[0].record == b"a pair"
        with pytest.raises(WriteForbiddenError, match=rf"--topic {TOPIC}\.checkpoints"):
            board.append(b"another")
    assert [one.code for one in check_board(location, security=ministry.who(SCRAM, OTHER))] == ["SINGLE_REPLICA"]


def test_a_station_writes_no_other_stations_documents(ministry: Ministry, tmp_path: Path) -> None:
    thief = KafkaDocuments(ministry.place(SCRAM), station=OTHER, index=tmp_path / "thief.sqlite")
    with pytest.raises(DocumentRefusedError, match=rf"forbids Write .* --topic {TOPIC}\.documents\.{OTHER}"):
        thief.put(b"a document in another's name")
    thief.close()


def test_a_station_uses_no_transactional_id(ministry: Ministry) -> None:
    with (
        ministry.client(KafkaProducer, transactional_id="t-1", max_block_ms=5_000) as producer,
        pytest.raises(KafkaError) as found,
    ):
        producer.init_transactions()
    assert "TransactionalIdAuthorizationFailed" in repr(found.value)


def what_comes_of(attempt: Callable[[Any], object], admin: Any) -> str:
    """Return what somebody hears who tries: for some requests the client raises, for others it answers."""
    try:
        return repr(attempt(admin))
    except AuthorizationError as error:
        return repr(error)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda admin: admin.delete_topics([TOPIC]),
        lambda admin: admin.delete_topics([f"{TOPIC}.documents.{STATION}"]),
        lambda admin: admin.delete_records({TopicPartition(TOPIC, 0): 1}),
        lambda admin: admin.create_partitions({TOPIC: 2}),
        lambda admin: admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC, {"retention.ms": "1"})]),
        lambda admin: admin.create_topics({f"{TOPIC}-2": {"num_partitions": 1, "replication_factor": 1}}),
    ],
    ids=["delete the ledger", "delete documents", "delete records", "add a partition", "alter a setting", "make a topic"],
)
def test_nobody_deletes_or_alters_whatever_a_careless_rule_allows(ministry: Ministry, attempt: Callable[[Any], object]) -> None:
    for word in ("DELETE", "ALTER", "ALTER_CONFIGS"):
        ministry.kafka.allow(f"User:{OTHER}", word, TOPIC)
        ministry.kafka.allow(f"User:{OTHER}", word, TOPIC, prefixed=True)
    with ministry.client(KafkaAdminClient, OTHER) as admin:
        assert "AuthorizationFailed" in what_comes_of(attempt, admin)
    with ministry.ledger(MTLS) as ledger:
        # A careless rule that another denies opens nothing, so it is no finding; and the topic is as it was.
        assert {finding.code for finding in ledger.check()} == {"SINGLE_REPLICA"}


def test_a_byte_rate_slows_a_station_and_loses_nothing(ministry: Ministry) -> None:
    record, count = b"x" * 10_000, 12

    def seconds(name: str) -> float:
        with ministry.ledger(SCRAM, name) as ledger:
            ledger.append(b"first")
            began_s = time.monotonic()
            positions = [ledger.append(record) for _ in range(count)]
        assert positions == list(range(positions[0], positions[0] + count))
        return time.monotonic() - began_s

    fast = seconds(OTHER)
    slow = seconds("st.slow")
    assert slow > fast + 1


def test_what_is_open_is_named_with_the_command_that_shuts_it(ministry: Ministry) -> None:
    kafka = ministry.kafka
    kafka.allow("User:*", "READ", TOPIC)
    kafka.allow("User:*", "WRITE", f"{TOPIC}.documents.{OTHER}")
    kafka.allow("User:st.else", "WRITE", "t-", prefixed=True, kind="TRANSACTIONAL_ID")
    kafka.allow("User:st.else", "ALL", f"{TOPIC}.doc", prefixed=True)
    kafka.allow("User:st.else", "WRITE", "another-ledger")
    # Nobody has been denied anything here yet, so whatever a careless rule allows is open.
    careless = ministry.careless_ledger()
    kafka.allow("User:st.else", "DELETE", careless.topic)
    kafka.allow("User:st.else", "ALL", careless.topic[:-1], prefixed=True)
    with ministry.ledger(SCRAM) as ledger, opened(careless) as open_to_some:
        found = [one for one in ledger.check() if one.code != "SINGLE_REPLICA"]
        assert sorted((one.code, one.severity) for one in found) == [
            ("DOCUMENTS_WRITABLE", "warns"),
            ("EVERYBODY_ALLOWED", "warns"),
            ("EVERYBODY_ALLOWED", "warns"),
            ("TRANSACTIONS_ALLOWED", "warns"),
        ]
        destructive = [one for one in open_to_some.check() if one.code == "DESTRUCTION_ALLOWED"]
        assert sorted(one.what for one in destructive) == [
            f"User:st.else may Delete {careless.topic}: history can be taken away",
            f"User:st.else may Delete, Alter, AlterConfigs {careless.topic}: history can be taken away",
        ]
        remedies = [one.remedy for one in (*found, *destructive)]
        run_tools([remedy.replace(kafka.door(SCRAM), kafka.broker.bootstrap) + " --force" for remedy in remedies])
        eventually(lambda: {one.code for one in (*ledger.check(), *open_to_some.check())} == {"SINGLE_REPLICA"})


def test_the_operator_is_warned_of_his_own_rights_and_a_station_without_sight_that_it_sees_nothing(ministry: Ministry) -> None:
    with ministry.ledger(MTLS, "operator") as ledger:
        own = {one.code: one for one in ledger.check()}
    assert "Delete, Alter, AlterConfigs" in own["OWN_RIGHTS"].what
    for word in ("DESCRIBE", "DESCRIBE_CONFIGS"):
        ministry.kafka.allow("User:st.sees", word, TOPIC)
    with ministry.ledger(SCRAM, "st.sees") as ledger:
        codes = {one.code for one in ledger.check()}
    assert codes == {"SINGLE_REPLICA", "AUTO_CREATE_UNSEEN", "ACCESS_UNSEEN"}


def test_a_password_is_in_no_log_however_much_is_logged(ministry: Ministry, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with ministry.ledger(SCRAM) as ledger:
        ledger.read(ledger.append(b"record"), 1)
    assert "sasl_plain_password" in caplog.text
    assert PASSWORD not in caplog.text


def home(ministry: Ministry, folder: Path, name: str, door: str, principal: str) -> Desk:
    """Return a desk whose settings say how it logs in, the password in a file."""
    desk, who = desk_of(folder, name), ministry.who(door, principal)
    (folder / "password").write_text(PASSWORD, "utf-8")
    settings: dict[str, str | float | None] = {"kafka_security": str(who.login), "kafka_ca_file": str(who.ca_file)}
    if door == MTLS:
        settings |= {"kafka_certificate_file": str(who.certificate_file), "kafka_key_file": str(who.key_file)}
    else:
        settings |= {"kafka_username": principal, "kafka_password_file": str(folder / "password")}
    write_settings(desk.folder, settings)
    return desk


def test_a_ledger_is_made_joined_and_checked_by_commands_of_homes_that_log_in(ministry: Ministry, tmp_path: Path) -> None:
    location = f"kafka://{ministry.kafka.door(MTLS)}/qishloq"
    home(ministry, tmp_path, "registrar", MTLS, "operator")
    exchange = found(tmp_path, location, "--station", "st.min")
    printed = exchange.registrar.done("ledger", "create", "--acls", "--station", OTHER)
    assert printed["principal"] == f"User:{OTHER}"
    assert tuple(printed["commands"]) == access_commands(ministry.kafka.door(MTLS), "qishloq", OTHER, f"User:{OTHER}")
    let_in(ministry.kafka, OTHER, "qishloq")
    exchange.registrar.done("ledger", "create", "--station", OTHER)
    desk = home(ministry, tmp_path, "desk", SCRAM, OTHER)
    there = f"kafka://{ministry.kafka.door(SCRAM)}/qishloq"
    desk.done("ledger", "join", there, "--identity", exchange.identity, "--station", OTHER)
    assert {one["code"] for one in desk.done("ledger", "check")["findings"]} == {"SINGLE_REPLICA"}
    exchange.officer(desk, "clerk", "min", "clerk")
    assert desk.done("group", "define", "all", "--where", "kind=ministry", "--yes")["position"] == 3


def test_a_wrong_password_is_an_exit_code_and_a_message_and_is_printed_nowhere(ministry: Ministry, tmp_path: Path) -> None:
    desk = home(ministry, tmp_path, "desk", SCRAM, OTHER)
    (tmp_path / "password").write_text("guess-7-guess", "utf-8")
    command = [
        sys.executable,
        "-m",
        "cli.main",
        "--json",
        "ledger",
        "check",
        "--at",
        f"kafka://{ministry.kafka.door(SCRAM)}/{TOPIC}",
    ]
    environment = {"ORTOO_HOME": str(desk.folder), "ORTOO_DEBUG": "1", "PATH": "/usr/bin:/bin"}
    began_s = time.monotonic()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        shown = Path(f"/proc/{process.pid}/cmdline").read_text("utf-8")
        out, err = process.communicate(timeout=30)
    assert process.returncode == 6
    assert '"code": "LOGIN_REFUSED"' in out
    assert f"refuses the login of {OTHER}" in err
    assert "guess-7" not in out + err + shown
    # Ten seconds are what is promised; the rest is for starting up on a busy machine.
    assert time.monotonic() - began_s < 20


def test_a_cluster_that_lets_everybody_do_what_no_rule_names_is_found(ministry: Ministry) -> None:
    # The last test here: it opens this module's broker to all.
    broker: KafkaBroker = ministry.kafka.broker
    broker.stop()
    broker.set("allow.everyone.if.no.acl.found", "true")
    broker.start()
    with ministry.ledger(SCRAM) as ledger:
        assert {one.code for one in ledger.check()} == {"SINGLE_REPLICA", "OPEN_TO_ALL"}


def test_printed_commands_are_words_for_a_shell() -> None:
    for command in access_commands("b:1", "t", "st.a", "User:O'Brien & sons"):
        assert shlex.join(shlex.split(command)) == command
