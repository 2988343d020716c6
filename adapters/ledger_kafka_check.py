"""What could lose, reorder or forge the history in a Kafka topic, and the command that mends each (design.md, "Kafka")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import kafka.errors as foreign
from kafka.admin import ConfigResource, ConfigResourceType

from adapters.kafka_clients import KafkaPlace
from adapters.ledger import Finding, Severity
from domain.header import RECORD_LIMIT_BYTES

# Around the record, a batch has 61 bytes, the record some 20, and its headers CloudEvents and where the documents lie.
MESSAGE_MIN_BYTES: Final = RECORD_LIMIT_BYTES + 16_384
# Kafka's own default; above it, one careless writer could make every reader carry what no reader will accept.
MESSAGE_MAX_BYTES: Final = 1_048_588

LEDGER_SETTINGS: Final[Mapping[str, str]] = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "message.timestamp.type": "LogAppendTime",
    "compression.type": "uncompressed",
    "unclean.leader.election.enable": "false",
}
"""What a ledger's topic must say, word for word."""

_DANGERS: Final[Mapping[str, str]] = {
    "cleanup.policy": "compaction deletes records",
    "retention.ms": "records are deleted when they are old",
    "retention.bytes": "records are deleted when there are many",
    "message.timestamp.type": "any writer may invent the time of its records",
    "compression.type": "a small batch may unpack to hundreds of megabytes",
    "unclean.leader.election.enable": "a replica that lags may become the leader, and acknowledged records are lost",
}

DOCUMENT_CHUNK_LIMIT_BYTES: Final = 524_288  # 512 KiB (design.md, "Documents")
DOCUMENTS_SETTINGS: Final[Mapping[str, str]] = {
    "cleanup.policy": "compact",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "message.timestamp.type": "LogAppendTime",
    "compression.type": "uncompressed",
    "unclean.leader.election.enable": "false",
    # Without these three a destroyed document stays on the disk: only closed segments are compacted (an hour), at the
    # latest after a day, and the mark of its destruction is dropped after another.
    "segment.ms": "3600000",
    "max.compaction.lag.ms": "86400000",
    "delete.retention.ms": "86400000",
    "max.message.bytes": str(DOCUMENT_CHUNK_LIMIT_BYTES + 16_384),
}
"""What a station's documents topic must say; the numbers are the most (the last: the least) that is accepted."""
_AT_MOST: Final = frozenset({"segment.ms", "max.compaction.lag.ms", "delete.retention.ms"})


def documents_topic(ledger_topic: str, station: str) -> str:
    """Return the name of the topic that holds the documents which a station put (design.md, "Documents")."""
    return f"{ledger_topic}.documents.{station}"


def checkpoints_topic(ledger_topic: str) -> str:
    """Return the name of the topic on which a ledger's operator publishes checkpoints."""
    return f"{ledger_topic}.checkpoints"


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicFacts:
    """What a cluster says of a topic. `auto_create` is None if we may not see the brokers' settings."""

    bootstrap: str
    topic: str
    partitions: int
    replicas: int
    in_sync: int
    start: int
    settings: Mapping[str, str]
    auto_create: bool | None


def topic_facts(admin: Any, place: KafkaPlace, topic: Mapping[str, Any], *, start: int) -> TopicFacts:
    """Ask a cluster for the settings of a topic that was described; raises Kafka's errors."""
    found = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, place.topic)], config_filter="all")
    settings = {name: str(setting["value"]) for name, setting in found["topic"][place.topic].items()}
    if not settings:
        # The client passes over what the broker said; a topic that is there has settings, so they may not be seen.
        raise foreign.TopicAuthorizationFailedError(place.topic)
    partitions = topic["partitions"]
    return TopicFacts(
        bootstrap=place.bootstrap,
        topic=place.topic,
        partitions=len(partitions),
        replicas=min(len(partition["replica_nodes"]) for partition in partitions),
        in_sync=min(len(partition["isr_nodes"]) for partition in partitions),
        start=start,
        settings=settings,
        auto_create=_auto_create(admin),
    )


def _auto_create(admin: Any) -> bool | None:
    settings = broker_settings(admin)
    if not all(settings):
        return None
    return any(one["auto.create.topics.enable"]["value"] == "true" for one in settings)


def broker_settings(admin: Any) -> list[Mapping[str, Any]]:
    """Return the settings of each broker that answers (empty ones may not be seen); raises Kafka's errors if none does."""
    answers: list[Mapping[str, Any]] = []
    silent: foreign.KafkaError | None = None
    for broker in admin.describe_cluster()["brokers"]:
        id_ = str(broker["broker_id"])
        try:
            found = admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, id_)], config_filter="all")
        except (foreign.RetriableError, foreign.UnknownBrokerIdError) as error:
            # One that is down must not keep stations from reading what the others hold.
            silent = error
        else:
            answers.append(found["broker"].get(id_, {}))
    if not answers and silent is not None:
        raise silent
    return answers


def ledger_findings(facts: TopicFacts) -> tuple[Finding, ...]:
    """Return what is wrong with a ledger's topic."""
    return (*_shape(facts), *_words(facts, LEDGER_SETTINGS), *_message_size(facts), *_replication(facts), *_brokers(facts))


def documents_findings(facts: TopicFacts) -> tuple[Finding, ...]:
    """Return what is wrong with a station's documents topic: compacted soon, so that what is destroyed leaves the disk."""
    words = {name: value for name, value in DOCUMENTS_SETTINGS.items() if not value.isdecimal()}
    findings = [*_words(facts, words), *_replication(facts)]
    for name in DOCUMENTS_SETTINGS.keys() - words.keys():
        findings += _bound(facts, name, int(DOCUMENTS_SETTINGS[name]))
    return tuple(sorted(findings, key=lambda finding: finding.code))


def _bound(facts: TopicFacts, name: str, bound: int) -> Iterator[Finding]:
    value = int(facts.settings.get(name, "0"))
    if name in _AT_MOST and value > bound:
        what = f"{name} of {facts.topic} is {value}, more than {bound}: destroyed documents stay on the disk longer than told"
        yield _warns(_code(name), name, what, _set(facts, name, str(bound)))
    if name not in _AT_MOST and value < bound:
        what = f"{name} of {facts.topic} is {value}, less than {bound}: documents cannot be stored"
        yield _forbids(_code(name), name, what, _set(facts, name, str(bound)))


def _forbids(code: str, setting: str, what: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.FORBIDS, setting=setting, what=what, remedy=remedy)


def _warns(code: str, setting: str, what: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNS, setting=setting, what=what, remedy=remedy)


def _code(setting: str) -> str:
    return setting.upper().replace(".", "_")


def _set(facts: TopicFacts, name: str, value: str) -> str:
    return (
        f"kafka-configs.sh --bootstrap-server {facts.bootstrap} --alter --entity-type topics "
        f"--entity-name {facts.topic} --add-config {name}={value}"
    )


def _shape(facts: TopicFacts) -> Iterator[Finding]:
    if facts.partitions != 1:
        what = f"{facts.topic} has {facts.partitions} partitions: there is no one order of its records"
        remedy = "partitions cannot be taken away: make another ledger in a topic of its own (ortoo ledger create)"
        yield _forbids("PARTITIONS", "partitions", what, remedy)
    if facts.start != 0:
        what = f"{facts.topic} begins at position {facts.start}, not 0: records were deleted"
        remedy = "restore the topic from a backup or a mirror, and take the right to delete records away from everybody"
        yield _forbids("LOG_START", "log start offset", what, remedy)


def _words(facts: TopicFacts, wanted: Mapping[str, str]) -> Iterator[Finding]:
    for name, value in wanted.items():
        found = facts.settings.get(name)
        if found != value:
            danger = _DANGERS[name] if wanted is LEDGER_SETTINGS else "documents are lost, or stay when they should go"
            what = f"{name} of {facts.topic} is {found}, not {value}: {danger}"
            yield _forbids(_code(name), name, what, _set(facts, name, value))


def _message_size(facts: TopicFacts) -> Iterator[Finding]:
    name = "max.message.bytes"
    value = int(facts.settings.get(name, "0"))
    if value < MESSAGE_MIN_BYTES:
        what = f"{name} of {facts.topic} is {value}, less than {MESSAGE_MIN_BYTES}: the largest records cannot be appended"
        yield _forbids("MAX_MESSAGE_BYTES", name, what, _set(facts, name, str(2 * RECORD_LIMIT_BYTES)))
    if value > MESSAGE_MAX_BYTES:
        what = f"{name} of {facts.topic} is {value}, more than {MESSAGE_MAX_BYTES}: one writer can burden every reader"
        yield _warns("MAX_MESSAGE_BYTES", name, what, _set(facts, name, str(2 * RECORD_LIMIT_BYTES)))


def _replication(facts: TopicFacts) -> Iterator[Finding]:
    name = "min.insync.replicas"
    least = int(facts.settings.get(name, "1"))
    if facts.replicas == 1:
        what = f"{facts.topic} has a single replica: a power cut can lose acknowledged events (acknowledging syncs no disk)"
        remedy = f"kafka-reassign-partitions.sh --bootstrap-server {facts.bootstrap} --execute, to three brokers, then {name}=2"
        yield _warns("SINGLE_REPLICA", "replication factor", what, remedy)
    elif least == 1:
        what = f"{name} of {facts.topic} is 1: what only one replica holds is acknowledged, and lost with it"
        yield _forbids("MIN_INSYNC_REPLICAS", name, what, _set(facts, name, "2"))
    if least > facts.replicas:
        what = f"{name} of {facts.topic} is {least}, but it has {facts.replicas} replicas: nothing can be appended"
        yield _forbids("MIN_INSYNC_REPLICAS", name, what, _set(facts, name, str(min(2, facts.replicas))))
    if facts.in_sync < facts.replicas:
        what = f"only {facts.in_sync} of {facts.replicas} replicas of {facts.topic} are in sync now"
        remedy = f"kafka-topics.sh --bootstrap-server {facts.bootstrap} --describe --topic {facts.topic}, and start what is down"
        yield _warns("REPLICAS_BEHIND", "in-sync replicas", what, remedy)


def _brokers(facts: TopicFacts) -> Iterator[Finding]:
    name = "auto.create.topics.enable"
    if facts.auto_create is None:
        what = f"the brokers' settings may not be seen, so {name} is not checked"
        yield _warns("AUTO_CREATE_UNSEEN", name, what, "grant DescribeConfigs on the cluster to this station's principal")
    elif facts.auto_create:
        what = f"{name} is on: after a deletion any client makes {facts.topic} again by asking for it, with unsafe settings"
        remedy = f"set {name}=false in the server.properties of every broker and restart them one by one"
        yield _warns("AUTO_CREATE", name, what, remedy)
