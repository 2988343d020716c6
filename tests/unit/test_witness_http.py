"""A witness over HTTP: its statuses, its limits, and a client whom no witness can hold up, lie to or mislead."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters import witness_server
from adapters.witness import REQUEST_LIMIT_BYTES, request_body
from adapters.witness_client import Gathered, ToCosign, gather_cosignatures
from adapters.witness_errors import (
    WitnessAddressError,
    WitnessAnswerError,
    WitnessContradictsError,
    WitnessForgotError,
    WitnessRefusedError,
    WitnessUnreachableError,
    WitnessUrlError,
)
from adapters.witness_server import answering
from domain.cosignatures import cosignatures
from domain.notes import Note, parse_note
from tests.checkpoint_keys import AT_S, SeededWitness
from tests.witnessed_logs import ORIGIN, GrownLog, TestWitness

LOG = GrownLog(20)
FORK = GrownLog(20, story="other ", parts_at=6)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


@pytest.fixture
def made(tmp_path: Path, stack: ExitStack) -> TestWitness:
    return open_witness(stack, tmp_path)


@pytest.fixture
def address(made: TestWitness, stack: ExitStack) -> str:
    return served(stack, made)


def open_witness(stack: ExitStack, folder: Path, seed: int = 7) -> TestWitness:
    witness = TestWitness(folder, key=SeededWitness(seed))
    stack.callback(witness.memory.close)
    return witness


def served(stack: ExitStack, made: TestWitness) -> str:
    failures: list[Exception] = []
    address = stack.enter_context(answering(made.witness, "0", failures.append))
    made.failures = failures  # type: ignore[attr-defined]
    return address


def url_of(address: str) -> str:
    return f"http://{address}"


def post(address: str, body: bytes, path: str = "/add-checkpoint", **headers: str) -> tuple[int, str, bytes]:
    """Return status, type and body of an answer."""
    connection = http.client.HTTPConnection(address, timeout=10)
    with contextlib.closing(connection):
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["Content-Type"], answer.read()


def wanted(size: int, *, since: int = 0, log: GrownLog = LOG, known: tuple[SeededWitness, ...] = (SeededWitness(7),)) -> ToCosign:
    return ToCosign(
        note=log.note(size),
        size=size,
        proof_from=lambda old: log.proof(old, size),
        known=tuple(witness.key for witness in known),
        since=since,
    )


def names(gathered: Gathered, log: GrownLog = LOG, size: int = 8) -> list[str]:
    lines = Note(text=log.note(size).text, lines=gathered.lines)
    return [one.name for one in cosignatures(lines, [SeededWitness(seed).key for seed in (7, 8, 9)])]


def problem(gathered: Gathered) -> Exception:
    assert gathered.lines == ()
    (found,) = gathered.problems.values()
    return found


def test_each_outcome_has_the_status_of_the_specification(made: TestWitness, address: str) -> None:
    assert post(address, LOG.request(0, 4))[:2] == (200, "text/plain; charset=utf-8")
    assert post(address, LOG.request(0, 5)) == (409, "text/x.tlog.size", b"4\n")
    assert post(address, request_body(4, (), FORK.note(4)))[0] == 200  # the fork parts later: it is the same head
    assert post(address, LOG.request(4, 8))[0] == 200
    assert post(address, request_body(8, (), FORK.note(8))) == (409, "text/x.tlog.size", b"8\n")
    assert post(address, request_body(8, (), LOG.note(9)))[0] == 422
    assert post(address, GrownLog(4, origin="letters/other").request(0, 4))[0] == 404
    assert post(address, b"old 0\n\nnonsense")[0] == 400
    assert post(address, LOG.request(0, 4), path="/elsewhere")[0] == 404
    assert made.memory.heads()[0].size == 8


def test_requests_follow_each_other_on_one_connection(address: str) -> None:
    connection = http.client.HTTPConnection(address, timeout=10)
    with contextlib.closing(connection):
        for old, new in ((0, 4), (4, 4), (4, 9)):
            connection.request("POST", "/add-checkpoint", LOG.request(old, new))
            answer = connection.getresponse()
            assert (answer.status, answer.will_close) == (200, False)
            answer.read()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (f"Content-Length: {REQUEST_LIMIT_BYTES + 1}", b"413"),
        ("Content-Length: 99999999999999999999", b"411"),
        ("Content-Length: -1", b"411"),
        ("Content-Length: 4\r\nContent-Length: 5", b"411"),
        ("Content-Length: 4\r\nTransfer-Encoding: chunked", b"411"),
        ("Transfer-Encoding: chunked", b"411"),
        ("X: 1", b"411"),
    ],
)
def test_a_request_whose_end_is_not_plain_is_refused_unread(address: str, head: str, status: bytes) -> None:
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as asking:
        asking.sendall(f"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        answer = b""
        while piece := asking.recv(4096):
            answer += piece
    assert answer.split()[1] == status
    assert b"Connection: close" in answer


def test_who_speaks_slowly_is_hung_up_on(made: TestWitness, stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness_server, "CONNECTION_LIMIT_S", 0.5)
    host, _, port = served(stack, made).rpartition(":")
    began = time.monotonic()
    with socket.create_connection((host, int(port)), timeout=10) as asking:
        with contextlib.suppress(OSError):
            for letter in b"POST /add-checkpoint HTTP/1.1\r\n" * 10:
                asking.sendall(bytes([letter]))
                time.sleep(0.05)
        assert time.monotonic() - began < 10


def test_a_request_that_ends_early_is_not_taken(made: TestWitness, address: str) -> None:
    host, _, port = address.rpartition(":")
    body = LOG.request(0, 4)
    with socket.create_connection((host, int(port)), timeout=10) as asking:
        asking.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:-1])
        asking.shutdown(socket.SHUT_WR)
        assert asking.recv(4096) == b""
    assert made.memory.heads() == ()


def test_many_who_ask_at_once_wait_or_are_turned_away_and_nothing_breaks(address: str) -> None:
    host, _, port = address.rpartition(":")
    with ExitStack() as silent:
        for _ in range(witness_server.ASKERS_LIMIT):
            silent.enter_context(contextlib.closing(socket.create_connection((host, int(port)))))
        with pytest.raises(OSError, match=r".*"):
            post(address, LOG.request(0, 4))
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            assert post(address, LOG.request(0, 4))[0] == 200
            return
        time.sleep(0.05)
    pytest.fail("nobody is answered any more")


def test_what_is_being_answered_when_it_is_told_to_stop_is_finished(made: TestWitness) -> None:
    begun, answers = threading.Event(), []

    def slowly(text: str, at_s: int) -> bytes:
        begun.set()
        time.sleep(0.3)
        return made.sign(text, at_s)

    made.witness._cosign = slowly
    with answering(made.witness, "0", lambda _: None) as address:
        asking = threading.Thread(target=lambda: answers.append(post(address, LOG.request(0, 4))[0]))
        asking.start()
        assert begun.wait(10)
    asking.join(10)
    assert answers == [200]


def test_what_is_wrong_with_the_machine_is_told_to_its_owner_only(made: TestWitness, address: str) -> None:
    made.file.unlink()
    status, _, body = post(address, LOG.request(0, 4))
    assert (status, body) == (500, b"This witness cannot cosign now.\n")
    (failure,) = made.failures  # type: ignore[attr-defined]
    assert "deleted" in str(failure)


def test_an_address_that_cannot_be_listened_on_is_told(made: TestWitness, address: str) -> None:
    for wrong, why in (("no such port", "names no port"), (address, "in use")):
        with pytest.raises(WitnessAddressError, match=why), answering(made.witness, wrong, lambda _: None):
            pass


def test_all_witnesses_are_asked_and_each_problem_is_told(tmp_path: Path, stack: ExitStack) -> None:
    honest = [served(stack, open_witness(stack, tmp_path / str(seed), seed)) for seed in (7, 8)]
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        urls = [*map(url_of, honest), f"http://127.0.0.1:{nobody.getsockname()[1]}", "ftp://x", "http://u:p@h", "http://h:port"]
        urls += ["http://[", "http://a..b", f"http://{'a' * 70}.example", ""]
        gathered = gather_cosignatures(urls, wanted(8, known=(SeededWitness(7), SeededWitness(8))))
    assert names(gathered) == ["witness.example/w7", "witness.example/w8"]
    unreachable, *others = [type(gathered.problems.get(url)) for url in urls[2:]]
    assert unreachable is WitnessUnreachableError
    assert set(others) == {WitnessUrlError}


def test_a_witness_that_stands_elsewhere_is_asked_from_there(made: TestWitness, address: str) -> None:
    made.witness.add_checkpoint(LOG.request(0, 5))
    assert names(gather_cosignatures([url_of(address)], wanted(8))) == ["witness.example/w7"]
    assert names(gather_cosignatures([url_of(address)], wanted(12, since=8)), size=12) == ["witness.example/w7"]
    assert names(gather_cosignatures([url_of(address)], wanted(12, since=8)), size=12) == ["witness.example/w7"]


def test_a_witness_that_passes_on_anothers_line_spoils_no_note(tmp_path: Path, stack: ExitStack) -> None:
    later = SeededWitness(7).cosigned(LOG.note(8), AT_S + 9).lines[-1].encoded().encode()
    bad = impostor(stack, lambda handler: plain(handler, 200, LINE_OF_EIGHT + later))
    seven = served(stack, open_witness(stack, tmp_path / "7"))
    known = (SeededWitness(7), SeededWitness(8))
    gathered = gather_cosignatures([bad, url_of(seven), url_of(seven) + "/"], wanted(8, known=known))
    keys = [(line.name, line.key_id) for line in gathered.lines]
    assert sorted(name for name, _ in keys) == ["witness.example/w7", "witness.example/w8"]
    note = Note(text=LOG.note(8).text, lines=(*LOG.note(8).lines, *gathered.lines))
    assert parse_note(note.encoded()) == note


def test_a_prefix_of_the_address_is_kept(stack: ExitStack) -> None:
    paths: list[str] = []

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        paths.append(handler.path)
        plain(handler, 404, b"")

    gather_cosignatures([f"{impostor(stack, answer)}/uz/1/"], wanted(8))
    assert paths == ["/uz/1/add-checkpoint"]


@pytest.mark.parametrize("size", [8, 12])
def test_a_fork_is_told_by_the_witness_that_has_seen_the_other_side(made: TestWitness, address: str, size: int) -> None:
    made.witness.add_checkpoint(LOG.request(0, 8))
    found = problem(gather_cosignatures([url_of(address)], wanted(size, log=FORK)))
    assert isinstance(found, WitnessContradictsError)
    assert found.size == 8


def test_a_ledger_that_lost_its_end_is_told_by_its_witness(made: TestWitness, address: str) -> None:
    made.witness.add_checkpoint(LOG.request(0, 12))
    found = problem(gather_cosignatures([url_of(address)], wanted(8)))
    assert (type(found), getattr(found, "size", None)) == (WitnessContradictsError, 12)


def test_a_witness_rolled_back_cosigns_and_is_told_of(made: TestWitness, address: str) -> None:
    made.witness.add_checkpoint(LOG.request(0, 5))
    asked = replace(wanted(12, since=8), cosigners=frozenset({"witness.example/w7"}))
    gathered = gather_cosignatures([url_of(address)], asked)
    assert names(gathered, size=12) == ["witness.example/w7"]
    (found,) = gathered.problems.values()
    assert isinstance(found, WitnessForgotError)
    assert "had cosigned size 8 and says that it holds size 5" in str(found)


def test_a_witness_that_was_not_told_or_does_not_know_the_log_says_so(made: TestWitness, address: str) -> None:
    other = GrownLog(9, origin="letters/other")
    assert isinstance(problem(gather_cosignatures([url_of(address)], wanted(8, log=other))), WitnessRefusedError)
    made.memory._connection.execute("UPDATE facts SET value = 0 WHERE name = 'complete'")
    found = problem(gather_cosignatures([url_of(address)], wanted(8)))
    assert "HTTP 503: This witness has lost what it remembered" in str(found)


def test_a_key_that_is_not_known_signs_for_nobody(address: str) -> None:
    found = problem(gather_cosignatures([url_of(address)], wanted(8, known=(SeededWitness(8),))))
    assert isinstance(found, WitnessAnswerError)


def plain(handler: http.server.BaseHTTPRequestHandler, status: int, body: bytes, kind: str = "text/plain") -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.end_headers()
    with contextlib.suppress(OSError):
        handler.wfile.write(body)


def impostor(stack: ExitStack, answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> str:
    """Start what answers as it likes, and return its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            answer(self)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}"


def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    with contextlib.suppress(OSError):
        for _ in range(200):
            handler.wfile.write(b"x")
            time.sleep(0.05)


LINE = SeededWitness(7).cosigned(LOG.note(8)).lines[-1].encoded().encode()
LINE_OF_EIGHT = SeededWitness(8).cosigned(LOG.note(8)).lines[-1].encoded().encode()
LINE_OVER_NINE = SeededWitness(7).cosigned(LOG.note(9)).lines[-1].encoded().encode()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(lambda h: plain(h, 200, LINE_OVER_NINE), WitnessAnswerError, id="a cosignature of another head"),
        pytest.param(lambda h: plain(h, 200, LINE + LINE), WitnessAnswerError, id="a line twice"),
        pytest.param(lambda h: plain(h, 200, LINE[:-1]), WitnessAnswerError, id="half a line"),
        pytest.param(lambda h: plain(h, 200, b""), WitnessAnswerError, id="nothing"),
        pytest.param(lambda h: plain(h, 200, b"\xff\x00" * 100), WitnessAnswerError, id="no text"),
        pytest.param(lambda h: plain(h, 200, b"x" * (REQUEST_LIMIT_BYTES * 2)), WitnessAnswerError, id="without end"),
        pytest.param(lambda h: plain(h, 409, b"0\n"), WitnessAnswerError, id="a conflict of another type"),
        pytest.param(lambda h: plain(h, 409, b"many\n", "text/x.tlog.size"), WitnessAnswerError, id="a conflict without size"),
        pytest.param(lambda h: plain(h, 409, b"3\n", "text/x.tlog.size"), WitnessContradictsError, id="a conflict for ever"),
        pytest.param(lambda h: plain(h, 409, b"9" * 19 + b"\n", "text/x.tlog.size"), WitnessContradictsError, id="a huge size"),
        pytest.param(lambda h: plain(h, 302, b""), WitnessRefusedError, id="somewhere else"),
        pytest.param(lambda h: plain(h, 200, LINE), None, id="an honest one"),
        pytest.param(lambda h: h.wfile.write(b"SSH-2.0\r\n" * 10), WitnessUnreachableError, id="another protocol"),
        pytest.param(lambda h: h.connection.close(), WitnessUnreachableError, id="it hangs up"),
        pytest.param(drip, WitnessUnreachableError, id="it drips"),
        pytest.param(lambda _: time.sleep(6), WitnessUnreachableError, id="it is silent"),
    ],
)
def test_a_hostile_answer_is_told_and_holds_up_nobody(
    made: TestWitness, address: str, stack: ExitStack, answer: Callable[[Any], None], expected: type[Exception] | None
) -> None:
    del made
    bad = impostor(stack, answer)
    began = time.monotonic()
    known = (SeededWitness(7), SeededWitness(8))
    gathered = gather_cosignatures([bad, url_of(address)], wanted(8, known=known), limit_s=3.0)
    assert time.monotonic() - began < 20
    assert names(gathered) == ["witness.example/w7"]
    assert type(gathered.problems.get(bad)) is (type(None) if expected is None else expected)


def test_the_time_of_a_cosignature_is_that_of_the_witness(address: str) -> None:
    gathered = gather_cosignatures([url_of(address)], wanted(8))
    (line,) = gathered.lines
    (found,) = cosignatures(Note(text=LOG.note(8).text, lines=(line,)), [SeededWitness(7).key])
    assert (found.at_s, ORIGIN in LOG.note(8).text) == (AT_S, True)
