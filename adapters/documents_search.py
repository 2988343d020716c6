"""Searching the documents topics by digest: in turns, from where the last search stopped, remembering what was seen."""

from __future__ import annotations

from typing import Final

from adapters.documents_index import DocumentIndex, Spot
from adapters.documents_streams import Deadline, DocumentStreams, Placed, SearchStoppedError

SEARCH_STEP_RECORDS: Final = 2_000
"""How much of a topic is searched before the next one has its turn, so that no station can bury the others' documents."""


def search(streams: DocumentStreams, index: DocumentIndex, deadline: Deadline) -> None:
    """Look through what was not looked through of every topic; raise `SearchStoppedError` at the deadline."""
    pending = list(streams.topics())
    while pending:
        pending = [topic for topic in pending if _search_step(streams, index, topic, deadline)]


def search_in_time(streams: DocumentStreams, index: DocumentIndex, deadline: Deadline) -> None:
    """Look through as much as there is time for."""
    try:
        search(streams, index, deadline)
    except SearchStoppedError:
        return


def _search_step(streams: DocumentStreams, index: DocumentIndex, topic: str, deadline: Deadline) -> bool:
    """Look through some records of a topic; return whether there are more."""
    reached = index.next(topic)
    _, end = streams.bounds(topic)
    if end < reached:
        # The topic was deleted and made anew.
        index.forget(topic)
        reached = 0
    beginnings: list[Placed] = []
    read = 0
    try:
        for placed in streams.read(topic, reached, deadline):
            reached, read = placed.position + 1, read + 1
            beginnings.extend(_beginning(placed))
            if read == SEARCH_STEP_RECORDS:
                return True
        reached = end
        return False
    finally:
        _remember(index, topic, beginnings, reached)


def _beginning(placed: Placed) -> tuple[Placed, ...]:
    """Return the record without its content if it begins a document or destroys one."""
    if placed.chunk is None or placed.chunk.number != 0:
        return ()
    return (placed.without_content(),)


def _remember(index: DocumentIndex, topic: str, beginnings: list[Placed], reached: int) -> None:
    with index.batch():
        for placed in beginnings:
            if placed.chunk is None:
                continue
            if placed.chunk.is_tombstone:
                index.bury(placed.chunk.digest, topic, placed.position)
            else:
                index.add(placed.chunk.digest, Spot(topic=topic, first=placed.position))
        index.searched(topic, reached)
