"""The file of a witness: what an operator's home prints is what is read, and nothing else is taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.witness_errors import WitnessFileError
from adapters.witness_logs import key_line, log_lines, read_witness_logs
from domain.notes import SignatureType, verifier_key
from tests.checkpoint_keys import SeededOperator, SeededWitness
from tests.witnessed_logs import ORIGIN

FIRST, SECOND = SeededOperator(1).public, SeededOperator(2).public
WITNESS = SeededWitness(7).key
STRANGE = "o'rtoo\"\\/хат/" + "ab" * 32


def written(*parts: str | list[str]) -> str:
    return "\n".join("\n".join(part) if isinstance(part, list) else part for part in parts) + "\n"


ELLIPTIC = verifier_key(ORIGIN, SignatureType.ED25519, FIRST.ed25519)
COSIGNER = verifier_key(ORIGIN, SignatureType.COSIGNATURE, FIRST.ed25519)
OWN = key_line(WITNESS)
GOOD = written(key_line(WITNESS), log_lines(ORIGIN, [FIRST]))


def read(tmp_path: Path, text: str | bytes) -> object:
    file = tmp_path / "witness.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_witness_logs(file)


def test_what_is_printed_for_a_log_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "witness.toml"
    file.write_text(written(key_line(WITNESS), log_lines(ORIGIN, [FIRST, SECOND]), log_lines(STRANGE, [FIRST])), "utf-8")
    logs = read_witness_logs(file)
    assert (logs.key, logs.watched) == (WITNESS, {ORIGIN: (FIRST, SECOND), STRANGE: (FIRST,)})


def test_a_witness_that_watches_nothing_yet_has_a_key(tmp_path: Path) -> None:
    file = tmp_path / "witness.toml"
    file.write_text(key_line(WITNESS))
    assert read_witness_logs(file).watched == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "verifier_key is missing", id="nothing"),
        pytest.param(b"\xff", "codec", id="no text"),
        pytest.param("name", "Expected", id="no TOML"),
        pytest.param("verifier_key = 7\n", "is not a text", id="a key that is a number"),
        pytest.param(f'verifier_key = "{ELLIPTIC}"\n', "not a verifier key", id="an operator's key for its own"),
        pytest.param(f"{OWN}log = 1\n", "log is unknown", id="a word that nobody knows"),
        pytest.param(f"{OWN}logs = 1\n", "are tables", id="logs that are none"),
        pytest.param(f'{OWN}[[logs]]\norigin = "b"\n', "keys is missing", id="a log without keys"),
        pytest.param(f'{OWN}[[logs]]\norigin = "b"\nkeys = []\n', "has no keys", id="a log with no keys"),
        pytest.param(written(GOOD, log_lines(ORIGIN, [SECOND])), "twice", id="a log twice"),
        pytest.param(GOOD.replace(f'origin = "{ORIGIN}"', 'origin = "other"'), "under the log", id="keys of another log"),
        pytest.param(GOOD.replace(ELLIPTIC, COSIGNER), "not a verifier key", id="a key of another type"),
        pytest.param(GOOD.replace('ml_dsa_44 = "', 'ed448 = "'), "ed448 is unknown", id="an algorithm that nobody knows"),
        pytest.param("\n".join(GOOD.splitlines()[:-1]), "ml_dsa_44 is missing", id="one key of two"),
        pytest.param("#" * 1_100_000, "larger", id="a huge file"),
    ],
)
def test_a_file_that_is_not_of_the_form_is_refused_whole(tmp_path: Path, text: str | bytes, why: str) -> None:
    with pytest.raises(WitnessFileError, match=why):
        read(tmp_path, text)


def test_a_flipped_digit_of_a_key_is_noticed(tmp_path: Path) -> None:
    at = GOOD.index("ml_dsa_44") + 200
    for other in "ABCDEFGH":
        if other != GOOD[at]:
            with pytest.raises(WitnessFileError):
                read(tmp_path, GOOD[:at] + other + GOOD[at + 1 :])


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(WitnessFileError, match="it is not there"):
        read_witness_logs(tmp_path / "witness.toml")
