"""Verifying many signatures side by side: OpenSSL leaves the interpreter alone meanwhile, so threads help."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from domain.signatures import Check, SignatureInvalidError, verify_check

CHUNK_SIZE: Final = 250
"""Signatures handed to a thread at once: one by one, threads spend their time waiting for each other."""
SWITCH_INTERVAL_S: Final = 0.0005
"""How long a busy thread keeps the interpreter: the default of 5 ms starves threads that need it for a moment only."""


class Verifier:
    """A few threads that verify signatures."""

    def __init__(self, threads: int) -> None:
        """Start no thread yet; at most `threads` will run."""
        self._threads = threads
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="verify") if threads > 1 else None

    def verify_many(self, checks: Sequence[Check]) -> tuple[SignatureInvalidError | None, ...]:
        """Return for each check, in order, why its signature is invalid, or None."""
        chunks = [checks[i : i + CHUNK_SIZE] for i in range(0, len(checks), CHUNK_SIZE)]
        if self._pool is None or len(chunks) < 2:  # noqa: PLR2004 - a single chunk needs no second thread
            return _verified(checks)
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        try:
            return tuple(result for part in self._pool.map(_verified, chunks) for result in part)
        finally:
            sys.setswitchinterval(before)

    def close(self) -> None:
        """Stop the threads."""
        if self._pool is not None:
            self._pool.shutdown()


def _verified(checks: Sequence[Check]) -> tuple[SignatureInvalidError | None, ...]:
    return tuple(_problem(check) for check in checks)


def _problem(check: Check) -> SignatureInvalidError | None:
    try:
        verify_check(check)
    except SignatureInvalidError as error:
        return error
    return None
