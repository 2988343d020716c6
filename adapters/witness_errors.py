"""Errors of a witness, and of asking one; the tree stands in `adapters.errors`."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path

from adapters.errors import AdapterError


class WitnessError(AdapterError):
    """Something is wrong with a witness, or with asking one."""


class WitnessFileError(WitnessError):
    """The file that names a witness and the logs that it watches cannot be used."""

    def __init__(self, file: Path, why: str) -> None:
        """Name the file and say what is wrong with it."""
        super().__init__(
            f"{file} does not tell which logs this witness watches ({why}), so nothing was cosigned. Correct it; "
            "`ortoo witness log-entry`, run in a home of the ledger, prints what stands there for a ledger."
        )


class WitnessMemoryError(WitnessError):
    """What a witness remembers cannot be read or written."""

    def __init__(self, file: Path, why: str) -> None:
        """Name the file and what keeps it from being used."""
        super().__init__(
            f"What this witness remembers, {file}, cannot be used ({why}), so it cosigns nothing. Look for a full disk, and who "
            "owns the file; then start the witness again."
        )


class WitnessMemoryLostError(WitnessMemoryError):
    """What a witness remembered is gone, or is older than what it has signed; it must not begin at nothing."""

    def __init__(self, file: Path, why: str) -> None:
        """Name the file and what is wrong with it."""
        AdapterError.__init__(
            self,
            f"What this witness remembers, {file}, {why}. It cosigns nothing, because it could sign a history that contradicts "
            "what it has signed before. Put the newest file back if it is somewhere; if it is lost, run `ortoo witness "
            "start-over`, and tell it with `ortoo witness trust` where each log stands.",
        )


class WitnessEvidenceError(WitnessError):
    """Evidence that an operator signed two histories could not be written; nothing was cosigned."""

    def __init__(self, why: str) -> None:
        """Say what kept it from being written."""
        super().__init__(f"Evidence of a fork was shown to this witness and could not be kept: {why} Nothing was cosigned.")


class LogNotToldError(WitnessError):
    """A witness that has lost its memory was not told yet where a log stands."""

    def __init__(self, origin: str) -> None:
        """Name the log by its origin."""
        super().__init__(
            f"This witness has lost what it remembered, and was not told yet where {origin} stands, so it cosigns nothing of it. "
            "Whoever runs the witness tells it with `ortoo witness trust`."
        )


class HeadMovedError(WitnessError):
    """What a witness remembers of a log is not what a request begins at; `size` is what it remembers."""

    def __init__(self, origin: str, size: int) -> None:
        """Name the log and the size that is remembered."""
        super().__init__(f"The witness holds {origin} at size {size}. Send a proof that begins there.")
        self.size = size


class CheckpointRefusedError(WitnessError):
    """A witness does not cosign what it was sent; `status` is what it answers (C2SP tlog-witness)."""

    def __init__(self, status: HTTPStatus, why: str) -> None:
        """Give the status and say why, for people."""
        super().__init__(why)
        self.status = status


class WitnessUnreachableError(WitnessError):
    """A witness does not answer, or not in time; another try later may help."""

    def __init__(self, url: str, why: str) -> None:
        """Name the witness by its address, and what happened."""
        super().__init__(
            f"The witness at {url} does not answer ({why}). It is asked again with the next checkpoint; see that it runs."
        )


class WitnessRefusedError(WitnessError):
    """A witness answers, and does not cosign."""

    def __init__(self, url: str, status: int, why: str) -> None:
        """Name the witness, the status of its answer, and what it says (shortened, as it is)."""
        super().__init__(
            f"The witness at {url} did not cosign (HTTP {status}: {why}). 403 and 404 mean that it does not know this ledger's "
            "origin or checkpoint keys: give its operator what `ortoo witness log-entry` prints."
        )
        self.status = status


class WitnessAnswerError(WitnessError):
    """A witness answers something that is no answer of a witness, or that no known key signed."""

    def __init__(self, url: str, why: str) -> None:
        """Name the witness and what is wrong with its answer."""
        super().__init__(
            f"The answer of the witness at {url} was not taken ({why}). Check the address, and its key in witness_keys."
        )


class WitnessContradictsError(WitnessError):
    """A witness holds a history of this log that this one does not continue: there is a fork, or this ledger lost its end."""

    def __init__(self, url: str, size: int) -> None:
        """Name the witness and the size that it holds."""
        super().__init__(
            f"The witness at {url} holds this log at size {size}, and the checkpoint does not continue that: somebody else signs "
            "checkpoints with this key, or the ledger lost its end. Stop signing; compare with `ortoo audit compare` who holds "
            "what."
        )
        self.size = size


class WitnessForgotError(WitnessError):
    """A witness holds less of a log than it has cosigned: its memory was lost or put back, and it cannot be relied on."""

    def __init__(self, url: str, name: str, *, cosigned: int, held: int) -> None:
        """Name the witness, the size that it had cosigned, and the size that it says it holds."""
        super().__init__(
            f"The witness {name} at {url} had cosigned size {cosigned} and says that it holds size {held}: what it remembers was "
            "lost or put back, so its cosignature says less than it should. Tell whoever runs it, and those who rely on it."
        )


class WitnessUrlError(WitnessError):
    """A text among the settings is no address of a witness."""

    def __init__(self, url: str) -> None:
        """Quote the text."""
        super().__init__(f"{url!r} is no address of a witness. Give witnesses as http://HOST:PORT or https://HOST/PATH.")


class WitnessAddressError(WitnessError):
    """A witness cannot be reached at the address that was given to it."""

    def __init__(self, address: str, why: str) -> None:
        """Name the address and say what is wrong with it."""
        super().__init__(
            f"The witness cannot listen on {address} ({why}), so it did not start. Give --listen as HOST:PORT or PORT, with a "
            "port that nobody uses."
        )
