"""Connections of Kafka's client that are set up in time, or closed.

The client itself (kafka-python 3.0) waits for a TLS handshake for ever, so that a port which accepts a connection and then
says nothing, such as that of a broker that hangs, would hold a station for good; and it closes neither what failed to shake
hands nor what failed to connect, nor, at its own end, what still had something to send, so that a station which tries again
and again would collect sockets.
"""

from __future__ import annotations

import socket
import ssl
import weakref
from typing import Any, Final

import kafka.errors as foreign
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import KafkaNetSocket, create_connection
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.net.transport import KafkaSSLTransport

_DIRECT: Final = "direct"
"""The scheme under which the client finds `_DirectSocket`: it chooses how to connect by the scheme of a proxy."""


def connect(setup_timeout_ms: int, **configs: Any) -> KafkaNetClient:
    """Return the network side of a client; no connection of it takes longer to set up than so many milliseconds."""
    # No client names an option for it: a broker that accepts a connection and then says nothing would cost 10 s.
    configs["socket_connection_setup_timeout_ms"] = setup_timeout_ms
    configs["socket_connection_setup_timeout_max_ms"] = setup_timeout_ms
    configs["proxy_url"] = f"{_DIRECT}://"
    net = _ClosingNetwork(**configs)
    return KafkaNetClient(net=net, manager=_PunctualManager(net, **configs))


class _ClosingNetwork(NetworkSelector):  # type: ignore[misc]  # the library ships no types
    """Kafka's event loop, at whose end no socket of it stays open."""

    def __init__(self, **configs: Any) -> None:
        super().__init__(**configs)
        self.sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def close(self) -> None:
        """End the loop, and every connection that it made, whatever that one was doing."""
        try:
            super().close()
        finally:
            for one in list(self.sockets):
                one.close()


class _DirectSocket(KafkaNetSocket):  # type: ignore[misc]  # the library ships no types
    """Kafka's way to connect without a proxy, which closes the socket of which no connection comes."""

    SCHEMES = (_DIRECT,)

    async def sock_connect(self, net: _ClosingNetwork, sock: Any, sockaddr: Any, timeout_at: float | None = None) -> Any:
        net.sockets.add(sock)
        try:
            return await super().sock_connect(net, sock, sockaddr, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise


class _PunctualManager(KafkaConnectionManager):  # type: ignore[misc]  # the library ships no types
    """Kafka's manager of connections, with an end to every handshake."""

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        if not self.ssl_enabled:
            return await super()._build_transport(node, timeout_at=timeout_at)
        options, proxy = self.config["socket_options"], self.config["proxy_url"]
        plain = await create_connection(self._net, node.host, node.port, options, proxy_url=proxy, timeout_at=timeout_at)
        settings = {name: value for name, value in self.config.items() if name.startswith("ssl_")}
        transport = _PunctualTransport(self._net, plain, host=node.host, **settings)
        self._net.sockets.add(transport._sock)  # noqa: SLF001 - a socket of TLS takes the place of the one that connected
        try:
            await transport.handshake_until(timeout_at)
        except Exception as error:
            transport.abort(error)
            raise foreign.KafkaConnectionError(f"Handshake failed: {error}") from error
        return transport


class _PunctualTransport(KafkaSSLTransport):  # type: ignore[misc]  # the library ships no types
    """Kafka's TLS over a socket, with a handshake that gives up."""

    async def handshake_until(self, timeout_at: float | None) -> None:
        """Shake hands; raise Kafka's time-out if the other side does not in time, `OSError` if it does it wrongly."""
        while True:
            try:
                self._sock.do_handshake()
            except ssl.SSLWantReadError:
                await self._net.wait_read(self._sock, timeout_at)
            except ssl.SSLWantWriteError:
                await self._net.wait_write(self._sock, timeout_at)
            else:
                return
