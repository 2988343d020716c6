"""Verifying signatures beside other work: OpenSSL leaves the interpreter alone meanwhile, so a thread helps."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from domain.signatures import Check, SignatureInvalidError, verify_check

CHUNK_SIZE: Final = 64
"""Signatures handed to a thread at once: one by one, threads spend their time waiting for each other."""
SWITCH_INTERVAL_S: Final = 0.00005
"""How long a busy thread keeps the interpreter while another one waits for it. A thread that verifies needs it for a few
microseconds between two signatures; with the default of 5 ms it would spend its time waiting."""

_Answers = tuple[SignatureInvalidError | None, ...]


class Verifier:
    """Verifies signatures, in threads beside the one that asks if there are many."""

    def __init__(self, threads: int) -> None:
        """Start no thread yet; `threads` will verify, the one that asks among them."""
        self._pool = ThreadPoolExecutor(max_workers=threads - 1, thread_name_prefix="verify") if threads > 1 else None

    @contextmanager
    def ahead(self) -> Iterator[Verifications]:
        """Give a place for verifications that are begun before they are asked for; what nobody asked for is dropped."""
        if self._pool is None:
            yield Verifications(None)
            return
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        verifications = Verifications(self._pool)
        try:
            yield verifications
        finally:
            verifications.drop()
            sys.setswitchinterval(before)

    def close(self) -> None:
        """Stop the threads."""
        if self._pool is not None:
            self._pool.shutdown()


class Verifications:
    """Signatures that will probably be asked for: each is verified once, in the background or when it is asked for."""

    def __init__(self, pool: ThreadPoolExecutor | None) -> None:
        """Verify in the threads of `pool` (None: only when asked)."""
        self._pool = pool
        self._chunks: dict[Check, _Chunk] = {}
        self._next: list[Check] = []

    def expect(self, check: Check) -> None:
        """Let a signature be verified as soon as a chunk of them is together."""
        if self._pool is None or check in self._chunks:
            return
        self._next.append(check)
        if len(self._next) == CHUNK_SIZE:
            self.begin()

    def begin(self) -> None:
        """Begin with what is expected now, however few they are."""
        if self._pool is not None and self._next:
            chunk = _Chunk(self._pool, self._next)
            self._chunks.update(dict.fromkeys(self._next, chunk))
            self._next = []

    def verify(self, check: Check) -> None:
        """Raise `SignatureInvalidError` unless the signature verifies; wait for its chunk if it is under way."""
        chunk = self._chunks.get(check)
        if chunk is None:
            verify_check(check)
            return
        error = chunk.answer(check)
        if error is not None:
            raise SignatureInvalidError(str(error)) from error

    def drop(self) -> None:
        """Begin nothing more."""
        for chunk in self._chunks.values():
            chunk.drop()
        self._chunks.clear()


class _Chunk:
    """Some checks that are verified by whoever comes first: a thread, or the one that needs the answer."""

    def __init__(self, pool: ThreadPoolExecutor, checks: Sequence[Check]) -> None:
        # Copies of a record bring the same check again: answers stand in the order of the places, one for each.
        self._places = {check: place for place, check in enumerate(dict.fromkeys(checks))}
        self._future: Future[_Answers] = pool.submit(_verified, tuple(self._places))
        self._answers: _Answers | None = None

    def answer(self, check: Check) -> SignatureInvalidError | None:
        if self._answers is None:
            stolen = self._future.cancel()
            self._answers = _verified(tuple(self._places)) if stolen else self._future.result()
        return self._answers[self._places[check]]

    def drop(self) -> None:
        self._future.cancel()


def _verified(checks: Sequence[Check]) -> _Answers:
    return tuple(_problem(check) for check in checks)


def _problem(check: Check) -> SignatureInvalidError | None:
    try:
        verify_check(check)
    except SignatureInvalidError as error:
        return error
    return None
