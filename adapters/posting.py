"""One question to a stranger over HTTP or HTTPS: a POST whose answer has a time and a size, however slowly it comes.

Redirections are not followed and no proxy of the environment is asked: an address was given, and that one is meant.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
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
    try:
        connection, target = _parsed(url, timeout_s)
        with contextlib.closing(connection):
            connection.connect()
            with _hanging_up_after(timeout_s, connection.sock) as was_cut_off:
                connection.request("POST", target, body, {"Connection": "close", **headers})
                with connection.getresponse() as answer:
                    read = answer.read(limit_bytes + 1)
                if was_cut_off():
                    raise NoAnswerError("not in time")
    except ValueError as error:
        # Also where a name turns out to be none only when it is looked up.
        raise PostingAddressError(url) from error
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswerError(getattr(error, "strerror", None) or str(error) or type(error).__name__) from error
    if len(read) > limit_bytes:
        raise AnswerTooLongError(f"it has more than {limit_bytes} bytes")
    return Answer(status=answer.status, kind=answer.headers.get_content_type(), body=read)


def _parsed(url: str, timeout_s: float) -> tuple[http.client.HTTPConnection, str]:
    """Return a connection to be opened, and what to ask for there; raise `ValueError` for what is no address."""
    parts = urlsplit(url)
    if parts.hostname is None or parts.fragment or parts.username is not None or parts.scheme not in {"http", "https"}:
        msg = "no scheme, or no host, or more than an address"
        raise ValueError(msg)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s), target
    context = ssl.create_default_context()
    return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout_s, context=context), target


def shown(body: bytes, limit: int) -> str:
    """Return the beginning of an answer as one line for people."""
    return " ".join(body[: 4 * limit].decode("utf-8", "replace").split())[:limit] or "it says nothing"


@contextlib.contextmanager
def _hanging_up_after(timeout_s: float, connected: socket.socket) -> Iterator[Callable[[], bool]]:
    """Give what is said in the block one time, however slowly it comes, and tell whether that was over.

    The socket's own limit is for each piece of it, and an answer that is cut off may look like one that has ended.
    """
    was_cut_off = threading.Event()

    def hang_up() -> None:
        was_cut_off.set()
        with contextlib.suppress(OSError):
            # Of a TLS connection the socket below is shut, so that nothing waits for a farewell.
            socket.socket.shutdown(connected, socket.SHUT_RDWR)

    ending = threading.Timer(timeout_s, hang_up)
    ending.daemon = True
    ending.start()
    try:
        yield was_cut_off.is_set
    finally:
        ending.cancel()
