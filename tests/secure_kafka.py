"""A Kafka with its doors shut for tests: its own certificate authority, a port for certificates, one for passwords, ACLs.

The plain port is the operator's: who comes there is `User:ANONYMOUS`, which the broker and these tests are.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import shlex
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from adapters.kafka_security import KafkaLogin, KafkaSecurity
from tests.closing_sockets import closing
from tests.kafka_broker import HOST, KafkaBroker, java_command

MTLS: Final = "MTLS"
SCRAM: Final = "SCRAM"
EXPIRED: Final = "EXPIRED"
DOORS: Final = (MTLS, SCRAM, EXPIRED)
"""Its ports: for certificates, for passwords, and one with a certificate that nobody renewed."""
PASSWORD: Final = "rasm-doira-42"
"""What every user of these brokers types, and what must be found nowhere afterwards."""
_ACCESS: Final[Mapping[str, str]] = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "super.users": "User:ANONYMOUS;User:operator",
}
_TOOLS: Final[Mapping[str, str]] = {
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
}


class TestAuthority:
    """A certificate authority of the tests' own, which issues whatever a test needs."""

    __test__ = False

    def __init__(self, folder: Path, name: str) -> None:
        """Make an authority, or take the one that was made in this folder under this name."""
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file, key_file = folder / f"{name}-ca.pem", folder / f"{name}-ca-key.pem"
        if key_file.exists():
            self._key = cast("ec.EllipticCurvePrivateKey", serialization.load_pem_private_key(key_file.read_bytes(), None))
            return
        self._key = ec.generate_private_key(ec.SECP256R1())
        key_file.write_bytes(_pem(self._key))
        self.file.write_bytes(self._certificate(self._name, self._key, days=(-10, 10), hosts=None))

    def issue(self, name: str, *, days: tuple[int, int] = (-1, 1), hosts: Sequence[str] = (), password: str = "") -> Path:
        """Write key and certificate of a name, valid from and to so many days from now, into one PEM file, once."""
        file = self._folder / f"{self.file.stem}-{name}{days[0]}{days[1]}{'-shut' if password else ''}.pem"
        if file.exists():
            return file
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        file.write_bytes(_pem(key, password) + self._certificate(subject, key, days=days, hosts=hosts))
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


def _pem(key: ec.EllipticCurvePrivateKey, password: str = "") -> bytes:
    shut = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, shut)


@dataclass(frozen=True, kw_only=True)
class SecureKafka:
    """A secured broker, the folder of its files, and how its users come in."""

    broker: KafkaBroker
    folder: Path

    @property
    def authority(self) -> TestAuthority:
        """Who vouches for the broker and its users."""
        return TestAuthority(self.folder, "brokers")

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

    def add_users(self, *usernames: str, password: str = PASSWORD) -> None:
        """Make users with the password of these tests, or give them another."""
        wanted = [UserScramCredentialUpsertion(name, ScramMechanism.SCRAM_SHA_512, password) for name in usernames]
        with self.operator() as admin:
            assert admin.alter_user_scram_credentials(wanted) == dict.fromkeys(usernames)

    def allow(self, principal: str, operation: str, name: str, *, prefixed: bool = False, kind: str = "TOPIC") -> None:
        """Let somebody do something with a resource of a name, as an operator's tool does."""
        pattern = ACLResourcePatternType.PREFIXED if prefixed else ACLResourcePatternType.LITERAL
        resource = ResourcePattern(ResourceType[kind], name, pattern)
        with self.operator() as admin:
            made = admin.create_acls([ACL(principal, "*", ACLOperation[operation], ACLPermissionType.ALLOW, resource)])
        assert not made["failed"]

    def operator(self) -> contextlib.closing[Any]:
        """Return what the operator's tools are made of."""
        return contextlib.closing(KafkaAdminClient(bootstrap_servers=self.broker.bootstrap, kafka_client=closing))


def secured_settings(folder: Path) -> dict[str, str]:
    """Return the settings of a secured broker, whose certificates and authority are made into the folder."""
    authority = TestAuthority(folder, "brokers")
    server = authority.issue("broker", hosts=[HOST])
    expired = authority.issue("broker", days=(-3, -2), hosts=[HOST])
    mtls, scram, old = (f"listener.name.{door.lower()}" for door in DOORS)
    return {
        **_ACCESS,
        "listener.security.protocol.map": (f"CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,{MTLS}:SSL,{SCRAM}:SASL_SSL,{EXPIRED}:SSL"),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(server),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.file),
        f"{mtls}.ssl.client.auth": "required",
        f"{old}.ssl.keystore.type": "PEM",
        f"{old}.ssl.keystore.location": str(expired),
        # Ten seconds are the usual window of a quota; a test has no time for it.
        "quota.window.num": "2",
        # A station has one name, whether it comes with a certificate or with a password.
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]+)$/$1/,DEFAULT",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        f"{scram}.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    }


def run_tools(commands: Iterable[str]) -> None:
    """Run commands as an operator types them, side by side; the script's name becomes the class that it runs."""
    running = []
    for command in commands:
        script, *words = shlex.split(command)
        words = [*java_command(), _TOOLS[script], *words]
        running.append(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    for process in running:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0, said
