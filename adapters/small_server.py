"""A small HTTP server inside a process that has other work: few are answered at once, in threads that hold up nobody."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any


class SmallServer(ThreadingHTTPServer):
    """Listens where it is told; whoever comes while as many are answered as may be is turned away at once."""

    daemon_threads = True

    def __init__(self, host: str, port: int, handler: type[BaseHTTPRequestHandler], *, askers: int) -> None:
        """Answer at most `askers` at once; raise `OSError` if it cannot listen there."""
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.request_queue_size = 4 * askers
        self._free = threading.BoundedSemaphore(askers)
        super().__init__((host, port), handler)

    def server_bind(self) -> None:
        """Listen, without asking the network for this machine's name and waiting for the answer as the library's servers do."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Tell whether one more may be answered."""
        del request, client_address
        return self._free.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer one who asks, and let the next come."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: who asked went away before the answer."""


@contextmanager
def answering_with(server: SmallServer, name: str) -> Iterator[str]:
    """Answer in a thread of this name for the time of the block, and give the address where."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name=name, daemon=True)
    thread.start()
    host = str(server.server_address[0])
    try:
        yield f"[{host}]:{server.server_port}" if ":" in host else f"{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
