"""Whoever does not get in to the brokers is told why, each reason by its own message and code, within ten seconds."""

from __future__ import annotations

import contextlib
import functools
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from kafka.admin import NewTopic

from adapters.documents import DocumentRefusedError
from adapters.documents_kafka import KafkaDocuments
from adapters.errors import LedgerError, LedgerUnreachableError
from adapters.kafka_clients import KafkaPlace
from adapters.kafka_diagnosis import diagnose
from adapters.kafka_errors import (
    BrokerCertificateExpiredError,
    BrokerNameError,
    BrokerUntrustedError,
    ClientCertificateExpiredError,
    ClientCertificateMissingError,
    ClientCertificateRefusedError,
    DescribeForbiddenError,
    LoginExpectedError,
    LoginNotOfferedError,
    LoginRefusedError,
    PlainTextBrokerError,
    ReadForbiddenError,
    RightMissingError,
    TlsExpectedError,
    WriteForbiddenError,
)
from adapters.kafka_security import PLAIN_TEXT, KafkaSecurity
from adapters.kafka_topics import create_documents_topic, create_kafka_ledger
from adapters.ledger_kafka import KafkaLedger
from adapters.station import Behind, Station
from adapters.submitting import Outcome, Queued
from cli.errors import ExitCode, outcome_of
from cli.wiring import StationPlan, build_station
from tests.exchanges import TestExchange, accepted
from tests.ledger_places import eventually
from tests.secure_kafka import EXPIRED, MTLS, PASSWORD, SCRAM, SecureKafka, TestAuthority

LIMIT_S = 10.0
"""What the longest wait of a station may be (the default of every client); the issue promises the reason within it."""
OVERHEAD_S = 5.0
"""Eighteen of them knock at the same time here, on a machine that may have two cores and other things to do."""


@dataclass(frozen=True)
class Door:
    """How somebody comes to a port, and what he is to be told."""

    error: type[LedgerError]
    code: str
    address: Callable[[SecureKafka], str]
    who: Callable[[SecureKafka], KafkaSecurity]
    says: str


def port(name: str, host: str = "127.0.0.1") -> Callable[[SecureKafka], str]:
    return lambda kafka: kafka.door(name, host)


def plain(kafka: SecureKafka) -> str:
    return kafka.broker.bootstrap


def certified(**issuing: tuple[int, int]) -> Callable[[SecureKafka], KafkaSecurity]:
    return lambda kafka: kafka.with_certificate("st.door", **issuing)


def user(name: str = "st.door", password: str = PASSWORD) -> Callable[[SecureKafka], KafkaSecurity]:
    return lambda kafka: kafka.with_password(name, password)


def foreign(kafka: SecureKafka) -> KafkaSecurity:
    file = TestAuthority(kafka.folder, "strangers").issue("st.door")
    return replace(kafka.with_certificate("st.door"), certificate_file=file, key_file=file)


def misled(who: Callable[[SecureKafka], KafkaSecurity]) -> Callable[[SecureKafka], KafkaSecurity]:
    """Let somebody trust another authority than that of the brokers."""
    return lambda kafka: replace(who(kafka), ca_file=TestAuthority(kafka.folder, "strangers").file)


def machine(kafka: SecureKafka) -> KafkaSecurity:
    """Let somebody trust whom the machine trusts."""
    return replace(kafka.with_password("st.door"), ca_file=None)


def nobody(_: SecureKafka) -> KafkaSecurity:
    return PLAIN_TEXT


DOORS = {
    "a wrong password": Door(LoginRefusedError, "LOGIN_REFUSED", port(SCRAM), user(password="guess-7"), "password is wrong"),
    "an unknown user": Door(LoginRefusedError, "LOGIN_REFUSED", port(SCRAM), user("st.nobody"), "login of st.nobody"),
    "no certificate": Door(ClientCertificateMissingError, "CLIENT_CERTIFICATE_MISSING", port(MTLS), user(), "was shown none"),
    "an expired certificate": Door(
        ClientCertificateExpiredError, "CLIENT_CERTIFICATE_EXPIRED", port(MTLS), certified(days=(-3, -2)), "which is valid from"
    ),
    "a certificate of the future": Door(
        ClientCertificateExpiredError, "CLIENT_CERTIFICATE_EXPIRED", port(MTLS), certified(days=(2, 3)), "which is valid from"
    ),
    "a stranger's certificate": Door(
        ClientCertificateRefusedError, "CLIENT_CERTIFICATE_REFUSED", port(MTLS), foreign, "does not trust"
    ),
    "a wrong host name with a certificate": Door(
        BrokerNameError, "BROKER_NAME", port(MTLS, "localhost"), certified(), "not valid for 'localhost'"
    ),
    "a wrong host name with a password": Door(
        BrokerNameError, "BROKER_NAME", port(SCRAM, "localhost"), user(), "not valid for 'localhost'"
    ),
    "an untrusted authority with a certificate": Door(
        BrokerUntrustedError, "BROKER_UNTRUSTED", port(MTLS), misled(certified()), "kafka_ca_file"
    ),
    "an untrusted authority with a password": Door(
        BrokerUntrustedError, "BROKER_UNTRUSTED", port(SCRAM), misled(user()), "kafka_ca_file"
    ),
    "an authority that the machine does not know": Door(
        BrokerUntrustedError, "BROKER_UNTRUSTED", port(SCRAM), machine, "kafka_ca_file"
    ),
    "a broker whose certificate expired": Door(
        BrokerCertificateExpiredError, "BROKER_CERTIFICATE_EXPIRED", port(EXPIRED), user(), "not valid now"
    ),
    "plain text where a certificate is shown": Door(
        PlainTextBrokerError, "BROKER_PLAIN_TEXT", plain, certified(), "speaks plain text"
    ),
    "plain text where a password is given": Door(PlainTextBrokerError, "BROKER_PLAIN_TEXT", plain, user(), "speaks plain text"),
    "TLS for certificates met with plain text": Door(TlsExpectedError, "TLS_EXPECTED", port(MTLS), nobody, "speaks TLS"),
    "TLS for passwords met with plain text": Door(TlsExpectedError, "TLS_EXPECTED", port(SCRAM), nobody, "speaks TLS"),
    "a certificate where a password is wanted": Door(
        LoginExpectedError, "LOGIN_EXPECTED", port(SCRAM), certified(), "expects a login with a password"
    ),
    "a password where a certificate is enough": Door(
        LoginNotOfferedError,
        "LOGIN_NOT_OFFERED",
        port(MTLS),
        lambda kafka: replace(
            kafka.with_password("st.door"), certificate_file=kafka.with_certificate("st.door").certificate_file
        ),
        "takes no login by SCRAM-SHA-512",
    ),
}


@dataclass(frozen=True)
class Told:
    """What somebody was told at a door, and after how long."""

    error: LedgerError
    after_s: float


@pytest.fixture(scope="module")
def told(secure_kafka: SecureKafka) -> dict[str, Told]:
    """Return what everybody was told; all knock at the same time, because each waits a while before it is found out."""
    secure_kafka.add_users("st.door")

    def knock(door: tuple[str, KafkaSecurity]) -> Told:
        address, who = door
        began_s = time.monotonic()
        with pytest.raises(LedgerError) as caught:
            KafkaLedger(address, "ledger", security=who)
        return Told(caught.value, time.monotonic() - began_s)

    doors = [(door.address(secure_kafka), door.who(secure_kafka)) for door in DOORS.values()]
    with ThreadPoolExecutor(len(DOORS)) as everybody:
        return dict(zip(DOORS, everybody.map(knock, doors), strict=True))


@pytest.mark.parametrize("name", DOORS)
def test_who_is_not_let_in_is_told_why_in_time(told: dict[str, Told], name: str) -> None:
    door, found = DOORS[name], told[name]
    assert type(found.error) is door.error
    assert door.says in str(found.error)
    assert PASSWORD not in str(found.error)
    assert "guess-7" not in str(found.error)
    meaning = outcome_of(found.error)
    assert (meaning.exit_code, meaning.code) == (ExitCode.UNREACHABLE, door.code)
    assert found.after_s < LIMIT_S + OVERHEAD_S


def test_who_is_let_in_finds_nothing_to_complain_about(secure_kafka: SecureKafka) -> None:
    secure_kafka.add_users("st.welcome")
    for door, who in (
        (MTLS, secure_kafka.with_certificate("st.welcome")),
        (SCRAM, secure_kafka.with_password("st.welcome")),
    ):
        assert diagnose(secure_kafka.door(door), who, timeout_s=LIMIT_S) is None
    assert diagnose(secure_kafka.broker.bootstrap, PLAIN_TEXT, timeout_s=LIMIT_S) is None


def test_a_broker_that_the_cluster_names_wrongly_is_found_behind_one_that_is_right(secure_kafka: SecureKafka) -> None:
    # The first address goes through a relay whose name the certificate does not have; the second is the broker itself.
    secure_kafka.add_users("st.welcome")
    who = secure_kafka.with_password("st.welcome")
    bootstrap = f"127.0.0.1:9,{secure_kafka.door(SCRAM)},{secure_kafka.door(SCRAM, 'localhost')}"
    found = diagnose(bootstrap, who, timeout_s=LIMIT_S)
    assert isinstance(found, BrokerNameError)


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Listen at a port as something that is no broker."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)


def hang_up(connection: socket.socket) -> None:
    connection.recv(1)


def speak_http(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def speak_nonsense(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"\0\0\0\6\0\0\0\1\0\0\0\0\0\0")


def say_nothing(connection: socket.socket) -> None:
    connection.settimeout(3)
    while connection.recv(4096):
        pass


@pytest.mark.parametrize("answer", [hang_up, speak_http, speak_nonsense, say_nothing])
@pytest.mark.parametrize("who", [nobody, user()], ids=["in plain text", "over TLS"])
def test_something_else_at_the_port_is_nobody_within_the_time(
    secure_kafka: SecureKafka,
    answer: Callable[[socket.socket], None],
    who: Callable[[SecureKafka], KafkaSecurity],
) -> None:
    began_s = time.monotonic()
    with answering(answer) as address, pytest.raises(LedgerUnreachableError) as caught:
        KafkaLedger(address, "ledger", security=who(secure_kafka), timeout_s=1.0)
    assert type(caught.value) is LedgerUnreachableError
    assert time.monotonic() - began_s < 1 + OVERHEAD_S


@pytest.fixture(scope="module")
def ledger(secure_kafka: SecureKafka) -> KafkaPlace:
    """Return a ledger as its operator sees it, who comes by the plain port."""
    place = KafkaPlace(bootstrap=secure_kafka.broker.bootstrap, topic="ruled")
    create_kafka_ledger(place.bootstrap, place.topic)
    create_documents_topic(place.bootstrap, place.topic, "st.other")
    secure_kafka.add_users("st.none", "st.sees", "st.looks", "st.reads", "st.writes")
    for name, operations in {
        "st.sees": ["DESCRIBE"],
        "st.looks": ["DESCRIBE", "DESCRIBE_CONFIGS"],
        "st.reads": ["READ", "DESCRIBE_CONFIGS"],
        "st.writes": ["WRITE"],
    }.items():
        for operation in operations:
            secure_kafka.allow(f"User:{name}", operation, place.topic)
    secure_kafka.allow("User:st.reads", "READ", "ruled.documents.", prefixed=True)
    return place


def opened(kafka: SecureKafka, ledger: KafkaPlace, name: str) -> KafkaLedger:
    return KafkaLedger(kafka.door(SCRAM), ledger.topic, security=kafka.with_password(name))


def test_who_may_not_see_the_ledger_is_told_so(secure_kafka: SecureKafka, ledger: KafkaPlace) -> None:
    with pytest.raises(
        DescribeForbiddenError, match=r"--allow-principal User:st.none --operation Describe --topic ruled"
    ) as found:
        opened(secure_kafka, ledger, "st.none")
    assert outcome_of(found.value).code == "DESCRIBE_FORBIDDEN"


def test_who_may_not_see_the_settings_is_told_so_and_never_that_they_are_wrong(
    secure_kafka: SecureKafka, ledger: KafkaPlace
) -> None:
    one = opened(secure_kafka, ledger, "st.sees")
    with pytest.raises(DescribeForbiddenError, match="--operation DescribeConfigs --topic ruled"):
        one.check()
    one.close()


def test_who_may_not_read_is_told_so(secure_kafka: SecureKafka, ledger: KafkaPlace) -> None:
    with_records = KafkaLedger(ledger.bootstrap, ledger.topic)
    with_records.append(b"record")
    with_records.close()
    one = opened(secure_kafka, ledger, "st.looks")
    began_s = time.monotonic()
    with pytest.raises(ReadForbiddenError, match="--operation Read --topic ruled") as found:
        one.read(0, 1)
    assert outcome_of(found.value).code == "READ_FORBIDDEN"
    assert time.monotonic() - began_s < LIMIT_S + OVERHEAD_S
    one.close()


@pytest.mark.parametrize("name", ["st.reads", "st.looks"])
def test_who_may_not_write_is_told_so(secure_kafka: SecureKafka, ledger: KafkaPlace, name: str) -> None:
    one = opened(secure_kafka, ledger, name)
    end = one.end()
    began_s = time.monotonic()
    with pytest.raises(WriteForbiddenError, match="--operation Write --topic ruled") as found:
        one.append(b"record")
    assert outcome_of(found.value).code == "WRITE_FORBIDDEN"
    assert time.monotonic() - began_s < LIMIT_S + OVERHEAD_S
    assert one.end() == end
    one.close()


def test_who_may_write_and_not_see_the_settings_still_writes(secure_kafka: SecureKafka, ledger: KafkaPlace) -> None:
    one = opened(secure_kafka, ledger, "st.writes")
    assert one.append(b"record") == one.end() - 1
    one.close()


def test_who_may_not_make_a_topic_is_told_so(secure_kafka: SecureKafka, ledger: KafkaPlace) -> None:
    who = secure_kafka.with_password("st.reads")
    with pytest.raises(RightMissingError, match=r"--operation Create --topic ruled\.documents\.st\.new") as found:
        create_documents_topic(secure_kafka.door(SCRAM), ledger.topic, "st.new", security=who)
    assert outcome_of(found.value).code == "RIGHT_MISSING"


def test_who_may_not_write_documents_is_told_so(secure_kafka: SecureKafka, ledger: KafkaPlace, tmp_path: Path) -> None:
    place = KafkaPlace(bootstrap=secure_kafka.door(SCRAM), topic=ledger.topic, security=secure_kafka.with_password("st.reads"))
    documents = KafkaDocuments(place, station="st.other", index=tmp_path / "index.sqlite")
    began_s = time.monotonic()
    with pytest.raises(DocumentRefusedError, match=r"forbids Write .* --topic ruled.documents.st.other"):
        documents.put(b"a document")
    assert time.monotonic() - began_s < LIMIT_S + OVERHEAD_S
    documents.close()


def test_a_station_that_loses_its_password_is_told_so_when_the_broker_comes_back(
    secure_kafka: SecureKafka, ledger: KafkaPlace
) -> None:
    secure_kafka.add_users("st.leaves")
    secure_kafka.allow("User:st.leaves", "READ", ledger.topic)
    one = opened(secure_kafka, ledger, "st.leaves")
    assert one.end() >= 0
    secure_kafka.add_users("st.leaves", password="another")
    secure_kafka.broker.stop()
    secure_kafka.broker.start()
    began_s = time.monotonic()
    with pytest.raises(LoginRefusedError):
        one.end()
    assert time.monotonic() - began_s < LIMIT_S + OVERHEAD_S
    one.close()


def test_a_broker_that_hangs_is_told_of_in_time_and_all_goes_on_when_it_wakes(
    secure_kafka: SecureKafka, ledger: KafkaPlace, tmp_path: Path
) -> None:
    # The kernel still accepts connections for it, and Kafka's own client would wait for the handshake for ever.
    who = secure_kafka.with_certificate("operator")
    one = KafkaLedger(secure_kafka.door(MTLS), ledger.topic, security=who)
    impatient = KafkaLedger(secure_kafka.door(MTLS), ledger.topic, security=who, timeout_s=1.0)
    exchange = TestExchange(tmp_path, f"kafka://{secure_kafka.broker.bootstrap}/hangs")
    create_documents_topic(secure_kafka.broker.bootstrap, "hangs", "ministry")
    with contextlib.closing(exchange), contextlib.closing(clerk(exchange, secure_kafka.door(MTLS), who)) as settled:
        settled.catch_up()
        exchange.add_organisations(settled, ["mfy-001"])
        exchange.add_officer(settled, "deputy", "ministry", "signatory")
        letter = exchange.letter(settled, "deputy", "mfy-001")

        def send() -> Outcome:
            with contextlib.closing(clerk(exchange, secure_kafka.door(MTLS), who)) as station:
                assert station.catch_up().behind is Behind.UNREACHABLE
                return station.submit([letter])[0]

        with hanging(secure_kafka), ThreadPoolExecutor() as everybody:
            asking = [everybody.submit(seconds_until_unreachable, call) for call in (one.end, impatient.end)]
            opening = everybody.submit(
                seconds_until_unreachable, lambda: KafkaLedger(secure_kafka.door(MTLS), ledger.topic, security=who)
            )
            began_s = time.monotonic()
            sent = send()
            assert time.monotonic() - began_s < LIMIT_S + OVERHEAD_S
            assert isinstance(sent, Queued)
            assert "did not answer within" in sent.why
            assert all(one.result() < LIMIT_S + OVERHEAD_S for one in (*asking, opening))
            assert asking[1].result() < LIMIT_S / 2
        for woken in (one, impatient):
            eventually(functools.partial(answers, woken))
            woken.close()
        accepted(settled.submit([letter])[0])


def clerk(exchange: TestExchange, address: str, who: KafkaSecurity) -> Station:
    """Open the ministry's station as a new process would that comes through a door."""
    home = exchange.folder / "ministry"
    return build_station(
        StationPlan(
            home=home,
            location=f"kafka://{address}/hangs",
            identity=exchange.identity,
            station="ministry",
            store_url=f"sqlite:///{home / 'store.sqlite'}",
            passphrase=lambda _: b"",
            security=who,
            now_ms=exchange.now_ms,
        )
    )


@contextmanager
def hanging(kafka: SecureKafka) -> Iterator[None]:
    """Let the broker hang meanwhile."""
    process = kafka.broker._nodes[0].process
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def seconds_until_unreachable(call: Callable[[], object]) -> float:
    """Return after how many seconds a call said that nobody answers."""
    began_s = time.monotonic()
    with pytest.raises(LedgerUnreachableError):
        call()
    return time.monotonic() - began_s


def answers(ledger: KafkaLedger) -> bool:
    with suppress(LedgerUnreachableError):
        return ledger.end() >= 0
    return False


def test_a_topic_of_somebody_else_is_not_there_for_who_may_not_see_it(secure_kafka: SecureKafka) -> None:
    with secure_kafka.operator() as admin:
        admin.create_topics([NewTopic("hidden", 1, 1)])
    with pytest.raises(DescribeForbiddenError):
        KafkaLedger(secure_kafka.door(SCRAM), "hidden", security=secure_kafka.with_password("st.none"))
