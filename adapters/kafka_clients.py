"""Clients of a Kafka cluster, opened with the settings that a ledger needs, and Kafka's errors in the port's words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import kafka
import kafka.errors as foreign
from kafka.net.compat import KafkaNetClient

from adapters.errors import (
    LedgerError,
    LedgerExistsError,
    LedgerMissingError,
    LedgerRefusedError,
    LedgerUnreachableError,
    LocationError,
)
from adapters.kafka_connections import connect
from adapters.kafka_diagnosis import diagnose
from adapters.kafka_errors import (
    DescribeForbiddenError,
    LoginRefusedError,
    ReadForbiddenError,
    RightMissingError,
    WriteForbiddenError,
)
from adapters.kafka_security import PLAIN_TEXT, KafkaSecurity

TIMEOUT_S: Final = 8.0  # longer than an election of a new leader usually takes; whoever waits is told within ten seconds
_FETCH_WAIT_MS: Final = 250  # how long the broker may hold a fetch at the end; after a seek, that long nothing is heard
_BACKOFF_LIMIT_MS: Final = 1000  # a broker that comes back is found again within about a second
_CLOSE_TIMEOUT_S: Final = 1.0  # nothing is waited for when a producer is given up; its thread notices within a fraction
_RETRY_S: Final = 0.1  # between two questions to a cluster that is choosing a leader or coming back
_FIRST_TRY: Final = 0.25  # of the time-out: a cluster in good health answers in far less; what is wrong is told that soon
_ONE_ANSWER: Final = 0.35  # of the time-out: a broker that hangs is given up so soon, and it is time to find out why, and to tell
_ONE_ANSWER_S: Final = 1.0  # but no time-out is so short that a busy machine could not answer
_CONNECTING_MS: Final = 2000  # no connection is given up sooner, unless nobody waits so long
_IN_FLIGHT: Final = 5  # the most for which an idempotent producer keeps its order

_MISSING: Final = (foreign.UnknownTopicOrPartitionError, foreign.UnknownTopicIdError, foreign.InvalidTopicError)
_REFUSED: Final = (
    foreign.PolicyViolationError,
    foreign.InvalidReplicationFactorError,
    foreign.InvalidConfigurationError,
    foreign.UnsupportedVersionError,
)


_FORBIDDEN: Final[Mapping[str, type[RightMissingError]]] = {
    "Write": WriteForbiddenError,
    "Read": ReadForbiddenError,
    "Describe": DescribeForbiddenError,
    "DescribeConfigs": DescribeForbiddenError,
}
"""The errors for want of a right, by Kafka's name for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KafkaPlace:
    """A topic, the brokers to ask first, the longest wait for any answer, how to log in, and what else clients are told."""

    bootstrap: str
    topic: str
    timeout_s: float = TIMEOUT_S
    security: KafkaSecurity = PLAIN_TEXT
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def location(self) -> str:
        """The place as people write it."""
        return f"kafka://{self.bootstrap}/{self.topic}"

    @property
    def timeout_ms(self) -> int:
        """The longest wait in milliseconds, as Kafka's clients want it."""
        return int(self.timeout_s * 1000)

    @property
    def answer_s(self) -> float:
        """The longest wait for one answer to what `asked` asks."""
        return max(_ONE_ANSWER * self.timeout_s, _ONE_ANSWER_S)

    def open_admin(self) -> Any:
        """Return a client that changes settings; raise `LedgerUnreachableError` if nobody answers."""
        return self._opened(kafka.KafkaAdminClient, {})

    def open_asker(self) -> Any:
        """Return a client for `asked`, which waits less long for each answer; raise `LedgerUnreachableError` as well."""
        return self._opened(kafka.KafkaAdminClient, {"request_timeout_ms": int(self.answer_s * 1000)})

    def open_consumer(self, *, batch: int) -> Any:
        """Return a consumer of partition 0 that belongs to no group, commits nothing and never jumps by itself.

        It reads uncommitted records, so that a transaction that somebody left open does not hold everybody up.
        """
        settings = {
            "group_id": None,
            "enable_auto_commit": False,
            "auto_offset_reset": "none",
            "isolation_level": "read_uncommitted",
            "check_crcs": True,
            "allow_auto_create_topics": False,
            "max_poll_records": batch,
            "fetch_max_wait_ms": _FETCH_WAIT_MS,
        }
        consumer = self._opened(kafka.KafkaConsumer, settings)
        consumer.assign([kafka.TopicPartition(self.topic, 0)])
        return consumer

    def open_producer(self) -> Any:
        """Return a producer whose records are acknowledged by all replicas in sync, in order, once each, or not in time."""
        settings = {
            "acks": "all",
            "enable_idempotence": True,
            "max_in_flight_requests_per_connection": _IN_FLIGHT,
            # The delivery time-out is the one that counts; a request that gets half of it can be sent a second time.
            "request_timeout_ms": self.timeout_ms // 2,
            "delivery_timeout_ms": self.timeout_ms,
            "max_block_ms": self.timeout_ms,
            "compression_type": None,
            "linger_ms": 0,
            "allow_auto_create_topics": False,
        }
        return self._opened(kafka.KafkaProducer, settings)

    def diagnosed(self) -> LedgerError | None:
        """Return why the brokers do not let this station in, None if that is nothing that can be told from outside."""
        return diagnose(self.bootstrap, self.security, timeout_s=self.timeout_s * _FIRST_TRY)

    def _opened(self, kind: Callable[..., Any], settings: Mapping[str, Any]) -> Any:
        """Open a client: try for a short time, then find out what is wrong, then wait for brokers that are only late."""
        wait_s = self.options.get("bootstrap_timeout_ms", self.timeout_ms) / 1000
        until_s = time.monotonic() + wait_s
        wanted = {**settings, **self.options, **self.security.client_options()}
        with translated(self):
            try:
                return self._tried(kind, {**wanted, "bootstrap_timeout_ms": int(wait_s * _FIRST_TRY * 1000)})
            except foreign.KafkaTimeoutError as error:
                if (why := self.diagnosed()) is not None:
                    raise why from error
            left_s = max(until_s - time.monotonic(), wait_s * _FIRST_TRY)
            return self._tried(kind, {**wanted, "bootstrap_timeout_ms": int(left_s * 1000)})

    def _tried(self, kind: Callable[..., Any], settings: Mapping[str, Any]) -> Any:
        sockets: list[KafkaNetClient] = []

        def connected(**configs: Any) -> KafkaNetClient:
            # A broker that starts answers late, and the client loses the socket of a connection that it gives up.
            setup_ms = max(configs["request_timeout_ms"], min(self.timeout_ms, _CONNECTING_MS))
            sockets.append(connect(setup_ms, **configs))
            return sockets[-1]

        common = {
            "bootstrap_servers": self.bootstrap.split(","),
            "client_id": "ortoo",
            "request_timeout_ms": self.timeout_ms,
            "reconnect_backoff_max_ms": _BACKOFF_LIMIT_MS,
            "kafka_client": connected,
        }
        try:
            return kind(**{**common, **settings})
        except BaseException:
            # A client that fails to open forgets its sockets, and a station tries again and again while a broker is away.
            for one in sockets:
                one.close()
            raise


def abandon(producer: Any) -> None:
    """End a producer without sending what it still holds, now or later: the queue will send it again in its own time."""
    # Its own `close` first waits for what is to be sent, and stays open, sending later, if that cannot be done in time.
    sender = producer._sender  # noqa: SLF001 - there is no public way to drop what was not sent
    sender.force_close()
    sender.join(_CLOSE_TIMEOUT_S)
    with suppress(foreign.KafkaError):
        producer.close(timeout=0)


_Answer = TypeVar("_Answer")


def asked(place: KafkaPlace, question: Callable[[], _Answer], *, right: str = "Describe") -> _Answer:
    """Return the answer of a cluster, asked again while it is choosing a leader or coming back, until the time-out.

    `right` is what the question needs. Raises the port's errors, and as soon as it is found out why the brokers do not let
    us in. What is asked waits for one answer as long as `KafkaPlace.answer_s`, so that all of it ends with the time-out.
    """
    began_s, knocked = time.monotonic(), False
    while True:
        try:
            with translated(place, right):
                return question()
        except LedgerUnreachableError as error:
            passed_s = time.monotonic() - began_s
            if not knocked and passed_s >= place.timeout_s * _FIRST_TRY:
                knocked = True
                if (why := place.diagnosed()) is not None:
                    raise why from error
            # A broker that a client does not know of is one that joined its cluster a moment ago.
            passing = isinstance(error.__cause__, foreign.RetriableError | foreign.UnknownBrokerIdError)
            if not passing or time.monotonic() - began_s + _RETRY_S + place.answer_s > place.timeout_s:
                raise
            time.sleep(_RETRY_S)


@contextmanager
def translated(place: KafkaPlace, right: str = "Describe") -> Iterator[None]:
    """Turn Kafka's errors into the port's: missing, exists already, refused, unreachable; `right` is what may be missing."""
    try:
        yield
    except _MISSING as error:
        msg = f"No topic is at {place.location}. Check the name, or create the ledger (topic) there."
        raise LedgerMissingError(msg) from error
    except foreign.TopicAlreadyExistsError as error:
        msg = f"Nothing was made at {place.location}: the topic exists. Choose another name, or join the ledger that is there."
        raise LedgerExistsError(msg) from error
    except foreign.SaslAuthenticationFailedError as error:
        raise LoginRefusedError(place.bootstrap, place.security.username, str(error)) from error
    except _REFUSED as error:
        msg = f"{place.location} refuses: {error}. Ask its operator for the right that is missing, or mend what it names."
        raise LedgerRefusedError(msg) from error
    except foreign.KafkaConfigurationError as error:
        msg = f"{place.location} cannot be opened: {error}. Mend the settings of the Kafka clients."
        raise LocationError(msg) from error
    except (foreign.KafkaError, OSError) as error:
        if (missing := forbidden(place, right, error)) is not None:
            raise missing from error
        raise LedgerUnreachableError(unreachable(place, error)) from error


def forbidden(place: KafkaPlace, right: str, error: Exception) -> RightMissingError | None:
    """Return the error for want of a right on the topic, with the command that gives it; None if it is no such error."""
    # Kafka's text names its classes and threads, which tell nobody anything; the kind of the error says what it refused.
    kind = type(error).__name__
    if not isinstance(error, foreign.AuthorizationError):
        # Who may write nothing at all gets no producer's id, and the client says so only in the words of another error.
        kind = foreign.ClusterAuthorizationFailedError.__name__
        if kind not in str(error):
            return None
    remedy = (
        f"kafka-acls.sh --bootstrap-server {place.bootstrap} --add --allow-principal {place.security.principal} "
        f"--operation {right} --topic {place.topic}"
    )
    return _FORBIDDEN.get(right, RightMissingError)(place.location, right, kind.removesuffix("Error"), remedy)


def unreachable(place: KafkaPlace, error: Exception) -> str:
    """Return what to tell people when nobody answers."""
    return (
        f"{place.location} did not answer within {place.timeout_s:g} s ({error}). Nothing was written. Either no broker runs "
        "there, or the network does not let us through to it. Check the address, then try again."
    )
