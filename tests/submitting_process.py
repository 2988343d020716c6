"""A process that submits frozen letters and can die by `kill -9` at a named moment, to be run as a child of a test.

Everything in it is as in the command: a home, a station of real parts, the same submission repeated after a death. Only the
moment of death is put in from outside.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from adapters.clock import system_clock_ms
from adapters.correspondence import dispatched
from adapters.keyring import OfficerSigner
from adapters.signers import KeySigner, signer_of
from adapters.station import Station
from adapters.submitting import Deposited
from adapters.travelling_drafts import store_travelling
from cli.dispatching import frozen_in
from cli.wiring import StationPlan, build_station
from domain.ids import Digest, OfficerId

WINDOWS: Final = {
    "signed, not queued": ("queue", "add", False),
    "documents published, not appended": ("ledger", "append_all", False),
    "appended, not read back": ("ledger", "append_all", True),
    "judged, not noted": ("queue", "finish", False),
}
"""Moments to die at: a part of the station, its call, and whether the call is done."""
WAIT_S: Final = 60.0
PATIENCE_S: Final = 120.0
POLL_S: Final = 0.02
PRELOADED: Final = ("tests.submitting_process", "tests.commanding_process", "cli.letters", "cli.approvals", "cli.mandates")


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What a child does: submit the letters of these drafts, one after the other, and die at a window of the last one.

    It writes the outcome of each, as far as it comes, as a line of `told`; `window` None: it lives.
    """

    home: Path
    location: str
    identity: bytes
    station: str | None
    officer: str
    certificate: bytes
    key: bytes
    drafts: tuple[Path, ...]
    told: Path
    window: str | None


def context() -> ForkServerContext:
    """Return where children come from: a server without threads that has everything loaded, and what pytest itself loads."""
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([*PRELOADED, "pytest"])
    return made


def ended(target: Callable[[Any, Event], None], task: object, *, killed_after_s: float | None = None) -> int:
    """Run a task in a process of its own, kill it so long after it is ready, if at all, and return how it ended."""
    ready = context().Event()
    child = context().Process(target=target, args=(task, ready))
    child.start()
    if killed_after_s is not None:
        while child.is_alive() and not ready.wait(POLL_S):
            pass
        time.sleep(killed_after_s)
        child.kill()
    child.join(PATIENCE_S)
    assert child.exitcode is not None, "the child hangs"
    return child.exitcode


def key_bytes(signer: OfficerSigner) -> bytes:
    """Return an officer's private key as bytes that a child can be given."""
    assert isinstance(signer.signer, KeySigner)
    return signer.signer.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def submit(task: Task, ready: Event) -> None:
    """Do a task: what a child's process runs; `ready` is set just before the last letter."""
    station = _station(task)
    key = load_der_private_key(task.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signer = OfficerSigner(officer=OfficerId(task.officer), certificate=Digest(task.certificate), signer=signer_of(key))
    station.catch_up()
    for draft in task.drafts:
        if draft is task.drafts[-1]:
            if task.window is not None:
                _die_at(station, task.window)
            ready.set()
        travelling = frozen_in(draft)
        assert travelling is not None
        store_travelling(station.parts.documents.own, travelling)
        (outcome,) = station.submit([dispatched(travelling, (signer,))], wait_s=WAIT_S)
        _tell(task.told, draft, outcome)
    station.close()


def _station(task: Task) -> Station:
    return build_station(
        StationPlan(
            home=task.home,
            location=task.location,
            identity=Digest(task.identity),
            station=task.station,
            store_url=f"sqlite:///{task.home / 'store.sqlite'}",
            passphrase=lambda _: b"",
            now_ms=system_clock_ms,
        )
    )


def _die_at(station: Station, window: str) -> None:
    part, call, done = WINDOWS[window]
    of = {"queue": station.parts.queue, "ledger": station.parts.ledger}[part]
    setattr(of, call, dying(getattr(of, call), done=done))


def dying(call: Callable[..., Any], *, done: bool, spared: int = 0) -> Callable[..., Any]:
    """Return a call at which its process dies: before it is done or after; the first few times it is `spared`."""
    lives = itertools.repeat(None, spared)

    def die(*values: Any, **named: Any) -> Any:
        if next(lives, call) is None:
            return call(*values, **named)
        if done:
            # Appending goes on as long as somebody asks for the next position.
            tuple(call(*values, **named) or ())
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    return die


def _tell(told: Path, draft: Path, outcome: Any) -> None:
    verdict = outcome.verdict if isinstance(outcome, Deposited) else None
    line = {
        "draft": draft.name,
        "identity": outcome.identity.hex(),
        "position": verdict.position if verdict else None,
        "serial": verdict.number.serial if verdict and verdict.number else None,
    }
    with told.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
