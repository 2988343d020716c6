"""Evidence of forks in a home: a file each, written once, for anybody to verify (`ortoo audit fork FILE`)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from adapters.key_files import KeyExistsError, write_new_file
from domain.checkpoints import parse_checkpoint
from domain.forks import Fork, encode_fork

FORKS_FOLDER: Final = "forks"
FORK_SUFFIX: Final = ".fork"
_ANYBODY_READS: Final = 0o644


class ForkFiles:
    """The folder in which a station keeps what proves that its operator signed two histories."""

    def __init__(self, folder: Path) -> None:
        """Keep evidence in `folder`, which is made when there is some."""
        self._folder = folder

    def found(self) -> tuple[Path, ...]:
        """Return the files there are, sorted."""
        return tuple(sorted(self._folder.glob(f"*{FORK_SUFFIX}")))

    def keep(self, fork: Fork) -> Path:
        """Write evidence to a file named by size and root of the other history, unless it is there, and return the file.

        Raises `KeyFileError` if it cannot be written.
        """
        other = parse_checkpoint(fork.claimed.text)
        path = self._folder / f"{other.size}-{other.root.hex()[:16]}{FORK_SUFFIX}"
        try:
            write_new_file(path, encode_fork(fork), mode=_ANYBODY_READS)
        except KeyExistsError:
            # The first evidence of it is as good as any.
            return path
        return path
