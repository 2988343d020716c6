"""Each setting that could lose, reorder or forge history is found, with the command that mends it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka.admin import ConfigResource, ConfigResourceType

from adapters.errors import LedgerExistsError, LedgerMissingError, LedgerRefusedError, LedgerUnsafeError
from adapters.kafka_topics import check_documents_topic, create_documents_topic, create_kafka_ledger
from adapters.ledger import Finding, Ledger, Severity
from adapters.ledger_kafka import KafkaLedger
from adapters.ledger_kafka_check import TopicFacts, ledger_findings
from adapters.ledger_sqlite import SqliteLedger, create_sqlite_ledger
from adapters.ledger_sqlite_check import file_system_findings
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import PATIENCE_S, KafkaHome, SqliteHome, eventually


@pytest.fixture
def file(tmp_path: Path) -> Iterator[SqliteHome]:
    home = SqliteHome(tmp_path / "ledger.sqlite")
    yield home
    home.close()


@pytest.fixture
def topic(kafka: KafkaBroker) -> Iterator[KafkaHome]:
    home = KafkaHome(kafka.bootstrap)
    yield home
    home.close()


def found(ledger: Ledger) -> dict[str, Finding]:
    """Return the findings of a ledger by code, without those of a broker that stands alone and open."""
    return {finding.code: finding for finding in ledger.check() if finding.code not in {"SINGLE_REPLICA", "NO_AUTHORIZER"}}


def alter(file: SqliteHome, script: str) -> None:
    """Do to a ledger's file what no program of ours does."""
    with closing(sqlite3.connect(file.path)) as connection:
        connection.executescript(script)


def configure(topic: KafkaHome, **settings: str) -> None:
    """Change settings of a topic, as an operator may."""
    configs = {name.replace("_", "."): value for name, value in settings.items()}
    with topic.admin() as admin:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic.topic, configs)])


def test_a_new_sqlite_ledger_has_no_findings(file: SqliteHome) -> None:
    assert found(file.open()) == {}


def test_sqlite_without_wal_is_found(file: SqliteHome) -> None:
    alter(file, "PRAGMA journal_mode=DELETE")
    finding = found(file.open())["JOURNAL_MODE"]
    assert finding.severity is Severity.FORBIDS
    assert finding.remedy == f"sqlite3 '{file.path}' 'PRAGMA journal_mode=WAL'"


def test_sqlite_that_does_not_wait_for_the_disk_is_found(file: SqliteHome) -> None:
    ledger = file.open()
    ledger._connection.execute("PRAGMA synchronous=NORMAL")
    assert found(ledger)["SYNCHRONOUS"].severity is Severity.FORBIDS


def test_a_read_only_file_is_found(file: SqliteHome) -> None:
    ledger = file.open()
    file.path.chmod(0o444)
    assert found(ledger)["READ_ONLY"].remedy == f"chmod u+w '{file.path}'"


@pytest.mark.parametrize("table", ["ledger_slots", "ledger_meta"])
def test_a_missing_table_is_found(file: SqliteHome, table: str) -> None:
    ledger = file.open()
    alter(file, f"DROP TABLE {table}")
    assert found(ledger)["TABLE_MISSING"].setting == table


def test_a_file_that_lets_its_rows_be_changed_is_found(file: SqliteHome) -> None:
    ledger = file.open()
    alter(file, "DROP TRIGGER ledger_slots_no_update")
    finding = found(ledger)["TRIGGER_MISSING"]
    assert finding.severity is Severity.WARNS
    alter(file, finding.remedy.split('"')[1])
    assert found(ledger) == {}


def test_deleted_rows_are_found(file: SqliteHome) -> None:
    ledger = file.open()
    for number in range(5):
        ledger.append(b"%d" % number)
    alter(file, "DROP TRIGGER ledger_slots_no_delete; DELETE FROM ledger_slots WHERE position = 2")
    assert "lacks 1 of the positions 0 to 4" in found(ledger)["POSITIONS_MISSING"].what
    alter(file, "DELETE FROM ledger_slots WHERE position < 2")
    assert "begins at position 3" in found(ledger)["START_NOT_ZERO"].what


@pytest.mark.parametrize(
    ("kind", "code"),
    [("ext4", None), ("nfs4", "NETWORK_FILE_SYSTEM"), ("cifs", "NETWORK_FILE_SYSTEM"), ("9p", "SHARED_FILE_SYSTEM")],
)
def test_a_file_on_a_network_disk_is_found(tmp_path: Path, kind: str, code: str | None) -> None:
    mounts = f"/dev/vda / ext4 rw 0 0\nserver:/x {tmp_path} {kind} rw 0 0\nproc /proc proc rw 0 0\n"
    codes = [finding.code for finding in file_system_findings(tmp_path / "ledger.sqlite", mounts)]
    assert codes == ([code] if code else [])


def test_nothing_is_made_where_a_file_is(file: SqliteHome) -> None:
    before = file.path.read_bytes()
    with pytest.raises(LedgerExistsError, match="a file is there already"):
        create_sqlite_ledger(file.path)
    assert file.path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"no database, just words " * 100], ids=["empty", "words"])
def test_a_file_that_is_no_ledger_is_not_opened(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(LedgerMissingError):
        SqliteLedger(path)
    assert path.read_bytes() == content


def test_a_missing_file_is_not_made_by_opening_it(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissingError, match="No ledger is at"):
        SqliteLedger(tmp_path / "none.sqlite")
    with pytest.raises(LedgerMissingError, match="its folder does not exist"):
        create_sqlite_ledger(tmp_path / "none" / "ledger.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_a_new_topic_on_one_broker_is_warned_of_a_power_cut(topic: KafkaHome) -> None:
    finding, access = topic.open().check()
    assert (finding.code, access.code) == ("SINGLE_REPLICA", "NO_AUTHORIZER")
    assert {finding.severity, access.severity} == {Severity.WARNS}
    assert "a power cut can lose acknowledged events" in finding.what


@pytest.mark.parametrize(
    ("setting", "value", "right"),
    [
        ("cleanup.policy", "compact", "delete"),
        ("cleanup.policy", "compact,delete", "delete"),
        ("retention.ms", "604800000", "-1"),
        ("retention.bytes", "1000000000", "-1"),
        ("message.timestamp.type", "CreateTime", "LogAppendTime"),
        ("compression.type", "producer", "uncompressed"),
        ("compression.type", "gzip", "uncompressed"),
        ("unclean.leader.election.enable", "true", "false"),
        ("max.message.bytes", "65535", "131070"),
        ("min.insync.replicas", "2", "1"),
    ],
)
def test_each_dangerous_setting_of_a_topic_forbids_running(topic: KafkaHome, setting: str, value: str, right: str) -> None:
    ledger = topic.open()
    configure(topic, **{setting.replace(".", "_"): value})
    eventually(lambda: bool(found(ledger)))
    (finding,) = found(ledger).values()
    assert (finding.severity, finding.setting) == (Severity.FORBIDS, setting)
    assert finding.remedy == (
        f"kafka-configs.sh --bootstrap-server {topic.bootstrap} --alter --entity-type topics "
        f"--entity-name {topic.topic} --add-config {setting}={right}"
    )
    configure(topic, **{setting.replace(".", "_"): right})
    eventually(lambda: found(ledger) == {})


def test_a_topic_that_admits_huge_batches_is_warned_of(topic: KafkaHome) -> None:
    ledger = topic.open()
    configure(topic, max_message_bytes="50000000")
    eventually(lambda: bool(found(ledger)))
    assert found(ledger)["MAX_MESSAGE_BYTES"].severity is Severity.WARNS


def test_a_second_partition_is_found(topic: KafkaHome) -> None:
    ledger = topic.open()
    with topic.admin() as admin:
        admin.create_partitions({topic.topic: 2})
    eventually(lambda: bool(found(ledger)))
    assert found(ledger)["PARTITIONS"].severity is Severity.FORBIDS


def test_a_beginning_that_was_deleted_is_found(topic: KafkaHome) -> None:
    ledger = topic.open()
    for number in range(5):
        ledger.append(b"%d" % number)
    delete_before(topic, 3)
    assert "begins at position 3, not 0" in found(ledger)["LOG_START"].what


def delete_before(topic: KafkaHome, position: int) -> None:
    """Delete the beginning of a topic, as `kafka-delete-records.sh` does."""
    from kafka import TopicPartition  # noqa: PLC0415 - kept beside its only use

    with topic.admin() as admin:
        admin.delete_records({TopicPartition(topic.topic, 0): position})


def healthy(**changes: Any) -> TopicFacts:
    """Return what a cluster of three brokers says of a topic as it should be, with some changes."""
    settings = {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "message.timestamp.type": "LogAppendTime",
        "compression.type": "uncompressed",
        "unclean.leader.election.enable": "false",
        "max.message.bytes": "131070",
        "min.insync.replicas": "2",
    }
    facts = TopicFacts(
        bootstrap="b:1", topic="t", partitions=1, replicas=3, in_sync=3, start=0, settings=settings, auto_create=False
    )
    settings.update(changes.pop("settings", {}))
    return replace(facts, **changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"settings": {"min.insync.replicas": "1"}}, [("MIN_INSYNC_REPLICAS", "forbids")]),
        ({"settings": {"min.insync.replicas": "4"}}, [("MIN_INSYNC_REPLICAS", "forbids")]),
        ({"in_sync": 2}, [("REPLICAS_BEHIND", "warns")]),
        ({"auto_create": True}, [("AUTO_CREATE", "warns")]),
        ({"auto_create": None}, [("AUTO_CREATE_UNSEEN", "warns")]),
    ],
)
def test_what_takes_three_brokers_to_see(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert [(finding.code, finding.severity) for finding in ledger_findings(healthy(**changes))] == expected


def test_a_topic_that_exists_is_not_made_again(topic: KafkaHome) -> None:
    with pytest.raises(LedgerExistsError, match="the topic exists"):
        create_kafka_ledger(topic.bootstrap, topic.topic)


def test_more_replicas_than_brokers_are_refused(kafka: KafkaBroker) -> None:
    with pytest.raises(LedgerRefusedError, match="refuses"):
        create_kafka_ledger(kafka.bootstrap, "too-many-replicas", replication=30)


def test_a_topic_that_is_not_there_is_not_made_by_opening_it(kafka: KafkaBroker) -> None:
    with pytest.raises(LedgerMissingError, match="No topic is at"):
        KafkaLedger(kafka.bootstrap, "never-made", timeout_s=PATIENCE_S)
    with pytest.raises(LedgerMissingError, match="No topic is at"):
        KafkaLedger(kafka.bootstrap, "never-made", timeout_s=PATIENCE_S)


def test_a_documents_topic_is_compacted_soon_and_takes_whole_chunks(topic: KafkaHome) -> None:
    name = create_documents_topic(topic.bootstrap, topic.topic, "station-1")
    assert name == f"{topic.topic}.documents.station-1"
    documents = KafkaHome(topic.bootstrap, topic=name)

    def codes() -> set[str]:
        return {finding.code for finding in check_documents_topic(topic.bootstrap, topic.topic, "station-1")}

    assert codes() == {"SINGLE_REPLICA"}
    configure(documents, cleanup_policy="delete", delete_retention_ms="999999999", max_message_bytes="1000")
    eventually(lambda: codes() == {"SINGLE_REPLICA", "CLEANUP_POLICY", "DELETE_RETENTION_MS", "MAX_MESSAGE_BYTES"})
    with pytest.raises(LedgerExistsError):
        create_documents_topic(topic.bootstrap, topic.topic, "station-1")
    with pytest.raises(LedgerMissingError):
        check_documents_topic(topic.bootstrap, topic.topic, "station-2")


def test_the_error_names_each_finding_and_its_remedy(topic: KafkaHome) -> None:
    configure(topic, retention_ms="1000", compression_type="zstd")
    ledger = topic.open()
    eventually(lambda: len(found(ledger)) == 2)
    message = str(LedgerUnsafeError(ledger.identity().location, ledger.check()))
    assert "retention.ms of" in message
    assert "--add-config compression.type=uncompressed" in message
    assert "single replica" not in message
