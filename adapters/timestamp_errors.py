"""Errors of time stamps (RFC 3161), and of asking an authority for one; the tree stands in `adapters.errors`."""

from __future__ import annotations

from pathlib import Path

from adapters.errors import AdapterError


class TimestampError(AdapterError):
    """Something is wrong with a time stamp, or with asking for one."""


class TimestampSupportMissingError(TimestampError):
    """This program was installed without what it needs to make and verify time stamps."""

    def __init__(self, why: str) -> None:
        """Say what is missing."""
        super().__init__(f"Time stamps cannot be handled here: {why}. Install the extra `timestamps`.")


class TimestampRootsError(TimestampError):
    """The file of certificates that vouch for time-stamping authorities cannot be used."""

    def __init__(self, file: Path | None, why: str) -> None:
        """Name the file, if one was given, and say what is wrong with it."""
        named = "No file of certificates" if file is None else str(file)
        super().__init__(
            f"{named} vouches for time-stamping authorities ({why}), so no time stamp is believed. Put the root certificates of "
            "your authorities into one PEM file and name it as timestamp_roots_file."
        )


class TimestampUnreachableError(TimestampError):
    """An authority does not answer, or not in time; another try later may help."""

    def __init__(self, url: str, why: str) -> None:
        """Name the authority by its address, and what happened."""
        super().__init__(
            f"The time-stamping authority at {url} does not answer ({why}). Nothing was recorded of it; ask again later."
        )


class TimestampRefusedError(TimestampError):
    """An authority answers, and does not stamp."""

    def __init__(self, url: str, why: str) -> None:
        """Name the authority and what it says."""
        super().__init__(
            f"The time-stamping authority at {url} did not stamp ({why}). Check its address, and whether it lets you ask."
        )


class TimestampInvalidError(TimestampError):
    """A token does not verify against the certificates that are trusted, or it stamps something else."""

    def __init__(self, why: str) -> None:
        """Say what is wrong with it."""
        super().__init__(
            f"The time stamp does not verify: {why}. Do not rely on it; check timestamp_roots_file, and ask another authority."
        )
