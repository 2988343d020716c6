"""`ortoo witness`: a key with its memory, what is remembered, and what it takes to go on after a loss."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.witness_logs import log_lines
from adapters.witness_memory import Head, WitnessMemory
from domain.checkpoints import CheckpointPair, encode_pair
from domain.cosignatures import parse_witness_key
from tests.checkpoint_keys import AT_S, SeededOperator
from tests.homes import Home
from tests.witnessed_logs import OPERATOR, ORIGIN, GrownLog

NAME = "witness.example/uz"
VERDICTS = f"{ORIGIN}/verdicts"
LOG, VERDICT_LOG = GrownLog(20), GrownLog(20, story="v", origin=VERDICTS)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(folder=tmp_path / "witness")
    made.done("witness", "make-key", NAME)
    with (made.folder / "witness.toml").open("a") as file:
        for origin in (ORIGIN, VERDICTS):
            file.write("\n".join(["", *log_lines(origin, [OPERATOR.public]), ""]))
    return made


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    file = tmp_path / "newest.checkpoints"
    file.write_bytes(encode_pair(CheckpointPair(records=LOG.note(8), verdicts=VERDICT_LOG.note(8))))
    return file


def remember(home: Home, size: int) -> None:
    memory = WitnessMemory(home.folder / "witness.sqlite", home.folder / "keys" / "witness" / "signed")
    held = next((head for head in memory.heads() if head.origin == ORIGIN), None)
    head = Head(origin=ORIGIN, size=size, root=LOG.root(size), note=LOG.note(size).encoded(), at_s=AT_S)
    memory.remember(head, after=held)
    memory.close()


def test_a_key_is_made_with_its_memory_once(tmp_path: Path) -> None:
    home = Home(folder=tmp_path / "witness")
    made = home.done("witness", "make-key", NAME, "--json").data
    assert parse_witness_key(made["verifier_key"]).name == NAME
    assert Path(made["file"]).stat().st_mode & 0o077 == 0
    assert b"ENCRYPTED" in Path(made["file"]).read_bytes()
    shown = home.done("witness", "show", "--json").data
    assert shown == {"name": NAME, "verifier_key": made["verifier_key"], "complete": True, "logs": [], "forks": []}
    assert "has a witness already" in home.run("witness", "make-key", NAME).err
    for name in ("", "a b", "a+b", "a\u00a0b"):
        assert Home(folder=tmp_path / "other").run("witness", "make-key", name).code == 2


def test_the_key_is_the_one_that_the_file_names(home: Home, tmp_path: Path) -> None:
    other = Home(folder=tmp_path / "other")
    other.done("witness", "make-key", NAME)
    shutil.copy(other.folder / "keys" / "witness" / "key.pem", home.folder / "keys" / "witness" / "key.pem")
    answer = home.run("witness", "run", "--listen", "0")
    assert (answer.code, "is not the one of" in answer.err) == (1, True)


def test_what_it_watches_and_what_it_cosigned_is_shown(home: Home) -> None:
    remember(home, 8)
    logs = home.done("witness", "show", "--json").data["logs"]
    assert logs[0] == {
        "origin": ORIGIN,
        "tree_size": 8,
        "tree_root": LOG.root(8).hex(),
        "cosigned_at": AT_S * 1000,
        "watched": True,
    }
    assert logs[1] == {"origin": VERDICTS, "tree_size": None, "tree_root": None, "cosigned_at": None, "watched": True}
    assert "2025-12-06" in home.done("witness", "show").out


def test_a_memory_that_is_gone_stops_the_witness_until_it_is_told(home: Home, pair: Path) -> None:
    remember(home, 6)
    for file in home.folder.glob("witness.sqlite*"):
        file.unlink()
    answer = home.run("witness", "run", "--listen", "0")
    assert (answer.code, "is not there" in answer.err, "ortoo witness start-over" in answer.err) == (4, True, True)
    assert home.run("witness", "trust", str(pair), "--yes").code == 4
    assert home.run("witness", "start-over").code == 2
    home.done("witness", "start-over", "--yes")
    told = home.done("witness", "trust", str(pair), "--yes", "--json").data
    assert [(one["origin"], one["tree_size"]) for one in told["told"]] == [(ORIGIN, 8), (VERDICTS, 8)]
    shown = home.done("witness", "show", "--json").data
    assert (shown["complete"], [one["tree_size"] for one in shown["logs"]]) == (False, [8, 8])
    home.done("witness", "trust", str(pair), "--yes")
    again = home.run("witness", "trust", "--new", ORIGIN, "--yes")
    assert (again.code, "remembers" in again.err) == (2, True)


def test_a_memory_put_back_from_an_old_copy_stops_the_witness(home: Home) -> None:
    remember(home, 6)
    shutil.copy(home.folder / "witness.sqlite", home.folder / "copy")
    remember(home, 8)
    shutil.copy(home.folder / "copy", home.folder / "witness.sqlite")
    answer = home.run("witness", "run", "--listen", "0", "--json")
    assert (answer.code, answer.data["error"]["code"]) == (4, "WITNESS_MEMORY_LOST")
    aside = home.done("witness", "start-over", "--yes", "--json").data["set_aside"]
    assert Path(aside).exists()
    assert home.done("witness", "show", "--json").data["logs"][0]["tree_size"] is None


def test_a_log_that_is_new_is_told_by_its_name(home: Home) -> None:
    (home.folder / "witness.sqlite").unlink()
    home.done("witness", "start-over", "--yes")
    dry = home.done("witness", "trust", "--new", ORIGIN, "--dry-run", "--json").data
    assert (dry["dry_run"], dry["told"][0]["tree_size"]) == (True, 0)
    home.done("witness", "trust", "--new", ORIGIN, "--yes")
    assert home.done("witness", "show", "--json").data["logs"][0]["tree_size"] == 0
    assert home.run("witness", "trust", "--new", "letters/other", "--yes").code == 2
    assert home.run("witness", "trust", "--yes").code == 2


def test_only_what_a_known_operator_signed_is_trusted(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "foreign.checkpoints"
    file.write_bytes(encode_pair(CheckpointPair(records=LOG.note(8, SeededOperator(2)), verdicts=VERDICT_LOG.note(8))))
    answer = home.run("witness", "trust", str(file), "--yes")
    assert (answer.code, "no operator whom this witness knows" in answer.err) == (3, True)
    file.write_bytes(b"nonsense")
    assert home.run("witness", "trust", str(file), "--yes").code == 3
    assert home.run("witness", "trust", str(tmp_path / "nothing"), "--yes").code == 2
    assert home.done("witness", "show", "--json").data["logs"][0]["tree_size"] is None


def test_a_home_without_a_witness_says_how_to_make_one(tmp_path: Path) -> None:
    answer = Home(folder=tmp_path).run("witness", "run")
    assert (answer.code, "witness.toml" in answer.err) == (2, True)


def test_an_address_that_is_none_is_a_mistake_of_usage(home: Home) -> None:
    answer = home.run("witness", "run", "--listen", "here")
    assert (answer.code, "names no port" in answer.err) == (2, True)
