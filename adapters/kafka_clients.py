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
    LedgerExistsError,
    LedgerMissingError,
    LedgerRefusedError,
    LedgerUnreachableError,
    LocationError,
)

TIMEOUT_S: Final = 10.0  # longer than an election of a new leader usually takes (seconds), shorter than people's patience
_FETCH_WAIT_MS: Final = 250  # how long the broker may hold a fetch at the end; after a seek, that long nothing is heard
_BACKOFF_LIMIT_MS: Final = 1000  # a broker that comes back is found again within about a second
_CLOSE_TIMEOUT_S: Final = 1.0  # nothing is waited for when a producer is given up; its thread notices within a fraction
_RETRY_S: Final = 0.1  # between two questions to a cluster that is choosing a leader or coming back
_IN_FLIGHT: Final = 5  # the most for which an idempotent producer keeps its order

_MISSING: Final = (foreign.UnknownTopicOrPartitionError, foreign.UnknownTopicIdError, foreign.InvalidTopicError)
_REFUSED: Final = (
    foreign.AuthorizationError,
    foreign.SaslAuthenticationFailedError,
    foreign.PolicyViolationError,
    foreign.InvalidReplicationFactorError,
    foreign.InvalidConfigurationError,
    foreign.UnsupportedVersionError,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class KafkaPlace:
    """A topic, the brokers to ask first, the longest wait for any answer, and what else the clients are told (TLS, SASL)."""

    bootstrap: str
    topic: str
    timeout_s: float = TIMEOUT_S
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def location(self) -> str:
        """The place as people write it."""
        return f"kafka://{self.bootstrap}/{self.topic}"

    @property
    def timeout_ms(self) -> int:
        """The longest wait in milliseconds, as Kafka's clients want it."""
        return int(self.timeout_s * 1000)

    def open_admin(self) -> Any:
        """Return a client that asks for and changes settings; raise `LedgerUnreachableError` if nobody answers."""
        return self._opened(kafka.KafkaAdminClient, {})

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

    def _opened(self, kind: Callable[..., Any], settings: Mapping[str, Any]) -> Any:
        sockets: list[KafkaNetClient] = []

        def connect(**configs: Any) -> KafkaNetClient:
            # No client names an option for it: a broker that accepts a connection and then says nothing would cost 10 s.
            setup = {
                "socket_connection_setup_timeout_ms": self.timeout_ms,
                "socket_connection_setup_timeout_max_ms": self.timeout_ms,
            }
            sockets.append(KafkaNetClient(**{**configs, **setup}))
            return sockets[-1]

        common = {
            "bootstrap_servers": self.bootstrap.split(","),
            "client_id": "ortoo",
            "bootstrap_timeout_ms": self.timeout_ms,
            "request_timeout_ms": self.timeout_ms,
            "reconnect_backoff_max_ms": _BACKOFF_LIMIT_MS,
            "kafka_client": connect,
        }
        try:
            with translated(self):
                return kind(**{**common, **settings, **self.options})
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


def asked(place: KafkaPlace, question: Callable[[], _Answer]) -> _Answer:
    """Return the answer of a cluster, asked again while it is choosing a leader or coming back, until the time-out.

    Raises the port's errors. One question may itself last as long as the time-out, so both together at most twice that.
    """
    until_s = time.monotonic() + place.timeout_s
    while True:
        try:
            with translated(place):
                return question()
        except LedgerUnreachableError as error:
            passing = isinstance(error.__cause__, foreign.RetriableError)
            if not passing or time.monotonic() + _RETRY_S > until_s:
                raise
            time.sleep(_RETRY_S)


@contextmanager
def translated(place: KafkaPlace) -> Iterator[None]:
    """Turn Kafka's errors into the port's: missing, exists already, refused, unreachable."""
    try:
        yield
    except _MISSING as error:
        msg = f"No topic is at {place.location}. Check the name, or create the ledger (topic) there."
        raise LedgerMissingError(msg) from error
    except foreign.TopicAlreadyExistsError as error:
        msg = f"Nothing was made at {place.location}: the topic exists. Choose another name, or join the ledger that is there."
        raise LedgerExistsError(msg) from error
    except _REFUSED as error:
        msg = f"{place.location} refuses: {error}. Ask its operator for the right that is missing, or mend what it names."
        raise LedgerRefusedError(msg) from error
    except foreign.KafkaConfigurationError as error:
        msg = f"{place.location} cannot be opened: {error}. Mend the settings of the Kafka clients."
        raise LocationError(msg) from error
    except (foreign.KafkaError, OSError) as error:
        raise LedgerUnreachableError(unreachable(place, error)) from error


def unreachable(place: KafkaPlace, error: Exception) -> str:
    """Return what to tell people when nobody answers: Kafka says no more to a wrong password than to a missing broker."""
    return (
        f"{place.location} did not answer within {place.timeout_s:g} s ({error}). Nothing was written. Either no broker runs "
        "there, or it drops us before it says why: a wrong password, a missing client certificate, or plain text to a TLS port. "
        "Check the address and the credentials, then try again."
    )
