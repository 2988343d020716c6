"""Which logs a witness watches: a small TOML file with its own key, and of each log the origin and its operator's keys.

    verifier_key = "witness.example/uz+9a0b1c2d+BK…"

    [[logs]]
    origin = "letters/5f…"
    [[logs.keys]]
    ed25519 = "letters/5f…+1a2b3c4d+AV…"
    ml_dsa_44 = "letters/5f…+5e6f7a8b+Bm…"

Keys are verifier keys of notes (C2SP signed-note) whose name is the origin. Of several pairs, such as while an operator
changes his, one has to have signed both lines.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.toml_texts import toml_value
from adapters.witness_errors import WitnessFileError
from domain.cosignatures import WitnessKey, parse_witness_key
from domain.events import CheckpointKey
from domain.ids import DIGEST_SIZE_BYTES, Digest
from domain.notes import NoteInvalidError, SignatureType, parse_verifier_key, verifier_key

FILE_LIMIT_BYTES: Final = 1024 * 1024
"""Some two kilobytes a key: a few hundred logs."""
ML_DSA_44_KEY_SIZE_BYTES: Final = 1312


@dataclass(frozen=True, kw_only=True, slots=True)
class WitnessLogs:
    """What the file of a witness says: its own public key with its name, and the keys of each log by origin."""

    key: WitnessKey
    watched: Mapping[str, tuple[CheckpointKey, ...]]


def read_witness_logs(file: Path) -> WitnessLogs:
    """Return what the file says; raise `WitnessFileError` if it is missing, or is not exactly of the form above."""
    try:
        with file.open("rb") as stream:
            content = stream.read(FILE_LIMIT_BYTES + 1)
        if len(content) > FILE_LIMIT_BYTES:
            raise WitnessFileError(file, f"it is larger than {FILE_LIMIT_BYTES} bytes")
        table = tomllib.loads(content.decode("utf-8"))
        return _logs_of(table)
    except FileNotFoundError as error:
        raise WitnessFileError(file, "it is not there; `ortoo witness make-key` makes it with the key") from error
    except OSError as error:
        raise WitnessFileError(file, error.strerror or str(error)) from error
    except (ValueError, NoteInvalidError) as error:
        raise WitnessFileError(file, str(error)) from error


def key_line(key: WitnessKey) -> str:
    """Return the line of the file that says who the witness is."""
    return f"verifier_key = {toml_value(key.encoded())}\n"


def log_lines(origin: str, keys: Sequence[CheckpointKey]) -> list[str]:
    """Return the lines of the file that let a witness watch a log."""
    lines = ["[[logs]]", f"origin = {toml_value(origin)}"]
    for key in keys:
        written = (
            verifier_key(origin, SignatureType.ED25519, key.ed25519),
            verifier_key(origin, SignatureType.ML_DSA_44_COSIGNATURE, key.ml_dsa_44),
        )
        lines += ["[[logs.keys]]", f"ed25519 = {toml_value(written[0])}", f"ml_dsa_44 = {toml_value(written[1])}"]
    return lines


def _logs_of(table: Mapping[str, Any]) -> WitnessLogs:
    _require_names({"logs": [], **table}, "the file", {"verifier_key", "logs"})
    own = parse_witness_key(_text(table["verifier_key"]))
    watched: dict[str, tuple[CheckpointKey, ...]] = {}
    for log in _tables(table.get("logs", [])):
        _require_names(log, "a log", {"origin", "keys"})
        origin = _text(log["origin"])
        keys = tuple(_key_of(key, origin) for key in _tables(log["keys"]))
        if origin in watched or not keys:
            msg = f"the log {origin!r} stands there twice, or has no keys"
            raise ValueError(msg)
        watched[origin] = keys
    return WitnessLogs(key=own, watched=watched)


def _key_of(key: Mapping[str, Any], origin: str) -> CheckpointKey:
    _require_names(key, "a key", {"ed25519", "ml_dsa_44"})
    first, ed25519 = parse_verifier_key(_text(key["ed25519"]), SignatureType.ED25519, DIGEST_SIZE_BYTES)
    second, ml_dsa_44 = parse_verifier_key(_text(key["ml_dsa_44"]), SignatureType.ML_DSA_44_COSIGNATURE, ML_DSA_44_KEY_SIZE_BYTES)
    if {first, second} != {origin}:
        msg = f"a key of {first!r} or {second!r} stands under the log {origin!r}"
        raise ValueError(msg)
    return CheckpointKey(ed25519=Digest(ed25519), ml_dsa_44=ml_dsa_44)


def _require_names(table: Mapping[str, Any], what: str, names: set[str]) -> None:
    missing, unknown = names - table.keys(), table.keys() - names
    if missing or unknown:
        told = [*(f"{name} is missing" for name in sorted(missing)), *(f"{name} is unknown" for name in sorted(unknown))]
        msg = f"in {what}: {', '.join(told)}"
        raise ValueError(msg)


def _tables(found: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        msg = "logs and keys are tables: write [[logs]] and [[logs.keys]]"
        raise ValueError(msg)
    return found


def _text(found: Any) -> str:
    if not isinstance(found, str):
        msg = f"{found!r} is not a text"
        raise ValueError(msg)  # noqa: TRY004 - one kind of error for every value that cannot be
    return found
