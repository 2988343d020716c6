"""Why the brokers of a cluster do not let a client in, found out by knocking at their ports.

Kafka's client says "Unable to bootstrap" after a time-out to a wrong password, to a missing certificate and to a port that
speaks plain text alike. So, when it gave up, this goes the same way step by step: connect, shake hands, ask for the versions
of the protocol, log in, ask for the brokers. Whatever step fails says what is wrong; a cluster in good health gives None.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import kafka.errors as foreign
from cryptography import x509
from kafka.net.sasl.scram import ScramClient
from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest
from kafka.protocol.parser import KafkaProtocol
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

from adapters.errors import LedgerError
from adapters.kafka_errors import (
    BrokerCertificateExpiredError,
    BrokerNameError,
    BrokerUntrustedError,
    ClientCertificateExpiredError,
    ClientCertificateMissingError,
    ClientCertificateRefusedError,
    LoginExpectedError,
    LoginNotOfferedError,
    LoginRefusedError,
    PlainTextBrokerError,
    TlsExpectedError,
)
from adapters.kafka_security import MECHANISM, KafkaLogin, KafkaSecurity

BROKERS_LIMIT: Final = 9
"""Brokers that are knocked at: more do not say anything new, and each may cost time."""
_ANSWER_LIMIT_BYTES: Final = 1_000_000  # a list of brokers is short; whoever sends more is no broker
_ALERT_WAIT_S: Final = 0.3  # in TLS 1.3 a server refuses a certificate only after the client has finished its handshake
_METADATA_VERSION: Final = 9  # known to every broker since Kafka 2.4

# Numbers of OpenSSL's X509_verify_cert (x509_vfy.h): what Python gives as `verify_code`.
_NOT_YET_VALID, _EXPIRED = 9, 10
_OTHER_NAME: Final = frozenset({62, 64})  # host name, IP address


class _HungUpError(Exception):
    """The other side closed the connection, or sent what is no answer of Kafka's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Port:
    """One address to knock at, with the longest wait for each answer."""

    host: str
    port: int
    until_s: float

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @contextlib.contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """Yield a connection; raises `OSError`."""
        with socket.create_connection((self.host, self.port), timeout=self.left_s()) as connection:
            yield connection

    def left_s(self) -> float:
        """Return how long it may still take, a moment at the least."""
        return max(0.05, self.until_s - time.monotonic())


class _Line:
    """Questions and answers of Kafka's protocol over one connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._protocol = KafkaProtocol(client_id="ortoo", receive_message_max_bytes=_ANSWER_LIMIT_BYTES)

    def ask(self, question: Any) -> Any:
        """Return the answer to a question; raise `_HungUpError` if none of Kafka's comes, `ssl.SSLError` for an alert."""
        self._protocol.send_request(question)
        try:
            self._connection.sendall(self._protocol.send_bytes())
            while True:
                received = self._connection.recv(65_536)
                if not received:
                    raise _HungUpError("closed without an answer")
                for _, answer in self._protocol.receive_bytes(received):
                    return answer
        except (ssl.SSLEOFError, ConnectionError, foreign.KafkaError, struct.error) as error:
            raise _HungUpError(str(error)) from error


def diagnose(bootstrap: str, security: KafkaSecurity, *, timeout_s: float) -> LedgerError | None:
    """Return why brokers do not let a client in, within the time-out; None if that is nothing of what is told apart here.

    The brokers that the first answers name as the cluster's are knocked at too: their names may be others than those that we
    were given. Raises `KafkaCredentialsError` if what we would show cannot be used.
    """
    until_s = time.monotonic() + timeout_s
    waiting = [_port(address, until_s) for address in bootstrap.split(",")]
    seen: set[str] = set()
    while waiting and len(seen) < BROKERS_LIMIT and time.monotonic() < until_s:
        port = waiting.pop(0)
        if str(port) in seen:
            continue
        seen.add(str(port))
        with contextlib.suppress(OSError):
            found = _knock(port, security)
            if isinstance(found, LedgerError):
                return found
            waiting += found
    return None


def _port(address: str, until_s: float) -> _Port:
    host, _, port = address.rpartition(":")
    return _Port(host=host.strip("[]"), port=int(port), until_s=until_s)


_Found = LedgerError | list[_Port]
"""What is wrong at a port, or else the brokers that it names."""


def _knock(port: _Port, security: KafkaSecurity) -> _Found:
    with port.connected() as connection:
        if security.login is KafkaLogin.NONE:
            return _in_plain_text(port, connection)
        try:
            return _over_tls(port, connection, security)
        except ssl.SSLCertVerificationError as error:
            return _about_broker(port, error)
        except ssl.SSLError as error:
            return _about_us(port, security, error.reason or str(error)) if _is_alert(error) else _no_tls(port)
        except (ConnectionError, TimeoutError):
            # A broker that reads a greeting of TLS as plain text takes it for a huge request, and hangs up or waits for more.
            return _no_tls(port)


def _in_plain_text(port: _Port, connection: socket.socket) -> _Found:
    line, answered = _Line(connection), False
    try:
        line.ask(ApiVersionsRequest(version=0))
        answered = True
        return _brokers(port, line)
    except (_HungUpError, OSError):
        if answered:
            return LoginExpectedError(str(port))
        return TlsExpectedError(str(port)) if _speaks_tls(port) else []


def _over_tls(port: _Port, connection: socket.socket, security: KafkaSecurity) -> _Found:
    with security.tls_context().wrap_socket(connection, server_hostname=port.host) as tls:
        _await_alert(tls, port)
        line = _Line(tls)
        try:
            line.ask(ApiVersionsRequest(version=0))
        except _HungUpError as error:
            return _about_us(port, security, str(error))
        if security.login is KafkaLogin.SCRAM and (refused := _log_in(port, line, security)) is not None:
            return refused
        try:
            return _brokers(port, line)
        except _HungUpError:
            return LoginExpectedError(str(port)) if security.login is KafkaLogin.MTLS else []


def _await_alert(tls: ssl.SSLSocket, port: _Port) -> None:
    # Before anything is sent: a broker that hangs up on what it has not read resets the connection, and its alert is lost.
    tls.settimeout(min(_ALERT_WAIT_S, port.left_s()))
    with contextlib.suppress(TimeoutError):
        tls.recv(1)
    tls.settimeout(port.left_s())


def _log_in(port: _Port, line: _Line, security: KafkaSecurity) -> LedgerError | None:
    """Go through the login as the client does (RFC 5802); return what the broker has against it."""
    username = security.user_name()
    handshake = line.ask(SaslHandshakeRequest(version=1, mechanism=MECHANISM))
    if handshake.error_code:
        offered = ", ".join(handshake.mechanisms) or "it offers none"
        return LoginNotOfferedError(str(port), MECHANISM, offered)
    client = ScramClient(username, security.user_password(), MECHANISM)
    for next_message, take in (
        (client.first_message, client.process_server_first_message),
        (client.final_message, client.process_server_final_message),
    ):
        answer = line.ask(SaslAuthenticateRequest(version=0, auth_bytes=next_message()))
        if answer.error_code:
            return LoginRefusedError(str(port), username, answer.error_message or foreign.for_code(answer.error_code).__name__)
        try:
            take(answer.auth_bytes)
        except (ValueError, KeyError):
            return BrokerUntrustedError(str(port), "it does not know the password that it asks for")
    return None


def _brokers(port: _Port, line: _Line) -> list[_Port]:
    question = MetadataRequest(
        version=_METADATA_VERSION,
        topics=[],
        allow_auto_topic_creation=False,
        include_cluster_authorized_operations=False,
        include_topic_authorized_operations=False,
    )
    answer = line.ask(question)
    return [_Port(host=broker.host, port=broker.port, until_s=port.until_s) for broker in answer.brokers]


def _is_alert(error: ssl.SSLError) -> bool:
    return "ALERT" in (error.reason or "")


def _about_broker(port: _Port, error: ssl.SSLCertVerificationError) -> LedgerError:
    why = error.verify_message.rstrip(".")
    if error.verify_code in _OTHER_NAME:
        return BrokerNameError(str(port), why)
    if error.verify_code in (_NOT_YET_VALID, _EXPIRED):
        return BrokerCertificateExpiredError(str(port), why)
    return BrokerUntrustedError(str(port), why)


def _about_us(port: _Port, security: KafkaSecurity, said: str) -> LedgerError:
    """Return what a broker that hung up during or after the handshake has against us: it saw nothing but a certificate."""
    file = security.certificate_file
    if file is None:
        return ClientCertificateMissingError(str(port))
    certificate = x509.load_pem_x509_certificates(file.read_bytes())[0]
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not first.timestamp() <= time.time() <= last.timestamp():
        return ClientCertificateExpiredError(str(port), str(file), f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC")
    return ClientCertificateRefusedError(str(port), str(file), said)


def _no_tls(port: _Port) -> _Found:
    """Tell whether a port that shakes no hands speaks plain text."""
    try:
        with port.connected() as connection:
            _Line(connection).ask(ApiVersionsRequest(version=0))
    except (_HungUpError, OSError):
        return []
    return PlainTextBrokerError(str(port))


def _speaks_tls(port: _Port) -> bool:
    """Tell whether a port answers a greeting of TLS; whose certificate it shows does not matter, as nothing is said to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with port.connected() as connection, context.wrap_socket(connection, server_hostname=port.host):
            return True
    except ssl.SSLError as error:
        return _is_alert(error)
    except OSError:
        return False
