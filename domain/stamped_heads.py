"""What a time-stamping authority stamps of a ledger, and what the time that it names is held against.

A token says that the heads existed at a time. It can be late, as anybody may ask later. It cannot be earlier than the newest
record that the heads cover: an authority that says so dates back, and so could hide when something was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from domain.auditing import Bounds
from domain.checkpoints import Checkpoint, checkpoint_text, record_origin, verdict_origin
from domain.ids import Digest
from domain.ledger_time import JUMP_LIMIT_MS


@dataclass(frozen=True, kw_only=True, slots=True)
class StampedHead:
    """Heads of `size` records that an authority stamped, as the event at `position` says; its time is in ms UTC."""

    position: int
    size: int
    authority: Digest
    stamped_at: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Backdated:
    """A stamp whose time is before its heads can have existed, and the time before which they cannot (ms UTC)."""

    head: StampedHead
    not_before: int


def stamped_message(name: str, identity: Digest, size: int, roots: tuple[Digest, Digest]) -> bytes:
    """Return what a token is over: the texts of both checkpoints, of the records and then of the verdicts."""
    origins = (record_origin(name, identity), verdict_origin(name, identity))
    heads = zip(origins, roots, strict=True)
    return "".join(checkpoint_text(Checkpoint(origin=origin, size=size, root=root)) for origin, root in heads).encode()


def backdated(heads: Iterable[StampedHead], ledger_time_of: Callable[[int], int], bounds: Bounds) -> Iterator[Backdated]:
    """Yield each stamp that is earlier than the newest record that it covers, by the ledger's time or by what witnesses saw.

    Clocks may differ by ten minutes (`JUMP_LIMIT_MS`).
    """
    for head in heads:
        newest = head.size - 1
        not_before = max(ledger_time_of(newest), bounds.of(newest)[0] or 0)
        if head.stamped_at < not_before - JUMP_LIMIT_MS:
            yield Backdated(head=head, not_before=not_before)
