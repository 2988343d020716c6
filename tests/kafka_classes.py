"""An archive of the classes that a broker loads: tests start dozens of brokers, and with it each is there in half the time.

The Java that the tests have carries none for itself. It is made once on a machine, from the classes that one broker loads,
and lies beside Kafka's files; a Java that does not fit it does without.
"""

from __future__ import annotations

import contextlib
import fcntl
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from tests.kafka_broker import java_command, running_broker
from tests.kafka_files import archive_path

MAKING_TIMEOUT_S: Final = 300


def have_archive() -> None:
    """Make the archive if there is none; if another process is making it, go on without."""
    path = archive_path()
    if path.exists():
        return
    with path.with_suffix(".lock").open("w") as lock, contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _make(path)


def _make(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        classes, made = Path(folder) / "classes", Path(folder) / "archive"
        with running_broker(variables={"JDK_JAVA_OPTIONS": f"-XX:DumpLoadedClassList={classes}"}) as kafka:
            kafka.stop()
        java, *options = java_command()
        command = [java, "-Xshare:dump", f"-XX:SharedClassListFile={classes}", f"-XX:SharedArchiveFile={made}", *options]
        subprocess.run(command, check=True, capture_output=True, timeout=MAKING_TIMEOUT_S)
        made.rename(path)
