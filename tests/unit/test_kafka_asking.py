"""Asking a cluster again while it is coming up: what passes is waited for, what does not is told at once."""

from __future__ import annotations

import kafka.errors as foreign
import pytest

from adapters.errors import LedgerUnreachableError
from adapters.kafka_clients import KafkaPlace, asked

PLACE = KafkaPlace(bootstrap="127.0.0.1:1", topic="ledger", timeout_s=5)


def answered_after(error: Exception, times: int) -> tuple[list[int], str]:
    """Ask a question that fails so many times, and return the tries and the answer."""
    tries: list[int] = []

    def question() -> str:
        tries.append(len(tries))
        if len(tries) <= times:
            raise error
        return "the answer"

    return tries, asked(PLACE, question)


@pytest.mark.parametrize("error", [foreign.LeaderNotAvailableError("no leader yet"), foreign.UnknownBrokerIdError(2)])
def test_a_cluster_that_is_coming_up_is_asked_again(error: Exception) -> None:
    tries, answer = answered_after(error, 2)
    assert (len(tries), answer) == (3, "the answer")


def test_what_does_not_pass_is_told_at_once() -> None:
    with pytest.raises(LedgerUnreachableError):
        answered_after(foreign.KafkaError("something else"), 1)
