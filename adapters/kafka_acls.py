"""What a station may do on a Kafka cluster, as the commands with which an operator says so (design.md, "Kafka").

A principal per station: it appends to the ledger and reads it, writes its own documents topic and reads all of them, reads
checkpoints (one station writes them), and sees what `ortoo ledger check` looks at. It gets no transactional id. Nobody may
delete or alter, whatever a later rule allows.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

from adapters.ledger_kafka_check import checkpoints_topic, documents_topic

WRITE_BYTE_RATE: Final = 2 * 1024 * 1024
"""Bytes a second that a station may write: a document of the largest size in a minute, and no more than a broker bears."""
READ_BYTE_RATE: Final = 20 * 1024 * 1024
"""Bytes a second that a station may read: a year's ledger is read anew within an hour."""

EVERYBODY: Final = "User:*"
DESTRUCTIVE: Final = ("Delete", "Alter", "AlterConfigs")
"""The rights with which history can be taken away; Kafka's own names."""
_SEEING: Final = ("Describe", "DescribeConfigs")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One rule of access: who may, or may not, do what with some topics or with the cluster itself (no topics)."""

    principal: str
    operations: tuple[str, ...]
    topics: tuple[str, ...] = ()
    prefixed: bool = False
    denied: bool = False

    def command(self, bootstrap: str) -> str:
        """Return the command that makes the rule, for a shell."""
        who = "--deny-principal" if self.denied else "--allow-principal"
        words = ["kafka-acls.sh", "--bootstrap-server", bootstrap, "--add", who, self.principal]
        for operation in self.operations:
            words += ["--operation", operation]
        for topic in self.topics:
            words += ["--topic", topic]
        if not self.topics:
            words.append("--cluster")
        if self.prefixed:
            words += ["--resource-pattern-type", "prefixed"]
        return shlex.join(words)


def station_rules(ledger_topic: str, station: str, principal: str, *, signs_checkpoints: bool = False) -> tuple[Rule, ...]:
    """Return what a station's principal may do: of those that follow a ledger, one signs checkpoints."""
    own, all_of_them = documents_topic(ledger_topic, station), documents_topic(ledger_topic, "")
    publishes = ("Read", "Write", *_SEEING) if signs_checkpoints else ("Read", *_SEEING)
    return (
        Rule(principal=principal, operations=("Read", "Write", *_SEEING), topics=(ledger_topic, own)),
        Rule(principal=principal, operations=("Read", "Describe"), topics=(all_of_them,), prefixed=True),
        Rule(principal=principal, operations=publishes, topics=(checkpoints_topic(ledger_topic),)),
        Rule(principal=principal, operations=_SEEING),
    )


def ledger_rules(ledger_topic: str) -> tuple[Rule, ...]:
    """Return what nobody may do, beside the operators who stand above all rules (super.users)."""
    documents = documents_topic(ledger_topic, "")
    return (
        Rule(principal=EVERYBODY, operations=DESTRUCTIVE, topics=(ledger_topic, checkpoints_topic(ledger_topic)), denied=True),
        Rule(principal=EVERYBODY, operations=DESTRUCTIVE, topics=(documents,), prefixed=True, denied=True),
    )


def quota_command(bootstrap: str, principal: str) -> str:
    """Return the command that bounds what a principal writes and reads in a second."""
    rates = f"producer_byte_rate={WRITE_BYTE_RATE},consumer_byte_rate={READ_BYTE_RATE}"
    name = principal.removeprefix("User:")
    words = ["kafka-configs.sh", "--bootstrap-server", bootstrap, "--alter", "--add-config", rates]
    return shlex.join([*words, "--entity-type", "users", "--entity-name", name])


def access_commands(
    bootstrap: str, ledger_topic: str, station: str, principal: str, *, signs_checkpoints: bool = False
) -> tuple[str, ...]:
    """Return every command for a station on a cluster: once for the ledger what nobody may, then what this station may."""
    own = station_rules(ledger_topic, station, principal, signs_checkpoints=signs_checkpoints)
    rules = (*ledger_rules(ledger_topic), *own)
    return (*(rule.command(bootstrap) for rule in rules), quota_command(bootstrap, principal))
