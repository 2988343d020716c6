"""A process that gives commands of `ortoo` and can die by `kill -9` at a named moment, to be run as a child of a test.

The commands are the real ones, in a real home with key files; only the moment of death is put in from outside.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Final

from adapters.ledger_kafka import KafkaLedger
from adapters.ledger_sqlite import SqliteLedger
from adapters.queue import Queue
from cli.labels import all_labels
from tests.homes import Home
from tests.submitting_process import WINDOWS, dying

# Read once, before children are made.
all_labels()
MOMENTS: Final = {**WINDOWS, "noted, not told": ("queue", "finish", True)}
"""Moments at which a command dies: those of every submission, and the one before it tells of it."""
_PARTS: Final[dict[str, tuple[type, ...]]] = {"queue": (Queue,), "ledger": (SqliteLedger, KafkaLedger)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What somebody wants: the words of a command, its kind and in which round of that, and a name of its own."""

    name: str
    kind: str
    round: int
    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Orders:
    """What a child does: give commands in a home, one after the other, and die at a moment of the last one.

    It writes the answer to each, as far as it comes, as a line of `told`; `moment` None: it lives. `spared` is the number of its
    events that reach the moment before.
    """

    home: Home
    commands: tuple[Command, ...]
    told: Path
    moment: str | None = None
    spared: int = 0


def obey(orders: Orders, ready: Event) -> None:
    """Give commands: what a child's process runs; `ready` is set just before the last one."""
    for command in orders.commands:
        if command is orders.commands[-1]:
            if orders.moment is not None:
                _die_at(orders.moment, orders.spared)
            ready.set()
        answer = orders.home.run(*command.words)
        line = {"command": command.name, "code": answer.code, "out": answer.out, "err": answer.err}
        with orders.told.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _die_at(moment: str, spared: int) -> None:
    part, call, done = MOMENTS[moment]
    for one in _PARTS[part]:
        setattr(one, call, dying(getattr(one, call), done=done, spared=spared))
