"""A witness over HTTP, as C2SP tlog-witness says: `POST /add-checkpoint`.

Plain HTTP: what travels is signed and public, and TLS is the business of a proxy in front. Anybody may ask, so whoever asks
has little: few at once, small requests, and one time for a whole connection however slowly it speaks.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from adapters.small_server import SmallServer, answering_with
from adapters.station_metrics import MetricsAddressError, listening_address
from adapters.witness import REQUEST_LIMIT_BYTES, Witness
from adapters.witness_errors import (
    CheckpointRefusedError,
    HeadMovedError,
    LogNotToldError,
    WitnessAddressError,
    WitnessError,
)

PATH: Final = "/add-checkpoint"
SIZE_TYPE: Final = "text/x.tlog.size"
TEXT_TYPE: Final = "text/plain; charset=utf-8"
ASKERS_LIMIT: Final = 32
"""So many are answered at once; the logs that a witness watches ask every few seconds or minutes."""
LENGTH: Final = re.compile("[0-9]{1,9}", re.ASCII)
SILENCE_LIMIT_S: Final = 10.0
"""Who says nothing for so long has gone away."""
CONNECTION_LIMIT_S: Final = 60.0
"""A connection, with all its requests, ends after so long; otherwise a byte every few seconds would hold one for ever."""
LAST_WORDS_S: Final = 5.0
"""How long an answer that is being made when the witness is told to stop may take."""

Failed = Callable[[Exception], None]


@contextmanager
def answering(witness: Witness, address: str, failed: Failed) -> Iterator[str]:
    """Answer for the time of the block, and give the address where; what is being answered at its end is finished.

    `failed` is told of what keeps the witness from cosigning anything. Raises `WitnessAddressError` if the address is none, or
    taken.
    """
    try:
        host, port = listening_address(address)
        server = _Server(host, port, witness, failed)
    except MetricsAddressError as error:
        raise WitnessAddressError(address, "it names no port") from error
    except OSError as error:
        raise WitnessAddressError(address, error.strerror or str(error)) from error
    try:
        with answering_with(server, "witness") as found:
            yield found
    finally:
        server.let_finish()


class _Server(SmallServer):
    def __init__(self, host: str, port: int, witness: Witness, failed: Failed) -> None:
        self.witness = witness
        self.failed = failed
        self.is_ending = False
        self._answering = 0
        self._changed = threading.Condition()
        super().__init__(host, port, _Handler, askers=ASKERS_LIMIT)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        ending = threading.Timer(CONNECTION_LIMIT_S, _hang_up, (request,))
        ending.daemon = True
        ending.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            ending.cancel()

    @contextmanager
    def one_answer(self) -> Iterator[None]:
        """Count an answer that is being made."""
        with self._changed:
            self._answering += 1
        try:
            yield
        finally:
            with self._changed:
                self._answering -= 1
                self._changed.notify_all()

    def let_finish(self) -> None:
        """Wait until nothing is being answered any more, for a while."""
        self.is_ending = True
        with self._changed:
            self._changed.wait_for(lambda: self._answering == 0, LAST_WORDS_S)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = SILENCE_LIMIT_S
    server_version = "ortoo"
    sys_version = ""
    server: _Server

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            return
        with self.server.one_answer():
            self._answer_to(body)
        self.close_connection = self.close_connection or self.server.is_ending

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing of each request: the witness reports what it did."""

    def _body(self) -> bytes | None:
        """Return what was sent, None if how it was sent is refused already, or the end did not come."""
        problem = self._problem_of_head()
        if problem is not None:
            # What follows is not read, so nothing can follow on this connection.
            self.close_connection = True
            self._answer(problem[0], TEXT_TYPE, f"{problem[1]}\n".encode())
            return None
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        return body if len(body) == length else None

    def _problem_of_head(self) -> tuple[HTTPStatus, str] | None:
        lengths = self.headers.get_all("Content-Length", [])
        if self.path.partition("?")[0] != PATH:
            return HTTPStatus.NOT_FOUND, f"There is {PATH}."
        # A length given twice, or beside another way of telling it, is read differently by different programs.
        if "Transfer-Encoding" in self.headers or len(lengths) != 1 or not LENGTH.fullmatch(lengths[0]):
            return HTTPStatus.LENGTH_REQUIRED, "Say how long the request is, in one Content-Length."
        if int(lengths[0]) > REQUEST_LIMIT_BYTES:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request has at most {REQUEST_LIMIT_BYTES} bytes."
        return None

    def _answer_to(self, body: bytes) -> None:
        try:
            self._answer(HTTPStatus.OK, TEXT_TYPE, self.server.witness.add_checkpoint(body))
        except HeadMovedError as error:
            self._answer(HTTPStatus.CONFLICT, SIZE_TYPE, b"%d\n" % error.size)
        except CheckpointRefusedError as error:
            self._answer(error.status, TEXT_TYPE, f"{error}\n".encode())
        except LogNotToldError as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, TEXT_TYPE, f"{error}\n".encode())
        except WitnessError as error:
            # What is wrong with this machine is not told to whoever asks.
            self.server.failed(error)
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, TEXT_TYPE, b"This witness cannot cosign now.\n")

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _hang_up(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
