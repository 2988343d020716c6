"""Errors of signing checkpoints; the tree stands in `adapters.errors`."""

from __future__ import annotations

from adapters.errors import StationError
from adapters.store.lease import Holder


class CheckpointSigningError(StationError):
    """No checkpoint was signed."""


class CheckpointBusyError(CheckpointSigningError):
    """Another process signs checkpoints on this store."""

    def __init__(self, holder: Holder | None) -> None:
        """Name the process."""
        who = "another process" if holder is None or holder.process is None else f"process {holder.process} on {holder.machine}"
        super().__init__(f"No checkpoint was signed: {who} is signing one on this store. Try again when it has finished.")


class CheckpointBehindError(CheckpointSigningError):
    """The ledger was not read to its end, or its board could not be read, so it is not known what continues what."""

    def __init__(self, why: str) -> None:
        """Say what is in the way."""
        super().__init__(f"No checkpoint was signed, because the ledger or its board was not read to its end. {why}".strip())


class CheckpointUnpublishedError(CheckpointSigningError):
    """A checkpoint was signed and kept, and the board beside the ledger did not take it; the next one takes its place."""

    def __init__(self, why: str) -> None:
        """Say what the board said."""
        super().__init__(f"A checkpoint was signed and kept, and not published. {why}")


class CheckpointContradictsError(CheckpointSigningError):
    """What would be signed does not continue what was signed, or is not what the ledger holds: signing it would be a fork."""

    def __init__(self, why: str) -> None:
        """Say what differs."""
        super().__init__(
            f"No checkpoint was signed, because {why}. A signature over it would prove to everybody that two histories were "
            "signed. Keep this store and the ledger as they are, and look for what changed one of them; if somebody else has the "
            "key, the roots retire it (`ortoo ledger retire-checkpoint-key`)."
        )
