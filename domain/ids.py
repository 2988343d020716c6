"""Names for things: organisations, officers, letters, digests.

Each id is a `NewType` made in one validating function; after that nobody checks its shape again.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from typing import Final, NewType, ParamSpec, cast

from domain.errors import IdError

OrgId = NewType("OrgId", str)
OfficerId = NewType("OfficerId", str)
LetterId = NewType("LetterId", bytes)
Digest = NewType("Digest", bytes)
EventId = NewType("EventId", bytes)

Named = ParamSpec("Named")

DIGEST_SIZE_BYTES: Final = 32

ORGANISATION_FORM: Final = r"[a-z0-9][a-z0-9.-]{0,23}"
"""Shape of the id of an organisation or a group; short, because 2,000 of them must fit into one record."""
OFFICER_FORM: Final = r"[a-z0-9][a-z0-9.-]{0,39}"
"""Shape of the id of an officer or a station."""

ROOT: Final = OfficerId("root")
"""In whose person the root keys speak; nobody else can have this id."""
ZERO_DIGEST: Final = Digest(bytes(DIGEST_SIZE_BYTES))
"""Stands where a digest cannot exist yet: the ledger in its own genesis, the identity of what is not authentic."""

KEPT_NAMES: Final = 2_000
"""Names of aggregates that are kept made, of each kind: judging an event asks for the same few several times."""

_ORGANISATION = re.compile(ORGANISATION_FORM)
_OFFICER = re.compile(OFFICER_FORM)


def kept(name: Callable[Named, str]) -> Callable[Named, str]:
    """Keep the names that a function made last, so that asking for one again costs a look-up."""
    return cast("Callable[Named, str]", functools.lru_cache(maxsize=KEPT_NAMES)(name))


def organisation_id(text: str) -> OrgId:
    """Return `text` as an organisation's id; raise `IdError` if it does not have that shape."""
    if not _ORGANISATION.fullmatch(text):
        msg = f"{text!r} is not an id of an organisation: 1 to 24 of a-z, 0-9, '.' and '-', the first a letter or digit"
        raise IdError(msg)
    return OrgId(text)


def officer_id(text: str) -> OfficerId:
    """Return `text` as an officer's id; raise `IdError` if it does not have that shape or is `root`."""
    if not _OFFICER.fullmatch(text) or text == ROOT:
        msg = f"{text!r} is not an id of an officer: 1 to 40 of a-z, 0-9, '.' and '-', the first a letter or digit, not 'root'"
        raise IdError(msg)
    return OfficerId(text)


def digest_from_hex(text: str) -> Digest:
    """Return the 32 bytes that 64 hexadecimal digits write; raise `IdError` otherwise."""
    try:
        raw = bytes.fromhex(text)
    except ValueError as error:
        msg = f"{text!r} is not a digest: 64 hexadecimal digits are needed"
        raise IdError(msg) from error
    if len(raw) != DIGEST_SIZE_BYTES:
        msg = f"{text!r} is not a digest: 64 hexadecimal digits are needed, not {len(text)}"
        raise IdError(msg)
    return Digest(raw)


def sha256(content: bytes) -> Digest:
    """Return SHA-256 of `content`, 32 bytes."""
    return Digest(hashlib.sha256(content).digest())
