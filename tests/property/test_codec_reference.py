"""The codec, which reads bytes in one pass, agrees with the Avro library and a second encoding about every input."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

import pytest

from domain.catalogue import EVENT_TYPES
from domain.codec import KeyRequest
from domain.header import SignatureValue, SignedEvent
from schemas.codec import ENVELOPE, KEY_REQUEST, PREFIX_SIZE_BYTES, Schema
from schemas.errors import MalformedError
from tests.hunt.codec_reference import reference_decoded, require_agreement
from tests.hunt.mutations import Mutator
from tests.vectors.schemas.generate import FOLDER

CLASSES: Final[dict[str, Any]] = {
    **{f"{event.TYPE}.v{event.VERSION}": event for event in EVENT_TYPES},
    ENVELOPE: SignedEvent,
    KEY_REQUEST: KeyRequest,
}
SAMPLES: Final = [line.split() for line in (FOLDER / "samples-1.txt").read_text("utf-8").splitlines()]
NAMES: Final = sorted({name for name, _, _ in SAMPLES})
PLACES: Final = 300
CHANGED: Final = 150
BYTES: Final = (0x00, 0x01, 0x02, 0x04, 0x7F, 0x80, 0xFF)


def samples_of(name: str) -> list[bytes]:
    return [bytes.fromhex(octets) for known, _, octets in SAMPLES if known == name]


def near(raw: bytes, chance: random.Random) -> Iterator[bytes]:
    """Yield bytes that differ in one place: cut there, longer there, or another byte there."""
    places = range(PREFIX_SIZE_BYTES, len(raw))
    for place in places if len(places) <= PLACES else sorted(chance.sample(places, PLACES)):
        yield raw[:place]
        yield raw[:place] + bytes((raw[place] | 0x80, 0)) + raw[place + 1 :]
        yield from (raw[:place] + bytes((byte,)) + raw[place + 1 :] for byte in (chance.choice(BYTES), raw[place] ^ 1))
    yield raw + b"\x00"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_read_is_what_the_library_reads_and_writes_again(name: str) -> None:
    schema = Schema(name, CLASSES.get(name))
    for raw in samples_of(name):
        assert schema.decode(raw) == reference_decoded(schema, raw)


@pytest.mark.parametrize("name", NAMES)
def test_both_refuse_the_same_bytes(name: str) -> None:
    schema, chance = Schema(name, CLASSES.get(name)), random.Random(name)
    mutator, samples = Mutator(len(name)), samples_of(name)
    for raw in samples:
        for changed in near(raw, chance):
            require_agreement(schema, changed)
    for _ in range(CHANGED):
        require_agreement(schema, mutator.changed(chance.choice(samples), samples))


def test_a_text_without_its_form_is_told_in_the_same_words_by_every_python() -> None:
    envelope = SignedEvent(payload_type="a\u00fc", payload=b"x", signatures=(SignatureValue(algorithm="none", signature=b""),))
    with pytest.raises(MalformedError, match=r"'a\\xfc' does not have the form of a payload_type"):
        Schema(ENVELOPE, SignedEvent).encode(envelope)
