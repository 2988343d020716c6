"""A witness killed at any moment: what anybody ever got cosigned is remembered, so that no second history is."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import pytest

from adapters import witness_memory
from adapters.witness_client import ToCosign, gather_cosignatures
from adapters.witness_errors import CheckpointRefusedError, HeadMovedError, WitnessError
from adapters.witness_memory import WitnessMemory
from adapters.witness_server import answering
from domain.cosignatures import cosignatures
from domain.ids import Digest
from domain.notes import Note
from tests.checkpoint_keys import SeededWitness
from tests.submitting_process import context
from tests.witnessed_logs import GrownLog, TestWitness

LONGER: Final = int(os.environ.get("HUNT", "1"))
KILLS: Final = 6 * LONGER
LOG: Final = GrownLog(400)
FORK: Final = GrownLog(400, story="other ", parts_at=1)


def dying(original: Callable[..., object], *, is_done: bool) -> Callable[..., object]:
    """Return a call that is the last thing that its process does: after it, or instead of it."""

    def call(*given: object, **named: object) -> object:
        if is_done:
            original(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    return call


def answer_and_die(folder: Path, moment: str) -> None:
    """Take one request and die at a moment of it; what a child's process runs."""
    made = TestWitness(folder)
    if moment == "written, not committed":
        WitnessMemory._put = dying(WitnessMemory._put, is_done=True)  # type: ignore[method-assign, assignment]
    elif moment == "committed, not marked":
        witness_memory._write_mark = dying(witness_memory._write_mark, is_done=False)  # type: ignore[assignment]
    elif moment == "marked, not signed":
        made.witness._cosign = dying(made.sign, is_done=False)  # type: ignore[assignment]
    else:
        made.witness._cosign = dying(made.sign, is_done=True)  # type: ignore[assignment]
    made.witness.add_checkpoint(LOG.request(0, 8))


@pytest.mark.parametrize(
    ("moment", "is_remembered"),
    [
        ("written, not committed", False),
        ("committed, not marked", True),
        ("marked, not signed", True),
        ("signed, not answered", True),
    ],
)
def test_a_witness_killed_before_it_answers_never_signs_the_other_history(
    tmp_path: Path, moment: str, *, is_remembered: bool
) -> None:
    TestWitness(tmp_path).memory.close()
    child = context().Process(target=answer_and_die, args=(tmp_path, moment))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    made = TestWitness(tmp_path)
    held = made.memory.heads()
    assert [head.size for head in held] == ([8] if is_remembered else [])
    if is_remembered:
        with pytest.raises(HeadMovedError):
            made.witness.add_checkpoint(FORK.request(0, 8))
        with pytest.raises(CheckpointRefusedError):
            made.witness.add_checkpoint(FORK.request(8, 9))
        made.witness.add_checkpoint(LOG.request(8, 8))
        # What is seen now counts from now on, though the kill came before it was marked.
        assert made.mark.read_text() == "1\n"
    made.witness.add_checkpoint((LOG if is_remembered else FORK).request(len(held) * 8, 9))
    made.memory.close()


def serve(folder: Path, ready: Connection) -> None:
    """Answer until killed; what a child's process runs."""
    made = TestWitness(folder)
    with answering(made.witness, "0", lambda _: None) as address:
        ready.send(address)
        threading.Event().wait()


def proof_to(log: GrownLog, size: int, old: int) -> tuple[Digest, ...]:
    return log.proof(old, size)


def ask_until_silent(address: str, log: GrownLog, got: list[tuple[GrownLog, int]], begin: int) -> None:
    """Ask for one head after the other, until nobody answers."""
    key = SeededWitness(7).key
    for size in range(begin, 400):
        wanted = ToCosign(note=log.note(size), size=size, proof_from=partial(proof_to, log, size), known=(key,), since=size - 1)
        found = gather_cosignatures([f"http://{address}"], wanted, limit_s=5)
        if found.lines and cosignatures(Note(text=wanted.note.text, lines=found.lines), [key]):
            got.append((log, size))
        elif any("does not answer" in str(problem) for problem in found.problems.values()):
            return
        else:
            assert all(isinstance(problem, WitnessError) for problem in found.problems.values())


def test_whatever_was_cosigned_before_a_kill_belongs_to_one_history(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    TestWitness(tmp_path).memory.close()
    chance, got = random.Random(5), list[tuple[GrownLog, int]]()
    begin = 2
    for _ in range(KILLS):
        hears, says = multiprocessing.Pipe(duplex=False)
        child = context().Process(target=serve, args=(tmp_path, says))
        child.start()
        assert hears.poll(60)
        address = hears.recv()
        asking = [threading.Thread(target=ask_until_silent, args=(address, log, got, begin)) for log in (LOG, FORK)]
        for one in asking:
            one.start()
        threading.Event().wait(chance.uniform(0.05, 0.5))
        child.kill()
        child.join(60)
        for one in asking:
            one.join(60)
        made = TestWitness(tmp_path)
        held = made.memory.heads()
        made.memory.close()
        begin = held[0].size + 1 if held else 2
    assert got
    (history,) = {id(log): log for log, _ in got}.values()
    assert max(size for _, size in got) <= held[0].size
    assert held[0].root == history.root(held[0].size)
    record_property("kills of a witness survived", KILLS)
    record_property("heads cosigned between them", len(got))
