"""Checkpoints through the program: a key at the founding, signed and kept, another key, a fork that everybody is told of."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from adapters.checkpoint_board import open_board
from adapters.checkpoint_keys import files_of, open_checkpoint_key, read_checkpoint_key
from domain.checkpoints import encode_pair, parse_pair
from domain.forks import parse_fork, verify_fork
from domain.ids import digest_from_hex, sha256
from tests.checkpoint_keys import SeededWitness, signed_pair
from tests.founded_homes import DRAWN, FOUNDING, Founded, desk_of, found

WITNESSES = tuple(SeededWitness(seed) for seed in (11, 12))


@pytest.fixture
def exchange(tmp_path: Path) -> Founded:
    return found(tmp_path)


def keys_folder(exchange: Founded) -> Path:
    return exchange.registrar.folder / "keys" / "checkpoint"


def test_the_founding_home_signs_and_every_home_holds_the_ledger_to_it(exchange: Founded) -> None:
    registrar, reader = exchange.registrar, exchange.desk("reader")
    assert reader.done("checkpoint", "show")["checkpoint"] is None
    assert reader.error("checkpoint", "export", "-o", str(exchange.folder / "none")) == (2, "USAGE")
    assert reader.error("checkpoint", "sign") == (1, "CHECKPOINT_SIGNING")
    signed = registrar.done("checkpoint", "sign")["checkpoint"]
    assert (signed["size"], signed["behind"], signed["cosignatures"]) == (1, 0, [])
    shown = reader.done("checkpoint", "show")
    assert shown["checkpoint"] == signed
    assert shown["checkpoint_keys"] == [signed["checkpoint_key"]]
    assert (shown["witnessed_size"], shown["quorum"], shown["forks"]) == (0, 0, [])
    kept = exchange.folder / "kept.checkpoint"
    assert reader.done("checkpoint", "export", "-o", str(kept))["checkpoint"] == signed
    assert parse_pair(kept.read_bytes()).size == 1
    assert reader.error("checkpoint", "export", "-o", str(kept)) == (1, "KEY_FILE")


def test_a_key_takes_over_from_another(exchange: Founded) -> None:
    registrar = exchange.registrar
    first = registrar.done("checkpoint", "sign")["checkpoint"]["checkpoint_key"]
    made = registrar.done("checkpoint", "make-key")
    assert registrar.done("checkpoint", "sign")["checkpoint"]["checkpoint_key"] == first
    add = ("ledger", "add-checkpoint-key", made["public_key"], "--yes")
    assert registrar.error(*add) == (2, "USAGE")
    registrar.done(*add, *registrar.roots)
    assert registrar.error(*add, *registrar.roots) == (5, "CHECKPOINT_KEY_ALREADY_IN_FORCE")
    assert registrar.done("checkpoint", "sign")["checkpoint"]["checkpoint_key"] == made["checkpoint_key"]
    retire = ("ledger", "retire-checkpoint-key", first[:8], "--reason", "REPLACED", "--yes", *registrar.roots)
    registrar.done(*retire)
    assert registrar.error(*retire) == (2, "USAGE")
    assert registrar.done("checkpoint", "show")["checkpoint_keys"] == [made["checkpoint_key"]]
    assert registrar.done("checkpoint", "sign")["checkpoint"]["size"] == 3


def test_a_founder_is_told_which_passphrase_opens_the_checkpoint_key(tmp_path: Path) -> None:
    place = ("--at", f"sqlite:{tmp_path / 'ledger.sqlite'}", *FOUNDING, "--yes")
    assert "locked by the passphrase of registrar" in desk_of(tmp_path, "one").run("ledger", "create", "Alashuv", *place).err


def test_a_ledger_may_be_founded_without_a_checkpoint_key(tmp_path: Path) -> None:
    exchange = found(tmp_path, None, "--no-checkpoint-key")
    assert not keys_folder(exchange).exists()
    assert exchange.registrar.error("checkpoint", "sign") == (1, "CHECKPOINT_SIGNING")
    assert exchange.registrar.done("checkpoint", "show")["checkpoint_keys"] == []


def test_what_enough_witnesses_have_cosigned_is_told_as_final(exchange: Founded) -> None:
    registrar = exchange.registrar
    registrar.done("checkpoint", "sign")
    register = ("org", "register", "soum", "--kind", "committee", "--parent", "min", "--name", "uz=Soum", "--yes")
    assert registrar.done(*register)["witnessed"] is False
    registrar.done("checkpoint", "sign")
    with contextlib.closing(open_board(exchange.location)) as board:
        (slot,) = board.read(1, 1)
        pair = parse_pair(slot.record or b"")
        for witness in WITNESSES:
            pair = type(pair)(records=witness.cosigned(pair.records), verdicts=witness.cosigned(pair.verdicts))
        board.append(encode_pair(pair))
    settings = {
        "ORTOO_WITNESS_KEYS": " ".join(witness.key.encoded() for witness in WITNESSES),
        "ORTOO_WITNESS_QUORUM": "2",
        "ORTOO_PASSPHRASE": DRAWN,
    }
    shown = registrar.home.done("--json", "checkpoint", "show", **settings).data
    assert (shown["witnessed_size"], len(shown["checkpoint"]["cosignatures"])) == (2, 2)
    again = registrar.home.done("--json", *register, **settings).data
    assert (again["position"], again["witnessed"]) == (1, True)
    told = registrar.home.done(*register, **settings).out
    assert "not yet witnessed" not in told
    assert "not yet witnessed" in registrar.run(*register).out


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"ORTOO_WITNESS_KEYS": "no key"}, "SETTINGS"),
        ({"ORTOO_WITNESS_QUORUM": "1"}, "SETTINGS"),
        ({"ORTOO_WITNESS_KEYS": " ".join(SeededWitness(seed).key.encoded() for seed in range(1, 32))}, "SETTINGS"),
    ],
)
def test_settings_that_name_no_witnesses_are_refused(exchange: Founded, settings: dict[str, str], code: str) -> None:
    answer = exchange.registrar.run("--json", "checkpoint", "show", **settings)
    assert (answer.code, answer.data["error"]["code"]) == (2, code)


def test_a_fork_is_told_wherever_it_matters(exchange: Founded) -> None:
    registrar, reader = exchange.registrar, exchange.desk("reader")
    registrar.done("checkpoint", "sign")
    (public,) = keys_folder(exchange).glob("*.pub")
    key = read_checkpoint_key(public)
    assert files_of(keys_folder(exchange), key).public == public
    operator = open_checkpoint_key(keys_folder(exchange), key, DRAWN.encode)
    roots = (sha256(b"other records"), sha256(b"other verdicts"))
    forked = signed_pair("Alashuv", digest_from_hex(exchange.identity), 1, roots, operator)
    with contextlib.closing(open_board(exchange.location)) as board:
        board.append(encode_pair(forked))
    files = [Path(file) for file in reader.done("checkpoint", "show")["forks"]]
    assert len(files) == 2
    assert all(verify_fork(parse_fork(file.read_bytes()))[0].size == 1 for file in files)
    assert all(
        "ALARM" in reader.run(*words).err for words in (("checkpoint", "show"), ("ledger", "show"), ("inbox", "--for", "min"))
    )
    assert "fork" in {problem["code"] for problem in reader.done("station", "status")["problems"]}
    assert registrar.error("checkpoint", "sign") == (3, "CHECKPOINT_CONTRADICTS")
