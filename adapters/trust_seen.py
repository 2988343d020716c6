"""Which version of a ledger's trust file somebody has relied upon last, so that no older one is slipped to him.

Kept by ledger in one small file, `trust-seen.json`, in the verifier's own folder. Whoever loses it loses this protection, and
nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from adapters.trust_files import Trust, TrustFileError, trust_message
from domain.errors import IdError
from domain.ids import Digest, digest_from_hex, sha256

SEEN_FILE: Final = "trust-seen.json"
SEEN_LIMIT_BYTES: Final = 1024 * 1024
"""Thousands of ledgers; a longer file is not ours."""


class TrustRolledBackError(TrustFileError):
    """A trust file is older than one that was relied upon before, or another one of the same version."""


class TrustSeenError(TrustFileError):
    """What was relied upon before cannot be read, so it cannot be known whether a trust file is older."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenVersion:
    """A version of a trust file, and the SHA-256 of what its roots signed."""

    version: int
    sha256: Digest


SeenVersions = Mapping[Digest, SeenVersion]
"""The newest version relied upon, by the identity of the ledger."""


def read_seen(folder: Path) -> SeenVersions:
    """Return what was relied upon before, nothing if there is no such file; raise `TrustSeenError` if it is not whole."""
    file = folder / SEEN_FILE
    try:
        with file.open("rb") as stream:
            value = json.loads(stream.read(SEEN_LIMIT_BYTES).decode("utf-8"))
        return MappingProxyType({digest_from_hex(ledger): _seen_version(one) for ledger, one in value.items()})
    except FileNotFoundError:
        return MappingProxyType({})
    except OSError as error:
        raise TrustSeenError(f"{file} cannot be read ({error.strerror}), so nothing was verified. Check the folder.") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, IdError) as error:
        raise TrustSeenError(
            f"{file} is damaged, so nothing was verified: it cannot be known which trust file was relied upon last. Restore it, "
            "or remove it if you know that the trust file you have is the newest."
        ) from error


def encode_seen(seen: SeenVersions) -> str:
    """Return the text of the file that `read_seen` reads."""
    value = {ledger.hex(): {"version": one.version, "sha256": one.sha256.hex()} for ledger, one in sorted(seen.items())}
    return json.dumps(value, indent=2) + "\n"


def seen_after(seen: SeenVersions, trust: Trust) -> SeenVersions:
    """Return what was relied upon after this trust file is; raise `TrustRolledBackError` if it must not be."""
    now = SeenVersion(version=trust.version, sha256=sha256(trust_message(trust)))
    before = seen.get(trust.identity, now)
    if now.version < before.version:
        raise TrustRolledBackError(
            f"Nothing was verified: this trust file is version {now.version}, and version {before.version} was relied upon here "
            "before. Somebody gave you an old one; use the newer one."
        )
    if now.version == before.version and now != before:
        raise TrustRolledBackError(
            f"Nothing was verified: another trust file of version {now.version} was relied upon here before, and the roots sign "
            "each version once. Find out which of the two is theirs."
        )
    return MappingProxyType({**seen, trust.identity: now})


def _seen_version(value: Mapping[str, Any]) -> SeenVersion:
    if type(value["version"]) is not int:
        raise TypeError
    return SeenVersion(version=value["version"], sha256=digest_from_hex(value["sha256"]))
