"""How the demo proves what it did: a witness cosigns its checkpoint, and one committee's letter leaves as a bundle."""

from __future__ import annotations

import contextlib
import io
import json
import secrets
import zipfile
from pathlib import Path
from typing import Any, Final

from adapters.checkpoint_signing import sign_checkpoints
from adapters.witness import Event
from adapters.witness_server import answering
from cli.demo_scenes import CLERK, FIRST, DemoStory
from cli.demo_station import PASSPHRASE_FILE, DemoFailedError
from cli.main import ortoo
from cli.session import Session
from cli.settings import write_atomically, write_settings
from cli.wiring import checkpoint_signer, open_signing_lease
from cli.witness_place import LOGS_FILE, build_witness, open_witness

EVIDENCE_FOLDER: Final = "evidence"
WITNESS_FOLDER: Final = "witness"
WITNESS: Final = "witness.demo/archive"
BUNDLE: Final = "L01.ortoo.zip"
TRUST: Final = "trust.json"


def make_witness(root: Path) -> dict[str, str | float | None]:
    """Make a witness in a home of its own, and return the settings by which other homes believe it."""
    home = root / WITNESS_FOLDER
    write_atomically(home / PASSPHRASE_FILE, secrets.token_hex(32) + "\n")
    write_settings(home, {"passphrase_file": str((home / PASSPHRASE_FILE).absolute())})
    made = json.loads(_said(home, "--json", "witness", "make-key", WITNESS))
    return {"witness_keys": made["verifier_key"], "witness_quorum": 1}


def prove(story: DemoStory, root: Path) -> None:
    """Sign a checkpoint that the witness cosigns, and write the trust file and the bundle of the pilot's letter."""
    size = _sign(story, root)
    ministry, folder = root / "ministry", root / EVIDENCE_FOLDER
    folder.mkdir()
    bundle, trust = str(folder / BUNDLE), str(folder / TRUST)
    _said(ministry, "trust", "export", "-o", trust)
    for number in (1, 2):
        _said(ministry, "trust", "sign", trust, "--root", str(ministry / "roots" / f"root-{number}.pem"), "--yes")
    _said(ministry, "--as", CLERK, "evidence", "export", "out:1", "--recipient", FIRST, "-o", bundle)
    with zipfile.ZipFile(bundle) as packed:
        packed.extractall(folder / BUNDLE.partition(".")[0])
    found = _verified(root / WITNESS_FOLDER, bundle, trust)
    story.screen.part(
        10,
        "Prove",
        f"a witness cosigned the head at {size} records; № 1 for MFY 001, {len(found['events'])} events: {found['verdict']}",
        story.screen.seconds(),
    )


def commands(root: Path, program: str) -> tuple[str, str]:
    """Return the two command lines that check the bundle: with this program, and with openssl in a shell."""
    folder = root / EVIDENCE_FOLDER
    return (
        f"{program} verify {folder / BUNDLE} --trust {folder / TRUST}",
        f"(cd {folder / BUNDLE.partition('.')[0]} && sed -n 's/^    //p' VERIFY.txt | sh -e)",
    )


def _sign(story: DemoStory, root: Path) -> int:
    """Let the witness, here in a thread, watch the ledger and cosign its head; return how many records that covers."""
    entry = _said(root / "ministry", "witness", "log-entry")
    logs = root / WITNESS_FOLDER / LOGS_FILE
    write_atomically(logs, logs.read_text("utf-8") + entry)
    station, session = story.ministry.station, story.ministry.session
    key = checkpoint_signer(session, station.exchange)
    if key is None:
        raise DemoFailedError("The demo stopped: its ministry has no key for checkpoints. Report this as a defect.")
    with contextlib.closing(Session({"ORTOO_HOME": str(root / WITNESS_FOLDER)})) as at_witness:
        witness = build_witness(at_witness, open_witness(at_witness), _nobody_listens)
        with answering(witness, "0", _stop) as address:
            signed = sign_checkpoints(station, key, [f"http://{address}"], session.keep(open_signing_lease))
    if signed.problems:
        raise DemoFailedError(f"The demo stopped: {next(iter(signed.problems.values()))}")
    return signed.pair.size


def _verified(home: Path, bundle: str, trust: str) -> Any:
    found = json.loads(_said(home, "--json", "verify", bundle, "--trust", trust))
    if found["verdict"] != "valid":
        raise DemoFailedError(f"The demo stopped: its own bundle is {found['verdict']} ({found['detail']}). Report this.")
    return found


def _said(home: Path, *words: str) -> str:
    """Run a command in a home as somebody would who types it, and return its answer."""
    answer, notes = io.StringIO(), io.StringIO()
    with (
        contextlib.closing(Session({"ORTOO_HOME": str(home)})) as session,
        contextlib.redirect_stdout(answer),
        contextlib.redirect_stderr(notes),
    ):
        ortoo.main(list(words), prog_name="ortoo", standalone_mode=False, obj=session)
    return answer.getvalue()


def _nobody_listens(_: Event) -> None:
    """The demo tells what came of it by itself."""


def _stop(error: Exception) -> None:
    raise DemoFailedError(f"The demo stopped: its witness failed ({error}). Run it again.") from error
