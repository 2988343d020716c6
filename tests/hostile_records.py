"""The kinds of hostile records: each function of four modules is one, with the reason that the rules document for it."""

from __future__ import annotations

from typing import Final

from tests import hostile_bytes, hostile_claims, hostile_office, hostile_speakers
from tests.battle import HostileKind

KINDS: Final = tuple(
    found
    for module in (hostile_bytes, hostile_speakers, hostile_claims, hostile_office)
    for found in vars(module).values()
    if isinstance(found, HostileKind)
)
"""All of them, in the order of the judge's steps."""
