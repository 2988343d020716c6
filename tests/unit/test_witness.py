"""A witness cosigns what continues what it cosigned before, and nothing else (C2SP tlog-witness)."""

from __future__ import annotations

import base64
import shutil
import threading
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from adapters.witness import Cosigned, Forked, Refused, parse_request, request_body
from adapters.witness_errors import (
    CheckpointRefusedError,
    HeadMovedError,
    LogNotToldError,
    WitnessEvidenceError,
    WitnessMemoryError,
    WitnessMemoryLostError,
)
from adapters.witness_memory import WitnessMemory, create_memory
from domain.cosignatures import cosignatures
from domain.forks import parse_fork, verify_fork
from domain.ids import sha256
from domain.notes import Note, parse_signature_lines
from domain.tree import EMPTY_ROOT
from tests.checkpoint_keys import AT_S, SeededOperator
from tests.witnessed_logs import ORIGIN, GrownLog, TestWitness

LOG = GrownLog(20)
FORK = GrownLog(20, story="other ", parts_at=6)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[TestWitness]:
    witness = TestWitness(tmp_path)
    yield witness
    witness.memory.close()


def refused(made: TestWitness, body: bytes) -> HTTPStatus:
    """Return the status with which a request is refused."""
    with pytest.raises(CheckpointRefusedError) as caught:
        made.witness.add_checkpoint(body)
    return caught.value.status


def held(made: TestWitness, body: bytes) -> int:
    """Return the size that a witness says it holds when it does not take a request."""
    with pytest.raises(HeadMovedError) as caught:
        made.witness.add_checkpoint(body)
    return caught.value.size


def test_every_head_that_continues_the_last_is_cosigned(made: TestWitness) -> None:
    for old, new in ((0, 4), (4, 5), (5, 5), (5, 20)):
        lines = parse_signature_lines(made.witness.add_checkpoint(LOG.request(old, new)))
        (found,) = cosignatures(Note(text=LOG.note(new).text, lines=lines), [made.key.key])
        assert (found.name, found.at_s) == (made.key.key.name, AT_S)
    assert made.events == [Cosigned(origin=ORIGIN, size=size) for size in (4, 5, 5, 20)]
    (head,) = made.memory.heads()
    assert (head.size, head.root) == (20, LOG.root(20))


def test_the_newest_note_sent_again_is_cosigned_anew_and_writes_nothing(tmp_path: Path) -> None:
    times = iter((AT_S, AT_S + 60))
    made = TestWitness(tmp_path, now_s=lambda: next(times))
    made.witness.add_checkpoint(LOG.request(0, 5))
    lines = parse_signature_lines(made.witness.add_checkpoint(LOG.request(5, 5)))
    (found,) = cosignatures(Note(text=LOG.note(5).text, lines=lines), [made.key.key])
    assert (found.at_s, made.memory.heads()[0].at_s, made.mark.read_text()) == (AT_S + 60, AT_S, "1\n")
    made.memory.close()


def test_a_size_that_is_not_the_last_is_told_which_is(made: TestWitness) -> None:
    assert held(made, LOG.request(3, 4)) == 0
    made.witness.add_checkpoint(LOG.request(0, 5))
    assert held(made, LOG.request(0, 6)) == 5
    assert held(made, LOG.request(4, 6)) == 5
    assert held(made, LOG.request(0, 4)) == 5
    assert made.events[-1] == Refused(status=HTTPStatus.CONFLICT, why=str(HeadMovedError(ORIGIN, 5)), origin=ORIGIN)


def test_a_fork_shown_to_the_witness_is_refused_and_kept_as_evidence(made: TestWitness) -> None:
    honest, forked = LOG.note(8), FORK.note(8)
    made.witness.add_checkpoint(request_body(0, (), honest))
    assert held(made, request_body(8, (), forked)) == 8
    assert held(made, request_body(8, (), forked)) == 8
    # Anybody can verify the evidence, from the two notes alone.
    (file,) = made.evidence.found()
    fork = parse_fork(file.read_bytes())
    assert (fork.held, fork.claimed) == (honest, forked)
    assert verify_fork(fork)[1].root == LOG.root(8)
    assert made.events[1] == Forked(origin=ORIGIN, size=8)
    # It goes on with the history that it had seen, and with no other.
    assert refused(made, FORK.request(8, 12)) is HTTPStatus.UNPROCESSABLE_ENTITY
    assert made.witness.add_checkpoint(LOG.request(8, 12))


def test_evidence_that_cannot_be_kept_is_told_and_nothing_is_cosigned(made: TestWitness) -> None:
    made.witness.add_checkpoint(LOG.request(0, 8))
    (made.folder / "forks").write_text("in the way")
    with pytest.raises(WitnessEvidenceError, match="could not be kept"):
        made.witness.add_checkpoint(request_body(8, (), FORK.note(8)))


def test_a_fork_is_refused_though_the_key_under_the_older_note_is_watched_no_more(made: TestWitness) -> None:
    made.witness.add_checkpoint(LOG.request(0, 8))
    newer = SeededOperator(2)
    made.witness._watched = {ORIGIN: (newer.public,)}
    assert held(made, request_body(8, (), FORK.note(8, newer))) == 8
    assert made.evidence.found() == ()
    # The same history goes on under the newer key.
    assert made.witness.add_checkpoint(request_body(8, LOG.proof(8, 9), LOG.note(9, newer)))


def test_a_log_rolled_back_is_refused(made: TestWitness) -> None:
    made.witness.add_checkpoint(LOG.request(0, 12))
    assert held(made, LOG.request(0, 8)) == 12
    assert held(made, LOG.request(8, 8)) == 12


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(request_body(4, LOG.proof(4, 9)[:-1], LOG.note(9)), 422, id="a proof cut short"),
        pytest.param(request_body(4, (*LOG.proof(4, 9), EMPTY_ROOT), LOG.note(9)), 422, id="a proof too long"),
        pytest.param(request_body(4, (EMPTY_ROOT,) * 63, LOG.note(9)), 422, id="the longest proof"),
        pytest.param(request_body(4, FORK.proof(4, 9), FORK.note(9)) + b"", None, id="an honest one"),
        pytest.param(request_body(4, LOG.proof(4, 9), FORK.note(9)), 422, id="a proof of another tree"),
        pytest.param(request_body(4, (), LOG.note(9)), 422, id="no proof"),
        pytest.param(request_body(9, (), LOG.note(8)), 400, id="an old size above the new"),
        pytest.param(request_body(4, (), GrownLog(9, origin="letters/other").note(9)), 404, id="an unknown log"),
        pytest.param(request_body(4, (), LOG.note(9, SeededOperator(2))), 403, id="another operator"),
    ],
)
def test_what_is_wrong_with_a_request_has_its_status(made: TestWitness, body: bytes, status: int | None) -> None:
    made.witness.add_checkpoint(LOG.request(0, 4))
    if status is None:
        assert made.witness.add_checkpoint(body)
        return
    assert refused(made, body) == status
    assert made.memory.heads()[0].size == 4


def test_an_elliptic_curve_forger_who_leaves_out_the_ml_dsa_line_is_refused(made: TestWitness) -> None:
    note = LOG.note(4)
    for line in note.lines:
        assert refused(made, request_body(0, (), Note(text=note.text, lines=(line,)))) is HTTPStatus.FORBIDDEN
    forged = [Note(text=note.text, lines=(note.lines[0], FORK.note(8).lines[1])), Note(text=note.text, lines=FORK.note(8).lines)]
    for one in forged:
        assert refused(made, request_body(0, (), one)) is HTTPStatus.FORBIDDEN
    assert made.memory.heads() == ()


def test_the_first_head_of_a_log_needs_no_proof_and_takes_none(made: TestWitness) -> None:
    assert refused(made, request_body(0, (EMPTY_ROOT,), LOG.note(4))) is HTTPStatus.UNPROCESSABLE_ENTITY
    assert made.witness.add_checkpoint(LOG.request(0, 0))
    assert made.witness.add_checkpoint(LOG.request(0, 4))


HONEST = LOG.request(4, 9)
OLD, *PROOF = HONEST.partition(b"\n\n")[0].split(b"\n")
NOTE = LOG.note(9).encoded()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\n\n", id="empty lines"),
        pytest.param(NOTE, id="a note alone"),
        pytest.param(HONEST[:-1], id="no last line feed"),
        pytest.param(HONEST.replace(b"old 4", b"old 04"), id="a leading zero"),
        pytest.param(HONEST.replace(b"old 4", b"old  4"), id="two spaces"),
        pytest.param(HONEST.replace(b"old 4", b"old +4"), id="a sign"),
        pytest.param(HONEST.replace(b"old 4", b"old -1"), id="a negative size"),
        pytest.param(HONEST.replace(b"old 4", b"OLD 4"), id="capital letters"),
        pytest.param(HONEST.replace(b"old 4", "old ٤".encode()), id="other digits"),
        pytest.param(HONEST.replace(b"old 4", b"old 9223372036854775808"), id="a size beyond 63 bits"),
        pytest.param(HONEST.replace(b"old 4\n", b"old 4\r\n"), id="a carriage return"),
        pytest.param(b"\n".join([OLD, PROOF[0], b"", b"", NOTE]), id="an empty line more"),
        pytest.param(b"\n".join([OLD, PROOF[0][:-1], b"", NOTE]), id="base64 without its end"),
        pytest.param(b"\n".join([OLD, PROOF[0] + b"=", b"", NOTE]), id="base64 with more padding"),
        pytest.param(b"\n".join([OLD, base64.b64encode(bytes(31)), b"", NOTE]), id="a hash too short"),
        pytest.param(b"\n".join([OLD, base64.b64encode(bytes(33)), b"", NOTE]), id="a hash too long"),
        pytest.param(b"\n".join([OLD, *[PROOF[0]] * 64, b"", NOTE]), id="64 lines of proof"),
        pytest.param(HONEST.replace(ORIGIN.encode() + b"\n9\n", ORIGIN.encode() + b"\n09\n"), id="a checkpoint that is none"),
        pytest.param(HONEST + "— x AAAA\n".encode(), id="a line that is no signature"),
        pytest.param(HONEST + NOTE.splitlines(keepends=True)[-1], id="a line twice"),
    ],
)
def test_a_malformed_request_is_told_so(made: TestWitness, body: bytes) -> None:
    assert refused(made, body) is HTTPStatus.BAD_REQUEST


def test_a_request_is_read_as_it_was_written() -> None:
    asked = parse_request(HONEST)
    assert request_body(asked.old_size, asked.proof, asked.note) == HONEST


def test_of_two_heads_that_contradict_each_other_at_once_one_is_cosigned(tmp_path: Path) -> None:
    made = TestWitness(tmp_path)
    other = TestWitness(tmp_path)
    for size in range(7, 19):
        old = size - 1 if size > 7 else 0
        # Whichever history came first is the one that goes on; the fork parts at 6.
        log = LOG if size == 7 or made.memory.heads()[0].root == LOG.root(old) else FORK
        bodies = [log.request(old, size), request_body(old, log.proof(old, size), (FORK if log is LOG else LOG).note(size))]
        if size == 7:
            bodies = [LOG.request(0, 7), FORK.request(0, 7)]
        answers: list[bytes | Exception] = []
        start = threading.Barrier(4)

        def ask(
            witness: TestWitness, body: bytes, start: threading.Barrier = start, to: list[bytes | Exception] = answers
        ) -> None:
            start.wait()
            try:
                to.append(witness.witness.add_checkpoint(body))
            except (CheckpointRefusedError, HeadMovedError) as error:
                to.append(error)

        threads = [threading.Thread(target=ask, args=(who, body)) for who in (made, other) for body in bodies]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        signed = {answer for answer in answers if isinstance(answer, bytes)}
        assert len(signed) == 1, answers
        assert made.memory.heads()[0].size == size
    made.memory.close()
    other.memory.close()


def test_a_head_is_on_the_disk_before_its_cosignature_is_seen(made: TestWitness) -> None:
    seen: list[int] = []

    def look(text: str, at_s: int) -> bytes:
        del text, at_s
        other = WitnessMemory(made.file, made.mark)
        seen.extend(head.size for head in other.heads())
        other.close()
        return b"line\n"

    made.witness._cosign = look
    made.witness.add_checkpoint(LOG.request(0, 4))
    assert seen == [4]
    assert made.mark.read_text() == "1\n"


def test_a_head_that_cannot_be_remembered_is_not_cosigned(made: TestWitness) -> None:
    made.memory._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(WitnessMemoryError, match="readonly"):
        made.witness.add_checkpoint(LOG.request(0, 4))
    made.memory._connection.execute("PRAGMA query_only=OFF")
    made.mark.rename(made.folder / "aside")
    made.mark.mkdir()
    with pytest.raises(WitnessMemoryError):
        made.witness.add_checkpoint(LOG.request(0, 4))
    made.mark.rmdir()
    (made.folder / "aside").rename(made.mark)
    assert made.witness.add_checkpoint(LOG.request(0, 4))
    assert made.mark.read_text() == "1\n"


def test_a_memory_that_is_gone_is_not_begun_anew(tmp_path: Path) -> None:
    made = TestWitness(tmp_path)
    made.witness.add_checkpoint(LOG.request(0, 4))
    made.memory.close()
    made.file.unlink()
    with pytest.raises(WitnessMemoryLostError, match="is not there"):
        WitnessMemory(made.file, made.mark)


def test_a_memory_put_back_from_a_copy_is_noticed(tmp_path: Path) -> None:
    made = TestWitness(tmp_path)
    made.witness.add_checkpoint(LOG.request(0, 4))
    made.memory.close()
    shutil.copy(made.file, tmp_path / "copy")
    made = TestWitness(tmp_path)
    made.witness.add_checkpoint(LOG.request(4, 8))
    made.memory.close()
    shutil.copy(tmp_path / "copy", made.file)
    with pytest.raises(WitnessMemoryLostError, match="is older than what was signed since"):
        WitnessMemory(made.file, made.mark)


def test_a_memory_exchanged_under_a_running_witness_ends_its_work(made: TestWitness, tmp_path: Path) -> None:
    made.witness.add_checkpoint(LOG.request(0, 4))
    create_memory(tmp_path / "other.sqlite", tmp_path / "other.mark")
    (tmp_path / "other.sqlite").replace(made.file)
    with pytest.raises(WitnessMemoryLostError, match="exchanged"):
        made.witness.add_checkpoint(LOG.request(4, 8))


def test_after_a_loss_every_log_is_refused_until_it_is_told(tmp_path: Path) -> None:
    made = TestWitness(tmp_path)
    made.witness.add_checkpoint(LOG.request(0, 8))
    (head,) = made.memory.heads()
    made.memory.close()
    made.file.unlink()
    create_memory(made.file, made.mark, complete=False)
    made = TestWitness(tmp_path)
    with pytest.raises(LogNotToldError):
        made.witness.add_checkpoint(FORK.request(0, 8))
    made.memory.remember(head, after=None)
    assert held(made, request_body(8, (), FORK.note(8))) == 8
    assert made.witness.add_checkpoint(LOG.request(8, 9))
    made.memory.close()


def test_a_file_of_something_else_is_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "witness.sqlite"
    file.write_bytes(sha256(b"") * 100)
    (tmp_path / "witness.mark").write_text("1\n")
    with pytest.raises(WitnessMemoryError):
        WitnessMemory(file, tmp_path / "witness.mark")
    with pytest.raises(WitnessMemoryError, match="exists"):
        create_memory(file, tmp_path / "witness.mark")
