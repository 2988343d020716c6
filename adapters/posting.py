"""One question to a stranger over HTTP or HTTPS: a POST whose answer has a time and a size, however slowly it comes.

Redirections are not followed and no proxy of the environment is asked: an address was given, and that one is meant.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from adapters.errors import AdapterError


class PostingError(AdapterError):
    """A question over HTTP got no answer that can be read."""


class PostingAddressError(PostingError):
    """A text is no address that can be asked."""

    def __init__(self, url: str) -> None:
        """Quote the text."""
        super().__init__(
            f"{url!r} is no address to ask. Give http://HOST:PORT/PATH or https://HOST/PATH, without a password in it."
        )


class NoAnswerError(PostingError):
    """Nobody answers, or not in time, or something that is no HTTP."""


class AnswerTooLongError(PostingError):
    """An answer is longer than any answer to this question."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The status of an answer, its media type, and its body. Nothing in it is trusted."""

    status: int
    kind: str
    body: bytes


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, limit_bytes: int) -> Answer:
    """Return what an address answers to a body; raise `PostingError`."""
    parts = urlsplit(url)
    make = _CONNECTIONS.get(parts.scheme)
    if make is None or parts.hostname is None or parts.fragment or parts.username is not None:
        raise PostingAddressError(url)
    try:
        connection = make(parts.hostname, parts.port, timeout_s)
    except ValueError as error:
        raise PostingAddressError(url) from error
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.connect()
        with _hanging_up_after(timeout_s, connection.sock):
            connection.request("POST", target, body, {"Connection": "close", **headers})
            with connection.getresponse() as answer:
                read = answer.read(limit_bytes + 1)
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswerError(getattr(error, "strerror", None) or str(error) or type(error).__name__) from error
    finally:
        connection.close()
    if len(read) > limit_bytes:
        raise AnswerTooLongError(f"it has more than {limit_bytes} bytes")
    return Answer(status=answer.status, kind=answer.headers.get_content_type(), body=read)


def shown(body: bytes, limit: int) -> str:
    """Return the beginning of an answer as one line for people."""
    return " ".join(body[: 4 * limit].decode("utf-8", "replace").split())[:limit] or "it says nothing"


@contextlib.contextmanager
def _hanging_up_after(timeout_s: float, connected: socket.socket) -> Iterator[None]:
    """Give what is said in the block one time, however slowly it comes; the socket's own limit is for each piece of it."""
    # Of a TLS connection the socket below is shut, so that nothing waits for a farewell.
    ending = threading.Timer(timeout_s, _shut, (connected,))
    ending.daemon = True
    ending.start()
    try:
        yield
    finally:
        ending.cancel()


def _shut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _plain(host: str, port: int | None, timeout_s: float) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(host, port, timeout=timeout_s)


def _over_tls(host: str, port: int | None, timeout_s: float) -> http.client.HTTPConnection:
    return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=ssl.create_default_context())


_CONNECTIONS: Final = {"http": _plain, "https": _over_tls}
