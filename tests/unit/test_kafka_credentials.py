"""What a station would show to brokers is held against the settings before any broker is asked, and never shows itself."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click
import pytest

from adapters.kafka_clients import KafkaPlace
from adapters.kafka_errors import KafkaCredentialsError
from adapters.kafka_security import PLAIN_TEXT, KafkaLogin, KafkaSecurity, Secret
from cli.errors import ExitCode, outcome_of
from cli.main import ortoo
from cli.session import Session
from cli.settings import write_settings
from cli.wiring import kafka_security
from tests.secure_kafka import TestAuthority

PASSWORD = "tong-otguncha-9"


@dataclass(frozen=True)
class Files:
    """Everything that a careful operator was given."""

    folder: Path
    security: KafkaSecurity

    def but(self, **changes: object) -> KafkaSecurity:
        """Return what he has, with a mistake."""
        return replace(self.security, **changes)  # type: ignore[arg-type]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    authority = TestAuthority(tmp_path, "brokers")
    own = authority.issue("st.min")
    return Files(tmp_path, KafkaSecurity(login=KafkaLogin.MTLS, ca_file=authority.file, certificate_file=own, key_file=own))


def shut(files: Files) -> Path:
    return TestAuthority(files.folder, "brokers").issue("st.min", password=PASSWORD)


def stranger(files: Files) -> Path:
    return TestAuthority(files.folder, "brokers").issue("st.other")


MISTAKES: dict[str, tuple[Callable[[Files], KafkaSecurity], str, str]] = {
    "no certificate": (lambda files: files.but(certificate_file=None), "kafka_certificate_file", "is not named"),
    "no key": (lambda files: files.but(key_file=None), "kafka_key_file", "is not named"),
    "a key that is not there": (
        lambda files: files.but(key_file=Path("/none.pem")),
        "kafka_key_file",
        "/none.pem cannot be read",
    ),
    "a certificate that is not there": (
        lambda files: files.but(certificate_file=Path("/none.pem")),
        "kafka_certificate_file",
        "No such file",
    ),
    "another's key": (lambda files: files.but(key_file=stranger(files)), "kafka_key_file", "is not the PEM key"),
    "a certificate alone": (lambda files: files.but(key_file=files.security.ca_file), "kafka_key_file", "is not the PEM key"),
    "an encrypted key without its password": (
        lambda files: files.but(certificate_file=shut(files), key_file=shut(files)),
        "kafka_key_file",
        "the key is encrypted",
    ),
    "an encrypted key with another password": (
        lambda files: files.but(certificate_file=shut(files), key_file=shut(files), password=lambda: "guess-7"),
        "kafka_key_file",
        "its password is another",
    ),
    "an authority that is not there": (lambda files: files.but(ca_file=Path("/none.pem")), "kafka_ca_file", "cannot be read"),
    "a folder for an authority": (lambda files: files.but(ca_file=files.folder), "kafka_ca_file", "directory"),
    "an authority that is none": (lambda files: files.but(ca_file=Path(__file__)), "kafka_ca_file", "holds no PEM certificate"),
    "no user": (lambda files: files.but(login=KafkaLogin.SCRAM), "kafka_username", "no user is named"),
    "no password": (
        lambda files: files.but(login=KafkaLogin.SCRAM, username="st.min"),
        "kafka_password_file",
        "gives a password",
    ),
    "a user whom SCRAM cannot name": (
        lambda files: files.but(login=KafkaLogin.SCRAM, username="a,b", password=lambda: PASSWORD),
        "kafka_username",
        "a comma",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_settings_is_named_before_anybody_is_asked(files: Files, name: str) -> None:
    mistaken, setting, says = MISTAKES[name]
    place = KafkaPlace(bootstrap="127.0.0.1:9", topic="ledger", security=mistaken(files))
    with pytest.raises(KafkaCredentialsError, match=says) as found:
        place.open_admin()
    assert found.value.setting == setting
    assert PASSWORD not in str(found.value)
    assert "guess-7" not in str(found.value)
    assert (outcome_of(found.value).exit_code, outcome_of(found.value).code) == (ExitCode.USAGE, "KAFKA_CREDENTIALS")


def test_an_encrypted_key_opens_with_its_password(files: Files) -> None:
    security = files.but(certificate_file=shut(files), key_file=shut(files), password=lambda: PASSWORD)
    assert security.tls_context().verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize("login", [KafkaLogin.MTLS, KafkaLogin.SCRAM])
def test_brokers_are_always_held_against_an_authority_and_their_name(files: Files, login: KafkaLogin) -> None:
    context = files.but(login=login, username="st.min", password=lambda: PASSWORD).client_options()["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_without_an_authority_of_its_own_a_station_trusts_whom_the_machine_trusts(files: Files) -> None:
    assert files.but(ca_file=None).tls_context().verify_mode is ssl.CERT_REQUIRED


def test_a_password_shows_itself_nowhere(files: Files) -> None:
    security = files.but(login=KafkaLogin.SCRAM, username="st.min", password=lambda: PASSWORD)
    place = KafkaPlace(bootstrap="127.0.0.1:9", topic="ledger", security=security)
    options = security.client_options()
    shown = (repr(security), repr(place), f"{place}", repr(options), f"{options}", "%s" % options, str(tuple(options.values())))  # noqa: UP031 - as the library logs
    assert not any(PASSWORD in one for one in shown)
    assert options["sasl_plain_password"] == PASSWORD
    assert options["sasl_plain_password"].encode() == PASSWORD.encode()


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{:>40}".format, "{!s}".format, lambda text: "%s" % text])  # noqa: UP031
def test_a_secret_is_three_stars_however_it_is_shown(show: Callable[[str], str]) -> None:
    assert show(Secret(PASSWORD)).strip("' ") == "***"


def test_the_settings_of_a_home_say_how_it_logs_in(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{PASSWORD}\r\nthe second line is a note\n", "utf-8")
    write_settings(
        tmp_path,
        {"kafka_security": "scram", "kafka_username": "st.min", "kafka_password_file": str(tmp_path / "password")},
    )
    security = kafka_security(Session({"ORTOO_HOME": str(tmp_path), "ORTOO_KAFKA_CA_FILE": "~/ca.pem"}))
    assert (security.login, security.username) == (KafkaLogin.SCRAM, "st.min")
    assert security.ca_file == Path.home() / "ca.pem"
    assert security.password() == PASSWORD
    other = kafka_security(Session({"ORTOO_HOME": str(tmp_path), "ORTOO_KAFKA_PASSWORD": "from the environment"}))
    assert other.password() == "from the environment"


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_password_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    session = Session({"ORTOO_HOME": str(tmp_path), "ORTOO_KAFKA_PASSWORD_FILE": str(file)})
    with pytest.raises(KafkaCredentialsError, match="cannot be read"):
        kafka_security(session).password()


def test_a_home_without_a_word_about_it_speaks_plain_text(tmp_path: Path) -> None:
    security = kafka_security(Session({"ORTOO_HOME": str(tmp_path)}))
    assert security == PLAIN_TEXT
    assert security.client_options() == {}


def test_no_command_takes_a_password_as_an_argument_which_every_process_list_shows() -> None:
    def options(command: click.Command) -> list[str]:
        own = [one.name or "" for one in command.params if not isinstance(one.type, click.Path) and one.type is not click.BOOL]
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                own += options(found) if found else []
        return own

    names = options(ortoo)
    assert len(names) > 100
    assert not [name for name in names if "password" in name or "passphrase" in name or "secret" in name]
