"""Whatever is changed in a bundle, it is refused or tells the identical facts: never other ones.

Changes of the file as it is, mostly caught by the zip's own checksums, and changes of what is in it, with every checksum put
right again, as somebody would who means it; of a ledger of letters, and of one of an office. With `HUNT` there are many more.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import pytest

from adapters.evidence_report import VerdictCode
from adapters.trust_files import TrustFileError, parse_trust, verify_trust
from tests.audited_exchange import QUORUM, WITNESSES
from tests.bundled_evidence import Evidence, bundle_of, evidence_exchange, facts, files_in
from tests.eventful_exchange import Telling, eventful_exchange
from tests.eventful_office import eventful_office

HUNTING: Final = bool(os.environ.get("HUNT"))
FILE_CHANGES: Final = 25_000 if HUNTING else 3_000
CONTENT_CHANGES: Final = 25_000 if HUNTING else 200
EXCHANGES: Final = 2_500 if HUNTING else 60
TRUST_CHANGES: Final = 25_000 if HUNTING else 300
"""Of each ledger."""
REFUSED: Final = frozenset({VerdictCode.INVALID, VerdictCode.UNVERIFIABLE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundles:
    """Whose ledger it is, and of what the bundles are made: events and letters (with one recipient, or everybody) by name."""

    told: Telling
    whole: str
    events: tuple[str, ...]
    letters: tuple[tuple[str, str | None], ...]
    further: tuple[str, ...]


LETTERS: Final = Bundles(
    told=eventful_exchange,
    whole="answered",
    events=("acknowledged", "0", "second decision"),
    letters=(("replaced", None), ("circular", "mfy-001")),
    further=("group", "revoked", "recall"),
)
OFFICE: Final = Bundles(
    told=eventful_office,
    whole="under a mandate",
    events=("given by a delegate", "under a mandate", "decided twice", "from outside"),
    letters=(("agreed", None), ("handled", "mfy-003"), ("on paper", "paper-office")),
    further=("request", "grant", "stage missed", "passed on", "closed by a reply", "voided", "delivered", "outage", "calendar"),
)


@pytest.fixture(scope="module", params=[LETTERS, OFFICE], ids=["letters", "office"])
def bundles(request: pytest.FixtureRequest) -> Bundles:
    made: Bundles = request.param
    return made


@pytest.fixture(scope="module")
def evidence(bundles: Bundles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    with evidence_exchange(tmp_path_factory.mktemp("evidence"), bundles.told) as made:
        yield made


def flipped(raw: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(raw))
    return raw[:place] + bytes([raw[place] ^ (1 << chance.randrange(8))]) + raw[place + 1 :]


def cut(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw))
    return raw[:start] + raw[start + chance.randrange(1, 40) :]


def extended(raw: bytes, chance: random.Random) -> bytes:
    place = chance.choice((len(raw), chance.randrange(len(raw) + 1)))
    return raw[:place] + chance.randbytes(chance.randrange(1, 40)) + raw[place:]


def replaced(raw: bytes, chance: random.Random) -> bytes:
    place, length = chance.randrange(len(raw)), chance.randrange(1, 40)
    return (raw[:place] + chance.randbytes(length) + raw[place + length :])[: max(1, len(raw))]


def doubled(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw))
    return raw[: start + chance.randrange(1, 40)] + raw[start:]


CHANGES: Final[tuple[Callable[[bytes, random.Random], bytes], ...]] = (flipped, flipped, cut, extended, replaced, doubled)


def require_refused_or_same(evidence: Evidence, changed: bytes, honest: object) -> bool:
    """Fail if a changed bundle tells other facts; return whether it was refused."""
    report = evidence.verify(changed)
    if report.verdict.code in REFUSED:
        assert report.findings
        return True
    assert facts(report) == honest
    assert report.checkpoint is not None
    assert set(report.checkpoint.witnesses) <= {witness.key.name for witness in WITNESSES}
    assert len(report.checkpoint.witnesses) >= QUORUM
    return False


def test_a_changed_file_is_refused_or_tells_the_same(
    bundles: Bundles, evidence: Evidence, record_property: Callable[[str, object], None]
) -> None:
    chance, bundle = random.Random(5), evidence.event(bundles.whole)
    honest = facts(evidence.verify(bundle))
    refused = 0
    for number in range(FILE_CHANGES):
        # Every byte in turn, then anything anywhere.
        place = number * 11 % len(bundle)
        changed = bundle[:place] + bytes([bundle[place] ^ 1 << number % 8]) + bundle[place + 1 :]
        if number % 3:
            changed = chance.choice(CHANGES)(bundle, chance)
        refused += changed == bundle or require_refused_or_same(evidence, changed, honest)
    assert refused == FILE_CHANGES
    record_property(f"bundles changed as files ({bundles.told.__name__})", refused)


def test_changed_contents_are_refused_or_tell_the_same(
    bundles: Bundles, evidence: Evidence, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(7)
    made = [*map(evidence.event, bundles.events), evidence.letter(bundles.letters[0][0])]
    prepared = [(files_in(bundle), facts(evidence.verify(bundle))) for bundle in made]
    told_the_same = 0
    for number in range(CONTENT_CHANGES):
        files, honest = prepared[number % len(prepared)]
        name = chance.choice(list(files))
        content = chance.choice(CHANGES)(files[name], chance)
        if content != files[name]:
            told_the_same += not require_refused_or_same(evidence, bundle_of({**files, name: content}), honest)
    record_property(f"bundles changed in their contents ({bundles.told.__name__})", CONTENT_CHANGES)
    # Of the one pair of notes in a bundle of one record, a cosignature more than the quorum can be spoiled.
    assert told_the_same <= CONTENT_CHANGES // 20


def test_files_exchanged_with_those_of_other_bundles_are_refused_or_tell_the_same(
    bundles: Bundles, evidence: Evidence, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(8)
    singles = [evidence.event(name) for name in (*bundles.events, *bundles.further)]
    made = [*singles, *(evidence.letter(name, recipient) for name, recipient in bundles.letters)]
    prepared = [(files_in(bundle), facts(evidence.verify(bundle))) for bundle in made]
    others = [(name, content) for files, _ in prepared for name, content in files.items()]
    for number in range(EXCHANGES):
        files, honest = prepared[number % len(prepared)]
        changed = dict(files)
        for _ in range(chance.randrange(1, 4)):
            name, content = chance.choice(others)
            place = chance.choice([one for one in files if one.rpartition("/")[2] == name.rpartition("/")[2]] or [name])
            changed[place] = content
        if changed != files:
            require_refused_or_same(evidence, bundle_of(changed), honest)
    record_property(f"bundles with files of others ({bundles.told.__name__})", EXCHANGES)


def test_a_changed_trust_file_is_refused_or_says_the_same(
    bundles: Bundles, evidence: Evidence, record_property: Callable[[str, object], None]
) -> None:
    chance, raw, honest = random.Random(9), evidence.audited.trust.read_bytes(), evidence.trust
    for _ in range(TRUST_CHANGES):
        try:
            found = parse_trust(chance.choice(CHANGES)(raw, chance))
            verify_trust(found, evidence.now_ms)
        except TrustFileError:
            continue
        assert found == honest
    record_property(f"trust files changed ({bundles.told.__name__})", TRUST_CHANGES)
