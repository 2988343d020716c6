"""The demo: on a file and on a real Kafka, its size on a screen, and the commands with which one goes on from there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from cli.demo_screen import WIDTH
from cli.render import text_width
from tests.kafka_broker import KafkaBroker

LINES_LIMIT = 45
BIN = Path(sys.executable).parent


def run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a command line in a folder as a person does in a shell that knows the program."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORTOO_")}
    environment["PATH"] = f"{BIN}{os.pathsep}{environment['PATH']}"
    environment["HOME"] = str(folder)
    return subprocess.run(line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)


def require_demo(folder: Path, shown: subprocess.CompletedProcess[str]) -> list[str]:
    """Fail unless the demo ended well and fits on a screen; return the commands with which it ends."""
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert len(lines) <= LINES_LIMIT
    assert [line for line in lines if text_width(line) > WIDTH] == []
    assert "both stations agree on both roots" in shown.stdout
    assert re.search(r"PILOT +97 of 100 acknowledged in time, 1 late, .*silent: MFY 077", shown.stdout)
    assert re.search(r"LEDGER +\d+ records, \d+ accepted, 3 rejected as they should be", shown.stdout)
    require_outside(folder, shown.stdout)
    reports = sorted((folder / "build" / "demo" / "report").iterdir())
    assert len(reports) >= 8
    assert [report.name for report in reports if not report.read_text("utf-8").strip()] == []
    turns = [line.strip() for line in lines if line.startswith("  ortoo ")]
    assert len(turns) >= 4
    assert turns[-1] == "ortoo verify build/demo/evidence/L01.ortoo.zip --trust build/demo/evidence/trust.json"
    assert lines[-1] == "  (cd build/demo/evidence/L01 && sed -n 's/^    //p' VERIFY.txt | sh -e)"
    return turns


def require_outside(folder: Path, shown: str) -> None:
    """Fail unless a letter from outside got the next number, a copy was delivered by hand, and nobody outside is silent."""
    assert re.search(r"registers it as incoming № 1 .*\n(.*\n)*6 Outside +UNDP writes on paper: incoming № 2; ", shown)
    assert re.search(r"№ 4/02-11 .* 101 +1 \(0 %\) +0 +99 +0", shown)
    report = folder / "build" / "demo" / "report"
    assert "BMT Taraqqiyot dasturi (by post; the sender's signature is not in the system)" in (
        (report / "register-incoming.txt").read_text("utf-8")
    )
    delivered = (report / "copy-delivered-outside.txt").read_text("utf-8")
    assert re.search(r"delivered outside  .*\n  \d+  by hand, ", delivered)
    assert "no signature of the recipient in the system" in delivered


def require_evidence(folder: Path) -> None:
    """Fail unless the bundle of the pilot's letter is checked by openssl alone, and a changed one is refused."""
    evidence = folder / "build" / "demo" / "evidence"
    checked = run(evidence / "L01", "sed -n 's/^    //p' VERIFY.txt | sh -e")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("Verified OK") >= 4
    bundle = evidence / "L01.ortoo.zip"
    bundle.write_bytes(bundle.read_bytes().replace(b"letter.dispatched", b"letter.dispatchee", 1))
    assert run(evidence, "ortoo verify L01.ortoo.zip --trust trust.json").returncode == 3


def require_turns(folder: Path, turns: list[str]) -> None:
    for line in turns:
        said = run(folder, line)
        assert said.returncode == 0, f"{line}\n{said.stdout}\n{said.stderr}"
        assert said.stdout.strip(), line


@pytest.mark.slow
def test_the_demo_runs_on_a_file_and_its_commands_work_when_pasted(tmp_path: Path) -> None:
    require_turns(tmp_path, require_demo(tmp_path, run(tmp_path, "ortoo demo")))
    require_evidence(tmp_path)
    again = run(tmp_path, "ortoo demo")
    assert again.returncode == 2
    assert "changes nothing that is there" in again.stderr


@pytest.mark.slow
def test_the_demo_runs_on_kafka_and_its_commands_work_when_pasted(tmp_path: Path, kafka: KafkaBroker) -> None:
    ledger = f"kafka://{kafka.bootstrap}/demo-{uuid.uuid4().hex[:8]}"
    turns = require_demo(tmp_path, run(tmp_path, f"ortoo demo --at {ledger}"))
    require_turns(tmp_path, turns)
    replayed = run(tmp_path, f"{turns[-1]} --ledger {ledger}")
    assert replayed.returncode == 0, replayed.stderr
    assert "Compared with" in replayed.stdout


@pytest.mark.slow
def test_the_demo_runs_on_postgresql_with_a_schema_for_each_home(tmp_path: Path, postgres_url: str) -> None:
    shown = run(tmp_path, f"ortoo demo --store-url '{postgres_url}'")
    require_turns(tmp_path, require_demo(tmp_path, shown))
    homes = [tmp_path / "build" / "demo" / name for name in ("ministry", "committees", "mongolia")]
    assert [file.name for home in homes for file in (*home.glob("store.sqlite*"), *home.glob("views.sqlite*"))] == []
    again = run(tmp_path, f"ortoo demo --dir again --store-url '{postgres_url}'")
    assert again.returncode == 2
    assert 'schema "ministry" already exists' in again.stderr


@pytest.mark.parametrize("url", ["postgresql://ortoo:secret@nowhere/demo", "sqlite:///demo.sqlite", "nonsense"])
def test_a_database_that_cannot_hold_the_homes_is_refused(tmp_path: Path, url: str) -> None:
    refused = run(tmp_path, f"ortoo demo --store-url '{url}'")
    assert refused.returncode == 2
    assert "secret" not in refused.stderr
    assert not (tmp_path / "build" / "demo" / "ministry" / "ortoo.toml").exists()


def test_a_ledger_that_no_second_station_can_share_is_refused(tmp_path: Path) -> None:
    refused = run(tmp_path, "ortoo demo --at memory:")
    assert refused.returncode == 2
    assert not (tmp_path / "build" / "demo" / "ministry").exists()


def require_approval(folder: Path, shown: subprocess.CompletedProcess[str]) -> None:
    """Fail unless the story of an approval ended well, fits on a screen, and its commands work when pasted."""
    assert shown.returncode == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert len(lines) <= LINES_LIMIT
    assert [line for line in lines if text_width(line) > WIDTH] == []
    for reason in ("REQUEST_ENDED", "PLACE_ALREADY_DECIDED", "APPROVAL_NOT_COMPLETE"):
        assert shown.stdout.count(f"REJECTED  {reason}") == 1
    stages = [line for line in lines if line.startswith("  Stage ")]
    assert ["approved" in line for line in stages] == [True, True, True]
    assert "quorum 2  2/2" in stages[1]
    assert "missed" in stages[2]
    assert re.search(r"raqamli\.vice.*in the place of raqamli\.head", shown.stdout)
    turns = [line.strip() for line in lines if line.startswith("  ortoo ")]
    assert len(turns) >= 4
    require_turns(folder, turns)


@pytest.mark.slow
def test_the_story_of_an_approval_runs_on_a_file(tmp_path: Path) -> None:
    require_approval(tmp_path, run(tmp_path, "ortoo demo --story approval"))


@pytest.mark.slow
def test_the_story_of_an_approval_runs_on_kafka(tmp_path: Path, kafka: KafkaBroker) -> None:
    ledger = f"kafka://{kafka.bootstrap}/demo-{uuid.uuid4().hex[:8]}"
    require_approval(tmp_path, run(tmp_path, f"ortoo demo --story approval --at {ledger}"))
