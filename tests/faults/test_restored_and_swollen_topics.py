"""A broker set back to an older copy of its disk, and batches that unfold to hundreds of megabytes: both are refused."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
from kafka.admin import NewTopic
from kafka.errors import MessageSizeTooLargeError, NoError
from kafka.protocol.producer import ProduceRequest
from kafka.record.memory_records import MemoryRecordsBuilder

from adapters.errors import LedgerTruncatedError, LedgerUnsafeError, SlotChangedError
from tests.exchanges import TestExchange
from tests.faults.test_topic_altered_under_stations import Running
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import PATIENCE_S, KafkaHome

pytestmark = pytest.mark.slow
MEGABYTE: Final = 1024 * 1024
UNFOLDED: Final = (100, 200)
"""Megabytes to which batches unfold: one is shorter than the topic's limit while it is folded, the other is not."""


def test_a_broker_restored_from_an_older_copy_of_its_disk_stops_the_stations(own_kafka: KafkaBroker, tmp_path: Path) -> None:
    assert own_kafka.folder is not None
    data, copy = own_kafka.folder / "data", tmp_path / "copy"
    topic = f"restored-{os.urandom(6).hex()}"
    exchange = TestExchange(tmp_path, f"kafka://{own_kafka.bootstrap}/{topic}")
    ministry = exchange.station("ministry")
    exchange.add_organisations(ministry, ["mfy-001"])
    own_kafka.stop()
    shutil.copytree(data, copy)
    own_kafka.start()
    exchange.add_organisations(ministry, ["mfy-002", "mfy-003"])
    held = ministry.parts.store.next_position()
    exchange.station("asleep").close()
    running = Running(exchange.station("awake"))
    own_kafka.stop()
    shutil.rmtree(data)
    copy.rename(data)
    own_kafka.start()
    error = running.stopped_by()
    assert isinstance(error, LedgerTruncatedError)
    assert f"ends before position {held - 2}, but this station holds everything from 0 to before {held}" in str(error)
    assert "do not let it grow before that" in str(error)
    with KafkaHome(own_kafka.bootstrap, topic=topic).producer() as producer:
        for _ in range(5):
            producer.send(topic, b"of another history", partition=0).get(PATIENCE_S)
    with pytest.raises(SlotChangedError, match=f"Position {held - 2} "):
        exchange.station("asleep")
    exchange.close()


def folded(megabytes: int) -> bytes:
    """Return a batch of so many records of zeros, compressed to a thousandth."""
    builder = MemoryRecordsBuilder(magic=2, compression_type=1, batch_size=2 * megabytes * MEGABYTE)
    for _ in range(megabytes):
        builder.append(None, None, bytes(MEGABYTE))
    builder.close()
    return bytes(builder.buffer())


def produce(topic: KafkaHome, batch: bytes) -> int:
    """Hand a broker a batch that no client would make, and return the number of its error, 0 for none."""
    of_topic = ProduceRequest.TopicProduceData
    data = of_topic(name=topic.topic, partition_data=[of_topic.PartitionProduceData(index=0, records=batch)])
    request = ProduceRequest(transactional_id=None, acks=-1, timeout_ms=30_000, topic_data=[data], min_version=0, max_version=9)
    with topic.admin() as admin:

        async def ask() -> Any:
            return await admin._manager.send(request)

        return int(admin._manager.run(ask).responses[0].partition_responses[0].error_code)


def test_a_batch_that_unfolds_to_hundreds_of_megabytes_is_refused_by_the_topics_settings(own_kafka: KafkaBroker) -> None:
    topic = KafkaHome(own_kafka.bootstrap)
    batches = [folded(megabytes) for megabytes in UNFOLDED]
    assert len(batches[0]) < int(topic.open().facts().settings["max.message.bytes"]) < len(batches[1])
    assert [produce(topic, batch) for batch in batches] == [MessageSizeTooLargeError.errno] * 2
    assert topic.open().end() == 0
    assert topic.open().append(b"after") == 0
    topic.close()


def test_a_station_set_on_a_topic_that_takes_such_batches_reads_none_of_it(own_kafka: KafkaBroker, tmp_path: Path) -> None:
    exchange = TestExchange(tmp_path, f"kafka://{own_kafka.bootstrap}/tight-{os.urandom(6).hex()}")
    loose = KafkaHome(own_kafka.bootstrap, topic=f"loose-{os.urandom(6).hex()}")
    with loose.admin() as admin:
        admin.create_topics([NewTopic(loose.topic, 1, 1)])
        admin.wait_for_topics([loose.topic])
    assert produce(loose, folded(UNFOLDED[-1])) == NoError.errno
    ledger = loose.open()
    with pytest.raises(LedgerUnsafeError, match="a small batch may unpack to hundreds of megabytes") as refused:
        exchange.station("misled", ledger=ledger)
    assert f"--entity-name {loose.topic} --add-config compression.type=uncompressed" in str(refused.value)
    assert ledger._reader is None
    loose.close()
    exchange.close()
