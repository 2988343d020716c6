"""Time stamps of a real `openssl ts` authority, and what is no time stamp of it."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.posting import PostingAddressError
from adapters.timestamp_errors import (
    TimestampError,
    TimestampInvalidError,
    TimestampRefusedError,
    TimestampRootsError,
    TimestampSupportMissingError,
    TimestampUnreachableError,
)
from adapters.timestamp_tokens import TOKEN_LIMIT_BYTES, ask_for_timestamp, read_timestamp_roots, verify_timestamp
from domain.ids import Digest, sha256
from domain.stamped_heads import stamped_message
from tests.hunt.mutations import Mutator
from tests.timestamp_authority import OPENSSL, TimestampAuthority, make_authority, serving_timestamps

CHANGES = 100_000 if os.environ.get("HUNT") else 800
MESSAGE = stamped_message("letters", sha256(b"ledger"), 7, (sha256(b"records"), sha256(b"verdicts")))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimestampAuthority:
    return make_authority(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> TimestampAuthority:
    return make_authority(tmp_path_factory.mktemp("tsa") / "two")


@pytest.fixture(scope="module")
def token(authority: TimestampAuthority) -> bytes:
    return authority.stamp(MESSAGE)


def roots_of(*authorities: TimestampAuthority) -> tuple[x509.Certificate, ...]:
    return tuple(root for one in authorities for root in read_timestamp_roots(one.root))


def certificate_of(authority: TimestampAuthority) -> Digest:
    der = subprocess.run(
        [OPENSSL, "x509", "-in", "signer.pem", "-outform", "DER"], cwd=authority.folder, check=True, capture_output=True
    ).stdout
    return sha256(der)


def test_a_token_says_when_and_who(authority: TimestampAuthority, other: TimestampAuthority) -> None:
    with serving_timestamps(authority) as url:
        stamped = ask_for_timestamp(url, MESSAGE, roots_of(authority, other))
    assert abs(stamped.stamp.stamped_at - time.time() * 1000) < 60_000
    assert stamped.stamp.authority == certificate_of(authority)
    assert verify_timestamp(stamped.token, MESSAGE, roots_of(authority)) == stamped.stamp
    # Whoever has only openssl comes to the same answer.
    (authority.folder / "message").write_bytes(MESSAGE)
    (authority.folder / "stamped.tsr").write_bytes(stamped.token)
    authority.openssl("ts", "-verify", "-data", "message", "-in", "stamped.tsr", "-CAfile", "root.pem")


def test_a_token_over_something_else_is_refused(authority: TimestampAuthority, token: bytes) -> None:
    verify_timestamp(token, MESSAGE, roots_of(authority))
    with pytest.raises(TimestampInvalidError, match="Mismatch"):
        verify_timestamp(token, MESSAGE + b" ", roots_of(authority))


def test_a_token_of_an_authority_that_nobody_vouches_for_is_refused(other: TimestampAuthority, token: bytes) -> None:
    with pytest.raises(TimestampInvalidError):
        verify_timestamp(token, MESSAGE, roots_of(other))


def test_a_certificate_for_something_else_stamps_nothing(authority: TimestampAuthority, tmp_path: Path, token: bytes) -> None:
    now = datetime.now(UTC)
    wrong = make_authority(tmp_path / "wrong", purpose=ExtendedKeyUsageOID.SERVER_AUTH)
    with pytest.raises(TimestampInvalidError, match="unsuitable certificate purpose"):
        verify_timestamp(wrong.redated(token, now), MESSAGE, roots_of(wrong))
    # Signed in the same way by one whose certificate is for stamping, it verifies.
    verify_timestamp(authority.redated(token, now), MESSAGE, roots_of(authority))


def test_a_certificate_stamps_only_while_it_is_valid(authority: TimestampAuthority, token: bytes) -> None:
    for year in (2019, 2040):
        with pytest.raises(TimestampInvalidError):
            verify_timestamp(authority.redated(token, datetime(year, 1, 1, tzinfo=UTC)), MESSAGE, roots_of(authority))


@pytest.mark.parametrize("algorithm", ["sha1", "sha512"])
def test_another_imprint_is_refused(authority: TimestampAuthority, algorithm: str) -> None:
    folder = authority.folder
    (folder / "message").write_bytes(MESSAGE)
    configuration = (folder / "tsa.cnf").read_text().replace("digests = sha256", f"digests = {algorithm}")
    (folder / "tsa.cnf").write_text(configuration)
    authority.openssl("ts", "-query", "-data", "message", f"-{algorithm}", "-cert", "-out", "own.tsq")
    answer = authority.answer((folder / "own.tsq").read_bytes())
    (folder / "tsa.cnf").write_text(configuration.replace(f"digests = {algorithm}", "digests = sha256"))
    with pytest.raises(TimestampInvalidError, match="not SHA-256"):
        verify_timestamp(answer, MESSAGE, roots_of(authority))


def test_an_old_token_does_not_answer_a_new_question(authority: TimestampAuthority, token: bytes) -> None:
    with (
        answering(lambda _: (200, "application/timestamp-reply", token)) as url,
        pytest.raises(TimestampInvalidError, match="another"),
    ):
        ask_for_timestamp(url, MESSAGE, roots_of(authority))


def test_a_refusal_is_told_with_what_the_authority_says(authority: TimestampAuthority) -> None:
    def refuse(_: bytes) -> tuple[int, str, bytes]:
        return 200, "application/timestamp-reply", authority.answer(b"nonsense")

    with answering(refuse) as url, pytest.raises(TimestampRefusedError, match="status 2"):
        ask_for_timestamp(url, MESSAGE, roots_of(authority))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param((500, "text/plain", b"busy"), TimestampRefusedError, id="an error"),
        pytest.param((200, "text/html", b"log in"), TimestampRefusedError, id="a page"),
        pytest.param((200, "application/timestamp-reply", b"nonsense"), TimestampInvalidError, id="no token"),
        pytest.param((200, "application/timestamp-reply", b""), TimestampInvalidError, id="nothing"),
        pytest.param((200, "application/timestamp-reply", bytes(TOKEN_LIMIT_BYTES + 1)), TimestampRefusedError, id="too much"),
    ],
)
def test_what_is_no_token_is_told(
    authority: TimestampAuthority, answer: tuple[int, str, bytes], expected: type[TimestampError]
) -> None:
    with answering(lambda _: answer) as url, pytest.raises(expected):
        ask_for_timestamp(url, MESSAGE, roots_of(authority))


def test_nobody_at_the_address_is_told(authority: TimestampAuthority) -> None:
    with pytest.raises(TimestampUnreachableError):
        ask_for_timestamp("http://127.0.0.1:1/", MESSAGE, roots_of(authority), limit_s=2)
    with pytest.raises(PostingAddressError):
        ask_for_timestamp("here", MESSAGE, roots_of(authority))


def test_a_changed_token_is_refused_or_says_the_same(
    authority: TimestampAuthority, other: TimestampAuthority, token: bytes
) -> None:
    roots, mutator, others = roots_of(authority), Mutator(3), [token, other.stamp(MESSAGE)]
    honest = verify_timestamp(token, MESSAGE, roots)
    for _ in range(CHANGES):
        try:
            assert verify_timestamp(mutator.changed(token, others), MESSAGE, roots) == honest
        except TimestampInvalidError:
            continue


def test_roots_come_from_a_file_of_certificates(authority: TimestampAuthority, tmp_path: Path) -> None:
    assert len(read_timestamp_roots(authority.root)) == 1
    (tmp_path / "nothing.pem").write_text("nothing")
    for file, why in (
        (None, "none was named"),
        (tmp_path / "missing.pem", "No such file"),
        (tmp_path / "nothing.pem", "no cert"),
    ):
        with pytest.raises(TimestampRootsError, match=why):
            read_timestamp_roots(file)


def test_without_the_extra_it_is_said_what_to_install(authority: TimestampAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(TimestampSupportMissingError, match="extra `timestamps`"):
        verify_timestamp(b"", MESSAGE, roots_of(authority))


@contextmanager
def answering(answer: Callable[[bytes], tuple[int, str, bytes]]) -> Iterator[str]:
    """Answer as told for the time of the block, and give the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, kind, body = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
