"""What is hunted besides records: notes, pairs, proofs, forks, keys, trust files and bundles, as anybody may hand them over.

Nothing but the error that says so is raised. What is read is written again with the same bytes; what is believed is what was
signed, whatever the bytes around it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from adapters.evidence_bundle import BundleError, _parse_older, encode_older
from adapters.evidence_facts import Terms
from adapters.evidence_report import EvidenceReport, VerdictCode
from adapters.evidence_verification import verify_bundle
from adapters.plain_zip import open_entry, read_plain_zip, write_plain_zip
from adapters.trust_files import TrustFileError, encode_trust, parse_trust, verify_trust
from domain.checkpoint_signatures import verify_operator, verify_pair
from domain.checkpoints import encode_pair, parse_pair
from domain.cosignatures import cosignatures, parse_witness_key
from domain.forks import encode_fork, parse_fork, verify_fork
from domain.log_proofs import encode_proof, parse_proof
from domain.notes import NoteInvalidError, parse_note
from domain.proofs import ProofInvalidError, verify_consistency, verify_inclusion
from tests.fixed_exchange import shared_codec
from tests.hunt.mutations import NUMBERS, TEXTS, Mutator
from tests.hunt.papers import EARLIER, OPERATOR, QUORUM, WITNESSES, Papers

Attempt = Callable[[], str]
"""Puts one input to the test; returns what became of it, raises if that may not be."""
REFUSED: Final = frozenset({VerdictCode.INVALID, VerdictCode.UNVERIFIABLE})
NAMES: Final = (
    *("record.bin", "record.proof", "verdict.bin", "event.sig", "signer.der", "VERIFY.txt", "consistency/record.path"),
    *("events/0/record.bin", "events/00/record.bin", "enrolment/1/record.bin", "enrolment/99/issuer.der", "documents/"),
    *("documents/" + "0" * 64, "../record.bin", "/record.bin", "RECORD.BIN", "record.bin/", "a" * 300, "events/3/", "."),
)


def lines_changed(mutator: Mutator, raw: bytes, others: Sequence[bytes]) -> bytes:
    """Return a text changed as a text: a line left out, said twice, moved, taken from another one, or a part of it other."""
    lines = raw.split(b"\n")
    place, other = mutator.random.randrange(len(lines)), mutator.random.randrange(len(lines))
    line = lines[place]
    stroke = mutator.random.randrange(8)
    if stroke == 0:
        del lines[place]
    elif stroke == 1:
        lines.insert(other, line)
    elif stroke == 2:
        lines[place], lines[other] = lines[other], line
    elif stroke == 3:
        lines[place] = mutator.random.choice(mutator.random.choice(others).split(b"\n"))
    elif stroke == 4:
        words = line.split(b" ")
        words[mutator.random.randrange(len(words))] = b"%d" % mutator.random.choice(NUMBERS)
        lines[place] = b" ".join(words)
    elif stroke == 5:
        lines[place] = mutator.random.choice(
            (line + b"=", line + b"\r", line + b" ", b" " + line, line.rstrip(b"="), line.swapcase())
        )
    elif stroke == 6:
        lines[place] = mutator.changed(line, [line])
    else:
        lines[place:place] = [line] * mutator.random.choice((2, 16, 33, 64, 65))
    return b"\n".join(lines)


class ProofTarget:
    """Notes, pairs of checkpoints, proofs of leaves and of growth, evidence of forks, and keys of witnesses."""

    def __init__(self, mutator: Mutator) -> None:
        self.mutator = mutator
        self.papers = Papers()
        papers = self.papers
        self.kinds: Sequence[tuple[list[bytes], Callable[[bytes], str]]] = (
            ([note.encoded() for note in papers.notes], self._note),
            ([encode_pair(pair) for pair in papers.pairs], self._pair),
            ([encode_proof(proof) for proof in papers.proofs()], self._proof),
            ([encode_fork(papers.fork)], self._fork),
            (list(papers.older()), self._older),
            ([witness.key.encoded().encode() for witness in WITNESSES], self._key),
        )

    def attempts(self) -> Iterator[tuple[bytes, Attempt]]:
        """Yield inputs, each with what tries it."""
        while True:
            for raws, attempt in self.kinds:
                change = self.mutator.random.choice((self.mutator.changed, self._lines_changed))
                raw = change(self.mutator.random.choice(raws), raws)
                yield raw, lambda attempt=attempt, raw=raw: attempt(raw)  # type: ignore[misc] # mypy knows no defaults here

    def _lines_changed(self, raw: bytes, others: Sequence[bytes]) -> bytes:
        return lines_changed(self.mutator, raw, others)

    def _note(self, raw: bytes) -> str:
        try:
            note = parse_note(raw)
        except NoteInvalidError:
            return "note refused"
        assert note.encoded() == raw
        try:
            head = verify_operator(note, OPERATOR.public)
        except NoteInvalidError:
            return "note read"
        assert head in self.papers.heads
        try:
            found = cosignatures(note, [witness.key for witness in WITNESSES])
        except NoteInvalidError:
            return "note signed, a cosignature wrong"
        assert {(note.text, one) for one in found} <= self.papers.sightings
        return "note believed"

    def _pair(self, raw: bytes) -> str:
        try:
            pair = parse_pair(raw)
        except NoteInvalidError:
            return "pair refused"
        assert encode_pair(pair) == raw
        try:
            verify_pair(pair, self.papers.exchange.name, self.papers.exchange.identity, [OPERATOR.public])
        except NoteInvalidError:
            return "pair read"
        assert pair.heads in {one.heads for one in self.papers.pairs}
        return "pair believed"

    def _proof(self, raw: bytes) -> str:
        try:
            proof = parse_proof(raw)
        except NoteInvalidError:
            return "proof refused"
        assert encode_proof(proof) == raw
        try:
            head = verify_operator(proof.note, OPERATOR.public)
            log, index = self.papers.log_of(head), min(proof.index, self.papers.size - 1)
            leaf = self.papers.store.node(log, 0, index)
            verify_inclusion(leaf=leaf, index=proof.index, size=head.size, path=proof.path, root=head.root)
        except (NoteInvalidError, ProofInvalidError):
            return "proof read"
        assert head in self.papers.heads
        assert proof.path == self.papers.store.inclusion(log, proof.index, head.size)
        return "proof believed"

    def _fork(self, raw: bytes) -> str:
        try:
            fork = parse_fork(raw)
        except NoteInvalidError:
            return "fork refused"
        assert encode_fork(fork) == raw
        try:
            found = verify_fork(fork)
        except (NoteInvalidError, ProofInvalidError):
            return "fork read"
        honest = self.papers.fork
        assert found == verify_fork(honest)
        assert (fork.claimed_key, fork.held_key, fork.path) == (honest.claimed_key, honest.held_key, honest.path)
        return "fork believed"

    def _older(self, raw: bytes) -> str:
        try:
            older = _parse_older(raw)
        except (BundleError, NoteInvalidError):
            return "growth refused"
        assert encode_older(older) == raw
        store, size = self.papers.store, self.papers.size
        for log in (0, 1):
            first_root, second_root = store.roots_at(EARLIER)[log], store.roots_at(size)[log]
            try:
                verify_consistency(first=older.size, first_root=first_root, second=size, second_root=second_root, path=older.path)
            except ProofInvalidError:
                continue
            assert raw == self.papers.older()[log]
            return "growth believed"
        return "growth read"

    def _key(self, raw: bytes) -> str:
        text = raw.decode("utf-8", "replace")
        try:
            key = parse_witness_key(text)
        except NoteInvalidError:
            return "key refused"
        assert key.encoded() == text
        return "key read"


class TrustTarget:
    """Trust files: their bytes, their lines, and the values in them laid out as they must be."""

    def __init__(self, mutator: Mutator) -> None:
        self.mutator = mutator
        self.papers = Papers()
        self.raw = self.papers.trust_file()
        self.value = json.loads(self.raw)

    def attempts(self) -> Iterator[tuple[bytes, Attempt]]:
        """Yield inputs, each with what tries it."""
        while True:
            for raw in (
                self.mutator.changed(self.raw, [self.raw]),
                lines_changed(self.mutator, self.raw, [self.raw]),
                self._laid_out(self._varied(self.value)),
                self._laid_out(self._varied(self.value)),
            ):
                yield raw, lambda raw=raw: self._read(raw)  # type: ignore[misc] # mypy knows no defaults here

    def _laid_out(self, value: Any) -> bytes:
        return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "surrogatepass")

    def _varied(self, value: Any) -> Any:
        """Return a value of which one part is another, is there twice, or is gone."""
        chance = self.mutator.random
        if isinstance(value, dict) and value and chance.random() < 19 / 20:
            name = chance.choice(list(value))
            if chance.random() < 1 / 10:
                return {key: one for key, one in value.items() if key != name}
            return {**value, name: self._varied(value[name])}
        if isinstance(value, list) and value and chance.random() < 9 / 10:
            place = chance.randrange(len(value))
            several = chance.choice(([], [value[place]] * chance.choice((2, 9, 70)), [self._varied(value[place])]))
            return [*value[:place], *several, *value[place + 1 :]]
        if isinstance(value, str) and chance.random() < 1 / 2:
            return self.mutator.changed(value.encode(), [value.encode()]).decode("utf-8", "replace")
        return chance.choice((None, True, 1.5, [], {}, [[]] * 3, *NUMBERS, *TEXTS, "\ud800", 10**30, value))

    def _read(self, raw: bytes) -> str:
        try:
            found = parse_trust(raw)
        except TrustFileError:
            return "trust refused"
        assert encode_trust(found) == raw
        try:
            verify_trust(found, self.papers.now_ms)
        except TrustFileError as error:
            return f"trust read, {type(error).__name__}"
        assert replace(found, signatures=()) == replace(self.papers.trust, signatures=())
        return "trust believed"


class BundleTarget:
    """Bundles of evidence: the zip's bytes, and what is in it with every checksum right."""

    def __init__(self, mutator: Mutator) -> None:
        self.mutator = mutator
        self.papers = Papers()
        papers = self.papers
        self.bundles = [papers.bundle(2), papers.bundle(9, older_size=EARLIER), papers.bundle(0), papers.bundle(20)]
        self.files = [_files_in(bundle) for bundle in self.bundles]
        self.honest = [self._verified(bundle) for bundle in self.bundles]
        self.pool = [content for files in self.files for content in files.values()]

    def attempts(self) -> Iterator[tuple[bytes, Attempt]]:
        """Yield inputs, each with what tries it."""
        while True:
            for bundle, files in zip(self.bundles, self.files, strict=True):
                for raw in (
                    self.mutator.changed(bundle, self.bundles),
                    _bundle_of(self._content_changed(files)),
                    _bundle_of(self._names_changed(files)),
                ):
                    yield raw, lambda raw=raw: self._read(raw)  # type: ignore[misc] # mypy knows no defaults here

    def _content_changed(self, files: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
        name = self.mutator.random.choice(list(files))
        if self.mutator.random.random() < 1 / 4:
            content = self.mutator.random.choice(self.pool)
        else:
            change = self.mutator.random.choice(
                (self.mutator.changed, lambda raw, _: lines_changed(self.mutator, raw, self.pool))
            )
            content = change(files[name], self.pool)
        return list({**files, name: content}.items())

    def _names_changed(self, files: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
        entries = list(files.items())
        place = self.mutator.random.randrange(len(entries))
        name = self.mutator.random.choice((*NAMES, *files))
        stroke = self.mutator.random.randrange(4)
        if stroke == 0:
            del entries[place]
        elif stroke == 1:
            entries[place] = (name, entries[place][1])
        elif stroke == 2:
            entries.insert(place, (name, self.mutator.random.choice(self.pool)))
        else:
            self.mutator.random.shuffle(entries)
        return entries

    def _verified(self, bundle: bytes) -> EvidenceReport:
        return verify_bundle(io.BytesIO(bundle), self.papers.trust, Terms(now_ms=self.papers.now_ms), shared_codec())

    def _read(self, raw: bytes) -> str:
        report = self._verified(raw)
        if report.verdict.code in REFUSED:
            assert report.findings
            steps = {finding.step.name for finding in report.findings}
            return f"bundle {report.verdict.code}: {', '.join(sorted(steps))}"
        assert any(_tells_the_same(report, honest) for honest in self.honest)
        return "bundle believed"


def _tells_the_same(report: EvidenceReport, honest: EvidenceReport) -> bool:
    """Tell whether a report has the facts of another; a cosignature beyond the quorum can be taken away, and nobody can tell."""
    told, known = report.checkpoint, honest.checkpoint
    assert told is not None
    assert known is not None
    return (
        (report.verdict, report.events) == (honest.verdict, honest.events)
        and replace(told, witnesses=known.witnesses) == known
        and QUORUM <= len(told.witnesses) == len(set(told.witnesses) & set(known.witnesses))
    )


def _files_in(bundle: bytes) -> dict[str, bytes]:
    source = io.BytesIO(bundle)
    return {entry.name: b"".join(open_entry(source, entry)) for entry in read_plain_zip(source, entries_limit=1_000)}


def _bundle_of(files: Sequence[tuple[str, bytes]]) -> bytes:
    target = io.BytesIO()
    write_plain_zip(target, [(name, io.BytesIO(content)) for name, content in files])
    return target.getvalue()
