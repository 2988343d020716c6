"""Errors of a Kafka cluster that is reached and is not let in to, or does not let us in; each names what to do about it.

They stand in the tree of `adapters.errors`: what the brokers refuse is a `LedgerRefusedError`; where we do not go on because
nobody shows that he is the broker we mean, it is a `LedgerUnreachableError`. No message holds a password.
"""

from __future__ import annotations

from adapters.errors import LedgerError, LedgerRefusedError, LedgerUnreachableError


class KafkaCredentialsError(LedgerError):
    """What this station shows the brokers cannot be used as the settings say; no broker was asked."""

    def __init__(self, setting: str, why: str) -> None:
        """Name the setting and what is wrong with it."""
        super().__init__(f"No broker was asked: {why}. Correct the setting {setting}.")
        self.setting = setting


class LoginRefusedError(LedgerRefusedError):
    """The broker knows no such user, or the password is another."""

    def __init__(self, address: str, username: str | None, said: str) -> None:
        """Name the broker, the user, and what the broker said."""
        super().__init__(
            f"The broker {address} refuses the login of {username}: the user is not known there or the password is wrong "
            f"({said}). Nothing was written. Correct kafka_username, and the password in kafka_password_file or "
            "ORTOO_KAFKA_PASSWORD."
        )


class LoginExpectedError(LedgerRefusedError):
    """The broker's port is for users with a password, and this station came without one."""

    def __init__(self, address: str) -> None:
        """Name the broker."""
        super().__init__(
            f"The broker {address} hung up because it expects a login with a password on this port. Nothing was written. "
            "Set kafka_security to scram with kafka_username, or take the port for certificates."
        )


class LoginNotOfferedError(LedgerRefusedError):
    """The broker's port takes no login of the kind that this station uses."""

    def __init__(self, address: str, mechanism: str, offered: str) -> None:
        """Name the broker, the mechanism, and what it offers instead."""
        super().__init__(
            f"The broker {address} takes no login by {mechanism} on this port ({offered}). Nothing was written. Take the port "
            "for users with a password, or set kafka_security to mtls if it is one for certificates."
        )


class ClientCertificateMissingError(LedgerRefusedError):
    """The broker wants to see a certificate, and this station shows none."""

    def __init__(self, address: str) -> None:
        """Name the broker."""
        super().__init__(
            f"The broker {address} wants this station's certificate and was shown none. Nothing was written. Name it and its "
            "key as kafka_certificate_file and kafka_key_file (kafka_security = mtls), or take the port for passwords."
        )


class ClientCertificateExpiredError(LedgerRefusedError):
    """The broker refused this station's certificate, whose time is not now."""

    def __init__(self, address: str, file: str, valid: str) -> None:
        """Name the broker, the certificate's file and from when to when it is valid."""
        super().__init__(
            f"The broker {address} refuses this station's certificate {file}, which is valid {valid}. Nothing was written. Get a "
            "new one from the authority of the cluster and name it as kafka_certificate_file (or set this machine's clock)."
        )


class ClientCertificateRefusedError(LedgerRefusedError):
    """The broker refused this station's certificate for another reason than its time."""

    def __init__(self, address: str, file: str, said: str) -> None:
        """Name the broker, the certificate's file and what the broker said."""
        super().__init__(
            f"The broker {address} refuses this station's certificate {file} ({said}): an authority that it does not trust "
            "issued it, or it was revoked. Nothing was written. Ask the cluster's operator which authority issues certificates."
        )


class RightMissingError(LedgerRefusedError):
    """The cluster knows this station and does not let it do what it asked for."""

    def __init__(self, location: str, right: str, said: str, remedy: str) -> None:
        """Name the place, Kafka's word for the right, what the cluster said, and what the operator can run."""
        super().__init__(f"{location} forbids {right} to this station ({said}). Nothing was written. Ask its operator: {remedy}")


class WriteForbiddenError(RightMissingError):
    """This station may not append to the topic."""


class ReadForbiddenError(RightMissingError):
    """This station may not read the topic."""


class DescribeForbiddenError(RightMissingError):
    """This station may not see the topic or its settings."""


class BrokerUntrustedError(LedgerUnreachableError):
    """The broker's certificate comes from an authority that this station does not trust."""

    def __init__(self, address: str, why: str) -> None:
        """Name the broker and what is wrong with its certificate."""
        super().__init__(
            f"The broker {address} is not trusted: {why}. Nothing was sent. Name the file of the authority that issues the "
            "brokers' certificates as kafka_ca_file; if it is the right one, somebody else may stand at this address."
        )


class BrokerNameError(LedgerUnreachableError):
    """The broker's certificate is for another name than the one that this station called."""

    def __init__(self, address: str, why: str) -> None:
        """Name the broker and the name that was not found."""
        super().__init__(
            f"The broker {address} shows a certificate for another name ({why}). Nothing was sent. Write the host in the "
            "location as the certificate has it, or have the certificate (and advertised.listeners) name this host."
        )


class BrokerCertificateExpiredError(LedgerUnreachableError):
    """The time of the broker's certificate is not now."""

    def __init__(self, address: str, why: str) -> None:
        """Name the broker and whether the time is over or still to come."""
        super().__init__(
            f"The certificate of the broker {address} is not valid now ({why}). Nothing was sent. Its operator has to renew it; "
            "if it is valid, set this machine's clock."
        )


class PlainTextBrokerError(LedgerUnreachableError):
    """The broker speaks plain text on this port, and this station does not."""

    def __init__(self, address: str) -> None:
        """Name the broker."""
        super().__init__(
            f"The broker {address} speaks plain text on this port, so nothing was sent to it. Take its port for TLS; only on "
            "one machine, set kafka_security to none."
        )


class TlsExpectedError(LedgerUnreachableError):
    """The broker speaks TLS on this port, and this station came with plain text."""

    def __init__(self, address: str) -> None:
        """Name the broker."""
        super().__init__(
            f"The broker {address} speaks TLS on this port, and this station came with plain text. Nothing was written. Set "
            "kafka_security to mtls or scram, with kafka_ca_file."
        )
