"""How a station shows a Kafka cluster who it is, and how it knows the cluster: certificates on both sides, or a password.

Both run over TLS; without them the clients speak plain text, which is for one machine only. A password is asked for each
time a client is opened and held by that client alone, as a text that does not show itself when somebody prints it.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from adapters.kafka_errors import KafkaCredentialsError

MECHANISM: Final = "SCRAM-SHA-512"
PASSWORD_VARIABLE: Final = "ORTOO_KAFKA_PASSWORD"  # noqa: S105 - the name of a variable, not what it holds


class KafkaLogin(StrEnum):
    """How a station logs in to the brokers."""

    NONE = "none"
    MTLS = "mtls"
    SCRAM = "scram"


class Secret(str):
    """A text that shows three stars wherever it is printed, also where a library logs its whole configuration."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, _spec: str) -> str:
        return "***"


def _no_password() -> str | None:
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class KafkaSecurity:
    """What a station's clients are told about TLS and logging in; `password` is asked when a client is opened.

    The files are PEM: the authorities that may vouch for brokers (None: those that this machine trusts), this station's
    certificate with the chain below its authority, and its key. The password is the user's, or that of an encrypted key.
    """

    login: KafkaLogin = KafkaLogin.NONE
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    username: str | None = None
    password: Callable[[], str | None] = field(default=_no_password, repr=False, compare=False)

    @property
    def principal(self) -> str:
        """What Kafka's operator calls this station; how a certificate's subject becomes a name is the cluster's choice."""
        return f"User:{self.username}" if self.login is KafkaLogin.SCRAM else "User:NAME"

    def client_options(self) -> dict[str, Any]:
        """Return the settings of Kafka's clients; raise `KafkaCredentialsError` for what cannot be used as it is."""
        if self.login is KafkaLogin.NONE:
            return {}
        options: dict[str, Any] = {"security_protocol": "SSL", "ssl_context": self.tls_context()}
        if self.login is KafkaLogin.SCRAM:
            options |= {
                "security_protocol": "SASL_SSL",
                "sasl_mechanism": MECHANISM,
                "sasl_plain_username": self.user_name(),
                "sasl_plain_password": self.user_password(),
            }
        return options

    def user_name(self) -> str:
        """Return the user's name; raise `KafkaCredentialsError` without one, or for one that SCRAM would have to escape."""
        if self.username is None:
            raise KafkaCredentialsError("kafka_username", "kafka_security is scram, and no user is named")
        if set(self.username) & set(",="):
            # The client writes the name into SCRAM's messages as it is (RFC 5802, 5.1 would have =2C and =3D).
            raise KafkaCredentialsError("kafka_username", "the name holds a comma or an equals sign")
        return self.username

    def user_password(self) -> Secret:
        """Return the user's password; raise `KafkaCredentialsError` if nobody gives one."""
        password = self.password()
        if not password:
            raise KafkaCredentialsError(
                "kafka_password_file", f"kafka_security is scram, and neither that file nor {PASSWORD_VARIABLE} gives a password"
            )
        return Secret(password)

    def tls_context(self) -> ssl.SSLContext:
        """Return what decides about the brokers' certificates and shows ours; raise `KafkaCredentialsError`."""
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH) if self.ca_file is None else _trusting(self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.login is KafkaLogin.MTLS and (self.certificate_file is None or self.key_file is None):
            missing = "kafka_certificate_file" if self.certificate_file is None else "kafka_key_file"
            raise KafkaCredentialsError(missing, "kafka_security is mtls, and this file is not named")
        if self.certificate_file is not None:
            self._show_certificate(context, self.certificate_file)
        return context

    def _show_certificate(self, context: ssl.SSLContext, certificate_file: Path) -> None:
        key_file = self.key_file or certificate_file
        for setting, file in (("kafka_certificate_file", certificate_file), ("kafka_key_file", key_file)):
            _readable(setting, file)
        try:
            context.load_cert_chain(certificate_file, key_file, password=self._key_password)
        except ssl.SSLError as error:
            why = f"{key_file} is not the PEM key of the PEM certificate {certificate_file}, or its password is another"
            raise KafkaCredentialsError("kafka_key_file", f"{why} ({error.reason or 'unreadable'})") from error

    def _key_password(self) -> str:
        # Without this, OpenSSL would ask at the terminal, and a station without one would wait for ever.
        password = self.password()
        if password is None:
            why = f"the key is encrypted, and neither kafka_password_file nor {PASSWORD_VARIABLE} opens it"
            raise KafkaCredentialsError("kafka_key_file", why)
        return password


PLAIN_TEXT: Final = KafkaSecurity()
"""Neither TLS nor a login: a broker on the same machine."""


def _trusting(ca_file: Path) -> ssl.SSLContext:
    _readable("kafka_ca_file", ca_file)
    try:
        return ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(ca_file))
    except ssl.SSLError as error:
        raise KafkaCredentialsError("kafka_ca_file", f"{ca_file} holds no PEM certificate ({error.reason})") from error


def _readable(setting: str, file: Path) -> None:
    try:
        file.open("rb").close()
    except OSError as error:
        raise KafkaCredentialsError(setting, f"{file} cannot be read ({error.strerror})") from error
