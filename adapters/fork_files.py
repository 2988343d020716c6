"""Evidence of forks in a home: a file each, written once, for anybody to verify (`ortoo audit fork FILE`)."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from adapters.key_files import ANYBODY_READS, KeyExistsError, write_new_file
from domain.checkpoints import parse_checkpoint
from domain.forks import MAX_FORK_BYTES, Fork, encode_fork, parse_fork
from domain.ids import Digest
from domain.notes import NoteInvalidError

FORKS_FOLDER: Final = "forks"
FORK_SUFFIX: Final = ".fork"
FORKS_LIMIT: Final = 100
"""Who has the operator's key can sign as many other histories as he likes."""


class ForkFiles:
    """The folder in which a station keeps what proves that its operator signed two histories."""

    def __init__(self, folder: Path) -> None:
        """Keep evidence in `folder`, which is made when there is some."""
        self._folder = folder

    def found(self) -> tuple[Path, ...]:
        """Return the files there are, sorted."""
        return tuple(sorted(self._folder.glob(f"*{FORK_SUFFIX}")))

    def key_in(self, file: Path) -> Digest | None:
        """Return the key that signed the other history of a file; None if it holds no evidence that can be read."""
        try:
            with file.open("rb") as stream:
                return parse_fork(stream.read(MAX_FORK_BYTES + 1)).claimed_key
        except (OSError, NoteInvalidError):
            return None

    def keep(self, fork: Fork) -> None:
        """Write evidence to a file named by size and root of the other history, unless it is there.

        Beyond a hundred no more is kept: one proves it. Raises `KeyFileError` if it cannot be written.
        """
        other = parse_checkpoint(fork.claimed.text)
        path = self._folder / f"{other.size}-{other.root.hex()[:16]}{FORK_SUFFIX}"
        if len(self.found()) < FORKS_LIMIT:
            # The first evidence of it is as good as any.
            with contextlib.suppress(KeyExistsError):
                write_new_file(path, encode_fork(fork), mode=ANYBODY_READS)
