"""Connections of Kafka's client whose TLS handshake ends: in time, or with the connection closed.

The client itself (kafka-python 3.0) waits for a handshake for ever, so that a port which accepts a connection and then says
nothing, such as that of a broker that hangs, would hold a station for good; and it never closes what failed to shake hands.
"""

from __future__ import annotations

import ssl
from typing import Any

import kafka.errors as foreign
from kafka.net.compat import KafkaNetClient
from kafka.net.inet import create_connection
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.net.transport import KafkaSSLTransport


def connect(setup_timeout_ms: int, **configs: Any) -> KafkaNetClient:
    """Return the network side of a client; no connection of it takes longer to set up than so many milliseconds."""
    # No client names an option for it: a broker that accepts a connection and then says nothing would cost 10 s.
    configs["socket_connection_setup_timeout_ms"] = setup_timeout_ms
    configs["socket_connection_setup_timeout_max_ms"] = setup_timeout_ms
    net = NetworkSelector(**configs)
    return KafkaNetClient(net=net, manager=_PunctualManager(net, **configs))


class _PunctualManager(KafkaConnectionManager):  # type: ignore[misc]  # the library ships no types
    """Kafka's manager of connections, with an end to every handshake."""

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        if not self.ssl_enabled:
            return await super()._build_transport(node, timeout_at=timeout_at)
        options, proxy = self.config["socket_options"], self.config["proxy_url"]
        plain = await create_connection(self._net, node.host, node.port, options, proxy_url=proxy, timeout_at=timeout_at)
        settings = {name: value for name, value in self.config.items() if name.startswith("ssl_")}
        transport = _PunctualTransport(self._net, plain, host=node.host, **settings)
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
