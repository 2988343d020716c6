"""Connections to brokers that do not come about: no socket of them stays open."""

from __future__ import annotations

import gc
import logging
import socket
import warnings

import pytest

from adapters.errors import LedgerUnreachableError
from adapters.kafka_clients import KafkaPlace


def fails_to_open(place: KafkaPlace) -> None:
    """Fail to open a client there; what is known of the error ends with this call, so that nothing holds its sockets."""
    with pytest.raises(LedgerUnreachableError):
        place.open_admin()


def unclosed(place: KafkaPlace) -> list[str]:
    """Fail to open a client there, and return what is said of sockets that were lost open on the way."""
    gc.collect()
    # A log that pytest keeps holds errors, and with them the sockets of the calls where they arose.
    logging.disable()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        fails_to_open(place)
        gc.collect()
    logging.disable(logging.NOTSET)
    return [str(warning.message) for warning in told if issubclass(warning.category, ResourceWarning)]


def test_a_connection_that_is_refused_leaves_no_socket_open() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert unclosed(KafkaPlace(bootstrap=f"127.0.0.1:{port}", topic="letters", timeout_s=2.0)) == []


def test_a_connection_that_is_given_up_leaves_no_socket_open() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        # Nobody accepts: once the queue is full, further connections stay on their way.
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        try:
            place = KafkaPlace(bootstrap=f"127.0.0.1:{address[1]}", topic="letters", timeout_s=2.0)
            assert unclosed(place) == []
        finally:
            for one in waiting:
                one.close()
