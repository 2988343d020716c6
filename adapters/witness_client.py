"""Asking witnesses for cosignatures (C2SP tlog-witness), several at once; whoever does not answer holds up nobody.

What a witness answers is hostile until a key that is known has signed it. A witness that holds another size than was thought
says so (409), and is asked again with a proof from there.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from adapters.posting import Answer, NoAnswerError, PostingAddressError, PostingError, post, shown
from adapters.witness import REQUEST_LIMIT_BYTES, request_body
from adapters.witness_errors import (
    HeadMovedError,
    WitnessAnswerError,
    WitnessContradictsError,
    WitnessError,
    WitnessForgotError,
    WitnessRefusedError,
    WitnessUnreachableError,
    WitnessUrlError,
)
from domain.cosignatures import WitnessKey, cosignatures
from domain.ids import Digest
from domain.notes import Note, NoteInvalidError, SignatureLine, parse_signature_lines

ANSWER_LIMIT_S: Final = 10.0
"""How long all witnesses together may take; a checkpoint is published with the cosignatures that came by then."""
ANSWER_LIMIT_BYTES: Final = REQUEST_LIMIT_BYTES
REASON_LIMIT: Final = 200
"""So much of what a witness says is shown."""
ROUNDS: Final = 3
"""A witness says where it stands, is asked from there, and may have moved by then once."""
_SIZE: Final = re.compile(rb"(0|[1-9][0-9]{0,18})\n")

ProofFrom = Callable[[int], tuple[Digest, ...]]
"""Makes the proof that the tree of the note continues its own tree of an earlier size."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToCosign:
    """A note to be cosigned: the size of its tree, proofs from earlier sizes, and what is known of witnesses.

    `since` is the size of the newest note of this log that has cosignatures already, and `cosigners` are the names on it.
    """

    note: Note
    size: int
    proof_from: ProofFrom
    known: tuple[WitnessKey, ...]
    since: int = 0
    cosigners: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """The cosignature lines that came, each verified, and what each of the other witnesses did instead, by address."""

    lines: tuple[SignatureLine, ...]
    problems: Mapping[str, WitnessError]


def gather_cosignatures(urls: Sequence[str], wanted: ToCosign, *, limit_s: float = ANSWER_LIMIT_S) -> Gathered:
    """Ask every witness, and return what they cosigned within the time. Nothing that a witness does is raised."""
    asking = _Asking(wanted=wanted, until_s=time.monotonic() + limit_s)
    begins = dict.fromkeys(urls, wanted.since)
    for _ in range(ROUNDS):
        begins = asking.ask(begins)
    for url, size in begins.items():
        asking.problems[url] = WitnessContradictsError(url, size)
    return Gathered(lines=tuple(asking.lines), problems=asking.problems)


def cosign(url: str, note: Note, old_size: int, proof: tuple[Digest, ...], *, timeout_s: float) -> Note:
    """Return a note with only the lines with which a witness answers; who signed them, this does not check.

    Raises `HeadMovedError` if the witness holds another size, or another `WitnessError`.
    """
    answer = _post(url, request_body(old_size, proof, note), timeout_s)
    if answer.status == HTTPStatus.CONFLICT:
        size = _SIZE.fullmatch(answer.body)
        if size is None or answer.kind != "text/x.tlog.size":
            raise WitnessAnswerError(url, "it tells of a conflict, and not which size it holds")
        raise HeadMovedError(url, int(size[1]))
    if answer.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        raise WitnessContradictsError(url, old_size)
    if answer.status != HTTPStatus.OK:
        raise WitnessRefusedError(url, answer.status, shown(answer.body, REASON_LIMIT))
    try:
        return Note(text=note.text, lines=parse_signature_lines(answer.body))
    except NoteInvalidError as error:
        raise WitnessAnswerError(url, str(error)) from error


@dataclass(kw_only=True, slots=True)
class _Asking:
    """What has come so far."""

    wanted: ToCosign
    until_s: float
    lines: list[SignatureLine] = field(default_factory=list)
    problems: dict[str, WitnessError] = field(default_factory=dict)

    def ask(self, begins: Mapping[str, int]) -> dict[str, int]:
        """Ask each witness from the size where it stands; return where those stand who stand elsewhere."""
        proofs = {size: self.wanted.proof_from(size) for size in set(begins.values())}
        moved: dict[str, int] = {}
        for url, answer in self._answers({url: (size, proofs[size]) for url, size in begins.items()}).items():
            try:
                if isinstance(answer, HeadMovedError):
                    moved[url] = self._next_begin(url, answer.size)
                elif isinstance(answer, WitnessError):
                    self.problems[url] = answer
                else:
                    self._take(url, answer, begins[url])
            except WitnessError as error:
                self.problems[url] = error
        return moved

    def _answers(self, questions: Mapping[str, tuple[int, tuple[Digest, ...]]]) -> dict[str, Note | WitnessError]:
        came: queue.SimpleQueue[tuple[str, Note | WitnessError]] = queue.SimpleQueue()

        def ask(url: str, old_size: int, proof: tuple[Digest, ...]) -> None:
            try:
                came.put((url, cosign(url, self.wanted.note, old_size, proof, timeout_s=self._left_s())))
            except WitnessError as error:
                came.put((url, error))

        for url, (old_size, proof) in questions.items():
            # A witness that drips its answer is left behind with its thread, which ends with its socket or the process.
            threading.Thread(target=ask, args=(url, old_size, proof), name=f"witness {url}", daemon=True).start()
        answers: dict[str, Note | WitnessError] = {url: WitnessUnreachableError(url, "not in time") for url in questions}
        for _ in questions:
            try:
                url, answer = came.get(timeout=self._left_s())
            except queue.Empty:
                break
            answers[url] = answer
        return answers

    def _left_s(self) -> float:
        return max(self.until_s - time.monotonic(), 0.001)

    def _next_begin(self, url: str, size: int) -> int:
        if size > self.wanted.size:
            raise WitnessContradictsError(url, size)
        return size

    def _take(self, url: str, answered: Note, began: int) -> None:
        """Keep the lines of keys that are known; all others are ignored."""
        try:
            names = {one.name for one in cosignatures(answered, self.wanted.known)}
        except NoteInvalidError as error:
            raise WitnessAnswerError(url, str(error)) from error
        if not names:
            raise WitnessAnswerError(url, "no key in witness_keys signed it")
        # One line of each key: a witness may pass on what another has signed, and a note with two lines of one key is none.
        missing = {(key.name, key.key_id) for key in self.wanted.known} - {(line.name, line.key_id) for line in self.lines}
        self.lines.extend(line for line in answered.lines if (line.name, line.key_id) in missing)
        forgetful = sorted(names & self.wanted.cosigners)
        if began < self.wanted.since and forgetful:
            raise WitnessForgotError(url, forgetful[0], cosigned=self.wanted.since, held=began)


def _post(url: str, body: bytes, timeout_s: float) -> Answer:
    where = f"{url.rstrip('/')}/add-checkpoint"
    try:
        return post(where, body, {"Content-Type": "text/plain"}, timeout_s=timeout_s, limit_bytes=ANSWER_LIMIT_BYTES)
    except PostingAddressError as error:
        raise WitnessUrlError(url) from error
    except NoAnswerError as error:
        raise WitnessUnreachableError(url, str(error)) from error
    except PostingError as error:
        raise WitnessAnswerError(url, str(error)) from error
