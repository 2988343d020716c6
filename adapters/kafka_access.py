"""What is open to more people on a Kafka cluster than a ledger needs, as far as this station may see it.

All of it warns and nothing forbids: on a laptop nobody else is there, and rules of access cannot change history's verdicts,
only delete or delay it. Whoever runs a cluster in earnest finds here what to shut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import kafka.errors as foreign
from kafka.admin import (
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePatternFilter,
    ResourceType,
)

from adapters.kafka_acls import DESTRUCTIVE, EVERYBODY
from adapters.kafka_clients import KafkaPlace
from adapters.ledger import Finding, Severity
from adapters.ledger_kafka_check import broker_settings, documents_topic

_OPEN_SETTING: Final = "allow.everyone.if.no.acl.found"
_ALL: Final = "All"
_NAMES: Final[Mapping[ACLOperation, str]] = {
    operation: "".join(word.capitalize() for word in operation.name.split("_")) for operation in ACLOperation
}
"""Kafka's operations as its tools write them: ALTER_CONFIGS is AlterConfigs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessRule:
    """One rule that allows or denies, as the cluster tells it."""

    principal: str
    operation: str
    resource: ResourceType
    name: str
    prefixed: bool
    allows: bool

    def concerns(self, topic: str) -> bool:
        """Tell whether it is about a topic of this name."""
        if self.resource is not ResourceType.TOPIC:
            return False
        return topic.startswith(self.name) if self.prefixed else self.name in {topic, "*"}

    def removal(self, bootstrap: str) -> str:
        """Return the command that takes the rule away."""
        kind = "topic" if self.resource is ResourceType.TOPIC else "transactional-id"
        prefixed = " --resource-pattern-type prefixed" if self.prefixed else ""
        return (
            f"kafka-acls.sh --bootstrap-server {bootstrap} --remove --allow-principal '{self.principal}' "
            f"--operation {self.operation} --{kind} '{self.name}'{prefixed}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessFacts:
    """What a cluster says about access. `rules` is None if they may not be seen; `own` is what we may do with the ledger."""

    bootstrap: str
    topic: str
    authorizer: bool
    open_to_all: bool
    own: frozenset[str]
    rules: tuple[AccessRule, ...] | None


def access_facts(admin: Any, place: KafkaPlace, topic: Mapping[str, Any]) -> AccessFacts:
    """Ask a cluster who may do what with a topic that was described; raises Kafka's errors."""
    authorizer, rules = _rules(admin)
    return AccessFacts(
        bootstrap=place.bootstrap,
        topic=place.topic,
        authorizer=authorizer,
        open_to_all=authorizer and _sees_what_no_rule_names(admin, place.topic) and _is_set(admin, _OPEN_SETTING),
        own=frozenset(_NAMES[ACLOperation[name]] for name in topic.get("authorized_operations") or ()),
        rules=rules,
    )


def _rules(admin: Any) -> tuple[bool, tuple[AccessRule, ...] | None]:
    """Return whether the cluster has rules of access at all, and those, None if they may not be seen."""
    everything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    try:
        found, _ = admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, everything))
    except foreign.SecurityDisabledError:
        return False, ()
    except foreign.AuthorizationError:
        return True, None
    return True, tuple(_rule(one) for one in found)


def _rule(acl: Any) -> AccessRule:
    pattern = acl.resource_pattern
    return AccessRule(
        principal=acl.principal,
        operation=_NAMES[acl.operation],
        resource=pattern.resource_type,
        name=pattern.resource_name,
        prefixed=pattern.pattern_type is ACLResourcePatternType.PREFIXED,
        allows=acl.permission_type is ACLPermissionType.ALLOW,
    )


def _sees_what_no_rule_names(admin: Any, topic: str) -> bool:
    # The setting's value is hidden from everybody, so what it does is tried: on a topic that nobody made, and asking makes none.
    (answer,) = admin.describe_topics([f"no-rule-names-this.{topic}"])
    return not issubclass(foreign.for_code(answer["error_code"]), foreign.AuthorizationError)


def _is_set(admin: Any, setting: str) -> bool:
    return any(setting in settings for settings in broker_settings(admin))


def access_findings(facts: AccessFacts) -> tuple[Finding, ...]:
    """Return what is open, with what shuts it."""
    if not facts.authorizer:
        what = f"the brokers have no authorizer: whoever reaches them may write to {facts.topic}, delete it and alter it"
        remedy = (
            "set authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer and super.users in the "
            "server.properties of every broker, restart them, and let each station in: ortoo ledger create --acls --station ID"
        )
        return (_warns("NO_AUTHORIZER", "authorizer.class.name", what, remedy),)
    if facts.rules is None:
        what = f"the rules of access may not be seen, so it is not known who may write to {facts.topic}, delete it or alter it"
        findings = [_warns("ACCESS_UNSEEN", "acl", what, "grant Describe on the cluster to this station's principal")]
    else:
        findings = [*_transactions(facts, facts.rules), *_everybody(facts, facts.rules)]
        findings += [*_destructive(facts, facts.rules), *_foreign_documents(facts, facts.rules)]
    return (*_open(facts), *findings)


def _warns(code: str, setting: str, what: str, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.WARNS, setting=setting, what=what, remedy=remedy)


def _open(facts: AccessFacts) -> Iterator[Finding]:
    own = [right for right in DESTRUCTIVE if right in facts.own]
    if facts.open_to_all:
        what = f"{_OPEN_SETTING} is set: whatever no rule names is open to everybody, also the right to delete"
        remedy = f"take {_OPEN_SETTING} out of the server.properties of every broker and restart them one by one"
        yield _warns("OPEN_TO_ALL", _OPEN_SETTING, what, remedy)
    if own:
        what = f"this station itself may {', '.join(own)} {facts.topic}: whoever gets hold of its key or password may as well"
        remedy = "run the station as a principal of its own, which is no super user: ortoo ledger create --acls --station ID"
        yield _warns("OWN_RIGHTS", "acl", what, remedy)


def _transactions(facts: AccessFacts, rules: Iterable[AccessRule]) -> Iterator[Finding]:
    for rule in rules:
        if rule.allows and rule.resource is ResourceType.TRANSACTIONAL_ID and rule.operation in {"Write", _ALL}:
            what = f"{rule.principal} may {rule.operation} the transactional id {rule.name}: transactions leave empty slots"
            yield _warns("TRANSACTIONS_ALLOWED", "acl", what, rule.removal(facts.bootstrap))


def _everybody(facts: AccessFacts, rules: Iterable[AccessRule]) -> Iterator[Finding]:
    documents = documents_topic(facts.topic, "")
    for rule in rules:
        concerned = rule.concerns(facts.topic) or rule.concerns(documents) or rule.name.startswith(documents)
        if rule.allows and rule.principal == EVERYBODY and rule.resource is ResourceType.TOPIC and concerned:
            what = f"everybody may {rule.operation} the topic {rule.name}{'…' if rule.prefixed else ''}"
            yield _warns("EVERYBODY_ALLOWED", "acl", what, rule.removal(facts.bootstrap))


def _destructive(facts: AccessFacts, rules: tuple[AccessRule, ...]) -> Iterator[Finding]:
    denied = {one.operation for one in rules if not one.allows and one.principal == EVERYBODY and one.concerns(facts.topic)}
    for rule in rules:
        rights = DESTRUCTIVE if rule.operation == _ALL else (rule.operation,)
        left = [right for right in rights if right in DESTRUCTIVE and right not in denied and _ALL not in denied]
        if left and rule.allows and rule.principal != EVERYBODY and rule.concerns(facts.topic):
            what = f"{rule.principal} may {', '.join(left)} {facts.topic}: history can be taken away"
            yield _warns("DESTRUCTION_ALLOWED", "acl", what, rule.removal(facts.bootstrap))


def _foreign_documents(facts: AccessFacts, rules: Iterable[AccessRule]) -> Iterator[Finding]:
    every_station = documents_topic(facts.topic, "")
    for rule in rules:
        writes = rule.allows and rule.principal != EVERYBODY and rule.operation in {"Write", _ALL}
        if writes and rule.concerns(every_station):
            what = f"{rule.principal} may write the documents of every station, not only its own"
            yield _warns("DOCUMENTS_WRITABLE", "acl", what, rule.removal(facts.bootstrap))
