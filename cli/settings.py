"""The settings of a station: `ortoo.toml` in its home, overridden by `ORTOO_` variables, read once into one frozen value.

Secrets are no settings: a passphrase arrives by prompt, by file or by `ORTOO_PASSPHRASE`, the PIN of a token by prompt, by file
or by `ORTOO_PIN`, a password for Kafka by file or by `ORTOO_KAFKA_PASSWORD`, and none is ever written here.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, get_type_hints

from adapters.kafka_security import PASSWORD_VARIABLE, KafkaLogin
from adapters.toml_texts import toml_value
from cli.errors import HomeError, SettingsError
from cli.languages import Language

SETTINGS_FILE: Final = "ortoo.toml"
SETTINGS_LIMIT_BYTES: Final = 64 * 1024
"""The file holds a dozen short lines; something larger is not a settings file."""
HOME_VARIABLE: Final = "ORTOO_HOME"
NOT_SETTINGS: Final[Mapping[str, str]] = {
    HOME_VARIABLE: "the home folder, like `--home`; without both it is `.ortoo` in the user's own home",
    "ORTOO_DEBUG": "if set and not empty, an error shows where in the program it arose",
    "ORTOO_PASSPHRASE": "the passphrase of the keys that a command opens or makes",
    "ORTOO_PIN": "the PIN of the token on which a command uses or makes a key",
    PASSWORD_VARIABLE: "the password of `kafka_username`, or that of an encrypted `kafka_key_file`",
    "ORTOO_TEST_KAFKA": "for the project's own tests: a running broker to use, as HOST:PORT",
}
"""Variables that begin with ORTOO_ and stand in no settings file, with what they are for."""

MIB: Final = 1024 * 1024


def _setting(default: Any, meaning: str, unit: str = "") -> Any:
    return field(default=default, metadata={"meaning": meaning, "unit": unit})


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a station was told; each field is one setting, with its default, unit and meaning."""

    location: str | None = _setting(None, "where the ledger lies: `sqlite:FILE` or `kafka://HOST:PORT[,HOST:PORT]/TOPIC`")
    ledger: str | None = _setting(
        None, "the ledger's identity, pinned when the ledger was made or joined", "64 hexadecimal digits"
    )
    station: str | None = _setting(None, "id of the station that this home belongs to; it signs what a machine can know")
    officer: str | None = _setting(None, "who acts when `--as` is not given; `ortoo identity use` writes it")
    store_url: str | None = _setting(
        None,
        "the database of the store and the views, as `postgresql://USER@HOST/DATABASE` or `sqlite:///FILE`; "
        "without it, files in the home",
        "URL",
    )
    passphrase_file: str | None = _setting(None, "a file whose first line is the passphrase of this station's keys", "file")
    pin_file: str | None = _setting(None, "a file whose first line is the PIN of the token with this station's keys", "file")
    kafka_security: KafkaLogin = _setting(  # noqa: RUF009 - a field, as above
        KafkaLogin.NONE, "how this station logs in to Kafka over TLS: mtls (its certificate), scram (a password); none: no TLS"
    )
    kafka_ca_file: str | None = _setting(
        None, "PEM certificates of who may vouch for brokers; without it those that the machine trusts", "file"
    )
    kafka_certificate_file: str | None = _setting(None, "this station's certificate for Kafka, with its chain, PEM", "file")
    kafka_key_file: str | None = _setting(None, "the key of that certificate, PEM", "file")
    kafka_username: str | None = _setting(None, "the user whose password opens Kafka (SCRAM-SHA-512)")
    kafka_password_file: str | None = _setting(
        None, "a file whose first line is the password of `kafka_username`, or that of an encrypted `kafka_key_file`", "file"
    )
    country: str | None = _setting(
        None, "by whose calendar terms in working days are counted; without it the only country that has calendars", "UZ, MN, …"
    )
    lang: Language = _setting(  # noqa: RUF009 - a field, as above
        Language.ENGLISH, "language of labels and prompts: en, uz, uz-cyrl, mn, ru"
    )
    templates: str | None = _setting(None, "the folder with templates of letters; without it `templates` in the home", "folder")
    document_limit_bytes: int = _setting(100 * MIB, "the largest document that is taken in or opened", "bytes")
    catch_up_s: float = _setting(2.0, "how long a reading command follows the ledger before it answers", "seconds")
    submit_wait_s: float = _setting(20.0, "how long a command waits for the verdict before it says `queued`", "seconds")
    metrics_address: str | None = _setting(
        None, "where `ortoo station run` answers monitors, as PORT (this machine only) or HOST:PORT; without it nowhere"
    )
    checkpoint_every_s: float = _setting(
        300.0, "how often `ortoo station run` signs checkpoints, if a checkpoint key in force lies in this home", "seconds"
    )
    witnesses: str | None = _setting(
        None, "addresses of witnesses that are asked to cosign checkpoints, separated by spaces", "URLs"
    )
    witness_keys: str | None = _setting(
        None, "verifier keys of the witnesses whose cosignatures this home believes, separated by spaces", "NAME+ID+KEY"
    )
    witness_quorum: int = _setting(
        0, "how many of them must have cosigned before something counts as witnessed; 0: nothing ever does", "witnesses"
    )
    timestamp_authorities: str | None = _setting(
        None,
        "addresses of time-stamping authorities (RFC 3161) that `ortoo checkpoint timestamp` asks, separated by spaces",
        "URLs",
    )
    timestamp_roots_file: str | None = _setting(None, "PEM certificates of who may vouch for time-stamping authorities", "file")
    record_fetched: bool = _setting(
        False,
        "whether `ortoo station run` says on the ledger of each letter that waits for somebody whom the station serves that it "
        "holds all its documents; the sender sees that. It adds one event for each letter and recipient: leave it false where a "
        "letter goes to thousands",
    )
    verify_threads: int = _setting(2, "how many signatures are verified side by side while the ledger is read", "threads")
    lines_limit: int = _setting(200, "how many lines a list shows before `--after` is needed", "lines")


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One setting as the reference page tells it."""

    name: str
    type: str
    default: str
    unit: str
    meaning: str

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return f"ORTOO_{self.name.upper()}"


_TYPE_NAMES: Final = {
    "str | None": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "Language": "language",
    "KafkaLogin": "login",
}


def declared_settings() -> tuple[Setting, ...]:
    """Return every setting, in the order of the reference page."""
    return tuple(
        Setting(
            name=one.name,
            type=_TYPE_NAMES[str(one.type)],
            default=_shown(one.default),
            unit=one.metadata["unit"],
            meaning=one.metadata["meaning"],
        )
        for one in fields(Settings)
    )


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default in (None, MISSING) else str(default)


def home_of(given: str | None, environment: Mapping[str, str]) -> Path:
    """Return the home folder: as given, else as `ORTOO_HOME` says, else `.ortoo` in the user's own."""
    chosen = given or environment.get(HOME_VARIABLE)
    return Path(chosen).expanduser().absolute() if chosen else Path.home() / ".ortoo"


def read_settings(home: Path, environment: Mapping[str, str]) -> Settings:
    """Return the settings of a home; a home that is not there yet has the defaults.

    Raises `SettingsError` naming every setting that is unknown or has a value that it cannot have, and `HomeError` if the
    file cannot be read.
    """
    file = home / SETTINGS_FILE
    written = {f"{name} in {file}": (name, value) for name, value in _read_file(file).items()}
    for variable, text in environment.items():
        if variable.startswith("ORTOO_") and variable not in NOT_SETTINGS:
            written[variable] = (variable.removeprefix("ORTOO_").lower(), text)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for where, (name, value) in written.items():
        try:
            values[name] = _value(name, value)
        except ValueError as error:
            problems.append(f"{where}: {error}")
    if problems:
        listed = "".join(f"\n  {problem}" for problem in problems)
        raise SettingsError(f"The settings cannot be used, so nothing was done. Correct them or take them out:{listed}")
    return Settings(**values)


def write_settings(home: Path, changes: Mapping[str, str | float | None]) -> None:
    """Write changed settings into the home's file, whole or not at all, keeping its other lines and comments.

    None takes a setting out. Raises `SettingsError` for what is no setting and `HomeError` if the file cannot be written.
    """
    file = home / SETTINGS_FILE
    wanted = _read_file(file)
    for name, value in changes.items():
        if value is None:
            wanted.pop(name, None)
            continue
        try:
            _value(name, value)
        except ValueError as error:
            raise SettingsError(f"{name} was not written to {file}: {error}") from error
        wanted[name] = value
    text = _edited(file.read_text(encoding="utf-8") if file.exists() else "", changes)
    if tomllib.loads(text) != wanted:
        # A file that uses more of TOML than one setting a line cannot be edited line by line; it is written anew.
        text = "".join(_line(name, value) for name, value in wanted.items())
    write_atomically(file, text)


def write_atomically(file: Path, text: str) -> None:
    """Write a file of the home so that a crash leaves either the old one or the new one; only its owner may read it.

    Raises `HomeError` if that is not possible.
    """
    temporary = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(file)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise HomeError(f"{file} was not written ({error.strerror}). Check the disk and who owns the home folder.") from error


def _read_file(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            content = stream.read(SETTINGS_LIMIT_BYTES + 1)
        if len(content) > SETTINGS_LIMIT_BYTES:
            raise SettingsError(f"{file} is larger than {SETTINGS_LIMIT_BYTES} bytes, so it is no settings file. Look at it.")
        return tomllib.loads(content.decode("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise HomeError(f"{file} cannot be read ({error.strerror}). Check who owns the home folder.") from error
    except ValueError as error:
        raise SettingsError(f'{file} is not TOML: {error}. Correct it; each line is a setting, such as lang = "uz".') from error


def _value(name: str, written: Any) -> Any:
    hint = get_type_hints(Settings).get(name)
    if hint is None:
        raise ValueError("there is no such setting")
    if hint in (Language, KafkaLogin):
        return _one_of(hint, written)
    if hint is bool:
        return _truth(written)
    if hint in (int, float):
        return _number(hint, written)
    if not isinstance(written, str) or not written:
        raise ValueError("a text is needed")
    return written


def _one_of(kind: type[StrEnum], written: Any) -> StrEnum:
    if written not in set(kind):
        raise ValueError(f"{written!r} is none of {', '.join(kind)}")
    return kind(written)


def _truth(written: Any) -> bool:
    if isinstance(written, bool):
        return written
    if written not in ("true", "false"):
        raise ValueError(f"{written!r} is neither true nor false")
    return bool(written == "true")


def _number(kind: type[int] | type[float], written: Any) -> int | float:
    if isinstance(written, bool) or not isinstance(written, (str, int, float)):
        raise ValueError("a number is needed")  # noqa: TRY004 - one kind of error for every value that cannot be
    try:
        number = kind(written)
    except ValueError as error:
        raise ValueError(f"{written!r} is not a {_TYPE_NAMES[kind.__name__]}") from error
    if number != float(written) or not 0 <= number < float("inf"):
        raise ValueError(f"{written!r} is not a {_TYPE_NAMES[kind.__name__]} from 0 up")
    return number


def _edited(text: str, changes: Mapping[str, str | float | None]) -> str:
    lines = []
    left = dict(changes)
    for line in text.splitlines():
        name = line.partition("=")[0].strip()
        if "=" not in line or name not in changes:
            lines.append(line + "\n")
        elif (value := left.pop(name, None)) is not None:
            lines.append(_line(name, value))
    return "".join((*lines, *(_line(name, value) for name, value in left.items() if value is not None)))


def _line(name: str, value: Any) -> str:
    return f"{name} = {toml_value(value)}\n"
