"""A Kafka with its doors shut for tests: its own certificate authority, a port for certificates, one for passwords, ACLs.

The plain port is the operator's: who comes there is `User:ANONYMOUS`, which the brokers and these tests are.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from adapters.kafka_security import KafkaLogin, KafkaSecurity
from tests.kafka_broker import HOST, KafkaBroker, java_command, running_broker

MTLS: Final = "MTLS"
SCRAM: Final = "SCRAM"
EXPIRED: Final = "EXPIRED"
PASSWORD: Final = "rasm-doira-42"
"""What every user of these brokers types, and what must be found nowhere afterwards."""
_ACCESS: Final[Mapping[str, str]] = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS",
}


class TestAuthority:
    """A certificate authority of the tests' own, which issues whatever a test needs."""

    __test__ = False

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.file = folder / f"{name}-ca.pem"
        self.file.write_bytes(self._certificate(self._name, self._key, days=(-10, 10), hosts=None))

    def issue(self, name: str, *, days: tuple[int, int] = (-1, 1), hosts: Sequence[str] = (), password: str = "") -> Path:
        """Write key and certificate of a name, valid from and to so many days from now, into one PEM file."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        shut = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, shut)
        file = self._folder / f"{self.file.stem}-{name}{days[0]}{days[1]}{'-shut' if password else ''}.pem"
        file.write_bytes(private + self._certificate(subject, key, days=days, hosts=hosts))
        return file

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: tuple[int, int], hosts: Sequence[str] | None
    ) -> bytes:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + dt.timedelta(days=days[0]))
            .not_valid_after(now + dt.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=hosts is None, path_length=None), critical=True)
        )
        if hosts:
            names = [x509.IPAddress(ipaddress.ip_address(host)) for host in hosts]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True, kw_only=True)
class SecureKafka:
    """A secured broker, who vouches for it, and how its users come in."""

    broker: KafkaBroker
    authority: TestAuthority

    def door(self, name: str, host: str = HOST) -> str:
        """Return the address of one of its ports."""
        return self.broker.door(name, host)

    def with_certificate(self, name: str, **issuing: Any) -> KafkaSecurity:
        """Return how somebody with a certificate of this name comes in."""
        file = self.authority.issue(name, **issuing)
        return KafkaSecurity(login=KafkaLogin.MTLS, ca_file=self.authority.file, certificate_file=file, key_file=file)

    def with_password(self, username: str, password: str = PASSWORD) -> KafkaSecurity:
        """Return how a user comes in; whether he is known is another question."""
        return KafkaSecurity(login=KafkaLogin.SCRAM, ca_file=self.authority.file, username=username, password=lambda: password)

    def add_user(self, username: str) -> None:
        """Make a user with the password of these tests."""
        with self.operator() as admin:
            wanted = UserScramCredentialUpsertion(username, ScramMechanism.SCRAM_SHA_512, PASSWORD)
            assert admin.alter_user_scram_credentials([wanted]) == {username: None}

    def operator(self) -> contextlib.closing[Any]:
        """Return what the operator's tools are made of."""
        return contextlib.closing(KafkaAdminClient(bootstrap_servers=self.broker.bootstrap))


@contextmanager
def secured_kafka(folder: Path, **settings: str) -> Iterator[SecureKafka]:
    """Run one secured broker; its files lie in the folder, further settings have `_` for a dot."""
    authority = TestAuthority(folder, "brokers")
    server = authority.issue("broker", hosts=[HOST])
    expired = authority.issue("broker", days=(-3, -2), hosts=[HOST])
    with running_broker(
        settings=_settings(authority, server, expired) | {name.replace("_", "."): value for name, value in settings.items()},
        doors=(MTLS, SCRAM, EXPIRED),
    ) as broker:
        yield SecureKafka(broker=broker, authority=authority)


def _settings(authority: TestAuthority, server: Path, expired: Path) -> dict[str, str]:
    scram = f"listener.name.{SCRAM.lower()}"
    return {
        **_ACCESS,
        "listener.security.protocol.map": (f"CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,{MTLS}:SSL,{SCRAM}:SASL_SSL,{EXPIRED}:SSL"),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(server),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
        f"listener.name.{MTLS.lower()}.ssl.client.auth": "required",
        f"listener.name.{EXPIRED.lower()}.ssl.keystore.type": "PEM",
        f"listener.name.{EXPIRED.lower()}.ssl.keystore.location": str(expired),
        # A station has one name, whether it comes with a certificate or with a password.
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]+)$/$1/,DEFAULT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        f"{scram}.scram-sha-512.sasl.jaas.config": ("org.apache.kafka.common.security.scram.ScramLoginModule required;"),
    }


def run_tool(command: str, tools: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start one of Kafka's own command line tools as an operator types it; the script's name becomes its class."""
    import shlex  # noqa: PLC0415 - kept beside its only use

    script, *words = shlex.split(command)
    return subprocess.Popen([*java_command(), tools[script], *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
