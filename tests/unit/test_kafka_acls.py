"""What the printed commands let a station do on Kafka, read from the commands themselves."""

from __future__ import annotations

import shlex

import pytest

from adapters.kafka_acls import DESTRUCTIVE, EVERYBODY, access_commands, ledger_rules, station_rules
from adapters.ledger_kafka_check import checkpoints_topic

TOPIC, WHO = "letters", "User:st.min"


def allowed(*, signs_checkpoints: bool) -> set[tuple[str, str]]:
    """Return (operation, topic) of everything that a station's principal may do with topics named in full."""
    rules = station_rules(TOPIC, "st.min", WHO, signs_checkpoints=signs_checkpoints)
    return {(operation, topic) for rule in rules if not rule.prefixed for operation in rule.operations for topic in rule.topics}


@pytest.mark.parametrize("signs", [False, True])
def test_all_read_checkpoints_and_one_station_writes_them(*, signs: bool) -> None:
    board = checkpoints_topic(TOPIC)
    rights = allowed(signs_checkpoints=signs)
    assert ("Read", board) in rights
    assert (("Write", board) in rights) is signs
    assert ("Write", TOPIC) in rights
    commands = access_commands("broker:9092", TOPIC, "st.min", WHO, signs_checkpoints=signs)
    written = [command for command in commands if "Write" in shlex.split(command) and board in shlex.split(command)]
    assert len(written) == signs


def test_nobody_takes_away_what_was_published() -> None:
    denied = {topic for rule in ledger_rules(TOPIC) if rule.denied and rule.principal == EVERYBODY for topic in rule.topics}
    assert {TOPIC, checkpoints_topic(TOPIC)} <= denied
    assert all(rule.operations == DESTRUCTIVE for rule in ledger_rules(TOPIC))
